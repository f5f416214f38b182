"""How the counters' rows name what they count: in a letter or three, since who counts pays for each by the byte.

Live items have a letter for their class and fault, capital for text messages; what failed has the letter of its class
and two more for the reason.
"""

from collections import Counter
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from undelivered.domain.failure_counts import CLASS_BY_LIVE_CODE, CLASSES, RESENDING
from undelivered.domain.taxonomy import Channel, Reason

_LETTERS: Final = {
    "h": "h",
    "hs": "p",
    "hu": "q",
    "s": "s",
    "ss": "t",
    "su": "u",
    "i": "i",
    "c": "c",
    "d": "d",
    "f": "f",
}
"""The letter of each ``live_code`` without its channel."""

_REASONS: Final = {
    Reason.ADDRESS_NOT_FOUND: "an",
    Reason.DOMAIN_NOT_FOUND: "dn",
    Reason.ADDRESS_MALFORMED: "am",
    Reason.NUMBER_INVALID: "ni",
    Reason.MAILBOX_DISABLED: "md",
    Reason.RECIPIENT_REFUSED: "rr",
    Reason.MAILBOX_FULL: "mf",
    Reason.UNREACHABLE: "un",
    Reason.SERVER_UNAVAILABLE: "su",
    Reason.TIMED_OUT: "to",
    Reason.UNDETERMINED: "ud",
    Reason.MESSAGE_TOO_LARGE: "ml",
    Reason.CONTENT_REJECTED: "cr",
    Reason.SENDER_BLOCKED: "sb",
    Reason.SENDER_AUTHENTICATION: "sa",
    Reason.RATE_LIMITED: "rl",
    Reason.CARRIER_BLOCKED: "cb",
    Reason.COMPLAINT: "co",
    Reason.SUPPRESSED_BOUNCE: "xb",
    Reason.SUPPRESSED_COMPLAINT: "xc",
    Reason.UNSUBSCRIBED: "us",
    Reason.OPTED_OUT: "oo",
    Reason.REJECTED: "re",
    Reason.RENDERING_FAILED: "rf",
    Reason.SPEND_LIMIT: "sl",
    Reason.PRICE_LIMIT: "pl",
    Reason.BODY_INVALID: "bi",
    Reason.SENDING_PAUSED: "sp",
    Reason.SENDING_INTERRUPTED: "si",
}

_RESOLVED: Final = "h"
"""What was resolved is named by this and the digits of its bucket."""


def _letter(live_code: str) -> str:
    letter = _LETTERS[live_code[1:]]
    return letter.upper() if live_code[0] == Channel.SMS.value[0] else letter


LIVE: Final[Mapping[str, str]] = MappingProxyType(
    {RESENDING: "r", **{code: _letter(code) for code in CLASS_BY_LIVE_CODE}}
)
"""The name of what is live by its ``live_code``, and of what is being resent."""

LIVE_BY_NAME: Final[Mapping[str, str]] = MappingProxyType({name: code for code, name in LIVE.items()})

FAILED: Final[Mapping[str, str]] = MappingProxyType(
    {f"{each.code}.{reason}": _letter(each.code) + short for each in CLASSES for reason, short in _REASONS.items()}
)
"""The name of what failed, by ``<class code>.<reason>``."""

_FAILED_BY_NAME: Final = {name: told for told, name in FAILED.items()}


def live(numbers: Mapping[str, int]) -> dict[str, int]:
    """Return numbers of live items by the rows' names, without those that are zero."""
    return {LIVE[code]: number for code, number in numbers.items() if number}


def failed(failures: Mapping[str, int], resolved: Mapping[int, int]) -> dict[str, int]:
    """Return numbers of what failed, and of what of it was resolved, by the rows' names."""
    named = {FAILED[told]: number for told, number in failures.items() if number}
    return named | {f"{_RESOLVED}{bucket}": number for bucket, number in resolved.items() if number}


def of_failed(row: Mapping[str, Mapping[str, str]]) -> tuple[Counter[str], Counter[int]]:
    """Return what a row tells of what failed and of what of it was resolved, as ``failed`` takes it."""
    failures, resolved = Counter[str](), Counter[int]()
    for name, value in row.items():
        if name in _FAILED_BY_NAME:
            failures[_FAILED_BY_NAME[name]] = int(value["N"])
        elif name[0] == _RESOLVED and name[1:].isdigit():
            resolved[int(name[1:])] = int(value["N"])
    return failures, resolved
