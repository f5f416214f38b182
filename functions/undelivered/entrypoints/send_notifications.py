"""Lambda ``send_notifications``: sends notifications from the host application for the first time."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from chalice.app import Blueprint

from undelivered import bootstrap
from undelivered.entrypoints.lambda_function import lambda_function
from undelivered.entrypoints.send_worker import process_send_batch

functions = Blueprint(__name__)


@lambda_function(functions)
def send_notifications(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Send a batch of jobs."""
    return process_send_batch(event, bootstrap.send_notifications(), context)
