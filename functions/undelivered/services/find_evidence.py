"""Evidence of a message: what we know of each attempt, of its content and of the customer's contact."""

from collections.abc import Callable, Sequence

from msgspec import Struct

from undelivered.domain.customer import Customer
from undelivered.domain.errors import NotFoundError
from undelivered.domain.item import UndeliveredItem
from undelivered.domain.notification import Notification
from undelivered.services.ports import AttachmentFiles, CustomerStore, NotificationStore, UndeliveredStore
from undelivered.services.readable import readable_or_none


class Evidence(Struct, frozen=True):
    """An item with its notification, None if its content is not held, and its customer, None if unknown.

    ``digests`` are the SHA-256 digests of the notification's files, in their order, empty for those without one.
    """

    item: UndeliveredItem
    notification: Notification | None
    customer: Customer | None
    digests: Sequence[str] = ()


class FindEvidence(Struct, frozen=True):
    """The use case behind ``GET /undelivered/{item_id}/evidence``."""

    undelivered: UndeliveredStore
    notifications: NotificationStore
    customers: CustomerStore
    files: Callable[[], AttachmentFiles]

    def __call__(self, account_id: str, entry_key: str) -> Evidence:
        """Return the evidence of an item; raises NotFoundError and RetryableError."""
        item = self.undelivered.find(account_id, entry_key)
        if item is None:
            raise NotFoundError("item not found")
        notification = readable_or_none(self.notifications.find, account_id, item.notification_id)
        return Evidence(
            item,
            notification,
            readable_or_none(self.customers.find, account_id, item.customer_id) if item.customer_id else None,
            [file.digest or self.files().digest(file.key) for file in notification.attachments] if notification else (),
        )
