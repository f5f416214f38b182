"""The stores of failures without a known reason and of the mappings of their shapes, on DynamoDB."""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime
from typing import Final

from msgspec import Struct, field
from msgspec.structs import replace

from undelivered.adapters.dynamodb.documents import documents_of, get_document, save_document
from undelivered.domain.errors import UnreadableRecordError
from undelivered.domain.item import REPORT_WINDOW
from undelivered.domain.taxonomy import Reason
from undelivered.domain.unrecognised import ShapeCount, ShapeMapping, total_counts, with_failure
from undelivered.services.concurrency import retry_on_conflict

_CACHE_SECONDS: Final = 60
_CACHED_SHAPES: Final = 1_000


class _Day(Struct, frozen=True):
    """The counts of a day."""

    day: date
    counts: Mapping[str, ShapeCount] = field(default_factory=dict)
    version: int = 0


class DynamoUnrecognisedStore:
    """``ports.UnrecognisedStore`` on the table Accounts: a document for each day, kept as long as it is shown."""

    @retry_on_conflict
    def record(self, account_id: str, shape: str, receiver: str, at: datetime) -> None:
        """Count a failure."""
        day = at.astimezone(UTC).date()
        stored = get_document(account_id, _day_record(day), _Day) or _Day(day)
        counted = replace(stored, counts=with_failure(stored.counts, shape, receiver, at), version=stored.version + 1)
        end_of_day = datetime.combine(day, datetime.max.time(), UTC)
        save_document(
            account_id,
            _day_record(day),
            counted,
            over_version=stored.version,
            purge_at=end_of_day + REPORT_WINDOW,
        )

    def counts(self, account_id: str, first: date) -> Mapping[str, ShapeCount]:
        """Return the counts by shape since a day."""
        days = documents_of(account_id, "unrecognised~", _Day)
        return total_counts(day.counts for day in days if day.day >= first)


class DynamoShapeMappingStore:
    """``ports.ShapeMappingStore`` on the table Accounts."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._cached: dict[tuple[str, str], tuple[float, Reason | None]] = {}

    def reason_of(self, account_id: str, shape_id: str) -> Reason | None:
        """Return the reason that a shape is mapped to, at most a minute old."""
        key = (account_id, shape_id)
        read_at, reason = self._cached.get(key, (None, None))
        if read_at is None or self._clock() - read_at > _CACHE_SECONDS:
            reason = None
            with suppress(UnreadableRecordError):  # the failure then has no known reason, as without a mapping
                mapping = self.find(account_id, shape_id)
                reason = mapping.reason if mapping else None
            if len(self._cached) >= _CACHED_SHAPES:
                self._cached.clear()
            self._cached[key] = (self._clock(), reason)
        return reason

    def find(self, account_id: str, shape_id: str) -> ShapeMapping | None:
        """Return the mapping of a shape, also if it was removed."""
        return get_document(account_id, _mapping_record(shape_id), ShapeMapping)

    def find_all(self, account_id: str) -> Sequence[ShapeMapping]:
        """Return all mappings of an account, including those that were removed."""
        return list(documents_of(account_id, _mapping_record(""), ShapeMapping))

    def save(self, mapping: ShapeMapping) -> ShapeMapping:
        """Write a mapping over the version read; raises StaleWriteError."""
        saved = replace(mapping, version=mapping.version + 1)
        save_document(mapping.account_id, _mapping_record(mapping.shape_id), saved, over_version=mapping.version)
        self._cached.pop((mapping.account_id, mapping.shape_id), None)
        return saved


def _day_record(day: date) -> str:
    return f"unrecognised~{day.isoformat()}"


def _mapping_record(shape_id: str) -> str:
    return f"diagnostic~{shape_id}"
