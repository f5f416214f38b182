"""Count the AWS calls of the code under test, and the capacity that DynamoDB reports for them."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

_READS = frozenset({"GetItem", "Query", "Scan", "BatchGetItem", "TransactGetItems"})
_WRITES = frozenset({"PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems"})
_REPORTED = _READS | _WRITES


@dataclass(slots=True)
class Usage:
    """The AWS calls by operation, and the DynamoDB capacity units, of a piece of work."""

    calls: Counter[str] = field(default_factory=Counter)
    read_units: float = 0.0
    write_units: float = 0.0
    empty_responses: int = 0
    """Queries that returned no item. DynamoDB Local reports no capacity for them; the service charges the minimum for
    an item that does not exist (Developer Guide, "DynamoDB read and write operations")."""
    transactions: list[list[dict[str, Any]]] = field(default_factory=list)
    """The transactions written. ``write_units`` leaves them out: see ``units_of_transactions``."""


@contextmanager
def metering(*clients: Any) -> Iterator[Usage]:
    """Count the calls of botocore clients, of DynamoDB or other services, within the context."""
    usage = Usage()

    def before_call(params: dict[str, Any], model: Any, **_: object) -> None:
        if model.name in _REPORTED:
            params["ReturnConsumedCapacity"] = "TOTAL"
        if model.name == "TransactWriteItems":
            usage.transactions.append(json.loads(json.dumps(params["TransactItems"])))

    def after_call(parsed: Mapping[str, Any], model: Any, **_: object) -> None:
        usage.calls[model.name] += 1
        capacity = parsed.get("ConsumedCapacity", [])
        tables = capacity if isinstance(capacity, list) else [capacity]
        units = sum(table["CapacityUnits"] for table in tables)
        usage.empty_responses += model.name == "Query" and not units
        if model.name in _READS:
            usage.read_units += units
        elif model.name != "TransactWriteItems":
            usage.write_units += units

    for client in clients:
        client.meta.events.register("provide-client-params", before_call)
        client.meta.events.register("after-call", after_call)
    try:
        yield usage
    finally:
        for client in clients:
            client.meta.events.unregister("provide-client-params", before_call)
            client.meta.events.unregister("after-call", after_call)


def units_of_transactions(client: Any, transactions: Iterable[list[dict[str, Any]]]) -> float:
    """Return the write capacity of transactions. Each of their items is written on its own, in order, to empty tables.

    DynamoDB Local reports only the capacity of the last item in each table. The service prepares and commits each item,
    so the write to the table counts twice (Developer Guide, "Amazon DynamoDB Transactions: How it works"). Writes to
    indexes count once.
    """
    units = 0.0
    for actions in transactions:
        for action in actions:
            ((kind, arguments),) = action.items()
            write = {"Put": client.put_item, "Update": client.update_item, "Delete": client.delete_item}[kind]
            arguments.pop("ReturnValuesOnConditionCheckFailure", None)
            used = write(**arguments, ReturnConsumedCapacity="INDEXES")["ConsumedCapacity"]
            units += used["CapacityUnits"] + used["Table"]["CapacityUnits"]
    return units


def size_of(row: Mapping[str, Mapping[str, Any]]) -> int:
    """Return the size of an item in bytes, as DynamoDB counts it.

    Names and strings count their UTF-8 bytes. A number counts about one byte for two digits, plus one byte (Developer
    Guide, "DynamoDB item sizes and formats").
    """
    size = 0
    for name, value in row.items():
        content: str = next(iter(value.values()))
        digits = content.strip("-0") or "0"
        size += len(name) + (len(content.encode()) if "S" in value else (len(digits) + 1) // 2 + 1)
    return size
