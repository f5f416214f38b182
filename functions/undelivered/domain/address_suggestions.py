"""Suggestions for email addresses with a typo in the domain."""

from collections import Counter
from functools import lru_cache

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
"""Domains of widely used mailbox providers. A listed domain is never a typo of another."""

_LETTERS = {domain: Counter(domain) for domain in _WELL_KNOWN}

_MISTYPED_ENDINGS = {
    "con": "com", "cmo": "com", "ocm": "com", "vom": "com", "xom": "com", "comm": "com", "coom": "com", "cpm": "com",
    "nte": "net", "ent": "net", "nett": "net", "ogr": "org", "rog": "org", "orgg": "org",
}  # fmt: skip
"""Typos of top-level domains. The typos themselves are not top-level domains."""

_LONG_NAME = 8
"""A domain of at least this length may have two typos; in a shorter one, two would match too many domains."""


def suggest_address(address: str) -> str:
    """Return the address that was probably meant; empty if there is no suggestion."""
    local, at, domain = address.strip().rpartition("@")
    if not at or not local:
        return ""
    suggested = _likely_domain(domain.lower().strip(".").replace(",", ".").replace("..", "."))
    return f"{local}@{suggested}" if suggested and suggested != domain.lower() else ""


@lru_cache(maxsize=1_000)  # the addresses of a list have few domains
def _likely_domain(domain: str) -> str:
    if domain in _WELL_KNOWN:
        return domain
    nearest = _nearest(domain)
    if nearest:
        return nearest
    name, dot, ending = domain.rpartition(".")
    corrected = _MISTYPED_ENDINGS.get(ending)
    return f"{name}.{corrected}" if dot and corrected else ""


def _nearest(domain: str) -> str:
    """Return the known domain that is one or two typos away; empty if several are equally near."""
    allowed = 2 if len(domain) >= _LONG_NAME else 1
    letters = Counter(domain)
    by_distance: dict[int, list[str]] = {}
    for candidate, other in _LETTERS.items():
        # A typo changes the length and the letters by one at most. This is much quicker to see than the distance.
        if abs(len(candidate) - len(domain)) <= allowed and (letters - other).total() <= allowed:
            by_distance.setdefault(_distance(domain, candidate), []).append(candidate)
    nearest = min(by_distance, default=allowed + 1)
    return by_distance[nearest][0] if nearest <= allowed and len(by_distance[nearest]) == 1 else ""


def _distance(first: str, second: str) -> int:
    """Return the number of typos between two words: letters inserted, deleted, replaced, or swapped with the next.

    This is the optimal string alignment distance: Damerau, "A technique for computer detection and correction of
    spelling errors" (1964).
    """
    rows = [list(range(len(second) + 1))]
    for row, letter in enumerate(first, start=1):
        distances = [row]
        for column, expected in enumerate(second, start=1):
            least = min(rows[-1][column] + 1, distances[-1] + 1, rows[-1][column - 1] + (letter != expected))
            swapped = row > 1 and column > 1 and letter == second[column - 2] and first[row - 2] == expected
            distances.append(min(least, rows[-2][column - 2] + 1) if swapped else least)
        rows.append(distances)
    return rows[-1][-1]
