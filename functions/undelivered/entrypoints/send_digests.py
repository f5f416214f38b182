"""Lambda ``send_digests``: runs every hour and sends the daily digest at the hour that each account chose."""

from typing import Any, Final

from aws_lambda_powertools.utilities.typing import LambdaContext
from chalice.app import Blueprint

from undelivered import bootstrap
from undelivered.entrypoints.lambda_function import lambda_function
from undelivered.observability import count

functions = Blueprint(__name__)

_RESERVED_SECONDS: Final = 15.0
"""Seconds at the end of an invocation in which no digest is started."""


@lambda_function(functions)
def send_digests(_event: dict[str, Any], context: LambdaContext) -> None:
    """Send the digests that are due and not sent yet."""
    send = bootstrap.send_digests()
    deadline = send.mail.pace.now() + context.get_remaining_time_in_millis() / 1000 - _RESERVED_SECONDS
    count("DigestsSent", send(deadline))
