"""Lambda ``on_item_changed``: announces what became of items, and suppresses after repeated soft failures."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from chalice.app import Blueprint

from undelivered import bootstrap
from undelivered.domain.item import UndeliveredItem
from undelivered.domain.item_event import Change, item_event_type
from undelivered.observability import count, logger, measure, metrics, redact_unhandled_errors

functions = Blueprint(__name__)

_Change = tuple[UndeliveredItem | None, UndeliveredItem | None]
"""An item before and after; None where it was not there, or is no more."""


@functions.lambda_function(name="on_item_changed")
@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
@redact_unhandled_errors
def on_item_changed(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:  # noqa: ARG001 - Lambda's form
    """Follow the changes in a batch of stream records up, in order.

    The answer names the first that failed; the stream goes on from there.
    """
    parts = bootstrap.item_change_handlers()
    records: list[dict[str, Any]] = event["Records"]
    count("Changes", len(records))
    followed: list[_Change] = []
    failed: list[dict[str, str]] = []
    for record in records:
        if any(parts.is_erased(record["dynamodb"].get(name) or {}) for name in ("OldImage", "NewImage")):
            continue
        before, after = (
            parts.read_image(image) if (image := record["dynamodb"].get(name)) else None
            for name in ("OldImage", "NewImage")
        )
        try:
            parts.on_item_changed(before, after)
            parts.track_repeat_failures(before, after)
        except Exception:  # noqa: BLE001 - whatever it is, the stream must stop here and try again
            logger.exception("change not followed up")
            failed = [{"itemIdentifier": record["dynamodb"]["SequenceNumber"]}]
            break
        followed.append((before, after))
    _tell(followed)
    return {"batchItemFailures": failed}


def _tell(followed: Iterable[_Change]) -> None:
    """Count what became of items, resends and their outcomes among it, and every failure by its reason and fault."""
    became = [(item_event_type(before, after), after) for before, after in followed]
    for change, number in Counter(change for change, _ in became if change).items():
        measure("ItemChanges", [number], change=change.value)
    judged = [item.classification for change, item in became if item and change in {Change.OPENED, Change.RETURNED}]
    for classification, number in Counter((one.reason, one.fault) for one in judged).items():
        measure("Failures", [number], reason=classification[0].value, fault=classification[1].value)
