"""Send one attempt of a notification: claimed once, suppressed addresses spared, the outcome recorded."""

from collections.abc import Callable, Mapping
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from undelivered.domain import base64url
from undelivered.domain.address import normalise_address
from undelivered.domain.customer import Customer
from undelivered.domain.errors import PermanentSendError, RetryableError
from undelivered.domain.feedback import Attribution, Feedback, Outcome
from undelivered.domain.item import Attempt, UndeliveredItem
from undelivered.domain.lifecycle import merge_feedback, open_item, record_sent
from undelivered.domain.notification import Notification, SendAttempt, SendOutcome
from undelivered.domain.suppression import blocks, dropped_classification
from undelivered.domain.taxonomy import Channel, Classification, Reason, Status, classification_of
from undelivered.services.concurrency import retry_on_conflict
from undelivered.services.ports import (
    AccountStore,
    CustomerStore,
    ErasureStore,
    MessageSender,
    NewEntry,
    NotificationStore,
    OutgoingMessage,
    SendJob,
    SigningKeys,
    SuppressionStore,
    UndeliveredStore,
)
from undelivered.services.unsubscribe import unsubscribe_headers

_TAG_BYTES = 190
"""Bytes of text that fit a message tag: 256 characters (Amazon SES API v2, *MessageTag*), in base64."""


class SendMessage(Struct, frozen=True):
    """The use case of both sending functions.

    An attempt is claimed before it is sent, so that it is sent at most once; what breaks off between
    claim and record is settled by ``CleanUp``.
    """

    undelivered: UndeliveredStore
    notifications: NotificationStore
    customers: CustomerStore
    suppressions: SuppressionStore
    erasures: ErasureStore
    accounts: AccountStore
    senders: Mapping[Channel, MessageSender]
    default_sender: str
    keys: SigningKeys
    public_url: str
    clock: Callable[[], datetime]

    def __call__(self, order: SendJob, correlation_id: str = "") -> SendAttempt | None:
        """Carry out an order and return the attempt as it is recorded; doing it again does nothing, and returns None.

        ``correlation_id`` names the request that the order goes back to; it goes out with the message, so that what
        is reported of the message names it too. Raises RetryableError when the order should be queued again.
        """
        notification = self.notifications.find(order.account_id, order.notification_id)
        if notification is None:
            return None  # erased or past its time since it was queued; a resend of it is settled by cleanup
        customer = self.customers.find(order.account_id, notification.customer_id)
        if customer is None and self._is_erased(notification):
            return None
        item = self.undelivered.find(order.account_id, order.entry_key) if order.entry_key else None
        running = _running_attempt(item, order.attempt)
        if order.entry_key and running is None:
            return None  # the resend was settled in the meantime
        to = running.to if running else notification.to or (customer.contact(notification.channel) if customer else "")
        attempt = SendAttempt(
            order.account_id,
            order.notification_id,
            order.attempt,
            to=to,
            claimed_at=self.clock(),
            by=running.by if running else "host",
            entry_key=order.entry_key,
            correlation_id=correlation_id,
        )
        return self._send_claimed(attempt, notification, customer) if self.notifications.claim(attempt) else None

    def _is_erased(self, notification: Notification) -> bool:
        """Whether the customer of a notification was erased since it was handed over."""
        found = self.erasures.find(notification.account_id, notification.customer_id)
        return found is not None and found.covers(notification.created_at)

    def _send_claimed(self, attempt: SendAttempt, notification: Notification, customer: Customer | None) -> SendAttempt:
        if not attempt.to:
            return self._record_unsent(
                attempt, notification, customer, classification_of(Reason.ADDRESS_MALFORMED), "no contact"
            )
        suppression = self.suppressions.find(
            attempt.account_id, notification.channel, normalise_address(notification.channel, attempt.to)
        )
        if suppression and blocks(suppression, essential=notification.essential, resend=bool(attempt.entry_key)):
            classification = dropped_classification(suppression)
            return self._record_unsent(
                attempt, notification, customer, classification, f"suppressed: {suppression.reason}"
            )
        try:
            message_id = self.senders[notification.channel].send(self._message(attempt, notification, customer))
        except PermanentSendError as error:
            return self._record_unsent(
                attempt, notification, customer, classification_of(Reason(error.reason)), error.detail
            )
        except RetryableError:
            self.notifications.release(attempt)
            raise
        sent = replace(attempt, provider_message_id=message_id, outcome=SendOutcome.SENT)
        self.notifications.record(sent)
        if attempt.entry_key:
            self._update_item(attempt, lambda item: record_sent(item, attempt.number, message_id))
        return sent

    def _message(self, attempt: SendAttempt, notification: Notification, customer: Customer | None) -> OutgoingMessage:
        settings = self.accounts.settings(attempt.account_id)
        return OutgoingMessage(
            channel=notification.channel,
            to=attempt.to,
            sender=settings.sender or self.default_sender,
            subject=notification.subject or notification.title,
            text=notification.text,
            html=notification.html,
            resend=bool(attempt.entry_key),
            tags=message_tags(attempt, notification, customer),
            headers=self._headers(attempt, notification),
        )

    def _headers(self, attempt: SendAttempt, notification: Notification) -> Mapping[str, str]:
        """Offer to unsubscribe from whatever is not an essential notice."""
        if notification.channel is not Channel.EMAIL or notification.essential:
            return {}
        return unsubscribe_headers(self.keys, self.public_url, attempt)

    def _record_unsent(
        self,
        attempt: SendAttempt,
        notification: Notification,
        customer: Customer | None,
        classification: Classification,
        diagnostic: str,
    ) -> SendAttempt:
        """Record an attempt that never left: as a new item, or as the outcome of the resend it was."""
        feedback = unsent_feedback(attempt, notification, customer, classification, diagnostic, self.clock())
        if attempt.entry_key:
            self._update_item(attempt, lambda item: merge_feedback(item, feedback, attempt.account_id) or item)
        else:
            self.undelivered.add_new([NewEntry(open_item(feedback, attempt.account_id))])
        outcome = SendOutcome.DROPPED if classification.status is Status.DROPPED else SendOutcome.FAILED
        unsent = replace(attempt, outcome=outcome)
        self.notifications.record(unsent)
        return unsent

    @retry_on_conflict
    def _update_item(self, attempt: SendAttempt, change: Callable[[UndeliveredItem], UndeliveredItem]) -> None:
        before = self.undelivered.find(attempt.account_id, attempt.entry_key)
        if before is None:
            return
        after = change(before)
        if after != before:
            self.undelivered.save(before, after)


def _running_attempt(item: UndeliveredItem | None, number: int) -> Attempt | None:
    if item is None:
        return None
    return next((attempt for attempt in item.attempts if attempt.number == number and attempt.result is None), None)


def unsent_feedback(  # noqa: PLR0913, PLR0917 - all that is known of a send that never left
    attempt: SendAttempt,
    notification: Notification,
    customer: Customer | None,
    classification: Classification,
    diagnostic: str,
    at: datetime,
) -> Feedback:
    """Return what we report ourselves of an attempt that no provider took.

    The notification's own id stands in for a provider's message id.
    """
    return Feedback(
        channel=notification.channel,
        provider_message_id=notification.notification_id,
        recipient=normalise_address(notification.channel, attempt.to),
        outcome=Outcome.FAILED,
        at=at,
        sent_at=attempt.claimed_at,
        classification=classification,
        diagnostic=diagnostic,
        source="undelivered",
        attribution=Attribution(
            account_id=attempt.account_id,
            notification_id=attempt.notification_id,
            attempt=attempt.number,
            customer_id=notification.customer_id,
            customer_name=customer.name if customer else "",
            title=notification.title,
            entry_key=attempt.entry_key or None,
        ),
    )


def message_tags(attempt: SendAttempt, notification: Notification, customer: Customer | None) -> Mapping[str, str]:
    """Return the tags that let an event about this attempt be recorded without reading anything.

    Tag values hold only ``[A-Za-z0-9_.@-]`` (Amazon SES API v2, *MessageTag*), so free text goes in base64.
    """
    tags = {
        "undelivered-account": attempt.account_id,
        "undelivered-notification": attempt.notification_id,
        "undelivered-attempt": str(attempt.number),
        "undelivered-customer": notification.customer_id,
        "undelivered-entry": encode_tag(attempt.entry_key),
        "undelivered-title": encode_tag(notification.title),
        "undelivered-customer-name": encode_tag(customer.name if customer else ""),
        "undelivered-request": attempt.correlation_id,
    }
    return {name: value for name, value in tags.items() if value}


def encode_tag(text: str) -> str:
    """Return a text as a tag value: UTF-8 cut to what fits, in URL-safe base64 without padding."""
    cut = text.encode()[:_TAG_BYTES].decode(errors="ignore").encode()
    return base64url.encode(cut)
