"""The edge of the thirty days: how items leave the count by the second, though they are swept by the minute.

Some minutes ahead, ``cleanup`` takes the items that are about to leave out of their day's live counter and notes, in
the same row and the same write, how many of them leave at which second. A count adds those whose second has not come.
So it reads nothing but counters, and is exact at every moment, however many items leave at once.

Whoever changes an item near the edge has to know on which side of the note it is: he writes the row only as
he read it (``n`` counts the writes). Far from the edge nobody needs to look.
"""

import re
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, date, datetime, time

from msgspec import Struct, field
from msgspec.structs import replace

from undelivered.adapters.dynamodb import counter_names
from undelivered.adapters.dynamodb.client import Action, Row, get
from undelivered.adapters.dynamodb.models import CountsModel
from undelivered.domain.item import REPORT_WINDOW

NEAR_SECONDS = 1_800
"""From how long before its end on an item is near the edge: well above what is noted ahead, for late writers."""

AHEAD_SECONDS = 360
"""How far ahead items are noted."""

RENEWED_SECONDS = 180
"""With less than this noted ahead, more is noted."""

NOTE_AT_MOST = 1_900
"""How many bytes of a row the note of what leaves may take: with all other counters it is 8 KB still."""

_NOTE = "x"
_WRITES = "n"
WINDOW_SECONDS = int(REPORT_WINDOW.total_seconds())
_SECOND = re.compile(r"(\d+)([^,]+)")
_PART = re.compile(r"([a-zA-Z])(-?\d*)")


def leaves(entry_key: str) -> int:
    """Return the second (of the epoch) at which the item of a key leaves the report."""
    return int(datetime.fromisoformat(entry_key.partition("~")[0]).timestamp()) + WINDOW_SECONDS


def first_leaving(day: date) -> int:
    """Return the second at which the first items sent on a day (in UTC) leave."""
    return int(datetime.combine(day, time(), UTC).timestamp()) + WINDOW_SECONDS


class Edge(Struct, frozen=True):
    """What a day's first row says of those that leave.

    Items that leave at or before ``until`` are noted, those in a gap (above its first second, up to its last) are not:
    they left while nothing was noted ahead, and are taken off the counter by who removes them. ``due`` is how many
    leave at a second, by ``live_code`` or as ``RESENDING``; ``writes`` is None for a row that nobody near the edge has
    written.
    """

    until: int
    gaps: tuple[tuple[int, int], ...] = ()
    due: Counter[tuple[int, str]] = field(default_factory=Counter)
    writes: int | None = None

    def holds(self, second: int) -> bool:
        """Whether an item that leaves at a second was taken out of the counter."""
        return second <= self.until and not any(low < second <= high for low, high in self.gaps)

    def live(self, now: int) -> Counter[str]:
        """Return how many of those noted are still on the report."""
        told = Counter[str]()
        for (second, name), number in self.due.items():
            if second > now:
                told[name] += number
        return told

    def after(self, now: int) -> "Edge":
        """Return the edge without what has left by now."""
        return replace(self, due=Counter({key: number for key, number in self.due.items() if key[0] > now and number}))


def edge_of(row: Row | None, day: date) -> Edge:
    """Return the edge that a day's first row holds."""
    writes = int(row[_WRITES]["N"]) if row and _WRITES in row else None
    if not row or _NOTE not in row:
        return Edge(first_leaving(day) - 1, writes=writes)
    until, gaps, base, due = row[_NOTE]["S"].split("|")
    return Edge(
        int(until),
        tuple((int(low), int(high)) for low, high in (gap.split("-") for gap in gaps.split(",") if gap)),
        _due_of(due, int(base)),
        writes,
    )


def _due_of(text: str, base: int) -> Counter[tuple[int, str]]:
    due = Counter[tuple[int, str]]()
    second = base
    for after, numbers in _SECOND.findall(text):
        second += int(after)
        for name, number in _PART.findall(numbers):
            due[second, counter_names.LIVE_BY_NAME[name]] = int(number or 1)
    return due


def note_of_second(after: int, numbers: Mapping[str, int]) -> str:
    """Return the note of those that leave at a second, so many seconds after the one noted before."""
    named = counter_names.live(numbers)
    return str(after) + "".join(f"{name}{number if number != 1 else ''}" for name, number in sorted(named.items()))


def _to_text(edge: Edge) -> str:
    by_second: dict[int, dict[str, int]] = {}
    for (second, code), number in sorted(edge.due.items()):
        if number:
            by_second.setdefault(second, {})[code] = number
    base = second_before = min(by_second, default=0)
    notes = []
    for second, numbers in by_second.items():
        notes.append(note_of_second(second - second_before, numbers))
        second_before = second
    gaps = ",".join(f"{low}-{high}" for low, high in edge.gaps)
    return f"{edge.until}|{gaps}|{base}|{','.join(notes)}"


def length_of(edge: Edge) -> int:
    """Return how many bytes the note of an edge takes."""
    return len(_to_text(edge))


def key_of_first(account_id: str, day: date) -> Row:
    """Return the key of the row of a day's live items that holds the edge."""
    return {"account_id": {"S": account_id}, "bucket": {"S": f"L~{day.isoformat()}~0"}}


def read_edge(account_id: str, day: date) -> Edge:
    """Return a day's edge as it is now."""
    return edge_of(get(CountsModel, account_id, f"L~{day.isoformat()}~0"), day)


def write_edge(account_id: str, day: date, read: Edge, noted: Edge, counted: Mapping[str, int]) -> Action:
    """Return the action that notes an edge and adds to the day's counters, if nobody wrote since it was read.

    What is added is by ``live_code``, and under ``RESENDING`` those being resent.
    """
    names = {"#n": _WRITES, "#x": _NOTE}
    values = {":next": {"N": str((read.writes or 0) + 1)}, ":x": {"S": _to_text(noted)}}
    terms = []
    for place, (name, number) in enumerate(counter_names.live(counted).items()):
        names[f"#{place}"] = name
        values[f":{place}"] = {"N": str(number)}
        terms.append(f"#{place} :{place}")
    condition = "attribute_not_exists(#n)"
    if read.writes is not None:
        condition = "#n = :read"
        values[":read"] = {"N": str(read.writes)}
    return {
        "Update": {
            "TableName": CountsModel.Meta.table_name,
            "Key": key_of_first(account_id, day),
            "UpdateExpression": "SET #n = :next, #x = :x" + (f" ADD {','.join(terms)}" if terms else ""),
            "ConditionExpression": condition,
            "ExpressionAttributeNames": names,
            "ExpressionAttributeValues": values,
        }
    }
