"""The store of sessions that were ended, on the table Accounts: a row for each user whose tokens may still be valid."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from msgspec import Struct

from undelivered.adapters.dynamodb.documents import get_document, put_document
from undelivered.domain.people import TOKEN_LIFETIME

_CACHE_SECONDS: Final = 30
_CACHED_USERS: Final = 10_000
_MARGIN: Final = timedelta(minutes=5)
"""The leeway with which tokens are accepted, and more: a row that is there longer harms nobody."""


class _EndedSessions(Struct, frozen=True):
    at: datetime


class DynamoEndedSessions:
    """``ports.people.EndedSessions``. Each process reads a user's row at most twice a minute."""

    def __init__(self, ticks: Callable[[], float] = time.monotonic) -> None:
        self._ticks = ticks
        self._cached: dict[tuple[str, str], tuple[float, datetime | None]] = {}

    def end(self, account_id: str, person_id: str, at: datetime) -> None:
        """Write when the sessions of a user ended."""
        purge_at = at + TOKEN_LIFETIME + _MARGIN
        put_document(account_id, _record(person_id), _EndedSessions(at), purge_at=purge_at)

    def ended_at(self, account_id: str, person_id: str) -> datetime | None:
        """Return when the sessions of a user ended, None if they did not; at most half a minute old."""
        key = (account_id, person_id)
        read_at, at = self._cached.get(key, (None, None))
        if read_at is None or self._ticks() - read_at >= _CACHE_SECONDS:
            ended = get_document(account_id, _record(person_id), _EndedSessions)
            at = ended.at if ended else None
            if len(self._cached) >= _CACHED_USERS:
                self._cached.clear()
            self._cached[key] = (self._ticks(), at)
        return at


def _record(person_id: str) -> str:
    return f"sessions-ended~{person_id}"
