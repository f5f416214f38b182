"""The attribute names of counters. They are short, because DynamoDB charges for a read by size.

Live items are counted under their ``live_code``, and once more under ``r`` if they are being resent, else under ``w``
and a letter for the work that they ask for. Failures are counted under the code of their class and two letters for the
reason, and resolved failures under ``h`` and their ``resolution_bucket``, or under ``u`` if customers resolved them.
"""

from collections import Counter
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from undelivered.adapters.dynamodb.client import Row
from undelivered.domain.failure_counts import CLASS_BY_LIVE_CODE, CLASSES, RESENDING, WORK_COUNTERS, Resolution
from undelivered.domain.incidents import Cause
from undelivered.domain.taxonomy import Channel, Reason
from undelivered.domain.work import Work

_WORK: Final = {Work.CORRECT: "wc", Work.RESEND: "wr", Work.OURS: "wo", Work.LEAVE: "wl"}

LIVE: Final[Mapping[str, str]] = MappingProxyType(
    {
        RESENDING: "r",
        **{counter: _WORK[work] for counter, work in WORK_COUNTERS.items()},
        **{code: code for code in CLASS_BY_LIVE_CODE},
    }
)
"""The name of each ``live_code``, of the items being resent, and of each kind of work."""

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
    Reason.SUPPRESSED_MANUALLY: "xm",
    Reason.UNSUBSCRIBED: "us",
    Reason.OPTED_OUT: "oo",
    Reason.REJECTED: "re",
    Reason.RENDERING_FAILED: "rf",
    Reason.SPEND_LIMIT: "sl",
    Reason.PRICE_LIMIT: "pl",
    Reason.BODY_INVALID: "bi",
    Reason.ATTACHMENT_MISSING: "ax",
    Reason.SENDING_PAUSED: "sp",
    Reason.SENDING_INTERRUPTED: "si",
    Reason.SENDING_REFUSED: "sr",
    Reason.SENDER_NOT_ALLOWED: "na",
}

_REASONS_BY_NAME: Final = {letters: reason for reason, letters in _REASONS.items()}
_CHANNELS_BY_NAME: Final = {channel.value[0]: channel for channel in Channel}

_RESOLVED: Final = "h"
_RESOLVED_BY_CUSTOMER: Final = "u"

_FAILED: Final[Mapping[str, str]] = MappingProxyType(
    {
        f"{failure_class.code}.{reason}": failure_class.code + letters
        for failure_class in CLASSES
        for reason, letters in _REASONS.items()
    }
)
"""The name of each ``<class code>.<reason>``."""

_FAILED_BY_NAME: Final = {name: failure for failure, name in _FAILED.items()}


def name_live(numbers: Mapping[str, int]) -> dict[str, int]:
    """Return numbers of live items by attribute name, without zeros."""
    return {LIVE[code]: number for code, number in numbers.items() if number}


def read_live(row: Row) -> Counter[str]:
    """Return the numbers of live items in a row, with the keys of ``LIVE``."""
    return Counter({code: int(row[name]["N"]) for code, name in LIVE.items() if name in row})


def name_failed(failures: Mapping[str, int], resolved: Mapping[Resolution, int]) -> dict[str, int]:
    """Return numbers of failures and of resolved failures by attribute name, without zeros."""
    named = {_FAILED[failure]: number for failure, number in failures.items() if number}
    return named | {
        f"{_RESOLVED_BY_CUSTOMER if by_customer else _RESOLVED}{bucket}": number
        for (bucket, by_customer), number in resolved.items()
        if number
    }


def read_failed(row: Row) -> tuple[Counter[str], Counter[Resolution]]:
    """Return the numbers of failures and of resolved failures in a row, with the keys of ``name_failed``."""
    failures, resolved = Counter[str](), Counter[Resolution]()
    for name, value in row.items():
        if name in _FAILED_BY_NAME:
            failures[_FAILED_BY_NAME[name]] = int(value["N"])
        elif name[0] in {_RESOLVED, _RESOLVED_BY_CUSTOMER} and name[1:].isdigit():
            resolved[Resolution(int(name[1:]), name[0] == _RESOLVED_BY_CUSTOMER)] = int(value["N"])
    return failures, resolved


def name_cause(cause: Cause) -> str:
    """Return the part of a row's key that names the cause of an incident."""
    return f"{cause.channel.value[0]}{_REASONS[cause.reason]}~{cause.receiver}"


def read_cause(name: str) -> Cause:
    """Return the cause that ``name_cause`` names."""
    code, _, receiver = name.partition("~")
    return Cause(_CHANNELS_BY_NAME[code[0]], _REASONS_BY_NAME[code[1:]], receiver)
