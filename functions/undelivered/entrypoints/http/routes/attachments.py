"""Files that are sent with emails: upload them, and download them from an item."""

from http import HTTPStatus
from typing import Annotated

import msgspec

from undelivered.domain.attachment import MAX_FILE_BYTES, MAX_NAME_LENGTH, MAX_TYPE_LENGTH
from undelivered.domain.errors import NotFoundError
from undelivered.domain.identifiers import timestamp
from undelivered.entrypoints.http.errors import not_found
from undelivered.entrypoints.http.parsing import parse_entry_key
from undelivered.entrypoints.http.route import Access, ApiRequest, ApiResponse, Route
from undelivered.entrypoints.http.schemas.audit import Time

Url = Annotated[str, msgspec.Meta(extra_json_schema={"format": "uri"})]


class AttachmentBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file to upload: its name with the extension, and its media type."""

    filename: Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_NAME_LENGTH)]
    content_type: Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_TYPE_LENGTH)]


class UploadView(msgspec.Struct, frozen=True):
    """Where to upload a file. ``attachment_id`` names it in a notification, for a day after the upload."""

    attachment_id: str
    upload_url: Annotated[
        Url, msgspec.Meta(description="Send the file here as multipart/form-data (POST), before the form expires.")
    ]
    upload_fields: Annotated[
        dict[str, str],
        msgspec.Meta(
            description="The fields of the form. Send all of them, and then the file as the last field, `file`. "
            f"It can have up to {MAX_FILE_BYTES // 1024 // 1024} MB."
        ),
    ]
    expires_at: Time


class DownloadView(msgspec.Struct, frozen=True):
    """A link to a file of a message. It works for a few minutes, for anyone."""

    url: Url
    expires_at: Time


def start_upload(request: ApiRequest) -> ApiResponse:
    """Return a form with which a file can be uploaded."""
    body = request.body(AttachmentBody)
    upload = request.use_cases.start_upload(request.account_id, body.filename, body.content_type)
    view = UploadView(upload.attachment_id, upload.form.url, dict(upload.form.fields), timestamp(upload.expires_at))
    return ApiResponse(view, HTTPStatus.CREATED)


def download_attachment(request: ApiRequest) -> ApiResponse:
    """Return a link to a file of a message, and record the download in the audit trail."""
    entry_key, number = parse_entry_key(request.path["item_id"]), request.path["number"]
    if not (number.isascii() and number.isdigit()):
        raise not_found("attachment")
    try:
        link = request.use_cases.download_attachment(
            request.account_id, entry_key, int(number), by=request.principal.name
        )
    except NotFoundError:
        raise not_found("attachment") from None
    return ApiResponse(DownloadView(link.url, timestamp(link.expires_at)))


ROUTES = (
    Route(
        "POST", "/attachments", Access.HOST, start_upload, "Upload a file for notifications", UploadView,
        status=HTTPStatus.CREATED, body=AttachmentBody, tag="host",
    ),
    Route(
        "POST", "/undelivered/{item_id}/attachments/{number}/download", Access.MANAGE, download_attachment,
        "Download a file of a message", DownloadView, refusals=(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT),
        tag="report",
    ),
)  # fmt: skip
