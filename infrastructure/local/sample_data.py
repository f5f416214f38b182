"""A realistic month of a storage facility: customers, notifications, failures, and what managers did about them.

Pure and deterministic: the same end time gives the same month. ``seed`` writes it to a stack.
"""

import random
import unicodedata
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final
from zlib import crc32

from msgspec.structs import replace

from infrastructure.local.ses_simulator.mail_rules import Event, ReceivedMail, plan_events_as
from infrastructure.local.ses_simulator.sms_rules import SentSms, delivery_status_entry
from undelivered.domain.customer import Customer
from undelivered.domain.identifiers import entry_key
from undelivered.domain.item import BY_CUSTOMER
from undelivered.domain.notification import Notification, SendAttempt, SendOutcome
from undelivered.domain.suppression import Suppression, SuppressionReason
from undelivered.domain.taxonomy import Channel
from undelivered.services.send_message import message_tags

SENDER: Final = "Harbor Storage <notices@undelivered.example>"
_SEED: Final = 20_261
_DAYS: Final = 30
# The weights of the days from Monday to Sunday, and the working hours.
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
class ContactProblem:
    """A problem with a customer's contact from some day on, and what a manager did about it.

    ``situation`` is a situation of the SES simulator (email) or the last two digits of a number (texts). ``then`` is
    ``open`` (nothing was done), ``ready`` (the contact is corrected today), ``resolved`` (the resend arrived),
    ``returned`` (the resend failed), ``resending`` (resent an hour ago) or ``dismissed``. With ``once``, only one
    message fails.
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
class SentNotification:
    """A notification with its first send.

    ``events`` (SES) or ``log`` (SNS) report its failure. ``dropped`` is the suppression because of which it was not
    sent.
    """

    notification: Notification
    attempt: SendAttempt
    events: tuple[Event, ...] = ()
    log: str = ""
    dropped: Suppression | None = None

    @property
    def failed(self) -> bool:
        """Whether the notification is on the report."""
        return bool(self.events or self.dropped) or '"FAILURE"' in self.log

    @property
    def entry_key(self) -> str:
        """The key of the notification's item."""
        origin = self.attempt.provider_message_id or self.notification.notification_id
        return entry_key(self.attempt.claimed_at, origin, self.attempt.to.lower())


@dataclass(frozen=True, slots=True)
class Resend:
    """A resend of a failed notification. ``events`` or ``log`` report its outcome; both are empty if there is none."""

    first: SentNotification
    attempt: SendAttempt
    note: str
    events: tuple[Event, ...] = ()
    log: str = ""
    arrived: bool = False


@dataclass(frozen=True, slots=True)
class Correction:
    """A contact that a manager corrects today."""

    customer_id: str
    channel: Channel
    contact: str


@dataclass(slots=True)
class Month:
    """The sample data, in order of time."""

    customers: list[Customer] = field(default_factory=list)
    sent: list[SentNotification] = field(default_factory=list)
    resends: list[Resend] = field(default_factory=list)
    dismissed: list[SentNotification] = field(default_factory=list)
    corrections: list[Correction] = field(default_factory=list)
    unsubscribed: list[Suppression] = field(default_factory=list)

    @property
    def failed(self) -> list[SentNotification]:
        """The notifications whose first send failed."""
        return [sent for sent in self.sent if sent.failed]

    @property
    def count(self) -> int:
        """The number of undelivered notifications at the end."""
        return len(self.failed) - sum(resend.arrived for resend in self.resends) - len(self.dismissed)


@dataclass(frozen=True, slots=True)
class _Topic:
    """A kind of message: its title and its text, with placeholders."""

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


_PAID: Final = _SPREAD[0][1]


@dataclass(frozen=True, slots=True)
class _Outage:
    """An incident: messages that fail in the same situation, one for each of the hours ago.

    With ``resent``, a manager resends the first of them after so many hours, and it arrives.
    """

    situation: str
    hours_ago: Sequence[float]
    resent_hours_ago: float | None = None


_OUTAGES: Final = (
    _Outage("limited-by-gmail", [219 - 0.4 * place for place in range(9)], resent_hours_ago=195),
    _Outage("blocked-by-outlook", [14 - 1.3 * place for place in range(10)]),
)
"""The first is over, the second is still on."""


def sample_month(account_id: str, manager: str, now: datetime) -> Month:
    """Return the data of the 30 days before ``now``; ``manager`` is the user who corrected contacts and resent."""
    return _MonthBuilder(account_id, manager, now).month()


_SUPPRESSING: Final = {
    **dict.fromkeys(("unknown-user", "unknown-domain", "mailbox-disabled", "refused", "40"), SuppressionReason.BOUNCE),
    "complaint": SuppressionReason.COMPLAINT,
}
_SOFT: Final = frozenset({"mailbox-full", "expired", "20", "30"})
_MISTYPED_DOMAINS: Final = ("gmial.com", "hotmial.com", "exmaple.org", "northmial.example")
_NOTES: Final = (
    "Called, got the new address",
    "Gave it at the front desk",
    "",
    "Corrected a typo",
    "Wrote from the new address",
    "",
)


class _MonthBuilder:
    """Creates the month, customer by customer."""

    def __init__(self, account_id: str, manager: str, now: datetime) -> None:
        self._account_id = account_id
        self._manager = manager
        self._now = now.astimezone(UTC)
        self._random = random.Random(_SEED)  # noqa: S311 - sample data, no secret
        self._month = Month()
        self._days = [self._now - timedelta(days=ago) for ago in range(_DAYS)]

    def month(self) -> Month:
        """Return the month."""
        customers = _customers(self._account_id)
        problems = self._problems(customers)
        outbox = self._outbox(customers, problems)
        affected = iter([each.customer_id for each in customers if _gets_email(problems.get(each.customer_id))])
        hit = {next(affected): (outage, place) for outage in _OUTAGES for place in range(len(outage.hours_ago))}
        for customer in customers:
            month = _CustomerMonth(self, customer, problems.get(customer.customer_id))
            month.add(outbox[customer.customer_id])
            if outage := hit.get(customer.customer_id):
                month.fail_in_outage(*outage)
        self._month.sent.sort(key=lambda sent: sent.attempt.claimed_at)
        self._month.resends.sort(key=lambda resend: resend.attempt.claimed_at)
        return self._month

    def _problems(self, customers: Sequence[Customer]) -> dict[str, ContactProblem]:
        problems = [
            *(ContactProblem(Channel.EMAIL, situation, then) for situation, then in _MAIL),
            *(ContactProblem(Channel.EMAIL, situation, once=True) for situation in _MAIL_ONCE),
            *(ContactProblem(Channel.SMS, digits, then) for digits, then in _TEXTS),
            *(ContactProblem(Channel.SMS, digits, once=True) for digits in _TEXTS_ONCE),
        ]
        affected = self._random.sample(customers, len(problems))
        return {customer.customer_id: problem for customer, problem in zip(affected, problems, strict=True)}

    def _outbox(
        self, customers: Sequence[Customer], problems: Mapping[str, ContactProblem]
    ) -> dict[str, list[tuple[datetime, _Topic]]]:
        """Return the times and topics of each customer's messages, by customer id."""
        outbox: dict[str, list[tuple[datetime, _Topic]]] = {customer.customer_id: [] for customer in customers}
        first = next((day for day in self._days if day.day == 1), self._days[15])
        tenth = next((day for day in self._days if day.day == 10), self._days[8])  # noqa: PLR2004 - day 10 of the month
        wednesday = next(day for day in self._days[9:] if day.weekday() == 2)  # noqa: PLR2004 - a Wednesday
        for position, customer in enumerate(customers):
            delay = timedelta(seconds=2 * position)
            outbox[customer.customer_id] += [
                (first.replace(hour=7, minute=5, second=0, microsecond=0) + delay, _INVOICE),
                (wednesday.replace(hour=15, minute=0, second=0, microsecond=0) + delay, _NEWSLETTER),
            ]
        for customer in self._random.sample(customers, 24):
            moment = tenth.replace(hour=9, minute=30, second=0, microsecond=0)
            outbox[customer.customer_id].append((moment + timedelta(seconds=self._random.randrange(90)), _REMINDER))
        weights, topics = zip(*_SPREAD, strict=True)
        for _ in range(_SPREAD_MESSAGES):
            topic = self._random.choices(topics, weights)[0]
            outbox[self._random.choice(customers).customer_id].append((self._working_hour(), topic))
        for customer_id, problem in problems.items():
            possible = [topic for topic in topics if topic.channel is problem.channel]
            outbox[customer_id] += [(self._working_hour(), self._random.choice(possible)) for _ in range(2)]
        oldest, newest = self._now - timedelta(days=_DAYS, hours=-1), self._now - timedelta(minutes=30)
        return {
            customer_id: sorted(
                (message for message in messages if oldest < message[0] < newest), key=lambda message: message[0]
            )
            for customer_id, messages in outbox.items()
        }

    def _working_hour(self) -> datetime:
        day = self._random.choices(self._days, [_WEEKDAYS[day.weekday()] for day in self._days])[0]
        return day.replace(
            hour=self._random.choice(_HOURS),
            minute=self._random.randrange(60),
            second=self._random.randrange(60),
            microsecond=0,
        )


def _gets_email(problem: ContactProblem | None) -> bool:
    """Whether email to a customer with a problem is sent, and arrives but for a single message."""
    return problem is None or problem.channel is Channel.SMS or (problem.once and problem.situation not in _SUPPRESSING)


def _customers(account_id: str) -> list[Customer]:
    customers = []
    for number, name in enumerate(_NAMES.split("|")):
        first, _, last = _ascii(name).lower().replace("'", "").replace(" ltd", "").partition(" ")
        email = f"{first}.{last}@{_DOMAINS[number % len(_DOMAINS)]}"
        phone = f"+1{_AREA_CODES[number // 20]}55501{number % 20:02}"
        customers.append(Customer(account_id, f"c-{101 + number}", name, email, phone))
    # Two customers share an address.
    customers[27] = replace(customers[27], email=customers[44].email)
    return customers


def _ascii(name: str) -> str:
    plain = name.replace("ø", "o").replace("Ł", "L")
    return unicodedata.normalize("NFKD", plain).encode("ascii", "ignore").decode()


class _CustomerMonth:
    """One customer's month: the messages in order, the failures, and what the manager does about them."""

    def __init__(self, builder: _MonthBuilder, customer: Customer, problem: ContactProblem | None) -> None:
        self._builder = builder
        self._month = builder._month  # noqa: SLF001 - both classes build one month
        self._now = builder._now  # noqa: SLF001 - as above
        # Each customer has its own generator, so that a change for one customer does not change the others.
        self._random = random.Random(f"{_SEED}/{customer.customer_id}")  # noqa: S311 - sample data, no secret
        self._problem = problem
        self._customer = customer
        self._failed: list[SentNotification] = []
        self._suppressed: dict[Channel, Suppression] = {}
        self._fixed_at: datetime | None = None

    def add(self, outbox: Sequence[tuple[datetime, _Topic]]) -> None:
        """Add the customer and the customer's messages to the month."""
        problem = self._problem
        starts_at = self._starts_at(outbox)
        if problem and starts_at and not problem.once:
            self._break_contact(problem)
        if problem is None and self._random.random() < 0.2:  # noqa: PLR2004 - a fifth of the customers without a problem
            self._unsubscribe()
        for number, (at, topic) in enumerate(outbox):
            if self._fixed_at and at > self._fixed_at and problem:
                self._repair(problem)
            self._send(number, at, topic, failing=self._fails(topic, at, starts_at))
        if self._fixed_at and problem:
            self._repair(problem)
        self._month.customers.append(self._customer)
        self._act(problem)

    def fail_in_outage(self, outage: _Outage, place: int) -> None:
        """Add a message that fails in an outage, and for the first of the outage the resend that arrives."""
        at = (self._now - timedelta(hours=outage.hours_ago[place])).replace(microsecond=0)
        notification = self._notification(90 + place, at, _PAID)
        attempt = SendAttempt(
            notification.account_id,
            notification.notification_id,
            1,
            to=self._customer.email,
            claimed_at=at + timedelta(seconds=2),
            provider_message_id=self._message_id(Channel.EMAIL, at),
            outcome=SendOutcome.SENT,
        )
        sent = SentNotification(notification, attempt, self._events(notification, attempt, outage.situation))
        self._month.sent.append(sent)
        if place == 0 and outage.resent_hours_ago is not None:
            self._resend(sent, self._now - timedelta(hours=outage.resent_hours_ago), "delivered")

    def _starts_at(self, outbox: Sequence[tuple[datetime, _Topic]]) -> datetime | None:
        """Return the time of the message with which the problem starts, early enough for the manager to act."""
        if self._problem is None:
            return None
        times = [at for at, topic in outbox if topic.channel is self._problem.channel]
        if self._problem.then == "resolved":
            times = [at for at in times if at < self._now - timedelta(days=4)] or times[:1]
        # After a suppression all later messages are dropped. A late start keeps their number low.
        recent = times[-2:] if self._problem.situation in _SUPPRESSING else times[-5:]
        return self._random.choice(recent) if recent else None

    def _fails(self, topic: _Topic, at: datetime, starts_at: datetime | None) -> bool:
        problem = self._problem
        if problem is None or starts_at is None or topic.channel is not problem.channel or at < starts_at:
            return False
        if problem.once:
            return at == starts_at
        return self._fixed_at is None or at < self._fixed_at

    def _send(self, number: int, at: datetime, topic: _Topic, *, failing: bool) -> None:
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
        if suppression and (topic.channel is Channel.SMS or not self._is_exempt(suppression, topic)):
            sent = SentNotification(notification, replace(attempt, outcome=SendOutcome.DROPPED), dropped=suppression)
        else:
            attempt = replace(attempt, provider_message_id=self._message_id(topic.channel, attempt.claimed_at))
            sent = self._with_outcome(notification, attempt, failing=failing)
        self._month.sent.append(sent)
        if sent.failed and failing:
            self._record_failure(sent)

    def _is_exempt(self, suppression: Suppression, topic: _Topic) -> bool:
        return suppression.reason is SuppressionReason.UNSUBSCRIBED and topic.essential

    def _with_outcome(self, notification: Notification, attempt: SendAttempt, *, failing: bool) -> SentNotification:
        if not failing or self._problem is None:
            return SentNotification(notification, attempt)
        if notification.channel is Channel.SMS:
            return SentNotification(notification, attempt, log=_log(attempt, self._problem.situation))
        return SentNotification(notification, attempt, self._events(notification, attempt, self._problem.situation))

    def _record_failure(self, sent: SentNotification) -> None:
        problem = self._problem
        assert problem is not None
        self._failed.append(sent)
        reason = _SUPPRESSING.get(problem.situation)
        if reason and not sent.dropped:
            attempt = sent.attempt
            since = attempt.claimed_at + timedelta(seconds=1)
            self._suppressed[problem.channel] = Suppression(
                attempt.account_id, problem.channel, attempt.to, reason, since, attempt.provider_message_id
            )
        if problem.then == "resolved" and self._fixed_at is None:
            later = sent.attempt.claimed_at + timedelta(days=self._random.randrange(1, 4))
            fixed_at = later.replace(hour=self._random.choice(_HOURS), minute=self._random.randrange(60))
            self._fixed_at = min(fixed_at, self._now - timedelta(hours=2))

    def _break_contact(self, problem: ContactProblem) -> None:
        """Set a contact that fails: a number that the SES simulator rejects, or a mistyped domain."""
        if problem.channel is Channel.SMS:
            digits = int(problem.situation) + self._random.randrange(5)
            self._customer = replace(self._customer, phone=f"{self._customer.phone[:-2]}{digits:02}")
        elif problem.situation == "unknown-domain":
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

    def _repair(self, problem: ContactProblem) -> None:
        """Correct the contact and resend the failed notifications."""
        at, self._fixed_at = self._fixed_at, None
        if at is None or not self._failed:
            return
        self._problem = None
        self._suppressed.pop(problem.channel, None)
        if problem.situation not in _SOFT:
            contact = self._other_contact(problem.channel)
            changed = {"email": contact, "email_changed_at": at} if problem.channel is Channel.EMAIL else {}
            changed = changed or {"phone": contact, "phone_changed_at": at}
            self._customer = replace(self._customer, **changed)
        # Some customers correct an address themselves, after a text.
        is_address = problem.channel is Channel.EMAIL and problem.situation not in _SOFT
        by_customer = is_address and crc32(self._customer.customer_id.encode()) % 3 == 0
        for position, sent in enumerate(self._failed):
            moment = at + timedelta(minutes=3, seconds=20 * position)
            self._resend(sent, moment, "delivered", by=BY_CUSTOMER if by_customer else "")
        self._failed.clear()

    def _act(self, problem: ContactProblem | None) -> None:
        if problem is None or not self._failed:
            return
        latest = self._failed[-1]
        if problem.then == "returned":
            self._resend(latest, min(latest.attempt.claimed_at + timedelta(days=1), self._now), problem.situation)
        elif problem.then == "resending":
            self._resend(latest, self._now - timedelta(minutes=50), "silent")
        elif problem.then == "dismissed":
            self._month.dismissed.append(self._failed[0])
        elif problem.then == "ready":
            contact = self._other_contact(problem.channel)
            self._month.corrections.append(Correction(self._customer.customer_id, problem.channel, contact))

    def _other_contact(self, channel: Channel) -> str:
        if channel is Channel.SMS:
            return f"+1917{self._customer.phone[-7:-2]}{self._random.randrange(20):02}"
        local, _, domain = self._customer.email.partition("@")
        other = self._random.choice([name for name in _DOMAINS if name != domain])
        return f"{local.replace('.', '')}@{other}"

    def _resend(self, sent: SentNotification, at: datetime, situation: str, by: str = "") -> None:
        notification = sent.notification
        channel = notification.channel
        attempt = SendAttempt(
            notification.account_id,
            notification.notification_id,
            2,
            to=self._customer.contact(channel),
            claimed_at=at,
            by=by or self._builder._manager,  # noqa: SLF001 - as above
            entry_key=sent.entry_key,
            provider_message_id=self._message_id(channel, at),
            outcome=SendOutcome.SENT,
        )
        events: tuple[Event, ...] = ()
        log = ""
        if channel is Channel.SMS:
            log = _log(attempt, "00" if situation == "delivered" else situation)
        elif situation != "silent":
            events = self._events(notification, attempt, situation, resend=True)
        note = self._random.choice(_NOTES) if not by else ""
        self._month.resends.append(Resend(sent, attempt, note, events, log, arrived=situation == "delivered"))

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
        events = (scheduled.event for scheduled in plan_events_as(situation, mail))
        return tuple(event for event in events if event["eventType"] not in unpublished)

    def _notification(self, number: int, at: datetime, topic: _Topic) -> Notification:
        customer = self._customer
        serial = int(customer.customer_id.removeprefix("c-"))
        values = {
            "name": customer.name.partition(" ")[0],
            "amount": f"{60 + serial % 9 * 15}.00",
            "unit": f"{'ABCD'[serial % 4]}{serial % 37 + 1}",
            "number": f"{at:%Y}-{serial * 7 + 311}",
        }
        title = topic.title.format(**values)
        return Notification(
            customer.account_id,
            f"n-{at:%m%d}-{serial}-{number}",
            customer.customer_id,
            topic.channel,
            title,
            topic.text.format(**values),
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
    """Return the log entry of a text for the situation ``digits``, whatever the last digits of its number are."""
    entry = delivery_status_entry(SentSms(attempt.provider_message_id, f"+120655501{digits}", attempt.claimed_at))
    return entry.message.replace(f"+120655501{digits}", attempt.to) if entry else ""
