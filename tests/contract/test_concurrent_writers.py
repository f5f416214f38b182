"""Many writers at once on the real store: whatever they do to each other, the counters and the end are exact."""

import random
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from tests.builders.accounts import message_accounts
from tests.builders.items import ACCOUNT, NOW, a_failure, an_item, reported, resent
from tests.contract.worlds import on_dynamodb_local
from tests.fakes import FakeHashes, FakeShapeMappingStore
from undelivered.adapters.dynamodb.client import query_all
from undelivered.adapters.dynamodb.item_rows import item_of
from undelivered.adapters.dynamodb.models import UndeliveredModel
from undelivered.domain.failure_counts import CLASSES
from undelivered.domain.feedback import Attribution, Feedback, Outcome
from undelivered.domain.item import LIVE_STATES, State
from undelivered.domain.lifecycle import record_sent
from undelivered.domain.taxonomy import Channel, Reason
from undelivered.domain.work import Work, work_of
from undelivered.services.record_feedback import RecordFeedback

WRITERS = 8
MESSAGES = 120
REDELIVERIES = 50
REASONS = (Reason.MAILBOX_DISABLED, Reason.MAILBOX_FULL, Reason.ADDRESS_NOT_FOUND, Reason.SENDER_BLOCKED)


@pytest.fixture
def world(dynamodb_local):
    with on_dynamodb_local() as made:
        yield made


def recorder(world):
    return RecordFeedback(
        world.undelivered,
        world.notifications,
        world.customers,
        world.suppressions,
        world.erasures,
        FakeHashes(),
        FakeShapeMappingStore(),
        message_accounts(),
        world.clock,
    )


def record_until_taken(record, events):
    """Deliver a batch as the queue does: what could not be recorded comes again."""
    waiting = [[event] for event in events]
    for _ in range(REDELIVERIES):
        failed = record(waiting)
        if not failed:
            return
        waiting = [waiting[place] for place in failed]
    raise AssertionError(f"{len(waiting)} messages would be in the dead-letter queue")


def write_at_once(world, batches):
    """Let writers share the batches, all beginning in the same moment."""
    ready = threading.Barrier(WRITERS)

    def work(mine):
        ready.wait()
        record = recorder(world)
        for batch in mine:
            record_until_taken(record, batch)

    with ThreadPoolExecutor(WRITERS) as writers:
        list(writers.map(work, [batches[start::WRITERS] for start in range(WRITERS)]))


def stored(world):
    return {row["entry_key"]["S"]: item_of(row) for row in query_all(UndeliveredModel, ACCOUNT, None, consistent=True)}


def counted(world):
    told = world.reports.count(ACCOUNT, NOW)
    return {each: told.by_class[each] for each in CLASSES if told.by_class[each]}, told.resending, dict(told.by_work)


def counted_by_hand(items):
    live = [item for item in items if item.state in LIVE_STATES]
    by_class = {}
    for item in live:
        each = next(
            each
            for each in CLASSES
            if (each.channel, each.status, each.kind)
            == (item.channel, item.classification.status, item.classification.kind)
        )
        by_class[each] = by_class.get(each, 0) + 1
    by_work = {work: sum(work_of(item) is work for item in live) for work in Work}
    return by_class, sum(item.state is State.RESENDING for item in live), by_work


def failed_ever(world):
    days = world.reports.failures_by_day(ACCOUNT, (NOW - timedelta(days=31)).date(), NOW.date())
    return sum(number for day in days.values() for number in day.values())


def what_is_reported(number):
    """Everything that is told of one message: its failure from both channels of SES, for some a complaint too."""
    about = {
        "message_id": f"m-{number}",
        "recipient": f"person-{number % 90}@example.com",  # some addresses fail more than once
        "sent_at": NOW - timedelta(days=number % 5, seconds=number),
    }
    told = [a_failure(REASONS[number % len(REASONS)], **about)] * 2
    if number % 3 == 0:
        told.append(a_failure(Reason.COMPLAINT, at=about["sent_at"] + timedelta(hours=2), **about))
    return told


def test_overlapping_batches_of_many_writers_count_every_message_once(world):
    events = [event for number in range(MESSAGES) for event in what_is_reported(number)]
    chosen = random.Random(4)
    batches = [chosen.sample(events, 60) for _ in range(2 * WRITERS)]
    batches += [events[start : start + 100] for start in range(0, len(events), 100)]

    write_at_once(world, batches)

    items = stored(world)
    assert len(items) == MESSAGES
    assert counted(world) == counted_by_hand(items.values())
    assert counted(world)[1] == 0
    assert failed_ever(world) == MESSAGES


def test_many_writers_end_where_a_single_one_ends(dynamodb_local):
    events = [event for number in range(MESSAGES) for event in what_is_reported(number)]
    batches = [random.Random(seed).sample(events, len(events))[start::4] for seed in range(4) for start in range(4)]

    with on_dynamodb_local() as world:
        write_at_once(world, batches)
        at_once = end_of(world)
    with on_dynamodb_local() as world:
        record_until_taken(recorder(world), events)
        one_by_one = end_of(world)

    assert at_once == one_by_one


def end_of(world):
    items = {key: (item.attempts, item.state, item.classification) for key, item in stored(world).items()}
    return items, suppressions(world), counted(world), failed_ever(world)


def suppressions(world):
    found, after = [], None
    while True:
        page, after = world.suppressions.page(ACCOUNT, None, 100, after)
        found += [(each.channel, each.address, each.reason, each.since, each.origin) for each in page]
        if after is None:
            return found


def test_resends_that_arrive_while_failures_pour_in_leave_exact_counters(world):
    items = [an_item(Reason.MAILBOX_FULL, number=number, days_ago=2) for number in range(40)]
    for item in items:
        world.undelivered.save(None, item)
        known = world.undelivered.find(ACCOUNT, item.entry_key)
        world.undelivered.save(known, record_sent(resent(known, at=NOW - timedelta(hours=1)), 2, f"r-{item.origin_id}"))
    news = [of_a_resend(item, Outcome.DELIVERED) for item in items]
    returned = [of_a_resend(item, Outcome.FAILED, Reason.MAILBOX_DISABLED) for item in items[::4]]
    fresh = [event for number in range(100, 100 + MESSAGES) for event in what_is_reported(number)]
    everything = [*news, *news, *returned, *fresh]
    batches = [random.Random(seed).sample(everything, len(everything))[:150] for seed in range(WRITERS)]
    batches += [everything[start : start + 70] for start in range(0, len(everything), 70)]

    write_at_once(world, batches)

    kept = stored(world)
    ends = [kept[item.entry_key].state for item in items]
    assert ends == [State.OPEN if place % 4 == 0 else State.RESOLVED for place in range(len(items))]
    assert counted(world) == counted_by_hand(kept.values())


def of_a_resend(item, outcome, reason=None):
    told = reported(item, outcome, reason=reason)
    report = told.attempts[-1].result
    return Feedback(
        channel=Channel.EMAIL,
        provider_message_id=f"r-{item.origin_id}",
        recipient="new@example.com",
        outcome=outcome,
        at=NOW,
        sent_at=NOW - timedelta(hours=1),
        classification=report.classification,
        attribution=Attribution(account_id=ACCOUNT, attempt=2, entry_key=item.entry_key),
    )


@pytest.mark.parametrize("writers", [2, 6])
def test_clearing_and_failing_at_once_counts_what_is_left(world, writers):
    items = [an_item(Reason.MAILBOX_FULL, number=number, days_ago=1) for number in range(30)]
    for item in items:
        world.undelivered.save(None, item)
    past = [an_item(Reason.MAILBOX_FULL, number=number, days_ago=31) for number in range(100, 130)]
    world.clock.now = NOW - timedelta(days=3)
    for item in past:
        world.undelivered.save(None, item)
    world.clock.now = NOW
    ready = threading.Barrier(writers + 1)

    def sweep(_):
        ready.wait()
        return sum(world.undelivered.sweep(ACCOUNT, NOW, 10) for _ in range(4))

    def fail():
        ready.wait()
        again = [
            a_failure(
                Reason.COMPLAINT,
                message_id=f"m-{n}",
                recipient=f"person-{n}@example.com",
                sent_at=NOW - timedelta(days=1),
            )
            for n in range(30)
        ]
        record_until_taken(recorder(world), again)

    with ThreadPoolExecutor(writers + 1) as pool:
        failing = pool.submit(fail)
        swept = sum(pool.map(sweep, range(writers)))
        failing.result()
    swept += world.undelivered.sweep(ACCOUNT, NOW, 100)

    kept = stored(world)
    assert swept == len(past)
    assert len(kept) == len(items)
    assert counted(world) == counted_by_hand(kept.values())
