"""Repeat failures: ``P~<day>`` in the table Counts has the addresses with the most items of a day."""

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
"""The maximum addresses of a day (about 2 KB): the addresses with the most items on all days."""

_Numbers = Mapping[str, tuple[int, int]]
"""The number of items of each address on the day, and on all days."""


class DynamoRepeatFailureStore:
    """``ports.RepeatFailureStore`` on the table Counts."""

    def record(self, account_id: str, address: str, by_day: Mapping[date, int]) -> None:
        """Record how many items an address has on each day. Recording the same again changes nothing."""
        total = sum(by_day.values())
        for day, number in by_day.items():
            _record(account_id, day, address, (number, total))

    def remove(self, account_id: str, addresses: Collection[str], days: Collection[date]) -> None:
        """Remove addresses from the records of days."""

        def remaining(known: _Numbers) -> _Numbers:
            return {address: numbers for address, numbers in known.items() if address not in addresses}

        for day in days:
            _change(account_id, day, remaining)


def _record(account_id: str, day: date, address: str, item_numbers: tuple[int, int]) -> None:
    def updated(known: _Numbers) -> _Numbers:
        # A record that is late or repeated must not lower a number.
        highest = max(item_numbers, known.get(address, (0, 0)))
        ranked = sorted({**known, address: highest}.items(), key=lambda entry: (-entry[1][1], entry[0]))
        return dict(ranked[:KEPT])

    _change(account_id, day, updated)


@retry_on_conflict
def _change(account_id: str, day: date, change: Callable[[_Numbers], _Numbers]) -> None:
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


def _put(account_id: str, bucket: str, row: Row | None, numbers: Mapping[str, tuple[int, int]]) -> Action:
    condition = (
        {
            "ConditionExpression": "repeats = :read",
            "ExpressionAttributeValues": {":read": row["repeats"]},
        }
        if row
        else {"ConditionExpression": "attribute_not_exists(account_id)"}
    )
    return {
        "Put": {"TableName": CountsModel.Meta.table_name, "Item": repeats_row(account_id, bucket, numbers), **condition}
    }


def repeats_row(account_id: str, bucket: str, numbers: Mapping[str, tuple[int, int]]) -> Row:
    """Return the row of a bucket with the number of items of each address on the day, and on all days."""
    return {
        "account_id": {"S": account_id},
        "bucket": {"S": bucket},
        "repeats": {"S": to_json(numbers)},
    }


def _numbers_of(row: Row | None) -> dict[str, tuple[int, int]]:
    return from_json(row["repeats"]["S"], dict[str, tuple[int, int]]) if row else {}


def repeats_between(account_id: str, first: date, last: date) -> Counter[str]:
    """Return the addresses with more than one item in a span of days, and their numbers of items."""
    total = Counter[str]()
    within = CountsModel.bucket.between(f"P~{first.isoformat()}", f"P~{last.isoformat()}")
    for row in query_all(CountsModel, account_id, within):
        total.update({address: number for address, (number, _) in _numbers_of(row).items()})
    return Counter({address: number for address, number in total.items() if number > 1})
