"""Send a text to a customer instead of an email that did not arrive."""

from collections.abc import Callable
from datetime import datetime

from msgspec import Struct

from undelivered.domain.errors import NotFoundError, RefusedError
from undelivered.domain.item import UndeliveredItem
from undelivered.domain.taxonomy import Channel
from undelivered.domain.text_instead import SENT_AS_TEXT, check_text_instead, text_id
from undelivered.services.accept_notifications import AcceptNotifications, NewNotification
from undelivered.services.dismiss import Dismiss
from undelivered.services.ports import CustomerStore, NotificationStore, SuppressionStore, UndeliveredStore


class SendAsText(Struct, frozen=True):
    """The use case behind *Send as a text instead*.

    The text is accepted as a notification of the host application is, and the item of the email is dismissed.
    """

    undelivered: UndeliveredStore
    notifications: NotificationStore
    customers: CustomerStore
    suppressions: SuppressionStore
    accept: AcceptNotifications
    dismiss: Dismiss
    clock: Callable[[], datetime]

    def __call__(self, account_id: str, entry_key: str, text: str, *, by: str) -> UndeliveredItem:
        """Accept a text for an item's customer, dismiss the item and return it.

        The same call again changes nothing and returns the same, and completes what an interrupted call began. Raises
        NotFoundError, RefusedError and RetryableError.
        """
        item = self.undelivered.find(account_id, entry_key)
        if item is None:
            raise NotFoundError("item not found")
        if self.notifications.find(account_id, text_id(item)) is None:
            self._check(item)
        new = NewNotification(item.customer_id, Channel.SMS, item.title, text, notification_id=text_id(item))
        (result,) = self.accept(account_id, [new])
        if isinstance(result, RefusedError):
            if result.code == "conflict":
                raise RefusedError("text_already_sent", "Another text was already sent instead of this email.")
            raise result
        return self.dismiss(account_id, entry_key, by=by, reason=SENT_AS_TEXT)

    def _check(self, item: UndeliveredItem) -> None:
        customer = self.customers.find(item.account_id, item.customer_id) if item.customer_id else None
        phone = customer.phone if customer else ""
        suppression = self.suppressions.find(item.account_id, Channel.SMS, phone) if phone else None
        check_text_instead(item, customer, suppression, self.clock())
