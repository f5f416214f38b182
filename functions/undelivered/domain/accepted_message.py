"""Messages that the receiving server or the carrier accepted, kept for lookups if the account wants it."""

from datetime import datetime

from msgspec import Struct

from undelivered.domain.feedback import Feedback
from undelivered.domain.taxonomy import Channel

_TITLE_LENGTH = 200


class AcceptedMessage(Struct, frozen=True):
    """A message that was accepted when it was first sent. ``answer`` is what the receiving server said.

    ``notification_id`` is the provider's message id if the message names no notification. ``customer_id`` is empty if
    it names no customer.
    """

    account_id: str
    provider_message_id: str
    channel: Channel
    to: str
    sent_at: datetime
    accepted_at: datetime
    notification_id: str
    customer_id: str = ""
    title: str = ""
    answer: str = ""


def accepted_message(account_id: str, feedback: Feedback) -> AcceptedMessage:
    """Return the message of a delivery, whose recipient is known."""
    assert feedback.recipient
    attribution = feedback.attribution
    return AcceptedMessage(
        account_id,
        feedback.provider_message_id,
        feedback.channel,
        feedback.recipient,
        feedback.sent_at,
        feedback.at,
        attribution.notification_id or feedback.provider_message_id,
        attribution.customer_id or "",
        (attribution.title or feedback.subject)[:_TITLE_LENGTH],
        feedback.diagnostic,
    )
