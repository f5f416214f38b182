"""Related records that may be unreadable."""

from collections.abc import Callable
from typing import TypeVar

from undelivered.domain.errors import UnreadableRecordError

_T = TypeVar("_T")


def readable_or_none(find: Callable[[str, str], _T | None], account_id: str, record_id: str) -> _T | None:
    """Return a record that something else refers to, or None if there is none or it cannot be read."""
    try:
        return find(account_id, record_id)
    except UnreadableRecordError:
        return None
