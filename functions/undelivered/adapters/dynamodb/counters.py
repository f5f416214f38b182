"""The counters of a day: rows of a few bytes, written in the same transactions as the items they count.

``L~<day>~<shard>`` holds live items by class code, and under ``r`` those being resent; ``T~<day>~<shard>`` all that
failed by ``<class code>.<reason>``. The day is the item's day of sending in the account's time zone. The sum over the
shards counts; a busy account's writers spread over them so as not to wait for each other.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date

from pynamodb.expressions.condition import Condition

from undelivered.adapters.dynamodb.mapping import Facts
from undelivered.adapters.dynamodb.models import CountsModel
from undelivered.adapters.dynamodb.requests import Action, Row, add, query_all
from undelivered.domain.notification import LIVE_STATES, State
from undelivered.domain.reporting import CLASS_BY_CODE, RESENDING, CountChange, LiveCount

SHARDS = 4
"""How many rows a day's counters may spread over; each adds to what a count reads."""

_RESENDING = "r"
_KEYS = frozenset({"account_id", "bucket"})

LIVE_NAMES = (*CLASS_BY_CODE, _RESENDING)
"""Every attribute that a row of live items can have."""

DayChanges = Mapping[date, CountChange]


def count_new(entries: Iterable[tuple[date, Facts]]) -> DayChanges:
    """Return how the counters change by new items: ``reporting.count_change`` for many at once."""
    changes: dict[date, CountChange] = {}
    for day, facts in entries:
        change = changes.get(day)
        if change is None:
            change = changes[day] = CountChange()
        change.failed[f"{facts.code}.{facts.reason.value}"] += 1
        if facts.state in LIVE_STATES:
            change.live[facts.code] += 1
            if facts.state is State.RESENDING:
                change.live[RESENDING] += 1
    return changes


def additions(account_id: str, changes: DayChanges, shard: int) -> list[Action]:
    """Return the actions that carry the changes out, at most two for each day."""
    actions = []
    for day, change in changes.items():
        if change.live:
            live = {_RESENDING if name == RESENDING else name: number for name, number in change.live.items()}
            actions.append(add(CountsModel, _key(account_id, f"L~{day.isoformat()}~{shard}"), live))
        if change.failed:
            actions.append(add(CountsModel, _key(account_id, f"T~{day.isoformat()}~{shard}"), change.failed))
    return actions


def _key(account_id: str, bucket: str) -> Row:
    return {"account_id": {"S": account_id}, "bucket": {"S": bucket}}


def live_by_day(
    account_id: str, first: date, last: date = date.max, *, consistent: bool = True
) -> Mapping[date, LiveCount]:
    """Return how many live items each day of a span holds (a read of a few kilobytes)."""
    days: dict[date, LiveCount] = {}
    for day, name, number in _rows(account_id, "L", first, last, consistent=consistent):
        known = days.setdefault(day, LiveCount())
        if name == _RESENDING:
            days[day] = LiveCount(known.by_class, known.resending + number)
        else:
            known.by_class[CLASS_BY_CODE[name]] += number
    return days


def failed_by_day(account_id: str, first: date, last: date) -> Mapping[date, Counter[str]]:
    """Return all that failed on each day that has any, by ``<class code>.<reason>``."""
    days: dict[date, Counter[str]] = {}
    for day, name, number in _rows(account_id, "T", first, last, consistent=False):
        days.setdefault(day, Counter())[name] += number
    return days


def live_rows(first: date, last: date) -> Condition:
    """Return the condition on ``bucket`` of the live counters of a span of days."""
    return _buckets("L", first, last)


def _buckets(letter: str, first: date, last: date) -> Condition:
    return CountsModel.bucket.between(f"{letter}~{first.isoformat()}", f"{letter}~{last.isoformat()}~~")


def _rows(
    account_id: str, letter: str, first: date, last: date, *, consistent: bool
) -> Iterator[tuple[date, str, int]]:
    within = _buckets(letter, first, last)
    for row in query_all(CountsModel, account_id, within, consistent=consistent):
        day = date.fromisoformat(row["bucket"]["S"].split("~")[1])
        for name, value in row.items():
            if name not in _KEYS:
                yield day, name, int(value["N"])


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
