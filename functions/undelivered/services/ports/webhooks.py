"""Ports of webhooks: their records, the log of their deliveries, the queue and the requests."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from msgspec import Struct

from undelivered.domain.webhook import AccountWebhooks, DeliveryTry, WebhookDelivery


class DeliveryJob(Struct, frozen=True):
    """A delivery that is to be tried. The content is in the log, so the queue has no personal data."""

    account_id: str
    webhook_id: str
    delivery_id: str


class WebhookStore(Protocol):
    """The webhooks of accounts."""

    def of_account(self, account_id: str) -> AccountWebhooks:
        """Return the webhooks of an account (a consistent read)."""

    def save(self, webhooks: AccountWebhooks) -> AccountWebhooks:
        """Write webhooks and return them with their new version; raises StaleWriteError."""


class DeliveryStore(Protocol):
    """The log of deliveries."""

    def find(self, account_id: str, webhook_id: str, delivery_id: str) -> WebhookDelivery | None:
        """Return a delivery (a consistent read), or None if it is unknown or no longer kept."""

    def save(self, delivery: WebhookDelivery) -> WebhookDelivery:
        """Write a delivery and return it with its new version; raises StaleWriteError."""

    def page(
        self, account_id: str, webhook_id: str, limit: int, after: str | None
    ) -> tuple[Sequence[WebhookDelivery], str | None]:
        """Return a page of deliveries, newest first, and the id to continue after, or None on the last page."""

    def find_by_customer(self, account_id: str, customer_keys: Collection[str]) -> Iterable[WebhookDelivery]:
        """Return the deliveries with data of a customer (see ``WebhookDelivery.customer_key``)."""

    def remove(self, delivery: WebhookDelivery) -> None:
        """Delete a delivery."""


class DeliveryQueue(Protocol):
    """The queue of deliveries."""

    def put(self, job: DeliveryJob) -> None:
        """Queue a delivery; raises RetryableError when that is not possible now."""


class WebhookClient(Protocol):
    """Makes the requests to endpoints."""

    def post(self, url: str, headers: Mapping[str, str], body: bytes, at: datetime) -> DeliveryTry:
        """Send a message and return the result. A failure of the endpoint is a result and never raised."""
