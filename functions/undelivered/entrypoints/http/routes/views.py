"""Saved views: named filters of the report."""

import re
from collections.abc import Sequence
from http import HTTPStatus
from typing import Annotated, Final

import msgspec

from undelivered.domain.saved_view import SavedView
from undelivered.entrypoints.http.errors import invalid_body, invalid_parameter
from undelivered.entrypoints.http.report_filters import Filter, body_filter
from undelivered.entrypoints.http.route import Access, ApiRequest, ApiResponse, Route

_VIEW_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_PERSONAL: Final = frozenset({"q", "customer_id"})
_DATES: Final = frozenset({"from", "to"})


class ViewBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A name, and the filter that it stands for.

    The filter has neither ``q`` nor ``customer_id``, so that a saved view names no person. ``last_days`` is the number
    of days up to today that the view shows, instead of fixed dates in the filter.
    """

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=60)]
    filter: Filter
    last_days: Annotated[int, msgspec.Meta(ge=1, le=400)] | None = None


class SavedViewView(msgspec.Struct, frozen=True):
    """A saved view."""

    view_id: str
    name: str
    filter: Filter
    last_days: int | None


class SavedViews(msgspec.Struct, frozen=True):
    """The saved views of the account, the oldest first."""

    views: tuple[SavedViewView, ...]


def list_views(request: ApiRequest) -> ApiResponse:
    """Return the saved views of the account."""
    return _response(request.use_cases.manage_views.find_all(request.account_id))


def save_view(request: ApiRequest) -> ApiResponse:
    """Add a saved view, or replace the one with this ID, and return all."""
    view_id = request.path["view_id"]
    if not _VIEW_ID.fullmatch(view_id):
        raise invalid_parameter("view_id", "must have 1 to 64 letters, digits, '_' and '-'")
    body = request.body(ViewBody)
    name = body.name.strip()
    if not name or not name.isprintable():
        raise invalid_body("name", "must contain visible characters and no control characters")
    for field in body.filter.keys() & _PERSONAL:
        raise invalid_body(f"filter.{field}", "is not for saved views, because it names a person")
    if body.last_days and body.filter.keys() & _DATES:
        raise invalid_body("last_days", "is not for a filter with dates")
    body_filter(body.filter, request)
    view = SavedView(view_id, name, body.filter, body.last_days)
    return _response(request.use_cases.manage_views.save(request.account_id, view))


def delete_view(request: ApiRequest) -> ApiResponse:
    """Delete a saved view and return the others."""
    return _response(request.use_cases.manage_views.remove(request.account_id, request.path["view_id"]))


def _response(views: Sequence[SavedView]) -> ApiResponse:
    shown = (SavedViewView(view.view_id, view.name, dict(view.filter), view.last_days) for view in views)
    return ApiResponse(SavedViews(tuple(shown)))


_PATH: Final = "/views/{view_id}"

ROUTES = (
    Route("GET", "/views", Access.READ, list_views, "List saved views", SavedViews, tag="report"),
    Route(
        "PUT", _PATH, Access.ACT, save_view, "Save a view", SavedViews, body=ViewBody,
        refusals=(HTTPStatus.CONFLICT,), tag="report",
    ),
    Route(
        "DELETE", _PATH, Access.ACT, delete_view, "Delete a saved view", SavedViews,
        refusals=(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT), tag="report",
    ),
)  # fmt: skip
