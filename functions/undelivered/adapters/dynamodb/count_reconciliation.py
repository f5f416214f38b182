"""Keeps counters correct and cheap to read: recounts the items, and merges the shards of each day."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from undelivered.adapters.dynamodb import counter_names, counters
from undelivered.adapters.dynamodb.account_store import RECOUNT, Recount
from undelivered.adapters.dynamodb.client import (
    Action,
    ConditionFailedError,
    Row,
    TransactionConflictError,
    add,
    get,
    query,
    query_all,
    transact_write,
)
from undelivered.adapters.dynamodb.documents import add_document, get_document, replace_document
from undelivered.adapters.dynamodb.item_rows import erased_key, just_below, key_from, readable_item, readable_items
from undelivered.adapters.dynamodb.models import CountsModel, HistoryModel, ItemTable, UndeliveredModel
from undelivered.domain.failure_counts import CountChange, Resolution, count_change, is_balanced, nonzero
from undelivered.domain.item import UndeliveredItem
from undelivered.domain.report_query import day_start, local_day

_RESOLVED = "resolved."
_RESOLVED_BY_CUSTOMER = "resolved_by_customer."
_CLAIMS_KEPT_FOR = timedelta(days=3)
_ZONE_KNOWN_SECONDS = 180
"""The time until every process uses a changed time zone: settings are cached for a minute."""


class DynamoCountReconciliation:
    """``ports.CountReconciliation`` on the tables Undelivered, History, Counts and Accounts."""

    def __init__(self, *, zone_of: Callable[[str], ZoneInfo]) -> None:
        self._zone_of = zone_of
        # The time of the change of time zone, by account, for accounts whose days are being recounted.
        self._changed_at: dict[str, int] = {}

    def drift(self, account_id: str, day: date) -> Mapping[str, int] | None:
        """Return how much the counters of a day (UTC) are below its live items; empty if they are correct.

        Return None if the counters changed during the count. Reads every item of the day. An item past its thirty days
        counts until it is swept.
        """
        counted = counters.live_by_day(account_id, day, day)
        drift = Counter[str]()
        for item in _items(UndeliveredModel, account_id, day, ZoneInfo("UTC")):
            drift.update(count_change(None, item).live)
        if counters.live_by_day(account_id, day, day) != counted:
            return None
        drift.subtract(counted.get(day, Counter()))
        return nonzero(drift)

    def unbalanced_days(self, account_id: str, first: date, last: date) -> Sequence[date]:
        """Return the days (UTC) of a span whose live counters do not add up; see ``is_balanced``."""
        days = counters.live_by_day(account_id, first, last, consistent=False)
        return sorted(day for day, live in days.items() if not is_balanced(live))

    def failed_drift(self, account_id: str, day: date) -> Mapping[str, int] | None:
        """Return the same as ``drift`` for the counters of failures of a day in the account's time zone."""
        before, erased = _failed(account_id, day), _erased(account_id, day)
        zone = self._zone_of(account_id)
        counted: dict[str, Counter[str]] = {}
        # In this order, an item that moves to history during the count is read twice rather than not at all.
        for model in (UndeliveredModel, HistoryModel):
            for item in _items(model, account_id, day, zone):
                counted[item.entry_key] = _as_one_counter(count_change(None, item))
        if (_failed(account_id, day), _erased(account_id, day)) != (before, erased):
            return None
        total = Counter[str]()
        for failed in counted.values():
            total.update(failed)
        # Erased items stay counted as failures.
        total.update(_as_one_counter(erased))
        total.subtract(_as_one_counter(before))
        return nonzero(total)

    def failed_days(self, account_id: str, first: date, last: date) -> Sequence[date]:
        """Return the days of a span that have items or counters of failures, newest first."""
        zone = self._zone_of(account_id)
        days = set(counters.failed_by_day(account_id, first, last, consistent=True))
        for model in (UndeliveredModel, HistoryModel):
            days.update(_days_with_items(model, account_id, first, last, zone))
        return sorted(days, reverse=True)

    def correct(self, account_id: str, day: date, drift: Mapping[str, int]) -> None:
        """Add a drift of live items to the counters of its day. Concurrent changes of the counters are kept."""
        transact_write(counters.additions(account_id, {day: CountChange(live=Counter(drift))}))

    def correct_failed(self, account_id: str, day: date, drift: Mapping[str, int]) -> None:
        """Add a drift of failures to the counters of its day."""
        transact_write(counters.additions(account_id, {day: _as_change(drift)}))

    def claim(self, account_id: str, day: date) -> bool:
        """Return True for the first call for an account and a day: this caller does the reconciliation."""
        purge_at = datetime.combine(day, time(), UTC) + _CLAIMS_KEPT_FOR
        return add_document(account_id, f"upkeep~{day.isoformat()}", {}, purge_at=purge_at)

    def days_to_recount(self, account_id: str, now: datetime) -> Sequence[date]:
        """Return the days to recount after a change of time zone; none until every process uses the new time zone."""
        recount = get_document(account_id, RECOUNT, Recount)
        if recount is None or int(now.timestamp()) < recount.at + _ZONE_KNOWN_SECONDS:
            return ()
        self._changed_at[account_id] = recount.at
        if recount.days is not None:
            return recount.days
        counted = counters.failed_by_day(account_id, date.min, date.max, consistent=True)
        beside = {day + timedelta(days=by) for day in counted for by in (-1, 0, 1)}
        return tuple(sorted(beside, reverse=True))

    def save_days_to_recount(self, account_id: str, days: Sequence[date]) -> None:
        """Write which days are still to be recounted, unless the time zone has changed again since then."""
        recount = get_document(account_id, RECOUNT, Recount)
        if recount is None or recount.at != self._changed_at.get(account_id):
            return
        replace_document(account_id, RECOUNT, recount, replace(recount, days=tuple(days)) if days else None)

    def compact(self, account_id: str, first: date, last: date) -> int:
        """Merge the shards of each day of a span into one row; return how many rows are deleted.

        A day that is written at the same time is skipped until the next call.
        """
        shards: dict[str, list[Row]] = defaultdict(list)
        for within in (counters.live_rows(first, last), counters.failed_rows(first, last)):
            for row in query_all(CountsModel, account_id, within, consistent=True):
                day, _, shard = row["bucket"]["S"].rpartition("~")
                if shard != "0":
                    shards[day].append(row)
        return sum(_compact(day, rows) for day, rows in shards.items())


def _items(model: type[ItemTable], account_id: str, day: date, zone: ZoneInfo) -> Iterator[UndeliveredItem]:
    low, high = key_from(day_start(day, zone)), key_from(day_start(day + timedelta(days=1), zone))
    return readable_items(query_all(model, account_id, model.entry_key.between(low, high), consistent=True))


def _days_with_items(
    model: type[ItemTable], account_id: str, first: date, last: date, zone: ZoneInfo
) -> Iterator[date]:
    """Yield the days of a span that have items, newest first, with a small read for each day."""
    low, high = key_from(day_start(first, zone)), key_from(day_start(last + timedelta(days=1), zone))
    while True:
        within = model.entry_key.between(low, high)
        rows, _ = query(model, account_id, within, limit=1, newest_first=True, consistent=True)
        if not rows:
            return
        item = readable_item(rows[0])
        if item is None:
            high = just_below(rows[0]["entry_key"]["S"])
            continue
        day = local_day(item.sent_at, zone)
        high = key_from(day_start(day, zone))
        yield day


def _failed(account_id: str, day: date) -> CountChange:
    return counters.failed_by_day(account_id, day, day, consistent=True).get(day, CountChange())


def _as_one_counter(change: CountChange) -> Counter[str]:
    """Return the numbers of failures and of resolved failures in one counter, under different names."""
    resolved = {
        f"{_RESOLVED_BY_CUSTOMER if by_customer else _RESOLVED}{bucket}": number
        for (bucket, by_customer), number in change.resolved.items()
    }
    return Counter({**change.failed, **resolved})


def _as_change(numbers: Mapping[str, int]) -> CountChange:
    change = CountChange()
    for name, number in numbers.items():
        kind, _, bucket = name.rpartition(".")
        if f"{kind}." in {_RESOLVED, _RESOLVED_BY_CUSTOMER}:
            change.resolved[Resolution(int(bucket), f"{kind}." == _RESOLVED_BY_CUSTOMER)] = number
        else:
            change.failed[name] = number
    return change


def _erased(account_id: str, day: date) -> CountChange:
    row = get(CountsModel, account_id, erased_key(account_id, day)["bucket"]["S"])
    return CountChange(Counter(), *counter_names.read_failed(row or {}))


def _compact(day: str, rows: list[Row]) -> int:
    total = Counter[str]()
    for row in rows:
        total.update({name: int(value["N"]) for name, value in row.items() if "N" in value and name != counters.WRITES})
    target: Row = {"account_id": rows[0]["account_id"], "bucket": {"S": f"{day}~0"}}
    numbers = nonzero(total)
    additions = [add(CountsModel, target, numbers)] if numbers else []
    try:
        transact_write([*additions, *(_delete_unchanged(row) for row in rows)])
    except (ConditionFailedError, TransactionConflictError):
        return 0
    return len(rows)


def _delete_unchanged(row: Row) -> Action:
    """Return the action that deletes a row of counters, unless it has changed since it was read."""
    return {
        "Delete": {
            "TableName": CountsModel.Meta.table_name,
            "Key": {"account_id": row["account_id"], "bucket": row["bucket"]},
            "ConditionExpression": "#writes = :read",
            "ExpressionAttributeNames": {"#writes": counters.WRITES},
            "ExpressionAttributeValues": {":read": row[counters.WRITES]},
        }
    }
