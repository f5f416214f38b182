"""Feedback: a report by SES, SNS or a carrier about one recipient of one message."""

from datetime import datetime
from enum import IntEnum, StrEnum

from msgspec import Struct, field

from undelivered.domain.taxonomy import Channel, Classification

OWN_SOURCE = "undelivered"
"""The source of our own feedback about a message that was not sent."""


class Outcome(IntEnum):
    """The outcome of an attempt. A greater value wins over a lesser one, in whichever order they are reported."""

    NOT_SENT = -1  #: the host application was asked to send it, but no event came in time; any event wins
    PENDING = 0  #: nothing reported yet
    DELAYED = 1  #: delayed; the provider is still trying
    AUTO_REPLY = 2  #: an automatic reply came, such as an out-of-office message: neither a failure nor a delivery
    UNCONFIRMED = 3  #: no event within the grace period; cleanup settled it as arrived
    DELIVERED = 4  #: accepted by the recipient's server or handset
    FAILED = 5  #: bounced, invalid, dropped or failed: it did not arrive after all
    COMPLAINED = 6  #: arrived and was marked as spam


class Handling(StrEnum):
    """What to do with a received event."""

    PROCESS = "process"  #: record it: it reports the outcome of a message
    IGNORE = "ignore"  #: valid, but it changes nothing
    CONFIRM_SUBSCRIPTION = "confirm_subscription"  #: a topic asks for confirmation of its subscription
    QUARANTINE = "quarantine"  #: it cannot be read; keep it for a person


class Attribution(Struct, frozen=True):
    """The message that an event is about, as stated by the message tags and by SES.

    ``entry_key`` is the item of a resend, and None on first sends. ``tenant`` and ``identity`` are the SES tenant and
    the sending identity. ``correlation_id`` is the id of the API request that led to the send, empty if unknown.
    ``content_held`` is whether Undelivered sent the message, so that it has the content.
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
    content_held: bool = False


class Feedback(Struct, frozen=True):
    """A report about one recipient of one message.

    ``recipient`` is in its normal form (see ``address``), or None if only the provider's message id identifies the
    recipient. ``written`` is the address or number as the event writes it, if that is not the normal form: for example
    a masked number, or an address with capital letters. ``sent_at`` is when
    the provider accepted the message, ``at`` when the reported event happened. ``classification`` is set for FAILED and
    COMPLAINED only. ``rule`` names the rule that decided the classification, ``source`` the kind of event.
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
    written: str = ""
    attribution: Attribution = field(default_factory=Attribution)
