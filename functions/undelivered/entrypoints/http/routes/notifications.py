"""Notifications of the host application: send them, and get their status."""

import base64
import binascii
import json
import re
from http import HTTPStatus
from typing import Annotated, Any, Final
from unicodedata import category

import msgspec

from undelivered.domain.attachment import (
    MAX_ATTACHMENTS,
    MAX_NAME_LENGTH,
    MAX_TYPE_LENGTH,
    checked_content_type,
    checked_file_name,
)
from undelivered.domain.errors import InvalidInputError, RefusedError
from undelivered.domain.taxonomy import Channel
from undelivered.entrypoints.http.errors import FieldError, ProblemError, not_found
from undelivered.entrypoints.http.parsing import MAX_BODY_BYTES, CategoryId, Identifier, convert_item, is_identifier
from undelivered.entrypoints.http.route import Access, ApiRequest, ApiResponse, Route
from undelivered.entrypoints.http.schemas.notifications import NotificationView, notification_view
from undelivered.services.accept_notifications import TEXT_MESSAGE_LENGTH, NewNotification
from undelivered.services.keep_attachments import NewAttachment, unknown_attachment
from undelivered.services.request_limits import LimitedWork

MAX_NOTIFICATIONS: Final = 100
MAX_FILES: Final = 100
"""The maximum number of files in a request. Each is copied or stored before the response."""

MAX_REQUEST_BYTES: Final = 5 * 1024 * 1024
"""The maximum of a request with its files. Lambda accepts 6 MB (AWS Lambda Developer Guide, "Lambda quotas"), in which
the body is quoted once more, with everything else that API Gateway says about the request."""

_UPLOAD_ID: Final = re.compile(r"[0-9a-f]{32}")
_MAX_METADATA: Final = 20
_LINE_BREAKING: Final = frozenset({"Cc", "Zl", "Zp"})
"""Unicode categories of control characters and line separators, which could inject headers into an email."""

_MAILBOX: Final = (
    "An address, or `Name <address>`, of an identity that the operator assigned to the account. Only for emails."
)
_MetadataKey = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
_MetadataValue = Annotated[str, msgspec.Meta(max_length=256)]


class NotificationAttachment(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A file to send with an email: either ``attachment_id`` from ``POST /attachments``, or the other three fields."""

    attachment_id: Annotated[str, msgspec.Meta(max_length=64)] | None = None
    filename: Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_NAME_LENGTH)] | None = None
    content_type: Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_TYPE_LENGTH)] | None = None
    content_base64: str | None = None


class NotificationBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A notification for a customer. ``to`` replaces the customer's contact in the first send.

    ``essential`` is true for legal and billing notices, which are also sent to unsubscribed customers.
    ``accept_unassigned_number`` accepts a phone number in ``to`` that is not assigned in its country. ``sender``
    replaces the sender of the account, and replies go to ``reply_to`` instead of the sender. ``category`` is one of the
    account's settings: recipients can unsubscribe from it alone.
    """

    notification_id: Identifier | None = None
    customer_id: Identifier
    channel: Channel
    title: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    subject: Annotated[str, msgspec.Meta(max_length=400)] = ""
    text: Annotated[
        str,
        msgspec.Meta(
            min_length=1,
            max_length=100_000,
            description=f"For the channel sms, at most {TEXT_MESSAGE_LENGTH:,} characters.",
        ),
    ]
    html: Annotated[str, msgspec.Meta(max_length=200_000)] | None = None
    to: Annotated[str, msgspec.Meta(max_length=320)] | None = None
    essential: bool = False
    metadata: Annotated[dict[_MetadataKey, _MetadataValue], msgspec.Meta(max_length=_MAX_METADATA)] = {}
    accept_unassigned_number: bool = False
    attachments: Annotated[list[NotificationAttachment], msgspec.Meta(max_length=MAX_ATTACHMENTS)] = []
    sender: Annotated[str, msgspec.Meta(max_length=320, description=_MAILBOX)] | None = None
    reply_to: Annotated[str, msgspec.Meta(max_length=320, description=_MAILBOX)] | None = None
    category: CategoryId | None = None


class NotificationsBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The notifications to send."""

    notifications: Annotated[list[NotificationBody], msgspec.Meta(min_length=1, max_length=MAX_NOTIFICATIONS)]


class _RawNotificationsBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``NotificationsBody`` with notifications that are not validated: each is accepted or refused on its own."""

    notifications: Annotated[list[Any], msgspec.Meta(min_length=1)]


class Accepted(msgspec.Struct, frozen=True):
    """A notification that was accepted and queued."""

    notification_id: str


class Refused(msgspec.Struct, frozen=True):
    """A notification that was refused. ``index`` is its position in the request.

    ``field`` is the field that caused it, such as ``notifications[3].attachments[0].attachment_id``, or null.
    """

    index: int
    code: str
    detail: str
    field: str | None


class HandoverView(msgspec.Struct, frozen=True):
    """The notifications that were accepted and refused."""

    accepted: tuple[Accepted, ...]
    refused: tuple[Refused, ...]


def accept_notifications(request: ApiRequest) -> ApiResponse:
    """Accept notifications and queue them to be sent."""
    bodies = request.body(_RawNotificationsBody).notifications
    if len(bodies) > MAX_NOTIFICATIONS:
        detail = f"A request can have at most {MAX_NOTIFICATIONS} notifications. This one has {len(bodies)}."
        errors = (FieldError("notifications", f"must not have more than {MAX_NOTIFICATIONS} entries"),)
        raise ProblemError(HTTPStatus.BAD_REQUEST, "too_many_items", detail, errors)
    request.use_cases.request_limits.take(request.account_id, LimitedWork.NOTIFICATIONS, len(bodies))
    parsed = [_parse(body) for body in bodies]
    files = sum(len(new.attachments) for new in parsed if isinstance(new, NewNotification))
    if files > MAX_FILES:
        detail = f"A request can have at most {MAX_FILES} attachments. This one has {files}."
        raise ProblemError(HTTPStatus.BAD_REQUEST, "too_many_items", detail)
    valid = [notification for notification in parsed if isinstance(notification, NewNotification)]
    answers = iter(request.use_cases.accept_notifications(request.account_id, valid))
    results = [result if isinstance(result, RefusedError) else next(answers) for result in parsed]
    return ApiResponse(
        HandoverView(
            tuple(Accepted(result) for result in results if isinstance(result, str)),
            tuple(_refused(index, result) for index, result in enumerate(results) if isinstance(result, RefusedError)),
        ),
        HTTPStatus.ACCEPTED,
    )


def _refused(index: int, error: RefusedError) -> Refused:
    field = f"notifications[{index}].{error.field}" if error.field else None
    return Refused(index, error.code, error.detail, field)


def _parse(raw: object) -> NewNotification | RefusedError:
    """Return a notification, or the error of one that is not valid."""
    try:
        body = convert_item(raw, NotificationBody)
    except ProblemError as error:
        return RefusedError(error.code, error.detail, error.errors[0].field if error.errors else "")
    if not body.text.strip() or not body.title.strip():
        return RefusedError("invalid_body", "The fields 'title' and 'text' must contain visible characters.")
    if any(category(character) in _LINE_BREAKING for character in f"{body.title}{body.subject}"):
        return RefusedError("invalid_body", "The fields 'title' and 'subject' must each be a single line.")
    texts = (
        body.title,
        body.subject,
        body.text,
        body.html or "",
        *(part for pair in body.metadata.items() for part in pair),
    )
    if sum(map(_stored_size, texts)) > MAX_BODY_BYTES:
        return RefusedError("too_large", f"Without its files, a notification has at most {MAX_BODY_BYTES // 1024} KB.")
    try:
        attachments = tuple(_attachment(index, file) for index, file in enumerate(body.attachments))
    except RefusedError as error:
        return error
    return NewNotification(
        customer_id=body.customer_id,
        channel=body.channel,
        title=body.title.strip(),
        text=body.text,
        notification_id=body.notification_id or "",
        subject=body.subject.strip(),
        html=body.html or "",
        to=(body.to or "").strip(),
        essential=body.essential,
        metadata=tuple(sorted(body.metadata.items())),
        accept_unassigned_number=body.accept_unassigned_number,
        attachments=attachments,
        sender=(body.sender or "").strip(),
        reply_to=(body.reply_to or "").strip(),
        category=body.category or "",
    )


def _stored_size(text: str) -> int:
    """Return the bytes of a text in JSON, as it is stored."""
    return len(json.dumps(text, ensure_ascii=False).encode("utf-8", "replace"))


def _attachment(index: int, file: NotificationAttachment) -> NewAttachment:
    """Return a file of a notification; raises RefusedError."""
    if file.attachment_id is not None:
        if file.filename is not None or file.content_type is not None or file.content_base64 is not None:
            raise _invalid_file(f"attachments[{index}]", "must have no other field beside attachment_id")
        if not _UPLOAD_ID.fullmatch(file.attachment_id):
            raise unknown_attachment(index)
        return NewAttachment(file.attachment_id)
    if file.filename is None or file.content_type is None or not file.content_base64:
        raise _invalid_file(
            f"attachments[{index}]", "must have an attachment_id, or filename, content_type and content_base64"
        )
    try:
        name = checked_file_name(file.filename, f"attachments[{index}].filename")
        kind = checked_content_type(file.content_type, f"attachments[{index}].content_type")
    except InvalidInputError as error:
        raise _invalid_file(error.field, error.message) from None
    try:
        content = base64.b64decode(file.content_base64, validate=True)
    except binascii.Error:
        raise _invalid_file(f"attachments[{index}].content_base64", "is not valid base64") from None
    return NewAttachment(file_name=name, content_type=kind, content=content)


def _invalid_file(field: str, message: str) -> RefusedError:
    return RefusedError("invalid_body", f"'{field}' {message}.", field)


def find_notification(request: ApiRequest) -> ApiResponse:
    """Return a notification with its sends and its items on the report."""
    notification_id = request.path["notification_id"]
    if not is_identifier(notification_id):
        raise not_found("notification")
    status = request.use_cases.find_notification(request.account_id, notification_id)
    return ApiResponse(notification_view(status.notification, status.attempts, status.items))


ROUTES = (
    Route(
        "POST", "/notifications", Access.HOST, accept_notifications, "Send notifications", HandoverView,
        status=HTTPStatus.ACCEPTED, body=NotificationsBody, max_body_bytes=MAX_REQUEST_BYTES,
        limit="Too many notifications in a minute: `too_many_notifications`. None of the request's was accepted.",
        tag="host",
    ),
    Route(
        "GET", "/notifications/{notification_id}", Access.READ, find_notification, "Get a notification and its sends",
        NotificationView, refusals=(HTTPStatus.NOT_FOUND,), tag="host",
    ),
)  # fmt: skip
