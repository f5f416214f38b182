"""Ports of failures without a known reason: their counts by shape, and the reasons that accounts map shapes to."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Protocol

from undelivered.domain.taxonomy import Reason
from undelivered.domain.unrecognised import ShapeCount, ShapeMapping


class UnrecognisedStore(Protocol):
    """Counts of failures without a known reason, by day (UTC) and shape. A day has the most frequent shapes only."""

    def record(self, account_id: str, shape: str, receiver: str, at: datetime) -> None:
        """Count a failure. ``receiver`` is the domain of the recipient or empty."""

    def counts(self, account_id: str, first: date) -> Mapping[str, ShapeCount]:
        """Return the counts by shape since a day."""


class ShapeMappingStore(Protocol):
    """The reasons that accounts map shapes to."""

    def reason_of(self, account_id: str, shape_id: str) -> Reason | None:
        """Return the reason that a shape is mapped to, or None; a change may be seen a minute late."""

    def find(self, account_id: str, shape_id: str) -> ShapeMapping | None:
        """Return the mapping of a shape, also if it was removed (a consistent read)."""

    def find_all(self, account_id: str) -> Sequence[ShapeMapping]:
        """Return all mappings of an account, including those that were removed."""

    def save(self, mapping: ShapeMapping) -> ShapeMapping:
        """Write a mapping over the version read, and return it as stored; raises StaleWriteError."""
