"""An undelivered notification: one recipient of one message, with all attempts to deliver it."""

from datetime import datetime, timedelta
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from undelivered.domain.feedback import Feedback, Outcome
from undelivered.domain.identifiers import entry_key
from undelivered.domain.taxonomy import Channel, Classification, Reason

REPORT_WINDOW = timedelta(days=30)
"""How long an item stays on the report after it was sent."""

DIAGNOSTIC_LENGTH = 500
"""The maximum length of a stored diagnostic: DynamoDB charges for capacity by the kilobyte."""


BY_CUSTOMER = "customer"
"""Who requested a resend that followed from the customer's own correction, by the rule of the account."""


class State(StrEnum):
    """The state of an item."""

    OPEN = "open"  #: the last attempt failed
    RESENDING = "resending"  #: the last attempt has no outcome yet
    RESOLVED = "resolved"  #: the message arrived
    DISMISSED = "dismissed"  #: a manager removed it from the report
    EXPIRED = "expired"  #: it left the report thirty days after it was sent


LIVE_STATES = frozenset({State.OPEN, State.RESENDING})
"""The states of items that are on the report and in the count."""


class AttemptResult(Struct, frozen=True):
    """The outcome of an attempt: the part of a feedback that is stored with the item."""

    outcome: Outcome
    at: datetime
    classification: Classification | None = None
    diagnostic: str = ""
    source: str = ""

    @property
    def rank(self) -> tuple[int, int, str, str, str, str]:
        """A total order, so that the greatest of several results does not depend on the order in which they arrive."""
        severity, reason, kind = 0, "", ""
        if self.classification:
            reason = self.classification.reason.value
            kind = self.classification.kind.value if self.classification.kind else ""
            severity = _SEVERITY[self.classification.status.value, kind]
            if self.classification.reason is Reason.SENDING_INTERRUPTED:
                severity = -1  # we do not know what became of the message: what the provider reports is more
        # The source is compared last: an event that arrives in two forms is one result.
        return (self.outcome, severity, self.at.isoformat(), f"{reason}.{kind}", self.diagnostic, self.source)


_SEVERITY = {
    ("bounced", "soft"): 0,
    ("failed", ""): 1,
    ("dropped", ""): 2,
    ("bounced", "hard"): 3,
    ("invalid", ""): 4,
    ("spammed", ""): 5,
}


class SentBy(StrEnum):
    """Who sends an attempt."""

    UNDELIVERED = "undelivered"  #: Undelivered
    HOST = "host"  #: the host application, on its own initiative
    HOST_ASKED = "host_asked"  #: the host application, which a manager's resend asks for it


class Attempt(Struct, frozen=True):
    """An attempt to deliver the message.

    ``by`` is ``host`` for the first send and the manager for a resend; ``at`` is when it was requested. ``result`` is
    the greatest of the results reported so far, or None.
    """

    number: int
    to: str
    at: datetime
    by: str = "host"
    provider_message_id: str = ""
    result: AttemptResult | None = None
    note: str = ""
    sent_by: SentBy = SentBy.UNDELIVERED

    @property
    def outcome(self) -> Outcome:
        """The outcome reported so far."""
        return self.result.outcome if self.result else Outcome.PENDING


class Dismissal(Struct, frozen=True):
    """A manager's dismissal of an item or, with ``restored``, the end of it. The later of two applies."""

    at: datetime
    by: str
    reason: str = ""
    restored: bool = False


class Audit(Struct, frozen=True):
    """An action of a person on an item or a suppression."""

    at: datetime
    by: str
    action: str
    detail: str = ""


class UndeliveredItem(Struct, frozen=True):
    """An item of the report. Its state follows from its attempts and its dismissal alone.

    ``origin_id`` is the provider's message id of the first attempt (see ``identifiers.entry_key``). ``recipient`` is
    its address in the normal form, empty if it is not known. ``ready_contact`` is the customer's current contact if the
    item is ready to resend to it, else empty (see ``resend_policy.ready_contact``). ``content_held`` is False if the
    host application sent the message itself and has not handed its content over. ``version`` counts the writes.
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
    content_held: bool = True
    version: int = 0

    @property
    def entry_key(self) -> str:
        """The item's sort key."""
        return entry_key(self.sent_at, self.origin_id, self.recipient)

    @property
    def leaves_at(self) -> datetime:
        """When the item leaves the report."""
        return self.sent_at + REPORT_WINDOW

    @property
    def last_attempt(self) -> Attempt:
        """The attempt with the highest number."""
        return self.attempts[-1]

    @property
    def last_sent(self) -> Attempt:
        """The last attempt, without those that the host application did not send."""
        return next(attempt for attempt in reversed(self.attempts) if attempt.outcome is not Outcome.NOT_SENT)

    @property
    def failure(self) -> Attempt:
        """The failed attempt that the item shows: the last with a complaint, else the last that failed.

        Every stored item has a failed attempt, because a failure creates the item.
        """
        failed = [attempt for attempt in self.attempts if attempt.outcome >= Outcome.FAILED]
        complained = [attempt for attempt in failed if attempt.outcome is Outcome.COMPLAINED]
        return (complained or failed)[-1]

    @property
    def classification(self) -> Classification:
        """The classification of ``failure``."""
        result = self.failure.result
        assert result is not None
        assert result.classification is not None
        return result.classification

    @property
    def state(self) -> State:
        """The state of the item while it is on the report; see ``state_at``."""
        if self.dismissal and not self.dismissal.restored:
            return State.DISMISSED
        if any(attempt.outcome is Outcome.COMPLAINED for attempt in self.attempts):
            return State.OPEN
        last = self.last_sent.outcome
        if last >= Outcome.FAILED:
            return State.OPEN
        return State.RESOLVED if last >= Outcome.UNCONFIRMED else State.RESENDING

    def state_at(self, now: datetime) -> State:
        """Return the state of the item at a time: an open or resending item expires when it leaves the report."""
        state = self.state
        return State.EXPIRED if state in LIVE_STATES and now >= self.leaves_at else state

    def attempt(self, number: int) -> Attempt | None:
        """Return the attempt with a number."""
        return next((attempt for attempt in self.attempts if attempt.number == number), None)

    def with_attempt(self, attempt: Attempt) -> "UndeliveredItem":
        """Return the item with an attempt added, or replaced if the item has an attempt of the same number."""
        others = [known for known in self.attempts if known.number != attempt.number]
        return replace(self, attempts=tuple(sorted([*others, attempt], key=lambda known: known.number)))


def result_of(feedback: Feedback) -> AttemptResult:
    """Return the part of a feedback that is stored with the item."""
    return AttemptResult(
        feedback.outcome, feedback.at, feedback.classification, feedback.diagnostic[:DIAGNOSTIC_LENGTH], feedback.source
    )
