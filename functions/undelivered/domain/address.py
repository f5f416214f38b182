"""Addresses as they are compared: one spelling for each mailbox and number."""

import re
import unicodedata
from email.utils import parseaddr

_PHONE = re.compile(r"\+[1-9][0-9]{6,14}")


def normalise_email(text: str) -> str | None:
    """Return the bare address to compare by, or None when the text holds no address.

    A display name is removed; the domain is lower-cased and put in its Unicode form, so that both
    spellings of an internationalised domain are one (RFC 5890); the local part is put in NFC
    (RFC 6532 section 3.1) and lower-cased: RFC 5321 section 2.4 lets a host tell case apart, yet none
    in use does, and the same person must not be two.
    """
    bare = text.strip()
    if "<" in bare or '"' in bare:
        bare = parseaddr(bare)[1] or bare
    bare = bare.strip("<> \t\r\n")
    local, at, domain = bare.rpartition("@")
    if not at or not local or not domain or re.search(r"\s", domain):
        return None
    return f"{unicodedata.normalize('NFC', local).lower()}@{_unicode_domain(domain)}"


def _unicode_domain(domain: str) -> str:
    labels = []
    for label in unicodedata.normalize("NFC", domain.rstrip(".")).lower().split("."):
        if label.startswith("xn--"):
            try:
                labels.append(label[4:].encode("ascii").decode("punycode"))
                continue
            except UnicodeError:
                pass
        labels.append(label)
    return ".".join(labels)


def normalise_phone(text: str) -> str | None:
    """Return a number in E.164 form (ITU-T E.164: ``+`` and up to fifteen digits), or None."""
    bare = re.sub(r"[\s().-]", "", text)
    return bare if _PHONE.fullmatch(bare) else None
