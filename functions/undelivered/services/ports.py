"""What the use cases need from the outside world."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Protocol

from msgspec import Struct

from undelivered.domain.account_settings import AccountSettings
from undelivered.domain.customer import Customer
from undelivered.domain.erasure import Erasure, ErasureTask
from undelivered.domain.failure_counts import FailedTotals, LiveCount
from undelivered.domain.item import UndeliveredItem
from undelivered.domain.item_event import ItemEvent
from undelivered.domain.notification import Notification, SendAttempt
from undelivered.domain.report_query import ReportFilter
from undelivered.domain.suppression import Suppression
from undelivered.domain.taxonomy import Channel


class NewEntry(Struct, frozen=True):
    """A new item, and the suppression that its failure causes, written together or not at all."""

    item: UndeliveredItem
    suppression: Suppression | None = None


class Page(Struct, frozen=True):
    """A page of items, newest first; ``next_key`` is the entry key to go on after, None at the end."""

    items: tuple[UndeliveredItem, ...]
    next_key: str | None


class UndeliveredStore(Protocol):
    """The items of the report, with their counters."""

    def add_new(self, entries: Sequence[NewEntry]) -> Sequence[NewEntry]:
        """Write new items of one account with counters and suppressions, in as few transactions as fit.

        Return the entries of which something was there already (the item or its suppression), those that
        come twice (but for the first) and those past their thirty days: nothing of them is written, they are
        for ``find`` and ``save``. Raises RetryableError when the store is busy.
        """

    def find(self, account_id: str, entry_key: str) -> UndeliveredItem | None:
        """Return an item as it is now (a consistent read), from the report or from history."""

    def find_many(self, account_id: str, entry_keys: Sequence[str]) -> Sequence[UndeliveredItem]:
        """Return those of the items that exist, in no promised order; may be a moment old."""

    def save(
        self,
        before: UndeliveredItem | None,
        after: UndeliveredItem,
        suppression: tuple[Suppression | None, Suppression] | None = None,
    ) -> None:
        """Write an item and the counters' change, and a suppression from and to, all or nothing.

        Raises StaleWriteError when ``before`` (or the suppression's) is not what is stored.
        """

    def save_many(self, changes: Sequence[tuple[UndeliveredItem, UndeliveredItem]]) -> Collection[str]:
        """Write changed items of one account with the counters' change, many in one transaction.

        Return the entry keys of those that are not stored as they were before; these are not written.
        """

    def live_items_of_customer(self, account_id: str, customer_id: str) -> Sequence[UndeliveredItem]:
        """Return the customer's items that are on the report, newest first.

        ``~<recipient digest>`` in place of the id stands for the unknown customer at an address.
        """

    def items_of_customer(self, item: UndeliveredItem) -> Sequence[UndeliveredItem]:
        """Return the items, in any state, that share an item's customer, or its address where that is not known."""

    def find_by_customer(
        self, account_id: str, customer_key: str, limit: int, after: str | None = None, *, in_history: bool
    ) -> Sequence[UndeliveredItem]:
        """Return a customer's items in any state, in order of sending, from the report or from history.

        ``customer_key`` is a customer's id, or ``~<recipient digest>`` as in ``live_items_of_customer``.
        ``after`` is the last entry key of the page before. A page of fewer than ``limit`` items is the last.
        """

    def erase(self, items: Sequence[UndeliveredItem], *, in_history: bool) -> int:
        """Remove items of one account for good, live counters included; return how many were as given.

        They go neither to history nor into an announcement. What failed stays counted as failed.
        """

    def resends_to_settle(self, now: datetime, limit: int) -> Sequence[UndeliveredItem]:
        """Return resending items whose grace period is over."""

    def sweep(self, account_id: str, now: datetime, limit: int) -> int:
        """Remove up to ``limit`` items past their thirty days, with their counters; return how many."""

    def archive(self, items: Iterable[UndeliveredItem], *, settle_counters: bool) -> None:
        """Keep removed items in history, once; ``settle_counters`` when the table's own TTL removed them."""


class ReportReader(Protocol):
    """Questions about the report."""

    def count(self, account_id: str, now: datetime) -> LiveCount:
        """Return how many items are on the report now."""

    def page(self, account_id: str, wanted: ReportFilter, limit: int, after: str | None, now: datetime) -> Page:
        """Return up to ``limit`` items that the filter shows, from ``after`` on."""

    def failures_by_day(self, account_id: str, first: date, last: date) -> Mapping[date, Mapping[str, int]]:
        """Return all that failed on each day of the span, by ``<class code>.<reason>``."""

    def totals(self, account_id: str, first: date, last: date) -> FailedTotals:
        """Return all that failed of what was sent in a span of days, and how long it took to resolve what was."""

    def repeat_recipients(self, account_id: str, first: date, last: date) -> Counter[str]:
        """Return addresses with more than one item in a span of days and their numbers; see ``RepeatFailureStore``."""


class RepeatFailureStore(Protocol):
    """Which addresses fail again and again: of each day those with the most items, fifty at most."""

    def record(self, account_id: str, address: str, by_day: Mapping[date, int]) -> None:
        """Note how many items an address has, by day; noting the same again changes nothing."""

    def remove(self, account_id: str, addresses: Collection[str], days: Collection[date]) -> None:
        """Take addresses out of what was noted of days."""


class CountReconciliation(Protocol):
    """What keeps the counters right and cheap to read."""

    def claim(self, account_id: str, day: date) -> bool:
        """Whether the account's upkeep of a day is the caller's to do: once."""

    def drift(self, account_id: str, day: date) -> Mapping[str, int] | None:
        """Return what the live counters of a day (in UTC) lack of its items, by ``live_code``; empty when right.

        None when somebody wrote meanwhile, so that nothing can be said.
        """

    def failed_drift(self, account_id: str, day: date) -> Mapping[str, int] | None:
        """Return what the counters of all that failed lack on a day of the account's time zone, as ``drift``.

        Nothing sound can be said of a day that items are on their way to history from.
        """

    def failed_days(self, account_id: str, first: date, last: date) -> Sequence[date]:
        """Return those days of a span, in the account's time zone, that have items or counters of what failed."""

    def correct(self, account_id: str, day: date, drift: Mapping[str, int]) -> None:
        """Add a drift to the live counters of its day."""

    def correct_failed(self, account_id: str, day: date, drift: Mapping[str, int]) -> None:
        """Add a drift to the counters of all that failed on its day."""

    def compact(self, account_id: str, first: date, last: date) -> int:
        """Bring the counters of each day of a span into one row each; return how many rows that saved."""

    def days_to_recount(self, account_id: str, now: datetime) -> Sequence[date]:
        """Return the days whose failures a change of time zone left to be counted anew."""

    def save_days_to_recount(self, account_id: str, days: Sequence[date]) -> None:
        """Keep which days are still to be counted anew."""


class NotificationStore(Protocol):
    """Notifications handed over, and the attempts to send them."""

    def add(self, notification: Notification) -> bool:
        """Store a notification once; False when its id is taken already."""

    def find(self, account_id: str, notification_id: str) -> Notification | None:
        """Return a notification, or None when unknown or no longer held."""

    def find_many(self, account_id: str, notification_ids: Sequence[str]) -> Sequence[Notification]:
        """Return those of the notifications that are held, in no promised order."""

    def attempts(self, account_id: str, notification_id: str) -> Sequence[SendAttempt]:
        """Return the attempts of a notification in order."""

    def claim(self, attempt: SendAttempt) -> bool:
        """Record the intention to send, once; False when this attempt is claimed already."""

    def release(self, attempt: SendAttempt) -> None:
        """Give a claim back whose send certainly did not happen, so that it may be claimed again."""

    def record(self, attempt: SendAttempt) -> None:
        """Record what became of a claimed attempt."""

    def find_by_provider_message_id(self, provider_message_id: str) -> SendAttempt | None:
        """Return the attempt that a provider's message id belongs to."""

    def recent_sends_to(self, account_id: str, address: str, limit: int) -> Sequence[SendAttempt]:
        """Return the newest sends to a contact, in the spelling they were sent to, newest first."""

    def unrecorded(self, claimed_before: datetime, limit: int) -> Sequence[SendAttempt]:
        """Return claimed attempts without a recorded outcome, claimed before a moment, oldest first."""

    def find_by_customer(
        self, account_id: str, customer_id: str, limit: int, after: str | None = None
    ) -> tuple[Sequence[Notification], str | None]:
        """Return a customer's notifications by id, held or about to go, and the id to go on after, None at the end."""

    def erase(self, notification: Notification) -> None:
        """Remove a notification and its attempts; a sent attempt keeps its message id, with the outcome ``ERASED``."""


class CustomerStore(Protocol):
    """Customers and their contacts."""

    def find(self, account_id: str, customer_id: str) -> Customer | None:
        """Return a customer (a consistent read)."""

    def find_many(self, account_id: str, customer_ids: Sequence[str]) -> Sequence[Customer]:
        """Return those of the customers that exist (a consistent read), in no promised order."""

    def save(self, customer: Customer) -> Customer:
        """Write a customer whose ``version`` is what was read (0 for a new one); raises StaleWriteError."""

    def find_by_address(self, account_id: str, channel: Channel, address: str) -> Sequence[Customer]:
        """Return the customers that share an address."""


class KeyedHashes(Protocol):
    """Hashes that only this system can make: they stand for what it must recognise and may not know any more."""

    def of_customer(self, account_id: str, customer_id: str) -> str:
        """Return the hash of a customer's id."""

    def of_address(self, account_id: str, channel: Channel, address: str) -> str:
        """Return the hash of an address in its stored spelling."""


class SuppressionStore(Protocol):
    """Suppressed addresses."""

    def find(self, account_id: str, channel: Channel, address: str) -> Suppression | None:
        """Return what is known of an address, lifted or not (a consistent read)."""

    def find_many(self, account_id: str, addresses: Sequence[tuple[Channel, str]]) -> Sequence[Suppression]:
        """Return what is known of addresses (a consistent read), in no promised order."""

    def save(self, before: Suppression | None, after: Suppression) -> None:
        """Write a suppression; raises StaleWriteError when ``before`` is not what is stored."""

    def hide(self, account_id: str, channel: Channel, address: str) -> None:
        """Keep of an address only its keyed hash, under which it is found as before; raises StaleWriteError."""

    def page(
        self, account_id: str, channel: Channel | None, limit: int, after: str | None
    ) -> tuple[Sequence[Suppression], str | None]:
        """Return a page of active suppressions, and the key to go on after, None at the end."""


class ErasureStore(Protocol):
    """Who is being, or was, erased: known by keyed hashes only, but for what it takes until it is done."""

    def find(self, account_id: str, customer_id: str) -> Erasure | None:
        """Return the last erasure of a customer, None when there was none or it is forgotten."""

    def begin(self, task: ErasureTask, customer: Customer | None) -> None:
        """Have an erasure carried out, and remove the customer, all or nothing; raises StaleWriteError."""

    def running(self) -> Sequence[ErasureTask]:
        """Return what is to be carried out, of all accounts."""

    def save(self, erasure: Erasure) -> Erasure:
        """Write how far an erasure has got; raises StaleWriteError."""

    def finish(self, task: ErasureTask) -> None:
        """Forget what it took to carry out an erasure that is done."""

    def mark_address(self, erasure: Erasure, channel: Channel, address: str) -> None:
        """Keep that an address was erased."""

    def has_erasures(self, account_id: str) -> bool:
        """Whether anybody of an account was ever erased; a new yes may be known a minute late."""

    def erased_at(
        self, account_id: str, customers: Collection[str], addresses: Collection[tuple[Channel, str]]
    ) -> tuple[Mapping[str, datetime], Mapping[tuple[Channel, str], datetime]]:
        """Return which of customers and addresses were erased, and until when what was sent to them counts as such."""


class AccountStore(Protocol):
    """Accounts and their settings."""

    def settings(self, account_id: str) -> AccountSettings:
        """Return an account's settings, its defaults when it never set any; may be a minute old."""

    def save_settings(self, settings: AccountSettings) -> None:
        """Write an account's settings."""

    def account_ids(self) -> Iterable[str]:
        """Return every account that ever had an item."""


class OutgoingMessage(Struct, frozen=True):
    """A message ready for a provider. ``tags`` come back with every event about it."""

    channel: Channel
    to: str
    sender: str
    subject: str
    text: str
    html: str
    resend: bool
    tags: Mapping[str, str]
    headers: Mapping[str, str]


class MessageSender(Protocol):
    """A provider that takes messages."""

    def send(self, message: OutgoingMessage) -> str:
        """Send and return the provider's message id.

        Raises RetryableError when the message certainly was not taken and trying again can help,
        PermanentSendError for a refusal. Any other error leaves open whether it was taken.
        """


class ItemEventPublisher(Protocol):
    """Where changes of items are announced."""

    def publish(self, told: ItemEvent) -> None:
        """Announce a change; raises RetryableError when that is not possible now."""


class ProviderSuppressions(Protocol):
    """The suppression lists that the providers themselves keep."""

    def lift(self, channel: Channel, address: str, *, opt_in: bool) -> None:
        """Take an address off; one that is not on is fine. ``opt_in`` tells a carrier to take texts again.

        Raises SuppressionNotLiftedError when the provider cannot be told.
        """


class SigningKeys(Protocol):
    """The secrets that tokens are signed with."""

    def secrets(self) -> Sequence[bytes]:
        """Return the present secret, then those that still verify."""


class SendJob(Struct, frozen=True):
    """Work for the sending functions: one attempt of one notification. ``entry_key`` is set on resends."""

    account_id: str
    notification_id: str
    attempt: int
    entry_key: str = ""


class SendQueue(Protocol):
    """Where send orders wait."""

    def put(self, orders: Sequence[SendJob]) -> None:
        """Queue orders; raises RetryableError when any was not taken."""
