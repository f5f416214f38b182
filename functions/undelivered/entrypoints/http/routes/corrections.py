"""Corrections of many contacts at once, for example from a spreadsheet."""

from typing import Annotated, Any

import msgspec

from undelivered.domain.identifiers import item_id
from undelivered.domain.resend_policy import is_ready
from undelivered.domain.taxonomy import Channel
from undelivered.entrypoints.http.errors import FieldError
from undelivered.entrypoints.http.parsing import Identifier, convert_item
from undelivered.entrypoints.http.route import Access, ApiRequest, ApiResponse, Route
from undelivered.entrypoints.http.rows import MAX_ROWS, Country, RowErrors, parse_rows, row_errors, text_in
from undelivered.services.contact_validation import check_country
from undelivered.services.correct_contacts import Correction, CorrectionOutcome, CorrectionResult

Contact = Annotated[str, msgspec.Meta(min_length=1, max_length=320)]


class CorrectionRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A new contact for a customer. ``failed`` is the contact that failed, as the report shows it.

    A customer whose contact is no longer ``failed`` is refused, so that no newer contact is overwritten.
    """

    customer_id: Identifier
    channel: Channel
    failed: Annotated[str, msgspec.Meta(max_length=320)]
    contact: Contact


class CorrectionsBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The contacts to correct. With ``dry_run`` they are only checked.

    A phone number without a country code is read as one of ``country``, else as one of the country of ``failed``.
    """

    corrections: Annotated[list[CorrectionRow], msgspec.Meta(min_length=1, max_length=MAX_ROWS)]
    country: Country | None = None
    dry_run: bool = False


class _RawCorrectionsBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``CorrectionsBody`` with rows that are not validated: each has a result of its own."""

    corrections: Annotated[list[Any], msgspec.Meta(min_length=1)]
    country: Country | None = None
    dry_run: bool = False


class CorrectionView(msgspec.Struct, frozen=True):
    """What became of a row.

    ``contact`` is the customer's contact on the channel after it, or null. ``suggestion`` is a likely spelling if the
    new contact may have a typo. ``ready_to_resend`` are the IDs of the customer's items on the channel that can be
    resent now. ``errors`` is empty unless the row was refused.
    """

    customer_id: str
    channel: str
    outcome: CorrectionOutcome
    contact: str | None = None
    suggestion: str | None = None
    ready_to_resend: tuple[str, ...] = ()
    errors: tuple[FieldError, ...] = ()


class CorrectionResults(msgspec.Struct, frozen=True):
    """What became of each row, in the order of the request."""

    results: tuple[CorrectionView, ...]


def correct_contacts(request: ApiRequest) -> ApiResponse:
    """Correct contacts that failed."""
    body = request.body(_RawCorrectionsBody)
    if body.country is not None:
        check_country(body.country, "country")
    rows = parse_rows("corrections", body.corrections, lambda raw: convert_item(raw, CorrectionRow))
    by = request.principal.name
    corrections = [
        Correction(row.customer_id, row.channel, row.failed, row.contact, body.country or "", by)
        for row in rows
        if isinstance(row, CorrectionRow)
    ]
    results = iter(request.use_cases.correct_contacts(request.account_id, corrections, dry_run=body.dry_run))

    def view(raw: object, row: CorrectionRow | RowErrors) -> CorrectionView:
        if isinstance(row, tuple):
            refused = CorrectionOutcome.REFUSED
            return CorrectionView(text_in(raw, "customer_id"), text_in(raw, "channel"), refused, errors=row)
        return _view(request, row, next(results))

    return ApiResponse(CorrectionResults(tuple(map(view, body.corrections, rows))), acted=not body.dry_run)


def _view(request: ApiRequest, row: CorrectionRow, result: CorrectionResult) -> CorrectionView:
    settings = request.settings
    ready = (
        item_id(item.entry_key)
        for item in result.ready
        if is_ready(item, request.now, settings.resend_by, settings.content_days)
    )
    return CorrectionView(
        row.customer_id,
        row.channel.value,
        result.outcome,
        result.contact or None,
        result.suggestion or None,
        tuple(ready),
        row_errors(result.error),
    )


ROUTES = (
    Route(
        "PATCH", "/customers", Access.ACT, correct_contacts, "Correct up to 500 contacts", CorrectionResults,
        body=CorrectionsBody, tag="customers",
    ),
)  # fmt: skip
