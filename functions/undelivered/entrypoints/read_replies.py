"""Lambda ``read_replies``: reads the texts that customers send to two-way numbers, from their queue."""

from collections import Counter
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from chalice.app import Blueprint

from undelivered import bootstrap
from undelivered.domain.errors import UnreadableEventError
from undelivered.entrypoints.lambda_function import lambda_function
from undelivered.entrypoints.sqs_batch import report_failures
from undelivered.observability import logger, measure

functions = Blueprint(__name__)


@lambda_function(functions)
def read_replies(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Read a batch of texts. The queue delivers those again that failed, after a delay."""
    parts = bootstrap.read_replies()
    records: list[dict[str, Any]] = event["Records"]
    failures: dict[int, Exception] = {}
    results: Counter[str] = Counter()
    for index, record in enumerate(records):
        try:
            reply = parts.read_message(record)
            if reply:
                results[parts.read(reply).value] += 1
        except UnreadableEventError as error:
            failures[index] = error
        except Exception as error:  # noqa: BLE001 - the message is then delivered again
            logger.exception("reply not read")
            failures[index] = error
    for result, number in results.items():
        measure("Replies", [number], result=result)
    return report_failures(records, failures, parts.queue)
