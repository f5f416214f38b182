"""The store of webhooks and the log of their deliveries, on the table Accounts."""

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import UTC, datetime

from msgspec.structs import replace

from undelivered.adapters.dynamodb.documents import (
    delete_document,
    documents_of,
    get_document,
    newest_documents,
    save_document,
)
from undelivered.domain.webhook import DELIVERY_KEPT_FOR, AccountWebhooks, WebhookDelivery

_WEBHOOKS = "webhooks"
_DELIVERIES = "webhook-delivery~"


class DynamoWebhookStore:
    """``webhooks.WebhookStore``: a document for each account. The table's KMS key encrypts the secrets."""

    def of_account(self, account_id: str) -> AccountWebhooks:
        """Return the webhooks of an account (a consistent read)."""
        return get_document(account_id, _WEBHOOKS, AccountWebhooks) or AccountWebhooks(account_id)

    def save(self, webhooks: AccountWebhooks) -> AccountWebhooks:
        """Write webhooks and return them with their new version; raises StaleWriteError."""
        saved = replace(webhooks, version=webhooks.version + 1)
        save_document(webhooks.account_id, _WEBHOOKS, saved, over_version=webhooks.version)
        return saved


class DynamoDeliveryStore:
    """``webhooks.DeliveryStore``: a document for each delivery."""

    def __init__(self, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._clock = clock

    def find(self, account_id: str, webhook_id: str, delivery_id: str) -> WebhookDelivery | None:
        """Return a delivery (a consistent read), or None if it is unknown or no longer kept."""
        return get_document(account_id, _record(webhook_id, delivery_id), WebhookDelivery, now=self._clock())

    def save(self, delivery: WebhookDelivery) -> WebhookDelivery:
        """Write a delivery and return it with its new version; raises StaleWriteError."""
        saved = replace(delivery, version=delivery.version + 1)
        save_document(
            delivery.account_id,
            _record(delivery.webhook_id, delivery.delivery_id),
            saved,
            over_version=delivery.version,
            purge_at=delivery.created_at + DELIVERY_KEPT_FOR,
        )
        return saved

    def page(
        self, account_id: str, webhook_id: str, limit: int, after: str | None
    ) -> tuple[Sequence[WebhookDelivery], str | None]:
        """Return a page of deliveries, newest first, and the id to continue after, or None on the last page."""
        prefix = _record(webhook_id, "")
        page = newest_documents(
            account_id, prefix, WebhookDelivery, limit + 1, after=f"{prefix}{after}" if after else None
        )
        kept = [delivery for delivery in page if delivery.created_at + DELIVERY_KEPT_FOR > self._clock()]
        shown = kept[:limit]
        return shown, shown[-1].delivery_id if len(kept) > limit else None

    def find_by_customer(self, account_id: str, customer_keys: Collection[str]) -> Iterable[WebhookDelivery]:
        """Return the deliveries with data of a customer."""
        deliveries = documents_of(account_id, _DELIVERIES, WebhookDelivery)
        return (delivery for delivery in deliveries if delivery.customer_key in customer_keys)

    def remove(self, delivery: WebhookDelivery) -> None:
        """Delete a delivery."""
        delete_document(delivery.account_id, _record(delivery.webhook_id, delivery.delivery_id))


def _record(webhook_id: str, delivery_id: str) -> str:
    return f"{_DELIVERIES}{webhook_id}~{delivery_id}"
