"""The counters of a day: rows of a few bytes, written in the same transactions as the items they count.

``L~<day>~<shard>`` holds live items by ``live_code``, and under ``r`` those being resent; ``T~<day>~<shard>`` all that
failed by ``<class code>.<reason>``, and how many of those arrived in the end by ``h<resolution bucket>``. The day of
``T`` is the item's day of sending in the account's time zone, as the trend shows it; that of ``L`` is the day in UTC,
since the report's thirty days know no time zone and an account may change its own. The sum over the shards counts;
a busy account's writers spread over them so as not to wait for each other. The first shard of a day says too which of
its items are about to leave, see ``edge``.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from functools import cache

from msgspec import Struct
from pynamodb.expressions.condition import Condition

from undelivered.adapters.dynamodb.edge import Edge, edge_of
from undelivered.adapters.dynamodb.mapping import Facts
from undelivered.adapters.dynamodb.models import CountsModel
from undelivered.adapters.dynamodb.requests import Action, Row, add, query_all
from undelivered.domain.notification import LIVE_STATES, State
from undelivered.domain.reporting import CLASS_BY_LIVE_CODE, RESENDING, CountChange, FailureClass, LiveCount

SHARDS = 4
"""How many rows a day's counters may spread over; each adds to what a count reads."""

_RESENDING = "r"
_RESOLVED = "h"
_DATE_LENGTH = len("2026-11-23")
_KEYS = frozenset({"account_id", "bucket"})

LIVE_NAMES = (*CLASS_BY_LIVE_CODE, _RESENDING)
"""Every attribute that a row of live items can have."""

DayChanges = Mapping[date, CountChange]


def count_new(entries: Iterable[tuple[date, Facts]]) -> DayChanges:
    """Return how the counters change by new items with their days in the account's time zone.

    This is ``reporting.count_change`` for many at once.
    """
    changes: dict[date, CountChange] = defaultdict(CountChange)
    for day, facts in entries:
        changes[day].failed[f"{facts.code}.{facts.reason.value}"] += 1
        if facts.state in LIVE_STATES:
            live = changes[live_day(facts.entry_key)].live
            live[facts.live_code] += 1
            if facts.state is State.RESENDING:
                live[RESENDING] += 1
    return changes


def live_day(entry_key: str) -> date:
    """Return the day whose counter of live items an item is in."""
    return _day_of(entry_key[:_DATE_LENGTH])


@cache
def _day_of(text: str) -> date:
    return date.fromisoformat(text)


def live_names(live: Mapping[str, int]) -> dict[str, int]:
    """Return a change of live items by the counters' own names."""
    return {_RESENDING if name == RESENDING else name: number for name, number in live.items() if number}


def additions(account_id: str, changes: DayChanges, shard: int) -> list[Action]:
    """Return the actions that carry the changes out, at most two for each day."""
    actions = []
    for day, change in changes.items():
        if change.live:
            actions.append(add(CountsModel, _key(account_id, f"L~{day.isoformat()}~{shard}"), live_names(change.live)))
        if names := failed_names(change):
            actions.append(add(CountsModel, _key(account_id, f"T~{day.isoformat()}~{shard}"), names))
    return actions


def failed_names(change: CountChange) -> dict[str, int]:
    """Return a change of what failed, and of what of it was resolved, by the counters' own names."""
    return {**change.failed, **{f"{_RESOLVED}{bucket}": number for bucket, number in change.resolved.items()}}


def resolved_of(names: Mapping[str, int]) -> Counter[int]:
    """Return what ``failed_by_day`` tells of what was resolved, by bucket."""
    return Counter({int(name[1:]): number for name, number in names.items() if number and "." not in name})


def _key(account_id: str, bucket: str) -> Row:
    return {"account_id": {"S": account_id}, "bucket": {"S": bucket}}


class LiveDay(Struct, frozen=True):
    """What the counters of a day say: of its items far from the edge, and of its edge."""

    counted: Counter[str]
    edge: Edge

    def live(self, now: int) -> LiveCount:
        """Return what of the day is live at a second of the epoch, as far as it is noted."""
        names = self.by_code(now)
        resending = names.pop(_RESENDING, 0)
        by_class = Counter[FailureClass]()
        for code, number in names.items():
            by_class[CLASS_BY_LIVE_CODE[code]] += number
        return LiveCount(by_class, resending)

    def by_code(self, now: int) -> Counter[str]:
        """Return the same by the counters' own names."""
        names = Counter(self.counted)
        names.update(self.edge.live(now))
        return names


def live_by_day(
    account_id: str, first: date, last: date = date.max, *, consistent: bool = True
) -> Mapping[date, LiveDay]:
    """Return what the counters of each day (in UTC) of a span say of live items: a read of a few kilobytes."""
    days: dict[date, LiveDay] = {}
    for row in query_all(CountsModel, account_id, live_rows(first, last), consistent=consistent):
        _, text, shard = row["bucket"]["S"].split("~")
        day = date.fromisoformat(text)
        known = days.get(day)
        if known is None:
            known = days[day] = LiveDay(Counter(), edge_of(row if shard == "0" else None, day))
        for name in LIVE_NAMES:
            if name in row:
                known.counted[name] += int(row[name]["N"])
    return days


def failed_by_day(account_id: str, first: date, last: date, *, consistent: bool = False) -> Mapping[date, Counter[str]]:
    """Return all that failed on each day that has any, by ``<class code>.<reason>``, and what was resolved of it.

    The latter by ``h`` and the bucket of how long it took.
    """
    days: dict[date, Counter[str]] = {}
    for row in query_all(CountsModel, account_id, _buckets("T", first, last), consistent=consistent):
        of_day = days.setdefault(date.fromisoformat(row["bucket"]["S"].split("~")[1]), Counter())
        for name, value in row.items():
            if name not in _KEYS:
                of_day[name] += int(value["N"])
    return days


def live_rows(first: date, last: date) -> Condition:
    """Return the condition on ``bucket`` of the live counters of a span of days."""
    return _buckets("L", first, last)


def _buckets(letter: str, first: date, last: date) -> Condition:
    return CountsModel.bucket.between(f"{letter}~{first.isoformat()}", f"{letter}~{last.isoformat()}~~")


class Shards:
    """Which shard each account's counters are written to by this process.

    All begin with the first, so a quiet account has one row a day; who meets another writer there moves on,
    and stays where it went.
    """

    def __init__(self, choose: Callable[[int], int]) -> None:
        self._choose = choose
        self._by_account: dict[str, int] = {}

    def of(self, account_id: str) -> int:
        """Return the shard to write to."""
        return self._by_account.get(account_id, 0)

    def move(self, account_id: str) -> None:
        """Go on with another shard."""
        step = 1 + self._choose(SHARDS - 1)
        self._by_account[account_id] = (self.of(account_id) + step) % SHARDS
