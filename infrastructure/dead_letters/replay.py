"""Replay a dead-letter message: send it to its queue again, or invoke the function that failed."""

import json
import time
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final, Protocol

from infrastructure.dead_letters.reading import DeadLetter, is_stream_event
from infrastructure.dead_letters.stream_records import BatchError, mapping_filters, passes, read_batch

_VISIBILITY_SECONDS: Final = 300
"""How long received messages stay invisible to other readers."""
_RECEIVED_AT_ONCE: Final = 10
_LONG_POLL_SECONDS: Final = 1
"""A long poll asks all of SQS's servers, a short poll only some of them."""
_POLL_SECONDS: Final = 1.0
_EMPTY_POLLS: Final = 3
"""A queue counts as empty after this many empty polls in a row, because its counts are approximate (Amazon SQS API,
GetQueueAttributes)."""
_COUNTS: Final = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    # A send that waits for the sending rate is queued again with a delay.
    "ApproximateNumberOfMessagesDelayed",
)


class ReplayOutcome(StrEnum):
    """What happened to a dead-letter message."""

    WOULD_REPLAY = "would_replay"
    TAKEN = "taken"
    RETURNED = "returned"
    WAITING = "waiting"
    KEPT = "kept"


class ReplayError(Exception):
    """A message could not be replayed, or failed again. The text says why."""


class Replay(Protocol):
    """A way to replay messages."""

    def replay(self, letter: DeadLetter) -> str:
        """Replay a message. Return the id to watch, or "" if it was processed. Raises ReplayError."""

    def outcomes(self, message_ids: Sequence[str], seconds: float) -> Mapping[str, ReplayOutcome]:
        """Wait for up to ``seconds`` and return the outcomes of the messages to watch."""


@dataclass(frozen=True, slots=True)
class QueueReplay:
    """Sends messages to the queue that they came from."""

    sqs: Any
    queue_url: str
    dead_letter_url: str

    def replay(self, letter: DeadLetter) -> str:
        """Send a message to the queue and return its new id."""
        response = self.sqs.send_message(
            QueueUrl=self.queue_url, MessageBody=letter.body, MessageAttributes=dict(letter.message_attributes)
        )
        message_id: str = response["MessageId"]
        return message_id

    def outcomes(self, message_ids: Sequence[str], seconds: float) -> Mapping[str, ReplayOutcome]:
        """Wait until the queue is empty. A message that fails again keeps its id in the dead-letter queue."""
        deadline = time.monotonic() + seconds
        returned: dict[str, str] = {}
        empty_polls = 0
        while not returned.keys() >= set(message_ids) and empty_polls < _EMPTY_POLLS and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)
            empty_polls = 0 if self._has_messages() else empty_polls + 1
            returned |= {letter.message_id: letter.receipt for letter in receive_all(self.sqs, self.dead_letter_url)}
        release(self.sqs, self.dead_letter_url, list(returned.values()))
        otherwise = ReplayOutcome.TAKEN if empty_polls >= _EMPTY_POLLS else ReplayOutcome.WAITING
        return {
            message_id: ReplayOutcome.RETURNED if message_id in returned else otherwise for message_id in message_ids
        }

    def _has_messages(self) -> bool:
        response = self.sqs.get_queue_attributes(QueueUrl=self.queue_url, AttributeNames=list(_COUNTS))
        return any(int(response["Attributes"][name]) for name in _COUNTS)


@dataclass(frozen=True, slots=True)
class FunctionReplay:
    """Invokes the function that failed and waits for it. ``event_of`` returns the function's event for a message."""

    lambda_client: Any
    function: str
    event_of: Callable[[DeadLetter], bytes]

    def replay(self, letter: DeadLetter) -> str:
        """Invoke the function; raises ReplayError if it fails again."""
        response = self.lambda_client.invoke(FunctionName=self.function, Payload=self.event_of(letter))
        result = json.loads(response["Payload"].read() or b"null")
        if response.get("FunctionError"):
            raise ReplayError(f"it failed again: {result.get('errorType', 'an error')}")
        if isinstance(result, dict) and result.get("batchItemFailures"):
            raise ReplayError("it failed again; the function's log has the error")
        return ""

    def outcomes(self, message_ids: Sequence[str], seconds: float) -> Mapping[str, ReplayOutcome]:  # noqa: ARG002 - see Replay
        """Return nothing: the response of the invocation is the outcome."""
        return {}


def body_as_event(letter: DeadLetter) -> bytes:
    """Return the body. After a failed asynchronous invocation, it is the function's event."""
    return letter.body.encode()


def stream_event(streams: Any, lambda_client: Any, function: str, letter: DeadLetter) -> bytes:
    """Return the event with the record in the body, or with the records of the failed batch that the body describes.

    Raises ReplayError if the records of a batch cannot all be read.
    """
    body = json.loads(letter.body)
    if is_stream_event(body):
        return body_as_event(letter)
    batch = body["DDBStreamBatchInfo"]
    try:
        filters = mapping_filters(lambda_client, function, batch["streamArn"])
        records = [record for record in read_batch(streams, batch) if passes(record, filters)]
    except BatchError as error:
        raise ReplayError(str(error)) from None
    if not records:
        raise ReplayError("none of its records passes the function's filter")
    return json.dumps({"Records": records}, default=_as_in_lambda_events).encode()


def _as_in_lambda_events(value: object) -> object:
    if isinstance(value, datetime):
        return value.timestamp()
    assert isinstance(value, bytes)
    return b64encode(value).decode()


def receive_all(sqs: Any, url: str) -> list[DeadLetter]:
    """Receive all visible messages of a queue. They stay invisible to other readers for some minutes.

    In a very long queue, the first messages become visible again before the last are received. The function then stops,
    and returns each message once.
    """
    letters: dict[str, DeadLetter] = {}
    while True:
        received = {letter.message_id: letter for letter in _receive(sqs, url)}
        if received.keys() <= letters.keys():
            return list((letters | received).values())
        letters |= received


def _receive(sqs: Any, url: str) -> list[DeadLetter]:
    response = sqs.receive_message(
        QueueUrl=url,
        MaxNumberOfMessages=_RECEIVED_AT_ONCE,
        VisibilityTimeout=_VISIBILITY_SECONDS,
        WaitTimeSeconds=_LONG_POLL_SECONDS,
        AttributeNames=["All"],
        MessageAttributeNames=["All"],
    )
    return [_letter(message) for message in response.get("Messages", [])]


def _letter(message: Mapping[str, Any]) -> DeadLetter:
    attributes = message.get("Attributes", {})
    return DeadLetter(
        message["MessageId"],
        message["ReceiptHandle"],
        message["Body"],
        datetime.fromtimestamp(int(attributes.get("SentTimestamp", "0")) / 1000, UTC),
        int(attributes.get("ApproximateReceiveCount", "1")),
        attributes,
        message.get("MessageAttributes", {}),
    )


def release(sqs: Any, url: str, receipts: Sequence[str]) -> None:
    """Make received messages visible again. Messages that no longer exist are ignored."""
    from botocore.exceptions import ClientError

    for receipt in receipts:
        with suppress(ClientError):
            sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=receipt, VisibilityTimeout=0)
