"""Send jobs in Amazon SQS."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import asdict, replace

from undelivered.adapters.aws.job_queue import read_job
from undelivered.domain.batches import batches
from undelivered.domain.errors import RetryableError
from undelivered.domain.taxonomy import Channel
from undelivered.observability import logger
from undelivered.services.ports import SendJob

_BATCH = 10
"""The maximum entries of a SendMessageBatch request (Amazon SQS API Reference)."""

_CORRELATION: Final = "correlation_id"
"""The message attribute with the id of the API request that led to a job. The body contains only the job."""

_COUNTS: Final = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)

_CHANNEL: Final = "channel"
"""The message attribute with the channel of a job. It is not in the body, because the version of the
sending functions that runs until a deployment ends would refuse a body with it."""


class SqsSendQueue(Struct, frozen=True):
    """A queue of send jobs."""

    client: Any
    url: str

    def put(self, jobs: Sequence[SendJob]) -> None:
        """Queue jobs with the current request's id; raises RetryableError unless the queue accepts all of them."""
        correlation_id = logger.get_correlation_id() or ""
        for batch in batches(jobs, _BATCH):
            entries = [
                {"Id": str(index), "MessageBody": _body(job), "MessageAttributes": _attributes(job, correlation_id)}
                for index, job in enumerate(batch)
            ]
            response = self.client.send_message_batch(QueueUrl=self.url, Entries=entries)
            if response.get("Failed"):
                raise RetryableError("the queue did not accept every job")
            queued = [f"{job.notification_id}~{job.attempt}" for job in batch]
            logger.info("send jobs queued", account_id=batch[0].account_id, attempts=queued)

    def is_empty(self) -> bool:
        """Whether no job waits in the queue or is being worked on; see ``ports.SendQueue``."""
        response = self.client.get_queue_attributes(QueueUrl=self.url, AttributeNames=list(_COUNTS))
        return not any(int(response["Attributes"][name]) for name in _COUNTS)


def _body(job: SendJob) -> str:
    return json.dumps({name: value for name, value in asdict(job).items() if name != _CHANNEL})


def _attributes(job: SendJob, correlation_id: str) -> dict[str, Any]:
    texts = {_CHANNEL: job.channel.value, _CORRELATION: correlation_id}
    return {name: {"DataType": "String", "StringValue": text} for name, text in texts.items() if text}


def correlation_of(record: Mapping[str, Any]) -> str:
    """Return the id of the API request that led to a received message, empty if unknown."""
    return _attribute(record, _CORRELATION)


def received_job(record: Mapping[str, Any]) -> SendJob:
    """Return the job of a received message; raises UnreadableEventError.

    A message without a known channel counts as an email. It is then sent at the rate of emails.
    """
    channel = _attribute(record, _CHANNEL)
    job = read_send_job(record["body"])
    return replace(job, channel=Channel(channel)) if channel in set(Channel) else job


def _attribute(record: Mapping[str, Any], name: str) -> str:
    return str(record.get("messageAttributes", {}).get(name, {}).get("stringValue", ""))


def read_send_job(body: str) -> SendJob:
    """Return the job in a message's body; raises UnreadableEventError for anything else."""
    return read_job(body, SendJob, "a send job")
