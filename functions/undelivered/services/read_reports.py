"""Read the report: its number, its pages, one item with all that is known of it, and its figures."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from statistics import median
from typing import Final
from zoneinfo import ZoneInfo

from undelivered.domain.account import Notification
from undelivered.domain.errors import NotFoundError
from undelivered.domain.notification import State, UndeliveredItem
from undelivered.domain.reporting import CLASS_BY_CODE, LiveCount, Period, ReportFilter
from undelivered.domain.resend import Ruling, ruling_on_item
from undelivered.domain.spelling import likely_address
from undelivered.domain.suppression import Suppression
from undelivered.domain.taxonomy import Channel, Fault, Status
from undelivered.services.ports import (
    AccountStore,
    CustomerStore,
    NotificationStore,
    Page,
    ReportReader,
    SuppressionStore,
    UndeliveredStore,
)
from undelivered.services.request_resend import contact_suppression

_PAGE_SIZE: Final = 200
_TOP: Final = 10


@dataclass(frozen=True, slots=True)
class ItemInFull:
    """An item with what is known of it elsewhere. ``notification`` is None when its content is not held."""

    item: UndeliveredItem
    notification: Notification | None
    current_contact: str
    resend: Ruling
    suppression: Suppression | None
    suggestion: str


@dataclass(frozen=True, slots=True)
class Summary:
    """How well what failed in a span was resolved.

    ``resolved`` are those whose message arrived in the end; ``hours_to_resolve`` is the median, None
    without any. ``repeat_recipients`` are addresses with more than one item in the span.
    """

    undelivered: int
    resolved: int
    hours_to_resolve: float | None
    reasons: Sequence[tuple[str, int]]
    repeat_recipients: Sequence[tuple[str, int]]


@dataclass(frozen=True, slots=True)
class ReadReports:
    """The questions that the report answers."""

    undelivered: UndeliveredStore
    reports: ReportReader
    notifications: NotificationStore
    customers: CustomerStore
    suppressions: SuppressionStore
    accounts: AccountStore
    clock: Callable[[], datetime]

    def zone(self, account_id: str) -> ZoneInfo:
        """Return the account's time zone."""
        return ZoneInfo(self.accounts.settings(account_id).time_zone)

    def count(self, account_id: str, now: datetime) -> LiveCount:
        """Return the number on the dashboard."""
        return self.reports.count(account_id, now)

    def page(self, account_id: str, wanted: ReportFilter, limit: int, after: str | None, now: datetime) -> Page:
        """Return a page of the report."""
        return self.reports.page(account_id, wanted, limit, after, now)

    def find(self, account_id: str, entry_key: str) -> ItemInFull:
        """Return an item in full; raises NotFoundError."""
        item = self.undelivered.find(account_id, entry_key)
        if item is None:
            raise NotFoundError("no such item")
        customer = self.customers.find(account_id, item.customer_id) if item.customer_id else None
        contact = customer.contact(item.channel) if customer else ""
        notification = self.notifications.find(account_id, item.notification_id)
        return ItemInFull(
            item,
            notification,
            contact,
            ruling_on_item(
                item,
                self.clock(),
                customer=customer,
                notification=notification,
                suppression=contact_suppression(self.suppressions, item, customer),
            ),
            self._suppression(item, contact),
            _suggestion(item),
        )

    def _suppression(self, item: UndeliveredItem, contact: str) -> Suppression | None:
        """Return what keeps messages from the customer's contact, or from the address that failed."""
        for address in dict.fromkeys(text for text in (contact, item.failure.to) if text):
            found = self.suppressions.find(item.account_id, item.channel, address)
            if found and found.active:
                return found
        return None

    def failures_by_day(self, account_id: str, first: date, last: date) -> Mapping[date, Counter[Status]]:
        """Return how many items failed on each day of a span, by status; every day is there."""
        told = self.reports.failures_by_day(account_id, first, last)
        days = (first + timedelta(days=number) for number in range((last - first).days + 1))
        return {day: _by_status(told.get(day, {})) for day in days}

    def summary(self, account_id: str, period: Period, now: datetime) -> Summary:
        """Return how well what failed in a span was resolved. Reads every item of the span."""
        reasons, recipients, hours = Counter[str](), Counter[str](), list[float]()
        for item in self._items(account_id, ReportFilter(period, states=frozenset(State)), now):
            reasons[item.verdict.reason] += 1
            recipients[item.recipient] += 1
            if item.state is State.RESOLVED and item.last_attempt.report:
                hours.append((item.last_attempt.report.at - _failed_at(item)) / timedelta(hours=1))
        repeated = [(address, number) for address, number in recipients.most_common(_TOP) if number > 1]
        return Summary(
            reasons.total(), len(hours), median(hours) if hours else None, reasons.most_common(_TOP), repeated
        )

    def _items(self, account_id: str, wanted: ReportFilter, now: datetime) -> Iterator[UndeliveredItem]:
        after: str | None = None
        while True:
            page = self.reports.page(account_id, wanted, _PAGE_SIZE, after, now)
            yield from page.items
            if page.next_key is None:
                return
            after = page.next_key


def _failed_at(item: UndeliveredItem) -> datetime:
    first = next(attempt.report for attempt in item.attempts if attempt.report)
    return first.at


def _suggestion(item: UndeliveredItem) -> str:
    """Return the likely spelling of an address that does not exist or cannot be reached; else an empty text."""
    if item.channel is not Channel.EMAIL or item.verdict.fault in {Fault.SENDER, Fault.RECIPIENT_CHOICE}:
        return ""
    return likely_address(item.failure.to)


def _by_status(told: Mapping[str, int]) -> Counter[Status]:
    counted = Counter[Status]()
    for name, number in told.items():
        counted[CLASS_BY_CODE[name.partition(".")[0]].status] += number
    return counted
