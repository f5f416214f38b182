"""Send orders in Amazon SQS."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import asdict

from undelivered.domain.errors import RetryableError, UnreadableEventError
from undelivered.observability import logger
from undelivered.services.ports import SendJob

_BATCH = 10
"""Entries that one SendMessageBatch takes (Amazon SQS API Reference)."""

_CORRELATION: Final = "correlation_id"
"""Attribute of a message: the request that its order goes back to. Not in the body, which readers take as it is."""


class SqsSendQueue(Struct, frozen=True):
    """A queue of send orders."""

    client: Any
    url: str

    def put(self, orders: Sequence[SendJob]) -> None:
        """Queue orders, marked with the request at hand; raises RetryableError when any was not taken."""
        marks = _marks(logger.get_correlation_id() or "")
        for batch in _batches(orders):
            entries = [
                {"Id": str(index), "MessageBody": json.dumps(asdict(order)), **marks}
                for index, order in enumerate(batch)
            ]
            answer = self.client.send_message_batch(QueueUrl=self.url, Entries=entries)
            if answer.get("Failed"):
                raise RetryableError("the queue did not take every order")
            queued = [f"{order.notification_id}~{order.attempt}" for order in batch]
            logger.info("send orders queued", account_id=batch[0].account_id, attempts=queued)


def _marks(correlation_id: str) -> dict[str, Any]:
    if not correlation_id:
        return {}
    return {"MessageAttributes": {_CORRELATION: {"DataType": "String", "StringValue": correlation_id}}}


def correlation_of(record: Mapping[str, Any]) -> str:
    """Return the request that a received message goes back to, empty where it is not known."""
    mark = record.get("messageAttributes", {}).get(_CORRELATION, {})
    return str(mark.get("stringValue", ""))


def _batches(orders: Sequence[SendJob]) -> Iterator[Sequence[SendJob]]:
    return (orders[start : start + _BATCH] for start in range(0, len(orders), _BATCH))


def read_send_job(body: str) -> SendJob:
    """Return the order in a message's body; raises UnreadableEventError for anything else."""
    try:
        return SendJob(**json.loads(body))
    except (ValueError, TypeError) as error:
        raise UnreadableEventError("not a send order") from error
