"""Accounts, their customers, and the notifications handed over for them."""

from datetime import datetime, timedelta
from typing import Final

from msgspec import Struct, field
from msgspec.structs import replace

from undelivered.domain.address import normalise_email, normalise_phone
from undelivered.domain.suppression import SoftFailureRule
from undelivered.domain.taxonomy import Channel


class DigestSettings(Struct, frozen=True):
    """Who gets the daily digest and when: days 0 (Monday) to 6, an hour of the account's day."""

    recipients: tuple[str, ...] = ()
    days: tuple[int, ...] = (0, 1, 2, 3, 4)
    hour: int = 8


class GraceSettings(Struct, frozen=True):
    """How many hours of silence after a resend are taken as its arrival; a failure reported later undoes that."""

    # SES tries for up to 14 hours (observed: "unable to deliver in 840 minutes").
    email_hours: int = 16
    # SMS receipts come up to 72 hours late (Amazon SNS Developer Guide, "Viewing Amazon CloudWatch
    # metrics and logs for SMS deliveries").
    sms_hours: int = 73

    def after(self, channel: Channel) -> timedelta:
        """Return the grace period of a channel."""
        return timedelta(hours=self.email_hours if channel is Channel.EMAIL else self.sms_hours)


class AccountSettings(Struct, frozen=True):
    """What an account may set. ``sender`` empty means the system's default sender."""

    account_id: str
    time_zone: str = "UTC"
    sender: str = ""
    history_days: int = 400
    content_days: int = 60
    soft_failures: SoftFailureRule = field(default_factory=SoftFailureRule)
    grace: GraceSettings = field(default_factory=GraceSettings)
    digest: DigestSettings = field(default_factory=DigestSettings)


class Consent(Struct, frozen=True):
    """A customer's recorded word that messages are wanted again."""

    given_by: str
    how: str
    at: datetime


class RecordedConsent(Struct, frozen=True):
    """A consent as it was recorded: for which contact, by whom and when."""

    channel: Channel
    contact: str
    consent: Consent
    by: str
    at: datetime


CONSENTS_KEPT = 20
"""How many of a customer's latest consents are kept."""


class Customer(Struct, frozen=True):
    """One customer of an account. Contacts are normalised; ``*_changed_at`` is when each last changed.

    ``consents`` are in the order they were recorded.
    """

    account_id: str
    customer_id: str
    name: str = ""
    email: str = ""
    phone: str = ""
    email_changed_at: datetime | None = None
    phone_changed_at: datetime | None = None
    consents: tuple[RecordedConsent, ...] = ()
    version: int = 0

    def contact(self, channel: Channel) -> str:
        """Return the contact for a channel, empty when there is none."""
        return self.email if channel is Channel.EMAIL else self.phone

    def has_consented(self, channel: Channel, since: datetime) -> bool:
        """Whether a consent for the present contact of a channel was recorded after a moment."""
        contact = self.contact(channel)
        return any((one.channel, one.contact) == (channel, contact) and one.at > since for one in self.consents)

    def with_consent(self, recorded: RecordedConsent) -> "Customer":
        """Return the customer with a consent recorded; the same word is recorded once."""
        told = recorded.channel, recorded.contact, recorded.consent
        if any((one.channel, one.contact, one.consent) == told for one in self.consents):
            return self
        return replace(self, consents=(*self.consents, recorded)[-CONSENTS_KEPT:])


def same_contact(channel: Channel, one: str, other: str) -> bool:
    """Whether two spellings reach the same mailbox or number."""
    normalise = normalise_email if channel is Channel.EMAIL else normalise_phone
    return (normalise(one) or one) == (normalise(other) or other)


class Notification(Struct, frozen=True):
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


ERASED: Final = "erased"
"""The outcome of a send to a customer who was erased."""

SEND_SETTLES_AFTER = timedelta(minutes=15)
"""How long a claimed send may go unrecorded before cleanup takes it as broken off."""


class SendAttempt(Struct, frozen=True):
    """One claimed send of a notification. Claiming is at most once; ``provider_message_id`` is empty until sent.

    ``entry_key`` names the item on resends and is empty on first sends. ``claimed_at`` is when the
    claim was made; ``outcome`` is ``claimed``, ``sent``, ``dropped``, ``failed``, ``broken_off``, or ``ERASED``: then
    nothing else is known of it but that the provider's message was one to somebody who was erased.
    ``correlation_id`` is the API request that asked for it, empty where none did.
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
    correlation_id: str = ""
