"""Requests to customers to correct a contact themselves, and what became of them."""

from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from msgspec import Struct

from undelivered.domain.account_settings import ContactRequestSettings
from undelivered.domain.contact_link import RequestKey
from undelivered.domain.customer import Customer
from undelivered.domain.identifiers import recipient_digest
from undelivered.domain.item import UndeliveredItem
from undelivered.domain.language import Language, Texts
from undelivered.domain.resend_policy import ResendRequirement, fails_permanently, resend_requirement
from undelivered.domain.taxonomy import Channel

LINK_LIFETIME: Final = timedelta(days=7)
"""How long a customer can use a link."""

CODE_LIFETIME: Final = timedelta(minutes=10)
"""How long a customer can enter a code."""

MAX_TRIES: Final = 5
"""How often a customer can try to enter a code."""

MAX_CODES: Final = 5
"""How many codes are sent for a link."""

RECORD_LIFETIME: Final = timedelta(days=90)
"""How long a request is kept. It is longer than a month, because the requests of a month are counted."""


REQUEST_PREFIX: Final = "undelivered-contact-"
"""The prefix of the ids of the messages that ask."""


class ContactRequestState(StrEnum):
    """What became of a request."""

    OPEN = "open"  #: the customer can use the link
    CORRECTED = "corrected"  #: the customer entered a new contact and proved it
    NOT_THE_CUSTOMER = "not_the_customer"  #: whoever got the link is not the customer
    NOT_NEEDED = "not_needed"  #: somebody else has changed the contact since
    EXPIRED = "expired"  #: the link was not used in time
    UNDONE = "undone"  #: the customer corrected the contact, and a manager has undone it


class SentCode(Struct, frozen=True):
    """A code that was sent to a new contact to prove it. ``nonce`` and the signing secret make it (``code_of``)."""

    contact: str
    nonce: str
    sent_at: datetime
    tries: int = 0

    def is_usable(self, now: datetime) -> bool:
        """Whether the code can still be entered."""
        return now < self.sent_at + CODE_LIFETIME and self.tries < MAX_TRIES


class WaitingRequest(Struct, frozen=True):
    """A request that waits until a time."""

    key: RequestKey
    until: datetime


class ContactRequest(Struct, frozen=True):
    """A request to a customer to correct the contact of a channel, sent to the contact ``to`` of the other channel.

    ``send_at`` is when it is sent: in quiet hours, the next morning. ``entry_key`` is the item that it is about.
    ``request_id`` is unique among the customer's requests, ``nonce`` among all. ``codes`` is how many codes were
    sent, ``code`` the last, ``replies`` the ids of the texts that led to one. ``answer_at`` is when the one answer to
    replies is sent, None until there is a reply. ``corrected_to`` is the new contact, empty until then. ``version``
    counts the writes.
    """

    account_id: str
    customer_id: str
    request_id: str
    channel: Channel
    failed_contact: str
    to: str
    entry_key: str
    asked_at: datetime
    send_at: datetime
    by: str
    nonce: str
    language: Language = Language.ENGLISH
    code: SentCode | None = None
    codes: int = 0
    replies: tuple[str, ...] = ()
    answer_at: datetime | None = None
    corrected_to: str = ""
    is_disowned: bool = False
    settled_at: datetime | None = None
    undone_at: datetime | None = None
    undone_by: str = ""
    version: int = 0

    @property
    def expires_at(self) -> datetime:
        """Until when the link can be used."""
        return self.send_at + LINK_LIFETIME

    @property
    def notification_id(self) -> str:
        """The id of the message with the link."""
        return f"{REQUEST_PREFIX}{self.nonce}"

    @property
    def answer_id(self) -> str:
        """The id of the message that answers a reply."""
        return f"{self.notification_id}-answer"

    @property
    def waits_until(self) -> datetime:
        """When the last message of the request is to be sent."""
        return self.answer_at or self.send_at

    @property
    def waiting(self) -> WaitingRequest:
        """The request as it waits."""
        return WaitingRequest(self.key, self.waits_until)

    @property
    def key(self) -> RequestKey:
        """What the link identifies."""
        return RequestKey(self.account_id, recipient_digest(self.customer_id), self.request_id, self.nonce)

    def state_at(self, now: datetime, customer: Customer | None) -> ContactRequestState:
        """Return what became of the request. ``customer`` is the customer as it is now, None if it was erased."""
        if self.is_disowned:
            return ContactRequestState.NOT_THE_CUSTOMER
        if self.undone_at:
            return ContactRequestState.UNDONE
        if self.corrected_to:
            return ContactRequestState.CORRECTED
        # A correction that was interrupted has changed the contact already, and can be completed.
        expected = {self.failed_contact, self.code.contact if self.code else self.failed_contact}
        if customer is None or customer.contact(self.channel) not in expected:
            return ContactRequestState.NOT_NEEDED
        return ContactRequestState.OPEN if now < self.expires_at else ContactRequestState.EXPIRED


def first_loud_moment(now: datetime, zone: ZoneInfo, quiet_from: int, quiet_until: int) -> datetime:
    """Return the first moment from now on that is not in quiet hours, which are hours of a day in a time zone."""
    local = now.astimezone(zone)
    if quiet_from <= quiet_until:
        is_quiet = quiet_from <= local.hour < quiet_until
    else:
        is_quiet = local.hour >= quiet_from or local.hour < quiet_until
    if not is_quiet:
        return now
    day = local.date() + timedelta(days=1 if local.hour >= quiet_until else 0)
    return datetime.combine(day, time(quiet_until), zone).astimezone(UTC)


def other_channel(channel: Channel) -> Channel:
    """Return the channel by which a customer is asked for the contact of a channel."""
    return Channel.SMS if channel is Channel.EMAIL else Channel.EMAIL


def needs_contact(item: UndeliveredItem, customer: Customer) -> bool:
    """Whether an item failed at the customer's contact in a way that only another contact mends.

    A complaint applies to the person, so the customer is not asked after it.
    """
    requirement = resend_requirement(item.classification)
    return requirement is ResendRequirement.CHANGED_ADDRESS and fails_permanently(item, customer)


def masked_contact(channel: Channel, contact: str, mark: str = "•") -> str:
    """Return a contact that only its owner recognises: ``a•••@example.com``, ``+49•••••12``."""
    if channel is Channel.EMAIL:
        local, _, domain = contact.rpartition("@")
        return f"{local[:1]}{mark * 3}@{domain}"
    return f"{contact[:3]}{mark * 5}{contact[-2:]}"


def asking_title(channel: Channel, texts: Texts) -> str:
    """Return the title of a message that asks for the contact of a channel."""
    if channel is Channel.EMAIL:
        return texts.sentence("Please correct your email address")
    return texts.sentence("Please correct your phone number")


def asking_text(request: ContactRequest, settings: ContactRequestSettings, texts: Texts) -> str:
    """Return the text of the message that asks, with ``{link}`` in place of the link.

    Its masks are asterisks, because a text with other marks has room for half as many characters (GSM 03.38).
    """
    wording = settings.wording(request.language) or _usual_wording(request.channel, texts)
    contact = masked_contact(request.channel, request.failed_contact, mark="*")
    return wording.replace("{name}", settings.sender_name).replace("{contact}", contact)


def _usual_wording(channel: Channel, texts: Texts) -> str:
    if channel is Channel.EMAIL:
        return texts.sentence("{name}: Our emails to {contact} do not arrive. Please correct your address: {link}")
    return texts.sentence("{name}: Our texts to {contact} do not arrive. Please correct your number: {link}")


def answer_text(settings: ContactRequestSettings, texts: Texts) -> str:
    """Return the text of the message that answers a reply, with ``{link}`` in place of the link.

    It says nothing about what was read in the reply: the page asks for the code, or for the contact.
    """
    wording = texts.sentence("{name}: Thank you for your reply. Please continue here: {link}")
    return wording.replace("{name}", settings.sender_name)


def code_title(sender_name: str, texts: Texts) -> str:
    """Return the title of a message with a code."""
    return texts.sentence("{name}: your code", name=sender_name)


def code_text(sender_name: str, texts: Texts) -> str:
    """Return the text of a message with a code, with ``{code}`` in its place."""
    wording = texts.sentence("{name}: Your code is {code}. It is valid for 10 minutes. Do not give it to anybody.")
    return wording.replace("{name}", sender_name)
