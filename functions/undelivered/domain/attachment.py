"""Files that are sent with an email: what Amazon SES accepts, and where a file is kept."""

import re
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Final
from unicodedata import category
from uuid import uuid4

from msgspec import Struct

from undelivered.domain.errors import InvalidInputError, RefusedError

MAX_ATTACHMENTS: Final = 10
"""The maximum number of files of a message."""

MAX_MESSAGE_BYTES: Final = 40 * 1024 * 1024
"""The maximum size of an email after encoding, with its files (Amazon SES Developer Guide, "Service quotas")."""

MAX_FILE_BYTES: Final = 29 * 1024 * 1024
"""The maximum size of a file. After encoding, it leaves some 300 KB of a message for the text."""

UPLOAD_LIFETIME: Final = timedelta(hours=1)
"""How long a file can be uploaded."""

MAX_NAME_LENGTH: Final = 255
"""The maximum length of a file name (Amazon SES API v2, *AttachmentFileName*)."""

MAX_TYPE_LENGTH: Final = 78
"""The maximum length of a content type (Amazon SES API v2, *AttachmentContentType*)."""

_EXTENSIONS: Final = (
    "ade adp app asp bas bat cer chm cmd com cpl crt csh der exe fxp gadget hlp hta inf ins isp its js jse ksh lib lnk "
    "mad maf mag mam maq mar mas mat mau mav maw mda mdb mde mdt mdw mdz msc msh msh1 msh2 mshxml msh1xml msh2xml msi "
    "msp mst ops pcd pif plg prf prg reg scf scr sct shb shs sys ps1 ps1xml ps2 ps2xml psc1 psc2 tmp url vb vbe vbs "
    "vps vsmacros vss vst vsw vxd ws wsc wsf wsh xnk"
)
REFUSED_EXTENSIONS: Final = frozenset(_EXTENSIONS.split())
"""Extensions that SES refuses (Amazon SES Developer Guide, "Amazon SES unsupported attachment types")."""

HELD: Final = "held/"
"""The start of the keys of files that belong to notifications."""

INLINE: Final = "sha256:"
"""The start of the source of a file that came with the request. Upload ids contain no colon."""

_FORBIDDEN: Final = frozenset('/\\:*?"<>|')
"""Characters with which SES refuses a file name (seen by govuk-forms/forms-runner#1594)."""
_FORBIDDEN_CATEGORIES: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Control and formatting characters. Some of them change the order of what is shown, and so hide an extension."""

# The characters of RFC 6838 section 4.2, without parameters.
_CONTENT_TYPE: Final = re.compile(r"(?<![a-z0-9!#$&^_.+-])[a-z0-9][a-z0-9!#$&^_.+-]*/[a-z0-9][a-z0-9!#$&^_.+-]*")
_COMPOSITE: Final = ("multipart/", "message/")
"""Types that cannot be encoded in base64 (RFC 2045 section 6.4)."""

_LINE: Final = 76
_LINE_BREAK: Final = 2
_OVERHEAD: Final = 1024
"""Bytes for the headers of a part of a message. The headers of the message itself count as another part."""


class Attachment(Struct, frozen=True):
    """A file of a notification. ``size`` is in bytes, ``key`` its place in the file store.

    ``source`` is the id of the upload, or the digest of a file that came with the request. By it, a repeated
    notification is recognised.
    """

    file_name: str
    content_type: str
    size: int
    key: str
    source: str

    @property
    def digest(self) -> str:
        """The SHA-256 digest of a file that came with the request, in hexadecimal, empty for an upload."""
        return self.source.removeprefix(INLINE) if self.source.startswith(INLINE) else ""

    @property
    def upload_id(self) -> str:
        """The id of the upload, empty for a file that came with the request."""
        return "" if self.source.startswith(INLINE) else self.source


def checked_file_name(text: str, field: str) -> str:
    """Return a file name as it is sent; raises InvalidInputError, which names the field."""
    name = text.strip()
    if not 0 < len(name) <= MAX_NAME_LENGTH:
        raise InvalidInputError(field, f"must have 1 to {MAX_NAME_LENGTH} characters")
    if not _FORBIDDEN.isdisjoint(name) or any(category(character) in _FORBIDDEN_CATEGORIES for character in name):
        raise InvalidInputError(
            field, 'must not contain slashes, backslashes, quotation marks (") or control characters'
        )
    stem, dot, extension = name.rpartition(".")
    if not (dot and stem.strip(".") and extension):
        raise InvalidInputError(field, "must be a name with an extension, such as invoice.pdf")
    if extension.casefold() in REFUSED_EXTENSIONS:
        raise InvalidInputError(field, f"has the extension .{extension.casefold()}, which Amazon SES does not send")
    return name


def checked_content_type(text: str, field: str) -> str:
    """Return a content type in lower case; raises InvalidInputError, which names the field."""
    content_type = text.strip().lower()
    if len(content_type) > MAX_TYPE_LENGTH or not _CONTENT_TYPE.fullmatch(content_type):
        raise InvalidInputError(field, "must be a media type without parameters, such as application/pdf")
    if content_type.startswith(_COMPOSITE):
        raise InvalidInputError(field, "must not be a multipart or message type")
    return content_type


def encoded_size(number: int) -> int:
    """Return the size in an email of a part with a number of bytes: in base64, in lines, with its headers."""
    encoded = -(-number // 3) * 4
    return encoded + -(-encoded // _LINE) * _LINE_BREAK + _OVERHEAD


def check_total_size(texts: Iterable[str], attachments: Iterable[Attachment]) -> None:
    """Raise RefusedError if a message with these texts and files is larger than SES accepts."""
    sizes = [len(text.encode("utf-8", "replace")) for text in texts] + [each.size for each in attachments]
    total = _OVERHEAD + sum(map(encoded_size, sizes))
    if total > MAX_MESSAGE_BYTES:
        megabytes, limit = (f"{number / 1024 / 1024:.1f}" for number in (total, MAX_MESSAGE_BYTES))
        detail = f"The message has {megabytes} MB after encoding, with its 'attachments'. The limit is {limit} MB."
        raise RefusedError("attachments_too_large", detail)


def new_key(account_id: str, created_at: datetime, content_days: int) -> str:
    """Return a new key for a file that is deleted after the day on which the content of its notification expires."""
    day = (created_at + timedelta(days=content_days)).date()
    return f"{HELD}{day.isoformat()}/{account_id}/{uuid4().hex}"


def held_before(day: date) -> str:
    """Return a text that sorts after the keys of files that expired before a day, and before all others."""
    return f"{HELD}{day.isoformat()}"
