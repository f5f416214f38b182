"""Counts calls of AWS and the capacity that DynamoDB says they used, without the product knowing."""

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
    """What a stretch of work used: calls by operation, capacity units."""

    calls: Counter[str] = field(default_factory=Counter)
    read_units: float = 0.0
    write_units: float = 0.0
    empty_answers: int = 0
    """Queries that found nothing. DynamoDB Local takes nothing for them; the service takes the least unit for an item
    that is not there (Developer Guide, "DynamoDB read and write operations")."""
    transactions: list[list[dict[str, Any]]] = field(default_factory=list)
    """What was written in transactions: it is not in ``write_units``, see ``units_of_transactions``."""


@contextmanager
def metering(*clients: Any) -> Iterator[Usage]:
    """Count what botocore clients, of DynamoDB and others, do while the context lasts."""
    usage = Usage()

    def ask(params: dict[str, Any], model: Any, **_: object) -> None:
        if model.name in _REPORTED:
            params["ReturnConsumedCapacity"] = "TOTAL"
        if model.name == "TransactWriteItems":
            usage.transactions.append(json.loads(json.dumps(params["TransactItems"])))

    def note(parsed: Mapping[str, Any], model: Any, **_: object) -> None:
        usage.calls[model.name] += 1
        told = parsed.get("ConsumedCapacity", [])
        units = sum(each["CapacityUnits"] for each in (told if isinstance(told, list) else [told]))
        usage.empty_answers += model.name == "Query" and not units
        if model.name in _READS:
            usage.read_units += units
        elif model.name != "TransactWriteItems":
            usage.write_units += units

    for client in clients:
        client.meta.events.register("provide-client-params", ask)
        client.meta.events.register("after-call", note)
    try:
        yield usage
    finally:
        for client in clients:
            client.meta.events.unregister("provide-client-params", ask)
            client.meta.events.unregister("after-call", note)


def units_of_transactions(client: Any, transactions: Iterable[list[dict[str, Any]]]) -> float:
    """Return the write capacity of transactions, by writing each of their items alone, in order, to empty tables.

    DynamoDB Local tells of a transaction only what the last item of each table took. The service prepares and
    commits each item, so its own write counts twice (Developer Guide, "Amazon DynamoDB Transactions: How it
    works"); indexes follow afterwards, as after any write.
    """
    units = 0.0
    for actions in transactions:
        for action in actions:
            ((kind, told),) = action.items()
            write = {"Put": client.put_item, "Update": client.update_item, "Delete": client.delete_item}[kind]
            told.pop("ReturnValuesOnConditionCheckFailure", None)
            used = write(**told, ReturnConsumedCapacity="INDEXES")["ConsumedCapacity"]
            units += used["CapacityUnits"] + used["Table"]["CapacityUnits"]
    return units


def size_of(row: Mapping[str, Mapping[str, Any]]) -> int:
    """Return an item's size in bytes, as DynamoDB counts it.

    Developer Guide, "DynamoDB item sizes and formats": names and texts by their UTF-8 bytes, a number about a byte
    for two of its digits and one more.
    """
    size = 0
    for name, value in row.items():
        told: str = next(iter(value.values()))
        size += len(name) + (len(told.encode()) if "S" in value else (len(told.strip("-0") or "0") + 1) // 2 + 1)
    return size
