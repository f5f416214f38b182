"""Lambda ``export_report``: writes an export to S3. Invokes itself again when its time runs short."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from chalice.app import Blueprint

from undelivered import bootstrap
from undelivered.entrypoints.lambda_function import lambda_function
from undelivered.observability import count, logger

functions = Blueprint(__name__)

_RESERVE_MILLISECONDS = 120_000
"""Time for the last page, the last part and the next invocation, with their retries."""


@lambda_function(functions)
def export_report(event: dict[str, Any], context: LambdaContext) -> None:
    """Continue the export that the event names. Lambda retries an invocation that fails, twice."""
    count("ExportInvocations")
    written = bootstrap.export_report()(
        event["account_id"],
        event["export_id"],
        lambda: context.get_remaining_time_in_millis() > _RESERVE_MILLISECONDS,
    )
    count("RowsExported", written.rows)
    if written.error:
        logger.error("export broken off and handed over", export_id=event["export_id"], exc_info=written.error)
