"""Resending many items at once, by name or by filter."""

from collections import Counter
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Annotated, Final

import msgspec

from undelivered.domain.identifiers import item_id, parse_item_id
from undelivered.entrypoints.http.errors import FieldError, ProblemError, invalid_body
from undelivered.entrypoints.http.report_filters import Filter, FilterValue, wanted_by
from undelivered.entrypoints.http.router import Access, Answer, Call, Route
from undelivered.entrypoints.http.routes.resends import Note
from undelivered.observability import measure
from undelivered.services.bulk_resend import BULK_LIMIT, BulkResend

_PAGE_SIZE: Final = 200


class BulkBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which items to resend: either ``ids`` or ``filter``."""

    ids: Annotated[list[str], msgspec.Meta(min_length=1)] | None = None
    filter: Filter | None = None
    note: Note = ""


class BulkRefusalView(msgspec.Struct, frozen=True):
    """Why an item was not resent."""

    id: str
    code: str
    detail: str


class BulkView(msgspec.Struct, frozen=True):
    """What was started; ``GET /resend-batches/{batch_id}`` tells how far it has got."""

    batch_id: str
    accepted: int
    refused: tuple[BulkRefusalView, ...]


class BatchView(msgspec.Struct, frozen=True):
    """How far a bulk resend has got; every item is in exactly one of the four."""

    total: int
    resending: int
    resolved: int
    returned: int
    refused: int


def _bulk_resend(call: Call) -> BulkResend:
    services = call.services
    return BulkResend(services.request_resend, services.undelivered, services.resend_batches, services.clock)


def resend_items(call: Call) -> Answer:
    """Start a resend of every item that is named, each by its own ruling."""
    body = call.body(BulkBody)
    if (body.ids is None) == (body.filter is None):
        raise invalid_body("", "set either 'ids' or 'filter', but not both")
    unknown: list[BulkRefusalView] = []
    keys = _keys_of_ids(body.ids, unknown) if body.ids is not None else _keys_of_filter(call, body.filter or {})
    batch, refused = _bulk_resend(call)(call.account_id, keys, by=call.principal.name, note=body.note.strip())
    for answer, number in Counter([*("accepted" for _ in batch.started), *(one.code for one in refused)]).items():
        measure("ResendsAsked", [number], answer=answer)
    told = (BulkRefusalView(item_id(one.entry_key), one.code, one.detail) for one in refused)
    return Answer(BulkView(batch.batch_id, len(batch.started), (*unknown, *told)), HTTPStatus.ACCEPTED)


def _keys_of_ids(ids: Sequence[str], unknown: list[BulkRefusalView]) -> list[str]:
    """Return the entry keys of ids; those that are no ids of ours are added to ``unknown``."""
    if len(ids) > BULK_LIMIT:
        raise _too_many("ids", len(ids))
    keys = []
    for one in dict.fromkeys(ids):
        if key := parse_item_id(one):
            keys.append(key)
        else:
            unknown.append(BulkRefusalView(one, "not_found", "The item was not found."))
    return keys


def _keys_of_filter(call: Call, given: Mapping[str, FilterValue]) -> list[str]:
    now = call.now
    wanted = wanted_by(given, now, call)
    keys: list[str] = []
    after: str | None = None
    while len(keys) <= BULK_LIMIT:
        page = call.services.reports.page(call.account_id, wanted, _PAGE_SIZE, after, now)
        keys += [item.entry_key for item in page.items]
        if page.next_key is None:
            return keys
        after = page.next_key
    raise _too_many("filter", len(keys))


def _too_many(name: str, number: int) -> ProblemError:
    detail = f"You can resend at most {BULK_LIMIT:,} items at once. This request has {number:,} or more."
    errors = (FieldError(name, f"must not have more than {BULK_LIMIT:,} items"),)
    return ProblemError(HTTPStatus.BAD_REQUEST, "too_many_items", detail, errors)


def show_batch(call: Call) -> Answer:
    """Return how far a bulk resend has got."""
    told = _bulk_resend(call).progress(call.account_id, call.path["batch_id"])
    return Answer(BatchView(told.total, told.resending, told.resolved, told.returned, told.refused))


ROUTES = (
    Route(
        "POST", "/undelivered/resend", Access.ACT, resend_items, "Resend many items", BulkView,
        status=HTTPStatus.ACCEPTED, body=BulkBody, tag="act",
    ),
    Route(
        "GET", "/resend-batches/{batch_id}", Access.READ, show_batch, "Get the progress of a bulk resend", BatchView,
        refusals=(HTTPStatus.NOT_FOUND,), tag="act",
    ),
)  # fmt: skip
