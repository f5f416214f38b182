"""Definitions of the product's tables, from the models."""

from collections.abc import Mapping
from typing import Any


def definition(model: Any) -> dict[str, Any]:
    """Return the arguments of ``CreateTable`` for a model's table, without its stream and its time to live.

    A time to live would follow the machine's clock: DynamoDB Local would delete rows of a store with another clock.
    """
    schema = model._get_schema()  # noqa: SLF001 - the schema with which PynamoDB creates the table
    indexes = [
        {
            "IndexName": index["index_name"],
            "KeySchema": _ordered(index["key_schema"]),
            "Projection": index["projection"],
        }
        for index in schema["global_secondary_indexes"]
    ]
    arguments = {
        "TableName": model.Meta.table_name,
        "AttributeDefinitions": schema["attribute_definitions"],
        "KeySchema": _ordered(schema["key_schema"]),
        "BillingMode": "PAY_PER_REQUEST",
    }
    return arguments | ({"GlobalSecondaryIndexes": indexes} if indexes else {})


def _ordered(keys: list[Mapping[str, str]]) -> list[Mapping[str, str]]:
    return sorted(keys, key=lambda key: key["KeyType"])  # HASH, RANGE
