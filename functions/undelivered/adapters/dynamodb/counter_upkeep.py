"""Upkeep of the counters of live items: few rows to read, and no drift from the items themselves."""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from undelivered.adapters.dynamodb import counters
from undelivered.adapters.dynamodb.keys import key_from
from undelivered.adapters.dynamodb.mapping import item_of
from undelivered.adapters.dynamodb.models import CountsModel, UndeliveredModel
from undelivered.adapters.dynamodb.requests import (
    Action,
    ConditionFailedError,
    ContendedError,
    Row,
    add,
    query_all,
    write,
)
from undelivered.domain.reporting import RESENDING, CountChange, count_change, day_start


class DynamoCounterUpkeep:
    """``ports.CounterUpkeep`` on the tables Undelivered and Counts."""

    def __init__(self, *, zone_of: Callable[[str], ZoneInfo]) -> None:
        self._zone_of = zone_of

    def drift(self, account_id: str, day: date) -> Mapping[str, int] | None:
        """Return what the counters of a day lack of its items, empty when they are right.

        None when somebody wrote meanwhile, so that nothing can be said. Reads every item of the day.
        """
        before = _counted(account_id, day)
        zone = self._zone_of(account_id)
        bounds = key_from(day_start(day, zone)), key_from(day_start(day + timedelta(days=1), zone))
        found = Counter[str]()
        for row in query_all(
            UndeliveredModel, account_id, UndeliveredModel.entry_key.between(*bounds), consistent=True
        ):
            found.update(count_change(None, item_of(row)).live)
        if _counted(account_id, day) != before:
            return None
        found.subtract(before)
        return {name: number for name, number in found.items() if number}

    def correct(self, account_id: str, day: date, drift: Mapping[str, int]) -> None:
        """Add a drift to the counters of its day; what others count at the same time stays counted."""
        write(counters.additions(account_id, {day: CountChange(live=Counter(drift))}, 0))

    def fold(self, account_id: str, first: date, last: date) -> int:
        """Bring the shards of each day of a span together into one row; return how many rows that saved.

        A row that is written at the same time stays for the next time.
        """
        shards: dict[str, list[Row]] = defaultdict(list)
        for row in query_all(CountsModel, account_id, counters.live_rows(first, last), consistent=True):
            day, _, shard = row["bucket"]["S"].rpartition("~")
            if shard != "0":
                shards[day].append(row)
        return sum(_fold(day, rows) for day, rows in shards.items())


def _counted(account_id: str, day: date) -> Counter[str]:
    counted = Counter[str]()
    for of_day in counters.live_by_day(account_id, day, day).values():
        counted.update({each.code: number for each, number in of_day.by_class.items()})
        counted[RESENDING] += of_day.resending
    return Counter({name: number for name, number in counted.items() if number})


def _fold(day: str, rows: list[Row]) -> int:
    total = Counter[str]()
    for row in rows:
        total.update({name: int(row[name]["N"]) for name in counters.LIVE_NAMES if name in row})
    target: Row = {"account_id": rows[0]["account_id"], "bucket": {"S": f"{day}~0"}}
    additions = [add(CountsModel, target, total)] if total else []
    try:
        write([*additions, *(_delete_unchanged(row) for row in rows)])
    except (ConditionFailedError, ContendedError):
        return 0
    return len(rows)


def _delete_unchanged(row: Row) -> Action:
    """Return the action that deletes a row of counters if each of them is what was read."""
    names: dict[str, str] = {}
    values: dict[str, Any] = {}
    terms = []
    for place, name in enumerate(counters.LIVE_NAMES):
        names[f"#{place}"] = name
        if name in row:
            values[f":{place}"] = row[name]
            terms.append(f"#{place} = :{place}")
        else:
            terms.append(f"attribute_not_exists(#{place})")
    return {
        "Delete": {
            "TableName": CountsModel.Meta.table_name,
            "Key": {"account_id": row["account_id"], "bucket": row["bucket"]},
            "ConditionExpression": " AND ".join(terms),
            "ExpressionAttributeNames": names,
            **({"ExpressionAttributeValues": values} if values else {}),
        }
    }
