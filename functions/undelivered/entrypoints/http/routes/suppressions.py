"""Suppressed addresses: list and find them, add one, lift one."""

from http import HTTPStatus
from typing import Annotated, Any, Final

import msgspec

from undelivered.domain.address import normalise_address
from undelivered.domain.errors import InvalidInputError
from undelivered.domain.identifiers import parse_timestamp
from undelivered.domain.suppression import SuppressionReason
from undelivered.domain.taxonomy import Channel
from undelivered.entrypoints.http.consents import ConsentBody, consent_of
from undelivered.entrypoints.http.errors import FieldError, invalid_body, invalid_parameter, not_found
from undelivered.entrypoints.http.pagination import make_cursor, read_cursor
from undelivered.entrypoints.http.parsing import CategoryId, convert_item
from undelivered.entrypoints.http.route import Access, ApiRequest, ApiResponse, Route
from undelivered.entrypoints.http.rows import MAX_ROWS, RowErrors, parse_rows, row_errors, text_in
from undelivered.entrypoints.http.schemas.suppressions import (
    LiftedSuppressionView,
    SuppressionView,
    lift_view,
    suppression_view,
)
from undelivered.services.manage_suppressions import NewSuppression, SuppressionOutcome

_DEFAULT_LIMIT: Final = 50


class SuppressionQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The filters of the list."""

    channel: Channel | None = None
    reason: SuppressionReason | None = None
    category: CategoryId | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=200)] = _DEFAULT_LIMIT
    cursor: str | None = None


class CategoryQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The category whose messages are suppressed. Without it, the suppression of the address for all messages."""

    category: CategoryId | None = None


class SuppressionPage(msgspec.Struct, frozen=True):
    """Suppressed addresses in order of channel and address. ``next_cursor`` is null on the last page.

    For a rare reason, a page may have fewer items than the limit, or none, even if there is a next page.
    """

    items: tuple[SuppressionView, ...]
    next_cursor: str | None


Since = Annotated[
    str,
    msgspec.Meta(
        description="When the reason arose: RFC 3339, not in the future. The default is now.",
        examples=["2026-11-23T18:00:00Z"],
    ),
]


class SuppressBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why an address is suppressed, and since when. Texts cannot be ``unsubscribed``, and email not ``opted_out``."""

    why: Annotated[str, msgspec.Meta(max_length=500)] = ""
    reason: SuppressionReason = SuppressionReason.MANUAL
    since: Since | None = None


class SuppressionRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An address to suppress. ``address`` is the address as it was given, which may be on the list of SES.

    With a ``category``, only its messages are suppressed. The reason is then ``unsubscribed``.
    """

    channel: Channel
    address: Annotated[str, msgspec.Meta(min_length=1, max_length=320)]
    why: Annotated[str, msgspec.Meta(max_length=500)] = ""
    reason: SuppressionReason = SuppressionReason.MANUAL
    since: Since | None = None
    category: CategoryId | None = None


class SuppressionsBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The addresses to suppress. With ``dry_run`` they are only checked."""

    suppressions: Annotated[list[SuppressionRow], msgspec.Meta(min_length=1, max_length=MAX_ROWS)]
    dry_run: bool = False


class _RawSuppressionsBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``SuppressionsBody`` with rows that are not validated: each has a result of its own."""

    suppressions: Annotated[list[Any], msgspec.Meta(min_length=1)]
    dry_run: bool = False


class SuppressionResult(msgspec.Struct, frozen=True):
    """What became of a row. ``errors`` is empty unless the row was refused.

    ``unchanged`` means that a stronger or earlier reason is known, or that the suppression was lifted later.
    """

    address: str
    outcome: SuppressionOutcome
    errors: tuple[FieldError, ...] = ()


class SuppressionResults(msgspec.Struct, frozen=True):
    """What became of each row, in the order of the request."""

    results: tuple[SuppressionResult, ...]


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
        request.account_id,
        channel=query.channel,
        reason=query.reason,
        category=query.category,
        limit=query.limit,
        after=after,
    )
    cursor = make_cursor(next_key, request.account_id, filters) if next_key else None
    return ApiResponse(SuppressionPage(tuple(suppression_view(suppression) for suppression in suppressions), cursor))


def find_suppression(request: ApiRequest) -> ApiResponse:
    """Return the suppression of an address, active or lifted."""
    suppression = request.use_cases.suppressions.find(request.account_id, *_stored_address(request), _category(request))
    if suppression is None:
        raise not_found("suppression")
    return ApiResponse(suppression_view(suppression))


def suppress(request: ApiRequest) -> ApiResponse:
    """Suppress an address."""
    channel, body = _channel(request), request.body(SuppressBody)
    row = SuppressionRow(
        channel, request.path["address"], body.why, body.reason, body.since, _category(request) or None
    )
    try:
        suppression = request.use_cases.manage_suppressions.add(
            request.account_id, _new_suppression(row), by=request.principal.name
        )
    except InvalidInputError as error:
        if error.field != "address":
            raise
        raise invalid_parameter("address", error.message, error.suggestion) from None
    return ApiResponse(suppression_view(suppression))


def suppress_many(request: ApiRequest) -> ApiResponse:
    """Suppress addresses."""
    body = request.body(_RawSuppressionsBody)
    rows = parse_rows("suppressions", body.suppressions, _parse_row)
    valid = [row for row in rows if isinstance(row, NewSuppression)]
    results = iter(
        request.use_cases.manage_suppressions.add_many(
            request.account_id, valid, by=request.principal.name, dry_run=body.dry_run
        )
    )

    def result_of(raw: object, row: NewSuppression | RowErrors) -> SuppressionResult:
        if isinstance(row, tuple):
            return SuppressionResult(text_in(raw, "address"), SuppressionOutcome.REFUSED, row)
        result = next(results)
        return SuppressionResult(row.address, result.outcome, row_errors(result.error))

    return ApiResponse(SuppressionResults(tuple(map(result_of, body.suppressions, rows))), acted=not body.dry_run)


def _parse_row(raw: object) -> NewSuppression:
    return _new_suppression(convert_item(raw, SuppressionRow))


def _new_suppression(row: SuppressionRow) -> NewSuppression:
    """Return a suppression to add; raises InvalidInputError for a time that cannot be read."""
    try:
        since = parse_timestamp(row.since) if row.since else None
    except (ValueError, OverflowError):
        raise InvalidInputError("since", "must be a date-time such as 2026-11-23T18:00:00Z") from None
    return NewSuppression(row.channel, row.address, row.reason, since, row.why.strip(), row.category or "")


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
        category=_category(request),
    )
    return ApiResponse(lift_view(lift))


def _category(request: ApiRequest) -> str:
    return request.query(CategoryQuery).category or ""


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
        "PUT", "/suppressions", Access.ACT, suppress_many, "Suppress up to 500 addresses", SuppressionResults,
        body=SuppressionsBody, tag="suppressions",
    ),
    Route(
        "GET", _PATH, Access.READ, find_suppression, "Get the suppression of an address", SuppressionView,
        query=CategoryQuery, refusals=_REFUSALS[:1], tag="suppressions",
    ),
    Route(
        "PUT", _PATH, Access.ACT, suppress, "Suppress an address", SuppressionView,
        query=CategoryQuery, body=SuppressBody, body_required=False, refusals=_REFUSALS[1:2], tag="suppressions",
    ),
    Route(
        "DELETE", _PATH, Access.ACT, lift_suppression, "Lift a suppression here and at the provider",
        LiftedSuppressionView, query=CategoryQuery, body=LiftBody, refusals=_REFUSALS, tag="suppressions",
    ),
)  # fmt: skip
