"""Lambda: `ingest_sms_logs` (a placeholder until its use case is wired in)."""

from typing import Any

from chalice import Blueprint

functions = Blueprint(__name__)


@functions.lambda_function(name="ingest_sms_logs")
def ingest_sms_logs(event: dict[str, Any], context: object) -> None:  # noqa: ARG001 - Lambda's signature
    """Report that it was invoked."""
    print(f"ingest_sms_logs: invoked with {sorted(event)}")  # noqa: T201 - the placeholder has no logger yet
