"""Exports of the report: asked for, and fetched when they are done."""

from http import HTTPStatus
from typing import Annotated, Literal

import msgspec

from undelivered.entrypoints.http.report_filters import Filter, wanted_by
from undelivered.entrypoints.http.router import Access, Answer, Call, Route
from undelivered.services.request_export import ExportState


class ExportBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to export: all that the filter shows, without one the report as it opens."""

    format: Literal["csv"] = "csv"
    filter: Filter = {}


class ExportStarted(msgspec.Struct, frozen=True):
    """What was started; ``GET /exports/{export_id}`` tells how far it has got."""

    export_id: str


class ExportView(msgspec.Struct, frozen=True):
    """How far an export has got. ``url`` is null until it is done, ``detail`` unless it failed."""

    state: ExportState
    rows: Annotated[int, msgspec.Meta(description="Rows written so far.")]
    url: Annotated[
        str | None,
        msgspec.Meta(description="Link to the file (CSV, UTF-8 with BOM). It works for 15 minutes, for anyone."),
    ]
    detail: str | None


def start_export(call: Call) -> Answer:
    """Start an export and return its id."""
    body, now = call.body(ExportBody), call.now
    wanted = wanted_by(body.filter, now, call)
    export = call.services.exports().request(call.account_id, wanted, by=call.principal.name)
    return Answer(ExportStarted(export.export_id), HTTPStatus.ACCEPTED)


def show_export(call: Call) -> Answer:
    """Return how far an export has got, with a fresh link when it is done."""
    told = call.services.exports().news(call.account_id, call.path["export_id"])
    return Answer(ExportView(told.state, told.rows, told.url or None, told.detail or None))


ROUTES = (
    Route(
        "POST", "/exports", Access.READ, start_export, "Export the report to a file", ExportStarted,
        status=HTTPStatus.ACCEPTED, body=ExportBody, tag="report",
    ),
    Route(
        "GET", "/exports/{export_id}", Access.READ, show_export, "Get the progress and link of an export", ExportView,
        refusals=(HTTPStatus.NOT_FOUND,), tag="report",
    ),
)  # fmt: skip
