"""The search index of an account: a compact copy of the texts that a search looks at.

A row of the table Accounts, in a partition of its own (``<account>~search``), is a block: the keys and texts of items
that were sent on one day, compressed. A search reads the blocks of the days in question, newest first, several days at
the same time, and looks for the part of a text in them: about 70 bytes an item instead of the 700 of the item itself.
The block only says which items to read. Whether an item matches is decided on the item.

A block is never changed, except that an erasure takes lines out of it. A text that changes is added again.
"""

import hashlib
import zlib
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta

from msgspec import Struct
from pynamodb.expressions.condition import Condition

from undelivered.adapters.dynamodb.client import (
    ConditionFailedError,
    Row,
    TransactionConflictError,
    delete,
    put,
    put_row,
    query,
    query_all,
    transact_write,
)
from undelivered.adapters.dynamodb.documents import get_document, put_document
from undelivered.adapters.dynamodb.models import AccountModel
from undelivered.adapters.dynamodb.stored_json import storable
from undelivered.adapters.dynamodb.unreadable_rows import read_each
from undelivered.domain.batches import batches
from undelivered.domain.errors import StaleWriteError
from undelivered.domain.item import UndeliveredItem
from undelivered.domain.report_query import searched_texts
from undelivered.services.concurrency import retry_on_conflict
from undelivered.services.in_parallel import in_threads
from undelivered.services.ports import SearchIndexState

_ITEMS_OF_BLOCK = 250
"""The maximum items of a block: about 18 KB, of the 400 KB that a row can have."""

_BYTES_OF_BLOCK = 200_000
"""The texts after which a block ends, uncompressed: hostile texts cannot be compressed."""

_DAYS_AT_ONCE = 4
_BYTES_AT_MOST = 24_000_000
"""The bytes of blocks after which a search ends, to be continued: about 350,000 items, in about a second."""

_STATE = "search"
_LINES = "\x1e"
_FIELDS = "\x1f"
_SEPARATORS = str.maketrans(_LINES + _FIELDS, "  ")


class Found(Struct, frozen=True):
    """The keys of the items that may match between ``floor`` and the part before, newest first.

    ``is_last`` is True if a search ends here, because it has read so much, with more to look at below ``floor``.
    """

    keys: Sequence[str]
    floor: str
    is_last: bool = False


class DynamoSearchIndex:
    """``ports.SearchIndex`` on the table Accounts."""

    def __init__(self, history_days_of: Callable[[str], int]) -> None:
        """Take the days that an account keeps history for: blocks end with it."""
        self._history_days_of = history_days_of

    def state(self, account_id: str) -> SearchIndexState | None:
        """Return from when on the index has all items, or None before it is first built."""
        return get_document(account_id, _STATE, SearchIndexState)

    def save_state(self, account_id: str, state: SearchIndexState) -> None:
        """Write the state."""
        put_document(account_id, _STATE, state)

    def add(self, account_id: str, items: Iterable[UndeliveredItem]) -> None:
        """Add the texts of items. Adding the same items again writes the same blocks."""
        by_day: dict[str, dict[str, str]] = defaultdict(dict)
        for item in items:
            key = item.entry_key
            by_day[_day_of(key)][key] = _FIELDS.join([key, *sorted(set(map(_normal, searched_texts(item))))])
        history = timedelta(days=self._history_days_of(account_id))
        for day, lines in by_day.items():
            ends = datetime.combine(date.fromisoformat(day), time.max, UTC) + history
            for block in _blocks(sorted(lines.values())):
                put_row(AccountModel, _row(account_id, day, block, ends))

    @retry_on_conflict
    def remove(self, account_id: str, entry_keys: Collection[str]) -> None:
        """Take the texts of items out of the index."""
        for day in sorted({_day_of(key) for key in entry_keys}):
            rows = list(query_all(AccountModel, _partition(account_id), _days(day, day), consistent=True))
            for row in rows:
                lines = [text for text in read_each([row], _text_of) for text in text.split(_LINES)]
                kept = [line for line in lines if line.partition(_FIELDS)[0] not in entry_keys]
                if len(kept) < len(lines) or not lines:
                    _replace(row, kept)

    def find(self, account_id: str, search: str, low: str, high: str) -> Iterator[Found]:
        """Yield the keys from ``low`` to below ``high`` of the items that may match, newest first.

        Most accounts are read with one request, as all their blocks have less than the megabyte of a response.
        """
        part = _normal(search)
        partition = _partition(account_id)
        rows, after = query(AccountModel, partition, _days(_day_of(low), _day_of(high)), newest_first=True)
        if after is None:
            yield Found(_matching(rows, part, low, high), low)
            return
        # The last day of the response may go on in the next.
        reached = _day_of(after["record"]["S"])
        whole = [row for row in rows if _day_of(row["record"]["S"]) > reached]
        if whole:
            yield Found(_matching(whole, part, low, high), _start_of(_next(reached)))
        oldest, _ = query(AccountModel, partition, _days(_day_of(low), reached), limit=1)
        read = 0
        days = _falling_days(reached, _day_of(oldest[0]["record"]["S"]) if oldest else reached)
        for group in batches(days, _DAYS_AT_ONCE):
            of_days = in_threads(lambda day: _matches_of_day(partition, day, part, low, high), list(group))
            read += sum(size for _, size in of_days)
            keys = [key for found, _ in of_days for key in found]
            floor = _start_of(group[-1])
            yield Found(keys, floor, is_last=read > _BYTES_AT_MOST and group[-1] != days[-1])


def _matches_of_day(partition: str, day: str, part: str, low: str, high: str) -> tuple[Sequence[str], int]:
    """Return the keys of a day's items that may match, newest first, and how many bytes were read for them."""
    found: set[str] = set()
    size = 0
    for row in query_all(AccountModel, partition, _days(day, day)):
        size += len(row["block"]["B"])
        found.update(_matching([row], part, low, high))
    return sorted(found, reverse=True), size


def _matching(rows: Iterable[Row], part: str, low: str, high: str) -> Sequence[str]:
    """Return the keys from ``low`` to below ``high`` of the items of blocks that may match, newest first."""
    found: set[str] = set()
    for text in read_each(rows, _text_of):
        if part not in text:  # so it is with most blocks
            continue
        for line in text.split(_LINES):
            key, _, texts = line.partition(_FIELDS)
            if part in texts and low <= key < high:
                found.add(key)
    return sorted(found, reverse=True)


def _blocks(lines: Iterable[str]) -> Iterator[Sequence[str]]:
    """Yield the lines in the portions that blocks have."""
    block: list[str] = []
    size = 0
    for line in lines:
        if len(block) == _ITEMS_OF_BLOCK or size > _BYTES_OF_BLOCK:
            yield block
            block, size = [], 0
        block.append(line)
        size += len(line.encode())
    yield block


def _row(account_id: str, day: str, lines: Iterable[str], ends: datetime) -> Row:
    text = storable(_LINES.join(lines))
    return {
        "account_id": {"S": _partition(account_id)},
        "record": {"S": f"{day}~{hashlib.sha256(text.encode()).hexdigest()[:16]}"},
        "block": {"B": zlib.compress(text.encode())},
        "version": {"N": "1"},
        "purge_at": {"N": str(int(ends.timestamp()))},
    }


def _replace(row: Row, lines: Sequence[str]) -> None:
    """Write a block with fewer lines, or delete it if none is left; raises StaleWriteError."""
    version = int(row["version"]["N"])
    if lines:
        block = {"B": zlib.compress(_LINES.join(lines).encode())}
        action = put(AccountModel, {**row, "block": block, "version": {"N": str(version + 1)}}, over_version=version)
    else:
        action = delete(AccountModel, {name: row[name] for name in ("account_id", "record")}, version=version)
    try:
        transact_write([action])
    except (ConditionFailedError, TransactionConflictError) as error:
        raise StaleWriteError("another write came first") from error


def _text_of(row: Mapping[str, Mapping[str, bytes]]) -> str:
    return zlib.decompress(row["block"]["B"]).decode()


def _normal(text: str) -> str:
    """Return a text without case and without the characters that separate texts in a block."""
    return storable(text.casefold()).translate(_SEPARATORS)


def _partition(account_id: str) -> str:
    return f"{account_id}~search"


def _day_of(key: str) -> str:
    """Return the day of an item's key or of a block's."""
    return key[:10]


def _days(first: str, last: str) -> Condition:
    return AccountModel.record.between(first, f"{last}~~")


def _start_of(day: str) -> str:
    """Return the lower bound of the keys of a day."""
    return f"{day}T00:00:00Z"


def _next(day: str) -> str:
    return (date.fromisoformat(day) + timedelta(days=1)).isoformat()


def _falling_days(last: str, first: str) -> Sequence[str]:
    newest, oldest = date.fromisoformat(last), date.fromisoformat(first)
    return [(newest - timedelta(days=before)).isoformat() for before in range((newest - oldest).days + 1)]
