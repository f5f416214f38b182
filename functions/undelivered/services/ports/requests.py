"""Ports of requests to the API: idempotency keys, batches of resends, and the numbers of requests."""

from datetime import datetime
from typing import Protocol

from msgspec import Struct


class IdempotencyRecord(Struct, frozen=True):
    """A request with its idempotency key.

    ``fingerprint`` identifies it; ``done`` is set when it is accepted. ``attempt`` is the number of the attempt that
    it started, and 0 until then.
    """

    account_id: str
    key: str
    fingerprint: str
    done: bool
    forget_at: datetime
    attempt: int = 0


class IdempotencyStore(Protocol):
    """Idempotency keys."""

    def find(self, account_id: str, key: str) -> IdempotencyRecord | None:
        """Return the request with a key, with a consistent read."""

    def save(self, record: IdempotencyRecord) -> None:
        """Write a request."""


class RequestCountStore(Protocol):
    """How much work of a kind each account has asked for in a minute."""

    def add(self, account_id: str, work: str, start: datetime, number: int, limit: int) -> bool:
        """Add ``number`` to the count of the minute from ``start``, unless the count would be above ``limit``.

        Return whether it was added. The first addition in a minute always is, so that a request that is larger than
        the limit can succeed.
        """


class ResendBatch(Struct, frozen=True):
    """A bulk resend. ``started`` holds the entry key and the attempt number of each resend that was started."""

    account_id: str
    batch_id: str
    at: datetime
    by: str
    started: tuple[tuple[str, int], ...]
    refused: int


class ResendBatchStore(Protocol):
    """Bulk resends, for as long as their progress can be requested."""

    def save(self, batch: ResendBatch) -> None:
        """Write a batch."""

    def find(self, account_id: str, batch_id: str) -> ResendBatch | None:
        """Return a batch, or None if it is unknown or has expired."""
