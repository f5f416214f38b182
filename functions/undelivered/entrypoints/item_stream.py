"""The DynamoDB stream of the undelivered table, which ``archive`` and ``on_item_changed`` read."""

from collections.abc import Callable
from typing import Any

from msgspec import Struct

from undelivered.bootstrap import ItemImages
from undelivered.domain.item import UndeliveredItem
from undelivered.observability import logger

# Amazon DynamoDB Developer Guide, "DynamoDB Streams and Time to Live".
_TTL = {"type": "Service", "principalId": "dynamodb.amazonaws.com"}


class ItemChange(Struct, frozen=True):
    """A change of an item. ``before`` is None for a new item, ``after`` for a removed one.

    ``by_ttl`` is True when the table's time to live removed the item.
    """

    before: UndeliveredItem | None
    after: UndeliveredItem | None
    by_ttl: bool


def process_changes(
    event: dict[str, Any], images: ItemImages, process: Callable[[ItemChange], None], failure: str
) -> dict[str, Any]:
    """Pass each change in a batch of stream records to ``process``, in order. Skip items that are being erased.

    Stop at the first change that fails, and log ``failure`` with the error. The response names its record, and Lambda
    invokes the function again from there.
    """
    for record in event["Records"]:
        try:
            if change := _change_of(record, images):
                process(change)
        except Exception:  # noqa: BLE001 - after any error, later changes must wait for this one
            logger.exception(failure)
            return {"batchItemFailures": [{"itemIdentifier": record["dynamodb"]["SequenceNumber"]}]}
    return {"batchItemFailures": []}


def _change_of(record: dict[str, Any], images: ItemImages) -> ItemChange | None:
    """Return the change of a record, or None when the item is being erased."""
    before, after = record["dynamodb"].get("OldImage"), record["dynamodb"].get("NewImage")
    if any(images.is_erased(image) for image in (before, after) if image):
        return None
    return ItemChange(
        images.read(before) if before else None,
        images.read(after) if after else None,
        by_ttl=_lower_keys(record.get("userIdentity")) == _TTL,
    )


def _lower_keys(identity: dict[str, str] | None) -> dict[str, str]:
    """Return a user identity with keys such as ``type``, as the documentation has them. DynamoDB sends ``Type``."""
    return {key[:1].lower() + key[1:]: value for key, value in (identity or {}).items()}
