"""`undelivered redrive`: what waits in the dead-letter queues, why, and what becomes of it when it is tried again.

What can be understood now goes back to where it came from; what cannot stays where it is. What is printed holds ids
and reasons, never a body: bodies hold people's addresses.
"""

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Final, Protocol

import typer

from infrastructure.build.releases import alias_of
from infrastructure.cli.errors import exit_on_tool_error
from infrastructure.errors import ToolError

_HELD_SECONDS: Final = 300
"""How long nobody else sees the letters that are being looked at."""
_AT_ONCE: Final = 10
_LONG_POLL_SECONDS: Final = 1
"""A long poll asks all of SQS's servers, a short one only a sample."""
_POLLS_EVERY: Final = 1.0
_EMPTY_POLLS: Final = 3
"""Polls in a row that must find a queue empty: its figures are approximate (Amazon SQS API, GetQueueAttributes)."""
_STREAM_KEPT_HOURS: Final = 24
_UNSETTLED: Final = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")


class QueueName(StrEnum):
    """Whose dead letters."""

    FEEDBACK = "feedback"
    SENDS = "sends"
    RESENDS = "resends"
    SMS_LOGS = "sms-logs"
    ARCHIVE = "archive"
    ON_ITEM_CHANGED = "on-item-changed"


class ReplayOutcome(StrEnum):
    """What became of a letter."""

    WOULD_REPLAY = "would_replay"
    TAKEN = "taken"
    RETURNED = "returned"
    WAITING = "waiting"
    KEPT = "kept"


_IN_WORDS: Final = {
    ReplayOutcome.WOULD_REPLAY: "would be replayed",
    ReplayOutcome.TAKEN: "replayed and processed",
    ReplayOutcome.RETURNED: "replayed, failed again and returned to the dead-letter queue",
    ReplayOutcome.WAITING: "replayed, result not known yet",
    ReplayOutcome.KEPT: "stays in the dead-letter queue",
}


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One message of a dead-letter queue."""

    message_id: str
    receipt: str
    body: str
    sent_at: datetime
    received: int
    attributes: Mapping[str, Any]
    marks: Mapping[str, Any]
    """What the sender put beside the body (SQS's message attributes)."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a letter is, why it is there, and whether trying it again makes sense."""

    what: str
    why: str
    replayable: bool


@dataclass(frozen=True, slots=True)
class Told:
    """What is said of a letter."""

    queue: QueueName
    message_id: str
    sent_at: str
    received: int
    what: str
    why: str
    became: ReplayOutcome


class Deployment(Protocol):
    """A deployed stack, here or on AWS."""

    def client(self, service: str) -> Any:
        """Return a boto3 client."""

    def resource(self, logical_id: str) -> str:
        """Return a resource's physical id: the URL of a queue, the name of a function, the ARN of a topic."""


@dataclass(frozen=True, slots=True)
class CloudFormationStack:
    """A stack whose resources CloudFormation knows."""

    name: str
    client_of: Callable[[str], Any]

    def client(self, service: str) -> Any:
        """Return a boto3 client."""
        return self.client_of(service)

    def resource(self, logical_id: str) -> str:
        """Return a resource's physical id; raises ToolError when the stack has none such."""
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            found = self.client("cloudformation").describe_stack_resource(
                StackName=self.name, LogicalResourceId=logical_id
            )
        except (ClientError, BotoCoreError) as error:
            raise ToolError(f"{logical_id} of the stack {self.name} was not found: {error}") from None
        physical: str = found["StackResourceDetail"]["PhysicalResourceId"]
        return physical


# --- what a letter is


def read_feedback(letter: DeadLetter, known_topics: frozenset[str] | None) -> Reading:
    """Read an event as ``ingest_feedback`` does."""
    record = {"body": letter.body, "attributes": dict(letter.attributes)}
    return _reading_of_event(record, letter, known_topics, "ingest_feedback")


def read_sms_logs(letter: DeadLetter) -> Reading:
    """Read an invocation as ``ingest_sms_logs`` does."""
    try:
        event = json.loads(letter.body)
    except ValueError:
        return _not_understood(letter, "not JSON")
    return _reading_of_event(event, letter, None, "ingest_sms_logs")


def _reading_of_event(
    event: Mapping[str, object] | str, letter: DeadLetter, known_topics: frozenset[str] | None, function: str
) -> Reading:
    from undelivered.adapters.feedback import parse_event
    from undelivered.domain.feedback import Feedback, Handling

    def words(feedback: Feedback) -> str:
        judged = feedback.classification
        outcome = f"{judged.status} ({judged.reason})" if judged else feedback.outcome.name.lower()
        return f"{outcome}, message {feedback.provider_message_id}"

    read = parse_event(event, known_topics=known_topics, received_at=letter.sent_at)
    if read.handling is Handling.QUARANTINE or read.unreadable:
        return _not_understood(letter, read.reason)
    if not read.feedback:
        return Reading("an event that changes nothing", read.reason, replayable=True)
    more = f" and {len(read.feedback) - 1} more" if len(read.feedback) > 1 else ""
    return Reading(words(read.feedback[0]) + more, _failed_then(function), replayable=True)


def read_send_job(letter: DeadLetter) -> Reading:
    """Read a send order as the sending functions do."""
    from undelivered.adapters.aws.sqs import read_send_job as order_of
    from undelivered.domain.errors import UnreadableEventError

    try:
        order = order_of(letter.body)
    except UnreadableEventError as error:
        return _not_understood(letter, str(error))
    kind = "resend" if order.entry_key else "send"
    what = f"{kind} of notification {order.notification_id}, attempt {order.attempt}, account {order.account_id}"
    return Reading(
        what,
        f"{_failed_then('the sending function')}. An attempt that was already started is not sent again",
        replayable=True,
    )


def read_stream_batch(letter: DeadLetter) -> Reading:
    """Read what Lambda leaves of stream records that a function failed at: where they are, not what they say."""
    try:
        told = json.loads(letter.body)
        batch, condition = told["DDBStreamBatchInfo"], told["requestContext"]["condition"]
        what = f"{batch['batchSize']} item changes, starting {batch['approximateArrivalOfFirstRecord']}"
    except (ValueError, KeyError, TypeError):
        return _not_understood(letter, "not a failed-batch record from Lambda")
    return Reading(what, f"{condition}. See the function's log for the error", replayable=True)


def _failed_then(function: str) -> str:
    return f"the message is readable, but processing failed. See the log of {function} for the error"


def _not_understood(letter: DeadLetter, because: str) -> Reading:
    return Reading(f"message that could not be read, {len(letter.body.encode())} bytes", because, replayable=False)


# --- trying again


class Replaying(Protocol):
    """A way to try letters again."""

    def replay(self, letter: DeadLetter) -> str:
        """Try a letter again and return the id to watch for, empty when it is settled; raises NotTakenError."""

    def settle(self, watched: Sequence[str], seconds: float) -> Mapping[str, ReplayOutcome]:
        """Return what became of those to watch for."""


class NotTakenError(Exception):
    """A letter could not be tried again, or failed again; the text says why."""


@dataclass(frozen=True, slots=True)
class IntoQueue:
    """Puts letters back into the queue they came from."""

    sqs: Any
    queue_url: str
    dead_letter_url: str

    def replay(self, letter: DeadLetter) -> str:
        """Queue a letter again and return its new id."""
        sent = self.sqs.send_message(
            QueueUrl=self.queue_url, MessageBody=letter.body, MessageAttributes=dict(letter.marks)
        )
        message_id: str = sent["MessageId"]
        return message_id

    def settle(self, watched: Sequence[str], seconds: float) -> Mapping[str, ReplayOutcome]:
        """Wait until the queue is empty, or the time is over; SQS keeps a message's id when it gives up on it."""
        deadline = time.monotonic() + seconds
        returned: dict[str, str] = {}
        empty = 0
        while not returned.keys() >= set(watched) and empty < _EMPTY_POLLS and time.monotonic() < deadline:
            time.sleep(_POLLS_EVERY)
            empty = 0 if self._holds_anything() else empty + 1
            returned |= {letter.message_id: letter.receipt for letter in letters_of(self.sqs, self.dead_letter_url)}
        _release(self.sqs, self.dead_letter_url, list(returned.values()))
        otherwise = ReplayOutcome.TAKEN if empty >= _EMPTY_POLLS else ReplayOutcome.WAITING
        return {one: ReplayOutcome.RETURNED if one in returned else otherwise for one in watched}

    def _holds_anything(self) -> bool:
        answer = self.sqs.get_queue_attributes(QueueUrl=self.queue_url, AttributeNames=list(_UNSETTLED))
        return any(int(answer["Attributes"][name]) for name in _UNSETTLED)


@dataclass(frozen=True, slots=True)
class IntoFunction:
    """Invokes the function that failed, and waits for it. ``event_of`` makes the function's event of a letter."""

    lambda_client: Any
    function: str
    event_of: Callable[[DeadLetter], bytes]

    def replay(self, letter: DeadLetter) -> str:
        """Invoke the function; raises NotTakenError when it fails again."""
        answer = self.lambda_client.invoke(FunctionName=self.function, Payload=self.event_of(letter))
        said = json.loads(answer["Payload"].read() or b"null")
        if answer.get("FunctionError"):
            raise NotTakenError(f"failed again: {said.get('errorType', 'an error')}")
        if isinstance(said, dict) and said.get("batchItemFailures"):
            raise NotTakenError("failed again. See the function's log for the error")
        return ""

    def settle(self, watched: Sequence[str], seconds: float) -> Mapping[str, ReplayOutcome]:  # noqa: ARG002 - see Replaying
        """Return nothing: an invocation is settled by its answer."""
        return {}


def body_as_event(letter: DeadLetter) -> bytes:
    """Return a letter's body, which is the very event that an asynchronous invocation failed at."""
    return letter.body.encode()


def stream_event(streams: Any, letter: DeadLetter) -> bytes:
    """Return the event with the stream records that a letter points to; raises NotTakenError when they are gone."""
    batch = json.loads(letter.body)["DDBStreamBatchInfo"]
    try:
        iterator = streams.get_shard_iterator(
            StreamArn=batch["streamArn"],
            ShardId=batch["shardId"],
            ShardIteratorType="AT_SEQUENCE_NUMBER",
            SequenceNumber=batch["startSequenceNumber"],
        )["ShardIterator"]
        records = streams.get_records(ShardIterator=iterator, Limit=int(batch["batchSize"]))["Records"]
    except (streams.exceptions.TrimmedDataAccessException, streams.exceptions.ResourceNotFoundException):
        raise NotTakenError(
            f"the stream records have expired. A stream keeps them for {_STREAM_KEPT_HOURS} hours"
        ) from None
    last = int(batch["endSequenceNumber"])
    wanted = [record for record in records if int(record["dynamodb"]["SequenceNumber"]) <= last]
    return json.dumps({"Records": wanted}, default=_as_lambda_has_it).encode()


def _as_lambda_has_it(value: object) -> object:
    return value.timestamp() if isinstance(value, datetime) else str(value)


# --- the queues


@dataclass(frozen=True, slots=True)
class DeadLetterQueue:
    """One dead-letter queue: how its letters are read and tried again."""

    dead_letter_url: str
    read: Callable[[DeadLetter], Reading]
    replaying: Replaying


def dead_letter_queue(name: QueueName) -> str:
    """Return the logical id of a dead-letter queue."""
    return f"{_prefix(name)}DeadLetterQueue"


def _prefix(name: QueueName) -> str:
    return "".join(word.capitalize() for word in name.value.split("-"))


def dead_letter_queue_of(name: QueueName, stack: Deployment) -> DeadLetterQueue:
    """Return a queue's line on a stack; raises ToolError when the stack lacks it."""
    prefix = _prefix(name)
    dead_letter_url = stack.resource(dead_letter_queue(name))
    if name in {QueueName.FEEDBACK, QueueName.SENDS, QueueName.RESENDS}:
        into = IntoQueue(stack.client("sqs"), stack.resource(f"{prefix}Queue"), dead_letter_url)
        if name is QueueName.FEEDBACK:
            topics = frozenset({stack.resource("FeedbackTopic")})
            return DeadLetterQueue(dead_letter_url, partial(read_feedback, known_topics=topics), into)
        return DeadLetterQueue(dead_letter_url, read_send_job, into)
    if name is QueueName.SMS_LOGS:
        invoking = IntoFunction(stack.client("lambda"), stack.resource(alias_of("IngestSmsLogs")), body_as_event)
        return DeadLetterQueue(dead_letter_url, read_sms_logs, invoking)
    event_of = partial(stream_event, stack.client("dynamodbstreams"))
    invoking = IntoFunction(stack.client("lambda"), stack.resource(alias_of(prefix)), event_of)
    return DeadLetterQueue(dead_letter_url, read_stream_batch, invoking)


def redrive_queue(
    name: QueueName,
    line: DeadLetterQueue,
    sqs: Any,
    *,
    dry_run: bool,
    wait_seconds: float,
) -> list[Told]:
    """Try a queue's dead letters again, once each, and say what became of them; a dry run only says what they are."""
    letters = letters_of(sqs, line.dead_letter_url)
    told: list[Told] = []
    watched: dict[str, int] = {}
    stay: list[str] = []
    try:
        for letter in letters:
            reading = line.read(letter)
            became, why = (ReplayOutcome.WOULD_REPLAY if reading.replayable else ReplayOutcome.KEPT), reading.why
            if reading.replayable and not dry_run:
                try:
                    new_id = line.replaying.replay(letter)
                except NotTakenError as error:
                    became, why = ReplayOutcome.KEPT, str(error)
                else:
                    # Queued first, deleted then: broken off in between it is there twice, which does no harm.
                    sqs.delete_message(QueueUrl=line.dead_letter_url, ReceiptHandle=letter.receipt)
                    became = ReplayOutcome.WAITING if new_id else ReplayOutcome.TAKEN
                    watched |= {new_id: len(told)} if new_id else {}
            if became in {ReplayOutcome.KEPT, ReplayOutcome.WOULD_REPLAY}:
                stay.append(letter.receipt)
            told.append(_told(name, letter, reading.what, why, became))
        fates = line.replaying.settle(list(watched), wait_seconds) if watched else {}
    finally:
        _release(sqs, line.dead_letter_url, stay)
    by_place = {place: fates[message_id] for message_id, place in watched.items()}
    return [_with_fate(one, by_place.get(place, one.became)) for place, one in enumerate(told)]


def _told(name: QueueName, letter: DeadLetter, what: str, why: str, became: ReplayOutcome) -> Told:
    sent_at = letter.sent_at.strftime("%Y-%m-%dT%H:%M:%SZ")
    return Told(name, letter.message_id, sent_at, letter.received, what, why, became)


def _with_fate(told: Told, became: ReplayOutcome) -> Told:
    return Told(**{**asdict(told), "became": became})


def letters_of(sqs: Any, url: str) -> list[DeadLetter]:
    """Return every letter of a queue that nobody else is looking at; for some minutes nobody else sees them."""
    return list({letter.message_id: letter for letter in _received(sqs, url)}.values())


def _received(sqs: Any, url: str) -> Iterator[DeadLetter]:
    while True:
        answer = sqs.receive_message(
            QueueUrl=url,
            MaxNumberOfMessages=_AT_ONCE,
            VisibilityTimeout=_HELD_SECONDS,
            WaitTimeSeconds=_LONG_POLL_SECONDS,
            AttributeNames=["All"],
            MessageAttributeNames=["All"],
        )
        messages = answer.get("Messages", [])
        if not messages:
            return
        for message in messages:
            attributes = message.get("Attributes", {})
            yield DeadLetter(
                message["MessageId"],
                message["ReceiptHandle"],
                message["Body"],
                datetime.fromtimestamp(int(attributes.get("SentTimestamp", "0")) / 1000, UTC),
                int(attributes.get("ApproximateReceiveCount", "1")),
                attributes,
                message.get("MessageAttributes", {}),
            )


def _release(sqs: Any, url: str, receipts: Sequence[str]) -> None:
    """Let others see letters again; those that are gone meanwhile need no release."""
    from botocore.exceptions import ClientError

    for receipt in receipts:
        with suppress(ClientError):
            sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=receipt, VisibilityTimeout=0)


# --- the command


def redrive(  # noqa: PLR0913 - one for each option
    queue: Annotated[list[QueueName] | None, typer.Option(help="Only these; all when left out.")] = None,
    state_dir: Annotated[
        Path | None, typer.Option(help="State folder of a local stack.", show_default="the running stack")
    ] = None,
    stack_name: Annotated[
        str | None, typer.Option(help="A deployed stack. Uses the AWS CLI's credentials and region.")
    ] = None,
    wait: Annotated[float, typer.Option(help="How many seconds to wait for the result of replayed messages.")] = 30.0,
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show the messages and why they failed.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")] = False,
) -> None:
    """Replay dead-letter messages. Shows why each one failed and the result of the replay."""
    with exit_on_tool_error():
        stack = _deployment(state_dir, stack_name)
        told = [
            one
            for name in queue or list(QueueName)
            for one in redrive_queue(
                name, dead_letter_queue_of(name, stack), stack.client("sqs"), dry_run=dry_run, wait_seconds=wait
            )
        ]
    if as_json:
        print(json.dumps({"dry_run": dry_run, "messages": [asdict(one) for one in told]}))
    else:
        _print(told)


def _deployment(state_dir: Path | None, stack_name: str | None) -> Deployment:
    if stack_name is not None:
        if state_dir is not None:
            raise ToolError("Use --state-dir for a local stack or --stack-name for a deployed one, but not both.")
        import boto3

        session = boto3.Session()
        return CloudFormationStack(stack_name, partial(_any_client, session))
    from infrastructure.local.stack import STACK_NAME, LocalStack, find_state_dir

    return CloudFormationStack(STACK_NAME, LocalStack.attach(find_state_dir(state_dir)).client)


def _any_client(session: Any, service: str) -> Any:
    return session.client(service)


def _print(told: Sequence[Told]) -> None:
    for one in told:
        typer.echo(f"{one.queue} {one.message_id}, sent {one.sent_at}, received {one.received} times")
        typer.echo(f"  what: {one.what}")
        typer.echo(f"  why:  {one.why}")
        typer.echo(f"  now:  {_IN_WORDS[one.became]}")
    counts = Counter(one.became for one in told)
    sums = "; ".join(f"{number} {_IN_WORDS[fate]}" for fate, number in counts.items())
    typer.echo(f"{len(told)} dead letters{f': {sums}' if sums else ''}.")
