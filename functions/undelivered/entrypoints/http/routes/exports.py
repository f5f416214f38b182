"""Exports of the report to a file."""

from http import HTTPStatus
from typing import Annotated, Literal

import msgspec

from undelivered.domain.export import EXPORT_LIFETIME, ExportState
from undelivered.domain.identifiers import timestamp
from undelivered.entrypoints.http.auth import VIEWERS
from undelivered.entrypoints.http.errors import ProblemError, invalid_body
from undelivered.entrypoints.http.report_filters import Filter, body_filter
from undelivered.entrypoints.http.route import Access, ApiRequest, ApiResponse, Route
from undelivered.entrypoints.http.schemas.audit import Time


class ExportBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The items to export: all that the filter shows. Without a filter, the report as it opens.

    With ``mail_when_ready``, the user who asks gets an email with a link to the console when the export has ended. Only
    users with a verified email address can ask for it.
    """

    format: Literal["csv"] = "csv"
    filter: Filter = {}
    mail_when_ready: bool = False


class ExportStarted(msgspec.Struct, frozen=True):
    """The export that was started. ``GET /exports/{export_id}`` returns its progress."""

    export_id: str


class ExportView(msgspec.Struct, frozen=True):
    """The progress of an export. ``url`` is null until it is done. ``detail`` is null unless it failed."""

    state: ExportState
    rows: Annotated[int, msgspec.Meta(description="Rows written so far.")]
    url: Annotated[
        str | None,
        msgspec.Meta(description="Link to the file (CSV, UTF-8 with BOM). It works for 15 minutes, for anyone."),
    ]
    detail: str | None


class ExportEntry(msgspec.Struct, frozen=True):
    """An export. ``requested_by`` is the caller who asked for it. The file is kept until ``kept_until``."""

    export_id: str
    state: ExportState
    rows: int
    requested_at: Time
    requested_by: str
    kept_until: Time
    detail: str | None


class ExportList(msgspec.Struct, frozen=True):
    """The exports of the past seven days, the newest first."""

    exports: tuple[ExportEntry, ...]


def _check_caller(request: ApiRequest) -> None:
    """Raise ProblemError (403) for a viewer, unless the account's settings let viewers export."""
    if (
        request.principal.role in VIEWERS
        and not request.use_cases.accounts.settings(request.account_id).viewers_may_export
    ):
        detail = "In your account, viewers cannot export the report. Ask a manager to do this."
        raise ProblemError(HTTPStatus.FORBIDDEN, "export_not_allowed", detail)


def start_export(request: ApiRequest) -> ApiResponse:
    """Start an export and return its ID."""
    _check_caller(request)
    body = request.body(ExportBody)
    wanted = body_filter(body.filter, request)
    mail_to = request.principal.email if body.mail_when_ready else ""
    if body.mail_when_ready and not mail_to:
        raise invalid_body("mail_when_ready", "is only for users with a verified email address")
    export = request.use_cases.exports.request(request.account_id, wanted, by=request.principal.name, mail_to=mail_to)
    return ApiResponse(ExportStarted(export.export_id), HTTPStatus.ACCEPTED)


def list_exports(request: ApiRequest) -> ApiResponse:
    """Return the exports whose files are still kept. ``GET /exports/{export_id}`` has the link to a file."""
    _check_caller(request)
    exports = request.use_cases.exports.find_all(request.account_id)
    entries = (
        ExportEntry(
            export.export_id,
            export.state,
            export.rows,
            timestamp(export.at),
            export.by,
            timestamp(export.at + EXPORT_LIFETIME),
            export.detail or None,
        )
        for export in exports
    )
    return ApiResponse(ExportList(tuple(entries)))


def show_export(request: ApiRequest) -> ApiResponse:
    """Return the progress of an export, with a new link when it is done."""
    _check_caller(request)
    export = request.use_cases.exports.status(request.account_id, request.path["export_id"])
    return ApiResponse(ExportView(export.state, export.rows, export.url or None, export.detail or None))


ROUTES = (
    Route(
        "POST", "/exports", Access.READ, start_export, "Export the report to a file", ExportStarted,
        status=HTTPStatus.ACCEPTED, body=ExportBody, limit="Three exports are in progress: `too_many_exports`.",
        tag="report",
    ),
    Route("GET", "/exports", Access.READ, list_exports, "List exports", ExportList, tag="report"),
    Route(
        "GET", "/exports/{export_id}", Access.READ, show_export, "Get the progress and link of an export", ExportView,
        refusals=(HTTPStatus.NOT_FOUND,), tag="report",
    ),
)  # fmt: skip
