"""Lambda ``process_resends``: resends, on a queue of their own so that no bulk send is ahead of them."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from chalice.app import Blueprint

from undelivered import bootstrap
from undelivered.entrypoints.send_worker import process_send_batch
from undelivered.observability import logger, metrics, redact_unhandled_errors

functions = Blueprint(__name__)


@functions.lambda_function(name="process_resends")
@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
@redact_unhandled_errors
def process_resends(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:  # noqa: ARG001 - Lambda's form
    """Carry out a batch of send orders; the answer names those to be delivered again."""
    return process_send_batch(event, bootstrap.queue("RESENDS_QUEUE_URL"))
