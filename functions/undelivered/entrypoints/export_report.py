"""Lambda ``export_report``: writes an export to S3, and invokes itself again when its time runs short."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from chalice.app import Blueprint

from undelivered import bootstrap
from undelivered.observability import count, logger, metrics, redact_unhandled_errors

functions = Blueprint(__name__)

_RESERVE_MILLISECONDS = 120_000
"""For the last page, a part and the handing over, each with its retries."""


@functions.lambda_function(name="export_report")
@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
@redact_unhandled_errors
def export_report(event: dict[str, Any], context: LambdaContext) -> None:
    """Write on at the export that the event names. An error makes Lambda try again, twice."""
    count("ExportInvocations")
    written = bootstrap.export_report()(
        event["account_id"],
        event["export_id"],
        lambda: context.get_remaining_time_in_millis() > _RESERVE_MILLISECONDS,
    )
    count("RowsExported", written.rows)
    if written.trouble:
        logger.error("export broken off and handed over", export_id=event["export_id"], exc_info=written.trouble)
