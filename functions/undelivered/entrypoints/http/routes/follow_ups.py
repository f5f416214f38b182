"""Follow-ups: what people arranged about a customer."""

from datetime import date
from http import HTTPStatus
from typing import Annotated

import msgspec

from undelivered.domain.customer import FollowUp
from undelivered.entrypoints.http.errors import invalid_body, not_found
from undelivered.entrypoints.http.parsing import is_identifier
from undelivered.entrypoints.http.route import Access, ApiRequest, ApiResponse, Route
from undelivered.entrypoints.http.schemas.customers import FollowUpView, follow_up_view

_YEARS = range(1970, 9999)


class FollowUpBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A follow-up in full: what is omitted or null is removed.

    ``owner`` is who looks after the customer. The customer is listed by ``GET /follow-ups`` from the day
    ``look_again_on``, in the account's time zone.
    """

    note: Annotated[str, msgspec.Meta(max_length=1_000)] | None = None
    owner: Annotated[str, msgspec.Meta(max_length=200)] | None = None
    look_again_on: Annotated[str, msgspec.Meta(max_length=10, extra_json_schema={"format": "date"})] | None = None


class DueFollowUp(msgspec.Struct, frozen=True):
    """A customer to look at again."""

    id: str
    name: str
    follow_up: FollowUpView


class DueFollowUps(msgspec.Struct, frozen=True):
    """Up to 100 customers to look at again today or earlier, those that wait longest first."""

    customers: tuple[DueFollowUp, ...]


def change_follow_up(request: ApiRequest) -> ApiResponse:
    """Replace the follow-up of a customer."""
    customer_id = request.path["customer_id"]
    if not is_identifier(customer_id):
        raise not_found("customer")
    body = request.body(FollowUpBody)
    owner = (body.owner or "").strip()
    if not owner.isprintable():
        raise invalid_body("owner", "must contain visible characters and no control characters")
    follow_up = FollowUp((body.note or "").strip(), owner, _day(body.look_again_on))
    changed = request.use_cases.follow_ups.change(request.account_id, customer_id, follow_up, by=request.principal.name)
    return ApiResponse(follow_up_view(changed))


def _day(text: str | None) -> date | None:
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise invalid_body("look_again_on", "is not a valid date or time") from None
    if day.isoformat() != text or day.year not in _YEARS:
        raise invalid_body("look_again_on", "is not a valid date or time")
    return day


def list_due(request: ApiRequest) -> ApiResponse:
    """Return the customers to look at again."""
    due = request.use_cases.follow_ups.due(request.account_id)
    return ApiResponse(
        DueFollowUps(tuple(DueFollowUp(each.customer_id, each.name, follow_up_view(each)) for each in due))
    )


ROUTES = (
    Route(
        "PUT", "/customers/{customer_id}/follow-up", Access.ACT, change_follow_up, "Replace the follow-up",
        FollowUpView, body=FollowUpBody, refusals=(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT), tag="customers",
    ),
    Route(
        "GET", "/follow-ups", Access.READ, list_due, "List customers to look at again", DueFollowUps, tag="customers",
    ),
)  # fmt: skip
