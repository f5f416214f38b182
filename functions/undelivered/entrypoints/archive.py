"""Lambda ``archive``: moves items that left the undelivered table to history."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from chalice.app import Blueprint

from undelivered import bootstrap
from undelivered.entrypoints.item_stream import ItemChange, process_changes
from undelivered.entrypoints.lambda_function import lambda_function
from undelivered.observability import count

functions = Blueprint(__name__)


@lambda_function(functions)
def archive(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Archive the removed items of a batch of stream records."""
    parts = bootstrap.archiving()
    count("ArchiveRecords", len(event["Records"]))

    def archive_removed(change: ItemChange) -> None:
        if change.before and not change.after:
            parts.archive(change.before, settle_counters=change.by_ttl)

    return process_changes(event, parts.images, archive_removed, parts.dead_letters, "item not archived")
