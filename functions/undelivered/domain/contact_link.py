"""Links with which customers correct a contact themselves, and codes that prove the new contact.

Neither is stored. The signing secret makes both from what is stored, at the moment a message with them is sent.
"""

import hashlib
import hmac
from collections.abc import Iterable
from typing import Final

from msgspec import Struct

from undelivered.domain.signed_tokens import sign_token, verify_token

CODE_PREFIX: Final = "undelivered-code-"
"""The prefix of the ids of messages with a code. They go to contacts that are not proved, so they make no items."""

LINK_PLACE: Final = "{link}"
CODE_PLACE: Final = "{code}"

_LINK: Final = "contact-request"
_CODE: Final = "contact-code"
_DIGITS: Final = 6
_PARTS: Final = 4


class RequestKey(Struct, frozen=True):
    """What a link identifies. It has no address, and the id of the customer only as a digest."""

    account_id: str
    customer_digest: str
    request_id: str
    nonce: str


class ContactMessage(Struct, frozen=True):
    """What is put into a message when it is sent: a link in place of ``{link}``, or a code in place of ``{code}``.

    ``link`` is the key of the request, and ``code`` the nonce of the code.
    """

    link: RequestKey | None = None
    code: str = ""


def link_token(secret: bytes, key: RequestKey) -> str:
    """Return the token in a link."""
    return sign_token(secret, _LINK, f"{key.account_id}~{key.customer_digest}~{key.request_id}~{key.nonce}")


def read_link_token(secrets: Iterable[bytes], token: str) -> RequestKey | None:
    """Return what a token identifies, or None if none of the secrets signed it."""
    parts = (verify_token(secrets, _LINK, token) or "").split("~")
    return RequestKey(*parts) if len(parts) == _PARTS else None


def code_of(secret: bytes, nonce: str) -> str:
    """Return the code of six digits that belongs to a nonce."""
    mac = hmac.digest(secret, f"{_CODE}\n{nonce}".encode(), hashlib.sha256)
    return f"{int.from_bytes(mac, 'big') % 10**_DIGITS:0{_DIGITS}}"


def is_code_of(secrets: Iterable[bytes], nonce: str, code: str) -> bool:
    """Whether a code belongs to a nonce under one of the secrets. White space does not matter."""
    given = "".join(code.split()).encode()
    matches = [hmac.compare_digest(code_of(secret, nonce).encode(), given) for secret in secrets]
    return any(matches)


def filled_text(text: str, message: ContactMessage, secret: bytes, public_url: str) -> str:
    """Return the text of a message as it is sent."""
    if message.link:
        text = text.replace(LINK_PLACE, f"{public_url.rstrip('/')}/correct/{link_token(secret, message.link)}")
    return text.replace(CODE_PLACE, code_of(secret, message.code)) if message.code else text
