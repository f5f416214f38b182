"""The stores keep to the second what begins and ends: in memory, on moto and on DynamoDB Local."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from tests.builders.items import ACCOUNT, NOW, a_notification, a_suppression, an_attempt, an_item, resent
from tests.contract.worlds import BACKENDS
from undelivered.domain.failure_counts import CLASSES
from undelivered.domain.item import LIVE_STATES, State
from undelivered.domain.lifecycle import record_sent
from undelivered.domain.report_query import Period, ReportFilter
from undelivered.domain.taxonomy import Reason

SECOND = timedelta(seconds=1)
EVERY_STATE = frozenset(State)
START, END = NOW - timedelta(days=20), NOW - timedelta(days=10)


@pytest.fixture(params=BACKENDS)
def world(request):
    if request.param == "dynamodb_local":
        request.getfixturevalue("dynamodb_local")
    with BACKENDS[request.param]() as made:
        yield made


def put(world, *moments, reason=Reason.MAILBOX_FULL):
    for number, sent_at in enumerate(moments):
        world.undelivered.save(None, an_item(reason, number=number, sent_at=sent_at))


def shown(world, period, now=NOW, **more):
    wanted = ReportFilter(period, **more)
    return [item.sent_at for item in world.reports.page(ACCOUNT, wanted, 50, None, now).items]


FILTERS = {
    "all": {"states": EVERY_STATE},
    "live": {"states": LIVE_STATES},
    "one class": {"classes": frozenset(each for each in CLASSES if each.name == "bounced.soft.email")},
    "a customer": {"customer_id": "c-1"},
    "by search": {"search": "Rent"},
}


@pytest.mark.parametrize("more", FILTERS.values(), ids=FILTERS)
def test_a_report_begins_with_the_second_of_its_start_and_ends_before_that_of_its_end(world, more):
    for number, sent_at in enumerate([START - SECOND, START, START + SECOND, END - SECOND, END, END + SECOND]):
        item = an_item(Reason.MAILBOX_FULL, number=number, sent_at=sent_at, customer_id="c-1")
        world.undelivered.save(None, item)

    assert shown(world, Period(START, END), **more) == [END - SECOND, START + SECOND, START]


@pytest.mark.parametrize(
    ("end", "latest"), [(END + timedelta(milliseconds=1), END), (END, END - SECOND)], ids=["a fraction", "a second"]
)
def test_a_bound_within_a_second_takes_what_was_sent_with_that_second(world, end, latest):
    put(world, END - SECOND, END, END + SECOND)

    assert shown(world, Period(START, end), states=EVERY_STATE)[0] == latest


def test_a_start_within_a_second_leaves_that_second_out(world):
    put(world, START, START + SECOND)

    assert shown(world, Period(START + timedelta(milliseconds=1), END), states=EVERY_STATE) == [START + SECOND]


def test_items_leave_the_report_with_the_second_their_thirty_days_are_over(world):
    edge = NOW - timedelta(days=30)
    world.clock.now = NOW - timedelta(days=1)
    put(world, edge - SECOND, edge, edge + SECOND)
    world.clock.now = NOW

    assert shown(world, Period(edge - timedelta(days=1), NOW), states=LIVE_STATES) == [edge + SECOND]
    assert world.reports.count(ACCOUNT, NOW).total == 1


def test_they_are_swept_from_that_second_on(world):
    world.clock.now = NOW - timedelta(days=1)
    put(world, NOW - timedelta(days=30))

    assert [world.undelivered.sweep(ACCOUNT, NOW + apart, 10) for apart in (-SECOND, timedelta())] == [0, 1]


def test_a_failure_of_a_message_sent_thirty_days_ago_is_history_and_a_second_later_is_not(world):
    edge = NOW - timedelta(days=30)
    put(world, edge, edge + SECOND)

    assert world.undelivered.sweep(ACCOUNT, NOW + timedelta(days=1), 10) == 1
    assert [item.sent_at for item in world.undelivered.find_by_customer(ACCOUNT, "c-0", 10, in_history=True)] == [edge]


def test_a_resend_comes_due_with_the_second_its_grace_is_over(world):
    running = record_sent(resent(an_item(), at=NOW), 2, "m-2")
    world.undelivered.save(None, running)
    over = NOW + timedelta(hours=16)

    due = [len(world.undelivered.resends_to_settle(at, 10)) for at in (over - SECOND, over)]

    assert due == [0, 1]


def test_a_send_counts_as_unrecorded_after_the_second_it_was_claimed_in(world):
    world.notifications.claim(an_attempt(claimed_at=NOW))

    told = [len(world.notifications.unrecorded(at, 10)) for at in (NOW - SECOND, NOW, NOW + SECOND)]

    assert told == [0, 0, 1]


@pytest.mark.parametrize("fraction", [timedelta(), timedelta(milliseconds=400)])
def test_content_is_held_for_sixty_days_to_the_second(world, fraction):
    handed_over = NOW - timedelta(days=60) + fraction
    world.clock.now = NOW - timedelta(days=1)
    world.notifications.add(a_notification(created_at=handed_over))

    held = []
    for world.clock.now in (NOW - SECOND, NOW + SECOND):
        one = world.notifications.find(ACCOUNT, "n-1") is not None
        assert len(world.notifications.find_many(ACCOUNT, ["n-1"])) == one
        held.append(one)

    assert held == [True, False]


def test_a_lift_is_kept_with_its_fraction_of_a_second(world):
    lifted_at = NOW + timedelta(microseconds=123_456)
    cause = a_suppression(since=lifted_at)
    world.suppressions.save(None, cause)
    known = world.suppressions.find(ACCOUNT, cause.channel, cause.address)
    world.suppressions.save(known, replace(known, lifted_at=lifted_at))

    found = world.suppressions.find(ACCOUNT, cause.channel, cause.address)

    assert (found.lifted_at, found.since, found.active) == (lifted_at, lifted_at, False)
