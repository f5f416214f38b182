"""Cursors: the key that a page ended with, and a checksum of the key, the account and the filters.

The checksum shows that a cursor was altered or is used with other filters. It is not a security measure. The account
comes from the token, so a forged cursor leads only to another position in the caller's own list.
"""

import hashlib
from typing import Final

import msgspec

from undelivered.domain import base64url
from undelivered.domain.identifiers import item_id, parse_item_id
from undelivered.entrypoints.http.errors import invalid_cursor

_CHECKSUM_BYTES: Final = 12
_MAX_LENGTH: Final = 1_024


def make_cursor(key: str, account_id: str, filters: msgspec.Struct) -> str:
    """Return the cursor of the page that ended with ``key``."""
    raw = _checksum(key, account_id, filters) + key.encode()
    return base64url.encode(raw)


def read_cursor(text: str, account_id: str, filters: msgspec.Struct) -> str:
    """Return the key that a cursor holds; raises ProblemError (400 ``invalid_cursor``)."""
    if len(text) > _MAX_LENGTH:
        raise invalid_cursor()
    try:
        key = base64url.decode(text)[_CHECKSUM_BYTES:].decode()
    except ValueError:
        raise invalid_cursor() from None
    # Compared as text, because the same bytes can have several base64 texts.
    if not key or make_cursor(key, account_id, filters) != text:
        raise invalid_cursor()
    return key


def read_item_cursor(cursor: str, account_id: str, filters: msgspec.Struct) -> str:
    """Return the entry key in a cursor; raises ProblemError if the cursor does not contain an entry key."""
    key = read_cursor(cursor, account_id, filters)
    if parse_item_id(item_id(key)) is None:
        raise invalid_cursor()
    return key


def _checksum(key: str, account_id: str, filters: msgspec.Struct) -> bytes:
    bound = msgspec.json.encode([key, account_id, type(filters).__name__, filters], order="deterministic")
    return hashlib.sha256(bound).digest()[:_CHECKSUM_BYTES]
