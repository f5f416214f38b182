"""The delivery-status log entry that SNS would write for a text message, depending on its phone number.

Pure. The format and the provider responses come from the SNS Developer Guide, "Viewing Amazon CloudWatch metrics and
logs for SMS deliveries".
"""

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

_DELIVERED_AFTER = 0.6
_FAILED_AFTER = 0.9

# +1 <area code> 555 01xx: the numbers reserved for fictional use in North America.
_FICTITIOUS = re.compile(r"\+1\d{3}55501(\d\d)")

_AWS_SIMULATOR = {
    "+14254147755": ("SUCCESS", "Message has been accepted by phone"),
    "+14254147167": ("FAILURE", "Unknown error attempting to reach phone"),
}
"""AWS's simulator numbers in the US (AWS End User Messaging SMS User Guide, "Simulator phone numbers"). AWS documents
that they succeed and fail, but not the provider response."""

_RESPONSES: tuple[tuple[range, str, str], ...] = (
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
"""Status and provider response by the last two digits. There is no log entry for 90 to 99."""


@dataclass(frozen=True, slots=True)
class SentSms:
    """A text message that SNS accepted, and when the simulator saw it."""

    message_id: str
    number: str
    sent_at: datetime
    parts: int = 1


@dataclass(frozen=True, slots=True)
class DeliveryStatusEntry:
    """A delivery-status log entry.

    ``after`` is the delay in seconds. ``failed`` entries go to the log group for failures.
    """

    after: float
    failed: bool
    message: str


def delivery_status_entry(text: SentSms) -> DeliveryStatusEntry | None:
    """Return the log entry of a text message, or None if SNS would never write one."""
    outcome = _outcome(text.number)
    if outcome is None:
        return None
    status, response = outcome
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
    return DeliveryStatusEntry(_FAILED_AFTER if failed else _DELIVERED_AFTER, failed, json.dumps(entry))


def _outcome(number: str) -> tuple[str, str] | None:
    if number in _AWS_SIMULATOR:
        return _AWS_SIMULATOR[number]
    fictitious = _FICTITIOUS.fullmatch(number)
    digits = int(fictitious[1]) if fictitious else 0
    return next(((status, response) for numbers, status, response in _RESPONSES if digits in numbers), None)


def _timestamp(moment: datetime) -> str:
    # SNS's format: a space, no UTC offset, milliseconds.
    utc = moment.astimezone(UTC)
    return utc.strftime("%Y-%m-%d %H:%M:%S.") + f"{utc.microsecond // 1000:03d}"


def log_group(region: str, account_id: str, *, failed: bool) -> str:
    """Return the log group for the delivery status of texts that are published to phone numbers."""
    return f"sns/{region}/{account_id}/DirectPublishToPhoneNumber" + ("/Failure" if failed else "")
