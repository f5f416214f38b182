"""Find the suppression that decides on a message."""

from undelivered.domain.notification import Notification
from undelivered.domain.suppression import Suppression, deciding_suppression
from undelivered.domain.taxonomy import Channel
from undelivered.services.ports import SuppressionStore


def message_suppression(  # noqa: PLR0913 - the message, and where it goes
    suppressions: SuppressionStore,
    account_id: str,
    channel: Channel,
    address: str,
    notification: Notification | None,
    *,
    resend: bool,
) -> Suppression | None:
    """Return the suppression that decides on a message to an address, in force or lifted.

    ``notification`` is None if its content, and so its category, is not stored.
    """
    of_address = suppressions.find(account_id, channel, address)
    if notification is None or not notification.category:
        return of_address
    of_category = suppressions.find(account_id, channel, address, notification.category)
    return deciding_suppression(of_address, of_category, essential=notification.essential, resend=resend)
