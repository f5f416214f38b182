"""Look up notifications by customer or address, whether they arrived or not."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Annotated

import msgspec

from undelivered.domain.errors import InvalidInputError
from undelivered.domain.identifiers import item_id, timestamp
from undelivered.domain.taxonomy import Channel, Reason
from undelivered.entrypoints.http.errors import invalid_parameter, not_found
from undelivered.entrypoints.http.parsing import is_identifier
from undelivered.entrypoints.http.route import Access, ApiRequest, ApiResponse, Route
from undelivered.entrypoints.http.schemas.audit import Time, optional_timestamp
from undelivered.services.look_up_notifications import Arrival, LookedUp
from undelivered.services.request_limits import LimitedWork


class NotificationAddressQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The address to find notifications by."""

    address: Annotated[str, msgspec.Meta(min_length=3, max_length=320, description="An email address or phone number.")]


class LookedUpView(msgspec.Struct, frozen=True):
    """A notification of the past thirty days.

    ``arrival`` is ``accepted`` if the receiving server or the carrier accepted the message, which does not say that
    anybody read it; ``sent`` if SES or SNS took it over and reported no failure since; ``waiting`` while it is being
    sent; ``undelivered`` or ``resending`` with the ID of its item in ``item_id`` and the ``reason``; and ``not_sent``.
    ``answer`` is the receiving server's answer when it accepted the message. ``to`` is the address of the last attempt.
    ``title`` is null once the content is no longer held.
    """

    notification_id: str
    title: str | None
    channel: Channel
    customer_id: str | None
    to: str
    sent_at: Time
    arrival: Arrival
    accepted_at: Time | None
    answer: str | None
    item_id: str | None
    reason: Reason | None


class LookedUpList(msgspec.Struct, frozen=True):
    """The newest notifications of the past thirty days, at most 50, newest first."""

    notifications: tuple[LookedUpView, ...]


def find_customer_notifications(request: ApiRequest) -> ApiResponse:
    """Return what was sent to a customer."""
    customer_id = request.path["customer_id"]
    if not is_identifier(customer_id):
        raise not_found("customer")
    return _response(request.use_cases.look_up_notifications.of_customer(request.account_id, customer_id))


def find_notifications(request: ApiRequest) -> ApiResponse:
    """Return what was sent to an address."""
    address = request.query(NotificationAddressQuery).address
    request.use_cases.request_limits.take(request.account_id, LimitedWork.SEARCHES)
    try:
        found = request.use_cases.look_up_notifications.to_address(request.account_id, address)
    except InvalidInputError as error:
        raise invalid_parameter("address", error.message, error.suggestion) from None
    return _response(found)


def _response(found: Sequence[LookedUp]) -> ApiResponse:
    return ApiResponse(LookedUpList(tuple(map(_view, found))))


def _view(found: LookedUp) -> LookedUpView:
    item = found.item
    is_open = found.arrival in {Arrival.UNDELIVERED, Arrival.RESENDING}
    return LookedUpView(
        notification_id=found.notification_id,
        title=found.title or None,
        channel=found.channel,
        customer_id=found.customer_id or None,
        to=found.to,
        sent_at=timestamp(found.at),
        arrival=found.arrival,
        accepted_at=optional_timestamp(found.accepted_at),
        answer=found.answer or None,
        item_id=item_id(item.entry_key) if item else None,
        reason=item.classification.reason if item and is_open else None,
    )


ROUTES = (
    Route(
        "GET", "/customers/{customer_id}/notifications", Access.READ, find_customer_notifications,
        "Look up what was sent to a customer", LookedUpList, refusals=(HTTPStatus.NOT_FOUND,), tag="customers",
    ),
    Route(
        "GET", "/notifications", Access.READ, find_notifications, "Look up what was sent to an address", LookedUpList,
        query=NotificationAddressQuery, limit="Too many searches in a minute: `too_many_searches`.", tag="customers",
    ),
)  # fmt: skip
