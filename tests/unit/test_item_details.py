"""What a manager reads about items, customers and notifications."""

from datetime import date, timedelta

import pytest
from msgspec.structs import replace

from tests.builders.items import (
    ACCOUNT,
    NOW,
    a_customer,
    a_notification,
    a_suppression,
    an_attempt,
    an_item,
)
from tests.fakes import (
    FakeAccountStore,
    FakeAttachmentFiles,
    FakeCustomerStore,
    FakeNotificationStore,
    FakeReportReader,
    FakeSuppressionStore,
    FakeUndeliveredStore,
)
from undelivered.domain.errors import InvalidInputError, NotFoundError
from undelivered.domain.failure_counts import FailedTotals, Resolution, median_time, resolution_bucket
from undelivered.domain.resend_policy import ResendCode, ResendDecision, refusal
from undelivered.domain.resender import Resender
from undelivered.domain.suppression import SuppressionReason
from undelivered.domain.taxonomy import Channel, Reason, Status
from undelivered.services.find_notification import FindNotification, NotificationStatus
from undelivered.services.list_suppressions import ListSuppressions
from undelivered.services.manage_customers import CustomerChange, CustomerState, ManageCustomers
from undelivered.services.read_reports import ItemDetail, ReadReports, Summary

READY = ResendDecision(allowed=True, code=None, detail="Ready to resend.", resenders=(Resender.UNDELIVERED,))
KEY_OF_NOTHING = "2026-11-01T00:00:00Z~nothing~000000000000"


class World:
    def __init__(self):
        self.now = NOW
        self.items, self.customers = FakeUndeliveredStore(clock=lambda: self.now), FakeCustomerStore()
        self.notifications = FakeNotificationStore(clock=lambda: self.now)
        self.suppressions = FakeSuppressionStore()
        self.reports, self.files = FakeReportReader(self.items), FakeAttachmentFiles()
        self.read = ReadReports(
            self.items,
            self.reports,
            self.notifications,
            self.customers,
            self.suppressions,
            FakeAccountStore(),
            lambda: self.files,
            lambda: self.now,
        )
        self.manage = ManageCustomers(self.customers, self.items, lambda: self.now)

    def fail(self, reason=Reason.MAILBOX_FULL, **changes):
        item = an_item(reason, **{"recipient": "ada@example.com", **changes})
        self.items.save(None, item)
        return self.items.find(ACCOUNT, item.entry_key)

    def detail(self, item):
        return self.read.find(ACCOUNT, item.entry_key)


def test_an_item_is_read_with_its_notification_its_contact_and_whether_it_can_be_resent():
    world = World()
    item = world.fail()
    notification = a_notification()
    world.notifications.add(notification)
    world.customers.save(a_customer(email="new@example.com"))

    assert world.detail(item) == ItemDetail(item, notification, "new@example.com", READY, None, "")


def test_an_item_without_a_customer_or_content_is_read_too():
    world = World()
    item = world.fail(customer_id="")
    world.customers.save(a_customer(""))

    assert world.detail(item) == ItemDetail(item, None, "", refusal(ResendCode.NO_CONTACT), None, "")


@pytest.mark.parametrize("suppressed", ["new@example.com", "ada@example.com", "both"])
def test_the_suppression_of_the_contact_is_shown_before_that_of_the_failed_address(suppressed):
    world = World()
    item = world.fail()
    world.notifications.add(a_notification())
    world.customers.save(a_customer(email="new@example.com"))
    addresses = ["ada@example.com", "new@example.com"] if suppressed == "both" else [suppressed]
    for address in addresses:
        world.suppressions.save(None, a_suppression(address, reason=SuppressionReason.COMPLAINT))

    detail = world.detail(item)

    assert detail.suppression.address == addresses[-1]
    is_blocked = "new@example.com" in addresses
    assert detail.resend == (refusal(ResendCode.BLOCKED_BY_COMPLAINT) if is_blocked else READY)


def test_a_lifted_suppression_is_not_shown():
    world = World()
    item = world.fail()
    world.suppressions.save(None, a_suppression("ada@example.com", lifted_at=NOW))

    assert world.detail(item).suppression is None


@pytest.mark.parametrize(
    ("reason", "channel", "recipient", "suggestion"),
    [
        (Reason.DOMAIN_NOT_FOUND, Channel.EMAIL, "ada@gmial.com", "ada@gmail.com"),
        (Reason.SENDER_BLOCKED, Channel.EMAIL, "ada@gmial.com", ""),
        (Reason.COMPLAINT, Channel.EMAIL, "ada@gmial.com", ""),
        (Reason.NUMBER_INVALID, Channel.SMS, "ada@gmial.com", ""),
        (Reason.MAILBOX_FULL, Channel.EMAIL, "ada@gmail.com", ""),
    ],
)
def test_a_corrected_address_is_suggested_where_a_typo_can_be_the_cause(reason, channel, recipient, suggestion):
    world = World()

    assert world.detail(world.fail(reason, channel=channel, recipient=recipient)).suggestion == suggestion


@pytest.mark.parametrize("account_id", [ACCOUNT, "acc-2"])
def test_an_unknown_item_is_not_found(account_id):
    world = World()
    key = KEY_OF_NOTHING if account_id == ACCOUNT else world.fail().entry_key

    with pytest.raises(NotFoundError):
        world.read.find(account_id, key)


def test_failures_are_counted_by_day_and_status_with_days_that_have_none():
    world = World()
    world.fail(Reason.MAILBOX_FULL, number=1, days_ago=2)
    world.fail(Reason.MAILBOX_DISABLED, number=2, days_ago=2)
    world.fail(Reason.ADDRESS_NOT_FOUND, number=3, days_ago=2)
    world.fail(Reason.COMPLAINT, number=4, days_ago=0)
    days = [date(2026, 11, 21), date(2026, 11, 22), date(2026, 11, 23)]

    assert world.read.failures_by_day(ACCOUNT, days[0], days[2]) == {
        days[0]: {Status.BOUNCED: 2, Status.INVALID: 1},
        days[1]: {},
        days[2]: {Status.SPAMMED: 1},
    }
    assert list(world.read.failures_by_day(ACCOUNT, days[0], days[0])) == days[:1]


def test_days_that_the_report_does_not_name_have_no_failures():
    world = World()
    world.reports.failures_by_day = lambda *_: {}

    assert world.read.failures_by_day(ACCOUNT, NOW.date(), NOW.date()) == {NOW.date(): {}}


def test_a_summary_adds_up_classes_and_keeps_the_ten_most_frequent():
    world = World()
    first, last = date(2026, 11, 1), date(2026, 11, 23)
    reasons = {f"eh.reason-{number:02}": 20 - number for number in range(12)}
    world.reports.totals = lambda *_: FailedTotals(
        {"es.mailbox_full": 30, "ss.mailbox_full": 3, **reasons},
        _counter({Resolution(resolution_bucket(timedelta(hours=2))): 3, Resolution(28, by_customer=True): 2}),
    )
    world.reports.repeat_recipients = lambda *_: _counter({f"p-{number:02}": 40 - number for number in range(12)})

    assert world.read.summary(ACCOUNT, first, last) == Summary(
        33 + sum(reasons.values()),
        5,
        2,
        pytest.approx(2, rel=0.1),
        [("mailbox_full", 33), *((f"reason-{number:02}", 20 - number) for number in range(9))],
        [(f"p-{number:02}", 40 - number) for number in range(10)],
    )


def test_a_summary_of_nothing_has_no_time_to_resolve():
    assert World().read.summary(ACCOUNT, NOW.date(), NOW.date()) == Summary(0, 0, 0, None, [], [])


def _counter(numbers):
    return type(FailedTotals().failed)(numbers)


@pytest.mark.parametrize(
    ("hours", "median"),
    [([1], 1), ([1, 2, 30], 2), ([1, 2], 1), ([1, 1, 1, 50, 60], 1), ([1, 50, 60, 70], 50), ([5, 5, 5, 1], 5)],
)
def test_the_median_is_the_middle_duration_at_most_a_tenth_off(hours, median):
    buckets = _counter(resolution_bucket(timedelta(hours=number)) for number in hours)

    assert median_time(buckets) / timedelta(hours=1) == pytest.approx(median, rel=0.1)


def test_there_is_no_median_of_nothing_and_empty_buckets_are_passed_over():
    assert median_time({}) is median_time({3: 0}) is None
    assert median_time({0: 0, 4: 2, 8: 0}) == median_time({4: 1})
    assert median_time({0: 1, 4: -1, 8: 2}) == median_time({0: 1})


def test_a_notification_is_found_with_its_attempts_and_its_items_on_the_report():
    world = World()
    find = FindNotification(world.notifications, world.items, lambda: world.now)
    notification = a_notification()
    world.notifications.add(notification)
    world.notifications.claim(an_attempt())
    item = world.fail(days_ago=3)
    world.fail(number=2, customer_id="c-1", notification_id="n-2")
    world.fail(number=3, customer_id="c-2", notification_id="n-1")

    assert find(ACCOUNT, "n-1") == NotificationStatus(notification, [an_attempt()], [item])
    world.items.live_items_of_customer = lambda *_: [item]
    world.now = item.leaves_at
    assert find(ACCOUNT, "n-1").items == []
    for account_id, notification_id in ((ACCOUNT, "n-9"), ("acc-2", "n-1")):
        with pytest.raises(NotFoundError):
            find(account_id, notification_id)


def test_a_customer_is_found_with_the_items_that_are_ready_to_resend():
    world = World()
    customer = world.customers.save(a_customer())
    ready = world.fail(number=1, customer_id="c-1", days_ago=3)
    other = world.fail(number=2, customer_id="c-1", days_ago=2)
    ready = replace(ready, ready_contact="new@example.com")
    world.items.live_items_of_customer = lambda *_: [ready, other]

    assert world.manage.find(ACCOUNT, "c-1") == CustomerState(customer, [ready])
    world.now = ready.leaves_at
    assert world.manage.find(ACCOUNT, "c-1") == CustomerState(customer, [])


@pytest.mark.parametrize(("text", "customers"), [("Ada@Example.com", 1), ("0012065550100", 1), ("bob@example.com", 0)])
def test_customers_are_found_by_either_contact(text, customers):
    world = World()
    world.customers.save(a_customer(phone="+12065550100"))

    assert len(world.manage.find_by_address(ACCOUNT, text)) == customers


@pytest.mark.parametrize("text", ["ada@", "12345"])
def test_a_search_for_what_is_no_contact_is_refused_by_the_name_of_the_parameter(text):
    with pytest.raises(InvalidInputError) as refused:
        World().manage.find_by_address(ACCOUNT, text)

    assert refused.value.field == "address"


@pytest.mark.parametrize(("email", "phone"), [("ada@example.com", "+12065550100"), ("ada@example.com", "")])
def test_a_change_that_keeps_the_contacts_keeps_the_times_of_their_changes(email, phone):
    world = World()
    before = NOW - timedelta(days=9)
    world.customers.save(a_customer(email=email, phone=phone, email_changed_at=before, phone_changed_at=before))

    customer = world.manage.update(ACCOUNT, "c-1", CustomerChange("Ada", None, None)).customer

    assert (customer.name, customer.email_changed_at, customer.phone_changed_at) == ("Ada", before, before)


def test_a_customer_must_have_a_name():
    with pytest.raises(InvalidInputError) as refused:
        World().manage.replace(ACCOUNT, "c-1", CustomerChange(None, "ada@example.com", None))

    assert (refused.value.field, refused.value.message) == ("name", "is required")


def test_a_changed_contact_has_the_time_of_its_change_and_flags_what_failed_at_the_old_one():
    world = World()
    item = world.fail(Reason.ADDRESS_NOT_FOUND, days_ago=3, customer_id="c-1")
    world.manage.replace(ACCOUNT, "c-1", CustomerChange(" Ada Byron ", "ada@example.com", ""))
    world.now = NOW + timedelta(hours=1)

    state = world.manage.update(ACCOUNT, "c-1", CustomerChange(None, "New@Example.com", None))

    assert state.customer == a_customer(
        email="new@example.com", email_changed_at=world.now, phone_changed_at=None, version=2
    )
    assert state.ready == [replace(item, ready_contact="new@example.com")]
    assert world.items.find(ACCOUNT, item.entry_key).ready_contact == "new@example.com"


def test_an_item_that_leaves_the_report_this_moment_is_not_flagged():
    world = World()
    item = world.fail(Reason.ADDRESS_NOT_FOUND, customer_id="c-1")
    world.customers.save(a_customer(email="new@example.com"))
    world.items.live_items_of_customer = lambda *_: [item]
    world.now = item.leaves_at

    assert world.manage.update(ACCOUNT, "c-1", CustomerChange("Ada", None, None)).ready == []
    assert world.items.find(ACCOUNT, item.entry_key).ready_contact == ""


def test_suppressions_of_one_reason_are_listed_page_by_page():
    world = World()
    listing = ListSuppressions(world.suppressions)
    for number in range(12):
        reason = SuppressionReason.MANUAL if number % 4 == 0 else SuppressionReason.BOUNCE
        world.suppressions.save(None, a_suppression(f"p-{number:02}@example.com", reason=reason))

    def page(limit, after=None):
        found, last = listing(ACCOUNT, channel=Channel.EMAIL, reason=SuppressionReason.MANUAL, limit=limit, after=after)
        return [suppression.address[:4] for suppression in found], last

    first, after = page(2)
    assert (first, page(2, after)) == (["p-00", "p-04"], (["p-08"], None))
    assert page(9) == (["p-00", "p-04", "p-08"], None)


def test_each_read_of_a_page_asks_for_what_is_missing():
    world = World()
    limits = []

    def page(_account_id, _channel, limit, after):
        limits.append((limit, after))
        return [a_suppression(reason=SuppressionReason.MANUAL), a_suppression()], str(len(limits))

    world.suppressions.page = page

    found, after = ListSuppressions(world.suppressions)(
        ACCOUNT, channel=None, reason=SuppressionReason.MANUAL, limit=3, after=None
    )

    assert (len(found), after) == (3, "3")
    assert limits == [(3, None), (2, "1"), (1, "2")]
