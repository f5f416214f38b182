"""What counting and reading cost in capacity, on DynamoDB Local: it is the density of items that matters."""

import random
from datetime import timedelta
from math import ceil

import pytest
from msgspec.structs import replace

from infrastructure.bench.meter import metering, size_of
from tests.builders.items import NOW, a_customer, a_notification, an_attempt, an_item, reported, resent
from tests.contract.worlds import on_dynamodb_local
from undelivered.adapters.dynamodb.client import add, batch_get, transact_write
from undelivered.adapters.dynamodb.counter_names import LIVE
from undelivered.adapters.dynamodb.counters import SHARDS, WRITES
from undelivered.adapters.dynamodb.models import CountsModel, HistoryModel, UndeliveredModel, shared_connection
from undelivered.domain.accepted_message import AcceptedMessage
from undelivered.domain.failure_counts import CLASS_BY_LIVE_CODE, CLASSES
from undelivered.domain.feedback import Outcome
from undelivered.domain.item import Dismissal, State
from undelivered.domain.notification import SendOutcome
from undelivered.domain.report_query import Period, ReportFilter
from undelivered.domain.taxonomy import Channel, Fault, Kind, Reason, Status
from undelivered.services.look_up_notifications import LOOKED_UP, LookUpNotifications
from undelivered.services.ports import NewEntry

MONTH = Period(NOW - timedelta(days=30), NOW + timedelta(days=1))
FAR = Period(NOW - timedelta(days=90), NOW + timedelta(days=1))
BRINK = Period(NOW - timedelta(days=90), NOW - timedelta(days=28))
THIRTY_DAYS = timedelta(days=30)


@pytest.fixture(scope="module")
def world(dynamodb_local):
    with on_dynamodb_local() as made:
        yield made


def full_counters(account_id, each):
    """Let every class of every day have a number, and every young day all its shards: rows as large as they get."""
    for before in range(31):
        day = (NOW - timedelta(days=before)).date()
        for shard in range(SHARDS if before < 3 else 1):  # a day is folded when it is young no more, within a day
            key = {"account_id": {"S": account_id}, "bucket": {"S": f"L~{day}~{shard}"}}
            writes = {WRITES: 9_999} if shard else {}
            transact_write([add(CountsModel, key, dict.fromkeys(LIVE.values(), each) | writes)])


REASONS = (
    Reason.MAILBOX_DISABLED,
    Reason.MAILBOX_FULL,
    Reason.ADDRESS_NOT_FOUND,
    Reason.COMPLAINT,
    Reason.UNREACHABLE,
    Reason.SENDER_BLOCKED,
    Reason.UNSUBSCRIBED,
    Reason.REJECTED,
)


EMPTY_RESPONSE = 0.5
"""What the service takes for a query that finds nothing, eventually consistent; DynamoDB Local takes nothing."""


def counting(world, account_id, now=NOW):
    """Return a count, the read units that DynamoDB Local reports, and what the service takes for empty responses."""
    with metering(shared_connection().client) as usage:
        counted = world.reports.count(account_id, now)
    return counted.total, usage.read_units, EMPTY_RESPONSE * usage.empty_responses


def past_their_time(world, account_id, number):
    """Put items that are past their thirty days and not swept yet, as many a minute as a million a month makes."""
    world.clock.now = NOW - timedelta(days=1)
    items = [
        an_item(
            REASONS[place % len(REASONS)],
            account_id=account_id,
            number=place,
            message_id=f"0107019a2b3c4d5e-6f708192-a3b4-c5d6-e7f8-{place:012x}-000000",
            notification_id=f"8f14e45f-ceea-467f-9f3b-{place:012x}",
            customer_id=f"customer-{place:06}",
            title="Your invoice for November is ready",
            sent_at=NOW - THIRTY_DAYS - timedelta(seconds=60 * place / ITEMS_A_MINUTE),
            diagnostic="smtp; 550 5.2.1 The email account that you tried to reach is disabled. Learn more at the page.",
        )
        for place in range(number)
    ]
    assert world.undelivered.add_new([NewEntry(item) for item in items]) == []


ITEMS_A_MINUTE = ceil(1_000_000 / 30 / 24 / 60)


@pytest.mark.parametrize("items_a_month", [1_000, 100_000, 1_000_000])
def test_a_count_takes_two_units_where_nothing_waits_to_be_swept(world, items_a_month):
    account_id = f"{items_a_month:08}-5d1c-4c0e-9c0e-2b7f4f1d8a63"  # as long as a UUID
    each = ceil(items_a_month / 30 / 12)
    full_counters(account_id, each)

    total, units, empty_responses = counting(world, account_id)

    assert total == each * len(CLASS_BY_LIVE_CODE) * (31 + 3 * (SHARDS - 1))
    assert units <= 2
    assert empty_responses <= EMPTY_RESPONSE


@pytest.mark.parametrize("unswept", [1, ITEMS_A_MINUTE])
def test_a_count_takes_ten_units_at_a_million_items_a_month_between_two_sweeps(world, unswept):
    """The schedule sweeps every minute."""
    account_id = f"unswept-{unswept:04}-4c0e-9c0e-2b7f4f1d8a63-a11"
    full_counters(account_id, ceil(1_000_000 / 30 / 12))
    before, _, _ = counting(world, account_id)
    past_their_time(world, account_id, unswept)

    total, units, empty_responses = counting(world, account_id)

    assert total == before
    assert units + empty_responses <= 10


RATIOS = {
    Reason.MAILBOX_FULL: 400,
    Reason.MAILBOX_DISABLED: 330,
    Reason.ADDRESS_NOT_FOUND: 180,
    Reason.COMPLAINT: 30,
    Reason.SENDER_BLOCKED: 25,
    Reason.SERVER_UNAVAILABLE: 90,
    Reason.UNSUBSCRIBED: 20,
    Reason.SPEND_LIMIT: 1,
}


@pytest.fixture(scope="module")
def skewed(world):
    """A month of some thousand items, most of them bounces, a tenth cleared, few being resent."""
    chosen = random.Random(6)
    world.clock.now = NOW
    items = []
    for number in range(2_400):
        reason = chosen.choices(list(RATIOS), list(RATIOS.values()))[0]
        item = an_item(
            reason,
            account_id="skewed",
            number=number,
            message_id=f"0107019a2b3c4d5e-6f708192-a3b4-c5d6-e7f8-{number:012x}-000000",
            customer_id=f"customer-{number % 40:06}",
            sent_at=NOW - timedelta(minutes=20 + chosen.randrange(29 * 1440)),
            channel=Channel.SMS if number % 9 == 0 else Channel.EMAIL,
            diagnostic="550 5.2.1 The email account that you tried to reach is disabled. " * 2,
        )
        if number % 12 == 3:
            item = reported(resent(item), Outcome.DELIVERED)
        elif number % 50 == 4:
            item = replace(item, dismissal=Dismissal(NOW, "m@example.com"))
        elif number % 200 == 5:
            item = resent(item)
        items.append(item)
    world.undelivered.add_new([NewEntry(item) for item in sorted(items, key=lambda item: item.entry_key)])
    long_ago = [replace(item, sent_at=item.sent_at - THIRTY_DAYS) for item in items[::3]]
    world.undelivered.archive(long_ago, settle_counters=False)
    return items


def of(status=None, kind=None, channel=None):
    return frozenset(
        one
        for one in CLASSES
        if status in {None, one.status} and kind in {None, one.kind} and channel in {None, one.channel}
    )


INDEXED = {
    "everything": {},
    **{f"status {status}": {"classes": of(status)} for status in Status},
    "hard": {"classes": of(kind=Kind.HARD)},
    "soft": {"classes": of(kind=Kind.SOFT)},
    "texts": {"classes": of(channel=Channel.SMS)},
    "spammed texts": {"classes": of(Status.SPAMMED, channel=Channel.SMS)},
    "open": {"states": frozenset({State.OPEN})},
    "resending": {"states": frozenset({State.RESENDING})},
    "resolved": {"states": frozenset({State.RESOLVED})},
    "dismissed": {"states": frozenset({State.DISMISSED})},
    "every state": {"states": frozenset(State)},
    "open or resolved": {"states": frozenset({State.OPEN, State.RESOLVED})},
    "a customer": {"customer_id": "customer-000007"},
    **{f"fault {fault}": {"faults": frozenset({fault})} for fault in Fault},
    **{
        f"status {status}, {name}": {"classes": of(status), "period": period, "states": frozenset(State)}
        for status in Status
        for name, period in {"past included": FAR, "where the past begins": BRINK}.items()
    },
    "expired": {"period": FAR, "states": frozenset({State.EXPIRED})},
}


@pytest.mark.parametrize("limit", [50, 200])
@pytest.mark.parametrize("name", INDEXED)
def test_a_page_takes_twice_what_its_bytes_cost_at_most(world, skewed, name, limit):
    wanted = ReportFilter(**{"period": MONTH, **INDEXED[name]})
    after = None
    for _ in range(2):
        with metering(shared_connection().client) as usage:
            page = world.reports.page("skewed", wanted, limit, after, NOW)
        keys = [item.entry_key for item in page.items]
        rows = [
            (model, row)
            for model in (UndeliveredModel, HistoryModel)
            for row in batch_get(model, "skewed", keys, "entry_key")
        ]
        of_bytes = 0.5 * max(ceil(sum(size_of(row) for _, row in rows) / 4096), 1)
        # Few items of many partitions cost half a unit for each, and again for the one that most come from; a page of
        # nothing asks each of them, once.
        partitions = len({(model, row["class_partition"]["S"]) for model, row in rows})
        assert usage.read_units <= max(2 * of_bytes, 0.5 * (partitions + 1), 3), name
        after = page.next_key
        if after is None:
            break


@pytest.mark.parametrize(("by_address", "goal"), [(False, 80), (True, 60)])
def test_a_lookup_reads_little_more_than_the_titles_of_what_it_shows(world, by_address, goal):
    account_id = f"acc-lookup-{by_address}"
    world.customers.save(a_customer("c-1", account_id=account_id, email="ada@example.com"))
    for number in range(LOOKED_UP):
        at = NOW - timedelta(hours=number)
        notification = a_notification(f"n-{number}", account_id=account_id, created_at=at, text="x" * 1_800)
        world.notifications.add(notification)
        attempt = an_attempt(f"n-{number}", account_id=account_id, claimed_at=at, provider_message_id=f"p-{number}")
        world.notifications.record(replace(attempt, outcome=SendOutcome.SENT))
    look_up = LookUpNotifications(world.customers, world.undelivered, world.notifications, lambda: NOW)

    with metering(shared_connection().client) as usage:
        if by_address:
            found = look_up.to_address(account_id, "ada@example.com")
        else:
            found = look_up.of_customer(account_id, "c-1")
    units = usage.read_units + EMPTY_RESPONSE * usage.empty_responses

    assert [entry.notification_id for entry in found] == [f"n-{number}" for number in range(LOOKED_UP)]
    assert all(entry.title for entry in found)
    assert units <= goal, (units, usage.calls)
    assert usage.write_units == 0


def test_a_record_of_an_accepted_message_takes_two_writes(world):
    message = AcceptedMessage(
        "acc-accepted",
        "0100018c" * 7,
        Channel.EMAIL,
        "ada@example.com",
        NOW,
        NOW,
        "n-1",
        "c-1",
        "Rent" * 20,
        "250 " * 40,
    )
    messages = [replace(message, provider_message_id=f"{message.provider_message_id}-{n}") for n in range(100)]

    with metering(shared_connection().client) as usage:
        world.notifications.add_accepted(messages)

    assert (usage.write_units, usage.calls["BatchWriteItem"]) == (200, 4)
