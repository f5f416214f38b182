"""Texts that are sent instead of emails that did not arrive."""

from http import HTTPStatus
from typing import Annotated

import msgspec

from undelivered.domain.text_instead import text_id
from undelivered.entrypoints.http.errors import invalid_body
from undelivered.entrypoints.http.parsing import parse_entry_key
from undelivered.entrypoints.http.route import LANGUAGE_HEADER, Access, ApiRequest, ApiResponse, Route, language_headers
from undelivered.entrypoints.http.schemas.items import ItemView, item_view
from undelivered.services.accept_notifications import TEXT_MESSAGE_LENGTH
from undelivered.services.request_limits import LimitedWork


class TextBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The text to send to the customer's phone number instead of the email."""

    text: Annotated[str, msgspec.Meta(min_length=1, max_length=TEXT_MESSAGE_LENGTH)]


class TextView(msgspec.Struct, frozen=True):
    """The notification of the text, and the item of the email, which is dismissed."""

    notification_id: str
    item: ItemView


def send_as_text(request: ApiRequest) -> ApiResponse:
    """Accept a text that is sent instead of an email, and return the dismissed item of the email."""
    entry_key, text = parse_entry_key(request.path["item_id"]), request.body(TextBody).text.strip()
    if not text:
        raise invalid_body("text", "must not be empty")
    request.use_cases.request_limits.take(request.account_id, LimitedWork.NOTIFICATIONS)
    item = request.use_cases.send_as_text(request.account_id, entry_key, text, by=request.principal.name)
    texts = request.texts
    view = TextView(text_id(item), item_view(item, request.now, request.settings, texts))
    return ApiResponse(view, HTTPStatus.ACCEPTED, language_headers(texts))


ROUTES = (
    Route(
        "POST", "/undelivered/{item_id}/text", Access.ACT, send_as_text, "Send a text instead of an email", TextView,
        status=HTTPStatus.ACCEPTED, body=TextBody, refusals=(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT),
        limit="Too many notifications in a minute: `too_many_notifications`.", headers=LANGUAGE_HEADER, tag="act",
    ),
)  # fmt: skip
