"""Read a dead-letter message: what it is, why it failed, and whether a replay can succeed.

A reading holds ids and reasons but never the body, because bodies contain email addresses and phone numbers.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from undelivered.domain.feedback import Feedback


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message in a dead-letter queue.

    ``received`` counts how often it was received. ``message_attributes`` are the attributes that the sender set.
    """

    message_id: str
    receipt: str
    body: str
    sent_at: datetime
    received: int
    attributes: Mapping[str, Any]
    message_attributes: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Reading:
    """What a message is, why it failed, and whether it can be replayed."""

    what: str
    why: str
    replayable: bool


def read_feedback(letter: DeadLetter, known_topics: frozenset[str] | None) -> Reading:
    """Read an event as ``ingest_feedback`` does."""
    record = {"body": letter.body, "attributes": dict(letter.attributes)}
    return _read_event(record, letter, known_topics, "ingest_feedback")


def read_sms_logs(letter: DeadLetter) -> Reading:
    """Read the event of an invocation as ``ingest_sms_logs`` does."""
    try:
        event = json.loads(letter.body)
    except ValueError:
        return _unreadable(letter, "not JSON")
    return _read_event(event, letter, None, "ingest_sms_logs")


def _read_event(
    event: Mapping[str, object] | str, letter: DeadLetter, known_topics: frozenset[str] | None, function: str
) -> Reading:
    from undelivered.adapters.feedback import parse_event
    from undelivered.domain.feedback import Handling

    parsed = parse_event(event, known_topics=known_topics, received_at=letter.sent_at)
    if parsed.handling is Handling.QUARANTINE or parsed.unreadable:
        return _unreadable(letter, parsed.reason)
    if not parsed.feedback:
        return Reading("an event that changes nothing", parsed.reason, replayable=True)
    more = f" and {len(parsed.feedback) - 1} more" if len(parsed.feedback) > 1 else ""
    return Reading(_summary(parsed.feedback[0]) + more, _processing_failed(function), replayable=True)


def _summary(feedback: "Feedback") -> str:
    classification = feedback.classification
    outcome = f"{classification.status} ({classification.reason})" if classification else feedback.outcome.name.lower()
    return f"{outcome}, message {feedback.provider_message_id}"


def read_send_job(letter: DeadLetter) -> Reading:
    """Read a send job as the sending functions do."""
    from undelivered.adapters.aws import sqs
    from undelivered.domain.errors import UnreadableEventError

    try:
        job = sqs.read_send_job(letter.body)
    except UnreadableEventError as error:
        return _unreadable(letter, str(error))
    kind = "resend" if job.entry_key else "send"
    return Reading(
        f"{kind} of notification {job.notification_id}, attempt {job.attempt}, account {job.account_id}",
        f"{_processing_failed('the sending function')}. An attempt that was already started is not sent again",
        replayable=True,
    )


def read_export_job(letter: DeadLetter) -> Reading:
    """Read an export job as ``export_report`` does."""
    from undelivered.adapters.aws import export_queue
    from undelivered.domain.errors import UnreadableEventError

    try:
        account_id, export_id = export_queue.read_export_job(letter.body)
    except UnreadableEventError as error:
        return _unreadable(letter, str(error))
    return Reading(
        f"export {export_id}, account {account_id}",
        f"{_processing_failed('export_report')}. An export with the state failed does not continue: start it again",
        replayable=True,
    )


def read_delivery_job(letter: DeadLetter) -> Reading:
    """Read a delivery to a webhook as ``deliver_webhooks`` does."""
    from undelivered.adapters.aws import webhook_queue
    from undelivered.domain.errors import UnreadableEventError

    try:
        job = webhook_queue.read_delivery_job(letter.body)
    except UnreadableEventError as error:
        return _unreadable(letter, str(error))
    return Reading(
        f"delivery {job.delivery_id} to webhook {job.webhook_id}, account {job.account_id}",
        _processing_failed("deliver_webhooks"),
        replayable=True,
    )


def read_reply_letter(letter: DeadLetter) -> Reading:
    """Read a text to a two-way number as ``read_replies`` does, from whichever topic it is."""
    from undelivered.adapters.aws import replies
    from undelivered.domain.errors import UnreadableEventError

    try:
        reply = replies.read_reply({"body": letter.body, "attributes": dict(letter.attributes)})
    except UnreadableEventError as error:
        return _unreadable(letter, str(error))
    what = f"reply {reply.message_id}" if reply else "a text that no person has sent"
    return Reading(what, _processing_failed("read_replies"), replayable=True)


def read_stream_letter(letter: DeadLetter) -> Reading:
    """Read a stream record that its function could not read, or Lambda's record of a failed batch.

    Lambda's record holds the position of the stream records, not their content.
    """
    try:
        record = json.loads(letter.body)
        if is_stream_event(record):
            why = f"{record['unreadable']}. See the function's log for the error"
            return Reading("an item change that could not be read", why, replayable=True)
        batch, condition = record["DDBStreamBatchInfo"], record["requestContext"]["condition"]
        what = f"{batch['batchSize']} item changes, starting {batch['approximateArrivalOfFirstRecord']}"
    except (ValueError, KeyError, TypeError):
        return _unreadable(letter, "neither a stream record nor a failed-batch record from Lambda")
    return Reading(what, f"{condition}. See the function's log for the error", replayable=True)


def is_stream_event(body: Mapping[str, object]) -> bool:
    """Whether a body is an event of a stream function: with a record that it could not read, and the reason."""
    return "unreadable" in body and "Records" in body


def _processing_failed(function: str) -> str:
    return f"the message is readable, but processing failed. See the log of {function} for the error"


def _unreadable(letter: DeadLetter, reason: str) -> Reading:
    return Reading(f"message that could not be read, {len(letter.body.encode())} bytes", reason, replayable=False)
