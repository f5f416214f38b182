"""Accounts, their customers, and the notifications handed over for them."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from undelivered.domain.address import normalise_email, normalise_phone
from undelivered.domain.suppression import SoftFailureRule
from undelivered.domain.taxonomy import Channel


@dataclass(frozen=True, slots=True)
class DigestSettings:
    """Who gets the daily digest and when: days 0 (Monday) to 6, an hour of the account's day."""

    recipients: tuple[str, ...] = ()
    days: tuple[int, ...] = (0, 1, 2, 3, 4)
    hour: int = 8


@dataclass(frozen=True, slots=True)
class AccountSettings:
    """What an account may set. ``sender`` empty means the system's default sender."""

    account_id: str
    time_zone: str = "UTC"
    sender: str = ""
    history_days: int = 400
    content_days: int = 60
    soft_failures: SoftFailureRule = field(default_factory=SoftFailureRule)
    digest: DigestSettings = field(default_factory=DigestSettings)


@dataclass(frozen=True, slots=True)
class Consent:
    """A customer's recorded word that messages are wanted again."""

    given_by: str
    how: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Customer:
    """One customer of an account. Contacts are normalised; ``*_changed_at`` is when each last changed."""

    account_id: str
    customer_id: str
    name: str = ""
    email: str = ""
    phone: str = ""
    email_changed_at: datetime | None = None
    phone_changed_at: datetime | None = None
    version: int = 0

    def contact(self, channel: Channel) -> str:
        """Return the contact for a channel, empty when there is none."""
        return self.email if channel is Channel.EMAIL else self.phone


def same_contact(channel: Channel, one: str, other: str) -> bool:
    """Whether two spellings reach the same mailbox or number."""
    normalise = normalise_email if channel is Channel.EMAIL else normalise_phone
    return (normalise(one) or one) == (normalise(other) or other)


@dataclass(frozen=True, slots=True)
class Notification:
    """A message the host application handed over, with its content for as long as it is held.

    ``to`` overrides the customer's contact for the first send. ``essential`` marks legal or billing
    notices that go to unsubscribed customers too.
    """

    account_id: str
    notification_id: str
    customer_id: str
    channel: Channel
    title: str
    text: str
    created_at: datetime
    subject: str = ""
    html: str = ""
    to: str = ""
    essential: bool = False
    metadata: tuple[tuple[str, str], ...] = ()


SEND_SETTLES_AFTER = timedelta(minutes=15)
"""How long a claimed send may go unrecorded before cleanup takes it as broken off."""


@dataclass(frozen=True, slots=True)
class SendAttempt:
    """One claimed send of a notification. Claiming is at most once; ``provider_message_id`` is empty until sent.

    ``entry_key`` names the item on resends and is empty on first sends. ``claimed_at`` is when the
    claim was made; ``outcome`` is ``claimed``, ``sent``, ``dropped``, ``failed`` or ``broken_off``.
    """

    account_id: str
    notification_id: str
    number: int
    to: str
    claimed_at: datetime
    by: str = "host"
    entry_key: str = ""
    provider_message_id: str = ""
    outcome: str = "claimed"
