"""Send an attempt of a notification once, unless its address is suppressed, and record the outcome."""

from collections.abc import Callable, Mapping
from datetime import datetime
from threading import Lock

from msgspec import Struct, field
from msgspec.structs import replace

from undelivered.domain.address import normalise_address
from undelivered.domain.contact_link import CODE_PREFIX, filled_text
from undelivered.domain.customer import Customer
from undelivered.domain.errors import (
    OutOfTimeError,
    PermanentSendError,
    RetryableError,
    UnexplainedRefusalError,
    UnreadableRecordError,
)
from undelivered.domain.feedback import OWN_SOURCE, Attribution, Feedback, Outcome
from undelivered.domain.item import Attempt, Audit, UndeliveredItem
from undelivered.domain.lifecycle import merge_feedback, open_item, record_sent
from undelivered.domain.message_tags import CONTENT_HELD, CONTENT_TAG, encode_text, tags_with_ids
from undelivered.domain.notification import Notification, SendAttempt, SendOutcome
from undelivered.domain.suppression import (
    PROVIDERS,
    SUPPRESS_ACTION,
    Suppression,
    SuppressionReason,
    blocks,
    drop_diagnostic,
    dropped_classification,
)
from undelivered.domain.taxonomy import Channel, Classification, Reason, Status, classification_of
from undelivered.services.concurrency import retry_on_conflict
from undelivered.services.message_suppression import message_suppression
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
from undelivered.services.readable import readable_or_none
from undelivered.services.sender_rule import SenderRule
from undelivered.services.suppress import suppress
from undelivered.services.unsubscribe import unsubscribe_headers


class Send(Struct, frozen=True):
    """A claimed attempt with its notification, and its customer if there is one."""

    attempt: SendAttempt
    notification: Notification
    customer: Customer | None


class SendMessage(Struct, frozen=True):
    """The use case of ``send_notifications`` and ``process_resends``.

    An attempt is claimed before it is sent, so that it is sent at most once. ``CleanUp`` settles attempts that are
    claimed but have no recorded outcome. A message with files is sent alone, because several of up to 40 MB would not
    fit in the function's memory.
    """

    undelivered: UndeliveredStore
    notifications: NotificationStore
    customers: CustomerStore
    suppressions: SuppressionStore
    erasures: ErasureStore
    accounts: AccountStore
    senders: Mapping[Channel, MessageSender]
    sender_rule: SenderRule
    keys: SigningKeys
    public_url: str
    clock: Callable[[], datetime]
    with_files: Lock = field(default_factory=Lock)

    def __call__(
        self,
        job: SendJob,
        correlation_id: str = "",
        *,
        last_try: bool = False,
        has_time: Callable[[], bool] = lambda: True,
    ) -> SendAttempt | None:
        """Send the attempt of a job and return it with its outcome; None if there is nothing to send.

        ``correlation_id`` is the id of the API request that led to the job. It is sent as a message tag, so that
        events about the message have it too. Raises RetryableError when the job must be queued again. On the
        ``last_try``, a refusal for an unknown cause is recorded as a failure instead. Raises OutOfTimeError for a
        message with files if ``has_time`` returns False.
        """
        notification = self.notifications.find(job.account_id, job.notification_id)
        if notification is None:
            return None  # erased or expired since it was queued; cleanup settles a resend
        customer = self._customer(notification, is_needed=not (job.entry_key or notification.to))
        if customer is None and self._is_erased(notification):
            return None
        item = self.undelivered.find(job.account_id, job.entry_key) if job.entry_key else None
        resend = _open_attempt(item, job.attempt)
        if job.entry_key and resend is None:
            return None  # the resend has an outcome already
        contact = customer.contact(notification.channel) if customer else ""
        attempt = SendAttempt(
            job.account_id,
            job.notification_id,
            job.attempt,
            to=resend.to if resend else notification.to or contact,
            claimed_at=self.clock(),
            by=resend.by if resend else "host",
            entry_key=job.entry_key,
            correlation_id=correlation_id,
        )
        send = Send(attempt, notification, customer)
        if not notification.attachments:
            return self._claim_and_send(send, last_try=last_try)
        with self.with_files:
            if not has_time():
                raise OutOfTimeError("no time left for a message with files")
            return self._claim_and_send(send, last_try=last_try)

    def _claim_and_send(self, send: Send, *, last_try: bool) -> SendAttempt | None:
        return self._send(send, last_try=last_try) if self.notifications.claim(send.attempt) else None

    def _customer(self, notification: Notification, *, is_needed: bool) -> Customer | None:
        """Return the customer of a notification. Unless its contact is needed, None if it cannot be read."""
        if is_needed:
            return self.customers.find(notification.account_id, notification.customer_id)
        return readable_or_none(self.customers.find, notification.account_id, notification.customer_id)

    def _is_erased(self, notification: Notification) -> bool:
        """Whether the notification is covered by an erasure of its customer."""
        erasure = self.erasures.find(notification.account_id, notification.customer_id)
        return erasure is not None and erasure.covers(notification.created_at)

    def _send(self, send: Send, *, last_try: bool) -> SendAttempt:
        attempt, notification = send.attempt, send.notification
        if not attempt.to:
            return self._record_unsent(send, classification_of(Reason.ADDRESS_MALFORMED), "no contact")
        try:
            suppression = self._blocking(send)
            title = self._category_title(attempt.account_id, suppression) if suppression else ""
            message_id = "" if suppression else self.senders[notification.channel].send(self._message(send))
        except PermanentSendError as error:
            if error.reason == Reason.OPTED_OUT:
                self._suppress_opted_out(attempt)
            return self._record_unsent(send, classification_of(Reason(error.reason)), error.detail)
        except (RetryableError, UnreadableRecordError) as error:
            if last_try and isinstance(error, UnexplainedRefusalError):
                return self._record_unsent(send, classification_of(Reason.SENDING_REFUSED), str(error))
            self.notifications.release(attempt)
            raise
        if suppression:
            return self._record_unsent(send, dropped_classification(suppression), drop_diagnostic(suppression, title))
        sent = replace(attempt, provider_message_id=message_id, outcome=SendOutcome.SENT)
        self.notifications.record(sent)
        if attempt.entry_key:
            self._update_item(attempt, lambda item: record_sent(item, attempt.number, message_id))
        return sent

    def _suppress_opted_out(self, attempt: SendAttempt) -> None:
        """Suppress a number that SNS refuses because of a STOP that AWS has read itself."""
        now = self.clock()
        cause = Suppression(
            attempt.account_id,
            Channel.SMS,
            normalise_address(Channel.SMS, attempt.to),
            SuppressionReason.OPTED_OUT,
            now,
            origin=PROVIDERS[Channel.SMS],
            audit=(Audit(now, PROVIDERS[Channel.SMS], SUPPRESS_ACTION, "refused a text to the number: it opted out"),),
        )
        suppress(self.suppressions, cause)

    def _blocking(self, send: Send) -> Suppression | None:
        """Return the suppression that blocks a message, or None."""
        attempt, notification = send.attempt, send.notification
        suppression = message_suppression(
            self.suppressions,
            attempt.account_id,
            notification.channel,
            normalise_address(notification.channel, attempt.to),
            notification,
            resend=bool(attempt.entry_key),
        )
        is_blocked = blocks(suppression, essential=notification.essential, resend=bool(attempt.entry_key))
        return suppression if is_blocked else None

    def _category_title(self, account_id: str, suppression: Suppression) -> str:
        return self.accounts.settings(account_id).category_title(suppression.category)

    def _message(self, send: Send) -> OutgoingMessage:
        """Return the message to send; raises PermanentSendError if the account may not use its addresses."""
        attempt, notification = send.attempt, send.notification
        return OutgoingMessage(
            channel=notification.channel,
            to=attempt.to,
            sender=self._sender(notification) if notification.channel is Channel.EMAIL else "",
            subject=notification.subject or notification.title,
            text=self._text(notification),
            html=notification.html,
            # Only the configuration set of resends publishes deliveries. It is also the one that urgent sends may use.
            resend=bool(attempt.entry_key or notification.contact_message),
            tags=message_tags(attempt, notification, send.customer),
            headers=self._headers(attempt, notification),
            attachments=notification.attachments,
            reply_to=self.sender_rule.own(notification.account_id, notification.reply_to)
            if notification.reply_to
            else "",
        )

    def _text(self, notification: Notification) -> str:
        if notification.contact_message is None:
            return notification.text
        return filled_text(notification.text, notification.contact_message, self.keys.secrets()[0], self.public_url)

    def _sender(self, notification: Notification) -> str:
        if notification.sender:
            return self.sender_rule.own(notification.account_id, notification.sender)
        return self.sender_rule.sender_of(self.accounts.settings(notification.account_id))

    def _headers(self, attempt: SendAttempt, notification: Notification) -> Mapping[str, str]:
        """Return the headers for unsubscribing; essential notices and text messages have none."""
        if notification.channel is not Channel.EMAIL or notification.essential:
            return {}
        return unsubscribe_headers(self.keys, self.public_url, attempt, notification.category)

    def _record_unsent(self, send: Send, classification: Classification, diagnostic: str) -> SendAttempt:
        """Record an attempt that was not sent, on the item of the resend or on a new item."""
        attempt = send.attempt
        feedback = unsent_feedback(send, classification, diagnostic, self.clock())
        if attempt.entry_key:
            self._update_item(attempt, lambda item: merge_feedback(item, feedback, attempt.account_id) or item)
        elif not attempt.notification_id.startswith(CODE_PREFIX):
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


def _open_attempt(item: UndeliveredItem | None, number: int) -> Attempt | None:
    """Return the attempt of an item that has no result yet."""
    if item is None:
        return None
    return next((attempt for attempt in item.attempts if attempt.number == number and attempt.result is None), None)


def unsent_feedback(send: Send, classification: Classification, diagnostic: str, at: datetime) -> Feedback:
    """Return our own feedback about an attempt that was not sent.

    Its provider's message id is the id of the notification.
    """
    attempt, notification = send.attempt, send.notification
    return Feedback(
        channel=notification.channel,
        provider_message_id=notification.notification_id,
        recipient=normalise_address(notification.channel, attempt.to),
        outcome=Outcome.FAILED,
        at=at,
        sent_at=attempt.claimed_at,
        classification=classification,
        diagnostic=diagnostic,
        source=OWN_SOURCE,
        attribution=Attribution(
            account_id=attempt.account_id,
            notification_id=attempt.notification_id,
            attempt=attempt.number,
            customer_id=notification.customer_id,
            customer_name=send.customer.name if send.customer else "",
            title=notification.title,
            entry_key=attempt.entry_key or None,
            content_held=True,
        ),
    )


def message_tags(attempt: SendAttempt, notification: Notification, customer: Customer | None) -> Mapping[str, str]:
    """Return the message tags, from which an event about the attempt can be recorded without reading a store."""
    ids = {
        "undelivered-account": attempt.account_id,
        "undelivered-notification": attempt.notification_id,
        "undelivered-attempt": str(attempt.number),
        "undelivered-customer": notification.customer_id,
        "undelivered-request": attempt.correlation_id,
        CONTENT_TAG: CONTENT_HELD,
    }
    texts = {
        "undelivered-entry": attempt.entry_key,
        "undelivered-title": notification.title,
        "undelivered-customer-name": customer.name if customer else "",
    }
    return tags_with_ids(ids) | {name: encode_text(text) for name, text in texts.items() if text}
