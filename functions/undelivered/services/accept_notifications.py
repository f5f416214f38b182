"""Take notifications over from the host application: each is checked, stored once, and queued."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final
from uuid import uuid4

from msgspec import Struct
from msgspec.structs import replace

from undelivered.domain.customer import Customer
from undelivered.domain.errors import InvalidInputError, RefusedError
from undelivered.domain.notification import Notification
from undelivered.domain.taxonomy import Channel
from undelivered.services.contact_validation import checked_contact
from undelivered.services.ports import CustomerStore, NotificationStore, SendJob, SendQueue

FIRST_ATTEMPT: Final = 1


class NewNotification(Struct, frozen=True):
    """A notification as the host application sent it; an empty id asks for one."""

    customer_id: str
    channel: Channel
    title: str
    text: str
    notification_id: str = ""
    subject: str = ""
    html: str = ""
    to: str = ""
    essential: bool = False
    metadata: tuple[tuple[str, str], ...] = ()


class AcceptNotifications(Struct, frozen=True):
    """The use case behind ``POST /notifications``.

    Every notification is on its own: one that is refused does not hold up the others.
    """

    notifications: NotificationStore
    customers: CustomerStore
    sends: SendQueue
    clock: Callable[[], datetime]

    def __call__(self, account_id: str, handed_over: Sequence[NewNotification]) -> Sequence[str | RefusedError]:
        """Store and queue; return, in order, each one's id, or the refusal of it.

        A notification whose id is known already counts as accepted and is sent once; it is queued again, in
        case the call before was broken off between storing and queueing: an attempt is claimed only once.
        Raises RetryableError when the queue is away; repeating the call with the same ids is safe.
        """
        customers = {one.customer_id: self.customers.find(account_id, one.customer_id) for one in handed_over}
        answers = [self._take(account_id, one, customers[one.customer_id]) for one in handed_over]
        accepted = dict.fromkeys(answer for answer in answers if isinstance(answer, str))
        if accepted:
            self.sends.put([SendJob(account_id, notification_id, FIRST_ATTEMPT) for notification_id in accepted])
        return answers

    def _take(self, account_id: str, one: NewNotification, customer: Customer | None) -> str | RefusedError:
        try:
            to = _checked_recipient(one, customer)
        except RefusedError as error:
            return error
        notification = Notification(
            account_id=account_id,
            notification_id=one.notification_id or uuid4().hex,
            customer_id=one.customer_id,
            channel=one.channel,
            title=one.title,
            text=one.text,
            created_at=self.clock(),
            subject=one.subject,
            html=one.html,
            to=to,
            essential=one.essential,
            metadata=one.metadata,
        )
        if not self.notifications.add(notification) and not self._is_same(notification):
            return RefusedError("conflict", "Another notification already has this notification_id.")
        return notification.notification_id

    def _is_same(self, notification: Notification) -> bool:
        known = self.notifications.find(notification.account_id, notification.notification_id)
        # One that is no longer held cannot be compared; its id was accepted once, and that is all that is promised.
        return known is None or replace(known, created_at=notification.created_at) == notification


def _checked_recipient(one: NewNotification, customer: Customer | None) -> str:
    """Return the normalised ``to``, empty when the customer's contact is meant; raises RefusedError."""
    if customer is None and not one.to:
        raise RefusedError("unknown_customer", f"There is no customer {one.customer_id!r}. Create it, or set 'to'.")
    if customer is not None and not one.to and not customer.contact(one.channel):
        raise RefusedError("no_contact", f"The customer has no contact for {one.channel}. Add one first, or set 'to'.")
    try:
        return checked_contact(one.channel, one.to, "to") if one.to else ""
    except InvalidInputError as error:
        hint = f" Did you mean {error.suggestion}?" if error.suggestion else ""
        raise RefusedError("invalid_address", f"'to' is not valid: {error.message}.{hint}") from None
