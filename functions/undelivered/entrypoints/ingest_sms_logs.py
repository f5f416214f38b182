"""Lambda ``ingest_sms_logs``: records delivery statuses of SMS from the log groups of Amazon SNS."""

from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from chalice.app import Blueprint

from undelivered import bootstrap
from undelivered.domain.errors import UnreadableEventError
from undelivered.domain.feedback import Handling
from undelivered.entrypoints.ingestion_metrics import measure_received, measure_recorded
from undelivered.entrypoints.lambda_function import lambda_function
from undelivered.observability import logger

if TYPE_CHECKING:
    from undelivered.services.record_feedback import AttributedFeedback

functions = Blueprint(__name__)


@lambda_function(functions)
def ingest_sms_logs(event: dict[str, Any], _context: LambdaContext) -> None:
    """Record the statuses in a batch of log lines.

    Lambda retries an invocation that fails, twice, and then puts the event in the dead-letter queue.
    """
    parts = bootstrap.sms_log_ingestion()
    parsed = parts.parse_event(event)
    measure_received(parsed.feedback, bootstrap.now())
    attributed: list[AttributedFeedback] = []
    failures = parts.record_feedback([[feedback] for feedback in parsed.feedback], observe=attributed.append)
    parts.count_sends()
    measure_recorded([feedback for feedback in attributed if feedback.source not in failures], bootstrap.now())
    for error in failures.values():
        raise error
    if parsed.handling is Handling.QUARANTINE or parsed.unreadable:
        logger.error("log lines not understood", reason=parsed.reason)
        raise UnreadableEventError(parsed.reason)
