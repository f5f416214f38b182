"""Send jobs in Amazon SQS."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import asdict

from undelivered.domain.errors import RetryableError, UnreadableEventError
from undelivered.observability import logger
from undelivered.services.ports import SendJob

_BATCH = 10
"""The maximum entries of a SendMessageBatch request (Amazon SQS API Reference)."""

_CORRELATION: Final = "correlation_id"
"""The message attribute with the id of the API request that led to a job. The body contains only the job."""


class SqsSendQueue(Struct, frozen=True):
    """A queue of send jobs."""

    client: Any
    url: str

    def put(self, jobs: Sequence[SendJob]) -> None:
        """Queue jobs with the current request's id; raises RetryableError unless the queue accepts all of them."""
        attributes = _attributes(logger.get_correlation_id() or "")
        for batch in _batches(jobs):
            entries = [
                {"Id": str(index), "MessageBody": json.dumps(asdict(job)), **attributes}
                for index, job in enumerate(batch)
            ]
            response = self.client.send_message_batch(QueueUrl=self.url, Entries=entries)
            if response.get("Failed"):
                raise RetryableError("the queue did not take every job")
            queued = [f"{job.notification_id}~{job.attempt}" for job in batch]
            logger.info("send jobs queued", account_id=batch[0].account_id, attempts=queued)


def _attributes(correlation_id: str) -> dict[str, Any]:
    if not correlation_id:
        return {}
    return {"MessageAttributes": {_CORRELATION: {"DataType": "String", "StringValue": correlation_id}}}


def correlation_of(record: Mapping[str, Any]) -> str:
    """Return the id of the API request that led to a received message, empty if unknown."""
    attribute = record.get("messageAttributes", {}).get(_CORRELATION, {})
    return str(attribute.get("stringValue", ""))


def _batches(jobs: Sequence[SendJob]) -> Iterator[Sequence[SendJob]]:
    return (jobs[start : start + _BATCH] for start in range(0, len(jobs), _BATCH))


def read_send_job(body: str) -> SendJob:
    """Return the job in a message's body; raises UnreadableEventError for anything else."""
    try:
        return SendJob(**json.loads(body))
    except (ValueError, TypeError) as error:
        raise UnreadableEventError("not a send job") from error
