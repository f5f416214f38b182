"""Lambda ``ingest_sms_logs``: outcomes of texts from the delivery-status log groups of Amazon SNS."""

from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from chalice.app import Blueprint

from undelivered import bootstrap
from undelivered.domain.errors import UnreadableEventError
from undelivered.domain.feedback import Handling
from undelivered.entrypoints.ingestion_metrics import measure_received, measure_recorded
from undelivered.observability import logger, metrics, redact_unhandled_errors

if TYPE_CHECKING:
    from undelivered.services.record_feedback import AttributedFeedback

functions = Blueprint(__name__)


@functions.lambda_function(name="ingest_sms_logs")
@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
@redact_unhandled_errors
def ingest_sms_logs(event: dict[str, Any], context: LambdaContext) -> None:  # noqa: ARG001 - Lambda's form
    """Record the outcomes in one batch of log lines.

    An error makes Lambda invoke again, twice, and then keep the event in the dead-letter queue.
    """
    parts = bootstrap.ingestion()
    read = parts.parse_event(event)
    measure_received(read.feedback, bootstrap.now())
    noted: list[AttributedFeedback] = []
    failures = parts.record_feedback([[feedback] for feedback in read.feedback], note=noted.append)
    measure_recorded([one for one in noted if one.source not in failures], bootstrap.now())
    for error in failures.values():
        raise error
    if read.handling is Handling.QUARANTINE or read.unreadable:
        logger.error("log lines not understood", reason=read.reason)
        raise UnreadableEventError(read.reason)
