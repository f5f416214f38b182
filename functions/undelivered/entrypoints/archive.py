"""Lambda ``archive``: what left the undelivered table is kept in history, once."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from chalice.app import Blueprint

from undelivered import bootstrap
from undelivered.observability import count, logger, metrics, redact_unhandled_errors

functions = Blueprint(__name__)

# Amazon DynamoDB Developer Guide, "DynamoDB Streams and Time to Live": who removed the item.
_TTL = {"type": "Service", "principalId": "dynamodb.amazonaws.com"}


@functions.lambda_function(name="archive")
@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
@redact_unhandled_errors
def archive(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:  # noqa: ARG001 - Lambda's form
    """Keep the removed items of a batch of stream records, in order.

    The answer names the first that failed; the stream goes on from there.
    """
    parts = bootstrap.archiving()
    records: list[dict[str, Any]] = event["Records"]
    count("ArchiveRecords", len(records))
    for record in records:
        image = record["dynamodb"].get("OldImage")
        if record["eventName"] != "REMOVE" or not image or parts.is_erased(image):
            continue
        by_ttl = _lower_keys(record.get("userIdentity")) == _TTL
        try:
            parts.undelivered.archive([parts.read_image(image)], settle_counters=by_ttl)
        except Exception:  # noqa: BLE001 - whatever it is, the stream must stop here and try again
            logger.exception("item not archived")
            return {"batchItemFailures": [{"itemIdentifier": record["dynamodb"]["SequenceNumber"]}]}
    return {"batchItemFailures": []}


def _lower_keys(identity: dict[str, str] | None) -> dict[str, str]:
    """Spell the keys one way: the service writes ``Type``, its documentation ``type``."""
    return {key[:1].lower() + key[1:]: value for key, value in (identity or {}).items()}
