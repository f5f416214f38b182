"""Embed tokens: with one, a user whom the host application signed in uses the console inside the host's own pages.

A token is signed text. Nothing is stored about it, so it is valid until it expires or is revoked.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Final, Literal

import msgspec
from msgspec import Struct

from undelivered.domain.signed_tokens import sign_token, verify_token

EMBED_PREFIX: Final = "embed."
"""The beginning of every embed token. A token of the user pool begins with JSON in base64url, so never like this."""

MAX_NAME_LENGTH: Final = 80
MAX_MINUTES: Final = 60
_PURPOSE: Final = "embed"

UserRole = Literal["viewer", "manager"]
EmbeddedPage = Literal["console", "count"]


class InvalidEmbedTokenError(Exception):
    """A token is not valid. The message says why."""


class EmbedToken(Struct, frozen=True, forbid_unknown_fields=True):
    """What a token says: who uses it (a name that the host application gives), in which role, and for which page.

    ``page`` is ``count`` for a token that opens the number of undelivered items and nothing else.
    """

    account_id: str
    role: UserRole
    name: str
    page: EmbeddedPage
    issued_at: datetime
    expires_at: datetime


def write_embed_token(secret: bytes, token: EmbedToken) -> str:
    """Return the text of a token."""
    return EMBED_PREFIX + sign_token(secret, _PURPOSE, msgspec.json.encode(token).decode())


def read_embed_token(secrets: Iterable[bytes], text: str, now: datetime) -> EmbedToken:
    """Return the token of a text that one of the secrets signed; raises InvalidEmbedTokenError."""
    payload = verify_token(secrets, _PURPOSE, text.removeprefix(EMBED_PREFIX))
    if payload is None or not text.startswith(EMBED_PREFIX):
        raise InvalidEmbedTokenError("its signature does not match")
    try:
        token = msgspec.json.decode(payload, type=EmbedToken)
    except msgspec.DecodeError:
        raise InvalidEmbedTokenError("it comes from another version") from None
    if token.expires_at <= now:
        raise InvalidEmbedTokenError("it has expired")
    return token
