"""Changes of the counters near the edge of the thirty days, and what is noted ahead there; see ``edge``."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from itertools import groupby

from msgspec.structs import replace

from undelivered.adapters.dynamodb import edge
from undelivered.adapters.dynamodb.client import (
    Action,
    ConditionFailedError,
    TransactionConflictError,
    query_all,
    write,
)
from undelivered.adapters.dynamodb.item_rows import item_of
from undelivered.adapters.dynamodb.models import UndeliveredModel
from undelivered.domain.failure_counts import count_change
from undelivered.domain.identifiers import timestamp
from undelivered.domain.item import UndeliveredItem

Leaving = tuple[int, Counter[str]]
"""At which second an item leaves, and how the live counters change by it."""


def change_at_edge(account_id: str, day: date, changes: Sequence[Leaving], now: int) -> Action | None:
    """Return the action that changes what a day counts near its edge, None when all of it has left the count."""
    known = edge.read_edge(account_id, day)
    due, counted = Counter(known.due), Counter[str]()
    for leaves, live in changes:
        for name, number in live.items():
            if not known.holds(leaves):
                counted[name] += number
            elif leaves > now:
                due[leaves, name] += number
    counted = Counter({name: number for name, number in counted.items() if number})
    if not counted and due == known.due:
        return None
    return edge.write_edge(account_id, day, known, replace(known, due=due), counted)


def note_leaving(account_id: str, now: int) -> None:
    """Note which items leave next, so that counting them needs no look at them."""
    seconds = now, now + edge.AHEAD_SECONDS
    for day in dict.fromkeys(datetime.fromtimestamp(second - edge.WINDOW_SECONDS, UTC).date() for second in seconds):
        _note_day(account_id, day, now)


def _note_day(account_id: str, day: date, now: int) -> None:
    last = edge.first_leaving(day + timedelta(days=1)) - 1
    known = edge.read_edge(account_id, day)
    if known.until >= min(now + edge.RENEWED_SECONDS, last):
        return
    start = known.after(now)
    if known.until < now:
        # Nothing was noted ahead for a while. What left meanwhile has to be gone before it can be passed over.
        if next(_items(account_id, known.until, now), None):
            return
        start = replace(start, until=now, gaps=(*start.gaps, (known.until, now)))
    noted, counted = _with_next(account_id, start, min(now + edge.AHEAD_SECONDS, last))
    if noted.until == known.until:
        return
    # Who wrote at the edge meanwhile goes first; the next sweep notes.
    with suppress(ConditionFailedError, TransactionConflictError):
        write([edge.write_edge(account_id, day, known, noted, counted)])


def _with_next(account_id: str, start: edge.Edge, until: int) -> tuple[edge.Edge, Counter[str]]:
    """Return an edge with those noted that leave next, as many as fit, and how the day's counters change by it."""
    due, counted = Counter(start.due), Counter[str]()
    length, before = edge.length_of(start), start.until
    for leaves, items in groupby(_items(account_id, start.until, until), lambda item: edge.leaves(item.entry_key)):
        live = Counter[str]()
        for item in items:
            live.update(count_change(None, item).live)
        length += len(edge.note_of_second(leaves - before, live)) + 1
        if length > edge.NOTE_AT_MOST:
            return replace(start, due=due, until=leaves - 1), counted
        due.update({(leaves, code): number for code, number in live.items()})
        counted.subtract(live)
        before = leaves
    return replace(start, due=due, until=until), counted


def _items(account_id: str, after: int, until: int) -> Iterator[UndeliveredItem]:
    """Yield the items that leave after a second, up to another, in that order, as they are now."""
    low, high = (timestamp(datetime.fromtimestamp(second + 1 - edge.WINDOW_SECONDS, UTC)) for second in (after, until))
    if low < high:
        rows = query_all(UndeliveredModel, account_id, UndeliveredModel.entry_key.between(low, high), consistent=True)
        yield from map(item_of, rows)
