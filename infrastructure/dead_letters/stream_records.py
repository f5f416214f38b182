"""Read the records of a failed batch from a DynamoDB stream again, for the function that failed on them."""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

Record = Mapping[str, Any]
Pattern = Mapping[str, Any]
"""A filter of an event source mapping: for each field, its values or a pattern for its fields."""

RETENTION_HOURS: Final = 24
"""How many hours a stream keeps its records (Amazon DynamoDB API Reference, TrimmedDataAccessException)."""
_READ_SECONDS: Final = 120
_PAUSE_SECONDS: Final = 0.2
"""A shard can be read five times a second (Amazon DynamoDB Developer Guide, "Quotas")."""
_EXACT: Final = (str, int, float, bool, type(None))


class BatchError(Exception):
    """The records of a batch cannot be read again. The text says why."""


def read_batch(streams: Any, batch: Mapping[str, Any]) -> list[Record]:
    """Return all records of a batch that Lambda describes, from its start to its end.

    `GetRecords` may return nothing, or less than asked, before the end is reached (Amazon DynamoDB API Reference). So
    it is called until it returns the batch's last record. Raises BatchError if one of the records is gone.
    """
    first, last = int(batch["startSequenceNumber"]), int(batch["endSequenceNumber"])
    try:
        records = list(_records_until(streams, batch, last))
    except (streams.exceptions.TrimmedDataAccessException, streams.exceptions.ResourceNotFoundException):
        raise BatchError(f"its records are gone: a stream keeps them for {RETENTION_HOURS} hours") from None
    numbers = [int(record["dynamodb"]["SequenceNumber"]) for record in records]
    if not numbers or (numbers[0], numbers[-1]) != (first, last):
        raise BatchError(f"some of its records are gone: a stream keeps them for {RETENTION_HOURS} hours")
    return records


def _records_until(streams: Any, batch: Mapping[str, Any], last: int) -> Iterator[Record]:
    """Yield the records of a shard from the batch's start to the sequence number `last`, or to the end of the shard."""
    iterator = streams.get_shard_iterator(
        StreamArn=batch["streamArn"],
        ShardId=batch["shardId"],
        ShardIteratorType="AT_SEQUENCE_NUMBER",
        SequenceNumber=batch["startSequenceNumber"],
    )["ShardIterator"]
    deadline = time.monotonic() + _READ_SECONDS
    while iterator:
        page = streams.get_records(ShardIterator=iterator)
        for record in page["Records"]:
            number = int(record["dynamodb"]["SequenceNumber"])
            if number <= last:
                yield record
            if number >= last:
                return
        iterator = page.get("NextShardIterator")
        if time.monotonic() > deadline:
            raise BatchError(f"its last record was not returned within {_READ_SECONDS} seconds. Try again later")
        time.sleep(_PAUSE_SECONDS)


def mapping_filters(lambda_client: Any, function: str, stream_arn: str) -> list[Pattern]:
    """Return the filters of a function's event source mapping for a stream. A record needs to match one of them."""
    pages = lambda_client.get_paginator("list_event_source_mappings").paginate(
        FunctionName=function, EventSourceArn=stream_arn
    )
    mappings = [mapping for page in pages for mapping in page["EventSourceMappings"]]
    return [
        json.loads(each["Pattern"])
        for mapping in mappings
        for each in (mapping.get("FilterCriteria") or {}).get("Filters", [])
    ]


def passes(record: Record, filters: Sequence[Pattern]) -> bool:
    """Whether Lambda's filters would pass a record to the function. `GetRecords` does not apply them."""
    return not filters or any(_matches(record, pattern) for pattern in filters)


def _matches(value: Record, pattern: Pattern) -> bool:
    """Match as Lambda does (AWS Lambda Developer Guide, "Filter rule syntax"); only exact values, as the template has.

    Raises BatchError for any other rule, so that nothing is left out by mistake.
    """
    for name, allowed in pattern.items():
        if isinstance(allowed, Mapping):
            if not isinstance(value.get(name), Mapping) or not _matches(value[name], allowed):
                return False
        elif not all(isinstance(each, _EXACT) for each in allowed):
            raise BatchError(f"the filter {json.dumps(pattern)} of its function cannot be applied here")
        elif value.get(name) not in allowed:
            return False
    return True
