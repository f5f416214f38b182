"""Acting on items: resend, dismiss, restore."""

import hashlib
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Annotated, Final

import msgspec
from msgspec.structs import replace

from undelivered.domain.customer import Consent
from undelivered.domain.errors import NotFoundError, RefusedError
from undelivered.domain.identifiers import parse_timestamp
from undelivered.domain.item import UndeliveredItem
from undelivered.domain.resend_policy import ResendCode
from undelivered.entrypoints.http.errors import ProblemError, invalid_body, invalid_parameter
from undelivered.entrypoints.http.router import Access, Answer, Call, Route
from undelivered.entrypoints.http.routes.reports import entry_key_of
from undelivered.entrypoints.http.schemas import ItemView, item_view
from undelivered.observability import measure
from undelivered.services.dismiss import Dismiss
from undelivered.services.idempotency import IdempotencyRecord

ShortText = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Note = Annotated[str, msgspec.Meta(max_length=500)]

IDEMPOTENCY_HEADER: Final = "Idempotency-Key"
_KEY: Final = re.compile(r"[\x21-\x7e]{1,128}")
_REMEMBERED_FOR: Final = timedelta(hours=24)


class ConsentBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A customer's word that messages are wanted again: who gave it, how, and when (RFC 3339)."""

    given_by: ShortText
    how: ShortText
    at: Annotated[str, msgspec.Meta(description="RFC 3339, not in the future", examples=["2026-11-23T18:00:00Z"])]


class ResendBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What may be said with a resend."""

    consent: ConsentBody | None = None
    note: Note = ""


class DismissBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why an item needs nothing more."""

    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=500)]


def consent_of(body: ConsentBody | None, now: datetime) -> Consent | None:
    """Return the consent that a body tells of; raises ProblemError."""
    if body is None:
        return None
    try:
        at = parse_timestamp(body.at)
    except (ValueError, OverflowError):
        raise invalid_body("consent.at", "must be a date-time such as 2026-11-23T18:00:00Z") from None
    if at > now + timedelta(minutes=5):
        raise invalid_body("consent.at", "must not be in the future")
    for name in ("given_by", "how"):
        if not getattr(body, name).strip():
            raise invalid_body(f"consent.{name}", "must not be empty")
    return Consent(body.given_by.strip(), body.how.strip(), at)


def resend_item(call: Call) -> Answer:
    """Start a resend and return the item, now resending."""
    entry_key, body = entry_key_of(call), call.body(ResendBody)
    consent = consent_of(body.consent, call.now)

    def start() -> UndeliveredItem:
        try:
            item = call.services.request_resend(
                call.account_id, entry_key, by=call.principal.name, consent=consent, note=body.note.strip()
            )
        except RefusedError as error:
            measure("ResendsAsked", [1], answer=error.code)
            raise
        measure("ResendsAsked", [1], answer="accepted")
        return item

    record = _idempotency_record(call, msgspec.json.encode(["resend", entry_key, body]))
    item = _once(call, record, entry_key, start) if record else start()
    return Answer(item_view(item, call.now), HTTPStatus.ACCEPTED)


def _once(
    call: Call, record: IdempotencyRecord, entry_key: str, start: Callable[[], UndeliveredItem]
) -> UndeliveredItem:
    """Start a resend unless a request with the same key did; return the item as it is then."""
    store = call.services.idempotency
    known = store.find(record.account_id, record.key)
    if known and known.fingerprint != record.fingerprint:
        detail = "This Idempotency-Key was already used for a different request."
        raise ProblemError(HTTPStatus.CONFLICT, "idempotency_key_reused", detail)
    if known and known.done:
        return _present(call, entry_key)
    store.save(record)
    try:
        item = start()
    except RefusedError as error:
        if known is None or error.code != ResendCode.ALREADY_RUNNING:
            raise
        # The same request came before and was broken off, or is at it this moment: what runs is its resend.
        item = _present(call, entry_key)
    store.save(replace(record, done=True))
    return item


def _present(call: Call, entry_key: str) -> UndeliveredItem:
    item = call.services.undelivered.find(call.account_id, entry_key)
    if item is None:
        raise NotFoundError("item not found")
    return item


def _idempotency_record(call: Call, request: bytes) -> IdempotencyRecord | None:
    key = call.header(IDEMPOTENCY_HEADER)
    if key is None:
        return None
    if not _KEY.fullmatch(key):
        raise invalid_parameter(IDEMPOTENCY_HEADER, "must be 1 to 128 printable characters without spaces")
    fingerprint = hashlib.sha256(call.principal.name.encode() + b"\n" + request).hexdigest()
    return IdempotencyRecord(call.account_id, key, fingerprint, done=False, forget_at=call.now + _REMEMBERED_FOR)


def dismiss_item(call: Call) -> Answer:
    """Take an item off the report and return it."""
    entry_key, body = entry_key_of(call), call.body(DismissBody)
    if not body.reason.strip():
        raise invalid_body("reason", "must not be empty")
    dismiss = Dismiss(call.services.undelivered, call.services.clock)
    item = dismiss(call.account_id, entry_key, by=call.principal.name, reason=body.reason.strip())
    return Answer(item_view(item, call.now))


def restore_item(call: Call) -> Answer:
    """Put a dismissed item back on the report and return it."""
    dismiss = Dismiss(call.services.undelivered, call.services.clock)
    item = dismiss.restore(call.account_id, entry_key_of(call), by=call.principal.name)
    return Answer(item_view(item, call.now))


_REFUSALS: Final = (HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT)

ROUTES = (
    Route(
        "POST", "/undelivered/{item_id}/resend", Access.ACT, resend_item,
        "Resend an item to the customer's current contact", ItemView,
        status=HTTPStatus.ACCEPTED, body=ResendBody, body_required=False, refusals=_REFUSALS, tag="act",
        headers={IDEMPOTENCY_HEADER: "A second request with the same key does not resend. Kept for a day."},
    ),
    Route(
        "POST", "/undelivered/{item_id}/dismiss", Access.ACT, dismiss_item, "Dismiss an item", ItemView,
        body=DismissBody, refusals=_REFUSALS, tag="act",
    ),
    Route(
        "POST", "/undelivered/{item_id}/restore", Access.ACT, restore_item, "Restore a dismissed item", ItemView,
        refusals=_REFUSALS, tag="act",
    ),
)  # fmt: skip
