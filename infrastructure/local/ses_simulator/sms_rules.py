"""What becomes of a text message in the receiving world: the delivery-status entry that SNS would log.

Pure. The form and the answers are those of the SNS Developer Guide, "Viewing Amazon CloudWatch metrics and
logs for SMS deliveries".
"""

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

_DELIVERED_AFTER = 0.6
_FAILED_AFTER = 0.9

# +1 <area code> 555 01xx: the numbers set aside for fiction in North America.
_FICTITIOUS = re.compile(r"\+1\d{3}55501(\d\d)")

_ANSWERS: tuple[tuple[range, str, str], ...] = (
    (range(10), "SUCCESS", "Message has been accepted by phone carrier"),
    (range(10, 20), "SUCCESS", "Message has been accepted by phone"),
    (range(20, 30), "FAILURE", "Phone is currently unreachable/unavailable"),
    (range(30, 40), "FAILURE", "Phone carrier is currently unreachable/unavailable"),
    (range(40, 50), "FAILURE", "Invalid phone number"),
    (range(50, 55), "FAILURE", "Phone number is opted out"),
    (range(55, 60), "FAILURE", "Phone has blocked SMS"),
    (range(60, 65), "FAILURE", "Blocked as spam by phone carrier"),
    (range(65, 70), "FAILURE", "Phone carrier has blocked this message"),
    (range(70, 75), "FAILURE", "No quota left for account"),
    (range(75, 80), "FAILURE", "This delivery would exceed max price"),
    (range(80, 85), "FAILURE", "Message body is invalid"),
    (range(85, 90), "FAILURE", "Unknown error attempting to reach phone"),
)
"""Answers by the last two digits; 90 to 99 are never reported on."""


@dataclass(frozen=True, slots=True)
class SentText:
    """A text message that SNS took, and when it was seen."""

    message_id: str
    number: str
    sent_at: datetime
    parts: int = 1


@dataclass(frozen=True, slots=True)
class StatusEntry:
    """A delivery-status entry, the seconds after which it is written, and whether it goes to the group of failures."""

    after: float
    failed: bool
    message: str


def report(text: SentText) -> StatusEntry | None:
    """Return what is logged about a text message, None when nothing ever is."""
    answer = _answer(text.number)
    if answer is None:
        return None
    status, response = answer
    failed = status == "FAILURE"
    delivery: dict[str, Any] = {
        "numberOfMessageParts": text.parts,
        "destination": text.number,
        "priceInUSD": 0.00645,
        "smsType": "Transactional",
        "providerResponse": response,
        "dwellTimeMs": 420,
    }
    if failed:
        delivery |= {"mnc": 0, "mcc": 0, "dwellTimeMsUntilDeviceAck": 692}
    else:
        delivery |= {"phoneCarrier": "Example Mobile", "mnc": 270, "mcc": 310, "dwellTimeMsUntilDeviceAck": 1344}
    entry = {
        "notification": {"messageId": text.message_id, "timestamp": _timestamp(text.sent_at)},
        "delivery": delivery,
        "status": status,
    }
    return StatusEntry(_FAILED_AFTER if failed else _DELIVERED_AFTER, failed, json.dumps(entry))


def _answer(number: str) -> tuple[str, str] | None:
    fictitious = _FICTITIOUS.fullmatch(number)
    digits = int(fictitious[1]) if fictitious else 0
    return next(((status, response) for numbers, status, response in _ANSWERS if digits in numbers), None)


def _timestamp(moment: datetime) -> str:
    # As SNS prints it: a space, no offset, milliseconds.
    utc = moment.astimezone(UTC)
    return utc.strftime("%Y-%m-%d %H:%M:%S.") + f"{utc.microsecond // 1000:03d}"


def log_group(region: str, account_id: str, *, failed: bool) -> str:
    """Return the log group in which SNS writes the delivery status of direct publishes."""
    return f"sns/{region}/{account_id}/DirectPublishToPhoneNumber" + ("/Failure" if failed else "")
