"""Partial responses to batches of SQS messages: failed messages are delivered again after a growing delay.

Powertools' batch processor is not used. Its import takes 60 ms of CPU at a cold start, it sets no delays, and it
handles each record separately, but ``ingest_feedback`` records a batch together.
"""

from base64 import b64decode
from collections.abc import Mapping, Sequence
from typing import Any

from undelivered.bootstrap import Queue
from undelivered.domain.batches import batches
from undelivered.domain.errors import RetryableError, UnreadableEventError, UnreadableRecordError
from undelivered.observability import count, describe_error, logger

RETRY_DELAYS = (5, 15, 60, 120)
"""Seconds until a message is delivered again, by how often it was received. The last delay repeats."""

MAX_RECEIVES = 5
"""How many times a message is received before it becomes a dead letter: ``maxReceiveCount`` in the template."""

_LONGEST_DELAY = 900
"""The longest delay of a message, in seconds (Amazon SQS API Reference, "SendMessage", *DelaySeconds*)."""

_MAX_ENTRIES = 10
"""Maximum entries of a ChangeMessageVisibilityBatch or SendMessageBatch request (Amazon SQS API Reference)."""


_TRACE = "AWSTraceHeader"
"""The system attribute that a sender can set (Amazon SQS API Reference, "SendMessage")."""


def receive_count(record: Mapping[str, Any]) -> int:
    """Return how often a message was received, including this time."""
    return int(record.get("attributes", {}).get("ApproximateReceiveCount", "1"))


def report_failures(
    records: Sequence[dict[str, Any]],
    failures: Mapping[int, Exception],
    queue: Queue,
    correlation_ids: Sequence[str] = (),
) -> dict[str, Any]:
    """Return Lambda's partial batch response for the records whose index is in ``failures``.

    ``correlation_ids`` has the ID of the API request that led to each record. It is empty if no record has such an ID.

    An unreadable message, or a message about an unreadable record, is delivered again without a delay, so that it
    reaches the dead-letter queue soon.
    """
    delays: dict[int, int] = {}
    for index, error in failures.items():
        record = records[index]
        retryable = not isinstance(error, UnreadableEventError | UnreadableRecordError)
        delays[index] = RETRY_DELAYS[min(receive_count(record), len(RETRY_DELAYS)) - 1] if retryable else 0
        count("RetriedMessages" if retryable else "UnreadableMessages")
        log = logger.warning if retryable else logger.error
        log(
            "message not recorded",
            sqs_message_id=record["messageId"],
            receive_count=receive_count(record),
            reason=describe_error(error),
            correlation_id=correlation_ids[index] if correlation_ids else None,
        )
    _set_delays(records, delays, queue)
    return {"batchItemFailures": [{"itemIdentifier": records[index]["messageId"]} for index in failures]}


def queue_again(records: Sequence[dict[str, Any]], delays: Mapping[int, int], queue: Queue) -> Mapping[int, Exception]:
    """Queue copies of the records whose index is in ``delays``, each with its delay in seconds.

    A longer delay than SQS allows is cut, so whoever receives a copy looks whether its time has come.
    The original messages are then deleted. A message that is only returned to the queue would become a dead letter
    after ``MAX_RECEIVES`` receives, and a copy starts with none. A copy has the body and the attributes of its record.
    Returns an error for each record that the queue did not accept.
    """
    entries = [_copy(index, records[index], delay) for index, delay in delays.items()]
    refused: dict[int, Exception] = {}
    for batch in batches(entries, _MAX_ENTRIES):
        try:
            failed = queue.client.send_message_batch(QueueUrl=queue.url, Entries=batch).get("Failed", [])
        except Exception as error:  # noqa: BLE001 - the messages are then delivered again
            refused |= {int(entry["Id"]): error for entry in batch}
        else:
            refused |= {int(entry["Id"]): RetryableError(f"not queued again: {entry['Code']}") for entry in failed}
    count("PostponedMessages", len(entries) - len(refused))
    return refused


def _copy(index: int, record: Mapping[str, Any], delay: int) -> dict[str, Any]:
    attributes = {name: _attribute_to_send(value) for name, value in record.get("messageAttributes", {}).items()}
    trace = record.get("attributes", {}).get(_TRACE)
    system = {_TRACE: {"DataType": "String", "StringValue": trace}} if trace else {}
    return {
        "Id": str(index),
        "MessageBody": record["body"],
        "DelaySeconds": min(delay, _LONGEST_DELAY),
        "MessageAttributes": attributes,
        "MessageSystemAttributes": system,
    }


def _attribute_to_send(value: Mapping[str, Any]) -> dict[str, Any]:
    """Return an attribute in the form that SQS accepts. Lambda writes names in lower case, and bytes in base64."""
    if (content := value.get("binaryValue")) is not None:
        return {"DataType": value["dataType"], "BinaryValue": b64decode(content)}
    return {"DataType": value["dataType"], "StringValue": value["stringValue"]}


def _set_delays(records: Sequence[dict[str, Any]], delays: Mapping[int, int], queue: Queue) -> None:
    entries = [
        {"Id": str(index), "ReceiptHandle": records[index]["receiptHandle"], "VisibilityTimeout": delay}
        for index, delay in delays.items()
    ]
    for batch in batches(entries, _MAX_ENTRIES):
        try:
            queue.client.change_message_visibility_batch(QueueUrl=queue.url, Entries=batch)
        except Exception:  # noqa: BLE001 - the visibility timeout of the queue then sets the delay
            logger.warning("retry delays not set", exc_info=True)
