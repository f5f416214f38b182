"""What can go wrong with a notification, in one vocabulary for e-mail and text messages."""

from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from types import MappingProxyType

from msgspec import Struct


class Channel(StrEnum):
    """How a notification travels."""

    EMAIL = "email"
    SMS = "sms"


class Status(StrEnum):
    """What became of a notification that did not arrive, as managers see it."""

    BOUNCED = "bounced"  #: rejected by the recipient's server or carrier
    INVALID = "invalid"  #: the address or number does not exist
    SPAMMED = "spammed"  #: arrived and was marked as spam
    DROPPED = "dropped"  #: not sent, the recipient is on a suppression list
    FAILED = "failed"  #: never left, and the fault is ours


class Kind(StrEnum):
    """Whether a bounce is for good; other statuses have no kind."""

    HARD = "hard"
    SOFT = "soft"


class Fault(StrEnum):
    """Whose doing a failure is."""

    RECIPIENT = "recipient"  #: the address, the mailbox, the handset
    RECIPIENT_CHOICE = "recipient_choice"  #: the person said no
    SENDER = "sender"  #: we, our content or our reputation; the address is good
    UNKNOWN = "unknown"


class Reason(StrEnum):
    """Why a notification did not arrive."""

    ADDRESS_NOT_FOUND = "address_not_found"
    DOMAIN_NOT_FOUND = "domain_not_found"
    ADDRESS_MALFORMED = "address_malformed"
    NUMBER_INVALID = "number_invalid"
    MAILBOX_DISABLED = "mailbox_disabled"
    RECIPIENT_REFUSED = "recipient_refused"
    MAILBOX_FULL = "mailbox_full"
    UNREACHABLE = "unreachable"
    SERVER_UNAVAILABLE = "server_unavailable"
    TIMED_OUT = "timed_out"
    UNDETERMINED = "undetermined"
    MESSAGE_TOO_LARGE = "message_too_large"
    CONTENT_REJECTED = "content_rejected"
    SENDER_BLOCKED = "sender_blocked"
    SENDER_AUTHENTICATION = "sender_authentication"
    RATE_LIMITED = "rate_limited"
    CARRIER_BLOCKED = "carrier_blocked"
    COMPLAINT = "complaint"
    SUPPRESSED_BOUNCE = "suppressed_bounce"
    SUPPRESSED_COMPLAINT = "suppressed_complaint"
    UNSUBSCRIBED = "unsubscribed"
    OPTED_OUT = "opted_out"
    REJECTED = "rejected"
    RENDERING_FAILED = "rendering_failed"
    SPEND_LIMIT = "spend_limit"
    PRICE_LIMIT = "price_limit"
    BODY_INVALID = "body_invalid"
    SENDING_PAUSED = "sending_paused"
    SENDING_INTERRUPTED = "sending_interrupted"  #: broken off in the act: it may have left or not


class Classification(Struct, frozen=True):
    """What one failure is. ``rule`` names what decided it, such as `text:mailbox_full/quota` or `rfc3463:5.2.2`."""

    status: Status
    kind: Kind | None
    fault: Fault
    reason: Reason
    rule: str = ""

    def without_rule(self) -> "Classification":
        """Return the classification as it is stored: equal for equal failures, whichever rule decided."""
        return classification_of(self.reason, self.kind)


def _classifications() -> Mapping[Reason, Classification]:
    rows: dict[tuple[Status, Kind | None, Fault], tuple[Reason, ...]] = {
        (Status.INVALID, None, Fault.RECIPIENT): (
            Reason.ADDRESS_NOT_FOUND,
            Reason.DOMAIN_NOT_FOUND,
            Reason.ADDRESS_MALFORMED,
            Reason.NUMBER_INVALID,
        ),
        (Status.BOUNCED, Kind.HARD, Fault.RECIPIENT): (Reason.MAILBOX_DISABLED, Reason.RECIPIENT_REFUSED),
        (Status.BOUNCED, Kind.SOFT, Fault.RECIPIENT): (Reason.MAILBOX_FULL,),
        (Status.BOUNCED, Kind.SOFT, Fault.UNKNOWN): (
            Reason.UNREACHABLE,
            Reason.SERVER_UNAVAILABLE,
            Reason.TIMED_OUT,
            Reason.UNDETERMINED,
        ),
        (Status.BOUNCED, Kind.SOFT, Fault.SENDER): (
            Reason.MESSAGE_TOO_LARGE,
            Reason.CONTENT_REJECTED,
            Reason.SENDER_BLOCKED,
            Reason.SENDER_AUTHENTICATION,
            Reason.RATE_LIMITED,
            Reason.CARRIER_BLOCKED,
        ),
        (Status.SPAMMED, None, Fault.RECIPIENT_CHOICE): (Reason.COMPLAINT,),
        (Status.DROPPED, None, Fault.RECIPIENT): (Reason.SUPPRESSED_BOUNCE,),
        (Status.DROPPED, None, Fault.RECIPIENT_CHOICE): (
            Reason.SUPPRESSED_COMPLAINT,
            Reason.UNSUBSCRIBED,
            Reason.OPTED_OUT,
        ),
        (Status.FAILED, None, Fault.SENDER): (
            Reason.REJECTED,
            Reason.RENDERING_FAILED,
            Reason.SPEND_LIMIT,
            Reason.PRICE_LIMIT,
            Reason.BODY_INVALID,
            Reason.SENDING_PAUSED,
            Reason.SENDING_INTERRUPTED,
        ),
    }
    return MappingProxyType(
        {
            reason: Classification(status, kind, fault, reason)
            for (status, kind, fault), reasons in rows.items()
            for reason in reasons
        }
    )


CLASSIFICATIONS: Mapping[Reason, Classification] = _classifications()
"""The usual classification of each reason; what a provider reports may make a bounce of another kind."""


@cache
def classification_of(reason: Reason, kind: Kind | None = None, rule: str = "") -> Classification:
    """Return the classification for a reason; ``kind`` overrides the usual one of a bounce.

    Few exist, so each is made once.
    """
    usual = CLASSIFICATIONS[reason]
    if kind is None or usual.kind is None:
        kind = usual.kind
    return Classification(usual.status, kind, usual.fault, reason, rule)


def suppresses(classification: Classification) -> bool:
    """Whether this one failure stops later messages to the address.

    Never when the fault is the sender's: the address is good. A dropped message needs no
    suppression of ours: the address is on a list already.
    """
    if classification.fault is Fault.SENDER:
        return False
    return classification.status in {Status.INVALID, Status.SPAMMED} or classification.kind is Kind.HARD
