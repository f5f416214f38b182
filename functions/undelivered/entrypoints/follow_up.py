"""Lambda ``follow_up``: announces what became of items, and suppresses after repeated soft failures."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from chalice.app import Blueprint

from undelivered import bootstrap
from undelivered.observability import count, logger, metrics, tell_no_secrets

functions = Blueprint(__name__)


@functions.lambda_function(name="follow_up")
@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
@tell_no_secrets
def follow_up(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:  # noqa: ARG001 - Lambda's form
    """Follow the changes in a batch of stream records up, in order.

    The answer names the first that failed; the stream goes on from there.
    """
    parts = bootstrap.following_up()
    records: list[dict[str, Any]] = event["Records"]
    count("Changes", len(records))
    for record in records:
        before, after = (
            parts.read_image(image) if (image := record["dynamodb"].get(name)) else None
            for name in ("OldImage", "NewImage")
        )
        try:
            parts.follow_up(before, after)
            parts.note_repeats(before, after)
        except Exception:  # noqa: BLE001 - whatever it is, the stream must stop here and try again
            logger.exception("change not followed up")
            return {"batchItemFailures": [{"itemIdentifier": record["dynamodb"]["SequenceNumber"]}]}
    return {"batchItemFailures": []}
