"""Email addresses and phone numbers in the form in which they are stored and compared."""

import re
import unicodedata
from email.utils import parseaddr

from undelivered.domain.taxonomy import Channel

ADDRESS_LENGTH = 320
"""The maximum length of an email address: 64 and 255 characters around the ``@`` (RFC 5321 section 4.5.3.1)."""

_LONGEST_TEXT = 2_000  # an address with its display name
_PLAIN = re.compile(r"[a-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[a-z0-9](?:[a-z0-9.-]{0,253}[a-z0-9])?")
_LOCAL = re.compile(r'[^\s@,;:<>()"\\]+')
_DOMAIN = re.compile(r'[^\s@,;<>()"\\/?#]+')
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_FULL_STOPS = str.maketrans("\u3002\uff0e\uff61", "...")  # IDNA treats these as dots (RFC 3490 section 3.1)
_PHONE = re.compile(r"\+[1-9][0-9]{6,14}")
# White space, common separators, and invisible characters that address books add to a copied number.
_IN_PHONES = re.compile(r"[\s()./\-\u00ad\u2010-\u2015\u200b-\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]")


def bare_email(text: str) -> str | None:
    """Return the address in a text as it is written, without display name or comment; None if there is no address.

    Consecutive dots are accepted, because mailboxes at Japanese carriers have them. Quotes around a local part that
    does not need them are removed, because they change nothing (RFC 5321 section 4.1.2).
    """
    if len(text) > _LONGEST_TEXT:
        return None
    bare = text.strip()
    if bare[:7].lower() == "rfc822;":  # the address type of a delivery report (RFC 3464 section 2.3.2)
        bare = bare[7:].strip()
    if any(mark in bare for mark in '<"('):
        bare = parseaddr(bare)[1] or bare
    bare = bare.strip("<> \t\r\n")
    local, at, domain = bare.rpartition("@")
    if not at or len(bare) > ADDRESS_LENGTH or not bare.isprintable() or not _DOMAIN.fullmatch(domain):
        return None
    quoted = _QUOTED.fullmatch(local)
    if quoted:
        content = re.sub(r"\\(.)", r"\1", quoted[1])
        return f"{content}@{domain}" if _LOCAL.fullmatch(content) else bare
    return bare if _LOCAL.fullmatch(local) else None


def normalise_email(text: str) -> str | None:
    """Return the email address in a text in its normal form; None if there is no address.

    The domain is in lower case and in Unicode, so that both forms of an internationalised domain are equal
    (RFC 5890). The local part is in NFC (RFC 6532 section 3.1) and in lower case: RFC 5321 section 2.4 allows
    case-sensitive mailboxes, but mail systems in use ignore case.
    """
    plain = text.lower()
    if _PLAIN.fullmatch(plain) and "xn--" not in plain and text.isascii():
        return plain
    bare = bare_email(text)
    if bare is None:
        return None
    local, _, domain = bare.rpartition("@")
    domain = _unicode_domain(domain)
    return f"{_lower(local)}@{domain}" if domain else None


def _unicode_domain(domain: str) -> str:
    dotted = _lower(domain.translate(_FULL_STOPS)).strip(".")
    return ".".join(_unicode_label(label) for label in dotted.split("."))


def _unicode_label(label: str) -> str:
    """Return a domain label in Unicode; a label that is not a valid A-label stays as it is."""
    if not label.startswith("xn--"):
        return label
    try:
        decoded = label[4:].encode("ascii").decode("punycode")
        proper = decoded.encode("punycode").decode("ascii") == label[4:]
    except (UnicodeError, OverflowError):
        return label
    is_valid = proper and not decoded.isascii() and _lower(decoded) == decoded and decoded.isprintable()
    return decoded if is_valid and not re.search(r"[\s.@\u3002\uff0e\uff61]", decoded) else label


def _lower(text: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).lower())


def normalise_phone(text: str) -> str | None:
    """Return the phone number in a text in E.164 form, ``+`` and up to fifteen digits; None if there is no number."""
    bare = _IN_PHONES.sub("", text[:_LONGEST_TEXT])
    return bare if _PHONE.fullmatch(bare) else None


def normalise_address(channel: Channel, text: str) -> str:
    """Return the normal form of a channel's address; a text without an address stays as it is."""
    return _normal_form(channel, text) or text


def is_address(channel: Channel, text: str) -> bool:
    """Whether a text is an address of a channel, in any form."""
    return _normal_form(channel, text) is not None


def _normal_form(channel: Channel, text: str) -> str | None:
    return normalise_email(text) if channel is Channel.EMAIL else normalise_phone(text)
