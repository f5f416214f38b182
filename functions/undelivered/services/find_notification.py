"""Find a notification with its sends and its undelivered items."""

from collections.abc import Callable, Sequence
from datetime import datetime

from msgspec import Struct

from undelivered.domain.errors import NotFoundError, RefusedError
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
        return NotificationStatus(notification, attempts, self._items(notification))

    def _items(self, notification: Notification) -> Sequence[UndeliveredItem]:
        live = self.undelivered.live_items_of_customer(notification.account_id, notification.customer_id)
        now = self.clock()
        wanted = notification.notification_id
        return [item for item in live if item.notification_id == wanted and now < item.leaves_at]

    def item(self, account_id: str, notification_id: str, entry_key: str | None) -> UndeliveredItem:
        """Return an item of a notification, without its key the only item of a notification that is stored.

        Raises NotFoundError, and RefusedError if there are several.
        """
        if entry_key is not None:
            item = self.undelivered.find(account_id, entry_key)
            if item is None or item.notification_id != notification_id:
                raise NotFoundError("item not found")
            return item
        notification = self.notifications.find(account_id, notification_id)
        items = self._items(notification) if notification else ()
        if not items:
            raise NotFoundError("no item of this notification found: set 'item_id'")
        if len(items) > 1:
            raise RefusedError("conflict", "This notification has several items. Set 'item_id'.")
        return items[0]
