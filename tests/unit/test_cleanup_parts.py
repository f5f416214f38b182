"""An error in one part of ``cleanup`` stops no other part, and the invocation fails at its end."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from tests.builders.items import ACCOUNT, NOW, an_attempt, an_item, resent
from tests.builders.sending import Product
from undelivered import bootstrap
from undelivered.domain.erasure import ErasedCounts
from undelivered.domain.errors import RetryableError
from undelivered.entrypoints import cleanup as entrypoint
from undelivered.observability import FunctionFailedError
from undelivered.services.cleanup import CleanupResult
from undelivered.services.customer_data.erase import EraseCustomers
from undelivered.services.reconcile_counts import CountDrift, ReconcileCounts
from undelivered.services.try_each import try_each

CONTEXT = SimpleNamespace(
    function_name="cleanup",
    memory_limit_in_mb=256,
    invoked_function_arn="arn:x",
    aws_request_id="request-1",
    get_remaining_time_in_millis=lambda: 50_000,
)
BUSY = RetryableError("DynamoDB is busy")
PARTS = ["clean_up", "erase_customers", "reconcile_counts"]


def failing(*_, **__):
    raise BUSY


def always():
    return True


@pytest.fixture
def runs(monkeypatch):
    """Return the parts that ran, of which each only notes that it did."""
    ran = []

    def part(name, result):
        def run(_has_time, _on_error):
            ran.append(name)
            return result

        monkeypatch.setattr(bootstrap, name, lambda: run)

    for name, result in zip(PARTS, (CleanupResult(), ErasedCounts(), []), strict=True):
        part(name, result)
    return ran


@pytest.mark.parametrize("failed", PARTS)
def test_the_other_parts_run_and_the_invocation_fails(runs, monkeypatch, failed):
    monkeypatch.setattr(bootstrap, failed, lambda: failing)

    with pytest.raises(FunctionFailedError, match="DynamoDB is busy"):
        entrypoint.cleanup({}, CONTEXT)

    assert runs == [name for name in PARTS if name != failed]


def test_the_invocation_fails_with_all_errors(runs, monkeypatch):
    monkeypatch.setattr(bootstrap, "clean_up", lambda: failing)
    monkeypatch.setattr(bootstrap, "erase_customers", lambda: lambda *_: {}["Grace Hopper"])

    with pytest.raises(FunctionFailedError) as failure:
        entrypoint.cleanup({}, CONTEXT)

    assert "RetryableError: DynamoDB is busy" in str(failure.value)
    assert "KeyError" in str(failure.value)
    assert "Grace" not in str(failure.value)
    assert runs == ["reconcile_counts"]


class Due(Product):
    """A product in which each part of ``CleanUp`` has something to do."""

    def __init__(self):
        super().__init__()
        self.errors = []
        self.items.save(None, an_item(number=1, days_ago=40))
        self.items.items[ACCOUNT, an_item(number=2, days_ago=31).entry_key] = an_item(number=2, days_ago=31)
        silent = resent(an_item(number=3, days_ago=10), at=NOW - timedelta(days=9))
        self.items.save(None, silent)
        self.notifications.claim(an_attempt("n-1", claimed_at=NOW - timedelta(days=1)))
        self.files.kept = {"held/2020-01-01/acc-1/1": b"pdf"}

    def run(self):
        return self.clean_up(always, self.errors.append)


STEPS = {
    "removed": ("items", "sweep"),
    "settled": ("items", "resends_to_settle"),
    "interrupted": ("notifications", "unrecorded"),
    "files": ("files", "remove_expired"),
}


def done(result):
    return {name for name in STEPS if getattr(result, name)}


@pytest.mark.parametrize("failed", STEPS)
def test_each_step_of_cleaning_up_runs_when_another_fails(monkeypatch, failed):
    assert done(Due().run()) == set(STEPS)
    world = Due()
    store, method = STEPS[failed]
    monkeypatch.setattr(getattr(world, store), method, failing)

    assert done(world.run()) == STEPS.keys() - {failed}
    assert world.errors == [BUSY]


def test_an_account_that_cannot_be_swept_stops_no_other(monkeypatch):
    world, swept = Due(), []
    world.accounts.settings("acc-2")

    def sweep(account_id, *_):
        swept.append(account_id)
        if account_id == ACCOUNT:
            raise BUSY
        return 0

    monkeypatch.setattr(world.items, "sweep", sweep)
    world.run()

    assert swept == [ACCOUNT, "acc-2"]
    assert world.errors == [BUSY]


def test_a_resend_and_a_send_that_cannot_be_settled_stop_no_other(monkeypatch):
    world = Due()
    world.items.save(None, resent(an_item(number=4, days_ago=10), at=NOW - timedelta(days=8)))
    world.notifications.claim(an_attempt("n-9", claimed_at=NOW - timedelta(days=1)))
    save, record, tries = world.items.save, world.notifications.record, []

    def once(act):
        def acting(*arguments):
            tries.append(act)
            if tries.count(act) == 1:
                raise BUSY
            return act(*arguments)

        return acting

    monkeypatch.setattr(world.items, "save", once(save))
    monkeypatch.setattr(world.notifications, "record", once(record))
    result = world.run()

    assert (result.settled, result.interrupted) == (1, 1)
    assert world.errors == [BUSY, BUSY]


def test_an_erasure_that_fails_stops_no_other(monkeypatch):
    parts = SimpleNamespace(running=lambda: ["first", "second"])
    erase = EraseCustomers(*[parts] * len(EraseCustomers.__struct_fields__))
    continued, errors = [], []

    def continue_(_self, task, _has_time):
        continued.append(task)
        if task == "first":
            raise BUSY
        return ErasedCounts(1, 1)

    monkeypatch.setattr(EraseCustomers, "_continue", continue_)

    assert erase(always, errors.append) == ErasedCounts(1, 1)
    assert continued == ["first", "second"]
    assert errors == [BUSY]


def test_an_account_whose_counters_cannot_be_read_stops_no_other():
    drifts, errors = [], []

    class Counters:
        def days_to_recount(self, account_id, _now):
            if account_id == "acc-1":
                raise BUSY
            return []

        def unbalanced_days(self, *_):
            return []

        def claim(self, _account_id, _day):
            return True

        def compact(self, *_):
            pass

        def drift(self, *_):
            return {"eh": 1}

        def correct(self, *_):
            pass

    accounts = SimpleNamespace(account_ids=lambda: ["acc-1", "acc-2"])
    reconcile = ReconcileCounts(Counters(), accounts, lambda: datetime(2026, 11, 23, tzinfo=UTC))

    drifts = reconcile(always, errors.append)

    assert [(drift.account_id, drift.missing) for drift in drifts] == [("acc-2", {"eh": 1})]
    assert errors == [BUSY]
    assert all(isinstance(drift, CountDrift) for drift in drifts)


def test_no_piece_is_started_without_time():
    started = []

    try_each(lambda: [1, 2], started.append, lambda: not started, failing)

    assert started == [1]
