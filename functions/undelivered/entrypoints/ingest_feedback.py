"""Lambda: `ingest_feedback` (a placeholder until its use case is wired in)."""

from typing import Any

from chalice import Blueprint

functions = Blueprint(__name__)


@functions.lambda_function(name="ingest_feedback")
def ingest_feedback(event: dict[str, Any], context: object) -> None:  # noqa: ARG001 - Lambda's signature
    """Report that it was invoked."""
    print(f"ingest_feedback: invoked with {sorted(event)}")  # noqa: T201 - the placeholder has no logger yet
