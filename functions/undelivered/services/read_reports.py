"""Read the report: its number, its pages, one item with all that is known of it, and its figures."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from msgspec import Struct

from undelivered.domain.address_suggestions import suggest_address
from undelivered.domain.errors import NotFoundError
from undelivered.domain.failure_counts import CLASS_BY_CODE, median_time
from undelivered.domain.item import UndeliveredItem
from undelivered.domain.notification import Notification
from undelivered.domain.resend_policy import ResendDecision, decide_item_resend
from undelivered.domain.suppression import Suppression
from undelivered.domain.taxonomy import Channel, Fault, Status
from undelivered.services.ports import (
    AccountStore,
    CustomerStore,
    NotificationStore,
    ReportReader,
    SuppressionStore,
    UndeliveredStore,
)
from undelivered.services.request_resend import contact_suppression

_TOP: Final = 10


class ItemDetail(Struct, frozen=True):
    """An item with what is known of it elsewhere. ``notification`` is None when its content is not held."""

    item: UndeliveredItem
    notification: Notification | None
    current_contact: str
    resend: ResendDecision
    suppression: Suppression | None
    suggestion: str


class Summary(Struct, frozen=True):
    """How well what failed in a span was resolved.

    ``resolved`` are those whose message arrived in the end; ``hours_to_resolve`` is the median, 10 % off at most, None
    without any. ``repeat_recipients`` are addresses with more than one item in the span, a moment old.
    """

    undelivered: int
    resolved: int
    hours_to_resolve: float | None
    reasons: Sequence[tuple[str, int]]
    repeat_recipients: Sequence[tuple[str, int]]


class ReadReports(Struct, frozen=True):
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

    def find(self, account_id: str, entry_key: str) -> ItemDetail:
        """Return an item in full; raises NotFoundError."""
        item = self.undelivered.find(account_id, entry_key)
        if item is None:
            raise NotFoundError("item not found")
        customer = self.customers.find(account_id, item.customer_id) if item.customer_id else None
        contact = customer.contact(item.channel) if customer else ""
        notification = self.notifications.find(account_id, item.notification_id)
        return ItemDetail(
            item,
            notification,
            contact,
            decide_item_resend(
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

    def summary(self, account_id: str, first: date, last: date) -> Summary:
        """Return how well what failed in a span of days was resolved, from what is kept by day."""
        told = self.reports.totals(account_id, first, last)
        reasons = Counter[str]()
        for name, number in told.failed.items():
            reasons[name.partition(".")[2]] += number
        median = median_time(told.resolved)
        repeated = self.reports.repeat_recipients(account_id, first, last).most_common(_TOP)
        hours = median / timedelta(hours=1) if median is not None else None
        return Summary(reasons.total(), told.resolved.total(), hours, reasons.most_common(_TOP), repeated)


def _suggestion(item: UndeliveredItem) -> str:
    """Return the likely spelling of an address that does not exist or cannot be reached; else an empty text."""
    if item.channel is not Channel.EMAIL or item.classification.fault in {Fault.SENDER, Fault.RECIPIENT_CHOICE}:
        return ""
    return suggest_address(item.failure.to)


def _by_status(told: Mapping[str, int]) -> Counter[Status]:
    counted = Counter[Status]()
    for name, number in told.items():
        counted[CLASS_BY_CODE[name.partition(".")[0]].status] += number
    return counted
