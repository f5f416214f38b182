"""Reconciling counters: which days are checked, corrected and recounted, and when."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

import pytest

from tests.builders.items import ACCOUNT
from tests.fakes import FakeAccountStore
from undelivered.domain.account_settings import AccountSettings
from undelivered.services.reconcile_counts import CountDrift, ReconcileCounts

NOW = datetime(2026, 11, 23, 0, 30, tzinfo=UTC)
TODAY = date(2026, 11, 23)
EDGE = TODAY - timedelta(days=30)
OLDEST = TODAY - timedelta(days=198)
"""The oldest day of history that is complete, if history is kept for 200 days."""


def days_ago(number: int) -> date:
    return TODAY - timedelta(days=number)


@dataclass
class FakeCounters:
    """Drifts by account and day, as a test sets them, and the calls that change something, in order."""

    live: dict[tuple[str, date], dict[str, int] | None] = field(default_factory=dict)
    failed: dict[tuple[str, date], dict[str, int] | None] = field(default_factory=dict)
    recount: dict[str, list[date]] = field(default_factory=dict)
    claimed: set[tuple[str, date]] = field(default_factory=set)
    unbalanced: dict[str, list[date]] = field(default_factory=dict)
    calls: list[tuple] = field(default_factory=list)

    def claim(self, account_id, day):
        is_new = (account_id, day) not in self.claimed
        self.claimed.add((account_id, day))
        return is_new

    def drift(self, account_id, day):
        return self.live.get((account_id, day), {})

    def unbalanced_days(self, account_id, first, last):
        return [day for day in self.unbalanced.get(account_id, []) if first <= day <= last]

    def failed_drift(self, account_id, day):
        return self.failed.get((account_id, day), {})

    def failed_days(self, account_id, first, last):
        return sorted(day for account, day in self.failed if account == account_id and first <= day <= last)

    def correct(self, account_id, day, drift):
        self.calls.append(("correct", account_id, day, drift))

    def correct_failed(self, account_id, day, drift):
        self.calls.append(("correct failed", account_id, day, drift))

    def compact(self, account_id, first, last):
        self.calls.append(("compact", account_id, first, last))

    def days_to_recount(self, account_id, now):
        assert isinstance(now, datetime)
        return list(self.recount.get(account_id, []))

    def save_days_to_recount(self, account_id, days):
        self.recount[account_id] = list(days)
        self.calls.append(("recount", account_id, list(days)))


class World:
    def __init__(self, *account_ids):
        self.now = NOW
        self.counters, self.accounts = FakeCounters(), FakeAccountStore()
        for account_id in account_ids or (ACCOUNT,):
            self.accounts.save_settings(AccountSettings(account_id, history_days=200))
        self.reconcile = ReconcileCounts(self.counters, self.accounts, lambda: self.now)

    def run(self, has_time=lambda: True):
        return self.reconcile(has_time)


def test_an_account_is_compacted_and_checked_once_a_day():
    world = World(ACCOUNT, "acc-2")

    assert world.run() == world.run() == []

    assert world.counters.calls == [
        ("compact", ACCOUNT, days_ago(31), days_ago(1)),
        ("compact", "acc-2", days_ago(31), days_ago(1)),
    ]


def test_every_day_of_the_report_but_today_is_checked_once_a_month():
    world = World()
    checked = set()
    world.counters.drift = lambda _, day: checked.add((world.now.date() - day).days) or {}

    for _ in range(29):
        world.run()
        world.now += timedelta(days=1)

    assert checked == set(range(1, 30))


def test_a_drift_of_the_live_counters_is_corrected_and_reported():
    world = World()
    world.counters.live = {(ACCOUNT, days_ago(number)): {"eh": 2, "es": -1} for number in range(1, 30)}

    (drift,) = world.run()

    assert drift == CountDrift(ACCOUNT, "live", drift.day, {"eh": 2, "es": -1})
    assert world.counters.calls[1:] == [("correct", ACCOUNT, drift.day, {"eh": 2, "es": -1})]


def test_a_day_that_kept_changing_is_not_corrected_and_not_reported():
    world = World()
    world.counters.live = {(ACCOUNT, days_ago(number)): None for number in range(1, 30)}

    assert world.run() == []
    assert [call[0] for call in world.counters.calls] == ["compact"]


def test_nothing_is_done_without_time():
    world = World()
    world.counters.recount = {ACCOUNT: [days_ago(1)]}

    assert world.run(lambda: False) == []
    assert world.counters.calls == []


def test_days_that_were_counted_before_the_work_was_are_counted_again_at_once_and_without_an_alarm():
    world = World()
    world.run()
    world.counters.calls.clear()
    world.counters.unbalanced = {ACCOUNT: [days_ago(32), days_ago(31), days_ago(2), TODAY]}
    world.counters.live = {
        (ACCOUNT, days_ago(32)): {"work.correct": 9},
        (ACCOUNT, days_ago(31)): {"work.correct": 4},
        (ACCOUNT, days_ago(2)): {"work.correct": 2, "eh": 1},
        (ACCOUNT, TODAY): None,
    }

    drifts = world.run()

    assert world.counters.calls == [
        ("correct", ACCOUNT, days_ago(31), {"work.correct": 4}),
        ("correct", ACCOUNT, days_ago(2), {"work.correct": 2, "eh": 1}),
    ]
    assert drifts == [CountDrift(ACCOUNT, "live", days_ago(2), {"work.correct": 2, "eh": 1})]


def test_unbalanced_days_are_counted_until_time_runs_out():
    world = World()
    world.counters.unbalanced = {ACCOUNT: [days_ago(3), days_ago(2)]}
    world.counters.live = {(ACCOUNT, days_ago(number)): {"work.leave": 1} for number in (2, 3)}
    looks = iter([True, True, False, False])

    world.run(lambda: next(looks))

    assert [call for call in world.counters.calls if call[0] == "correct"] == [
        ("correct", ACCOUNT, days_ago(3), {"work.leave": 1})
    ]


def test_accounts_are_reconciled_until_time_runs_out():
    world = World(ACCOUNT, "acc-2")
    answers = iter([True, False])

    world.run(lambda: next(answers))

    assert world.counters.calls == [("compact", ACCOUNT, days_ago(31), days_ago(1))]


def test_days_are_recounted_one_by_one_until_time_runs_out():
    world = World()
    world.counters.recount = {ACCOUNT: [days_ago(3), days_ago(2), days_ago(1)]}
    world.counters.failed = {(ACCOUNT, days_ago(2)): {"eh.mailbox_disabled": 1}}
    answers = iter([True, True, True, False])

    world.run(lambda: next(answers))

    assert world.counters.calls[:3] == [
        ("recount", ACCOUNT, [days_ago(2), days_ago(1)]),
        ("correct failed", ACCOUNT, days_ago(2), {"eh.mailbox_disabled": 1}),
        ("recount", ACCOUNT, [days_ago(1)]),
    ]
    assert world.counters.recount == {ACCOUNT: [days_ago(1)]}


@pytest.mark.parametrize(
    ("day", "is_done", "is_counted"),
    [
        (OLDEST - timedelta(days=1), True, False),
        (OLDEST, True, True),
        (EDGE - timedelta(days=3), True, True),
        (EDGE - timedelta(days=2), False, False),
        (EDGE, False, False),
        (EDGE + timedelta(days=1), False, False),
        (EDGE + timedelta(days=2), True, True),
        (TODAY, True, True),
    ],
)
def test_a_day_is_recounted_unless_its_items_are_expiring_or_moving_to_history(day, is_done, is_counted):
    world = World()
    world.counters.recount = {ACCOUNT: [day]}
    world.counters.failed = {(ACCOUNT, day): {"eh.mailbox_disabled": 1}}

    world.run()

    assert (world.counters.recount == {ACCOUNT: []}) is is_done
    assert (("correct failed", ACCOUNT, day, {"eh.mailbox_disabled": 1}) in world.counters.calls) is is_counted


def test_a_day_that_kept_changing_is_recounted_in_a_later_run():
    world = World()
    world.counters.recount = {ACCOUNT: [days_ago(2), days_ago(1)]}
    world.counters.failed = {(ACCOUNT, days_ago(2)): None}

    world.run()

    assert world.counters.recount == {ACCOUNT: [days_ago(2)]}


@pytest.mark.parametrize("fix", [True, False])
def test_all_days_of_the_report_and_of_history_are_checked_and_corrected_only_when_asked(fix):
    world = World()
    live = {"eh": 1}
    failed = {"eh.mailbox_disabled": -1}
    world.counters.live = {(ACCOUNT, days_ago(30)): live, (ACCOUNT, days_ago(5)): None}
    tomorrow = TODAY + timedelta(days=1)
    days = [OLDEST - timedelta(days=1), OLDEST, EDGE, tomorrow, tomorrow + timedelta(days=1)]
    world.counters.failed = {(ACCOUNT, day): failed for day in days} | {(ACCOUNT, TODAY): {}}

    drifts = list(world.reconcile.all_days(ACCOUNT, fix=fix))

    assert drifts == [
        *(CountDrift(ACCOUNT, "live", days_ago(number), {30: live, 5: None}.get(number, {})) for number in range(31)),
        CountDrift(ACCOUNT, "failed", OLDEST, failed),
        CountDrift(ACCOUNT, "failed", TODAY, {}),
        CountDrift(ACCOUNT, "failed", tomorrow, failed),
    ]
    corrections = [
        ("correct", ACCOUNT, days_ago(30), live),
        ("correct failed", ACCOUNT, OLDEST, failed),
        ("correct failed", ACCOUNT, tomorrow, failed),
    ]
    assert world.counters.calls == (corrections if fix else [])
