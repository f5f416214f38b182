"""Accept notifications of the host application: validate, store and queue them."""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import cache, partial
from typing import Final
from uuid import uuid4

from msgspec import Struct
from msgspec.structs import replace

from undelivered.domain.attachment import Attachment
from undelivered.domain.customer import Customer
from undelivered.domain.errors import InvalidInputError, RefusedError, UnassignedNumberError
from undelivered.domain.item import UndeliveredItem
from undelivered.domain.notification import Notification, SendAttempt, SendOutcome
from undelivered.domain.taxonomy import Channel
from undelivered.services.concurrency import retry_on_conflict
from undelivered.services.contact_validation import checked_contact
from undelivered.services.keep_attachments import KeepAttachments, NewAttachment, Uploads, check_attachments
from undelivered.services.ports import (
    AccountStore,
    CustomerStore,
    NotificationStore,
    SendJob,
    SendQueue,
    UndeliveredStore,
)
from undelivered.services.readable import readable_or_none
from undelivered.services.sender_rule import SenderRule

FIRST_ATTEMPT: Final = 1
TEXT_MESSAGE_LENGTH: Final = 1_600
"""The maximum length of a text message in characters (Amazon SNS API Reference, "Publish")."""


class NewNotification(Struct, frozen=True):
    """A notification in a request. An empty ``notification_id`` is replaced by a new id.

    ``accept_unassigned_number`` accepts a phone number in ``to`` that is not assigned in its country.
    """

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
    accept_unassigned_number: bool = False
    attachments: tuple[NewAttachment, ...] = ()
    sender: str = ""
    reply_to: str = ""
    category: str = ""


class AcceptNotifications(Struct, frozen=True):
    """The use case behind ``POST /notifications``.

    A refused notification does not affect the others.
    """

    notifications: NotificationStore
    customers: CustomerStore
    undelivered: UndeliveredStore
    accounts: AccountStore
    sends: SendQueue
    keep_attachments: Callable[[], KeepAttachments]
    sender_rule: Callable[[], SenderRule]
    clock: Callable[[], datetime]

    def __call__(self, account_id: str, requested: Sequence[NewNotification]) -> Sequence[str | RefusedError]:
        """Store and queue notifications; return the id of each, or why it is refused, in order.

        A notification that is known from an item, because the host application sent it itself, is stored for resends
        and not sent a first time. A repeated notification is accepted again but sent once. It is queued again, because
        an earlier call may have been interrupted before it was queued; an attempt can be claimed only once. Raises
        RetryableError when the queue is not available. The call can be repeated with the same ids.
        """
        customer_ids = dict.fromkeys(new.customer_id for new in requested)
        customers = {
            customer_id: readable_or_none(self.customers.find, account_id, customer_id) for customer_id in customer_ids
        }
        new_files = [file for new in requested for file in new.attachments]
        uploads = self.keep_attachments().uploads(account_id, new_files) if new_files else {}
        checked = partial(_checked_sender, account_id, cache(self.sender_rule))
        accepted = [self._accept(account_id, new, customers[new.customer_id], uploads, checked) for new in requested]
        with_files = [
            (notification, new.attachments)
            for new, notification in zip(requested, accepted, strict=True)
            if isinstance(notification, Notification) and notification.attachments
        ]
        lost = self.keep_attachments().keep(with_files, uploads) if with_files else {}
        results = [
            lost.get(result.notification_id, result.notification_id) if isinstance(result, Notification) else result
            for result in accepted
        ]
        jobs = {
            result: SendJob(account_id, result, FIRST_ATTEMPT, channel=new.channel)
            for new, result in zip(requested, results, strict=True)
            if isinstance(result, str)
        }
        if jobs:
            self.sends.put(list(jobs.values()))
        return results

    def _accept(
        self,
        account_id: str,
        new: NewNotification,
        customer: Customer | None,
        uploads: Uploads,
        checked_sender: Callable[[NewNotification, str, str], str],
    ) -> Notification | RefusedError:
        """Store a notification and return it as it is stored, or why it is refused."""
        created_at = self.clock()
        try:
            _check_length(new)
            self._check_category(account_id, new)
            to = _checked_recipient(new, customer)
            sender = checked_sender(new, new.sender, "sender")
            reply_to = checked_sender(new, new.reply_to, "reply_to")
            attachments = self._attachments(account_id, new, uploads, created_at) if new.attachments else ()
            check_attachments(new.channel, (new.text, new.html), attachments)
        except RefusedError as error:
            return error
        notification = Notification(
            account_id=account_id,
            notification_id=new.notification_id or uuid4().hex,
            customer_id=new.customer_id,
            channel=new.channel,
            title=new.title,
            text=new.text,
            created_at=created_at,
            subject=new.subject,
            html=new.html,
            to=to,
            essential=new.essential,
            metadata=new.metadata,
            attachments=attachments,
            sender=sender,
            reply_to=reply_to,
            category=new.category,
        )
        sent_by_host = self._items_sent_by_host(notification) if new.notification_id else ()
        if sent_by_host:
            self._record_first_send(notification, sent_by_host[0])
        stored = self._store(notification)
        if isinstance(stored, Notification):
            for item in sent_by_host:
                self._mark_content_held(item)
        return stored

    def _check_category(self, account_id: str, new: NewNotification) -> None:
        if not new.category:
            return
        if new.channel is not Channel.EMAIL:
            raise _only_for_emails("category")
        if all(category.id != new.category for category in self.accounts.settings(account_id).categories):
            detail = f"The account has no category {new.category!r}. Add it to the settings first."
            raise RefusedError("unknown_category", detail, "category")

    def _items_sent_by_host(self, notification: Notification) -> Sequence[UndeliveredItem]:
        """Return the items of a notification that the host application sent itself before it handed it over."""
        live = self.undelivered.live_items_of_customer(notification.account_id, notification.customer_id)
        return [item for item in live if item.notification_id == notification.notification_id and not item.content_held]

    def _record_first_send(self, notification: Notification, item: UndeliveredItem) -> None:
        """Claim the first attempt as sent by the host application, so that it is not sent again."""
        first = item.attempts[0]
        attempt = SendAttempt(
            notification.account_id,
            notification.notification_id,
            FIRST_ATTEMPT,
            first.to,
            first.at,
            provider_message_id=first.provider_message_id,
            outcome=SendOutcome.SENT,
        )
        self.notifications.claim(attempt)

    @retry_on_conflict
    def _mark_content_held(self, known: UndeliveredItem) -> None:
        item = self.undelivered.find(known.account_id, known.entry_key)
        if item and not item.content_held:
            self.undelivered.save(item, replace(item, content_held=True))

    def _store(self, notification: Notification) -> Notification | RefusedError:
        if self.notifications.add(notification):
            return notification
        known = self.notifications.find(notification.account_id, notification.notification_id)
        if known is None:
            # Its content has expired and cannot be compared. It counts as the same, since its id was accepted.
            return replace(notification, attachments=())
        if _comparable(known) != _comparable(notification):
            return RefusedError("conflict", "Another notification already has this notification_id.")
        return known

    def _attachments(
        self, account_id: str, new: NewNotification, uploads: Uploads, created_at: datetime
    ) -> tuple[Attachment, ...]:
        known = self.notifications.find(account_id, new.notification_id) if new.notification_id else None
        return self.keep_attachments().attachments(
            account_id, new.attachments, uploads, known.attachments if known else (), created_at
        )


def _comparable(notification: Notification) -> Notification:
    """Return a notification without what differs when the same request is repeated."""
    files = tuple(replace(attachment, key="") for attachment in notification.attachments)
    return replace(notification, created_at=datetime.min, attachments=files)  # noqa: DTZ901 - any time


def _check_length(new: NewNotification) -> None:
    if new.channel is Channel.SMS and len(new.text) > TEXT_MESSAGE_LENGTH:
        detail = f"'text' has {len(new.text):,} characters. A text message has at most {TEXT_MESSAGE_LENGTH:,}."
        raise RefusedError("text_too_long", detail)


def _checked_recipient(new: NewNotification, customer: Customer | None) -> str:
    """Return ``to`` in its normal form, empty for the customer's contact; raises RefusedError."""
    if customer is None and not new.to:
        raise RefusedError("unknown_customer", f"There is no customer {new.customer_id!r}. Create it, or set 'to'.")
    if customer is not None and not new.to and not customer.contact(new.channel):
        raise RefusedError("no_contact", f"The customer has no contact for {new.channel}. Add one first, or set 'to'.")
    try:
        if not new.to:
            return ""
        return checked_contact(new.channel, new.to, "to", accept_unassigned=new.accept_unassigned_number)
    except InvalidInputError as error:
        hint = f" Did you mean {error.suggestion}?" if error.suggestion else ""
        code = "unassigned_number" if isinstance(error, UnassignedNumberError) else "invalid_address"
        raise RefusedError(code, f"'{error.field}' is not valid: {error.message}.{hint}") from None


def _only_for_emails(field: str) -> RefusedError:
    return RefusedError("invalid_body", f"'{field}' is only for emails.", field)


def _checked_sender(
    account_id: str, rule: Callable[[], SenderRule], new: NewNotification, mailbox: str, field: str
) -> str:
    """Return a sender or reply address of the account, or an empty text; raises RefusedError."""
    if not mailbox:
        return ""
    if new.channel is not Channel.EMAIL:
        raise _only_for_emails(field)
    try:
        return rule().checked(account_id, mailbox, field)
    except InvalidInputError as error:
        raise RefusedError("invalid_sender", f"'{field}' {error.message}.", field) from None
