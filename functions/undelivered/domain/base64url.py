"""URL-safe base64 without padding (RFC 4648 section 5), for ids, tokens, cursors and message tags."""

import base64


def encode(raw: bytes) -> str:
    """Return bytes as text of letters, digits, ``-`` and ``_``."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    """Return the bytes of a text from ``encode``; raises ValueError for text that is not base64.

    Several texts decode to the same bytes, such as those with padding. A caller that accepts one spelling only must
    compare the text with ``encode`` of the result.
    """
    return base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
