"""What a failed text message's outcome means: SNS provider answers and End User Messaging event types.

Sources: Amazon SNS Developer Guide, "Viewing CloudWatch metrics and logs for SMS deliveries" (the twelve documented
answers) and AWS End User Messaging SMS User Guide, "Event types for SMS, MMS and voice". New answers may appear at
any time; those are soft and undetermined.
"""

import re
from collections.abc import Mapping
from typing import Final

from undelivered.domain.taxonomy import Classification, Reason, classification_of

_MESSAGE_EVENTS: Final[Mapping[str, Reason]] = {
    "TEXT_BLOCKED": Reason.OPTED_OUT,  # the device or the carrier blocks messages to this person
    "TEXT_CARRIER_BLOCKED": Reason.CARRIER_BLOCKED,
    "TEXT_CARRIER_UNREACHABLE": Reason.UNREACHABLE,
    "TEXT_INVALID": Reason.NUMBER_INVALID,
    "TEXT_INVALID_MESSAGE": Reason.BODY_INVALID,
    "TEXT_PROTECT_BLOCKED": Reason.REJECTED,  # our own protect configuration: it never left
    "TEXT_SPAM": Reason.CARRIER_BLOCKED,
    "TEXT_TTL_EXPIRED": Reason.TIMED_OUT,
    "TEXT_UNKNOWN": Reason.UNDETERMINED,
    "TEXT_UNREACHABLE": Reason.UNREACHABLE,
}

# Wordings drift ("phone is currently unreachable/unavailable.  " has been seen), so words decide, not whole texts;
# the first that matches wins.
_ANSWERS: Final[tuple[tuple[str, Reason, str], ...]] = (
    ("opted_out", Reason.OPTED_OUT, r"opted? ?out"),
    ("blocked_list", Reason.OPTED_OUT, r"(?:blocked|block|black) ?list"),
    ("phone_blocks", Reason.OPTED_OUT, r"phone (?:has )?block\w* sms"),
    ("protect", Reason.REJECTED, r"protect\w*"),
    ("spam", Reason.CARRIER_BLOCKED, r"spam"),
    ("carrier_blocked", Reason.CARRIER_BLOCKED, r"carrier .{0,20}block\w*|block\w*.{0,30}carrier"),
    ("max_price", Reason.PRICE_LIMIT, r"max(?:imum)? price|price"),
    ("quota", Reason.SPEND_LIMIT, r"quota|spend(?:ing)?"),
    ("body", Reason.BODY_INVALID, r"body|invalid message|message .{0,20}invalid"),
    (
        "number",
        Reason.NUMBER_INVALID,
        r"(?:invalid|not a valid|malformed) .{0,12}(?:number|destination)|number .{0,12}invalid",
    ),
    ("expired", Reason.TIMED_OUT, r"ttl|expired"),
    ("unknown", Reason.UNDETERMINED, r"unknown"),
    ("unreachable", Reason.UNREACHABLE, r"unreachable|unavailable"),
)
_COMPILED: Final = tuple((name, reason, re.compile(rf"\b(?:{words})\b")) for name, reason, words in _ANSWERS)
_READ: Final = 400  # characters of an answer that are read; the documented ones have at most 50


def classify_sms_response(text: str | None) -> Classification:
    """Return the judgement on the `providerResponse` of a failed SNS text message; never raises."""
    words = " ".join((text or "")[:_READ].lower().split())
    for name, reason, wording in _COMPILED:
        if wording.search(words):
            return classification_of(reason, rule=f"sns_sms:{name}")
    return classification_of(Reason.UNDETERMINED, rule="undetermined")


def classify_sms_event(event_type: str, is_final: bool) -> Classification | None:  # noqa: FBT001 - the event's own field
    """Return the judgement on an End User Messaging event; None when it is no failure, not final or not known."""
    reason = _MESSAGE_EVENTS.get(event_type)
    if reason is None or not is_final:
        return None
    return classification_of(reason, rule=f"eum_sms:{event_type}")
