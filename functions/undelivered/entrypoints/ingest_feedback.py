"""Lambda ``ingest_feedback``: records SES and SMS events from the feedback queue."""

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from chalice.app import Blueprint
from msgspec.structs import replace

from undelivered import bootstrap
from undelivered.domain.errors import UnreadableEventError
from undelivered.domain.feedback import Feedback, Handling
from undelivered.entrypoints.ingestion_metrics import measure_received, measure_recorded
from undelivered.entrypoints.lambda_function import lambda_function
from undelivered.entrypoints.sqs_batch import RETRY_DELAYS, receive_count, report_failures
from undelivered.observability import count, logger

if TYPE_CHECKING:
    from undelivered.services.record_feedback import AttributedFeedback, RecordFeedback

functions = Blueprint(__name__)


@lambda_function(functions)
def ingest_feedback(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Record a batch of queue messages. The response names the messages that SQS delivers again."""
    parts = bootstrap.feedback_ingestion()
    records: list[dict[str, Any]] = event["Records"]
    count("ReceivedMessages", len(records))
    failures: dict[int, Exception] = {}
    batch: list[tuple[Feedback, ...]] = []
    for index, record in enumerate(records):
        parsed = parts.parse_event(record)
        batch.append(parsed.feedback)
        if parsed.handling is Handling.QUARANTINE or parsed.unreadable:
            failures[index] = UnreadableEventError(parsed.reason)
        elif parsed.handling is Handling.CONFIRM_SUBSCRIPTION:
            logger.info("subscription confirmation ignored: the queue is subscribed by the template")
    measure_received([feedback for message in batch for feedback in message], bootstrap.now())
    waited = {index for index, record in enumerate(records) if receive_count(record) >= len(RETRY_DELAYS)}
    not_recorded, recorded = _record(parts.record_feedback, batch, waited)
    parts.count_sends()
    failures |= not_recorded
    measure_recorded([feedback for feedback in recorded if feedback.source not in failures], bootstrap.now())
    return report_failures(records, failures, parts.queue)


def _record(
    record_feedback: "RecordFeedback", batch: Sequence[tuple[Feedback, ...]], waited: Collection[int]
) -> tuple[dict[int, Exception], list["AttributedFeedback"]]:
    """Record the messages of a batch together, or each on its own if that fails.

    Return the errors of the messages that were not recorded, by index, and the attributed feedback of the batch.
    """
    attributed: list[AttributedFeedback] = []
    try:
        return dict(record_feedback(batch, no_longer_waiting=waited, observe=attributed.append)), attributed
    except Exception:  # noqa: BLE001 - one message must not fail the batch
        logger.exception("batch failed; its messages are recorded one at a time")
    failures: dict[int, Exception] = {}
    attributed.clear()
    for index, message in enumerate(batch):
        of_message: list[AttributedFeedback] = []
        try:
            failed = record_feedback(
                [message], no_longer_waiting={0} if index in waited else (), observe=of_message.append
            )
        except Exception as error:  # noqa: BLE001 - as above
            failures[index] = error
        else:
            if failed:
                failures[index] = failed[0]
        attributed += [replace(feedback, source=index) for feedback in of_message]
    return failures, attributed
