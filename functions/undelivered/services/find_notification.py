"""Find a notification with its sends and its undelivered items."""

from collections.abc import Callable, Sequence
from datetime import datetime

from msgspec import Struct

from undelivered.domain.errors import NotFoundError
from undelivered.domain.item import UndeliveredItem
from undelivered.domain.notification import Notification, SendAttempt
from undelivered.services.ports import NotificationStore, UndeliveredStore


class NotificationStatus(Struct, frozen=True):
    """A notification, the attempts to send it in order, and its items on the report."""

    notification: Notification
    attempts: Sequence[SendAttempt]
    items: Sequence[UndeliveredItem]


class FindNotification(Struct, frozen=True):
    """The use case behind ``GET /notifications/{notification_id}``."""

    notifications: NotificationStore
    undelivered: UndeliveredStore
    clock: Callable[[], datetime]

    def __call__(self, account_id: str, notification_id: str) -> NotificationStatus:
        """Return a notification with its status; raises NotFoundError."""
        notification = self.notifications.find(account_id, notification_id)
        if notification is None:
            raise NotFoundError("notification not found")
        attempts = self.notifications.attempts(account_id, notification_id)
        live = self.undelivered.live_items_of_customer(account_id, notification.customer_id)
        now = self.clock()
        items = [item for item in live if item.notification_id == notification_id and now < item.leaves_at]
        return NotificationStatus(notification, attempts, items)
