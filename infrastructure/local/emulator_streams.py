"""Corrections of ministack's DynamoDB Streams API."""

import json
from collections.abc import Mapping
from typing import Any, Final

from infrastructure.local.emulator_internals import require

_PAGE: Final = 3
"""Records. Few, so that whoever reads a stream has to go on."""


def answer_in_small_pages() -> None:
    """Answer GetRecords with nothing at first, and then with few records.

    DynamoDB may return no records, or fewer than asked for, before the end of a shard (Amazon DynamoDB API Reference,
    GetRecords). ministack returns all at once. Event source mappings do not use this call.
    """
    from ministack.services import dynamodb_streams

    get_records = require(dynamodb_streams, "_get_records")
    waiting: set[str] = set()

    def get_few_records(request: Mapping[str, Any]) -> Any:
        iterator = str(request.get("ShardIterator"))
        status, headers, body = get_records({**request, "Limit": min(int(request.get("Limit", _PAGE)), _PAGE)})
        if iterator in waiting or status != 200:  # noqa: PLR2004 - HTTP's success
            waiting.discard(iterator)
            return status, headers, body
        waiting.add(iterator)
        return status, headers, json.dumps({"Records": [], "NextShardIterator": iterator}).encode()

    dynamodb_streams._get_records = get_few_records  # noqa: SLF001 - see emulator.py
