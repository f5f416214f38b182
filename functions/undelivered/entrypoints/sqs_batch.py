"""Batches of queue messages: each is recorded or reported alone, and is seen again when that makes sense."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from undelivered.bootstrap import Queue
from undelivered.domain.errors import UnreadableEventError
from undelivered.observability import count, logger, told

RETRY_DELAYS = (5, 15, 60, 120)
"""Seconds until a message is tried again, by how often it was received; the last one repeats."""

_BATCH = 10
"""Entries that one ChangeMessageVisibilityBatch takes (Amazon SQS API Reference)."""


def receive_count(record: Mapping[str, Any]) -> int:
    """Return how often a message was received, this time included."""
    return int(record.get("attributes", {}).get("ApproximateReceiveCount", "1"))


def report_failures(
    records: list[dict[str, Any]],
    failures: Mapping[int, Exception],
    queue: Queue,
    correlation_ids: Mapping[int, str] = MappingProxyType({}),
) -> dict[str, Any]:
    """Return Lambda's partial batch response for the records whose index is in ``failures``.

    ``correlation_ids`` are the requests that records go back to, as far as they are known.

    What cannot be understood never will be: it comes back at once, so that it soon is in the dead-letter
    queue, where a person looks. Everything else may work later and comes back after a growing delay.
    """
    delays: dict[int, int] = {}
    for index, error in failures.items():
        record = records[index]
        retryable = not isinstance(error, UnreadableEventError)
        delays[index] = RETRY_DELAYS[min(receive_count(record), len(RETRY_DELAYS)) - 1] if retryable else 0
        count("RetriedMessages" if retryable else "UnreadableMessages")
        log = logger.warning if retryable else logger.error
        log(
            "message not recorded",
            sqs_message_id=record["messageId"],
            receive_count=receive_count(record),
            reason=told(error),
            correlation_id=correlation_ids.get(index),
        )
    _set_delays(records, delays, queue)
    return {"batchItemFailures": [{"itemIdentifier": records[index]["messageId"]} for index in failures]}


def _set_delays(records: list[dict[str, Any]], delays: Mapping[int, int], queue: Queue) -> None:
    entries = [
        {"Id": str(index), "ReceiptHandle": records[index]["receiptHandle"], "VisibilityTimeout": delay}
        for index, delay in delays.items()
    ]
    for start in range(0, len(entries), _BATCH):
        try:
            queue.client.change_message_visibility_batch(QueueUrl=queue.url, Entries=entries[start : start + _BATCH])
        except Exception:  # noqa: BLE001 - the queue's own timeout brings the messages back all the same
            logger.warning("retry delays not set", exc_info=True)
