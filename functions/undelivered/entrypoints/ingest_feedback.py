"""Lambda ``ingest_feedback``: SES and SMS events from the feedback queue."""

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from chalice.app import Blueprint
from msgspec.structs import replace

from undelivered import bootstrap
from undelivered.domain.errors import UnreadableEventError
from undelivered.domain.feedback import Feedback, Handling
from undelivered.entrypoints.ingestion_metrics import measure_received, measure_recorded
from undelivered.entrypoints.sqs_batch import RETRY_DELAYS, receive_count, report_failures
from undelivered.observability import count, logger, metrics, redact_unhandled_errors

if TYPE_CHECKING:
    from undelivered.services.record_feedback import AttributedFeedback, RecordFeedback

functions = Blueprint(__name__)


@functions.lambda_function(name="ingest_feedback")
@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
@redact_unhandled_errors
def ingest_feedback(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:  # noqa: ARG001 - Lambda's form
    """Record a batch of queue messages; the answer names those to be delivered again."""
    parts = bootstrap.ingestion()
    records: list[dict[str, Any]] = event["Records"]
    count("ReceivedMessages", len(records))
    failures: dict[int, Exception] = {}
    batch: list[tuple[Feedback, ...]] = []
    for index, record in enumerate(records):
        read = parts.parse_event(record, known_topics=parts.known_topics)
        batch.append(read.feedback)
        if read.handling is Handling.QUARANTINE or read.unreadable:
            failures[index] = UnreadableEventError(read.reason)
        elif read.handling is Handling.CONFIRM_SUBSCRIPTION:
            logger.info("subscription confirmation ignored: the queue is subscribed by the template")
    measure_received([one for feedback in batch for one in feedback], bootstrap.now())
    waited = {index for index, record in enumerate(records) if receive_count(record) >= len(RETRY_DELAYS)}
    recorded, noted = _record(parts.record_feedback, batch, waited)
    failures |= recorded
    measure_recorded([one for one in noted if one.source not in failures], bootstrap.now())
    return report_failures(records, failures, bootstrap.queue("FEEDBACK_QUEUE_URL"))


def _record(
    record_feedback: "RecordFeedback", batch: Sequence[tuple[Feedback, ...]], waited: Collection[int]
) -> tuple[dict[int, Exception], list["AttributedFeedback"]]:
    """Record a batch; when that fails as a whole, each message for itself, so that one cannot hold up the others.

    Return why messages could not be recorded, by index, and what was found out about the feedback.
    """
    noted: list[AttributedFeedback] = []
    try:
        return dict(record_feedback(batch, waited_enough=waited, note=noted.append)), noted
    except Exception:  # noqa: BLE001 - a message that nobody foresaw
        logger.exception("batch failed; each of its messages is recorded for itself")
    failures: dict[int, Exception] = {}
    noted.clear()
    for index, feedback in enumerate(batch):
        notes: list[AttributedFeedback] = []
        try:
            alone = record_feedback([feedback], waited_enough={0} if index in waited else (), note=notes.append)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is this message's alone
            failures[index] = error
        else:
            if alone:
                failures[index] = alone[0]
        noted += [replace(one, source=index) for one in notes]
    return failures, noted
