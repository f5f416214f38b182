"""Dismissing items and restoring them."""

from http import HTTPStatus
from typing import Annotated, Final

import msgspec

from undelivered.domain.item import UndeliveredItem
from undelivered.entrypoints.http.errors import invalid_body
from undelivered.entrypoints.http.parsing import parse_entry_key
from undelivered.entrypoints.http.route import LANGUAGE_HEADER, Access, ApiRequest, ApiResponse, Route, language_headers
from undelivered.entrypoints.http.schemas.items import ItemView, item_view


class DismissBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why an item needs no further action."""

    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=500)]


def dismiss_item(request: ApiRequest) -> ApiResponse:
    """Dismiss an item and return it."""
    entry_key, reason = parse_entry_key(request.path["item_id"]), request.body(DismissBody).reason.strip()
    if not reason:
        raise invalid_body("reason", "must not be empty")
    item = request.use_cases.dismiss(request.account_id, entry_key, by=request.principal.name, reason=reason)
    return _answer(request, item)


def restore_item(request: ApiRequest) -> ApiResponse:
    """Restore a dismissed item and return it."""
    entry_key = parse_entry_key(request.path["item_id"])
    item = request.use_cases.dismiss.restore(request.account_id, entry_key, by=request.principal.name)
    return _answer(request, item)


def _answer(request: ApiRequest, item: UndeliveredItem) -> ApiResponse:
    texts = request.texts
    view = item_view(item, request.now, request.settings, texts)
    return ApiResponse(view, headers=language_headers(texts))


_REFUSALS: Final = (HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT)

ROUTES = (
    Route(
        "POST", "/undelivered/{item_id}/dismiss", Access.ACT, dismiss_item, "Dismiss an item", ItemView,
        body=DismissBody, refusals=_REFUSALS, headers=LANGUAGE_HEADER, tag="act",
    ),
    Route(
        "POST", "/undelivered/{item_id}/restore", Access.ACT, restore_item, "Restore a dismissed item", ItemView,
        refusals=_REFUSALS, headers=LANGUAGE_HEADER, tag="act",
    ),
)  # fmt: skip
