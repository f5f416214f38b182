"""Resends of single items."""

import hashlib
import re
from functools import partial
from http import HTTPStatus
from typing import Annotated, Final

import msgspec

from undelivered.domain.customer import Consent
from undelivered.domain.errors import RefusedError
from undelivered.domain.item import UndeliveredItem
from undelivered.entrypoints.http.consents import ConsentBody, consent_of
from undelivered.entrypoints.http.errors import invalid_parameter
from undelivered.entrypoints.http.parsing import parse_entry_key
from undelivered.entrypoints.http.route import Access, ApiRequest, ApiResponse, Route
from undelivered.entrypoints.http.schemas.items import ItemView, item_view
from undelivered.observability import measure

IDEMPOTENCY_HEADER: Final = "Idempotency-Key"
_KEY: Final = re.compile(r"[\x21-\x7e]{1,128}")


class ResendBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A consent, where the item needs one, and a note for the audit trail."""

    consent: ConsentBody | None = None
    note: Annotated[str, msgspec.Meta(max_length=500)] = ""


def resend_item(request: ApiRequest) -> ApiResponse:
    """Start a resend and return the item, whose state is now *resending*."""
    entry_key, body = parse_entry_key(request.path["item_id"]), request.body(ResendBody)
    consent = consent_of(body.consent, request.now) if body.consent else None
    start = partial(_start, request, entry_key, consent, body.note.strip())
    key = _idempotency_key(request)
    if key is None:
        item = start()
    else:
        fingerprint = _fingerprint(request.principal.name, entry_key, body)
        item = request.use_cases.idempotent_resend(
            request.account_id, entry_key, start, key=key, fingerprint=fingerprint
        )
    return ApiResponse(item_view(item, request.now), HTTPStatus.ACCEPTED)


def _start(request: ApiRequest, entry_key: str, consent: Consent | None, note: str) -> UndeliveredItem:
    """Start a resend and count it."""
    try:
        item = request.use_cases.request_resend(
            request.account_id, entry_key, by=request.principal.name, consent=consent, note=note
        )
    except RefusedError as error:
        measure("ResendsAsked", [1], answer=error.code)
        raise
    measure("ResendsAsked", [1], answer="accepted")
    return item


def _idempotency_key(request: ApiRequest) -> str | None:
    key = request.header(IDEMPOTENCY_HEADER)
    if key is not None and not _KEY.fullmatch(key):
        raise invalid_parameter(IDEMPOTENCY_HEADER, "must be 1 to 128 printable characters without spaces")
    return key


def _fingerprint(by: str, entry_key: str, body: ResendBody) -> str:
    """Return a digest of a request and its caller."""
    return hashlib.sha256(by.encode() + b"\n" + msgspec.json.encode(["resend", entry_key, body])).hexdigest()


ROUTES = (
    Route(
        "POST", "/undelivered/{item_id}/resend", Access.ACT, resend_item,
        "Resend an item to the customer's current contact", ItemView,
        status=HTTPStatus.ACCEPTED, body=ResendBody, body_required=False,
        refusals=(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT), tag="act",
        headers={IDEMPOTENCY_HEADER: "A second request with the same key does not resend. Kept for a day."},
    ),
)  # fmt: skip
