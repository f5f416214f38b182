"""Count the messages that were sent, for the rates."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from datetime import date, datetime
from zoneinfo import ZoneInfo

from msgspec import Struct, field

from undelivered.domain.contact_link import CODE_PREFIX
from undelivered.domain.errors import RetryableError
from undelivered.domain.feedback import Feedback
from undelivered.domain.notification import SendAttempt, SendOutcome
from undelivered.domain.rates import Sent, SentKey, host_reports
from undelivered.domain.report_query import local_day
from undelivered.domain.taxonomy import Channel
from undelivered.services.ports import SentCountStore

_Counted = tuple[str, datetime, SentKey]
"""An account, when the message was sent, and the counter."""


class CountSends(Struct, frozen=True):
    """Counts messages, with one write for each account and day of a batch.

    ``not_counted`` is called with the account and the number of messages that could not be counted.

    A batch that is interrupted before its end is not counted, and an event that comes again in another batch, although
    it was recorded, is counted again: SNS and SQS deliver at least once. Both are rare.
    """

    counts: SentCountStore
    zone_of: Callable[[str], ZoneInfo]
    not_counted: Callable[[str, int], None]
    noted: dict[tuple[str, str, str, Sent], _Counted] = field(default_factory=dict)

    def own(self, attempts: Iterable[tuple[Channel, SendAttempt]]) -> None:
        """Count the first attempts that Undelivered has sent."""
        self._add(
            (attempt.account_id, attempt.claimed_at, SentKey(channel, Sent.OWN))
            for channel, attempt in attempts
            if attempt.outcome is SendOutcome.SENT
            and attempt.number == 1
            and not attempt.notification_id.startswith(CODE_PREFIX)
        )

    def note(self, account_id: str, feedback: Feedback) -> None:
        """Note what a recorded event reports of a message of the host application, until ``add_noted``."""
        for sent in host_reports(feedback):
            key = (account_id, feedback.provider_message_id, feedback.recipient or "", sent)
            self.noted[key] = (account_id, feedback.sent_at, SentKey(feedback.channel, sent))

    def add_noted(self) -> None:
        """Count what was noted."""
        noted = list(self.noted.values())
        self.noted.clear()
        self._add(noted)

    def _add(self, counted: Iterable[_Counted]) -> None:
        by_day: dict[tuple[str, date], Counter[SentKey]] = defaultdict(Counter)
        for account_id, sent_at, key in counted:
            by_day[account_id, local_day(sent_at, self.zone_of(account_id))][key] += 1
        for (account_id, day), numbers in by_day.items():
            try:
                self.counts.add(account_id, day, numbers)
            except RetryableError:
                # The messages are sent or recorded: another try of the batch would not count them.
                self.not_counted(account_id, numbers.total())
