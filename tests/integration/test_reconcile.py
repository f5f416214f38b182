"""The reconciliation of counters: the command that recounts, and the log of cleanup when a counter drifts."""

import json
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from infrastructure.cli import reconcile as command
from infrastructure.cli.main import app
from tests.builders.items import ACCOUNT, an_item
from tests.contract.worlds import on_moto
from undelivered import bootstrap
from undelivered.adapters.dynamodb.models import MODELS, CountsModel
from undelivered.domain.erasure import ErasedCounts
from undelivered.entrypoints import cleanup as entrypoint
from undelivered.services.cleanup import CleanupResult
from undelivered.services.ports import NewEntry
from undelivered.services.reconcile_counts import CountDrift

NOON = datetime.now(UTC).replace(hour=0, minute=30)


@pytest.fixture
def world(monkeypatch):
    with on_moto() as made:
        made.clock.now = datetime.now(UTC)
        names = {key: model.Meta.table_name for key, model in MODELS.items()}
        stack = SimpleNamespace(environment={}, tables=lambda: names)
        monkeypatch.setattr(command, "named_stack", lambda *_: stack)
        made.accounts.settings(ACCOUNT)
        made.undelivered.add_new(
            [NewEntry(an_item(number=number, sent_at=NOON - timedelta(days=number))) for number in range(1, 9)]
        )
        yield made


def reconcile(*options):
    result = CliRunner().invoke(app, ["reconcile", *options])
    return result.exit_code, result.stdout


def test_right_counters_are_reported_as_right(world):
    code, said = reconcile("--json")

    result = json.loads(said)
    assert (code, result["accounts"], result["wrong"], result["busy"]) == (0, 1, [], [])


def test_wrong_counters_are_reported_until_they_are_fixed(world):
    day = (NOON - timedelta(days=3)).date()
    CountsModel(ACCOUNT, f"L~{day}~0").delete()

    before, fixing, after = reconcile(), reconcile("--fix"), reconcile()

    assert before[0] == 1
    assert f"{ACCOUNT} {day} live: missing eh +1, work.correct +1" in before[1]
    assert fixing[0] == after[0] == 0
    assert world.reports.count(ACCOUNT, datetime.now(UTC)).total == 8


def test_one_account_may_be_named(world):
    code, said = reconcile("--account", "acc-of-nobody", "--json")

    assert (code, json.loads(said)["wrong"]) == (0, [])


def test_a_local_and_a_deployed_stack_at_once_are_refused():
    code, _ = reconcile("--state-dir", "x", "--stage", "y")

    assert code == 1


def test_cleanup_logs_a_drift_as_an_error_and_counts_it(monkeypatch, capsys, caplog):
    drift = CountDrift(ACCOUNT, "live", date(2026, 11, 3), {"eh": 2, "es": -1})
    monkeypatch.setattr(bootstrap, "clean_up", lambda: lambda *_: CleanupResult())
    monkeypatch.setattr(bootstrap, "send_due_contact_requests", lambda: lambda *_: 0)
    monkeypatch.setattr(bootstrap, "erase_customers", lambda: lambda *_: ErasedCounts())
    monkeypatch.setattr(bootstrap, "reconcile_counts", lambda: lambda *_: [drift])
    monkeypatch.setattr(bootstrap, "build_search_index", lambda: lambda *_: 0)
    monkeypatch.setattr(bootstrap, "announce_incidents", lambda: lambda *_: 0)
    context = SimpleNamespace(
        get_remaining_time_in_millis=lambda: 60_000,
        function_name="cleanup",
        memory_limit_in_mb=256,
        invoked_function_arn="arn:aws:lambda:eu-central-1:123456789012:function:cleanup",
        aws_request_id="request-1",
    )

    entrypoint.cleanup({}, context)

    [error] = [record for record in caplog.records if record.levelname == "ERROR"]
    assert (error.account_id, error.day, error.missing) == (ACCOUNT, "2026-11-03", {"eh": 2, "es": -1})
    assert '"CounterDrift":[3.0]' in capsys.readouterr().out
