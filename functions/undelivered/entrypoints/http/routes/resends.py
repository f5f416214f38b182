"""Resends of single items, by Undelivered or by the host application."""

import hashlib
import re
from functools import partial
from http import HTTPStatus
from typing import Annotated, Final

import msgspec

from undelivered.domain.customer import Consent
from undelivered.domain.errors import RefusedError
from undelivered.domain.identifiers import item_id, timestamp
from undelivered.domain.item import SentBy, UndeliveredItem
from undelivered.domain.message_tags import attempt_tags
from undelivered.domain.resend_policy import ResendCode, refusal
from undelivered.domain.resender import Resender
from undelivered.entrypoints.http.consents import ConsentBody, consent_of
from undelivered.entrypoints.http.errors import invalid_parameter, not_found
from undelivered.entrypoints.http.parsing import is_identifier, parse_entry_key
from undelivered.entrypoints.http.route import LANGUAGE_HEADER, Access, ApiRequest, ApiResponse, Route, language_headers
from undelivered.entrypoints.http.schemas.items import ItemView, item_view
from undelivered.observability import measure

IDEMPOTENCY_HEADER: Final = "Idempotency-Key"
_KEY: Final = re.compile(r"[\x21-\x7e]{1,128}")


class ResendBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A consent, where the item needs one, and a note for the audit trail.

    ``resender`` is one of the item's ``resend.resenders``; without it, the first.
    """

    consent: ConsentBody | None = None
    note: Annotated[str, msgspec.Meta(max_length=500)] = ""
    resender: Resender | None = None


class ClaimBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The item whose message you send again.

    Without it, the only item of the notification. For a notification that you did not send through the API, it is
    required.
    """

    item_id: str | None = None


class ClaimView(msgspec.Struct, frozen=True):
    """An attempt that your application sends itself: to whom, with which message tags, and until when."""

    attempt: int
    to: str
    tags: dict[str, str]
    item_id: str
    send_before: str


def resend_item(request: ApiRequest) -> ApiResponse:
    """Start a resend and return the item, whose state is now *resending*."""
    entry_key, body = parse_entry_key(request.path["item_id"]), request.body(ResendBody)
    consent = consent_of(body.consent, request.now) if body.consent else None
    start = partial(_start, request, entry_key, consent, body)
    key = _idempotency_key(request)
    if key is None:
        item = start()
    else:
        fingerprint = _fingerprint(request.principal.name, "resend", entry_key, body)
        item, _ = request.use_cases.idempotent_resend(
            request.account_id, entry_key, start, key=key, fingerprint=fingerprint
        )
    texts = request.texts
    view = item_view(item, request.now, request.settings, texts)
    return ApiResponse(view, HTTPStatus.ACCEPTED, language_headers(texts))


def _start(request: ApiRequest, entry_key: str, consent: Consent | None, body: ResendBody) -> UndeliveredItem:
    """Start a resend and count it."""
    try:
        item = request.use_cases.request_resend(
            request.account_id,
            entry_key,
            by=request.principal.name,
            consent=consent,
            note=body.note.strip(),
            resender=body.resender,
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


def claim_attempt(request: ApiRequest) -> ApiResponse:
    """Start an attempt that the host application sends itself, and return what to send it with."""
    notification_id, wanted = request.path["notification_id"], request.body(ClaimBody).item_id
    if not is_identifier(notification_id):
        raise not_found("notification")
    entry_key = parse_entry_key(wanted) if wanted is not None else None
    item = request.use_cases.find_notification.item(request.account_id, notification_id, entry_key)
    start = partial(
        request.use_cases.request_resend.claim, request.account_id, item.entry_key, by=request.principal.name
    )
    key = _idempotency_key(request)
    if key is None:
        claimed = start()
        attempt = claimed.last_attempt
    else:
        fingerprint = _fingerprint(request.principal.name, "claim", item.entry_key)
        claimed, attempt = request.use_cases.idempotent_resend(
            request.account_id, item.entry_key, start, key=key, fingerprint=fingerprint
        )
    if attempt.sent_by is not SentBy.HOST:  # an interrupted claim is repeated, and a manager's resend came first
        decision = refusal(ResendCode.ALREADY_RUNNING)
        raise RefusedError(ResendCode.ALREADY_RUNNING, decision.detail)
    send_before = attempt.at + request.settings.grace.host_period
    view = ClaimView(
        attempt.number,
        attempt.to,
        dict(attempt_tags(claimed, attempt.number)),
        item_id(claimed.entry_key),
        timestamp(send_before),
    )
    return ApiResponse(view, HTTPStatus.CREATED)


def _fingerprint(by: str, *request: object) -> str:
    """Return a digest of a request and its caller."""
    return hashlib.sha256(by.encode() + b"\n" + msgspec.json.encode(request)).hexdigest()


ROUTES = (
    Route(
        "POST", "/undelivered/{item_id}/resend", Access.ACT, resend_item,
        "Resend an item to the customer's current contact", ItemView,
        status=HTTPStatus.ACCEPTED, body=ResendBody, body_required=False,
        refusals=(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT), tag="act",
        headers={
            IDEMPOTENCY_HEADER: "A second request with the same key does not resend. Kept for a day.", **LANGUAGE_HEADER
        },
    ),
    Route(
        "POST", "/notifications/{notification_id}/attempts", Access.HOST, claim_attempt,
        "Claim an attempt that your application sends itself", ClaimView,
        status=HTTPStatus.CREATED, body=ClaimBody, body_required=False,
        refusals=(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT), tag="host",
        headers={IDEMPOTENCY_HEADER: "A second request with the same key returns the same attempt. Kept for a day."},
    ),
)  # fmt: skip
