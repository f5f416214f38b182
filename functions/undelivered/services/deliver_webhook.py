"""Deliver an event to a webhook, and try again later if the endpoint does not accept it."""

import json
from collections.abc import Callable, Sequence
from datetime import datetime
from http import HTTPStatus
from math import ceil
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from undelivered.domain.item import Audit
from undelivered.domain.webhook import (
    DeliveryError,
    DeliveryState,
    DeliveryTry,
    DisabledReason,
    Webhook,
    WebhookDelivery,
    delivery_id,
    signature_headers,
)
from undelivered.services.concurrency import retry_on_conflict
from undelivered.services.ports import Event, EventPublisher
from undelivered.services.ports.webhooks import DeliveryJob, DeliveryQueue, DeliveryStore, WebhookClient, WebhookStore

_NEWEST: Final = 100
"""The number of the newest deliveries among which one that arrived keeps a webhook enabled."""

_SYSTEM: Final = "system"


class WebhookMessage(Struct, frozen=True):
    """What is delivered; see ``WebhookDelivery``."""

    event_id: str
    event_type: str
    payload: str
    customer_key: str = ""


class StartDelivery(Struct, frozen=True):
    """Puts deliveries into the log and into the queue."""

    deliveries: DeliveryStore
    queue: DeliveryQueue
    clock: Callable[[], datetime]

    def __call__(self, account_id: str, webhook_id: str, message: WebhookMessage) -> WebhookDelivery:
        """Start a delivery; raises RetryableError. After an error the log may have a delivery that is not tried."""
        now = self.clock()
        return self.queued(
            WebhookDelivery(
                account_id=account_id,
                webhook_id=webhook_id,
                delivery_id=delivery_id(now, message.event_id),
                event_id=message.event_id,
                event_type=message.event_type,
                payload=message.payload,
                customer_key=message.customer_key,
                created_at=now,
                next_try_at=now,
            )
        )

    def queued(self, delivery: WebhookDelivery) -> WebhookDelivery:
        """Save a delivery and queue it."""
        saved = self.deliveries.save(delivery)
        self.queue.put(DeliveryJob(delivery.account_id, delivery.webhook_id, delivery.delivery_id))
        return saved


class WebhookPublisher(Struct, frozen=True):
    """``EventPublisher`` to the webhooks of the event's account, with the document that the topic gets too.

    An event that is published again is delivered again, with the same ``webhook-id``.
    """

    webhooks: WebhookStore
    start: StartDelivery
    with_address: bool

    def publish(self, event: Event) -> None:
        """Start a delivery to each webhook that receives the event; raises RetryableError."""
        webhooks = self.webhooks.of_account(event.account_id).webhooks
        receiving = [webhook for webhook in webhooks if webhook.receives(event.published_name)]
        if not receiving:
            return
        payload = json.dumps(event.document(with_address=self.with_address))
        message = WebhookMessage(event.event_id, event.published_name, payload, event.customer_key)
        for webhook in receiving:
            self.start(event.account_id, webhook.webhook_id, message)


class Publishers(Struct, frozen=True):
    """Publishes an event in several ways."""

    publishers: Sequence[EventPublisher]

    def publish(self, event: Event) -> None:
        """Publish an event in each way; raises RetryableError. It is then published again in all ways."""
        for publisher in self.publishers:
            publisher.publish(event)


class DeliverWebhook(Struct, frozen=True):
    """The use case of the function that delivers: one try of a delivery."""

    webhooks: WebhookStore
    deliveries: DeliveryStore
    client: WebhookClient
    clock: Callable[[], datetime]

    def __call__(self, job: DeliveryJob) -> WebhookDelivery | None:
        """Try a delivery if it is due, and return it: while it waits, it must be tried at ``next_try_at``.

        Returns None for a delivery that is settled, that was erased, or whose webhook was deleted. Raises
        StaleWriteError if another invocation tried it at the same time.
        """
        delivery = self.deliveries.find(job.account_id, job.webhook_id, job.delivery_id)
        if delivery is None or delivery.state is not DeliveryState.WAITING:
            return None
        if self.clock() < delivery.next_try_at:
            return delivery
        webhook = self.webhooks.of_account(job.account_id).find(job.webhook_id)
        if webhook is None:
            return None
        tried = self.deliveries.save(delivery.after_try(self._try(webhook, delivery)))
        if tried.state is DeliveryState.FAILED and (reason := self._reason_to_disable(tried)):
            self._disable(job, reason)
        return tried

    def _try(self, webhook: Webhook, delivery: WebhookDelivery) -> DeliveryTry:
        now = self.clock()
        if webhook.disabled:
            return DeliveryTry(now, None, DeliveryError.WEBHOOK_DISABLED, 0)
        headers = signature_headers(webhook, delivery.event_id, delivery.payload, now)
        return self.client.post(webhook.url, headers, delivery.payload.encode(), now)

    def _reason_to_disable(self, failed: WebhookDelivery) -> DisabledReason | None:
        last = failed.tries[-1]
        if last.status == HTTPStatus.GONE:
            return DisabledReason.GONE
        if last.error is DeliveryError.WEBHOOK_DISABLED:
            return None
        newest, _ = self.deliveries.page(failed.account_id, failed.webhook_id, _NEWEST, None)
        arrived = any(
            delivery.state is DeliveryState.DELIVERED and delivery.tries[-1].at >= failed.created_at
            for delivery in newest
        )
        return None if arrived else DisabledReason.FAILING

    @retry_on_conflict
    def _disable(self, job: DeliveryJob, reason: DisabledReason) -> None:
        stored = self.webhooks.of_account(job.account_id)
        webhook = stored.find(job.webhook_id)
        if webhook is None or webhook.disabled:
            return
        entry = Audit(self.clock(), _SYSTEM, "disable", reason.value)
        self.webhooks.save(stored.with_changed(replace(webhook, disabled=reason).audited(entry)))


def seconds_until(moment: datetime, now: datetime) -> int:
    """Return the seconds until a time, rounded up, at least 0."""
    return max(0, ceil((moment - now).total_seconds()))
