"""Suppressed addresses: look them up, add one, lift one."""

from http import HTTPStatus
from typing import Annotated, Final

import msgspec

from undelivered.domain.address import normalise_address
from undelivered.domain.errors import InvalidInputError
from undelivered.domain.suppression import Suppression, SuppressionReason
from undelivered.domain.taxonomy import Channel
from undelivered.entrypoints.http.errors import invalid_body, invalid_parameter, not_found
from undelivered.entrypoints.http.pagination import make_cursor, read_cursor
from undelivered.entrypoints.http.router import Access, Answer, Call, Route
from undelivered.entrypoints.http.routes.resends import ConsentBody, consent_of
from undelivered.entrypoints.http.schemas import SuppressionView, suppression_view
from undelivered.entrypoints.http.services import ApiServices
from undelivered.services.contact_validation import checked_contact
from undelivered.services.manage_suppressions import ManageSuppressions

_DEFAULT_LIMIT: Final = 50
_ROUNDS: Final = 10
"""How often a call reads on for a reason that few addresses have; the cursor then goes on from there."""
Why = Annotated[str, msgspec.Meta(min_length=1, max_length=500)]


class SuppressionQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which suppressions are shown."""

    channel: Channel | None = None
    reason: SuppressionReason | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=200)] = _DEFAULT_LIMIT
    cursor: str | None = None


class SuppressionPage(msgspec.Struct, frozen=True):
    """Suppressed addresses in order of channel and address. ``next_cursor`` is null on the last page.

    A page by a rare reason may hold less than was asked for, even nothing, and still have a next one.
    """

    items: tuple[SuppressionView, ...]
    next_cursor: str | None


class SuppressBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why an address is not to be sent to."""

    why: Annotated[str, msgspec.Meta(max_length=500)] = ""


class LiftBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why a suppression is lifted, and the consent where the person themselves chose it."""

    why: Why
    consent: ConsentBody | None = None


def manage_suppressions(services: ApiServices) -> ManageSuppressions:
    """Return the use cases on suppressions."""
    return ManageSuppressions(services.suppressions, services.provider_suppressions(), services.clock)


def list_suppressions(call: Call) -> Answer:
    """Return a page of what is suppressed now."""
    query = call.query(SuppressionQuery)
    filters = msgspec.structs.replace(query, cursor=None, limit=_DEFAULT_LIMIT)
    after = read_cursor(query.cursor, call.account_id, filters) if query.cursor is not None else None
    shown: list[Suppression] = []
    for _ in range(_ROUNDS):
        # One more than is wanted of what matches would need a look ahead; the store's own place is enough.
        page, after = call.services.suppressions.page(call.account_id, query.channel, query.limit - len(shown), after)
        shown += [one for one in page if query.reason in {None, one.reason}]
        if after is None or len(shown) == query.limit:
            break
    cursor = make_cursor(after, call.account_id, filters) if after else None
    return Answer(SuppressionPage(tuple(suppression_view(one) for one in shown), cursor))


def find_suppression(call: Call) -> Answer:
    """Return what is known of an address, lifted or not."""
    found = call.services.suppressions.find(call.account_id, *_address_of(call))
    if found is None:
        raise not_found("suppression")
    return Answer(suppression_view(found))


def suppress(call: Call) -> Answer:
    """Suppress an address by hand."""
    channel, body = _channel_of(call), call.body(SuppressBody)
    try:
        address = checked_contact(channel, call.path["address"], "address")
    except InvalidInputError as error:
        raise invalid_parameter("address", error.message, error.suggestion) from None
    added = manage_suppressions(call.services).add(
        call.account_id, channel, address, by=call.principal.name, why=body.why.strip()
    )
    return Answer(suppression_view(added))


def lift_suppression(call: Call) -> Answer:
    """Lift a suppression, here and at the provider."""
    channel, address = _address_of(call)
    body = call.body(LiftBody)
    if not body.why.strip():
        raise invalid_body("why", "must not be empty")
    consent = consent_of(body.consent, call.now)
    lifted = manage_suppressions(call.services).lift(
        call.account_id, channel, address, by=call.principal.name, why=body.why.strip(), consent=consent
    )
    return Answer(suppression_view(lifted))


def _channel_of(call: Call) -> Channel:
    try:
        return Channel(call.path["channel"])
    except ValueError:
        raise invalid_parameter("channel", "must be 'email' or 'sms'") from None


def _address_of(call: Call) -> tuple[Channel, str]:
    """Return the address that the path names, as it is stored; not every address that is suppressed is a valid one."""
    channel = _channel_of(call)
    return channel, normalise_address(channel, call.path["address"])


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
        "DELETE", _PATH, Access.ACT, lift_suppression, "Lift a suppression here and at the provider", SuppressionView,
        body=LiftBody, refusals=_REFUSALS, tag="suppressions",
    ),
)  # fmt: skip
