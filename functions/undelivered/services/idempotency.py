"""Requests that may be repeated: a caller names one by a key of its own, and it is carried out once."""

from datetime import datetime
from typing import Protocol

from msgspec import Struct


class IdempotencyRecord(Struct, frozen=True):
    """A key that a caller chose for a request. ``fingerprint`` says which request, ``done`` that it was accepted."""

    account_id: str
    key: str
    fingerprint: str
    done: bool
    forget_at: datetime


class IdempotencyStore(Protocol):
    """Keys of requests that may be repeated."""

    def find(self, account_id: str, key: str) -> IdempotencyRecord | None:
        """Return what is known of a key (a consistent read)."""

    def save(self, record: IdempotencyRecord) -> None:
        """Write what is known of a key."""
