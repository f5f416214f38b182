"""Restoring from backups: which rows are written, which stay as they are, and which go to history."""

import json
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import boto3
import pytest
from typer.testing import CliRunner

from infrastructure.cli import restore
from infrastructure.cli.main import app
from tests.builders.items import ACCOUNT, a_customer, an_item
from tests.contract.worlds import on_moto
from undelivered.adapters.dynamodb.models import MODELS, CustomerModel, HistoryModel, UndeliveredModel
from undelivered.services.ports import NewEntry

NOON = datetime.now(UTC).replace(hour=0, minute=30)


@pytest.fixture
def world(monkeypatch):
    with on_moto() as made:
        made.clock.now = datetime.now(UTC)
        names = {key: model.Meta.table_name for key, model in MODELS.items()}
        stack = SimpleNamespace(environment={}, tables=lambda: names)
        monkeypatch.setattr(restore, "named_stack", lambda *_: stack)
        made.accounts.settings(ACCOUNT)
        made.customers.save(a_customer())
        made.undelivered.add_new(
            [NewEntry(an_item(number=number, sent_at=NOON - timedelta(days=number))) for number in range(1, 6)]
        )
        yield made


def back_up(name="before"):
    for model in MODELS.values():
        boto3.client("dynamodb").create_backup(TableName=model.Meta.table_name, BackupName=name)


def run(*options, answer=None):
    result = CliRunner().invoke(app, ["restore", *options], input=answer)
    return result.exit_code, result.output


def put_back(*options):
    code, said = run("--backup", "before", "--yes", "--json", *options)
    assert code == 0, said
    return {name: counts["put_back"] for name, counts in json.loads(said.splitlines()[-1])["tables"].items()}


def rename(name):
    row = CustomerModel.get(ACCOUNT, "c-1")
    row.update(actions=[CustomerModel.name.set(name)])


def test_only_what_is_missing_is_put_back_unless_all_is_to_be_overwritten(world):
    back_up()
    rename("Ada Lovelace")
    next(iter(UndeliveredModel.scan(limit=1))).delete()

    first = put_back()
    kept = CustomerModel.get(ACCOUNT, "c-1").name
    second = put_back("--overwrite", "--table", "customers")

    assert (first["undelivered"], first["customers"], kept) == (1, 0, "Ada Lovelace")
    assert second == {"customers": 1}
    assert CustomerModel.get(ACCOUNT, "c-1").name != "Ada Lovelace"
    assert world.reports.count(ACCOUNT, datetime.now(UTC)).total == 5


def test_items_whose_thirty_days_ended_since_come_back_to_history(world):
    row = next(iter(UndeliveredModel.scan(limit=1)))
    row.update(actions=[UndeliveredModel.expires_at.set(NOON - timedelta(days=1))])
    back_up()
    row.delete()

    put_back()

    assert [item.entry_key for item in HistoryModel.scan()] == [row.entry_key]
    assert row.entry_key not in {item.entry_key for item in UndeliveredModel.scan()}


def test_the_tables_restored_beside_are_dropped_again(world):
    back_up()

    put_back()

    assert len(boto3.client("dynamodb").list_tables()["TableNames"]) == len(MODELS)


def test_the_newest_backup_of_a_name_is_taken(world):
    back_up()
    rename("Ada Lovelace")
    back_up()
    rename("Ada King")

    put_back("--overwrite", "--table", "customers")

    assert CustomerModel.get(ACCOUNT, "c-1").name == "Ada Lovelace"


def test_a_table_that_the_operator_restored_is_copied_and_stays(world):
    back_up()
    dynamodb = boto3.client("dynamodb")
    (backup,) = dynamodb.list_backups(TableName=CustomerModel.Meta.table_name)["BackupSummaries"]
    dynamodb.restore_table_from_backup(TargetTableName="of-old", BackupArn=backup["BackupArn"])
    CustomerModel.get(ACCOUNT, "c-1").delete()

    code, said = run("--source", "customers=of-old", "--yes", "--json")

    assert (code, json.loads(said.splitlines()[-1])["tables"]) == (0, {"customers": {"read": 1, "put_back": 1}})
    assert "of-old" in dynamodb.list_tables()["TableNames"]


def test_it_asks_before_it_does_anything(world):
    back_up()

    code, said = run("--backup", "before", answer="n\n")

    assert code == 1
    assert "keeping existing rows" in said


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ([], "--backup NAME, --at TIME or --source"),
        (["--backup", "before", "--at", "2026-11-01T12:00:00"], "--backup NAME, --at TIME or --source"),
        (["--backup", "nonesuch"], "no backup named nonesuch"),
        (["--backup", "before", "--table", "nonesuch"], "Unknown table: nonesuch"),
        (["--source", "customers"], "KEY=TABLE"),
        (["--source", "nonesuch=customers"], "Unknown table: nonesuch"),
    ],
)
def test_what_cannot_be_restored_is_said_in_a_sentence(world, options, sentence):
    code, said = run(*options, "--yes")

    assert code == 1
    assert sentence in " ".join(said.split())
