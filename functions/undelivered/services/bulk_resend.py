"""Resend many items at once, and report the progress."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from uuid import uuid4

from msgspec import Struct

from undelivered.domain.batches import batches
from undelivered.domain.errors import NotFoundError, RefusedError
from undelivered.domain.feedback import Outcome
from undelivered.domain.item import UndeliveredItem
from undelivered.services.ports import ResendBatch, ResendBatchStore, UndeliveredStore
from undelivered.services.request_resend import RequestResend

BULK_LIMIT = 1_000
"""The maximum number of items in a request."""

NOT_FOUND = "not_found"
NOT_FOUND_DETAIL = "The item was not found."

_CHUNK = 100
"""The number of items that are read and written together."""

_WORKERS = 4
"""The number of chunks at the same time. More would conflict on the same counters."""


class BulkRefusal(Struct, frozen=True):
    """Why an item of a batch was not resent."""

    entry_key: str
    code: str
    detail: str


class BatchProgress(Struct, frozen=True):
    """The progress of a batch. ``total`` is the sum of the other four."""

    total: int
    resending: int
    resolved: int
    returned: int
    refused: int


class BulkResend(Struct, frozen=True):
    """The use case behind a resend of selected items, or of all items that match a filter."""

    request_resend: RequestResend
    undelivered: UndeliveredStore
    batches: ResendBatchStore
    clock: Callable[[], datetime]

    def __call__(
        self, account_id: str, entry_keys: Sequence[str], *, by: str, note: str = ""
    ) -> tuple[ResendBatch, Sequence[BulkRefusal]]:
        """Start a resend of each item for which the rules allow it; return the batch, and the refusals."""
        keys = list(dict.fromkeys(entry_keys))

        def start(chunk: Sequence[str]) -> Sequence[UndeliveredItem | BulkRefusal]:
            results = self.request_resend.many(account_id, chunk, by=by, note=note)
            return [_item_or_refusal(key, result) for key, result in zip(chunk, results, strict=True)]

        with ThreadPoolExecutor(_WORKERS) as workers:
            results = [result for chunk in workers.map(start, batches(keys, _CHUNK)) for result in chunk]
        started = tuple(
            (result.entry_key, result.last_attempt.number) for result in results if isinstance(result, UndeliveredItem)
        )
        refused = [result for result in results if isinstance(result, BulkRefusal)]
        batch = ResendBatch(account_id, uuid4().hex, self.clock(), by, started, len(refused))
        self.batches.save(batch)
        return batch, refused

    def preview(self, account_id: str, entry_keys: Sequence[str]) -> tuple[int, Sequence[BulkRefusal]]:
        """Return how many items ``__call__`` would resend now, and the refusals. Nothing is written."""
        keys = list(dict.fromkeys(entry_keys))

        def check(chunk: Sequence[str]) -> Sequence[BulkRefusal | None]:
            errors = self.request_resend.preview(account_id, chunk)
            return [_refusal(key, error) if error else None for key, error in zip(chunk, errors, strict=True)]

        with ThreadPoolExecutor(_WORKERS) as workers:
            results = [result for chunk in workers.map(check, batches(keys, _CHUNK)) for result in chunk]
        refused = [result for result in results if result]
        return len(results) - len(refused), refused

    def progress(self, account_id: str, batch_id: str) -> BatchProgress:
        """Return the progress of a batch; raises NotFoundError."""
        batch = self.batches.find(account_id, batch_id)
        if batch is None:
            raise NotFoundError("batch not found")
        numbers = dict(batch.started)
        items = {item.entry_key: item for item in self.undelivered.find_many(account_id, list(numbers))}
        outcomes = [_outcome(items.get(key), number) for key, number in numbers.items()]
        resolved = sum(Outcome.UNCONFIRMED <= outcome < Outcome.FAILED for outcome in outcomes)
        returned = sum(outcome >= Outcome.FAILED or outcome is Outcome.NOT_SENT for outcome in outcomes)
        return BatchProgress(
            total=len(numbers) + batch.refused,
            resending=len(outcomes) - resolved - returned,
            resolved=resolved,
            returned=returned,
            refused=batch.refused,
        )


def _item_or_refusal(key: str, result: UndeliveredItem | RefusedError | NotFoundError) -> UndeliveredItem | BulkRefusal:
    return result if isinstance(result, UndeliveredItem) else _refusal(key, result)


def _refusal(key: str, error: RefusedError | NotFoundError) -> BulkRefusal:
    if isinstance(error, RefusedError):
        return BulkRefusal(key, error.code, error.detail)
    return BulkRefusal(key, NOT_FOUND, NOT_FOUND_DETAIL)


def _outcome(item: UndeliveredItem | None, number: int) -> Outcome:
    attempts = item.attempts if item else ()
    return next((attempt.outcome for attempt in attempts if attempt.number == number), Outcome.PENDING)
