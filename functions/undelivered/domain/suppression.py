"""Addresses that nothing more is sent to, why, and how that ends."""

from datetime import datetime
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from undelivered.domain.item import Attempt, Audit
from undelivered.domain.taxonomy import Channel, Classification, Fault, Kind, Reason, Status, classification_of


class SuppressionReason(StrEnum):
    """Why an address is suppressed; a later line outranks an earlier one."""

    REPEATEDLY_UNREACHABLE = "repeatedly_unreachable"
    MANUAL = "manual"
    BOUNCE = "bounce"
    UNSUBSCRIBED = "unsubscribed"
    OPTED_OUT = "opted_out"
    COMPLAINT = "complaint"


_RANK = {reason: rank for rank, reason in enumerate(SuppressionReason)}

_DROPPED_AS = {
    SuppressionReason.REPEATEDLY_UNREACHABLE: Reason.SUPPRESSED_BOUNCE,
    SuppressionReason.MANUAL: Reason.SUPPRESSED_BOUNCE,
    SuppressionReason.BOUNCE: Reason.SUPPRESSED_BOUNCE,
    SuppressionReason.UNSUBSCRIBED: Reason.UNSUBSCRIBED,
    SuppressionReason.OPTED_OUT: Reason.OPTED_OUT,
    SuppressionReason.COMPLAINT: Reason.SUPPRESSED_COMPLAINT,
}

OVERRIDDEN_BY_ESSENTIAL = frozenset({SuppressionReason.UNSUBSCRIBED})
"""Suppressions that an essential notice (legal, billing) passes: never a bounce, a complaint or a STOP."""


class Suppression(Struct, frozen=True):
    """One address of one account and channel that is, or was, suppressed.

    ``since`` is when the event that suppressed it happened, ``origin`` names that event (a provider
    message id or who did it). ``lifted_at`` is when a person last lifted it; only an event after that
    suppresses again, so a replay of the old one does not. ``hidden`` is the keyed hash that stands for the
    address of somebody who was erased; ``address`` is then empty, or what was looked up.
    """

    account_id: str
    channel: Channel
    address: str
    reason: SuppressionReason
    since: datetime
    origin: str = ""
    lifted_at: datetime | None = None
    audit: tuple[Audit, ...] = ()
    version: int = 0
    address_hash: str = ""

    @property
    def active(self) -> bool:
        """Whether messages to the address are dropped now."""
        return self.lifted_at is None or self.since > self.lifted_at


def suppression_reason(classification: Classification) -> SuppressionReason:
    """Return the reason that a suppressing failure is filed under; see ``taxonomy.suppresses``."""
    return SuppressionReason.COMPLAINT if classification.status is Status.SPAMMED else SuppressionReason.BOUNCE


def merge_suppression(known: Suppression | None, new: Suppression) -> Suppression:
    """Return the join of what is known and a new cause: the graver reason, then the earlier event, holds.

    Causes from before the last lift are spent. Any order of the same causes ends the same.
    """
    if known is None:
        return new
    if known.lifted_at is not None and new.since <= known.lifted_at:
        return known
    if not known.active:
        return _caused_anew(known, new)
    mine, other = _precedence(known), _precedence(new)
    if other > mine:
        return _caused_anew(known, new)
    return known


def _caused_anew(known: Suppression, new: Suppression) -> Suppression:
    audit = (*known.audit, *new.audit)
    return replace(known, reason=new.reason, since=new.since, origin=new.origin, audit=audit)


def effective_suppression(readable: Suppression | None, hidden: Suppression | None) -> Suppression | None:
    """Return what holds of an address of which both forms may be known: it came back after it was erased.

    What was lifted in one form is spent in the other.
    """
    if readable is None or hidden is None:
        return readable or hidden
    if hidden.active:
        return merge_suppression(readable, hidden)
    assert hidden.lifted_at is not None
    return replace(readable, lifted_at=max(readable.lifted_at or hidden.lifted_at, hidden.lifted_at))


def hide_address(readable: Suppression | None, hidden: Suppression | None, digest: str) -> Suppression | None:
    """Return the one form that is kept of an erased address: of its audit, who did what and when, but not why."""
    known = effective_suppression(readable, hidden)
    if known is None:
        return None
    audit = tuple(replace(entry, detail="") for entry in known.audit)
    return replace(known, address="", address_hash=digest, audit=audit, version=hidden.version if hidden else 0)


def _precedence(suppression: Suppression) -> tuple[int, float, str]:
    return (_RANK[suppression.reason], -suppression.since.timestamp(), suppression.origin)


def dropped_classification(suppression: Suppression) -> Classification:
    """Return the judgement on a message that a suppression stopped."""
    return classification_of(_DROPPED_AS[suppression.reason])


def blocks(suppression: Suppression | None, *, essential: bool = False, resend: bool = False) -> bool:
    """Whether a message to the address must be dropped.

    An essential one passes an unsubscription; a resend, which a person asked for, passes repeated soft failures.
    """
    if suppression is None or not suppression.active:
        return False
    if essential and suppression.reason in OVERRIDDEN_BY_ESSENTIAL:
        return False
    return not (resend and suppression.reason is SuppressionReason.REPEATEDLY_UNREACHABLE)


class SoftFailureRule(Struct, frozen=True):
    """When repeated soft failures suppress an address: that many in a row, spread over that many days."""

    failures: int = 5
    days: int = 3

    def is_met_by(self, attempts: list[Attempt]) -> bool:
        """Whether the newest attempts at one address all failed softly, not by our fault, over long enough."""
        latest = sorted(attempts, key=lambda attempt: attempt.at)[-self.failures :]
        if len(latest) < self.failures or not all(_failed_softly(attempt) for attempt in latest):
            return False
        return (latest[-1].at - latest[0].at).total_seconds() >= self.days * 86_400


def _failed_softly(attempt: Attempt) -> bool:
    classification = attempt.result.classification if attempt.result else None
    return classification is not None and classification.kind is not None and counts_as_soft_failure(classification)


def counts_as_soft_failure(classification: Classification) -> bool:
    """Whether a failure counts towards ``SoftFailureRule``: soft, and not the sender's fault."""
    return classification.kind is Kind.SOFT and classification.fault is not Fault.SENDER
