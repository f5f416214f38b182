"""Lambda ``send_digests``: runs every hour and sends the daily digest at the hour that each account chose."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from chalice.app import Blueprint

from undelivered import bootstrap
from undelivered.entrypoints.lambda_function import lambda_function
from undelivered.observability import count

functions = Blueprint(__name__)


@lambda_function(functions)
def send_digests(_event: dict[str, Any], _context: LambdaContext) -> None:
    """Send the digests that are due and not sent yet."""
    count("DigestsSent", bootstrap.send_digests()())
