"""First sends that are shown as interrupted although the provider accepted them: feedback on them can still arrive."""

from collections.abc import Callable
from datetime import datetime, timedelta

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


class InterruptedSends(Struct, frozen=True):
    """Finds the send and the item that a late failure is about.

    ``CleanUp`` shows a send as interrupted after ``SEND_TIMEOUT``. A failure that comes earlier reads nothing here.
    """

    notifications: NotificationStore
    clock: Callable[[], datetime]

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
        return feedback.outcome >= Outcome.FAILED and self.clock() >= feedback.sent_at - LONGEST_SEND + SEND_TIMEOUT


def _number(send: SendAttempt) -> str:
    return normalise_address(Channel.SMS, send.to)
