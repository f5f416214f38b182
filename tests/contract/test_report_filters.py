"""Every filter of the report over the same items, which no test changes: in memory, on moto and on DynamoDB Local."""

from collections import Counter
from datetime import date, timedelta

import pytest
from msgspec.structs import replace

from tests.builders.items import ACCOUNT, NOW, an_item, reported, resent
from tests.contract.worlds import BACKENDS, classes
from undelivered.domain.feedback import Outcome
from undelivered.domain.item import LIVE_STATES, Dismissal, State
from undelivered.domain.report_query import Period, ReportFilter
from undelivered.domain.taxonomy import Channel, Fault, Kind, Reason, Status
from undelivered.domain.work import Work
from undelivered.services.report_by_customer import ReportByCustomer

EVERY_STATE = frozenset(State)
MONTH = Period(NOW - timedelta(days=30), NOW + timedelta(days=1))
EVER = Period(NOW - timedelta(days=400), NOW + timedelta(days=1))


def put(world, item):
    """Store an item as it is, whatever its state."""
    world.undelivered.save(None, item)
    return world.undelivered.find(item.account_id, item.entry_key)


def entry_keys(world, limit, wanted):
    """Read the whole list in pages of `limit` items."""
    keys, after = [], None
    while True:
        page = world.reports.page(ACCOUNT, wanted, limit, after, NOW)
        keys += [item.entry_key for item in page.items]
        after = page.next_key
        if after is None:
            return keys


@pytest.fixture(scope="module", params=BACKENDS)
def world(request):
    if request.param == "dynamodb_local":
        request.getfixturevalue("dynamodb_local")
    with BACKENDS[request.param]() as made:
        yield made


@pytest.fixture(scope="module")
def mixed(world):
    """Store items of every class and state, sent over two months, some swept and archived, some not yet."""
    reasons = [
        Reason.MAILBOX_DISABLED,
        Reason.MAILBOX_FULL,
        Reason.ADDRESS_NOT_FOUND,
        Reason.COMPLAINT,
        Reason.UNSUBSCRIBED,
        Reason.SENDER_BLOCKED,
        Reason.SPEND_LIMIT,
    ]
    world.clock.now = NOW - timedelta(days=20)
    stored = []
    for number in range(42):
        channel = Channel.SMS if number % 5 == 0 else Channel.EMAIL
        item = an_item(
            reasons[number % 7],
            number=number,
            days_ago=0.7 + 1.17 * number,
            channel=channel,
            customer_id="" if number == 10 else f"c-{number % 3}",
            title=f"Notice {number % 4}",
        )
        if number % 4 == 1:
            item = resent(item, at=NOW)
        if number % 8 == 5:
            item = reported(item, Outcome.DELIVERED)
        if number % 6 == 2:
            item = replace(item, dismissal=Dismissal(NOW, "m@example.com"))
        if number % 4 == 3:
            item = replace(item, ready_contact="new@example.com")
        stored.append(put(world, item))
    world.clock.now = NOW
    longest_past = [item for item in stored if item.sent_at < NOW - timedelta(days=35)]
    world.undelivered.sweep(ACCOUNT, NOW - timedelta(days=5), 100)
    world.undelivered.archive(longest_past, settle_counters=False)
    return sorted(stored, key=lambda item: item.entry_key, reverse=True)


FILTERS = {
    "what is on the report": {},
    "everything ever": {"period": EVER, "states": EVERY_STATE},
    "expired": {"period": EVER, "states": {State.EXPIRED}},
    "resolved": {"period": EVER, "states": {State.RESOLVED}},
    "dismissed or expired": {"period": EVER, "states": {State.DISMISSED, State.EXPIRED}},
    "resending": {"states": {State.RESENDING}},
    "open": {"states": {State.OPEN}},
    "open, reaching back": {"period": EVER, "states": LIVE_STATES},
    "hard bounces": {"classes": classes(Status.BOUNCED, Kind.HARD)},
    "bounced or invalid": {"classes": classes(Status.BOUNCED) | classes(Status.INVALID)},
    "texts": {"classes": classes(channel=Channel.SMS)},
    "texts ever": {"classes": classes(channel=Channel.SMS), "period": EVER, "states": EVERY_STATE},
    "a customer": {"customer_id": "c-1"},
    "a customer ever": {"customer_id": "c-1", "period": EVER, "states": EVERY_STATE},
    "ready": {"ready": True},
    "to correct": {"work": {Work.CORRECT}},
    "to resend": {"work": {Work.RESEND}},
    "ours to fix": {"work": {Work.OURS}},
    "to leave alone": {"work": {Work.LEAVE}},
    "any work": {"work": frozenset(Work), "period": EVER, "states": EVERY_STATE},
    "texts to correct": {"work": {Work.CORRECT}, "classes": classes(channel=Channel.SMS)},
    "a customer's to resend": {"work": {Work.RESEND}, "customer_id": "c-1"},
    "a customer's that are ready": {"ready": True, "customer_id": "c-1"},
    "our fault": {"faults": {Fault.SENDER}},
    "a reason": {"reasons": {Reason.MAILBOX_FULL}, "period": EVER, "states": EVERY_STATE},
    "a search": {"search": "NOTICE 2", "period": EVER, "states": EVERY_STATE},
    "a search for a recipient": {"search": "person-1"},
    "a search for the address of a resend": {"search": "New@Example", "period": EVER, "states": EVERY_STATE},
    "some days": {"period": Period(NOW - timedelta(days=12), NOW - timedelta(days=5))},
    "days past": {"period": Period(NOW - timedelta(days=44), NOW - timedelta(days=25)), "states": EVERY_STATE},
    "no class at all": {"classes": frozenset()},
    "our failures ever": {"classes": classes(Status.FAILED), "period": EVER, "states": EVERY_STATE},
    "bounced and expired": {"classes": classes(Status.BOUNCED), "period": EVER, "states": {State.EXPIRED}},
    "invalid, open or expired": {
        "classes": classes(Status.INVALID),
        "period": EVER,
        "states": {State.OPEN, State.EXPIRED},
    },
    "bounced, open or resolved": {
        "classes": classes(Status.BOUNCED),
        "period": EVER,
        "states": {State.OPEN, State.RESOLVED},
    },
    "resending or expired": {"period": EVER, "states": {State.RESENDING, State.EXPIRED}},
    "whoever's fault, ever": {"faults": {Fault.UNKNOWN, Fault.SENDER}, "period": EVER, "states": EVERY_STATE},
}


@pytest.mark.parametrize("chosen", FILTERS.values(), ids=FILTERS.keys())
def test_every_filter_shows_exactly_what_it_lets_through(world, mixed, chosen):
    changes = {name: frozenset(value) if isinstance(value, set) else value for name, value in chosen.items()}
    wanted = ReportFilter(**{"period": MONTH, **changes})
    expected = [item.entry_key for item in mixed if wanted.matches(item, NOW)]

    assert entry_keys(world, 4, wanted) == expected
    assert entry_keys(world, 50, wanted) == expected
    assert entry_keys(world, 4, replace(wanted, oldest_first=True)) == expected[::-1]


def customers_with_items(world, limit, wanted):
    """Read the whole list of customers in pages of `limit`."""
    by_customer, groups, after = ReportByCustomer(world.reports, world.undelivered, lambda: NOW), [], None
    while True:
        page = by_customer(ACCOUNT, wanted, limit, after)
        assert len(page.customers) <= limit
        groups += [[item.entry_key for item in customer.items] for customer in page.customers]
        after = page.next_key
        if after is None:
            return groups


@pytest.mark.parametrize("work", [*Work, None])
def test_each_customer_is_listed_once_with_all_their_items_that_match(world, mixed, work):
    wanted = ReportFilter(period=MONTH, work=frozenset({work} if work else ()))
    expected = {}
    for item in mixed:
        if wanted.matches(item, NOW):
            expected.setdefault(item.customer_id or item.recipient, []).append(item.entry_key)

    for limit in (1, 3, 50):
        assert customers_with_items(world, limit, wanted) == list(expected.values())


def test_all_that_failed_is_told_day_by_day(world, mixed):
    first, last = date(2026, 10, 1), date(2026, 11, 23)

    days = world.reports.failures_by_day(ACCOUNT, first, last)

    assert list(days) == [first + timedelta(days=after) for after in range(54)]
    assert sum((Counter(day) for day in days.values()), Counter()) == Counter(
        f"{item.channel[0]}{_letter(item)}.{item.classification.reason}" for item in mixed
    )


def _letter(item):
    kind = item.classification.kind
    return (
        kind[0] if kind else {"invalid": "i", "spammed": "c", "dropped": "d", "failed": "f"}[item.classification.status]
    )
