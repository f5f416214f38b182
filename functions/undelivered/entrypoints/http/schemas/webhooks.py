"""Webhooks and their deliveries in responses."""

from typing import Annotated

import msgspec

from undelivered.domain.identifiers import timestamp
from undelivered.domain.webhook import (
    DeliveryError,
    DeliveryState,
    DeliveryTry,
    DisabledReason,
    Webhook,
    WebhookDelivery,
)
from undelivered.entrypoints.http.schemas.audit import AuditView, Time, audit_views, optional_timestamp


class WebhookView(msgspec.Struct, frozen=True, kw_only=True):
    """A webhook, without its secret. ``event_types`` is empty for all types.

    ``disabled_reason`` is null if ``enabled``. ``old_secret_valid_until`` is when the secret before the current one
    stops signing, or null.
    """

    webhook_id: str
    url: str
    event_types: tuple[str, ...]
    enabled: bool
    disabled_reason: DisabledReason | None
    created_at: Time
    old_secret_valid_until: Time | None
    audit: tuple[AuditView, ...]


class WebhookWithSecret(msgspec.Struct, frozen=True, kw_only=True):
    """A webhook with its new secret. Keep the secret: no other response has it."""

    webhook: WebhookView
    secret: Annotated[str, msgspec.Meta(examples=["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo="])]


class WebhookList(msgspec.Struct, frozen=True):
    """The webhooks of the account, the oldest first."""

    webhooks: tuple[WebhookView, ...]


class DeliveryTryView(msgspec.Struct, frozen=True):
    """A request to the endpoint. ``status`` is the HTTP status, null without a response. ``error`` then says why."""

    at: Time
    status: int | None
    error: DeliveryError | None
    milliseconds: int


class DeliveryView(msgspec.Struct, frozen=True, kw_only=True):
    """An event and its requests to the endpoint, the last 20 at most. ``next_try_at`` is null unless it is waiting.

    ``event_id`` is the header ``webhook-id`` of the requests.
    """

    delivery_id: str
    event_id: str
    event_type: str
    state: DeliveryState
    created_at: Time
    next_try_at: Time | None
    tries: tuple[DeliveryTryView, ...]


class DeliveryPage(msgspec.Struct, frozen=True):
    """Deliveries, the newest first. ``next_cursor`` is null on the last page."""

    items: tuple[DeliveryView, ...]
    next_cursor: str | None


class ReplayStarted(msgspec.Struct, frozen=True):
    """How many deliveries were started again: 200 at most. Send the request again until it is 0."""

    started: int


def webhook_view(webhook: Webhook) -> WebhookView:
    """Return a webhook as the API shows it."""
    return WebhookView(
        webhook_id=webhook.webhook_id,
        url=webhook.url,
        event_types=webhook.event_types,
        enabled=webhook.disabled is None,
        disabled_reason=webhook.disabled,
        created_at=timestamp(webhook.created_at),
        old_secret_valid_until=optional_timestamp(webhook.old_secrets[-1].valid_until if webhook.old_secrets else None),
        audit=audit_views(webhook.audit),
    )


def delivery_view(delivery: WebhookDelivery) -> DeliveryView:
    """Return a delivery as the API shows it."""
    is_waiting = delivery.state is DeliveryState.WAITING
    return DeliveryView(
        delivery_id=delivery.delivery_id,
        event_id=delivery.event_id,
        event_type=delivery.event_type,
        state=delivery.state,
        created_at=timestamp(delivery.created_at),
        next_try_at=timestamp(delivery.next_try_at) if is_waiting else None,
        tries=tuple(_try_view(made) for made in delivery.tries),
    )


def _try_view(made: DeliveryTry) -> DeliveryTryView:
    return DeliveryTryView(timestamp(made.at), made.status, made.error, made.milliseconds)
