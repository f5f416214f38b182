"""The message tags of an email, which SES returns with every event about it.

With them, an event can be recorded without reading a store. Names and values of tags have at most 256 characters: ASCII
letters, digits, ``_`` and ``-`` (Amazon SES API v2 Reference, *MessageTag*). An id with other characters,
such as ``INV/2026/17`` or ``ada@example.com``, is therefore in base64url, in a tag whose name ends with ``-base64url``.
The name shows the encoding, because a value in base64url could also be a plain id.
"""

import re
from collections.abc import Callable, Mapping
from typing import Final

from undelivered.domain import base64url
from undelivered.domain.identifiers import ID_CHARACTERS
from undelivered.domain.item import UndeliveredItem
from undelivered.domain.taxonomy import Channel

CONTENT_TAG: Final = "undelivered-content"
CONTENT_HELD: Final = "held"
"""The tag of messages that Undelivered sends itself, so that it has their content. Host applications do not set it."""

_ALLOWED = re.compile(r"[A-Za-z0-9_-]{1,256}")
_ID = re.compile(rf"[{ID_CHARACTERS}]{{1,256}}")
_ENCODED = "-base64url"
_TEXT_BYTES = 190
"""The maximum length of a text in a tag: 256 characters of base64url."""


def tags_with_ids(ids: Mapping[str, str]) -> dict[str, str]:
    """Return the tags for ids by the name of their tag. An empty id has no tag."""
    return dict(_id_tag(name, value) for name, value in ids.items() if value)


def _id_tag(name: str, value: str) -> tuple[str, str]:
    if _ALLOWED.fullmatch(value):
        return name, value
    return f"{name}{_ENCODED}", base64url.encode(value.encode())


def read_id(tag: Callable[[str], str], name: str) -> str | None:
    """Return an id from the tags of a message. ``tag`` returns the value of a tag, or an empty text.

    Earlier versions and host applications write ids without the encoding.
    """
    if encoded := tag(f"{name}{_ENCODED}"):
        try:
            value = base64url.decode(encoded).decode()
        except ValueError:
            return None
    else:
        value = tag(name)
    return value if _ID.fullmatch(value) else None


def attempt_tags(item: UndeliveredItem, attempt: int) -> Mapping[str, str]:
    """Return the tags with which the host application sends an attempt of an item.

    An End User Messaging text has at most five entries of context (*SendTextMessage*), so it goes without its title.
    """
    ids = {
        "undelivered-account": item.account_id,
        "undelivered-notification": item.notification_id,
        "undelivered-attempt": str(attempt),
        "undelivered-customer": item.customer_id,
    }
    texts = {
        "undelivered-entry": item.entry_key,
        "undelivered-title": item.title if item.channel is Channel.EMAIL else "",
    }
    return tags_with_ids(ids) | {name: encode_text(text) for name, text in texts.items() if text}


def encode_text(text: str) -> str:
    """Return a text as a tag value: its UTF-8 bytes, cut to the maximum length, in base64url."""
    cut = text.encode()[:_TEXT_BYTES].decode(errors="ignore").encode()
    return base64url.encode(cut)


def read_text(value: str) -> str | None:
    """Return the text of a tag value from ``encode_text``, which may be cut within a character; None for any other."""
    try:
        return base64url.decode(value.rstrip("=")).decode(errors="ignore")
    except ValueError:
        return None
