"""What a failed text message's outcome means: SNS provider answers and End User Messaging event types.

Sources: Amazon SNS Developer Guide, "Viewing CloudWatch metrics and logs for SMS deliveries" (the twelve documented
answers) and AWS End User Messaging SMS User Guide, "Event types for SMS, MMS and voice" and "Origination identities".
New answers may appear at any time; those are soft and undetermined.
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
_ORIGINATION: Final = r"originat\w+ (?:entit\w+|identit\w+|numbers?|ids?|phone)"
_ANSWERS: Final[tuple[tuple[str, Reason, tuple[str, ...]], ...]] = (
    ("opted_out", Reason.OPTED_OUT, (r"opt(?:ed|s|ing)? ?out\w*", r"unsubscribed?", r"stop list")),
    ("blocked_list", Reason.OPTED_OUT, (r"(?:block|black|deny|do not (?:contact|disturb))(?:ed)? ?list\w*",)),
    (
        "phone_blocks",
        Reason.OPTED_OUT,
        (r"(?:phone|handset|device|recipient|user) (?:has |is |have )*block\w* (?:sms|texts?|messages?)",),
    ),
    ("protect", Reason.REJECTED, (r"protect\w*",)),
    (
        "origination",
        Reason.REJECTED,
        (
            rf"(?:no|not|invalid|missing|without|unknown|inactive) .{{0,40}}{_ORIGINATION}",
            rf"{_ORIGINATION}.{{0,40}}(?:not|no|invalid|missing|inactive)",
            r"(?:not |in)valid (?:for|in) (?:the |this )?destination countr\w+",
            r"destination countr\w+ .{0,20}(?:not|blocked|disabled|unsupported)",
            r"sender ids? .{0,20}(?:not|invalid|missing|blocked|required)",
        ),
    ),
    # aws-sdk-js#3843: the account may not send yet, or only to numbers that are verified.
    ("account", Reason.REJECTED, (r"account .{0,20}review", r"sandbox\w*")),
    ("spam", Reason.CARRIER_BLOCKED, (r"spam\w*",)),
    (
        "carrier_blocked",
        Reason.CARRIER_BLOCKED,
        (r"carrier .{0,20}(?:block|filter)\w*", r"(?:block|filter)\w*.{0,30}carrier\w*"),
    ),
    ("max_price", Reason.PRICE_LIMIT, (r"prices?",)),
    ("quota", Reason.SPEND_LIMIT, (r"quotas?", r"spend\w*")),
    (
        "body",
        Reason.BODY_INVALID,
        (r"bod(?:y|ies)", r"invalid (?:message|content)", r"(?:message|content) .{0,20}invalid"),
    ),
    (
        "number",
        Reason.NUMBER_INVALID,
        (
            r"(?:invalid|not a valid|malformed|incorrect|unallocated|unassigned) .{0,12}(?:numbers?|destinations?)",
            r"numbers? .{0,12}(?:invalid|not valid|malformed|unallocated|unassigned)",
        ),
    ),
    ("expired", Reason.TIMED_OUT, (r"ttl", r"expir\w+", r"timed? ?out")),
    ("unknown", Reason.UNDETERMINED, (r"unknown",)),
    (
        "unreachable",
        Reason.UNREACHABLE,
        (r"(?:un ?|not )(?:reachable|available)", r"(?:switched|powered|turned) off"),
    ),
)
_COMPILED: Final = tuple((name, reason, re.compile(rf"\b(?:{'|'.join(words)})\b")) for name, reason, words in _ANSWERS)
_HYPHENS: Final = re.compile(r"[-_\u2010-\u2015]")  # opted-out is opted out
_READ: Final = 400  # characters of an answer that are read; the documented ones have at most 50


def classify_sms_response(text: str | None) -> Classification:
    """Return the classification of the `providerResponse` of a failed SNS text message; never raises."""
    words = " ".join(_HYPHENS.sub(" ", (text or "")[:_READ].lower()).split())
    for name, reason, wording in _COMPILED:
        if wording.search(words):
            return classification_of(reason, rule=f"sns_sms:{name}")
    return classification_of(Reason.UNDETERMINED, rule="undetermined")


def classify_sms_event(event_type: str, is_final: bool) -> Classification | None:  # noqa: FBT001 - the event's own field
    """Return the classification of an End User Messaging event; None when it is no failure, not final or not known."""
    reason = _MESSAGE_EVENTS.get(event_type)
    if reason is None or not is_final:
        return None
    return classification_of(reason, rule=f"eum_sms:{event_type}")
