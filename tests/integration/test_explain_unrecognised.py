"""`undelivered explain --unrecognised`: what the product could not interpret on a stack."""

import json
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from infrastructure.cli import explain as command
from infrastructure.cli.main import app
from tests.builders.items import ACCOUNT
from tests.contract.worlds import on_moto
from undelivered.adapters.dynamodb.models import MODELS
from undelivered.domain.diagnostic_shape import shape_id
from undelivered.domain.taxonomy import Reason
from undelivered.domain.unrecognised import ShapeMapping

YESTERDAY = datetime.now(UTC).replace(microsecond=0) - timedelta(days=1)


@pytest.fixture
def world(monkeypatch):
    with on_moto() as made:
        names = {key: model.Meta.table_name for key, model in MODELS.items()}
        stack = SimpleNamespace(environment={}, tables=lambda: names)
        monkeypatch.setattr(command, "named_stack", lambda *_: stack)
        for account_id, shape, receiver in [(ACCOUNT, "odd [x]", "a.example"), ("acc-2", "odder", "")]:
            made.accounts.settings(account_id)
            made.unrecognised.record(account_id, shape, receiver, YESTERDAY)
        made.shape_mappings.save(ShapeMapping(ACCOUNT, "odd [x]", Reason.TIMED_OUT))
        yield made


def explain(*options):
    result = CliRunner().invoke(app, ["explain", *options], env={"COLUMNS": "200"})
    return result.exit_code, result.output


def test_the_shapes_of_all_accounts_are_a_table(world):
    code, output = explain("--unrecognised")

    (row,) = [line for line in output.splitlines() if ACCOUNT in line]
    assert code == 0
    assert all(text in row for text in ("odd [x]", "a.example (1)", "timed_out", shape_id("odd [x]")))
    assert "odder" in output


def test_the_shapes_of_one_account_are_lines_of_json(world):
    code, output = explain("--unrecognised", "--account", ACCOUNT, "--json")

    seen = YESTERDAY.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert code == 0
    assert [json.loads(line) for line in output.splitlines()] == [
        {
            "account": ACCOUNT,
            "id": shape_id("odd [x]"),
            "shape": "odd [x]",
            "count": 1,
            "receivers": [{"domain": "a.example", "count": 1}],
            "first_seen": seen,
            "last_seen": seen,
            "reason": "timed_out",
            "audit": [],
        }
    ]


def test_it_says_so_where_there_are_none(world):
    assert explain("--unrecognised", "--account", "acc-3") == (
        0,
        "No diagnostics without a known reason in the past 30 days.\n",
    )


@pytest.mark.parametrize("options", [(), ("--unrecognised", __file__)])
def test_either_files_or_a_stack_are_explained(options):
    assert explain(*options)[0] == 2


def test_a_local_and_a_deployed_stack_at_once_are_refused():
    assert explain("--unrecognised", "--state-dir", "x", "--stage", "y")[0] == 1
