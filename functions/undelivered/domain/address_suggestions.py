"""Likely spellings: what somebody probably meant who mistyped an address's domain."""

from collections.abc import Iterable

_WELL_KNOWN = (
    "gmail.com", "googlemail.com", "outlook.com", "hotmail.com", "live.com", "msn.com",
    "yahoo.com", "ymail.com", "icloud.com", "me.com", "mac.com", "aol.com", "comcast.net", "verizon.net", "att.net",
    "sbcglobal.net", "cox.net", "bellsouth.net", "protonmail.com", "proton.me", "fastmail.com", "zoho.com", "mail.com",
    "gmx.de", "gmx.net", "gmx.com", "gmx.at", "gmx.ch", "web.de", "t-online.de", "freenet.de", "posteo.de",
    "mailbox.org",
    "hotmail.de", "outlook.de", "yahoo.de", "yahoo.co.uk", "hotmail.co.uk", "btinternet.com", "sky.com", "live.co.uk",
    "orange.fr", "wanadoo.fr", "free.fr", "laposte.net", "sfr.fr", "hotmail.fr", "yahoo.fr", "libero.it", "virgilio.it",
    "bluewin.ch", "telenet.be", "skynet.be", "ziggo.nl", "kpnmail.nl", "wp.pl", "o2.pl", "seznam.cz", "yandex.ru",
    "mail.ru",
    "rogers.com", "shaw.ca", "bigpond.com", "optusnet.com.au", "qq.com", "163.com", "rediffmail.com", "uol.com.br",
)  # fmt: skip
"""Mailbox providers that many people use. A domain that is listed is never taken for a misspelling of another."""

_MISTYPED_ENDINGS = {
    "con": "com", "cmo": "com", "ocm": "com", "vom": "com", "xom": "com", "comm": "com", "coom": "com", "cpm": "com",
    "nte": "net", "ent": "net", "nett": "net", "ogr": "org", "rog": "org", "orgg": "org",
}  # fmt: skip
"""Endings that are none: no such top-level domain is delegated."""

_LONG_NAME = 8
"""From this many characters on, two slips are still more likely than another domain."""


def suggest_address(address: str) -> str:
    """Return the address that was probably meant, or an empty text when nothing suggests another."""
    local, at, domain = address.strip().rpartition("@")
    if not at or not local:
        return ""
    meant = _likely_domain(domain.lower().strip(".").replace(",", ".").replace("..", "."))
    return f"{local}@{meant}" if meant and meant != domain.lower() else ""


def _likely_domain(domain: str) -> str:
    if domain in _WELL_KNOWN:
        return domain
    near = _nearest(domain, _WELL_KNOWN)
    if near:
        return near
    name, dot, ending = domain.rpartition(".")
    corrected = _MISTYPED_ENDINGS.get(ending)
    return f"{name}.{corrected}" if dot and corrected else ""


def _nearest(domain: str, known: Iterable[str]) -> str:
    """Return the one known domain that is a slip or two away; none when several are as near."""
    ranked = sorted((_distance(domain, candidate), candidate) for candidate in known)
    allowed = 2 if len(domain) >= _LONG_NAME else 1
    (nearest, candidate), (next_nearest, _) = ranked[:2]
    return candidate if 0 < nearest <= allowed and next_nearest > nearest else ""


def _distance(one: str, other: str) -> int:
    """Return how many slips lie between two words: a letter more, less, other, or two swapped.

    The optimal string alignment distance: Damerau, "A technique for computer detection and correction of
    spelling errors" (1964).
    """
    rows = [list(range(len(other) + 1))]
    for row, letter in enumerate(one, start=1):
        line = [row]
        for column, wanted in enumerate(other, start=1):
            cheapest = min(rows[-1][column] + 1, line[-1] + 1, rows[-1][column - 1] + (letter != wanted))
            swapped = row > 1 and column > 1 and letter == other[column - 2] and one[row - 2] == wanted
            line.append(min(cheapest, rows[-2][column - 2] + 1) if swapped else cheapest)
        rows.append(line)
    return rows[-1][-1]
