"""An undelivered notification: one recipient of one message, with the whole chain of attempts."""

from datetime import datetime, timedelta
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from undelivered.domain.feedback import Feedback, Outcome
from undelivered.domain.identifiers import entry_key
from undelivered.domain.taxonomy import Channel, Classification

REPORT_WINDOW = timedelta(days=30)
"""How long an item stays on the report after it was sent."""

DIAGNOSTIC_LENGTH = 500
"""Characters kept of a diagnostic: capacity is paid by the kilobyte."""


class State(StrEnum):
    """Where an item stands."""

    OPEN = "open"
    RESENDING = "resending"
    RESOLVED = "resolved"
    DISMISSED = "dismissed"
    EXPIRED = "expired"


LIVE_STATES = frozenset({State.OPEN, State.RESENDING})
"""The states that are on the report and in the count."""


class AttemptResult(Struct, frozen=True):
    """What was reported about an attempt: the part of a feedback that is kept with the item."""

    outcome: Outcome
    at: datetime
    classification: Classification | None = None
    diagnostic: str = ""
    source: str = ""

    @property
    def rank(self) -> tuple[int, int, str, str, str, str]:
        """A total order, so that the greatest of several reports is the same in any order of arrival."""
        severity, reason, kind = 0, "", ""
        if self.classification:
            severity = _SEVERITY[
                self.classification.status.value, self.classification.kind.value if self.classification.kind else ""
            ]
            reason, kind = (
                self.classification.reason.value,
                self.classification.kind.value if self.classification.kind else "",
            )
        # The source comes last: the same event by two channels is one report.
        return (self.outcome, severity, self.at.isoformat(), f"{reason}.{kind}", self.diagnostic, self.source)


_SEVERITY = {
    ("bounced", "soft"): 0,
    ("failed", ""): 1,
    ("dropped", ""): 2,
    ("bounced", "hard"): 3,
    ("invalid", ""): 4,
    ("spammed", ""): 5,
}


class Attempt(Struct, frozen=True):
    """One try to get the message through: to whom, when, by whose hand, and what came of it.

    ``by`` is ``host`` for the first send or who pressed *Resend*; ``at`` when it was claimed.
    ``report`` is the greatest of what was reported, None while nothing was.
    """

    number: int
    to: str
    at: datetime
    by: str = "host"
    provider_message_id: str = ""
    result: AttemptResult | None = None
    note: str = ""

    @property
    def outcome(self) -> Outcome:
        """What became of the attempt, as far as reported."""
        return self.result.outcome if self.result else Outcome.PENDING


class Dismissal(Struct, frozen=True):
    """A manager's word that an item needs nothing more; ``restored`` undoes it. The later one holds."""

    at: datetime
    by: str
    reason: str = ""
    restored: bool = False


class Audit(Struct, frozen=True):
    """One thing a person did to an item."""

    at: datetime
    by: str
    action: str
    detail: str = ""


class UndeliveredItem(Struct, frozen=True):
    """An item of the report. Its state follows from its attempts and its dismissal; nothing else sets it.

    ``recipient`` is the address of the first attempt. ``ready_contact`` is the customer's present
    contact when it differs from the one that failed last, else empty. ``origin_id`` is the provider's
    message id of the first attempt (see ``identifiers.entry_key``). ``version`` counts the writes.
    """

    account_id: str
    origin_id: str
    notification_id: str
    channel: Channel
    recipient: str
    sent_at: datetime
    attempts: tuple[Attempt, ...]
    title: str = ""
    customer_id: str = ""
    customer_name: str = ""
    ready_contact: str = ""
    dismissal: Dismissal | None = None
    audit: tuple[Audit, ...] = ()
    version: int = 0

    @property
    def entry_key(self) -> str:
        """The item's sort key."""
        return entry_key(self.sent_at, self.origin_id, self.recipient)

    @property
    def leaves_at(self) -> datetime:
        """When the item's thirty days are over."""
        return self.sent_at + REPORT_WINDOW

    @property
    def last_attempt(self) -> Attempt:
        """The attempt with the highest number."""
        return self.attempts[-1]

    @property
    def failure(self) -> Attempt:
        """The attempt whose failure the item shows: a complaint about any, else the last that failed.

        Every stored item has one; an item is made by a failure.
        """
        failed = [attempt for attempt in self.attempts if attempt.outcome >= Outcome.FAILED]
        complained = [attempt for attempt in failed if attempt.outcome is Outcome.COMPLAINED]
        return (complained or failed)[-1]

    @property
    def classification(self) -> Classification:
        """The judgement the item shows."""
        report = self.failure.result
        assert report is not None
        assert report.classification is not None
        return report.classification

    @property
    def state(self) -> State:
        """Where the item stands, before its thirty days are over; see ``state_at``."""
        if self.dismissal and not self.dismissal.restored:
            return State.DISMISSED
        if any(attempt.outcome is Outcome.COMPLAINED for attempt in self.attempts):
            return State.OPEN
        last = self.last_attempt.outcome
        if last >= Outcome.FAILED:
            return State.OPEN
        return State.RESOLVED if last >= Outcome.UNCONFIRMED else State.RESENDING

    def state_at(self, now: datetime) -> State:
        """Where the item stands at a moment: what was live expires with its thirty days."""
        state = self.state
        return State.EXPIRED if state in LIVE_STATES and now >= self.leaves_at else state

    def with_attempt(self, attempt: Attempt) -> "UndeliveredItem":
        """Return the item with an attempt added or put in the place of the one with its number."""
        others = [known for known in self.attempts if known.number != attempt.number]
        return replace(self, attempts=tuple(sorted([*others, attempt], key=lambda known: known.number)))


def result_of(feedback: Feedback) -> AttemptResult:
    """Return the part of a feedback that is kept with the item."""
    return AttemptResult(
        feedback.outcome, feedback.at, feedback.classification, feedback.diagnostic[:DIAGNOSTIC_LENGTH], feedback.source
    )
