"""Webhooks: endpoints that receive the account's events, their secrets, and the log of deliveries."""

from http import HTTPStatus
from typing import Annotated, Final

import msgspec

from undelivered.domain.identifiers import parse_timestamp
from undelivered.domain.webhook import EVENT_TYPES
from undelivered.domain.webhook_address import MAX_URL_LENGTH
from undelivered.entrypoints.http.errors import invalid_body
from undelivered.entrypoints.http.pagination import make_cursor, read_cursor
from undelivered.entrypoints.http.route import Access, ApiRequest, ApiResponse, Route
from undelivered.entrypoints.http.schemas.webhooks import (
    DeliveryPage,
    DeliveryView,
    ReplayStarted,
    WebhookList,
    WebhookView,
    WebhookWithSecret,
    delivery_view,
    webhook_view,
)
from undelivered.services.manage_webhooks import WebhookChange

_DEFAULT_LIMIT: Final = 50

_Url = Annotated[
    str,
    msgspec.Meta(
        min_length=1,
        max_length=MAX_URL_LENGTH,
        description="An HTTPS URL on the public internet, with port 443.",
        examples=["https://app.example.com/undelivered"],
    ),
]
_EventTypes = Annotated[
    tuple[Annotated[str, msgspec.Meta(extra_json_schema={"enum": list(EVENT_TYPES)})], ...],
    msgspec.Meta(max_length=50),
]


class WebhookBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The URL of a new webhook, and the types of events that it receives: all types if the list is empty."""

    url: _Url
    event_types: _EventTypes = ()


class WebhookChangeBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What changes of a webhook. An omitted field leaves it as it is."""

    url: _Url | None = None
    event_types: _EventTypes | None = None
    enabled: bool | None = None


class ReplayBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The time since which failed deliveries are started again."""

    since: Annotated[str, msgspec.Meta(description="RFC 3339.", examples=["2026-11-23T18:00:00Z"])]


class DeliveryQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The page of the log."""

    limit: Annotated[int, msgspec.Meta(ge=1, le=200)] = _DEFAULT_LIMIT
    cursor: str | None = None


class _Log(msgspec.Struct, frozen=True):
    """What a cursor of the log belongs to."""

    webhook_id: str


def list_webhooks(request: ApiRequest) -> ApiResponse:
    """Return the webhooks of the account, without their secrets."""
    webhooks = request.use_cases.manage_webhooks.find_all(request.account_id)
    return ApiResponse(WebhookList(tuple(webhook_view(webhook) for webhook in webhooks)))


def add_webhook(request: ApiRequest) -> ApiResponse:
    """Add a webhook and return it with its secret. An account can have five."""
    body = request.body(WebhookBody)
    webhook = request.use_cases.manage_webhooks.add(
        request.account_id, body.url, body.event_types, by=request.principal.name
    )
    return ApiResponse(
        WebhookWithSecret(webhook=webhook_view(webhook), secret=webhook.secret), HTTPStatus.CREATED, subject=webhook.url
    )


def show_webhook(request: ApiRequest) -> ApiResponse:
    """Return a webhook, without its secret."""
    webhook = request.use_cases.manage_webhooks.find(request.account_id, request.path["webhook_id"])
    return ApiResponse(webhook_view(webhook))


def change_webhook(request: ApiRequest) -> ApiResponse:
    """Change the URL or the event types of a webhook, disable it or enable it."""
    body = request.body(WebhookChangeBody)
    change = WebhookChange(body.url, body.event_types, body.enabled)
    webhook = request.use_cases.manage_webhooks.change(
        request.account_id, request.path["webhook_id"], change, by=request.principal.name
    )
    return ApiResponse(webhook_view(webhook), subject=webhook.url)


def delete_webhook(request: ApiRequest) -> ApiResponse:
    """Delete a webhook and return it. Its waiting deliveries are not tried again."""
    webhook = request.use_cases.manage_webhooks.remove(request.account_id, request.path["webhook_id"])
    return ApiResponse(webhook_view(webhook), subject=webhook.url)


def rotate_webhook_secret(request: ApiRequest) -> ApiResponse:
    """Give a webhook a new secret and return it. For 24 hours, messages are signed with both secrets."""
    webhook = request.use_cases.manage_webhooks.rotate_secret(
        request.account_id, request.path["webhook_id"], by=request.principal.name
    )
    return ApiResponse(WebhookWithSecret(webhook=webhook_view(webhook), secret=webhook.secret), subject=webhook.url)


def test_webhook(request: ApiRequest) -> ApiResponse:
    """Send the event `undelivered.test` to a webhook. The delivery shows the result a moment later."""
    delivery = request.use_cases.manage_webhooks.test(request.account_id, request.path["webhook_id"])
    return ApiResponse(delivery_view(delivery), HTTPStatus.ACCEPTED)


def list_deliveries(request: ApiRequest) -> ApiResponse:
    """Return the deliveries of the past 30 days, the newest first."""
    query, log = request.query(DeliveryQuery), _Log(request.path["webhook_id"])
    after = read_cursor(query.cursor, request.account_id, log) if query.cursor is not None else None
    deliveries, next_key = request.use_cases.manage_webhooks.log(request.account_id, log.webhook_id, query.limit, after)
    cursor = make_cursor(next_key, request.account_id, log) if next_key else None
    return ApiResponse(DeliveryPage(tuple(delivery_view(delivery) for delivery in deliveries), cursor))


def show_delivery(request: ApiRequest) -> ApiResponse:
    """Return a delivery."""
    delivery = request.use_cases.manage_webhooks.delivery(
        request.account_id, request.path["webhook_id"], request.path["delivery_id"]
    )
    return ApiResponse(delivery_view(delivery))


def replay_delivery(request: ApiRequest) -> ApiResponse:
    """Deliver an event again, with the same `webhook-id`."""
    delivery = request.use_cases.manage_webhooks.replay(
        request.account_id, request.path["webhook_id"], request.path["delivery_id"]
    )
    return ApiResponse(delivery_view(delivery), HTTPStatus.ACCEPTED)


def replay_failed_deliveries(request: ApiRequest) -> ApiResponse:
    """Deliver the events again whose deliveries have failed since a time."""
    body = request.body(ReplayBody)
    try:
        since = parse_timestamp(body.since)
    except ValueError:
        raise invalid_body("since", "must be a time such as 2026-11-23T18:00:00Z") from None
    started = request.use_cases.manage_webhooks.replay_failed(request.account_id, request.path["webhook_id"], since)
    return ApiResponse(ReplayStarted(started), HTTPStatus.ACCEPTED)


_UNKNOWN: Final = (HTTPStatus.NOT_FOUND,)
_REFUSALS: Final = (HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT)
_LIST: Final = "/webhooks"
_WEBHOOK: Final = "/webhooks/{webhook_id}"
_DELIVERY: Final = "/webhooks/{webhook_id}/deliveries/{delivery_id}"

ROUTES = (
    Route("GET", _LIST, Access.READ, list_webhooks, "List webhooks", WebhookList, tag="webhooks"),
    Route(
        "POST", _LIST, Access.CONFIGURE, add_webhook, "Add a webhook", WebhookWithSecret,
        status=HTTPStatus.CREATED, body=WebhookBody, refusals=(HTTPStatus.CONFLICT,), tag="webhooks",
    ),
    Route("GET", _WEBHOOK, Access.READ, show_webhook, "Get a webhook", WebhookView, refusals=_UNKNOWN, tag="webhooks"),
    Route(
        "PATCH", _WEBHOOK, Access.CONFIGURE, change_webhook, "Change a webhook", WebhookView,
        body=WebhookChangeBody, refusals=_REFUSALS, tag="webhooks",
    ),
    Route(
        "DELETE", _WEBHOOK, Access.CONFIGURE, delete_webhook, "Delete a webhook", WebhookView,
        refusals=_REFUSALS, tag="webhooks",
    ),
    Route(
        "POST", f"{_WEBHOOK}/rotate-secret", Access.CONFIGURE, rotate_webhook_secret, "Give a webhook a new secret",
        WebhookWithSecret, refusals=_REFUSALS, tag="webhooks",
    ),
    Route(
        "POST", f"{_WEBHOOK}/test", Access.CONFIGURE, test_webhook, "Send a test event to a webhook", DeliveryView,
        status=HTTPStatus.ACCEPTED, refusals=_REFUSALS, tag="webhooks",
    ),
    Route(
        "GET", f"{_WEBHOOK}/deliveries", Access.READ, list_deliveries, "List the deliveries to a webhook", DeliveryPage,
        query=DeliveryQuery, refusals=_UNKNOWN, tag="webhooks",
    ),
    Route(
        "GET", _DELIVERY, Access.READ, show_delivery, "Get a delivery to a webhook", DeliveryView,
        refusals=_UNKNOWN, tag="webhooks",
    ),
    Route(
        "POST", f"{_DELIVERY}/replay", Access.CONFIGURE, replay_delivery, "Deliver an event again", DeliveryView,
        status=HTTPStatus.ACCEPTED, refusals=_REFUSALS, tag="webhooks",
    ),
    Route(
        "POST", f"{_WEBHOOK}/replay", Access.CONFIGURE, replay_failed_deliveries, "Deliver failed events again",
        ReplayStarted, status=HTTPStatus.ACCEPTED, body=ReplayBody, refusals=_REFUSALS, tag="webhooks",
    ),
)  # fmt: skip
