"""Feedback: what SES, SNS or a carrier reported about one recipient of one message."""

from datetime import datetime
from enum import IntEnum, StrEnum

from msgspec import Struct, field

from undelivered.domain.taxonomy import Channel, Classification


class Outcome(IntEnum):
    """What became of an attempt; the greater one outranks the lesser whatever came first."""

    PENDING = 0  #: nothing reported yet
    DELAYED = 1  #: still being tried
    AUTO_REPLY = 2  #: an automatic reply came, such as an out-of-office message: neither a failure nor a delivery
    UNCONFIRMED = 3  #: no event within the grace period; cleanup settled it as arrived
    DELIVERED = 4  #: accepted by the recipient's server or handset
    FAILED = 5  #: bounced, invalid, dropped or failed: it did not arrive after all
    COMPLAINED = 6  #: arrived and was marked as spam


class Handling(StrEnum):
    """What is to be done with a received event."""

    PROCESS = "process"  #: it says what became of a message
    IGNORE = "ignore"  #: valid, but of no consequence
    CONFIRM_SUBSCRIPTION = "confirm_subscription"  #: a topic asks to be confirmed
    QUARANTINE = "quarantine"  #: not understood; kept for a person


class Attribution(Struct, frozen=True):
    """Whose message an event speaks of, as far as the event itself tells.

    The tags are those this system or the host application put on the message. ``entry_key`` is
    set on resends and names the item that the attempt belongs to. ``correlation_id`` is the API request
    that the send goes back to, empty where it is not known.
    """

    account_id: str | None = None
    notification_id: str | None = None
    attempt: int = 1
    customer_id: str | None = None
    customer_name: str | None = None
    title: str | None = None
    entry_key: str | None = None
    tenant: str | None = None
    identity: str | None = None
    correlation_id: str = ""


class Feedback(Struct, frozen=True):
    """One report about one recipient of one message.

    ``recipient`` is normalised (see ``undelivered.domain.address``) and None where only the
    provider's message id can tell. ``sent_at`` is when the provider took the message, ``at`` when
    the reported thing happened. ``classification`` is set exactly for FAILED and COMPLAINED.
    ``rule`` names the rule that decided, ``source`` the form it was reported in.
    """

    channel: Channel
    provider_message_id: str
    recipient: str | None
    outcome: Outcome
    at: datetime
    sent_at: datetime
    classification: Classification | None = None
    diagnostic: str = ""
    rule: str = ""
    source: str = ""
    subject: str = ""
    attribution: Attribution = field(default_factory=Attribution)
