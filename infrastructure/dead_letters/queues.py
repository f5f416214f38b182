"""The dead-letter queues of a stack, and the replay of all messages of a queue."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial
from typing import Any, Final, Protocol

from infrastructure.build.releases import alias_of
from infrastructure.dead_letters.reading import (
    DeadLetter,
    Reading,
    read_delivery_job,
    read_export_job,
    read_feedback,
    read_reply_letter,
    read_send_job,
    read_sms_logs,
    read_stream_letter,
)
from infrastructure.dead_letters.replay import (
    FunctionReplay,
    QueueReplay,
    Replay,
    ReplayError,
    ReplayOutcome,
    body_as_event,
    receive_all,
    release,
    stream_event,
)


class QueueName(StrEnum):
    """The short name of a dead-letter queue."""

    FEEDBACK = "feedback"
    SENDS = "sends"
    RESENDS = "resends"
    EXPORTS = "exports"
    WEBHOOKS = "webhooks"
    REPLIES = "replies"
    SMS_LOGS = "sms-logs"
    ARCHIVE = "archive"
    ON_ITEM_CHANGED = "on-item-changed"


_READERS: Final[Mapping[QueueName, Callable[[DeadLetter], Reading]]] = {
    QueueName.SENDS: read_send_job,
    QueueName.RESENDS: read_send_job,
    QueueName.EXPORTS: read_export_job,
    QueueName.WEBHOOKS: read_delivery_job,
    QueueName.REPLIES: read_reply_letter,
}
"""The dead-letter queues with jobs or with texts from customers, and how these are read."""


class StackResources(Protocol):
    """The part of ``DeployedStack`` that finds queues and functions."""

    def client(self, service: str) -> Any:
        """Return a boto3 client of a service."""

    def resource(self, logical_id: str) -> str:
        """Return a resource's physical id."""


@dataclass(frozen=True, slots=True)
class DeadLetterQueue:
    """A dead-letter queue, and how its messages are read and replayed."""

    url: str
    read: Callable[[DeadLetter], Reading]
    replay: Replay


@dataclass(frozen=True, slots=True)
class ReplayReport:
    """The report on one message. ``became`` is its outcome."""

    queue: QueueName
    message_id: str
    sent_at: str
    received: int
    what: str
    why: str
    became: ReplayOutcome


def dead_letter_queue_id(name: QueueName) -> str:
    """Return the logical id of a dead-letter queue."""
    return f"{_prefix(name)}DeadLetterQueue"


def _prefix(name: QueueName) -> str:
    return "".join(word.capitalize() for word in name.value.split("-"))


def dead_letter_queue_of(name: QueueName, stack: StackResources) -> DeadLetterQueue:
    """Return a dead-letter queue of a stack; raises ToolError if the stack does not have it."""
    prefix = _prefix(name)
    url = stack.resource(dead_letter_queue_id(name))
    if name is QueueName.FEEDBACK or name in _READERS:
        to_queue = QueueReplay(stack.client("sqs"), stack.resource(f"{prefix}Queue"), url)
        if name is QueueName.FEEDBACK:
            topics = frozenset({stack.resource("FeedbackTopic")})
            return DeadLetterQueue(url, partial(read_feedback, known_topics=topics), to_queue)
        return DeadLetterQueue(url, _READERS[name], to_queue)
    if name is QueueName.SMS_LOGS:
        to_function = FunctionReplay(stack.client("lambda"), stack.resource(alias_of("IngestSmsLogs")), body_as_event)
        return DeadLetterQueue(url, read_sms_logs, to_function)
    functions, function = stack.client("lambda"), stack.resource(alias_of(prefix))
    event_of = partial(stream_event, stack.client("dynamodbstreams"), functions, function)
    to_function = FunctionReplay(functions, function, event_of)
    return DeadLetterQueue(url, read_stream_letter, to_function)


def redrive_queue(
    name: QueueName, queue: DeadLetterQueue, sqs: Any, *, dry_run: bool, wait_seconds: float
) -> list[ReplayReport]:
    """Replay each readable message of a queue once, and report on all messages. A dry run replays nothing.

    Messages that cannot be read, or that fail again, stay in the dead-letter queue.
    """
    reports: list[ReplayReport] = []
    watched: dict[str, int] = {}
    kept: list[str] = []
    try:
        for letter in receive_all(sqs, queue.url):
            reading = queue.read(letter)
            became, why = (ReplayOutcome.WOULD_REPLAY if reading.replayable else ReplayOutcome.KEPT), reading.why
            if reading.replayable and not dry_run:
                try:
                    new_id = queue.replay.replay(letter)
                except ReplayError as error:
                    became, why = ReplayOutcome.KEPT, str(error)
                else:
                    # Delete after the replay: an interruption in between leaves a duplicate, which is harmless.
                    sqs.delete_message(QueueUrl=queue.url, ReceiptHandle=letter.receipt)
                    became = ReplayOutcome.WAITING if new_id else ReplayOutcome.TAKEN
                    watched |= {new_id: len(reports)} if new_id else {}
            if became in {ReplayOutcome.KEPT, ReplayOutcome.WOULD_REPLAY}:
                kept.append(letter.receipt)
            sent_at = letter.sent_at.strftime("%Y-%m-%dT%H:%M:%SZ")
            reports.append(ReplayReport(name, letter.message_id, sent_at, letter.received, reading.what, why, became))
        outcomes = queue.replay.outcomes(list(watched), wait_seconds) if watched else {}
    finally:
        release(sqs, queue.url, kept)
    for message_id, position in watched.items():
        reports[position] = replace(reports[position], became=outcomes[message_id])
    return reports
