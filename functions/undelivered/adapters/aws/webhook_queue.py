"""The queue of deliveries to webhooks, which invokes ``deliver_webhooks``."""

from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import asdict

from undelivered.adapters.aws.job_queue import put_job
from undelivered.domain.errors import UnreadableEventError
from undelivered.services.ports.webhooks import DeliveryJob


class SqsDeliveryQueue(Struct, frozen=True):
    """``webhooks.DeliveryQueue`` in Amazon SQS."""

    client: Any
    url: str

    def put(self, job: DeliveryJob) -> None:
        """Queue a delivery; raises RetryableError when SQS is busy."""
        put_job(self.client, self.url, asdict(job))


def read_delivery_job(body: str) -> DeliveryJob:
    """Return the delivery in a message's body; raises UnreadableEventError."""
    try:
        return msgspec.json.decode(body, type=DeliveryJob)
    except (msgspec.MsgspecError, RecursionError, UnicodeError) as error:
        raise UnreadableEventError("not a delivery job") from error
