"""First sends that are shown as interrupted although the provider accepted them: feedback on them can still arrive."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

from msgspec import Struct

from undelivered.domain.address import normalise_address
from undelivered.domain.errors import NotYetKnownError
from undelivered.domain.feedback import Feedback, Outcome
from undelivered.domain.identifiers import entry_key
from undelivered.domain.notification import LONGEST_SEND, SEND_TIMEOUT, SendAttempt, SendOutcome
from undelivered.domain.taxonomy import Channel
from undelivered.services.ports import NotificationStore

_MAX_SENDS = 100
"""The maximum number of interrupted sends that are read to find the one to a number."""


_INDEX_LAG: Final = timedelta(minutes=2)
"""The time after which a claim is certainly in the index of sends without an outcome."""

_BETWEEN_LOOKS: Final = timedelta(minutes=1)
_FIRST: Final = datetime(1970, 1, 1, tzinfo=UTC)


class SettledSends(Struct):
    """Up to when all sends are settled: none that was claimed before ``until`` is or will be interrupted."""

    until: datetime = _FIRST
    looked_at: datetime = _FIRST


class InterruptedSends(Struct, frozen=True):
    """Finds the send and the item that a late failure is about.

    ``CleanUp`` shows a send as interrupted after ``SEND_TIMEOUT``. A failure that comes earlier reads nothing here.
    As a rule no send is interrupted, and one look at all sends serves the failures of many batches.
    """

    notifications: NotificationStore
    clock: Callable[[], datetime]
    settled: SettledSends

    def find_text(self, feedback: Feedback) -> SendAttempt | None:
        """Return the interrupted send of a text, which has no tags, by the number and the time sent."""
        if feedback.channel is not Channel.SMS or not self._is_late(feedback):
            return None
        # The provider may report the time to the second.
        sends = self.notifications.interrupted(
            feedback.sent_at - LONGEST_SEND, feedback.sent_at + timedelta(seconds=1), _MAX_SENDS
        )
        return next((send for send in sends if _number(send) == feedback.recipient), None)

    def item_key(self, feedback: Feedback, *, may_wait: bool) -> str | None:
        """Return the key of the item that shows the send of a failure as interrupted, or None.

        Raises NotYetKnownError while ``CleanUp`` may be about to make the item.
        """
        attribution = feedback.attribution
        if (
            not (attribution.account_id and attribution.notification_id)
            or attribution.attempt > 1
            or not self._is_late(feedback)
        ):
            return None
        send = self.notifications.find_attempt(attribution.account_id, attribution.notification_id, 1)
        if send is None:
            return None
        if send.outcome is SendOutcome.CLAIMED and may_wait and self.clock() >= send.claimed_at + SEND_TIMEOUT:
            raise NotYetKnownError("the send of this message is about to be recorded as interrupted")
        if send.outcome is not SendOutcome.INTERRUPTED:
            return None
        return entry_key(send.claimed_at, send.notification_id, normalise_address(feedback.channel, send.to))

    def _is_late(self, feedback: Feedback) -> bool:
        """Whether it is a failure whose send may be shown as interrupted: it was claimed before it was sent."""
        is_late = feedback.outcome >= Outcome.FAILED and self.clock() >= feedback.sent_at - LONGEST_SEND + SEND_TIMEOUT
        return is_late and not self._is_settled(feedback.sent_at)

    def _is_settled(self, moment: datetime) -> bool:
        """Whether no send that was claimed before a moment is or will be interrupted.

        An interrupted send was without an outcome before. If there is neither, all sends so far have another outcome.
        """
        now = self.clock()
        if moment >= self.settled.until and now - self.settled.looked_at >= _BETWEEN_LOOKS:
            self.settled.looked_at, claimed_before = now, now - _INDEX_LAG
            store = self.notifications
            if not store.unrecorded(claimed_before, 1) and not store.interrupted(_FIRST, now, 1):
                self.settled.until = claimed_before
        return moment < self.settled.until


def _number(send: SendAttempt) -> str:
    return normalise_address(Channel.SMS, send.to)
