"""The codes of an authenticator app."""

import base64
import hmac
import time


def code_of(secret: str) -> str:
    """Return the code that an app with this key shows now (RFC 6238, with the defaults of its section 4)."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    digest = hmac.digest(key, int(time.time() // 30).to_bytes(8), "sha1")
    start = digest[-1] & 15
    return f"{(int.from_bytes(digest[start : start + 4]) & 0x7FFFFFFF) % 10**6:06}"
