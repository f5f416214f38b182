"""The sender of emails: one address, with or without a display name."""

import re

from msgspec import Struct

from undelivered.domain.address import normalise_email

_PLAIN_NAME = re.compile(r'[^<>()\[\]:;@,"\\]*')
_QUOTED_NAME = re.compile(r'"((?:[^"\\@]|\\[^@])*)"')
_ADDRESS = re.compile(r'[^\s<>()\[\]:;,"\\]+')
_ENCODED_WORD = "=?"


class Sender(Struct, frozen=True):
    """A display name, which may be empty, and an address."""

    name: str
    address: str


def parse_sender(text: str) -> Sender | None:
    """Return the sender in a text, or None if the text is not exactly one address with an optional display name.

    Lists, groups, comments, source routes, quoted local parts and encoded words (RFC 5322, RFC 2047) are not accepted:
    mail software reads them in different ways. A display name with ``@`` is not accepted either, because it looks like
    another address.
    """
    text = text.strip()
    if not text.isprintable() or _ENCODED_WORD in text:
        return None
    name, address = "", text
    if text.endswith(">"):
        written, opened, address = text[:-1].rpartition("<")
        found = _display_name(written.strip())
        if not opened or found is None:
            return None
        name = found
    if not _ADDRESS.fullmatch(address) or address.count("@") != 1 or normalise_email(address) is None:
        return None
    return Sender(name, address)


def _display_name(written: str) -> str | None:
    if quoted := _QUOTED_NAME.fullmatch(written):
        return re.sub(r"\\(.)", r"\1", quoted[1])
    return written if _PLAIN_NAME.fullmatch(written) else None
