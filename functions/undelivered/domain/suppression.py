"""Suppressed addresses: the reasons, how they combine, and what they block."""

from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from undelivered.domain.item import Attempt, Audit
from undelivered.domain.taxonomy import Channel, Classification, Fault, Kind, Reason, Status, classification_of


class SuppressionReason(StrEnum):
    """Why an address is suppressed, from the weakest reason to the strongest."""

    REPEATEDLY_UNREACHABLE = "repeatedly_unreachable"  #: repeated soft failures; see ``SoftFailureRule``
    MANUAL = "manual"  #: a manager suppressed it
    BOUNCE = "bounce"  #: a hard bounce, or an invalid address
    UNSUBSCRIBED = "unsubscribed"  #: the recipient unsubscribed from email
    OPTED_OUT = "opted_out"  #: the recipient opted out of text messages
    COMPLAINT = "complaint"  #: the recipient marked a message as spam


_RANK = {reason: rank for rank, reason in enumerate(SuppressionReason)}

_DROPPED_AS = {
    SuppressionReason.REPEATEDLY_UNREACHABLE: Reason.SUPPRESSED_BOUNCE,
    SuppressionReason.MANUAL: Reason.SUPPRESSED_MANUALLY,
    SuppressionReason.BOUNCE: Reason.SUPPRESSED_BOUNCE,
    SuppressionReason.UNSUBSCRIBED: Reason.UNSUBSCRIBED,
    SuppressionReason.OPTED_OUT: Reason.OPTED_OUT,
    SuppressionReason.COMPLAINT: Reason.SUPPRESSED_COMPLAINT,
}

MAX_SPELLINGS = 10
"""How many spellings of an address are kept. They differ only in upper and lower case, so there are few."""

SUPPRESS_ACTION = "suppress"
"""The action of the audit when a person, an import or a provider's list suppressed an address."""

PROVIDERS: Final = {Channel.EMAIL: "Amazon SES", Channel.SMS: "Amazon SNS"}
"""Who has an address on a list of their own, as the origin of a suppression and in its audit."""

OVERRIDDEN_BY_ESSENTIAL = frozenset({SuppressionReason.UNSUBSCRIBED})
"""Suppressions that do not apply to essential notices (legal, billing)."""


class Suppression(Struct, frozen=True):
    """The suppression of an address, in force or lifted.

    ``since`` is the time of the event that caused it, ``origin`` the provider's message id or the manager.
    ``lifted_at`` is when it was last lifted; only a later event suppresses the address again. ``address_hash`` is the
    keyed hash of an erased address, else empty. ``address`` of a stored suppression is then empty. ``spellings`` are
    the forms in which the provider reported the address, if they are not its normal form. A suppression with a
    ``category`` applies only to messages of this category. It exists beside that of the address, for all messages.
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
    spellings: tuple[str, ...] = ()
    category: str = ""

    @property
    def active(self) -> bool:
        """Whether the suppression is in force."""
        return self.lifted_at is None or self.since > self.lifted_at


def holds_provider_entry(suppression: Suppression) -> bool:
    """Whether an entry on the provider's list must stay for a suppression.

    The accounts of an AWS account share SES's suppression list and SNS's opt-out list. A number is on SNS's list only
    after an opt-out. An unsubscription from a category is on neither.
    """
    if suppression.category:
        return False
    can_be_listed = suppression.channel is Channel.EMAIL or suppression.reason is SuppressionReason.OPTED_OUT
    return suppression.active and can_be_listed


class ProviderEntry(StrEnum):
    """What became of the address's entry on the provider's list when a suppression was lifted."""

    REMOVED = "removed"  #: it is not on the list
    KEPT = "kept"  #: it stays, because another account also suppresses the address


class Lift(Struct, frozen=True):
    """A lifted suppression."""

    suppression: Suppression
    provider_entry: ProviderEntry


def suppression_reason(classification: Classification) -> SuppressionReason:
    """Return the reason of the suppression that a failure causes; see ``taxonomy.suppresses``."""
    return SuppressionReason.COMPLAINT if classification.status is Status.SPAMMED else SuppressionReason.BOUNCE


def merge_suppression(known: Suppression | None, new: Suppression) -> Suppression:
    """Return the suppression after a new cause: the stronger reason wins, then the earlier event.

    A cause from before the last lift changes nothing. The order of causes does not matter.
    """
    if known is None:
        return new
    if known.lifted_at is not None and new.since <= known.lifted_at:
        return known
    if not known.active or _precedence(new) > _precedence(known):
        return _with_cause(known, new)
    return replace(known, spellings=_all_spellings(known, new))


def _all_spellings(known: Suppression, new: Suppression) -> tuple[str, ...]:
    return tuple(sorted({*known.spellings, *new.spellings})[:MAX_SPELLINGS])


def _with_cause(known: Suppression, new: Suppression) -> Suppression:
    audit = (*known.audit, *new.audit)
    spellings = _all_spellings(known, new)
    return replace(known, reason=new.reason, since=new.since, origin=new.origin, audit=audit, spellings=spellings)


def effective_suppression(readable: Suppression | None, hidden: Suppression | None) -> Suppression | None:
    """Return the suppression of an address that may be stored under the address and under its hash.

    Both exist if the address was suppressed again after an erasure. A lift of one applies to causes of the other too.
    """
    if readable is None or hidden is None:
        return readable or hidden
    if hidden.active:
        return merge_suppression(readable, hidden)
    assert hidden.lifted_at is not None
    return replace(readable, lifted_at=max(readable.lifted_at or hidden.lifted_at, hidden.lifted_at))


def hide_address(readable: Suppression | None, hidden: Suppression | None, digest: str) -> Suppression | None:
    """Return the suppression to store under the hash of an erased address. Its audit keeps no details."""
    known = effective_suppression(readable, hidden)
    if known is None:
        return None
    audit = tuple(replace(entry, detail="") for entry in known.audit)
    version = hidden.version if hidden else 0
    return replace(known, address="", address_hash=digest, audit=audit, version=version, spellings=())


def _precedence(suppression: Suppression) -> tuple[int, float, str]:
    return (_RANK[suppression.reason], -suppression.since.timestamp(), suppression.origin)


def dropped_classification(suppression: Suppression) -> Classification:
    """Return the classification of a message that a suppression stopped."""
    return classification_of(_DROPPED_AS[suppression.reason])


def deciding_suppression(
    of_address: Suppression | None, of_category: Suppression | None, *, essential: bool, resend: bool
) -> Suppression | None:
    """Return the suppression that decides on a message: one that blocks it, else the one that was lifted last."""
    known = [suppression for suppression in (of_address, of_category) if suppression]
    blocking = (suppression for suppression in known if blocks(suppression, essential=essential, resend=resend))
    lifted = [suppression for suppression in known if suppression.lifted_at and not suppression.active]
    last = max(lifted, key=lambda suppression: suppression.lifted_at or suppression.since, default=of_address)
    return next(blocking, last)


def causes_of(suppression: Suppression) -> Iterator[Audit]:
    """Return the entries of the audit that say why an address was suppressed, newest first."""
    return (entry for entry in reversed(suppression.audit) if entry.action == SUPPRESS_ACTION)


def drop_diagnostic(suppression: Suppression, category_title: str = "") -> str:
    """Return why a suppression stopped a message: its reason and date, and what its cause says, such as an import."""
    if suppression.category:
        return f"Unsubscribed from {category_title or suppression.category} since {suppression.since:%Y-%m-%d}"
    detail = next((entry.detail for entry in causes_of(suppression) if entry.by == suppression.origin), "")
    since = f"suppressed: {suppression.reason} since {suppression.since:%Y-%m-%d}"
    return f"{since}; {detail}" if detail else since


def blocks(suppression: Suppression | None, *, essential: bool = False, resend: bool = False) -> bool:
    """Whether a message to the address must be dropped.

    Unsubscriptions do not block essential messages. Repeated soft failures do not block resends, because a manager
    requests them.
    """
    if suppression is None or not suppression.active:
        return False
    if essential and suppression.reason in OVERRIDDEN_BY_ESSENTIAL:
        return False
    return not (resend and suppression.reason is SuppressionReason.REPEATEDLY_UNREACHABLE)


class SoftFailureRule(Struct, frozen=True):
    """How many soft failures in a row suppress an address, and over how many days at least."""

    failures: int = 5
    days: int = 3

    def is_met_by(self, attempts: list[Attempt]) -> bool:
        """Whether the newest attempts at an address all count as soft failures and span enough days."""
        latest = sorted(attempts, key=lambda attempt: attempt.at)[-self.failures :]
        if len(latest) < self.failures or not all(_failed_softly(attempt) for attempt in latest):
            return False
        return (latest[-1].at - latest[0].at).total_seconds() >= self.days * 86_400


def _failed_softly(attempt: Attempt) -> bool:
    classification = attempt.result.classification if attempt.result else None
    return classification is not None and classification.kind is not None and counts_as_soft_failure(classification)


def counts_as_soft_failure(classification: Classification) -> bool:
    """Whether a failure counts for ``SoftFailureRule``: it is soft and not the sender's fault."""
    return classification.kind is Kind.SOFT and classification.fault is not Fault.SENDER
