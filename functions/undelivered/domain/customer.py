"""A customer of an account, their contacts and their consents."""

from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from undelivered.domain.address import normalise_address
from undelivered.domain.taxonomy import Channel


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
    return normalise_address(channel, one) == normalise_address(channel, other)
