"""Lambda ``send_digests``: the daily digest, at each account's own hour."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from chalice.app import Blueprint

from undelivered import bootstrap
from undelivered.observability import count, logger, metrics, redact_unhandled_errors

functions = Blueprint(__name__)


@functions.lambda_function(name="send_digests")
@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
@redact_unhandled_errors
def send_digests(event: dict[str, Any], context: LambdaContext) -> None:  # noqa: ARG001 - Lambda's form
    """Send the digests that are due and not sent yet."""
    count("DigestsSent", bootstrap.send_digests()())
