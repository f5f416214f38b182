"""Lambda ``export_report``: writes exports to S3, from their queue. Queues an export again when its time runs short."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from chalice.app import Blueprint

from undelivered import bootstrap
from undelivered.domain.errors import UnreadableEventError
from undelivered.entrypoints.lambda_function import lambda_function
from undelivered.entrypoints.sqs_batch import report_failures
from undelivered.observability import count, logger

functions = Blueprint(__name__)

_RESERVE_MILLISECONDS = 120_000
"""Time for the last page, the last part and the message that continues the export, with their retries."""


@lambda_function(functions)
def export_report(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Continue the exports of a batch. The queue delivers the message of one that fails again, after a delay."""
    parts = bootstrap.export_report()
    records: list[dict[str, Any]] = event["Records"]
    failures: dict[int, Exception] = {}
    for index, record in enumerate(records):
        count("ExportInvocations")
        try:
            account_id, export_id = parts.read_job(record["body"])
            written = parts.write(
                account_id, export_id, lambda: context.get_remaining_time_in_millis() > _RESERVE_MILLISECONDS
            )
        except UnreadableEventError as error:
            failures[index] = error
        except Exception as error:  # noqa: BLE001 - the message is then delivered again
            logger.exception("export failed")
            failures[index] = error
        else:
            count("RowsExported", written.rows)
            if written.error:
                logger.error("export broken off and handed over", export_id=export_id, exc_info=written.error)
    return report_failures(records, failures, parts.queue)
