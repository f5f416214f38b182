"""Resends of many items at once, by ID or by filter."""

from collections import Counter
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Annotated, Final

import msgspec

from undelivered.domain.identifiers import item_id, parse_item_id
from undelivered.entrypoints.http.errors import FieldError, ProblemError, invalid_body
from undelivered.entrypoints.http.pagination import make_cursor, read_cursor
from undelivered.entrypoints.http.report_filters import Filter, FilterValue, body_filter
from undelivered.entrypoints.http.route import Access, ApiRequest, ApiResponse, Route
from undelivered.observability import measure
from undelivered.services.bulk_resend import BULK_LIMIT, NOT_FOUND, NOT_FOUND_DETAIL, BulkRefusal
from undelivered.services.request_limits import LimitedWork

_PAGE_SIZE: Final = 200


class BulkBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The items to resend: either ``ids`` or ``filter``.

    With ``dry_run`` nothing is resent: the response says how many items would be, and why the others would not. With a
    ``limit``, a filter takes only so many items, and ``next_cursor`` continues after them: use it for filters that show
    more than 1,000 items.
    """

    ids: Annotated[list[str], msgspec.Meta(min_length=1)] | None = None
    filter: Filter | None = None
    note: Annotated[str, msgspec.Meta(max_length=500)] = ""
    dry_run: bool = False
    limit: Annotated[int, msgspec.Meta(ge=1, le=BULK_LIMIT)] | None = None
    cursor: str | None = None


class BulkRefusalView(msgspec.Struct, frozen=True):
    """Why an item was not resent."""

    id: str
    code: str
    detail: str


class RefusalCount(msgspec.Struct, frozen=True):
    """How many items were refused with a code."""

    code: str
    detail: str
    count: int


class BulkView(msgspec.Struct, frozen=True):
    """The batch that was started. ``GET /resend-batches/{batch_id}`` returns its progress.

    ``refusals`` counts the entries of ``refused`` by their code. After a dry run there is no batch, and ``batch_id`` is
    empty. ``next_cursor`` is null unless a request with a ``limit`` left items of the filter for the next one.
    """

    batch_id: str
    accepted: int
    refused: tuple[BulkRefusalView, ...]
    refusals: tuple[RefusalCount, ...]
    next_cursor: str | None


class _Bound(msgspec.Struct, frozen=True):
    """What a cursor of a bulk resend is bound to."""

    filter: Mapping[str, FilterValue]


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
    if body.cursor is not None and body.limit is None:
        raise invalid_body("cursor", "is only for requests with a limit")
    if body.limit is not None and body.filter is None:
        raise invalid_body("limit", "is only for requests with a filter")
    work = LimitedWork.SEARCHES if body.dry_run else LimitedWork.BULK_RESENDS
    request.use_cases.request_limits.take(request.account_id, work)
    unknown: list[BulkRefusalView] = []
    next_cursor = None
    if body.ids is not None:
        keys = _keys_of_ids(body.ids, unknown)
    elif body.limit is None:
        keys = _keys_of_filter(request, body.filter or {})
    else:
        keys, next_cursor = _keys_of_part(request, body.filter or {}, body.limit, body.cursor)
    if body.dry_run:
        batch_id, (accepted, refusals) = "", request.use_cases.bulk_resend.preview(request.account_id, keys)
    else:
        batch_id, accepted, refusals = _start(request, keys, body.note.strip())
    refused = (BulkRefusalView(item_id(refusal.entry_key), refusal.code, refusal.detail) for refusal in refusals)
    everything = (*unknown, *refused)
    view = BulkView(batch_id, accepted, everything, _by_code(everything), next_cursor)
    return ApiResponse(view, HTTPStatus.ACCEPTED, acted=not body.dry_run)


def _start(request: ApiRequest, keys: Sequence[str], note: str) -> tuple[str, int, Sequence[BulkRefusal]]:
    """Start the resends and count them; return the batch's ID, the number of resends, and the refusals."""
    batch, refusals = request.use_cases.bulk_resend(request.account_id, keys, by=request.principal.name, note=note)
    answers = Counter([*("accepted" for _ in batch.started), *(refusal.code for refusal in refusals)])
    for answer, number in answers.items():
        measure("ResendsAsked", [number], answer=answer)
    return batch.batch_id, len(batch.started), refusals


def _by_code(refused: Sequence[BulkRefusalView]) -> tuple[RefusalCount, ...]:
    details = {refusal.code: refusal.detail for refusal in refused}
    counts = Counter(refusal.code for refusal in refused)
    return tuple(RefusalCount(code, details[code], count) for code, count in counts.most_common())


def _keys_of_ids(ids: Sequence[str], unknown: list[BulkRefusalView]) -> list[str]:
    """Return the entry keys of item IDs. Add a refusal to ``unknown`` for each text that is not an item ID."""
    if len(ids) > BULK_LIMIT:
        raise _too_many("ids", len(ids))
    keys = []
    for text in dict.fromkeys(ids):
        if key := parse_item_id(text):
            keys.append(key)
        else:
            unknown.append(BulkRefusalView(text, NOT_FOUND, NOT_FOUND_DETAIL))
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


def _keys_of_part(
    request: ApiRequest, values: Mapping[str, FilterValue], limit: int, cursor: str | None
) -> tuple[list[str], str | None]:
    """Return the entry keys of the next ``limit`` items that a filter shows, and the cursor of those that follow."""
    wanted, bound = body_filter(values, request), _Bound(values)
    after = read_cursor(cursor, request.account_id, bound) if cursor is not None else None
    keys: list[str] = []
    while len(keys) < limit:
        size = min(_PAGE_SIZE, limit - len(keys))
        page = request.use_cases.reports.page(request.account_id, wanted, size, after, request.now)
        keys += [item.entry_key for item in page.items]
        if page.next_key is None:
            return keys, None
        after = page.next_key
    assert after is not None
    return keys, make_cursor(after, request.account_id, bound)


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
        limit="Too many bulk resends in a minute: `too_many_bulk_resends`. Dry runs count as searches: "
        "`too_many_searches`.",
        tag="act",
    ),
    Route(
        "GET", "/resend-batches/{batch_id}", Access.READ, show_batch, "Get the progress of a bulk resend", BatchView,
        refusals=(HTTPStatus.NOT_FOUND,), tag="act",
    ),
)  # fmt: skip
