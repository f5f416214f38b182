"""What the people of the account did."""

from typing import Annotated, Final

import msgspec

from undelivered.domain.act import Act
from undelivered.domain.identifiers import timestamp
from undelivered.entrypoints.http.pagination import make_cursor, read_cursor
from undelivered.entrypoints.http.route import Access, ApiRequest, ApiResponse, Route
from undelivered.entrypoints.http.schemas.audit import Time

_DEFAULT_LIMIT: Final = 50


class AuditQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The page of the audit trail."""

    limit: Annotated[int, msgspec.Meta(ge=1, le=200)] = _DEFAULT_LIMIT
    cursor: str | None = None


class ActView(msgspec.Struct, frozen=True):
    """Something that a person did. ``act`` is the operation ID of the request.

    ``subject`` is the colleague or the webhook that it concerned, or empty. It never has data of a customer.
    ``item_id`` and ``customer_id`` are the item or the customer that it concerned, null after their erasure.
    """

    at: Time
    by: str
    act: str
    subject: str
    item_id: str | None
    customer_id: str | None


class AuditPage(msgspec.Struct, frozen=True):
    """Acts, the newest first. ``next_cursor`` is null on the last page."""

    items: tuple[ActView, ...]
    next_cursor: str | None


class _Trail(msgspec.Struct, frozen=True):
    """What a cursor of the audit trail belongs to."""


def list_acts(request: ApiRequest) -> ApiResponse:
    """Return what the people of the account changed in the past 400 days, the newest first.

    The audit trails of an item, of a suppression and of a webhook say more about each.
    """
    query, trail = request.query(AuditQuery), _Trail()
    after = read_cursor(query.cursor, request.account_id, trail) if query.cursor is not None else None
    acts, next_key = request.use_cases.acts.page(request.account_id, query.limit, after)
    cursor = make_cursor(next_key, request.account_id, trail) if next_key else None
    return ApiResponse(AuditPage(tuple(_view(act) for act in acts), cursor))


def _view(act: Act) -> ActView:
    return ActView(timestamp(act.at), act.by, act.name, act.subject, act.item_id or None, act.customer_id or None)


ROUTES = (
    Route(
        "GET", "/audit", Access.MANAGE, list_acts, "List what the people of the account did", AuditPage,
        query=AuditQuery, tag="people",
    ),
)  # fmt: skip
