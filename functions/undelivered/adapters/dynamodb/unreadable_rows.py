"""Rows that cannot be read, because they were damaged outside of this system.

A list leaves such a row out, so that it stops nothing else, and a read of this row alone raises UnreadableRecordError.
Each read counts the row in the metric ``UnreadableRows`` and logs it by its key, without its content.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import TypeVar

from pynamodb.expressions.condition import Condition

from undelivered.adapters.dynamodb.client import Row, query
from undelivered.adapters.dynamodb.models import Table
from undelivered.domain.errors import UnreadableRecordError
from undelivered.domain.identifiers import recipient_digest
from undelivered.observability import count, logger

_T = TypeVar("_T")

_KEYS = ("account_id", "entry_key", "record", "customer_id")
"""The attributes of keys that may be logged. ``address_key`` has an address and is logged as a digest."""

_LOGGED_LENGTH = 300


def read_one(row: Row, read: Callable[[Row], _T]) -> _T:
    """Return what a row holds; raises UnreadableRecordError."""
    try:
        return read(row)
    except Exception as error:
        report_unreadable(row, type(error).__name__)
        raise UnreadableRecordError("a stored record cannot be read") from error


def read_each(rows: Iterable[Row], read: Callable[[Row], _T]) -> Iterator[_T]:
    """Yield what each row holds, without the rows that cannot be read."""
    for row in rows:
        try:
            value = read_one(row, read)
        except UnreadableRecordError:
            continue
        yield value


def read_first(  # noqa: PLR0913 - the parameters of a query
    read: Callable[[Row], _T],
    limit: int,
    model: type[Table],
    partition: str,
    within: Condition | None,
    *,
    index: str | None = None,
    newest_first: bool = False,
    after: Row | None = None,
) -> list[_T]:
    """Return what the first rows of a partition hold that can be read. Fewer than ``limit`` are all of them."""
    found: list[_T] = []
    while True:
        rows, after = query(
            model, partition, within, index=index, limit=limit - len(found), newest_first=newest_first, after=after
        )
        found += read_each(rows, read)
        if after is None or len(found) == limit:
            return found


def report_unreadable(row: Row, reason: str) -> None:
    """Count a row, and log its key and the reason."""
    count("UnreadableRows")
    key = {name: str(row[name])[:_LOGGED_LENGTH] for name in _KEYS if name in row}
    if "address_key" in row:
        key["address_digest"] = _address_digest(row["address_key"])
    logger.error("row not read", extra={"reason": reason, **key})


def _address_digest(value: object) -> str:
    """Return the digest of the address in an ``address_key``, whatever that is."""
    text = value.get("S") if isinstance(value, dict) else ""
    return recipient_digest(str(text).partition("#")[2])


def stored_moment(text: str) -> datetime:
    """Return the time of a stored ISO 8601 text; raises ValueError if it has no offset."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("the time has no offset")
    return moment
