"""Lambda ``process_resends``: resends, from a queue of their own so that they do not wait for first sends."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from chalice.app import Blueprint

from undelivered import bootstrap
from undelivered.entrypoints.lambda_function import lambda_function
from undelivered.entrypoints.send_worker import process_send_batch

functions = Blueprint(__name__)


@lambda_function(functions)
def process_resends(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Resend a batch of jobs."""
    return process_send_batch(event, bootstrap.process_resends(), context)
