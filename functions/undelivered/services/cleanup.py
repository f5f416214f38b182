"""What the schedule does: remove what is past its time, settle what went silent or broke off."""

from collections.abc import Callable
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from undelivered.domain.errors import StaleWriteError
from undelivered.domain.item import UndeliveredItem
from undelivered.domain.lifecycle import merge_feedback, open_item, record_sent, settle_unconfirmed
from undelivered.domain.notification import SEND_TIMEOUT, Notification, SendAttempt, SendOutcome
from undelivered.domain.taxonomy import Reason, classification_of
from undelivered.services.ports import (
    AccountStore,
    CustomerStore,
    NewEntry,
    NotificationStore,
    SendQueue,
    UndeliveredStore,
)
from undelivered.services.request_resend import resend_job
from undelivered.services.send_message import unsent_feedback

_BATCH = 100


class CleanupResult(Struct, frozen=True):
    """What a run of the schedule did."""

    removed: int = 0
    settled: int = 0
    interrupted: int = 0


class CleanUp(Struct, frozen=True):
    """The use case of ``cleanup``. Every part may be cut short and is taken up by the next run."""

    undelivered: UndeliveredStore
    notifications: NotificationStore
    customers: CustomerStore
    accounts: AccountStore
    resends: SendQueue
    clock: Callable[[], datetime]

    def __call__(self, time_left: Callable[[], bool]) -> CleanupResult:
        """Do what is due while ``time_left`` says so; return how much was done."""
        return CleanupResult(self._sweep(time_left), self._settle_resends(), self._settle_interrupted())

    def _sweep(self, time_left: Callable[[], bool]) -> int:
        removed = 0
        for account_id in self.accounts.account_ids():
            swept = _BATCH
            while swept == _BATCH and time_left():
                swept = self.undelivered.sweep(account_id, self.clock(), _BATCH)
                removed += swept
        return removed

    def _settle_resends(self) -> int:
        settled = 0
        for item in self.undelivered.resends_to_settle(self.clock(), _BATCH):
            try:
                settled += self._settle(item)
            except StaleWriteError:
                continue  # news came in between; the next run looks again
        return settled

    def _settle(self, item: UndeliveredItem) -> bool:
        """Settle a resend that nothing was heard of: unconfirmed, queued again, or broken off."""
        now = self.clock()
        number = item.last_attempt.number
        if item.last_attempt.provider_message_id:
            self.undelivered.save(item, settle_unconfirmed(item, now))
            return True
        claim = next(
            (
                attempt
                for attempt in self.notifications.attempts(item.account_id, item.notification_id)
                if attempt.number == number
            ),
            None,
        )
        if claim is None:
            # Saved but never queued, or the order was lost: claiming makes it safe to queue it again.
            notification = self.notifications.find(item.account_id, item.notification_id)
            if notification:
                self.resends.put([resend_job(item)])
                return False
            return self._record_interrupted(item, None)
        if claim.provider_message_id:
            self.undelivered.save(item, record_sent(item, number, claim.provider_message_id))
            return False
        return self._record_interrupted(item, claim) if claim.claimed_at + SEND_TIMEOUT <= now else False

    def _record_interrupted(self, item: UndeliveredItem, claim: SendAttempt | None) -> bool:
        running = item.last_attempt
        attempt = claim or SendAttempt(
            item.account_id, item.notification_id, running.number, running.to, running.at, entry_key=item.entry_key
        )
        held = self.notifications.find(item.account_id, item.notification_id)
        feedback = unsent_feedback(
            attempt,
            held
            or Notification(
                item.account_id, item.notification_id, item.customer_id, item.channel, item.title, "", item.sent_at
            ),
            None,
            classification_of(Reason.SENDING_INTERRUPTED),
            "no record of the send",
            self.clock(),
        )
        self.undelivered.save(item, merge_feedback(item, feedback, item.account_id) or item)
        if claim:
            self.notifications.record(replace(claim, outcome=SendOutcome.INTERRUPTED))
        return True

    def _settle_interrupted(self) -> int:
        """Record sends without an outcome as interrupted, and show a first send as failed; none is sent twice.

        The item of a resend is settled by ``_settle_resends``, or by an event.
        """
        count = 0
        for attempt in self.notifications.unrecorded(self.clock() - SEND_TIMEOUT, _BATCH):
            is_first = not attempt.entry_key
            notification = self.notifications.find(attempt.account_id, attempt.notification_id) if is_first else None
            if notification:
                customer = self.customers.find(attempt.account_id, notification.customer_id)
                feedback = unsent_feedback(
                    attempt,
                    notification,
                    customer,
                    classification_of(Reason.SENDING_INTERRUPTED),
                    "no record of the send",
                    self.clock(),
                )
                self.undelivered.add_new([NewEntry(open_item(feedback, attempt.account_id))])
            self.notifications.record(replace(attempt, outcome=SendOutcome.INTERRUPTED))
            count += 1
        return count
