"""Signed tokens: URL-safe text that only this deployment can create."""

import hashlib
import hmac
from collections.abc import Iterable

from undelivered.domain import base64url

_MAC_BYTES = 16
_MAX_LENGTH = 1_024


def sign_token(secret: bytes, purpose: str, payload: str) -> str:
    """Return a token: a payload with a truncated HMAC-SHA256 (RFC 2104 section 5). It is valid for one purpose."""
    return f"{base64url.encode(payload.encode())}.{base64url.encode(_mac(secret, purpose, payload))}"


def verify_token(secrets: Iterable[bytes], purpose: str, token: str) -> str | None:
    """Return the payload of a token that one of the secrets signed, or None if the token is not valid."""
    body, dot, mac = token.partition(".")
    if not dot or len(token) > _MAX_LENGTH:
        return None
    try:
        payload, given = base64url.decode(body).decode(), base64url.decode(mac)
    except ValueError:
        return None
    matches = [hmac.compare_digest(_mac(secret, purpose, payload), given) for secret in secrets]
    return payload if any(matches) else None


def _mac(secret: bytes, purpose: str, payload: str) -> bytes:
    return hmac.digest(secret, f"{purpose}\n{payload}".encode(), hashlib.sha256)[:_MAC_BYTES]
