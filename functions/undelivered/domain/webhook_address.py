"""Which URLs a webhook may have, and which addresses a message may go to.

An account chooses the URL, and our function makes the request. Without these rules an account could read or change
what only our functions reach: the metadata service, the loopback interface, private networks (server-side request
forgery). See https://cheatsheetseries.owasp.org/cheatsheets/Server_Side_Request_Forgery_Prevention_Cheat_Sheet.html.
"""

import re
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Final
from urllib.parse import SplitResult, urlsplit

from undelivered.domain.errors import InvalidInputError

HTTPS_PORT: Final = 443
MAX_URL_LENGTH: Final = 500

_FIELD: Final = "url"
_OTHER_PORT: Final = "must not have a port other than {port}"
_TOO_LONG: Final = "must have up to {number} ASCII characters without spaces"
_VISIBLE_ASCII: Final = re.compile(r"[\x21-\x7e]+")
_HOST_NAME: Final = re.compile(r"(?=.{1,253}$)([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]")
"""A name with a dot, whose last label starts with a letter. ``0x7f.1`` and ``2130706433`` are IPv4 addresses."""

_PRIVATE_NAMES: Final = (".localhost", ".local", ".internal", ".localdomain", ".home.arpa")

# An IPv6 address of these networks stands for an IPv4 address, which a gateway can translate it to: NAT64 (RFC 6052,
# RFC 8215), 6to4 (RFC 3056) and Teredo (RFC 4380). fec0::/10 was for private networks (RFC 3879).
_TRANSLATED: Final = tuple(
    IPv6Network(network)
    for network in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32", "::/96", "fec0::/10")
)


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Whether an address belongs to a host of the public internet."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return is_public(address.ipv4_mapped)
        if any(address in network for network in _TRANSLATED):
            return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def is_allowed(address: str, *, loopback: bool) -> bool:
    """Whether a message may go to an address. With ``loopback``, to the loopback interface too."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    return is_public(parsed) or (loopback and parsed.is_loopback)


def check_url(url: str, *, loopback: bool) -> str:
    """Return a URL that a webhook may have; raises InvalidInputError.

    With ``loopback``, which only the local stack uses, ``http`` and any port are allowed for the loopback interface.
    A host name is resolved and checked again at each connection, because its addresses can change.
    """
    parts = _split(url)
    host = parts.hostname or ""
    if loopback and parts.scheme in {"http", "https"} and host in {"localhost", "127.0.0.1", "::1"}:
        return url
    if parts.scheme != "https":
        raise InvalidInputError(_FIELD, "must start with https://")
    if parts.port not in {None, HTTPS_PORT}:
        raise InvalidInputError(_FIELD, _OTHER_PORT.format(port=HTTPS_PORT))
    if not _is_public_host(host):
        raise InvalidInputError(_FIELD, "must name a host on the public internet")
    return url


def _split(url: str) -> SplitResult:
    if not _VISIBLE_ASCII.fullmatch(url) or len(url) > MAX_URL_LENGTH:
        raise InvalidInputError(_FIELD, _TOO_LONG.format(number=MAX_URL_LENGTH))
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise InvalidInputError(_FIELD, "must be a URL") from None
    if "@" in parts.netloc or parts.fragment or "\\" in url:
        raise InvalidInputError(_FIELD, "must not have a user name, a password, a fragment or a backslash")
    return parts


def _is_public_host(host: str) -> bool:
    """Whether a host may be public: an address that is, or a name that is not known as private."""
    try:
        return is_public(ip_address(host))
    except ValueError:
        name = host.removesuffix(".").lower()
        return _HOST_NAME.fullmatch(name) is not None and not name.endswith(_PRIVATE_NAMES)
