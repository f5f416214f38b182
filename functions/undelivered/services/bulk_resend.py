"""Resend many items at once, each by its own ruling, and tell how far they have got."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from uuid import uuid4

from msgspec import Struct

from undelivered.domain.errors import NotFoundError, RefusedError
from undelivered.domain.feedback import Outcome
from undelivered.domain.item import UndeliveredItem
from undelivered.services.ports import ResendBatch, ResendBatchStore, UndeliveredStore
from undelivered.services.request_resend import RequestResend

BULK_LIMIT = 1_000
"""Items that one call may name."""

_AT_ONCE = 100
"""Items whose reads and writes are put together."""

_WORKERS = 4
"""Such groups side by side: they mostly wait, but they write to the same counters."""


class BulkRefusal(Struct, frozen=True):
    """Why one item of a batch was not resent."""

    entry_key: str
    code: str
    detail: str


class BatchProgress(Struct, frozen=True):
    """How far a batch has got; every item is in exactly one of the four."""

    total: int
    resending: int
    resolved: int
    returned: int
    refused: int


class BulkResend(Struct, frozen=True):
    """The use case behind a resend of a selection or of all that a filter shows."""

    request_resend: RequestResend
    undelivered: UndeliveredStore
    batches: ResendBatchStore
    clock: Callable[[], datetime]

    def __call__(
        self, account_id: str, entry_keys: Sequence[str], *, by: str, note: str = ""
    ) -> tuple[ResendBatch, Sequence[BulkRefusal]]:
        """Start a resend of each item that the rules allow; return the batch, and why the others are refused."""
        keys = list(dict.fromkeys(entry_keys))

        def start(some: Sequence[str]) -> Sequence[UndeliveredItem | BulkRefusal]:
            answers = self.request_resend.many(account_id, some, by=by, note=note)
            return [_refusal_or_item(key, answer) for key, answer in zip(some, answers, strict=True)]

        chunks = [keys[first : first + _AT_ONCE] for first in range(0, len(keys), _AT_ONCE)]
        with ThreadPoolExecutor(_WORKERS) as workers:
            answers = [answer for some in workers.map(start, chunks) for answer in some]
        started = tuple(
            (answer.entry_key, answer.last_attempt.number) for answer in answers if isinstance(answer, UndeliveredItem)
        )
        refused = [answer for answer in answers if isinstance(answer, BulkRefusal)]
        batch = ResendBatch(account_id, uuid4().hex, self.clock(), by, started, len(refused))
        self.batches.save(batch)
        return batch, refused

    def progress(self, account_id: str, batch_id: str) -> BatchProgress:
        """Return how far a batch has got; raises NotFoundError."""
        batch = self.batches.find(account_id, batch_id)
        if batch is None:
            raise NotFoundError("batch not found")
        numbers = dict(batch.started)
        items = {item.entry_key: item for item in self.undelivered.find_many(account_id, list(numbers))}
        outcomes = [_outcome(items.get(key), number) for key, number in numbers.items()]
        resolved = sum(Outcome.UNCONFIRMED <= outcome < Outcome.FAILED for outcome in outcomes)
        returned = sum(outcome >= Outcome.FAILED for outcome in outcomes)
        return BatchProgress(
            total=len(numbers) + batch.refused,
            resending=len(outcomes) - resolved - returned,
            resolved=resolved,
            returned=returned,
            refused=batch.refused,
        )


def _refusal_or_item(key: str, answer: UndeliveredItem | RefusedError | NotFoundError) -> UndeliveredItem | BulkRefusal:
    match answer:
        case RefusedError():
            return BulkRefusal(key, answer.code, answer.detail)
        case NotFoundError():
            return BulkRefusal(key, "not_found", "The item was not found.")
        case _:
            return answer


def _outcome(item: UndeliveredItem | None, number: int) -> Outcome:
    attempts = item.attempts if item else ()
    return next((attempt.outcome for attempt in attempts if attempt.number == number), Outcome.PENDING)
