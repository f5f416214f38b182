"""The DynamoDB stream of the undelivered table, which ``archive`` and ``on_item_changed`` read."""

import json
from collections.abc import Callable
from functools import partial
from typing import Any, Literal, TypedDict

import msgspec
from msgspec import Struct

from undelivered.bootstrap import ItemImages, Queue
from undelivered.domain.errors import UnreadableEventError, UnreadableRecordError
from undelivered.domain.item import UndeliveredItem
from undelivered.observability import logger

# Amazon DynamoDB Developer Guide, "DynamoDB Streams and Time to Live".
_TTL = {"type": "Service", "principalId": "dynamodb.amazonaws.com"}

_UNREADABLE = "unreadable"
"""The field with the reason in the dead-letter message of a record, which is an event for the function."""


class ItemChange(Struct, frozen=True):
    """A change of an item. ``before`` is None for a new item, ``after`` for a removed one.

    ``by_ttl`` is True when the table's time to live removed the item.
    """

    before: UndeliveredItem | None
    after: UndeliveredItem | None
    by_ttl: bool


def process_changes(
    event: dict[str, Any],
    images: ItemImages,
    process: Callable[[ItemChange], None],
    dead_letters: Queue,
    failure: str,
) -> dict[str, Any]:
    """Pass each change in a batch of stream records to ``process``, in order. Skip items that are being erased.

    Send a record that cannot be read, or whose account or customer cannot be read, to the dead-letter queue and
    continue, because another try does not help. The
    message is an event with this record and the reason. `undelivered redrive` invokes the function with it.

    Stop at the first change that fails, and log ``failure`` with the error. The response names its record, and Lambda
    invokes the function again from there.
    """
    # The record of a dead-letter message is in the queue already.
    keep = _refuse if _UNREADABLE in event else partial(_send_to, dead_letters)
    for record in event["Records"]:
        try:
            _process_record(record, images, process, keep)
        except Exception:  # noqa: BLE001 - after any error, later changes must wait for this one
            logger.exception(failure)
            return {"batchItemFailures": [{"itemIdentifier": _sequence_number(record)}]}
    return {"batchItemFailures": []}


def _process_record(
    record: object,
    images: ItemImages,
    process: Callable[[ItemChange], None],
    keep: Callable[[object, UnreadableEventError], None],
) -> None:
    try:
        change = _change_of(record, images)
    except UnreadableEventError as error:
        keep(record, error)
    else:
        if change:
            _process(record, change, process, keep)


def _process(
    record: object,
    change: ItemChange,
    process: Callable[[ItemChange], None],
    keep: Callable[[object, UnreadableEventError], None],
) -> None:
    """Process a change, or keep its record if something that is stored about it cannot be read."""
    try:
        process(change)
    except UnreadableRecordError:
        keep(record, UnreadableEventError("a stored record about it cannot be read"))


def _refuse(_record: object, error: UnreadableEventError) -> None:
    raise error


def _send_to(dead_letters: Queue, record: object, error: UnreadableEventError) -> None:
    logger.error("stream record not read", sequence_number=_sequence_number(record), exc_info=error)
    message = {_UNREADABLE: str(error), "Records": [record]}
    dead_letters.client.send_message(QueueUrl=dead_letters.url, MessageBody=json.dumps(message))


def _sequence_number(record: Any) -> str:  # noqa: ANN401 - the record may not be readable
    """Return the sequence number of a record, or "" if it has none. Lambda then repeats the whole batch."""
    try:
        return str(record["dynamodb"]["SequenceNumber"])
    except (KeyError, TypeError):
        return ""


class _Value(TypedDict, total=False):
    """A value in DynamoDB's JSON, of the types that items use."""

    S: str
    N: str
    BOOL: bool


class _Images(Struct, frozen=True, rename="pascal"):
    sequence_number: str
    old_image: dict[str, _Value] | None = None
    new_image: dict[str, _Value] | None = None


class _StreamRecord(Struct, frozen=True, rename="camel"):
    """A record as Lambda passes it (AWS Lambda Developer Guide, "Process DynamoDB records with Lambda")."""

    event_name: Literal["INSERT", "MODIFY", "REMOVE"]
    dynamodb: _Images
    user_identity: dict[str, str] | None = None

    def __post_init__(self) -> None:
        """Check that the record has the images of its event, because the stream has both."""
        has_old, has_new = self.dynamodb.old_image is not None, self.dynamodb.new_image is not None
        if (has_old, has_new) != (self.event_name != "INSERT", self.event_name != "REMOVE"):
            raise ValueError(f"the images are not those of {self.event_name}")


def _change_of(record: object, images: ItemImages) -> ItemChange | None:
    """Return the change of a record, or None when the item is being erased. Raises UnreadableEventError."""
    try:
        known = msgspec.convert(record, _StreamRecord)
        before, after = known.dynamodb.old_image, known.dynamodb.new_image
        if any(images.is_erased(image) for image in (before, after) if image is not None):
            return None
        return ItemChange(
            None if before is None else _item(before, images),
            None if after is None else _item(after, images),
            by_ttl=_lower_keys(known.user_identity or {}) == _TTL,
        )
    except Exception as error:
        # The log has the lines of code. The error's own text may have values of the record.
        raise UnreadableEventError(type(error).__name__) from error


def _item(image: dict[str, Any], images: ItemImages) -> UndeliveredItem:
    item = images.read(image)
    # Raises an error if no attempt failed, which is not so for any item that was stored.
    assert item.classification
    return item


def _lower_keys(identity: dict[str, str]) -> dict[str, str]:
    """Return a user identity with keys such as ``type``, as the documentation has them. DynamoDB sends ``Type``."""
    return {key[:1].lower() + key[1:]: value for key, value in identity.items()}
