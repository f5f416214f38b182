"""The figures of the summary and the trend, and the upkeep of what they are told from."""

from collections import Counter
from datetime import date, datetime, timedelta
from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.builders.items import ACCOUNT, NOW, an_item, reported, resent
from tests.contract.worlds import BACKENDS, on_moto
from undelivered.adapters.dynamodb.account_store import RECOUNT, Recount
from undelivered.adapters.dynamodb.count_reconciliation import DynamoCountReconciliation
from undelivered.adapters.dynamodb.documents import put_document
from undelivered.adapters.dynamodb.models import CountsModel, shared_connection
from undelivered.adapters.dynamodb.repeat_failure_store import KEPT, DynamoRepeatFailureStore
from undelivered.domain.account_settings import AccountSettings
from undelivered.domain.failure_counts import by_bucket, median_time, resolution_bucket
from undelivered.domain.feedback import Outcome
from undelivered.domain.item import Dismissal
from undelivered.domain.taxonomy import Channel, Reason
from undelivered.domain.work import Work
from undelivered.services.ports import NewEntry
from undelivered.services.reconcile_counts import ReconcileCounts
from undelivered.services.track_repeat_failures import TrackRepeatFailures

TODAY = NOW.date()
SPAN = (TODAY - timedelta(days=29), TODAY)


@pytest.fixture(params=["memory", "moto"])
def world(request):
    with BACKENDS[request.param]() as made:
        yield made


@pytest.fixture
def on_tables():
    with on_moto() as made:
        yield made


def resolve(world, item, hours):
    world.undelivered.save(None, resent(item))
    known = world.undelivered.find(ACCOUNT, item.entry_key)
    failed_at = known.attempts[0].result.at
    world.undelivered.save(known, reported(known, Outcome.DELIVERED, at=failed_at + timedelta(hours=hours)))


def test_what_customers_resolved_is_counted_apart(world):
    for number, by in enumerate(["customer", "manager@example.com"]):
        item = an_item(number=number, days_ago=3)
        world.undelivered.save(None, resent(item, by=by))
        known = world.undelivered.find(ACCOUNT, item.entry_key)
        world.undelivered.save(known, reported(known, Outcome.DELIVERED))

    told = world.reports.totals(ACCOUNT, *SPAN).resolved

    assert sorted(resolution.by_customer for resolution in told.elements()) == [False, True]


def test_what_was_resolved_is_told_with_how_long_it_took(world):
    for number, hours in enumerate([1, 5, 30]):
        resolve(world, an_item(number=number, days_ago=3 + number), hours)
    world.undelivered.save(None, an_item(number=9))

    told = world.reports.totals(ACCOUNT, *SPAN).resolved

    assert told.total() == 3
    assert median_time(by_bucket(told)) / timedelta(hours=1) == pytest.approx(5, rel=0.1)
    assert world.reports.totals(ACCOUNT, TODAY - timedelta(days=3), TODAY).resolved.total() == 1


def test_what_returns_after_all_was_not_resolved(world):
    resolve(world, an_item(), 2)
    known = world.undelivered.find(ACCOUNT, an_item().entry_key)

    world.undelivered.save(known, reported(known, Outcome.FAILED, reason=Reason.MAILBOX_FULL))

    assert world.reports.totals(ACCOUNT, *SPAN).resolved.total() == 0


def test_what_was_resolved_is_no_failure_of_its_own(world):
    resolve(world, an_item(), 2)

    told = world.reports.failures_by_day(ACCOUNT, *SPAN)

    assert sum((Counter(day) for day in told.values()), Counter()) == {"eh.mailbox_disabled": 1}


@given(st.lists(st.floats(1.5, 400 * 24 * 60), min_size=1, max_size=60))
def test_the_median_of_the_histogram_is_a_tenth_off_at_most(minutes):
    buckets = Counter(resolution_bucket(timedelta(minutes=each)) for each in minutes)

    told = median_time(buckets) / timedelta(minutes=1)

    lower = sorted(minutes)[(len(minutes) - 1) // 2]
    assert told == pytest.approx(lower, rel=0.1)
    if len(minutes) % 2:
        assert told == pytest.approx(median(minutes), rel=0.1)


def follow(world, *items):
    noting = TrackRepeatFailures(world.undelivered, DynamoRepeatFailureStore(), world.zones)
    for item in items:
        world.undelivered.add_new([NewEntry(item)])
        noting(None, item)
        noting(None, item)  # the stream may tell a thing twice


def test_addresses_that_fail_again_are_told_with_their_numbers(on_tables):
    world = on_tables
    mine = [an_item(number=n, recipient="x@example.com", customer_id="c-x", days_ago=1 + 2 * n) for n in range(4)]
    other = [an_item(number=10 + n, recipient="y@example.com", customer_id="", days_ago=2) for n in range(2)]
    unknown = [an_item(number=30 + n, recipient="", customer_id="", channel=Channel.SMS) for n in range(2)]

    follow(world, *mine, *other, an_item(number=20), *unknown)

    assert world.reports.repeat_recipients(ACCOUNT, *SPAN) == {"x@example.com": 4, "y@example.com": 2}
    assert world.reports.repeat_recipients(ACCOUNT, TODAY - timedelta(days=4), TODAY) == {
        "x@example.com": 2,
        "y@example.com": 2,
    }


def test_a_day_keeps_the_addresses_with_the_most_items(on_tables):
    store = DynamoRepeatFailureStore()
    for number in range(KEPT + 20):
        store.record(ACCOUNT, f"person-{number}@example.com", {TODAY: 2 + number})

    told = on_tables.reports.repeat_recipients(ACCOUNT, TODAY, TODAY)

    assert len(told) == KEPT
    assert told.most_common(1) == [(f"person-{KEPT + 19}@example.com", KEPT + 21)]


# --- upkeep ----------------------------------------------------------------------------------------------------


def keeping(world, now=NOW):
    return ReconcileCounts(DynamoCountReconciliation(zone_of=world.zones), world.accounts, lambda: now)


def always():
    return True


def test_upkeep_of_a_day_is_done_once(on_tables):
    upkeep = DynamoCountReconciliation(zone_of=on_tables.zones)

    assert [upkeep.claim(ACCOUNT, TODAY), upkeep.claim(ACCOUNT, TODAY)] == [True, False]
    assert upkeep.claim(ACCOUNT, TODAY + timedelta(days=1))


def test_all_days_come_round_and_a_drift_is_found_and_corrected(on_tables):
    world = on_tables
    world.accounts.settings(ACCOUNT)
    world.undelivered.save(None, an_item(days_ago=9))
    CountsModel(ACCOUNT, f"L~{TODAY - timedelta(days=9)}~0").delete()

    found = [drift for after in range(30) for drift in keeping(world, NOW + timedelta(days=after - 9))(always)]

    assert [(drift.day, drift.missing) for drift in found] == [
        (TODAY - timedelta(days=9), {"eh": 1, "work.correct": 1})
    ]
    assert world.reports.count(ACCOUNT, NOW).total == 1


def test_the_work_of_items_counted_before_an_upgrade_is_unknown_until_cleanup_has_run(on_tables):
    world = on_tables
    world.accounts.settings(ACCOUNT)
    days_ago = (0.5, 1.5, 29.5)
    world.undelivered.add_new([NewEntry(an_item(number=days, days_ago=days)) for days in days_ago])
    for days in days_ago:
        shared_connection().client.update_item(
            TableName=CountsModel.Meta.table_name,
            Key={"account_id": {"S": ACCOUNT}, "bucket": {"S": f"L~{(NOW - timedelta(days=days)).date()}~0"}},
            UpdateExpression="REMOVE wc",
        )
    before = world.reports.count(ACCOUNT, NOW)

    drifts = keeping(world)(always)

    after = world.reports.count(ACCOUNT, NOW)
    assert (before.total, before.by_work, drifts) == (3, None, [])
    assert (after.total, after.by_work[Work.CORRECT]) == (3, 3)


def test_reconciling_the_whole_tells_what_is_wrong_and_corrects_it(on_tables):
    world = on_tables
    world.undelivered.add_new([NewEntry(an_item(number=number, days_ago=number)) for number in range(2, 20)])
    for letter in "LT":
        CountsModel(ACCOUNT, f"{letter}~{TODAY - timedelta(days=5)}~0").delete()

    told = [drift for drift in keeping(world).all_days(ACCOUNT, fix=True) if drift.missing]
    again = [drift for drift in keeping(world).all_days(ACCOUNT, fix=False) if drift.missing]

    assert {drift.counters: drift.missing for drift in told} == {
        "live": {"eh": 1, "work.correct": 1},
        "failed": {"eh.mailbox_disabled": 1},
    }
    assert again == []


def test_reconciling_the_whole_reaches_back_as_far_as_history(on_tables):
    world = on_tables
    days = [TODAY - timedelta(days=before) for before in (60, 200, 390)]
    world.clock.now = NOW - timedelta(days=395)
    world.undelivered.add_new([NewEntry(an_item(number=n, days_ago=(TODAY - day).days)) for n, day in enumerate(days)])
    world.clock.now = NOW
    items = [
        world.undelivered.find(ACCOUNT, an_item(number=n, days_ago=(TODAY - d).days).entry_key)
        for n, d in enumerate(days)
    ]
    world.undelivered.sweep(ACCOUNT, NOW, 100)
    world.undelivered.archive(items, settle_counters=False)
    for day in days[:2]:
        CountsModel(ACCOUNT, f"T~{day}~0").delete()

    told = [drift for drift in keeping(world).all_days(ACCOUNT, fix=True) if drift.missing]
    again = [drift for drift in keeping(world).all_days(ACCOUNT, fix=False) if drift.missing]

    assert [(drift.day, drift.missing) for drift in told] == [(day, {"eh.mailbox_disabled": 1}) for day in days[:2]]
    assert again == []


def test_counting_anew_that_is_cut_short_goes_on_where_it_was(on_tables):
    world = on_tables
    world.accounts.save_settings(AccountSettings(ACCOUNT, "UTC"))
    world.undelivered.add_new([NewEntry(an_item(number=number, days_ago=number)) for number in range(2, 8)])
    world.accounts.save_settings(AccountSettings(ACCOUNT, "Pacific/Auckland"))
    upkeep = DynamoCountReconciliation(zone_of=world.zones)
    later = datetime.now(NOW.tzinfo) + timedelta(minutes=5)
    days = upkeep.days_to_recount(ACCOUNT, later)
    checks = iter([True, True, True])  # before the account, and before each of two days

    ReconcileCounts(_Known(upkeep, days), world.accounts, lambda: NOW)(lambda: next(checks, False))

    assert list(upkeep.days_to_recount(ACCOUNT, later)) == list(days[2:])


def test_a_change_of_time_zone_while_days_are_counted_anew_begins_anew(on_tables):
    upkeep, other = (DynamoCountReconciliation(zone_of=on_tables.zones) for _ in range(2))
    on_tables.undelivered.add_new([NewEntry(an_item(number=number, days_ago=number)) for number in range(2, 8)])
    put_document(ACCOUNT, RECOUNT, Recount(1000))
    days = upkeep.days_to_recount(ACCOUNT, NOW)
    put_document(ACCOUNT, RECOUNT, Recount(2000))

    upkeep.save_days_to_recount(ACCOUNT, days[1:])

    assert other.days_to_recount(ACCOUNT, NOW) == days


def test_a_change_of_time_zone_ends_with_right_counters(on_tables):
    world = on_tables
    world.accounts.save_settings(AccountSettings(ACCOUNT, "UTC"))
    items = [an_item(number=number, days_ago=1 + number / 3) for number in range(40)]
    world.undelivered.add_new([NewEntry(item) for item in items])
    resolve(world, an_item(number=50, sent_at=datetime.fromisoformat("2026-11-18T23:30:00Z")), 3)
    before = world.reports.count(ACCOUNT, NOW)

    world.accounts.save_settings(AccountSettings(ACCOUNT, "Pacific/Auckland"))
    world.zones.name = "Pacific/Auckland"
    changed_at = datetime.now(NOW.tzinfo)

    assert world.reports.count(ACCOUNT, NOW) == before
    upkeep = DynamoCountReconciliation(zone_of=world.zones)
    assert upkeep.days_to_recount(ACCOUNT, changed_at) == ()

    days = upkeep.days_to_recount(ACCOUNT, changed_at + timedelta(minutes=5))
    later = ReconcileCounts(_Known(upkeep, days), world.accounts, lambda: NOW)
    later(always)

    sent = Counter(item.sent_at.astimezone(world.zones("")).date() for item in items)
    sent[date(2026, 11, 19)] += 1
    told = world.reports.failures_by_day(ACCOUNT, TODAY - timedelta(days=27), TODAY + timedelta(days=1))
    assert {day: sum(failed.values()) for day, failed in told.items() if failed} == sent
    assert world.reports.totals(ACCOUNT, date(2026, 11, 19), date(2026, 11, 19)).resolved.total() == 1
    assert world.reports.count(ACCOUNT, NOW) == before
    # What lies at the edge waits until nothing is on its way to history any more.
    assert all(day < TODAY - timedelta(days=25) for day in later.counters.left)


class _Known:
    """The upkeep with the days to count anew at hand, since the mark has the time of the machine."""

    def __init__(self, upkeep, days):
        self._upkeep = upkeep
        self._days = days
        self.left = days

    def __getattr__(self, name):
        return getattr(self._upkeep, name)

    def days_to_recount(self, *_):
        return self._days

    def save_days_to_recount(self, account_id, days):
        self.left = days
        self._upkeep.save_days_to_recount(account_id, days)


def test_saving_settings_in_the_same_zone_leaves_nothing_to_recount(on_tables):
    on_tables.accounts.save_settings(AccountSettings(ACCOUNT, "UTC", history_days=90))

    upkeep = DynamoCountReconciliation(zone_of=on_tables.zones)
    assert upkeep.days_to_recount(ACCOUNT, datetime.now(NOW.tzinfo) + timedelta(days=1)) == ()


def test_what_is_dismissed_does_not_make_a_drift(on_tables):
    world = on_tables
    world.undelivered.save(None, an_item())
    known = world.undelivered.find(ACCOUNT, an_item().entry_key)
    world.undelivered.save(known, replace(known, dismissal=Dismissal(NOW, "m")))

    assert all(drift.missing == {} for drift in keeping(world).all_days(ACCOUNT, fix=False))
