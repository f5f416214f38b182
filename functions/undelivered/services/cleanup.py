"""Clean up: remove items past their thirty days, and settle resends and sends without an outcome."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from undelivered.domain.contact_link import CODE_PREFIX
from undelivered.domain.errors import StaleWriteError
from undelivered.domain.item import SentBy, UndeliveredItem
from undelivered.domain.lifecycle import (
    INTERRUPTED,
    NO_RECORD,
    open_item,
    record_sent,
    settle_interrupted,
    settle_not_sent,
    settle_unconfirmed,
)
from undelivered.domain.notification import SEND_TIMEOUT, Notification, SendAttempt, SendOutcome
from undelivered.services.ports import (
    AccountStore,
    AttachmentFiles,
    CustomerStore,
    NewEntry,
    NotificationStore,
    SendQueue,
    UndeliveredStore,
)
from undelivered.services.readable import readable_or_none
from undelivered.services.request_resend import resend_job
from undelivered.services.send_message import Send, unsent_feedback
from undelivered.services.try_each import OnError, raise_error, separately, try_each

_BATCH = 100

_GIVEN_UP_AFTER: Final = timedelta(days=1)
"""How long a resend that nobody sends is queued again. What fails for so long, fails until a record is mended."""


class CleanupResult(Struct, frozen=True):
    """How many items were removed, resends settled, sends recorded as interrupted, and expired files deleted."""

    removed: int = 0
    settled: int = 0
    interrupted: int = 0
    files: int = 0


class CleanUp(Struct, frozen=True):
    """The use case of ``cleanup``. Each run continues where the run before stopped."""

    undelivered: UndeliveredStore
    notifications: NotificationStore
    customers: CustomerStore
    accounts: AccountStore
    resends: SendQueue
    attachments: AttachmentFiles
    clock: Callable[[], datetime]

    def __call__(self, has_time: Callable[[], bool], on_error: OnError = raise_error) -> CleanupResult:
        """Do what is due while ``has_time`` returns True. An error goes to ``on_error``, and the rest is still done."""
        return CleanupResult(
            self._sweep(has_time, on_error),
            self._settle_resends(has_time, on_error),
            self._settle_interrupted(has_time, on_error),
            self._remove_files(has_time, on_error),
        )

    def _sweep(self, has_time: Callable[[], bool], on_error: OnError) -> int:
        removed = 0

        def sweep(account_id: str) -> None:
            nonlocal removed
            swept = _BATCH
            while swept == _BATCH and has_time():
                swept = self.undelivered.sweep(account_id, self.clock(), _BATCH)
                removed += swept

        try_each(self.accounts.account_ids, sweep, has_time, on_error)
        return removed

    def _remove_files(self, has_time: Callable[[], bool], on_error: OnError) -> int:
        with separately(on_error):
            return self.attachments.remove_expired(self.clock().date(), has_time)
        return 0

    def _settle_resends(self, has_time: Callable[[], bool], on_error: OnError) -> int:
        settled = 0
        unclaimed: list[UndeliveredItem] = []

        def settle(item: UndeliveredItem) -> None:
            nonlocal settled
            with suppress(StaleWriteError):  # an event arrived; the next run looks again
                settled += self._settle(item, unclaimed)

        try_each(lambda: self.undelivered.resends_to_settle(self.clock(), _BATCH), settle, has_time, on_error)
        with separately(on_error):
            if unclaimed and self.resends.is_empty():
                settled += self._queue_again(unclaimed)
        return settled

    def _queue_again(self, unclaimed: Sequence[UndeliveredItem]) -> int:
        """Queue resends that were never claimed, and settle those that were asked for long ago; return how many.

        While there are jobs in the queue, these may be among them: they wait for the sending rate. The claim would
        prevent a second send, but a copy for each run would fill the queue.
        """
        given_up = [item for item in unclaimed if item.last_attempt.at + _GIVEN_UP_AFTER <= self.clock()]
        self.resends.put([resend_job(item) for item in unclaimed if item not in given_up])
        settled = 0
        for item in given_up:
            with suppress(StaleWriteError):
                settled += self._settle_as_interrupted(item, None)
        return settled

    def _settle(self, item: UndeliveredItem, unclaimed: list[UndeliveredItem]) -> bool:
        """Settle a resend without an outcome; False if it is still open.

        A sent resend counts as arrived. A resend that the host application was to send counts as not sent. A resend
        that was claimed but not sent in time is interrupted. A resend that was never claimed is added to
        ``unclaimed``: its job is still queued, or lost.
        """
        resend = item.last_sent
        if resend.provider_message_id:
            self.undelivered.save(item, settle_unconfirmed(item, self.clock()))
            return True
        if resend.sent_by is not SentBy.UNDELIVERED:
            self.undelivered.save(item, settle_not_sent(item, self.clock()))
            return True
        claim = self._claim(item)
        if claim is None:
            if readable_or_none(self.notifications.find, item.account_id, item.notification_id) is None:
                return self._settle_as_interrupted(item, None)
            unclaimed.append(item)
            return False
        if claim.provider_message_id:
            self.undelivered.save(item, record_sent(item, resend.number, claim.provider_message_id))
            return False
        is_due = claim.claimed_at + SEND_TIMEOUT <= self.clock()
        return self._settle_as_interrupted(item, claim) if is_due else False

    def _claim(self, item: UndeliveredItem) -> SendAttempt | None:
        attempts = self.notifications.attempts(item.account_id, item.notification_id)
        return next((attempt for attempt in attempts if attempt.number == item.last_attempt.number), None)

    def _settle_as_interrupted(self, item: UndeliveredItem, claim: SendAttempt | None) -> bool:
        self.undelivered.save(item, settle_interrupted(item, self.clock()))
        if claim:
            self.notifications.record(replace(claim, outcome=SendOutcome.INTERRUPTED))
        return True

    def _settle_interrupted(self, has_time: Callable[[], bool], on_error: OnError) -> int:
        """Record sends without an outcome as interrupted, and show a first send as failed; none is sent twice.

        The item of a resend is settled by ``_settle_resends``, or by an event.
        """
        settled = 0

        def settle(attempt: SendAttempt) -> None:
            nonlocal settled
            is_first = not attempt.entry_key and not attempt.notification_id.startswith(CODE_PREFIX)
            notification = self._notification(attempt) if is_first else None
            sent = self._settle_first_send(attempt, notification) if notification else None
            self.notifications.record(sent or replace(attempt, outcome=SendOutcome.INTERRUPTED))
            settled += 1

        due = self.clock() - SEND_TIMEOUT
        try_each(lambda: self.notifications.unrecorded(due, _BATCH), settle, has_time, on_error)
        return settled

    def _notification(self, attempt: SendAttempt) -> Notification | None:
        return readable_or_none(self.notifications.find, attempt.account_id, attempt.notification_id)

    def _settle_first_send(self, attempt: SendAttempt, notification: Notification) -> SendAttempt | None:
        """Show a first send as failed, or return it as sent if an event about it has made an item."""
        customer = readable_or_none(self.customers.find, attempt.account_id, notification.customer_id)
        send = Send(attempt, notification, customer)
        item = open_item(unsent_feedback(send, INTERRUPTED, NO_RECORD, self.clock()), attempt.account_id)
        for other in self.undelivered.items_of_customer(item):
            if other.notification_id == item.notification_id and other.entry_key != item.entry_key:
                return replace(attempt, provider_message_id=other.origin_id, outcome=SendOutcome.SENT)
        self.undelivered.add_new([NewEntry(item)])
        return None
