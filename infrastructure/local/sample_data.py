"""A believable month of a storage facility: customers, what was sent to them, what did not arrive, what was done.

Pure and deterministic: the same moment gives the same month. ``seed`` puts it into a stack.
"""

import random
import unicodedata
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from msgspec.structs import replace

from infrastructure.local.ses_simulator.mail_rules import Event, ReceivedMail, plan_events_as
from infrastructure.local.ses_simulator.sms_rules import SentSms, delivery_status_entry
from undelivered.domain.customer import Customer
from undelivered.domain.identifiers import entry_key
from undelivered.domain.notification import Notification, SendAttempt, SendOutcome
from undelivered.domain.suppression import Suppression, SuppressionReason
from undelivered.domain.taxonomy import Channel
from undelivered.services.send_message import message_tags

SENDER: Final = "Harbor Storage <notices@undelivered.example>"
_SEED: Final = 20_261
_DAYS: Final = 30
# Shares of a week's messages from Monday to Sunday, and the hours of a working day.
_WEEKDAYS: Final = (19, 21, 19, 18, 16, 5, 2)
_HOURS: Final = (8, 8, 9, 9, 9, 10, 10, 11, 13, 14, 14, 15, 16, 17)

_NAMES: Final = (
    "Ada Byron|Ben Okafor|Clara Lindqvist|Daniel Reyes|Elena Petrova|Farid Haddad|Grace Kim|Hugo Martins|"
    "Ingrid Solheim|Jamal Carter|Katarina Novak|Liam O'Connor|Mei Tanaka|Noah Feldman|Olivia Grant|"
    "Pablo Moreno|Quinn Baxter|Rosa Alvarez|Samuel Adeyemi|Tomasz Zielinski|Uma Krishnan|Victor Dubois|"
    "Wanda Schultz|Xavier Fontaine|Yara Mansour|Zoe Whitaker|Aaron Blake|Bianca Rossi|Caleb Nguyen|"
    "Dorothea Klein|Emil Sørensen|Fatima Zahra|George Papadakis|Hannah Weiss|Ivan Horvat|Jasmine Patel|"
    "Kofi Mensah|Lucía Jiménez|Marcus Webb|Nadia Rahman|Oscar Lund|Priya Sharma|Rafael Costa|"
    "Sofia Castellano|Theo Marchetti|Ursula Brandt|Valentina Cruz|William Hart|Yusuf Demir|Zachary Cole|"
    "Amélie Laurent|Bruno Keller|Chiara Conti|Derek Sutton|Esther Cohen|Frederick Vane|Gita Desai|"
    "Harriet Munro|Isaac Bell|Joanna Wójcik|Kenji Watanabe|Leila Farouk|Miguel Santos|Nora Eriksen|"
    "Otto Fischer|Paula Whitfield|Rachel Stone|Stefan Ionescu|Tara Gallagher|Vikram Rao|Winnie Cheung|"
    "Harbor Café Ltd"
)
_DOMAINS: Final = (
    "example.com",
    "example.org",
    "example.net",
    "northmail.example",
    "brightpost.example",
    "haven.example",
)
_AREA_CODES: Final = ("206", "303", "415", "512", "617", "718")


@dataclass(frozen=True, slots=True)
class Trouble:
    """What is wrong with a customer's contact from some day on, and what was done about it.

    ``situation`` is one of the receiving world's (mail) or the last two digits of a number (texts). ``then``:
    ``open`` (nothing was done), ``ready`` (corrected today), ``resolved`` or ``returned`` (resent: it arrived, it
    failed again), ``resending`` (resent an hour ago), ``dismissed``. ``once``: a single message only.
    """

    channel: Channel
    situation: str
    then: str = "open"
    once: bool = False


_MAIL: Final = (
    *(
        ("unknown-user", then)
        for then in ("open", "open", "open", "ready", "ready", "resolved", "resolved", "resolved")
    ),
    *(("unknown-domain", then) for then in ("open", "open", "ready", "resolved")),
    *(("mailbox-disabled", then) for then in ("open", "ready", "resolved", "dismissed")),
    ("refused", "open"),
    *(("mailbox-full", then) for then in ("open", "open", "returned", "resolved", "resending")),
    *(("expired", then) for then in ("open", "resolved")),
)
_MAIL_ONCE: Final = (
    *("blocked",) * 4,
    *("content-rejected",) * 3,
    *("too-large",) * 2,
    "unauthenticated",
    "undetermined",
    *("complaint",) * 5,
    "suppressionlist",
    "listed",
    "rejected",
    *("rendering-failed",) * 2,
)
_TEXTS: Final = (
    *(("20", then) for then in ("open", "open", "open", "resolved")),
    ("30", "open"),
    *(("40", then) for then in ("open", "ready", "resolved")),
    ("50", "open"),
)
_TEXTS_ONCE: Final = ("55", "60", "65", "70", "70", "75", "80", "85", "20", "20")


@dataclass(frozen=True, slots=True)
class Handed:
    """A notification with its first send. ``events`` and ``log`` are what was reported of its failure.

    ``dropped`` is the suppression that kept it from being sent.
    """

    notification: Notification
    attempt: SendAttempt
    events: tuple[Event, ...] = ()
    log: str = ""
    dropped: Suppression | None = None

    @property
    def failed(self) -> bool:
        """Whether it is on the report."""
        return bool(self.events or self.dropped) or '"FAILURE"' in self.log

    @property
    def entry_key(self) -> str:
        """The key of its item."""
        origin = self.attempt.provider_message_id or self.notification.notification_id
        return entry_key(self.attempt.claimed_at, origin, self.attempt.to.lower())


@dataclass(frozen=True, slots=True)
class Resent:
    """A resend of a failed notification. ``events`` and ``log`` are what was reported of it, empty for nothing yet."""

    first: Handed
    attempt: SendAttempt
    note: str
    events: tuple[Event, ...] = ()
    log: str = ""
    arrived: bool = False


@dataclass(frozen=True, slots=True)
class Correction:
    """A contact that is corrected today."""

    customer_id: str
    channel: Channel
    contact: str


@dataclass(slots=True)
class Month:
    """All of it, in order of time."""

    customers: list[Customer] = field(default_factory=list)
    handed: list[Handed] = field(default_factory=list)
    resent: list[Resent] = field(default_factory=list)
    dismissed: list[Handed] = field(default_factory=list)
    corrections: list[Correction] = field(default_factory=list)
    unsubscribed: list[Suppression] = field(default_factory=list)

    @property
    def failed(self) -> list[Handed]:
        """What did not arrive at first."""
        return [handed for handed in self.handed if handed.failed]

    @property
    def count(self) -> int:
        """The number on the dashboard when all is done."""
        return len(self.failed) - sum(resent.arrived for resent in self.resent) - len(self.dismissed)


@dataclass(frozen=True, slots=True)
class _Topic:
    """A kind of message: its title, and its text with places for the first name and an amount."""

    title: str
    text: str
    channel: Channel = Channel.EMAIL
    essential: bool = True


_INVOICE: Final = _Topic(
    "Invoice {number}",
    "Dear {name},\n\nyour rent of ${amount} for unit {unit} is due within ten days. The invoice is in your account.\n\n"
    "Harbor Storage",
)
_REMINDER: Final = _Topic(
    "Rent reminder",
    "Dear {name},\n\nwe have not yet received ${amount} for unit {unit}. Please pay within a week.\n\nHarbor Storage",
)
_NEWSLETTER: Final = _Topic(
    "Harbor News",
    "Dear {name},\n\nwinter hours, a new loading bay, and ten per cent off boxes.\n\nHarbor Storage",
    essential=False,
)
_SPREAD: Final = (
    (
        14,
        _Topic(
            "Payment received", "Dear {name},\n\nthank you: we received ${amount} for unit {unit}.\n\nHarbor Storage"
        ),
    ),
    (
        6,
        _Topic(
            "Your contract is renewed",
            "Dear {name},\n\nyour contract for unit {unit} continues for another year.\n\nHarbor Storage",
        ),
    ),
    (5, _Topic("Overdue notice", "Dear {name},\n\n${amount} for unit {unit} is overdue.\n\nHarbor Storage")),
    (4, _Topic("Gate maintenance", "Dear {name},\n\nthe north gate is closed on Sunday morning.\n\nHarbor Storage")),
    (
        9,
        _Topic(
            "Gate code",
            "Harbor Storage: {name}, your gate code for unit {unit} has changed. See your account.",
            Channel.SMS,
        ),
    ),
    (9, _Topic("Payment reminder", "Harbor Storage: {name}, ${amount} for unit {unit} is due this week.", Channel.SMS)),
    (4, _Topic("Door left open", "Harbor Storage: {name}, the door of unit {unit} seems to be open.", Channel.SMS)),
)
_SPREAD_MESSAGES: Final = 250


def sample_month(account_id: str, manager: str, now: datetime) -> Month:
    """Return the thirty days up to a moment; ``manager`` is who corrected and resent."""
    return _Writer(account_id, manager, now).month()


_SUPPRESSING: Final = {
    **dict.fromkeys(("unknown-user", "unknown-domain", "mailbox-disabled", "refused", "40"), SuppressionReason.BOUNCE),
    "complaint": SuppressionReason.COMPLAINT,
}
_SOFT: Final = frozenset({"mailbox-full", "expired", "20", "30"})
_MISTYPED_DOMAINS: Final = ("gmial.com", "hotmial.com", "exmaple.org", "northmial.example")
_NOTES: Final = (
    "Called, got the new address",
    "Told us at the front desk",
    "",
    "Corrected a typo",
    "Wrote from the new address",
    "",
)


class _Writer:
    """Tells the month, customer by customer."""

    def __init__(self, account_id: str, manager: str, now: datetime) -> None:
        self._account_id = account_id
        self._manager = manager
        self._now = now.astimezone(UTC)
        self._random = random.Random(_SEED)  # noqa: S311 - a story, no secret
        self._month = Month()
        self._days = [self._now - timedelta(days=ago) for ago in range(_DAYS)]

    def month(self) -> Month:
        """Return the month."""
        customers = _customers(self._account_id)
        troubles = self._troubles(customers)
        outbox = self._outbox(customers, troubles)
        for customer in customers:
            _CustomerHistory(self, customer, troubles.get(customer.customer_id)).tell(outbox[customer.customer_id])
        self._month.handed.sort(key=lambda handed: handed.attempt.claimed_at)
        self._month.resent.sort(key=lambda resent: resent.attempt.claimed_at)
        return self._month

    def _troubles(self, customers: Sequence[Customer]) -> dict[str, Trouble]:
        wanted = [
            *(Trouble(Channel.EMAIL, situation, then) for situation, then in _MAIL),
            *(Trouble(Channel.EMAIL, situation, once=True) for situation in _MAIL_ONCE),
            *(Trouble(Channel.SMS, digits, then) for digits, then in _TEXTS),
            *(Trouble(Channel.SMS, digits, once=True) for digits in _TEXTS_ONCE),
        ]
        unlucky = self._random.sample(customers, len(wanted))
        return {customer.customer_id: trouble for customer, trouble in zip(unlucky, wanted, strict=True)}

    def _outbox(
        self, customers: Sequence[Customer], troubles: Mapping[str, Trouble]
    ) -> dict[str, list[tuple[datetime, _Topic]]]:
        """Return what is to be sent to each customer, and when."""
        outbox: dict[str, list[tuple[datetime, _Topic]]] = {customer.customer_id: [] for customer in customers}
        first = next((day for day in self._days if day.day == 1), self._days[15])
        tenth = next((day for day in self._days if day.day == 10), self._days[8])  # noqa: PLR2004 - of the month
        wednesday = next(day for day in self._days[9:] if day.weekday() == 2)  # noqa: PLR2004 - a Wednesday
        for place, customer in enumerate(customers):
            run = timedelta(seconds=2 * place)
            outbox[customer.customer_id] += [
                (first.replace(hour=7, minute=5, second=0, microsecond=0) + run, _INVOICE),
                (wednesday.replace(hour=15, minute=0, second=0, microsecond=0) + run, _NEWSLETTER),
            ]
        for customer in self._random.sample(customers, 24):
            moment = tenth.replace(hour=9, minute=30, second=0, microsecond=0)
            outbox[customer.customer_id].append((moment + timedelta(seconds=self._random.randrange(90)), _REMINDER))
        weights, topics = zip(*_SPREAD, strict=True)
        for _ in range(_SPREAD_MESSAGES):
            topic = self._random.choices(topics, weights)[0]
            outbox[self._random.choice(customers).customer_id].append((self._working_hour(), topic))
        for customer_id, trouble in troubles.items():
            fitting = [topic for topic in topics if topic.channel is trouble.channel]
            outbox[customer_id] += [(self._working_hour(), self._random.choice(fitting)) for _ in range(2)]
        oldest, newest = self._now - timedelta(days=_DAYS, hours=-1), self._now - timedelta(minutes=30)
        return {
            customer_id: sorted((each for each in sent if oldest < each[0] < newest), key=lambda each: each[0])
            for customer_id, sent in outbox.items()
        }

    def _working_hour(self) -> datetime:
        day = self._random.choices(self._days, [_WEEKDAYS[day.weekday()] for day in self._days])[0]
        return day.replace(
            hour=self._random.choice(_HOURS),
            minute=self._random.randrange(60),
            second=self._random.randrange(60),
            microsecond=0,
        )


def _customers(account_id: str) -> list[Customer]:
    customers = []
    for number, name in enumerate(_NAMES.split("|")):
        first, _, last = _ascii(name).lower().replace("'", "").replace(" ltd", "").partition(" ")
        email = f"{first}.{last}@{_DOMAINS[number % len(_DOMAINS)]}"
        phone = f"+1{_AREA_CODES[number // 20]}55501{number % 20:02}"
        customers.append(Customer(account_id, f"c-{101 + number}", name, email, phone))
    # A household: two customers, one address.
    customers[27] = replace(customers[27], email=customers[44].email)
    return customers


def _ascii(name: str) -> str:
    plain = name.replace("ø", "o").replace("Ł", "L")
    return unicodedata.normalize("NFKD", plain).encode("ascii", "ignore").decode()


class _CustomerHistory:
    """One customer's month: messages in order, some failing, and what the manager does about it."""

    def __init__(self, writer: _Writer, customer: Customer, trouble: Trouble | None) -> None:
        self._writer = writer
        self._month = writer._month  # noqa: SLF001 - one tale, two tellers
        self._now = writer._now  # noqa: SLF001 - as above
        # A generator of its own, so that one customer's month does not move another's.
        self._random = random.Random(f"{_SEED}/{customer.customer_id}")  # noqa: S311 - a story, no secret
        self._trouble = trouble
        self._customer = customer
        self._failed: list[Handed] = []
        self._suppressed: dict[Channel, Suppression] = {}
        self._fixed_at: datetime | None = None

    def tell(self, outbox: Sequence[tuple[datetime, _Topic]]) -> None:
        """Tell it."""
        trouble = self._trouble
        starts_at = self._starts_at(outbox)
        if trouble and starts_at and not trouble.once:
            self._break_contact(trouble)
        if trouble is None and self._random.random() < 0.2:  # noqa: PLR2004 - a fifth of those without trouble
            self._unsubscribe()
        for number, (at, topic) in enumerate(outbox):
            if self._fixed_at and at > self._fixed_at and trouble:
                self._repair(trouble)
            self._hand_over(number, at, topic, failing=self._fails(topic, at, starts_at))
        if self._fixed_at and trouble:
            self._repair(trouble)
        self._month.customers.append(self._customer)
        self._act(trouble)

    def _starts_at(self, outbox: Sequence[tuple[datetime, _Topic]]) -> datetime | None:
        """Return when the trouble starts: with one of the customer's messages, early enough for what follows."""
        if self._trouble is None:
            return None
        mine = [at for at, topic in outbox if topic.channel is self._trouble.channel]
        if self._trouble.then == "resolved":
            mine = [at for at in mine if at < self._now - timedelta(days=4)] or mine[:1]
        # What suppresses the address makes every later message a dropped one: let those be few.
        recent = mine[-2:] if self._trouble.situation in _SUPPRESSING else mine[-5:]
        return self._random.choice(recent) if recent else None

    def _fails(self, topic: _Topic, at: datetime, starts_at: datetime | None) -> bool:
        trouble = self._trouble
        if trouble is None or starts_at is None or topic.channel is not trouble.channel or at < starts_at:
            return False
        if trouble.once:
            return at == starts_at
        return self._fixed_at is None or at < self._fixed_at

    def _hand_over(self, number: int, at: datetime, topic: _Topic, *, failing: bool) -> None:
        notification = self._notification(number, at, topic)
        attempt = SendAttempt(
            notification.account_id,
            notification.notification_id,
            1,
            to=self._customer.contact(topic.channel),
            claimed_at=at + timedelta(seconds=self._random.randrange(1, 5)),
            outcome=SendOutcome.SENT,
        )
        suppression = self._suppressed.get(topic.channel)
        if suppression and (topic.channel is Channel.SMS or not self._passes(suppression, topic)):
            handed = Handed(notification, replace(attempt, outcome=SendOutcome.DROPPED), dropped=suppression)
        else:
            attempt = replace(attempt, provider_message_id=self._message_id(topic.channel, attempt.claimed_at))
            handed = self._reported(notification, attempt, failing=failing)
        self._month.handed.append(handed)
        if handed.failed and failing:
            self._note_failure(handed)

    def _passes(self, suppression: Suppression, topic: _Topic) -> bool:
        return suppression.reason is SuppressionReason.UNSUBSCRIBED and topic.essential

    def _reported(self, notification: Notification, attempt: SendAttempt, *, failing: bool) -> Handed:
        if not failing or self._trouble is None:
            return Handed(notification, attempt)
        if notification.channel is Channel.SMS:
            return Handed(notification, attempt, log=_log(attempt, self._trouble.situation))
        return Handed(notification, attempt, self._events(notification, attempt, self._trouble.situation))

    def _note_failure(self, handed: Handed) -> None:
        trouble = self._trouble
        assert trouble is not None
        self._failed.append(handed)
        reason = _SUPPRESSING.get(trouble.situation)
        if reason and not handed.dropped:
            attempt = handed.attempt
            since = attempt.claimed_at + timedelta(seconds=1)
            self._suppressed[trouble.channel] = Suppression(
                attempt.account_id, trouble.channel, attempt.to, reason, since, attempt.provider_message_id
            )
        if trouble.then == "resolved" and self._fixed_at is None:
            later = handed.attempt.claimed_at + timedelta(days=self._random.randrange(1, 4))
            fixed_at = later.replace(hour=self._random.choice(_HOURS), minute=self._random.randrange(60))
            self._fixed_at = min(fixed_at, self._now - timedelta(hours=2))

    def _break_contact(self, trouble: Trouble) -> None:
        """Give the customer the contact that fails: a number that the receiving world knows, a mistyped domain."""
        if trouble.channel is Channel.SMS:
            digits = int(trouble.situation) + self._random.randrange(5)
            self._customer = replace(self._customer, phone=f"{self._customer.phone[:-2]}{digits:02}")
        elif trouble.situation == "unknown-domain":
            local = self._customer.email.partition("@")[0]
            self._customer = replace(self._customer, email=f"{local}@{self._random.choice(_MISTYPED_DOMAINS)}")

    def _unsubscribe(self) -> None:
        at = self._now - timedelta(days=45)
        suppression = Suppression(
            self._customer.account_id,
            Channel.EMAIL,
            self._customer.email,
            SuppressionReason.UNSUBSCRIBED,
            at,
            "unsubscribe link",
        )
        self._suppressed[Channel.EMAIL] = suppression
        self._month.unsubscribed.append(suppression)

    def _repair(self, trouble: Trouble) -> None:
        """Correct the contact and resend what failed."""
        at, self._fixed_at = self._fixed_at, None
        if at is None or not self._failed:
            return
        self._trouble = None
        self._suppressed.pop(trouble.channel, None)
        if trouble.situation not in _SOFT:
            contact = self._other_contact(trouble.channel)
            changed = {"email": contact, "email_changed_at": at} if trouble.channel is Channel.EMAIL else {}
            changed = changed or {"phone": contact, "phone_changed_at": at}
            self._customer = replace(self._customer, **changed)
        for place, handed in enumerate(self._failed):
            self._resend(handed, at + timedelta(minutes=3, seconds=20 * place), "delivered")
        self._failed.clear()

    def _act(self, trouble: Trouble | None) -> None:
        if trouble is None or not self._failed:
            return
        latest = self._failed[-1]
        if trouble.then == "returned":
            self._resend(latest, min(latest.attempt.claimed_at + timedelta(days=1), self._now), trouble.situation)
        elif trouble.then == "resending":
            self._resend(latest, self._now - timedelta(minutes=50), "silent")
        elif trouble.then == "dismissed":
            self._month.dismissed.append(self._failed[0])
        elif trouble.then == "ready":
            contact = self._other_contact(trouble.channel)
            self._month.corrections.append(Correction(self._customer.customer_id, trouble.channel, contact))

    def _other_contact(self, channel: Channel) -> str:
        if channel is Channel.SMS:
            return f"+1917{self._customer.phone[-7:-2]}{self._random.randrange(20):02}"
        local, _, domain = self._customer.email.partition("@")
        other = self._random.choice([each for each in _DOMAINS if each != domain])
        return f"{local.replace('.', '')}@{other}"

    def _resend(self, handed: Handed, at: datetime, situation: str) -> None:
        notification = handed.notification
        channel = notification.channel
        attempt = SendAttempt(
            notification.account_id,
            notification.notification_id,
            2,
            to=self._customer.contact(channel),
            claimed_at=at,
            by=self._writer._manager,  # noqa: SLF001 - as above
            entry_key=handed.entry_key,
            provider_message_id=self._message_id(channel, at),
            outcome=SendOutcome.SENT,
        )
        events: tuple[Event, ...] = ()
        log = ""
        if channel is Channel.SMS:
            log = _log(attempt, "00" if situation == "delivered" else situation)
        elif situation != "silent":
            events = self._events(notification, attempt, situation, resend=True)
        note = self._random.choice(_NOTES)
        self._month.resent.append(Resent(handed, attempt, note, events, log, arrived=situation == "delivered"))

    def _events(
        self, notification: Notification, attempt: SendAttempt, situation: str, *, resend: bool = False
    ) -> tuple[Event, ...]:
        tags = message_tags(attempt, notification, self._customer)
        mail = ReceivedMail(
            message_id=attempt.provider_message_id,
            source=SENDER,
            recipients=(attempt.to,),
            received_at=attempt.claimed_at,
            subject=notification.subject,
            configuration_set="undelivered-resends" if resend else "undelivered-sends",
            tags={name: (value,) for name, value in tags.items()},
        )
        unpublished = {"Send"} if resend else {"Send", "Delivery"}
        events = (each.event for each in plan_events_as(situation, mail))
        return tuple(event for event in events if event["eventType"] not in unpublished)

    def _notification(self, number: int, at: datetime, topic: _Topic) -> Notification:
        customer = self._customer
        place = int(customer.customer_id.removeprefix("c-"))
        words = {
            "name": customer.name.partition(" ")[0],
            "amount": f"{60 + place % 9 * 15}.00",
            "unit": f"{'ABCD'[place % 4]}{place % 37 + 1}",
            "number": f"{at:%Y}-{place * 7 + 311}",
        }
        title = topic.title.format(**words)
        return Notification(
            customer.account_id,
            f"n-{at:%m%d}-{place}-{number}",
            customer.customer_id,
            topic.channel,
            title,
            topic.text.format(**words),
            at,
            subject=title if topic.channel is Channel.EMAIL else "",
            essential=topic.essential,
        )

    def _message_id(self, channel: Channel, at: datetime) -> str:
        unique = uuid.UUID(int=self._random.getrandbits(128), version=4)
        if channel is Channel.SMS:
            return str(unique)
        return f"0100{int(at.timestamp() * 1000):012x}-{unique}-000000"


def _log(attempt: SendAttempt, digits: str) -> str:
    """Return the delivery-status entry of a text: what the number's digits stand for, whatever its own are."""
    answer = delivery_status_entry(SentSms(attempt.provider_message_id, f"+120655501{digits}", attempt.claimed_at))
    return answer.message.replace(f"+120655501{digits}", attempt.to) if answer else ""
