"""Email addresses in the form that SES accepts.

The domain is in Punycode and the part before the ``@`` in 7-bit ASCII. A display name beyond ASCII is written as
encoded words (RFC 2047). Amazon SES API v2 Reference, *Destination*, and *SendEmail*, ``FromEmailAddress``.
"""

from email.utils import formataddr
from typing import Final

from undelivered.domain.sender import parse_sender

_WORD_LENGTH: Final = 75
"""The maximum length of an encoded word (RFC 2047 section 2). A longer name becomes several words."""


def address_as_sent(address: str) -> str | None:
    """Return an address without a display name as SES accepts it, or None if it has no such form."""
    local, at, domain = address.rpartition("@")
    if not at or not local.isascii():
        return None
    if domain.isascii():
        return address
    # Imported here, because few domains need it. The codec ``idna`` of the standard library is the standard of 2003,
    # which maps some names, such as ``straße.de``, to the domain of somebody else.
    import idna

    try:
        return f"{local}@{idna.encode(domain, uts46=True).decode()}"
    except idna.IDNAError:
        return None


def mailbox_as_sent(mailbox: str) -> str | None:
    """Return an address with or without a display name as SES accepts it, or None if it has no such form."""
    sender = parse_sender(mailbox)
    sent = address_as_sent(sender.address) if sender else None
    if sender is None or sent is None or not sender.name:
        return sent
    if sender.name.isascii():
        return formataddr((sender.name, sent))
    from email.header import Header

    return f"{' '.join(Header(sender.name, 'utf-8', maxlinelen=_WORD_LENGTH).encode().split())} <{sent}>"
