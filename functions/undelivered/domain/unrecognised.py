"""Failures without a known reason: how they are counted by shape, and the reasons that an account gives them."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

from msgspec import Struct

from undelivered.domain.diagnostic_shape import diagnostic_shape, shape_id
from undelivered.domain.item import Audit
from undelivered.domain.taxonomy import CLASSIFICATIONS, Classification, Fault, Kind, Reason, Status, classification_of

MAPPABLE_REASONS: Final = frozenset(
    reason
    for reason, classification in CLASSIFICATIONS.items()
    if classification.status in {Status.BOUNCED, Status.INVALID} and reason is not Reason.UNDETERMINED
)
"""The reasons that a diagnostic can give."""

SHAPES_PER_DAY: Final = 50
"""How many shapes of a day are kept, at most 20 KB. When there are more, the least frequent are dropped."""

RECEIVERS_PER_SHAPE: Final = 5
"""How many domains of a shape are kept for a day: the most frequent."""


class ShapeCount(Struct, frozen=True):
    """How many failures had a shape, the domains of their recipients, and when the first and last happened."""

    count: int
    receivers: Mapping[str, int]
    first_seen: datetime
    last_seen: datetime


class ShapeMapping(Struct, frozen=True):
    """The reason that an account gives failures with a shape, or None after the mapping was removed."""

    account_id: str
    shape: str
    reason: Reason | None = None
    audit: tuple[Audit, ...] = ()
    version: int = 0

    @property
    def shape_id(self) -> str:
        """The ID of the shape."""
        return shape_id(self.shape)


def unrecognised_shape(classification: Classification | None, diagnostic: str, recipient: str) -> str:
    """Return the shape of a diagnostic without a known reason, or an empty text if the reason is known."""
    if classification is None or classification.reason is not Reason.UNDETERMINED:
        return ""
    return diagnostic_shape(diagnostic, recipient)


def mapped_classification(reason: Reason, shape: str, kind: Kind | None) -> Classification:
    """Return the classification of a failure whose shape an account maps to a reason.

    ``kind`` is the kind that SES reported. As with known reasons, it stays if the fault is the sender's.
    """
    is_ours = classification_of(reason).fault is Fault.SENDER
    return classification_of(reason, kind if is_ours else None, rule=f"account:{shape_id(shape)}")


def with_failure(counts: Mapping[str, ShapeCount], shape: str, receiver: str, at: datetime) -> dict[str, ShapeCount]:
    """Return a day's counts by shape after one more failure. ``receiver`` is a domain or empty.

    The shape of this failure is always kept, so that a new shape can become frequent.
    """
    new = ShapeCount(1, {receiver: 1} if receiver else {}, at, at)
    known = counts.get(shape)
    others = {other: count for other, count in counts.items() if other != shape}
    merged = _cut(_merged(known, new) if known else new, receiver)
    return {shape: merged, **dict(ranked(others)[: SHAPES_PER_DAY - 1])}


def total_counts(days: Iterable[Mapping[str, ShapeCount]]) -> dict[str, ShapeCount]:
    """Return the counts by shape of several days."""
    totals: dict[str, ShapeCount] = {}
    for counts in days:
        for shape, count in counts.items():
            known = totals.get(shape)
            totals[shape] = _merged(known, count) if known else count
    return totals


def ranked(counts: Mapping[str, ShapeCount]) -> list[tuple[str, ShapeCount]]:
    """Return counts by shape, the most frequent first."""
    return sorted(counts.items(), key=lambda pair: (-pair[1].count, pair[0]))


def ranked_receivers(receivers: Mapping[str, int]) -> list[tuple[str, int]]:
    """Return domains with their counts, the most frequent first."""
    return sorted(receivers.items(), key=lambda pair: (-pair[1], pair[0]))


def _merged(first: ShapeCount, second: ShapeCount) -> ShapeCount:
    return ShapeCount(
        first.count + second.count,
        Counter(first.receivers) + Counter(second.receivers),
        min(first.first_seen, second.first_seen),
        max(first.last_seen, second.last_seen),
    )


def _cut(count: ShapeCount, receiver: str) -> ShapeCount:
    """Return a count with the most frequent domains and the domain of the latest failure."""
    if len(count.receivers) <= RECEIVERS_PER_SHAPE:
        return count
    others = [pair for pair in ranked_receivers(count.receivers) if pair[0] != receiver][: RECEIVERS_PER_SHAPE - 1]
    receivers = {**dict(others), receiver: count.receivers[receiver]}
    return ShapeCount(count.count, receivers, count.first_seen, count.last_seen)
