"""Resends of many items at once, by ID or by filter."""

from collections import Counter
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Annotated, Final

import msgspec

from undelivered.domain.identifiers import item_id, parse_item_id
from undelivered.entrypoints.http.errors import FieldError, ProblemError, invalid_body
from undelivered.entrypoints.http.report_filters import Filter, FilterValue, body_filter
from undelivered.entrypoints.http.route import Access, ApiRequest, ApiResponse, Route
from undelivered.observability import measure
from undelivered.services.bulk_resend import BULK_LIMIT
from undelivered.services.request_limits import LimitedWork

_PAGE_SIZE: Final = 200


class BulkBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The items to resend: either ``ids`` or ``filter``."""

    ids: Annotated[list[str], msgspec.Meta(min_length=1)] | None = None
    filter: Filter | None = None
    note: Annotated[str, msgspec.Meta(max_length=500)] = ""


class BulkRefusalView(msgspec.Struct, frozen=True):
    """Why an item was not resent."""

    id: str
    code: str
    detail: str


class BulkView(msgspec.Struct, frozen=True):
    """The batch that was started. ``GET /resend-batches/{batch_id}`` returns its progress."""

    batch_id: str
    accepted: int
    refused: tuple[BulkRefusalView, ...]


class BatchView(msgspec.Struct, frozen=True):
    """The progress of a bulk resend. Every item is counted in ``total`` and in exactly one other field."""

    total: int
    resending: int
    resolved: int
    returned: int
    refused: int


def resend_items(request: ApiRequest) -> ApiResponse:
    """Start a resend of each item for which the rules allow it."""
    body = request.body(BulkBody)
    if (body.ids is None) == (body.filter is None):
        raise invalid_body("", "set either 'ids' or 'filter', but not both")
    request.use_cases.request_limits.take(request.account_id, LimitedWork.BULK_RESENDS)
    unknown: list[BulkRefusalView] = []
    keys = _keys_of_ids(body.ids, unknown) if body.ids is not None else _keys_of_filter(request, body.filter or {})
    batch, refusals = request.use_cases.bulk_resend(
        request.account_id, keys, by=request.principal.name, note=body.note.strip()
    )
    answers = Counter([*("accepted" for _ in batch.started), *(refusal.code for refusal in refusals)])
    for answer, number in answers.items():
        measure("ResendsAsked", [number], answer=answer)
    refused = (BulkRefusalView(item_id(refusal.entry_key), refusal.code, refusal.detail) for refusal in refusals)
    return ApiResponse(BulkView(batch.batch_id, len(batch.started), (*unknown, *refused)), HTTPStatus.ACCEPTED)


def _keys_of_ids(ids: Sequence[str], unknown: list[BulkRefusalView]) -> list[str]:
    """Return the entry keys of item IDs. Add a refusal to ``unknown`` for each text that is not an item ID."""
    if len(ids) > BULK_LIMIT:
        raise _too_many("ids", len(ids))
    keys = []
    for text in dict.fromkeys(ids):
        if key := parse_item_id(text):
            keys.append(key)
        else:
            unknown.append(BulkRefusalView(text, "not_found", "The item was not found."))
    return keys


def _keys_of_filter(request: ApiRequest, values: Mapping[str, FilterValue]) -> list[str]:
    """Return the entry keys of all items that a filter shows."""
    wanted = body_filter(values, request)
    keys: list[str] = []
    after: str | None = None
    while len(keys) <= BULK_LIMIT:
        page = request.use_cases.reports.page(request.account_id, wanted, _PAGE_SIZE, after, request.now)
        keys += [item.entry_key for item in page.items]
        if page.next_key is None:
            return keys
        after = page.next_key
    raise _too_many("filter", len(keys))


def _too_many(name: str, number: int) -> ProblemError:
    detail = f"You can resend at most {BULK_LIMIT:,} items at once. This request has {number:,} or more."
    errors = (FieldError(name, f"must not have more than {BULK_LIMIT:,} items"),)
    return ProblemError(HTTPStatus.BAD_REQUEST, "too_many_items", detail, errors)


def show_batch(request: ApiRequest) -> ApiResponse:
    """Return the progress of a bulk resend."""
    progress = request.use_cases.bulk_resend.progress(request.account_id, request.path["batch_id"])
    return ApiResponse(
        BatchView(progress.total, progress.resending, progress.resolved, progress.returned, progress.refused)
    )


ROUTES = (
    Route(
        "POST", "/undelivered/resend", Access.ACT, resend_items, "Resend many items", BulkView,
        status=HTTPStatus.ACCEPTED, body=BulkBody,
        limit="Too many bulk resends in a minute: `too_many_bulk_resends`.", tag="act",
    ),
    Route(
        "GET", "/resend-batches/{batch_id}", Access.READ, show_batch, "Get the progress of a bulk resend", BatchView,
        refusals=(HTTPStatus.NOT_FOUND,), tag="act",
    ),
)  # fmt: skip
