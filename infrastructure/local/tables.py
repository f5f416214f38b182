"""The product's tables as the models define them, for stores whose clock is not the machine's."""

from collections.abc import Mapping
from typing import Any


def definition(model: Any) -> dict[str, Any]:
    """Return what ``CreateTable`` takes to make a model's table, without its stream.

    Nor has a table made so a time to live: DynamoDB Local goes by the machine's clock and would, within minutes,
    remove what is past it behind the back of a store that lives at another time.
    """
    schema = model._get_schema()  # noqa: SLF001 - the definition that PynamoDB would create the table with
    indexes = [
        {"IndexName": each["index_name"], "KeySchema": _ordered(each["key_schema"]), "Projection": each["projection"]}
        for each in schema["global_secondary_indexes"]
    ]
    told = {
        "TableName": model.Meta.table_name,
        "AttributeDefinitions": schema["attribute_definitions"],
        "KeySchema": _ordered(schema["key_schema"]),
        "BillingMode": "PAY_PER_REQUEST",
    }
    return told | ({"GlobalSecondaryIndexes": indexes} if indexes else {})


def _ordered(keys: list[Mapping[str, str]]) -> list[Mapping[str, str]]:
    return sorted(keys, key=lambda key: key["KeyType"])  # HASH, RANGE
