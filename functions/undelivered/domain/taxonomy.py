"""Why notifications fail: one vocabulary for email and text messages."""

from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from types import MappingProxyType

from msgspec import Struct


class Channel(StrEnum):
    """How a notification is sent."""

    EMAIL = "email"  #: by Amazon SES
    SMS = "sms"  #: a text message, by Amazon SNS


class Status(StrEnum):
    """How a notification failed, as the report shows it."""

    BOUNCED = "bounced"  #: the recipient's mail server or carrier rejected it
    INVALID = "invalid"  #: the address or number does not exist
    SPAMMED = "spammed"  #: it arrived, and the recipient marked it as spam
    DROPPED = "dropped"  #: not sent, because the address is suppressed
    FAILED = "failed"  #: not sent, and the fault is the sender's


class Kind(StrEnum):
    """Whether a bounce is permanent. Other statuses have no kind."""

    HARD = "hard"  #: permanent: later messages would bounce too
    SOFT = "soft"  #: temporary: a later message can arrive


class Fault(StrEnum):
    """Whose fault a failure is."""

    RECIPIENT = "recipient"  #: the address, the mailbox or the phone
    RECIPIENT_CHOICE = "recipient_choice"  #: the recipient does not want the message
    SENDER = "sender"  #: the content, the reputation or the settings of the sender; the address is valid
    UNKNOWN = "unknown"  #: the report does not say


class Reason(StrEnum):
    """Why a notification did not arrive."""

    ADDRESS_NOT_FOUND = "address_not_found"  #: the mailbox or the number does not exist
    DOMAIN_NOT_FOUND = "domain_not_found"  #: the domain does not exist or does not accept email
    ADDRESS_MALFORMED = "address_malformed"  #: the address or the number is not written correctly, or is missing
    NUMBER_INVALID = "number_invalid"  #: the phone number does not exist
    MAILBOX_DISABLED = "mailbox_disabled"  #: the mailbox or the number is no longer in use
    RECIPIENT_REFUSED = "recipient_refused"  #: the recipient's own rules reject the message
    MAILBOX_FULL = "mailbox_full"  #: the mailbox or the phone has no space left
    UNREACHABLE = "unreachable"  #: the phone is off or out of coverage
    SERVER_UNAVAILABLE = "server_unavailable"  #: the recipient's mail server or carrier is down or cannot be reached
    TIMED_OUT = "timed_out"  #: it could not be delivered in time
    UNDETERMINED = "undetermined"  #: the report gives no known reason
    MESSAGE_TOO_LARGE = "message_too_large"  #: the message exceeds the size limit of the recipient
    CONTENT_REJECTED = "content_rejected"  #: the content was treated as spam or as harmful
    SENDER_BLOCKED = "sender_blocked"  #: the sender's address, domain or server is blocked
    SENDER_AUTHENTICATION = "sender_authentication"  #: SPF, DKIM or DMARC did not pass
    RATE_LIMITED = "rate_limited"  #: too many messages were sent at once
    CARRIER_BLOCKED = "carrier_blocked"  #: the carrier's filter stopped the text message
    COMPLAINT = "complaint"  #: the recipient marked the message as spam
    SUPPRESSED_BOUNCE = "suppressed_bounce"  #: not sent: earlier messages bounced
    SUPPRESSED_MANUALLY = "suppressed_manually"  #: not sent: the account suppressed the address itself
    SUPPRESSED_COMPLAINT = "suppressed_complaint"  #: not sent: the recipient marked an earlier message as spam
    UNSUBSCRIBED = "unsubscribed"  #: not sent: the recipient unsubscribed
    OPTED_OUT = "opted_out"  #: not sent: the recipient replied STOP or blocks text messages
    REJECTED = "rejected"  #: the provider refused the message
    RENDERING_FAILED = "rendering_failed"  #: the template could not be filled in
    SPEND_LIMIT = "spend_limit"  #: the spending limit for text messages is reached
    PRICE_LIMIT = "price_limit"  #: the text message costs more than the price limit
    BODY_INVALID = "body_invalid"  #: the text cannot be sent
    ATTACHMENT_MISSING = "attachment_missing"  #: a file of the message is no longer stored
    SENDING_REFUSED = "sending_refused"  #: the provider does not let this account, sender or number send
    SENDER_NOT_ALLOWED = "sender_not_allowed"  #: the sender's identity is not assigned to the account
    SENDING_PAUSED = "sending_paused"  #: sending is paused by the provider or by settings
    SENDING_INTERRUPTED = (
        "sending_interrupted"  #: the outcome was not recorded: the message may or may not have been sent
    )


class Classification(Struct, frozen=True):
    """The classification of a failure. ``rule`` names the rule that decided, such as `text:mailbox_full/quota`."""

    status: Status
    kind: Kind | None
    fault: Fault
    reason: Reason
    rule: str = ""

    def without_rule(self) -> "Classification":
        """Return the classification as it is stored, so that it does not depend on the rule that decided."""
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
        (Status.DROPPED, None, Fault.RECIPIENT): (Reason.SUPPRESSED_BOUNCE, Reason.SUPPRESSED_MANUALLY),
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
            Reason.ATTACHMENT_MISSING,
            Reason.SENDING_REFUSED,
            Reason.SENDER_NOT_ALLOWED,
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
    """Return the classification for a reason. ``kind`` replaces the default kind of a bounce.

    The cache is small, because there are few classifications.
    """
    default = CLASSIFICATIONS[reason]
    if kind is None or default.kind is None:
        kind = default.kind
    return Classification(default.status, kind, default.fault, reason, rule)


def suppresses(classification: Classification) -> bool:
    """Whether a failure suppresses the address.

    A failure by the sender's fault never does, because the address is valid. A dropped message does not either,
    because the address is suppressed already.
    """
    if classification.fault is Fault.SENDER:
        return False
    return classification.status in {Status.INVALID, Status.SPAMMED} or classification.kind is Kind.HARD
