"""The decorator of every Lambda function. ``api_handler`` is a Chalice application and does not use it."""

from collections.abc import Callable
from typing import Any, TypeVar

from chalice.app import Blueprint

from undelivered.observability import logger, metrics, redact_unhandled_errors

T = TypeVar("T")
Handler = Callable[[dict[str, Any], Any], T]
"""A function of an event and a Lambda context."""


def lambda_function(functions: Blueprint) -> Callable[[Handler[T]], Handler[T]]:
    """Register a handler as the Lambda function with the same name.

    Its log lines have the context of the invocation, its metrics are written at the end, and the errors that it raises
    are redacted.
    """

    def decorate(handler: Handler[T]) -> Handler[T]:
        decorated = logger.inject_lambda_context(clear_state=True)(
            metrics.log_metrics(redact_unhandled_errors(handler))
        )
        registered: Handler[T] = functions.lambda_function(name=handler.__name__)(decorated)
        return registered

    return decorate
