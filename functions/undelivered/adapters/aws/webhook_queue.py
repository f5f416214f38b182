"""The queue of deliveries to webhooks, which invokes ``deliver_webhooks``."""

from typing import Any

from msgspec import Struct
from msgspec.structs import asdict

from undelivered.adapters.aws.job_queue import put_job, read_job
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
    return read_job(body, DeliveryJob, "a delivery job")
