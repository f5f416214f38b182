"""Lambda ``manage_people``: invites, changes and removes the people of an account. Only ``api_handler`` invokes it."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from chalice.app import Blueprint

from undelivered import bootstrap
from undelivered.entrypoints.lambda_function import lambda_function

functions = Blueprint(__name__)


@lambda_function(functions)
def manage_people(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Return the answer to a request of the API."""
    parts = bootstrap.manage_people()
    return parts.answer(parts.people, event)
