"""Manage the webhooks of an account, and look at and repeat their deliveries. Every change is in the audit trail."""

import json
import secrets
import uuid
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from undelivered.domain.errors import InvalidInputError, NotFoundError, RefusedError
from undelivered.domain.identifiers import timestamp
from undelivered.domain.item import Audit
from undelivered.domain.item_event import SCHEMA_VERSION
from undelivered.domain.webhook import (
    EVENT_TYPES,
    MAX_WEBHOOKS,
    SECRET_BYTES,
    TEST_EVENT,
    AccountWebhooks,
    DeliveryState,
    DisabledReason,
    Webhook,
    WebhookDelivery,
    is_delivery_id,
    new_secret,
)
from undelivered.domain.webhook_address import check_url
from undelivered.services.concurrency import retry_on_conflict
from undelivered.services.deliver_webhook import StartDelivery, WebhookMessage
from undelivered.services.ports.webhooks import DeliveryStore, WebhookStore

_NOT_A_TYPE: Final = "must be one of {values}"
_TOO_MANY: Final = "Your account has {number} webhooks, which is the maximum. Delete one first."
MAX_REPLAYED: Final = 200
"""How many deliveries a replay starts at most. Each takes two calls of AWS."""

STARTED_AGAIN_AFTER: Final = timedelta(minutes=5)
"""A delivery that has been due for so long is probably not in the queue: a process ended before it queued the delivery.

Longer than a message is hidden after an error (``sqs_batch.RETRY_DELAYS``).
"""

_PAGE: Final = 100


class WebhookChange(Struct, frozen=True):
    """What changes of a webhook. None leaves a value as it is."""

    url: str | None = None
    event_types: tuple[str, ...] | None = None
    enabled: bool | None = None


class ManageWebhooks(Struct, frozen=True):
    """The use cases on webhooks. With ``loopback``, endpoints on this computer are allowed: on the local stack."""

    webhooks: WebhookStore
    deliveries: DeliveryStore
    start: StartDelivery
    loopback: bool
    clock: Callable[[], datetime]

    def find_all(self, account_id: str) -> Sequence[Webhook]:
        """Return the webhooks of an account, the oldest first."""
        return self.webhooks.of_account(account_id).webhooks

    def find(self, account_id: str, webhook_id: str) -> Webhook:
        """Return a webhook; raises NotFoundError."""
        return _webhook_in(self.webhooks.of_account(account_id), webhook_id)

    @retry_on_conflict
    def add(self, account_id: str, url: str, event_types: Sequence[str], *, by: str) -> Webhook:
        """Add a webhook; raises InvalidInputError, and RefusedError if the account has ``MAX_WEBHOOKS`` already."""
        stored = self.webhooks.of_account(account_id)
        checked, types = check_url(url, loopback=self.loopback), _checked_types(event_types)
        if len(stored.webhooks) >= MAX_WEBHOOKS:
            raise RefusedError("too_many_webhooks", _TOO_MANY.format(number=MAX_WEBHOOKS))
        now = self.clock()
        webhook = Webhook(str(uuid.uuid4()), checked, _random_secret(), now, types)
        webhook = webhook.audited(Audit(now, by, "create", checked))
        self.webhooks.save(replace(stored, webhooks=(*stored.webhooks, webhook)))
        return webhook

    @retry_on_conflict
    def change(self, account_id: str, webhook_id: str, change: WebhookChange, *, by: str) -> Webhook:
        """Change a webhook; raises NotFoundError and InvalidInputError. A change to the same values changes nothing."""
        stored = self.webhooks.of_account(account_id)
        webhook = changed = _webhook_in(stored, webhook_id)
        if change.url is not None:
            changed = replace(changed, url=check_url(change.url, loopback=self.loopback))
        if change.event_types is not None:
            changed = replace(changed, event_types=_checked_types(change.event_types))
        if change.enabled is not None and change.enabled is bool(changed.disabled):
            changed = replace(changed, disabled=None if change.enabled else DisabledReason.BY_USER)
        if changed == webhook:
            return webhook
        changed = changed.audited(Audit(self.clock(), by, "change", _difference(webhook, changed)))
        self.webhooks.save(stored.with_changed(changed))
        return changed

    @retry_on_conflict
    def remove(self, account_id: str, webhook_id: str) -> Webhook:
        """Delete a webhook and return it; raises NotFoundError. Its waiting deliveries are not tried again."""
        stored = self.webhooks.of_account(account_id)
        webhook = _webhook_in(stored, webhook_id)
        self.webhooks.save(replace(stored, webhooks=tuple(each for each in stored.webhooks if each != webhook)))
        return webhook

    @retry_on_conflict
    def rotate_secret(self, account_id: str, webhook_id: str, *, by: str) -> Webhook:
        """Give a webhook a new secret; raises NotFoundError. The old one also signs for ``OLD_SECRET_VALID_FOR``."""
        stored = self.webhooks.of_account(account_id)
        now = self.clock()
        webhook = _webhook_in(stored, webhook_id).with_secret(_random_secret(), now)
        rotated = webhook.audited(Audit(now, by, "rotate_secret"))
        self.webhooks.save(stored.with_changed(rotated))
        return rotated

    def test(self, account_id: str, webhook_id: str) -> WebhookDelivery:
        """Send a test event to a webhook; raises NotFoundError, and RefusedError if the webhook is disabled."""
        self._enabled(account_id, webhook_id)
        event_id = uuid.uuid4().hex
        payload = {
            "version": SCHEMA_VERSION,
            "event_id": event_id,
            "type": TEST_EVENT,
            "account_id": account_id,
            "sent_at": timestamp(self.clock()),
        }
        return self.start(account_id, webhook_id, WebhookMessage(event_id, TEST_EVENT, json.dumps(payload)))

    def log(
        self, account_id: str, webhook_id: str, limit: int, after: str | None
    ) -> tuple[Sequence[WebhookDelivery], str | None]:
        """Return a page of deliveries, newest first, and the id to continue after; raises NotFoundError."""
        self.find(account_id, webhook_id)
        return self.deliveries.page(account_id, webhook_id, limit, after)

    def delivery(self, account_id: str, webhook_id: str, delivery_id: str) -> WebhookDelivery:
        """Return a delivery; raises NotFoundError."""
        self.find(account_id, webhook_id)
        return self._delivery(account_id, webhook_id, delivery_id)

    def replay(self, account_id: str, webhook_id: str, delivery_id: str) -> WebhookDelivery:
        """Start a delivery again; raises NotFoundError, and RefusedError if the webhook is disabled."""
        self._enabled(account_id, webhook_id)
        return self._replay(account_id, webhook_id, delivery_id)

    def replay_failed(self, account_id: str, webhook_id: str, since: datetime) -> int:
        """Start the failed deliveries since a time again, at most ``MAX_REPLAYED`` of them; return how many.

        Those that were started are no longer failed, so another call starts the others. Deliveries that have been due
        for ``STARTED_AGAIN_AFTER`` are started too.
        """
        self._enabled(account_id, webhook_id)
        started, after = 0, None
        while started < MAX_REPLAYED:
            page, after = self.deliveries.page(account_id, webhook_id, _PAGE, after)
            recent = [delivery for delivery in page if delivery.created_at >= since]
            due = [delivery for delivery in recent if self._needs_start(delivery)]
            for delivery in due[: MAX_REPLAYED - started]:
                self._replay(account_id, webhook_id, delivery.delivery_id)
                started += 1
            if after is None or len(recent) < len(page):
                break
        return started

    def _needs_start(self, delivery: WebhookDelivery) -> bool:
        if delivery.state is DeliveryState.WAITING:
            return delivery.next_try_at + STARTED_AGAIN_AFTER <= self.clock()
        return delivery.state is DeliveryState.FAILED

    @retry_on_conflict
    def _replay(self, account_id: str, webhook_id: str, delivery_id: str) -> WebhookDelivery:
        delivery = self._delivery(account_id, webhook_id, delivery_id)
        return self.start.queued(delivery.replayed(self.clock()))

    def _delivery(self, account_id: str, webhook_id: str, delivery_id: str) -> WebhookDelivery:
        found = self.deliveries.find(account_id, webhook_id, delivery_id) if is_delivery_id(delivery_id) else None
        if found is None:
            raise NotFoundError("delivery not found")
        return found

    def _enabled(self, account_id: str, webhook_id: str) -> None:
        if self.find(account_id, webhook_id).disabled:
            raise RefusedError("webhook_disabled", "The webhook is disabled. Enable it first.")


def _webhook_in(stored: AccountWebhooks, webhook_id: str) -> Webhook:
    webhook = stored.find(webhook_id)
    if webhook is None:
        raise NotFoundError("webhook not found")
    return webhook


def _checked_types(event_types: Sequence[str]) -> tuple[str, ...]:
    for index, event_type in enumerate(event_types):
        if event_type not in EVENT_TYPES:
            raise InvalidInputError(f"event_types[{index}]", _NOT_A_TYPE.format(values=", ".join(EVENT_TYPES)))
    return tuple(sorted(set(event_types)))


def _random_secret() -> str:
    return new_secret(secrets.token_bytes(SECRET_BYTES))


def _difference(before: Webhook, after: Webhook) -> str:
    """Return what changed. It never has a secret."""
    shown = {
        "url": (before.url, after.url),
        "event_types": (", ".join(before.event_types) or "all", ", ".join(after.event_types) or "all"),
        "state": (before.disabled or "enabled", after.disabled or "enabled"),
    }
    return "; ".join(f"{name} was {old}, is {new}" for name, (old, new) in shown.items() if old != new)
