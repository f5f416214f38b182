"""Send orders in Amazon SQS."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from undelivered.domain.errors import RetryableError, UnreadableEventError
from undelivered.services.ports import SendOrder

_BATCH = 10
"""Entries that one SendMessageBatch takes (Amazon SQS API Reference)."""


@dataclass(frozen=True, slots=True)
class SqsSendQueue:
    """A queue of send orders."""

    client: Any
    url: str

    def put(self, orders: Sequence[SendOrder]) -> None:
        """Queue orders; raises RetryableError when any was not taken."""
        for batch in _batches(orders):
            entries = [
                {"Id": str(index), "MessageBody": json.dumps(asdict(order))} for index, order in enumerate(batch)
            ]
            answer = self.client.send_message_batch(QueueUrl=self.url, Entries=entries)
            if answer.get("Failed"):
                raise RetryableError("the queue did not take every order")


def _batches(orders: Sequence[SendOrder]) -> Iterator[Sequence[SendOrder]]:
    return (orders[start : start + _BATCH] for start in range(0, len(orders), _BATCH))


def read_order(body: str) -> SendOrder:
    """Return the order in a message's body; raises UnreadableEventError for anything else."""
    try:
        return SendOrder(**json.loads(body))
    except (ValueError, TypeError) as error:
        raise UnreadableEventError("not a send order") from error
