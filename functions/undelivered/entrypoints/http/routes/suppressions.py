"""Suppressed addresses: list and find them, add one, lift one."""

from http import HTTPStatus
from typing import Annotated, Final

import msgspec

from undelivered.domain.address import normalise_address
from undelivered.domain.errors import InvalidInputError
from undelivered.domain.suppression import SuppressionReason
from undelivered.domain.taxonomy import Channel
from undelivered.entrypoints.http.consents import ConsentBody, consent_of
from undelivered.entrypoints.http.errors import invalid_body, invalid_parameter, not_found
from undelivered.entrypoints.http.pagination import make_cursor, read_cursor
from undelivered.entrypoints.http.route import Access, ApiRequest, ApiResponse, Route
from undelivered.entrypoints.http.schemas.suppressions import (
    LiftedSuppressionView,
    SuppressionView,
    lift_view,
    suppression_view,
)
from undelivered.services.contact_validation import well_formed_contact

_DEFAULT_LIMIT: Final = 50


class SuppressionQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The filters of the list."""

    channel: Channel | None = None
    reason: SuppressionReason | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=200)] = _DEFAULT_LIMIT
    cursor: str | None = None


class SuppressionPage(msgspec.Struct, frozen=True):
    """Suppressed addresses in order of channel and address. ``next_cursor`` is null on the last page.

    For a rare reason, a page may have fewer items than the limit, or none, even if there is a next page.
    """

    items: tuple[SuppressionView, ...]
    next_cursor: str | None


class SuppressBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why an address is suppressed."""

    why: Annotated[str, msgspec.Meta(max_length=500)] = ""


class LiftBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why a suppression is lifted, and the customer's consent, where the customer opted out."""

    why: Annotated[str, msgspec.Meta(min_length=1, max_length=500)]
    consent: ConsentBody | None = None


def list_suppressions(request: ApiRequest) -> ApiResponse:
    """Return a page of the active suppressions."""
    query = request.query(SuppressionQuery)
    filters = msgspec.structs.replace(query, cursor=None, limit=_DEFAULT_LIMIT)
    after = read_cursor(query.cursor, request.account_id, filters) if query.cursor is not None else None
    suppressions, next_key = request.use_cases.list_suppressions(
        request.account_id, channel=query.channel, reason=query.reason, limit=query.limit, after=after
    )
    cursor = make_cursor(next_key, request.account_id, filters) if next_key else None
    return ApiResponse(SuppressionPage(tuple(suppression_view(suppression) for suppression in suppressions), cursor))


def find_suppression(request: ApiRequest) -> ApiResponse:
    """Return the suppression of an address, active or lifted."""
    suppression = request.use_cases.suppressions.find(request.account_id, *_stored_address(request))
    if suppression is None:
        raise not_found("suppression")
    return ApiResponse(suppression_view(suppression))


def suppress(request: ApiRequest) -> ApiResponse:
    """Suppress an address."""
    channel, body = _channel(request), request.body(SuppressBody)
    try:
        address = well_formed_contact(channel, request.path["address"], "address")
    except InvalidInputError as error:
        raise invalid_parameter("address", error.message, error.suggestion) from None
    suppression = request.use_cases.manage_suppressions.add(
        request.account_id, channel, address, by=request.principal.name, why=body.why.strip()
    )
    return ApiResponse(suppression_view(suppression))


def lift_suppression(request: ApiRequest) -> ApiResponse:
    """Lift a suppression here, and at the provider unless another account also suppresses the address."""
    channel, address = _stored_address(request)
    body = request.body(LiftBody)
    if not body.why.strip():
        raise invalid_body("why", "must not be empty")
    lift = request.use_cases.manage_suppressions.lift(
        request.account_id,
        channel,
        address,
        by=request.principal.name,
        why=body.why.strip(),
        consent=consent_of(body.consent, request.now) if body.consent else None,
    )
    return ApiResponse(lift_view(lift))


def _channel(request: ApiRequest) -> Channel:
    try:
        return Channel(request.path["channel"])
    except ValueError:
        raise invalid_parameter("channel", "must be 'email' or 'sms'") from None


def _stored_address(request: ApiRequest) -> tuple[Channel, str]:
    """Return the address in the path as it is stored. A suppressed address is not always a valid address."""
    channel = _channel(request)
    return channel, normalise_address(channel, request.path["address"])


_REFUSALS: Final = (HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT, HTTPStatus.BAD_GATEWAY)
_PATH: Final = "/suppressions/{channel}/{address}"

ROUTES = (
    Route(
        "GET", "/suppressions", Access.READ, list_suppressions, "List suppressed addresses", SuppressionPage,
        query=SuppressionQuery, tag="suppressions",
    ),
    Route(
        "GET", _PATH, Access.READ, find_suppression, "Get the suppression of an address", SuppressionView,
        refusals=_REFUSALS[:1], tag="suppressions",
    ),
    Route(
        "PUT", _PATH, Access.ACT, suppress, "Suppress an address", SuppressionView,
        body=SuppressBody, body_required=False, refusals=_REFUSALS[1:2], tag="suppressions",
    ),
    Route(
        "DELETE", _PATH, Access.ACT, lift_suppression, "Lift a suppression here and at the provider",
        LiftedSuppressionView, body=LiftBody, refusals=_REFUSALS, tag="suppressions",
    ),
)  # fmt: skip
