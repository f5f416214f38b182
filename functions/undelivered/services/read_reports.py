"""Read the details of an item, and the statistics of the report."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from msgspec import Struct

from undelivered.domain.address_suggestions import suggest_address
from undelivered.domain.errors import NotFoundError
from undelivered.domain.failure_counts import CLASS_BY_CODE, by_bucket, median_time
from undelivered.domain.item import UndeliveredItem
from undelivered.domain.notification import Notification
from undelivered.domain.resend_policy import ResendDecision, decide_item_resend
from undelivered.domain.suppression import Suppression
from undelivered.domain.taxonomy import Channel, Fault, Status
from undelivered.services.keep_attachments import files_are_kept
from undelivered.services.message_suppression import message_suppression
from undelivered.services.ports import (
    AccountStore,
    AttachmentFiles,
    CustomerStore,
    NotificationStore,
    ReportReader,
    SuppressionStore,
    UndeliveredStore,
)
from undelivered.services.readable import readable_or_none
from undelivered.services.request_resend import contact_suppression

_TOP: Final = 10


class ItemDetail(Struct, frozen=True):
    """An item with related data.

    ``notification`` is None if its content is no longer stored. ``suppression`` is the active suppression of the
    current contact or of the address that failed. ``suggestion`` is a corrected address, empty if there is none.
    """

    item: UndeliveredItem
    notification: Notification | None
    current_contact: str
    resend: ResendDecision
    suppression: Suppression | None
    suggestion: str


class Summary(Struct, frozen=True):
    """Statistics of the failures in a range of days.

    ``resolved`` counts items whose message arrived, ``resolved_by_customers`` those of them in which no manager had
    a hand: the customer corrected the contact, and the account's rule resent the message. ``hours_to_resolve`` is
    the median, at most 10 % off, and None if no item was resolved. ``reasons`` and ``repeat_recipients`` (addresses
    with more than one item) hold the ten most frequent with their numbers.
    """

    undelivered: int
    resolved: int
    resolved_by_customers: int
    hours_to_resolve: float | None
    reasons: Sequence[tuple[str, int]]
    repeat_recipients: Sequence[tuple[str, int]]


class ReadReports(Struct, frozen=True):
    """The use cases that read items and statistics."""

    undelivered: UndeliveredStore
    reports: ReportReader
    notifications: NotificationStore
    customers: CustomerStore
    suppressions: SuppressionStore
    accounts: AccountStore
    files: Callable[[], AttachmentFiles]
    clock: Callable[[], datetime]

    def zone(self, account_id: str) -> ZoneInfo:
        """Return the account's time zone."""
        return ZoneInfo(self.accounts.settings(account_id).time_zone)

    def find(self, account_id: str, entry_key: str) -> ItemDetail:
        """Return an item with related data; raises NotFoundError."""
        item = self.undelivered.find(account_id, entry_key)
        if item is None:
            raise NotFoundError("item not found")
        customer = readable_or_none(self.customers.find, account_id, item.customer_id) if item.customer_id else None
        contact = customer.contact(item.channel) if customer else ""
        notification = readable_or_none(self.notifications.find, account_id, item.notification_id)
        decision = decide_item_resend(
            item,
            self.clock(),
            customer=customer,
            notification=notification if files_are_kept(self.files, notification) else None,
            suppression=contact_suppression(self.suppressions, item, customer, notification),
            resend_by=self.accounts.settings(account_id).resend_by,
        )
        return ItemDetail(
            item,
            notification,
            contact,
            decision,
            self._suppression(item, contact, notification),
            _suggestion(item),
        )

    def _suppression(
        self, item: UndeliveredItem, contact: str, notification: Notification | None
    ) -> Suppression | None:
        """Return the active suppression of the customer's contact, or else of the address that failed."""
        for address in dict.fromkeys(text for text in (contact, item.failure.to) if text):
            suppression = message_suppression(
                self.suppressions, item.account_id, item.channel, address, notification, resend=True
            )
            if suppression and suppression.active:
                return suppression
        return None

    def failures_by_day(self, account_id: str, first: date, last: date) -> Mapping[date, Counter[Status]]:
        """Return the number of failures of every day by status."""
        failures = self.reports.failures_by_day(account_id, first, last)
        days = (first + timedelta(days=number) for number in range((last - first).days + 1))
        return {day: _by_status(failures.get(day, {})) for day in days}

    def summary(self, account_id: str, first: date, last: date) -> Summary:
        """Return the statistics of messages sent from the first to the last day."""
        totals = self.reports.totals(account_id, first, last)
        reasons = Counter[str]()
        for name, number in totals.failed.items():
            reasons[name.partition(".")[2]] += number
        median = median_time(by_bucket(totals.resolved))
        by_customers = sum(number for resolution, number in totals.resolved.items() if resolution.by_customer)
        repeated = self.reports.repeat_recipients(account_id, first, last).most_common(_TOP)
        hours = median / timedelta(hours=1) if median is not None else None
        top = reasons.most_common(_TOP)
        return Summary(reasons.total(), totals.resolved.total(), by_customers, hours, top, repeated)


def _suggestion(item: UndeliveredItem) -> str:
    """Return a corrected address if the address may have a typo, else an empty text."""
    if item.channel is not Channel.EMAIL or item.classification.fault in {Fault.SENDER, Fault.RECIPIENT_CHOICE}:
        return ""
    return suggest_address(item.failure.to)


def _by_status(failures: Mapping[str, int]) -> Counter[Status]:
    by_status = Counter[Status]()
    for name, number in failures.items():
        by_status[CLASS_BY_CODE[name.partition(".")[0]].status] += number
    return by_status
