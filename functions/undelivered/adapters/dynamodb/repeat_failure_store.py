"""Addresses that fail again and again: ``P~<day>`` among the counters, of each day those with the most items."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from datetime import date

from undelivered.adapters.dynamodb.client import (
    Action,
    ConditionFailedError,
    Row,
    TransactionConflictError,
    get,
    query_all,
    transact_write,
)
from undelivered.adapters.dynamodb.models import CountsModel
from undelivered.adapters.dynamodb.stored_json import from_json, to_json
from undelivered.domain.errors import StaleWriteError
from undelivered.services.concurrency import retry_on_conflict

KEPT = 50
"""How many addresses a day keeps, some 2 KB: those with the most items in all."""

_Noted = Mapping[str, tuple[int, int]]
"""Of each address, how many items it has on the day, and in all."""


class DynamoRepeatFailureStore:
    """``ports.RepeatFailureStore`` on the table Counts."""

    def record(self, account_id: str, address: str, by_day: Mapping[date, int]) -> None:
        """Note how many items an address has, by day; noting the same again changes nothing."""
        total = sum(by_day.values())
        for day, number in by_day.items():
            _note(account_id, day, address, (number, total))

    def remove(self, account_id: str, addresses: Collection[str], days: Collection[date]) -> None:
        """Take addresses out of what was noted of days."""
        for day in days:
            _change(account_id, day, lambda known: {each: known[each] for each in known if each not in addresses})


def _note(account_id: str, day: date, address: str, numbers: tuple[int, int]) -> None:
    def noted(known: _Noted) -> _Noted:
        # A record that comes late, or again, does not lower what is known.
        highest = max(numbers, known.get(address, (0, 0)))
        ranked = sorted({**known, address: highest}.items(), key=lambda each: (-each[1][1], each[0]))
        return dict(ranked[:KEPT])

    _change(account_id, day, noted)


@retry_on_conflict
def _change(account_id: str, day: date, change: Callable[[_Noted], _Noted]) -> None:
    bucket = f"P~{day.isoformat()}"
    row = get(CountsModel, account_id, bucket)
    known = _numbers_of(row)
    changed = change(known)
    if changed == known:
        return
    try:
        transact_write([_put(account_id, bucket, row, changed)])
    except (ConditionFailedError, TransactionConflictError) as error:
        raise StaleWriteError("another write came first") from error


def _put(account_id: str, bucket: str, row: Row | None, noted: Mapping[str, tuple[int, int]]) -> Action:
    condition = (
        {
            "ConditionExpression": "repeats = :read",
            "ExpressionAttributeValues": {":read": row["repeats"]},
        }
        if row
        else {"ConditionExpression": "attribute_not_exists(account_id)"}
    )
    return {
        "Put": {"TableName": CountsModel.Meta.table_name, "Item": repeats_row(account_id, bucket, noted), **condition}
    }


def repeats_row(account_id: str, bucket: str, noted: Mapping[str, tuple[int, int]]) -> Row:
    """Return the row of a bucket: of each address, how many items it has on the day, and in all."""
    return {
        "account_id": {"S": account_id},
        "bucket": {"S": bucket},
        "repeats": {"S": to_json(noted)},
    }


def _numbers_of(row: Row | None) -> dict[str, tuple[int, int]]:
    return from_json(row["repeats"]["S"], dict[str, tuple[int, int]]) if row else {}


def repeats_between(account_id: str, first: date, last: date) -> Counter[str]:
    """Return the addresses that have more than one item noted in a span of days, with their numbers."""
    told = Counter[str]()
    within = CountsModel.bucket.between(f"P~{first.isoformat()}", f"P~{last.isoformat()}")
    for row in query_all(CountsModel, account_id, within):
        told.update({address: number for address, (number, _) in _numbers_of(row).items()})
    return Counter({address: number for address, number in told.items() if number > 1})
