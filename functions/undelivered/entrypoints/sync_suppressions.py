"""Lambda ``sync_suppressions``: runs twice a day and finds what others put on the lists of SES and SNS."""

from typing import Any, Final

from aws_lambda_powertools.utilities.typing import LambdaContext
from chalice.app import Blueprint

from undelivered import bootstrap
from undelivered.entrypoints.lambda_function import lambda_function
from undelivered.observability import count

functions = Blueprint(__name__)

_RESERVE_MILLISECONDS: Final = 60_000
"""Time that must be left in the invocation to read another page."""


@lambda_function(functions)
def sync_suppressions(_event: dict[str, Any], context: LambdaContext) -> None:
    """Read the lists while there is time. The next invocation continues."""
    result = bootstrap.sync_suppressions()(lambda: context.get_remaining_time_in_millis() > _RESERVE_MILLISECONDS)
    count("SuppressionsFound", result.added)
    count("ListedAddressesUnknown", result.unknown)
