"""Customers of an account, their contacts and their consents."""

import re
from datetime import date, datetime

from msgspec import Struct
from msgspec.structs import replace

from undelivered.domain.address import normalise_address
from undelivered.domain.item import Audit
from undelivered.domain.taxonomy import Channel


class Consent(Struct, frozen=True):
    """A customer's consent to receive messages again: who gave it, how (for example by phone), and when."""

    given_by: str
    how: str
    at: datetime


class RecordedConsent(Struct, frozen=True):
    """A consent as a manager recorded it. ``by`` and ``at`` are the manager and the time of the record."""

    channel: Channel
    contact: str
    consent: Consent
    by: str
    at: datetime


class FollowUp(Struct, frozen=True):
    """What people arranged about a customer: a note, who looks after the customer, and when to look again.

    ``note`` and ``owner`` are empty, and ``look_again_on`` is None, if there is none. The day is in the account's time
    zone.
    """

    note: str = ""
    owner: str = ""
    look_again_on: date | None = None

    @property
    def summary(self) -> str:
        """The follow-up as the audit trail has it."""
        day = self.look_again_on.isoformat() if self.look_again_on else ""
        return " · ".join(part for part in (self.note, self.owner, day) if part)


NO_FOLLOW_UP = FollowUp()

FOLLOW_UPS_KEPT = 20
"""How many changes of a customer's follow-up the audit trail keeps: the latest."""

CONSENTS_KEPT = 20
"""How many consents of a customer are kept: the latest."""


class Customer(Struct, frozen=True):
    """A customer of an account. Contacts are in their normal form, empty if there is none.

    ``email_changed_at`` and ``phone_changed_at`` are when the contact last changed, ``email_changed_by`` and
    ``phone_changed_by`` who changed it, empty if unknown. ``consents`` are in the order in which they were recorded.
    ``follow_up_audit`` has the changes of ``follow_up``, oldest first. ``version`` counts the writes.
    """

    account_id: str
    customer_id: str
    name: str = ""
    email: str = ""
    phone: str = ""
    email_changed_at: datetime | None = None
    phone_changed_at: datetime | None = None
    email_changed_by: str = ""
    phone_changed_by: str = ""
    consents: tuple[RecordedConsent, ...] = ()
    follow_up: FollowUp = NO_FOLLOW_UP
    follow_up_audit: tuple[Audit, ...] = ()
    version: int = 0

    def contact(self, channel: Channel) -> str:
        """Return the contact for a channel, empty if there is none."""
        return self.email if channel is Channel.EMAIL else self.phone

    def contact_changed_at(self, channel: Channel) -> datetime | None:
        """Return when the contact for a channel last changed, or None if it never did."""
        return self.email_changed_at if channel is Channel.EMAIL else self.phone_changed_at

    def contact_changed_by(self, channel: Channel) -> str:
        """Return who last changed the contact for a channel, empty if unknown."""
        return self.email_changed_by if channel is Channel.EMAIL else self.phone_changed_by

    def with_contact(self, channel: Channel, contact: str, at: datetime, by: str) -> "Customer":
        """Return the customer with a contact that was changed by somebody at a time, or the same if it is the same."""
        if contact == self.contact(channel):
            return self
        if channel is Channel.EMAIL:
            return replace(self, email=contact, email_changed_at=at, email_changed_by=by)
        return replace(self, phone=contact, phone_changed_at=at, phone_changed_by=by)

    def with_follow_up(self, follow_up: FollowUp, at: datetime, by: str) -> "Customer":
        """Return the customer with a follow-up that somebody set at a time, or the same if it is the same."""
        if follow_up == self.follow_up:
            return self
        entry = Audit(at, by, "follow_up", follow_up.summary)
        audit = (*self.follow_up_audit, entry)[-FOLLOW_UPS_KEPT:]
        return replace(self, follow_up=follow_up, follow_up_audit=audit)

    def has_consented(self, channel: Channel, since: datetime) -> bool:
        """Whether a consent for the current contact of a channel was recorded after a time."""
        contact = self.contact(channel)
        return any(
            (recorded.channel, recorded.contact) == (channel, contact) and recorded.at > since
            for recorded in self.consents
        )

    def with_consent(self, recorded: RecordedConsent) -> "Customer":
        """Return the customer with a consent added; the same consent is added only once."""
        identity = recorded.channel, recorded.contact, recorded.consent
        if any((known.channel, known.contact, known.consent) == identity for known in self.consents):
            return self
        return replace(self, consents=(*self.consents, recorded)[-CONSENTS_KEPT:])


class CustomerSearch(Struct, frozen=True):
    """A search for customers by a part of their name, ID, email address or phone number, without regard to case.

    ``number`` is the part as it is in a stored phone number, or empty if it cannot be in one.
    """

    part: str
    number: str

    def matches(self, customer_id: str, name: str, email: str, phone: str) -> bool:
        """Whether a customer has the part."""
        if self.number and self.number in phone:
            return True
        return any(self.part in text.casefold() for text in (name, customer_id, email))


_NUMBER_PART = re.compile(r"[+0-9 ()./-]+")


def customer_search(text: str) -> CustomerSearch:
    """Return the search for a text. The zero with which a number begins in its own country is left out."""
    number = "".join(character for character in text if character in "+0123456789")
    if not _NUMBER_PART.fullmatch(text.strip()) or not number.strip("+"):
        number = ""
    return CustomerSearch(text.strip().casefold(), number.lstrip("0"))


def same_contact(channel: Channel, first: str, second: str) -> bool:
    """Whether two addresses of a channel are the same in their normal form."""
    return normalise_address(channel, first) == normalise_address(channel, second)
