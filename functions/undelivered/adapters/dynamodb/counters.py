"""The counters of a day: rows of a few bytes, written in the same transactions as the items they count.

``L~<day>~<shard>`` counts live items by ``live_code``, and by work or as being resent. ``T~<day>~<shard>`` counts
failures by class and reason, and resolved failures by their ``Resolution``. ``counter_names`` has the names of the
attributes. The day of ``T`` is the day of sending in the account's time zone, as in the trend. The day of ``L`` is in
UTC, because the report's thirty days do not depend on a time zone and an account can change its time zone.

``I~<day>~<shard>~<cause>`` counts the failures of a cause (see ``incidents``) by hour (UTC): ``f<hour>`` those that
failed, ``a<hour>`` the resends that arrived. These rows are written for failures by the sender's fault, and expire.

The number of a day is the sum over its shards. On the day itself, when most of its items are written, the writers of a
busy account use different shards to avoid conflicts. Later, all write to the first shard again, and ``compact`` leaves
one row for each day.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from functools import cache

from pynamodb.expressions.condition import Condition

from undelivered.adapters.dynamodb import counter_names
from undelivered.adapters.dynamodb.client import Action, Row, add, query_all
from undelivered.adapters.dynamodb.item_rows import Facts
from undelivered.adapters.dynamodb.models import CountsModel
from undelivered.adapters.dynamodb.unreadable_rows import read_each
from undelivered.domain.failure_counts import CountChange, work_counter
from undelivered.domain.incidents import COUNTED, Cause, CountedHour, Hours
from undelivered.domain.item import LIVE_STATES

SHARDS = 4
"""The maximum number of rows for a day's counters. Each row adds to the cost of a count."""

WRITES = "n"
"""The number of writes of a row, in all shards but the first: ``compact`` deletes a row only if it has not changed."""

_FAILED, _ARRIVED = "f", "a"
_YOUNG = timedelta(days=1)
_DATE_LENGTH = len("2026-11-23")

DayChanges = Mapping[date, CountChange]


def count_new(entries: Iterable[tuple[date, Facts]], ours: Mapping[CountedHour, int]) -> DayChanges:
    """Return the change of the counters for new items, given with their days in the account's time zone.

    This is ``failure_counts.count_change`` for many items at once. ``ours`` is what incidents count of them.
    """
    changes: dict[date, CountChange] = defaultdict(CountChange)
    for day, facts in entries:
        changes[day].failed[f"{facts.code}.{facts.reason.value}"] += 1
        if facts.state in LIVE_STATES:
            live = changes[live_day(facts.entry_key)].live
            live[facts.live_code] += 1
            live[work_counter(facts.work)] += 1
    add_ours(changes, ours)
    return changes


def add_ours(changes: dict[date, CountChange], ours: Mapping[CountedHour, int]) -> None:
    """Add what incidents count to the changes of the days."""
    for counted, number in ours.items():
        if number:
            changes.setdefault(counted.hour.date(), CountChange()).ours[counted] += number


def live_day(entry_key: str) -> date:
    """Return the day (UTC) under which an item is counted as live."""
    return _day_of(entry_key[:_DATE_LENGTH])


@cache
def _day_of(text: str) -> date:
    return date.fromisoformat(text)


def additions(account_id: str, changes: DayChanges, shard_of: Callable[[date], int] = lambda _day: 0) -> list[Action]:
    """Return the actions that write the changes: at most two for each day, and one for each cause of an incident."""
    actions = []
    for day, change in changes.items():
        shard = shard_of(day)
        counted = {
            "L": counter_names.name_live(change.live),
            "T": counter_names.name_failed(change.failed, change.resolved),
        }
        for letter, numbers in counted.items():
            if numbers:
                written = numbers | {WRITES: 1} if shard else numbers
                actions.append(add(CountsModel, _key(account_id, f"{letter}~{day.isoformat()}~{shard}"), written))
        if change.ours:
            actions += _ours(account_id, day, shard, change.ours)
    return actions


def _ours(account_id: str, day: date, shard: int, ours: Mapping[CountedHour, int]) -> Iterator[Action]:
    """Yield the actions that write what incidents count of a day, one for each cause."""
    by_cause: dict[Cause, dict[str, int]] = defaultdict(dict)
    for (cause, hour, arrived), number in ours.items():
        by_cause[cause][f"{_ARRIVED if arrived else _FAILED}{hour.hour}"] = number
    purge_at = datetime.combine(day + timedelta(days=1), time(), UTC) + COUNTED
    for cause, numbers in by_cause.items():
        key = _key(account_id, f"I~{day.isoformat()}~{shard}~{counter_names.name_cause(cause)}")
        yield add(CountsModel, key, numbers, purge_at=int(purge_at.timestamp()))


def _key(account_id: str, bucket: str) -> Row:
    return {"account_id": {"S": account_id}, "bucket": {"S": bucket}}


def live_by_day(
    account_id: str, first: date, last: date = date.max, *, consistent: bool = True
) -> Mapping[date, Counter[str]]:
    """Return the numbers of live items of each day (UTC) of a span from the counters: a read of a few kilobytes.

    The numbers are those of ``CountChange.live``. Items past their thirty days are included until they are swept.
    """
    days: dict[date, Counter[str]] = {}
    for row in query_all(CountsModel, account_id, live_rows(first, last), consistent=consistent):
        of_day = days.setdefault(date.fromisoformat(row["bucket"]["S"].split("~")[1]), Counter())
        of_day.update(counter_names.read_live(row))
    return days


def failed_by_day(account_id: str, first: date, last: date, *, consistent: bool = False) -> Mapping[date, CountChange]:
    """Return the failures of each day with failures, and how many of them were resolved."""
    return _by_day(account_id, failed_rows(first, last), consistent=consistent)


def erased_by_day(account_id: str, first: date, last: date) -> Mapping[date, CountChange]:
    """Return what was erased of the failures of each day, and of the resolved ones."""
    return _by_day(account_id, _buckets("E", first, last), consistent=False)


def _by_day(account_id: str, within: Condition, *, consistent: bool) -> Mapping[date, CountChange]:
    days: dict[date, CountChange] = {}
    for row in query_all(CountsModel, account_id, within, consistent=consistent):
        of_day = days.setdefault(date.fromisoformat(row["bucket"]["S"].split("~")[1]), CountChange())
        failures, resolved = counter_names.read_failed(row)
        of_day.failed.update(failures)
        of_day.resolved.update(resolved)
    return days


def hours_by_cause(account_id: str, first: date, last: date) -> Mapping[Cause, Hours]:
    """Return what incidents count, by cause and hour, in a span of days (UTC)."""
    hours: dict[Cause, Hours] = {}
    for cause, day, row in read_each(query_all(CountsModel, account_id, _buckets("I", first, last)), _cause_of):
        of_cause = hours.setdefault(cause, Hours())
        for name, value in row.items():
            if name[1:].isdigit() and "N" in value:
                hour = datetime.combine(day, time(int(name[1:])), UTC)
                (of_cause.failed if name[0] == _FAILED else of_cause.arrived)[hour] += int(value["N"])
    return hours


def _cause_of(row: Row) -> tuple[Cause, date, Row]:
    _, day, _, name = row["bucket"]["S"].split("~", 3)
    return counter_names.read_cause(name), date.fromisoformat(day), row


def live_rows(first: date, last: date) -> Condition:
    """Return the condition on ``bucket`` of the live counters of a span of days."""
    return _buckets("L", first, last)


def failed_rows(first: date, last: date) -> Condition:
    """Return the condition on ``bucket`` of the counters of failures in a span of days."""
    return _buckets("T", first, last)


def _buckets(letter: str, first: date, last: date) -> Condition:
    return CountsModel.bucket.between(f"{letter}~{first.isoformat()}", f"{letter}~{last.isoformat()}~~")


class Shards:
    """The shard to which this process writes each account's counters.

    Every process starts with the first shard, so an account with few writes has one row a day. After a conflict with
    another writer, the process moves to another shard and stays there.
    """

    def __init__(self, choose: Callable[[int], int]) -> None:
        self._choose = choose
        self._by_account: dict[str, int] = {}

    def of(self, account_id: str, day: date, now: datetime) -> int:
        """Return the shard of a day to write to."""
        return self._by_account.get(account_id, 0) if day >= (now - _YOUNG).astimezone(UTC).date() else 0

    def move(self, account_id: str) -> None:
        """Move to another shard."""
        step = 1 + self._choose(SHARDS - 1)
        self._by_account[account_id] = (self._by_account.get(account_id, 0) + step) % SHARDS
