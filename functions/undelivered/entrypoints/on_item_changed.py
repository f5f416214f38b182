"""Lambda ``on_item_changed``: acts on changes of items.

It publishes their events, suppresses addresses after repeated soft failures, counts repeated failures and failures
without a known reason, adds the items to the search index, asks customers for another contact by the rule of their
account, and has accounts watched for incidents.
"""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from chalice.app import Blueprint

from undelivered import bootstrap
from undelivered.domain.item_event import ItemEventType, item_event_type
from undelivered.entrypoints.item_stream import ItemChange, process_changes
from undelivered.entrypoints.lambda_function import lambda_function
from undelivered.observability import count, measure

functions = Blueprint(__name__)


@lambda_function(functions)
def on_item_changed(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Act on the changes in a batch of stream records."""
    parts = bootstrap.item_change_handlers()
    count("Changes", len(event["Records"]))
    processed: list[ItemChange] = []

    def process(change: ItemChange) -> None:
        parts.on_item_changed(change.before, change.after)
        parts.track_repeat_failures(change.before, change.after)
        parts.ask_by_rule(change.before, change.after)
        # Last, because it alone counts again if a later part fails and the change comes again.
        parts.record_unrecognised(change.before, change.after)
        processed.append(change)

    response = process_changes(event, parts.images, process, parts.dead_letters, "change not followed up")
    changes = [(change.before, change.after) for change in processed]
    parts.index_items(changes)
    parts.watch_incidents(changes)
    _measure(processed)
    return response


def _measure(changes: Iterable[ItemChange]) -> None:
    """Count the changes by type, and the failures by reason and fault."""
    by_type = [(item_event_type(change.before, change.after), change.after) for change in changes]
    for event_type, number in Counter(event_type for event_type, _ in by_type if event_type).items():
        measure("ItemChanges", [number], change=event_type.value)
    failed = [
        item.classification
        for event_type, item in by_type
        if item and event_type in {ItemEventType.OPENED, ItemEventType.RETURNED}
    ]
    failures = Counter((classification.reason, classification.fault) for classification in failed)
    for (reason, fault), number in failures.items():
        measure("Failures", [number], reason=reason.value, fault=fault.value)
