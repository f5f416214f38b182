"""Items leave the count with the second, whatever else happens at the edge of their thirty days."""

import random
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from types import SimpleNamespace

import pytest
from msgspec.structs import replace

from tests.builders.items import ACCOUNT, NOW, a_customer, a_notification, an_item, resent
from tests.contract.worlds import on_dynamodb_local, on_moto
from tests.fakes import FakeAttachmentFiles
from undelivered.adapters.dynamodb import report_reader
from undelivered.adapters.dynamodb.client import query_all
from undelivered.adapters.dynamodb.count_reconciliation import DynamoCountReconciliation
from undelivered.adapters.dynamodb.item_rows import item_of
from undelivered.adapters.dynamodb.models import UndeliveredModel
from undelivered.adapters.dynamodb.undelivered_store import DynamoUndeliveredStore
from undelivered.domain.errors import RefusedError, RetryableError, StaleWriteError
from undelivered.domain.failure_counts import class_of
from undelivered.domain.item import LIVE_STATES, Dismissal, State
from undelivered.domain.resend_policy import ResendCode
from undelivered.domain.taxonomy import Reason
from undelivered.services.dismiss import Dismiss
from undelivered.services.manage_customers import CustomerChange, ManageCustomers
from undelivered.services.ports import NewEntry
from undelivered.services.request_resend import RequestResend

REASONS = (Reason.MAILBOX_DISABLED, Reason.MAILBOX_FULL, Reason.COMPLAINT)
THIRTY_DAYS = timedelta(days=30)
MIDNIGHT = NOW.replace(hour=23, minute=52, second=0)


@pytest.fixture
def world():
    with on_moto() as made:
        yield made


def leaving(at, number, reason=Reason.MAILBOX_FULL):
    return an_item(reason, number=number, sent_at=at - THIRTY_DAYS)


def items_of(account_id=ACCOUNT):
    return [item_of(row) for row in query_all(UndeliveredModel, account_id, None, consistent=True)]


def counted(world, now):
    told = world.reports.count(ACCOUNT, now)
    return {each: number for each, number in told.by_class.items() if number}, told.resending


def by_hand(now):
    live = [item for item in items_of() if item.state in LIVE_STATES and item.leaves_at > now]
    classes = [class_of(item.channel, item.classification) for item in live]
    return {each: classes.count(each) for each in classes}, sum(item.state is State.RESENDING for item in live)


def dismiss(item):
    return replace(item, dismissal=Dismissal(NOW, "m"))


def clear(world, item):
    world.undelivered.save(item, dismiss(item))


def put(world, *items):
    world.undelivered.add_new([NewEntry(item) for item in items])


@pytest.mark.parametrize("start", [NOW, MIDNIGHT])
@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.slow)])
def test_the_count_is_exact_at_every_second(world, start, seed):
    """Clearing, failing late, sweeping, late removals by DynamoDB itself: in any order, as time goes by."""
    chosen = random.Random(seed)
    world.clock.now = start - timedelta(hours=2)
    put(
        world,
        *(
            leaving(start + timedelta(seconds=chosen.randrange(1_500)), number, chosen.choice(REASONS))
            for number in range(40)
        ),
    )
    now, removed = start, []

    for step in range(40):
        now += timedelta(seconds=chosen.choice([1, 7, 20, 60]))
        world.clock.now = now
        stored = items_of()
        match chosen.randrange(6):
            case 0 if stored:
                clear(world, chosen.choice(stored))
            case 1 if stored:
                item = chosen.choice(stored)
                world.undelivered.save(item, replace(item, dismissal=None))
            case 2:
                world.undelivered.save(None, leaving(now + timedelta(seconds=chosen.randrange(1, 900)), 100 + step))
            case 3 if chosen.random() < 0.6:
                world.undelivered.sweep(ACCOUNT, now, 100)
            case 4:
                gone = [item for item in stored if item.leaves_at <= now]
                for item in gone[:2]:
                    UndeliveredModel(ACCOUNT, item.entry_key).delete()
                    removed.append(item)
                    world.undelivered.archive([item], settle_counters=True)
            case 5 if removed:
                world.undelivered.archive([chosen.choice(removed)], settle_counters=True)
        assert counted(world, now) == by_hand(now)
        assert counted(world, now + timedelta(seconds=45)) == by_hand(now + timedelta(seconds=45))
    upkeep = DynamoCountReconciliation(zone_of=world.zones)
    for day in {(moment - THIRTY_DAYS).date() for moment in (start, now, now + timedelta(hours=1))}:
        assert upkeep.drift(ACCOUNT, day) == {}


def test_what_left_on_an_earlier_day_is_not_taken_off_the_days_that_count(world):
    world.clock.now = MIDNIGHT - timedelta(hours=2)
    put(world, *(leaving(MIDNIGHT + timedelta(minutes=number), number) for number in range(20)))

    for minutes in (0, 5, 8, 9, 15, 19):
        now = MIDNIGHT + timedelta(minutes=minutes)
        assert counted(world, now) == by_hand(now)


@pytest.mark.parametrize("is_read_first", [False, True])
def test_a_sweep_during_a_count_changes_nothing(world, monkeypatch, is_read_first):
    world.clock.now = NOW - timedelta(hours=1)
    put(world, *(leaving(NOW + timedelta(minutes=number - 5), number) for number in range(10)))
    before = counted(world, NOW)
    read = report_reader.query_all
    sweeps = []

    def read_beside_a_sweep(*arguments, **options):
        rows = list(read(*arguments, **options)) if is_read_first else None
        if not sweeps:
            sweeps.append(world.undelivered.sweep(ACCOUNT, NOW, 3))
        return read(*arguments, **options) if rows is None else rows

    monkeypatch.setattr(report_reader, "query_all", read_beside_a_sweep)

    assert counted(world, NOW) == before == by_hand(NOW)
    assert sweeps == [3]


def test_cleanup_that_was_down_for_hours_leaves_right_counters(world):
    world.clock.now = NOW - timedelta(hours=2)
    put(world, *(leaving(NOW + timedelta(minutes=number), number) for number in range(1, 60)))
    world.undelivered.sweep(ACCOUNT, NOW, 100)
    later = world.clock.now = NOW + timedelta(minutes=40)
    lagging = counted(world, later)

    removed = world.undelivered.sweep(ACCOUNT, later, 100)

    assert lagging == counted(world, later) == by_hand(later)
    assert removed == 40
    assert DynamoCountReconciliation(zone_of=world.zones).drift(ACCOUNT, (NOW - THIRTY_DAYS).date()) == {}


class _SweptMeanwhile:
    """A store, of those that leave history alone, for which an item leaves between being read and being written."""

    def __init__(self, world):
        self._world = world
        self._store = DynamoUndeliveredStore(
            zone_of=world.zones, history_days_of=lambda _: 400, accept_late_events=False, clock=world.clock
        )

    def __getattr__(self, name):
        return getattr(self._store, name)

    def save(self, before, after):
        self._leave(before)
        self._store.save(before, after)

    def save_many(self, changes):
        for before, _ in changes:
            self._leave(before)
        return self._store.save_many(changes)

    def _leave(self, item):
        self._world.clock.now = item.leaves_at
        self._world.undelivered.sweep(ACCOUNT, item.leaves_at, 100)
        self._world.undelivered.archive([item], settle_counters=False)


@pytest.fixture
def about_to_leave(world):
    """An item in its last second, of a customer with another contact and a message that is held."""
    world.clock.now = NOW - timedelta(hours=1)
    item = leaving(NOW + timedelta(seconds=1), 1)
    put(world, item)
    world.customers.save(a_customer(item.customer_id, email="new@example.com"))
    world.notifications.add(a_notification(item.notification_id, customer_id=item.customer_id))
    world.clock.now = NOW
    return item


def test_who_acts_on_an_item_as_it_leaves_is_told_that_it_has_left(world, about_to_leave):
    key = about_to_leave.entry_key
    resend = RequestResend(
        _SweptMeanwhile(world),
        world.notifications,
        world.customers,
        world.suppressions,
        world.accounts,
        None,
        None,
        FakeAttachmentFiles,
        world.clock,
    )

    with pytest.raises(RefusedError) as dismissed:
        Dismiss(_SweptMeanwhile(world), world.clock)(ACCOUNT, key, by="m", reason="")
    world.clock.now = NOW
    with pytest.raises(RefusedError) as resent_:
        resend(ACCOUNT, key, by="m")

    assert (dismissed.value.code, resent_.value.code) == ("conflict", ResendCode.EXPIRED)
    assert world.undelivered.find(ACCOUNT, key) == replace(about_to_leave, version=1)


def test_many_that_leave_as_they_are_resent_are_refused_one_by_one(world, about_to_leave):
    orders = []
    queue = SimpleNamespace(put=orders.extend)
    resend = RequestResend(
        _SweptMeanwhile(world),
        world.notifications,
        world.customers,
        world.suppressions,
        world.accounts,
        queue,
        None,
        FakeAttachmentFiles,
        world.clock,
    )

    [refused] = resend.many(ACCOUNT, [about_to_leave.entry_key], by="m")

    assert refused.code == ResendCode.EXPIRED
    assert orders == []


def test_a_contact_is_changed_though_the_customers_item_leaves_meanwhile(world, about_to_leave):
    customers = ManageCustomers(world.customers, _SweptMeanwhile(world), world.clock)

    changed = customers.update(ACCOUNT, about_to_leave.customer_id, CustomerChange(email="newer@example.com"))

    assert changed.customer.email == "newer@example.com"
    assert changed.ready == []


def test_many_at_the_edge_at_once_leave_exact_counters(dynamodb_local):
    with on_dynamodb_local() as world:
        world.clock.now = NOW - timedelta(hours=2)
        put(
            world,
            *(leaving(NOW + timedelta(seconds=5 * number), number, REASONS[number % 3]) for number in range(1, 91)),
        )
        stored = items_of()
        world.clock.now = NOW
        ready = threading.Barrier(4)

        def clear_every_third(start):
            ready.wait()
            waiting = stored[start::3]
            while waiting:
                item = waiting.pop(0)
                try:
                    world.undelivered.save(item, dismiss(item) if start else resent(item, at=NOW))
                except StaleWriteError:
                    continue  # swept meanwhile
                except RetryableError:
                    waiting.append(item)

        def sweep():
            ready.wait()
            for after in range(0, 200, 20):
                with suppress(RetryableError):  # the next run of cleanup goes on
                    world.undelivered.sweep(ACCOUNT, NOW + timedelta(seconds=after), 100)

        with ThreadPoolExecutor(4) as pool:
            work = [pool.submit(clear_every_third, start) for start in range(3)] + [pool.submit(sweep)]
            for one in work:
                one.result()

        for after in (200, 300, 440, 450):
            now = NOW + timedelta(seconds=after)
            assert counted(world, now) == by_hand(now)
