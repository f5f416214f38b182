"""Restoring from backups: which rows are written, which stay as they are, and which go to history."""

import json
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import boto3
import pytest
from botocore.exceptions import ReadTimeoutError
from botocore.stub import ANY
from typer.testing import CliRunner

from infrastructure import table_restore
from infrastructure.cli import restore
from infrastructure.cli.main import app
from infrastructure.errors import ToolError
from infrastructure.table_restore import from_backup, from_point_in_time
from tests.builders.aws import stubbed
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


TABLES = {"accounts": "live-accounts", "customers": "live-customers"}


@pytest.fixture
def aws(monkeypatch):
    monkeypatch.setattr(table_restore, "_POLL_SECONDS", 0)
    with stubbed("dynamodb") as (client, stub):
        yield client, stub
        stub.assert_no_pending_responses()


def a_table(status="ACTIVE"):
    return {"Table": {"TableStatus": status, "KeySchema": [{"AttributeName": "account_id", "KeyType": "HASH"}]}}


def starts(stub, *, table, refused=""):
    asked = {
        "SourceTableName": table,
        "TargetTableName": ANY,
        "RestoreDateTime": NOON,
        "GlobalSecondaryIndexOverride": [],
        "LocalSecondaryIndexOverride": [],
    }
    if refused:
        stub.add_client_error("restore_table_to_point_in_time", refused, "Too many restores.")
    else:
        stub.add_response("restore_table_to_point_in_time", {}, asked)


def is_seen(stub, *statuses):
    """Have DescribeTable answer these statuses, and that there is no such table for an empty one."""
    for status in statuses:
        if status:
            stub.add_response("describe_table", a_table(status))
        else:
            stub.add_client_error("describe_table", "ResourceNotFoundException", "Requested resource not found")


def is_copied(stub):
    is_seen(stub, "ACTIVE")
    stub.add_response("scan", {"Items": []})


def restored(client):
    return table_restore.restore_tables(client, TABLES, from_point_in_time(client, NOON), overwrite=False)


def test_a_restore_goes_without_indexes_and_waits_until_dynamodb_knows_the_table(aws):
    client, stub = aws
    starts(stub, table="live-accounts")
    starts(stub, table="live-customers")
    is_seen(stub, "", "", "CREATING", "ACTIVE", "", "ACTIVE")
    is_copied(stub)
    is_copied(stub)
    for _ in TABLES:
        is_seen(stub, "ACTIVE")
        stub.add_response("delete_table", {})

    assert [result.table for result in restored(client)] == ["accounts", "customers"]


def test_a_table_that_was_started_is_deleted_when_the_next_is_refused(aws):
    client, stub = aws
    starts(stub, table="live-accounts")
    starts(stub, table="live-customers", refused="LimitExceededException")
    is_seen(stub, "", "CREATING", "ACTIVE")
    stub.add_response("delete_table", {})

    with pytest.raises(ToolError, match=r"live-customers was not restored\. .*Service Quotas"):
        restored(client)


def test_each_temporary_table_is_deleted_although_another_is_not_and_what_remains_is_named(aws):
    client, stub = aws
    starts(stub, table="live-accounts")
    starts(stub, table="live-customers")
    stub.add_client_error("describe_table", "InternalServerError", "Oops")
    is_seen(stub, "ACTIVE")
    stub.add_client_error("delete_table", "AccessDeniedException", "not authorized to perform: dynamodb:DeleteTable")
    is_seen(stub, "ACTIVE")
    stub.add_response("delete_table", {})

    with pytest.raises(ToolError, match=r"remain\. Delete them: live-accounts-restored-\d+ \(.*dynamodb:DeleteTable"):
        restored(client)


def test_a_restore_whose_response_was_lost_is_cleaned_up_too(aws, monkeypatch):
    client, stub = aws
    is_seen(stub, "ACTIVE")
    stub.add_response("delete_table", {})

    def lose(_source, _target):
        raise ReadTimeoutError(endpoint_url="https://dynamodb.us-east-1.amazonaws.com")

    with pytest.raises(ReadTimeoutError):
        table_restore.restore_tables(client, TABLES, lose, overwrite=False)


def test_a_table_that_never_comes_ends_the_restore(aws, monkeypatch):
    monkeypatch.setattr(table_restore, "_UNKNOWN_SECONDS", -1)
    client, stub = aws
    starts(stub, table="live-accounts")
    starts(stub, table="live-customers")
    is_seen(stub, "", "", "")

    with pytest.raises(ToolError, match="is gone"):
        restored(client)


def test_a_backup_is_restored_without_indexes(aws):
    client, stub = aws
    arn = "arn:aws:dynamodb:us-east-1:123456789012:table/live-accounts/backup/01489602797149-73d8d5bc"
    summary = {"BackupName": "before", "BackupArn": arn, "BackupCreationDateTime": NOON}
    stub.add_response("list_backups", {"BackupSummaries": [summary]}, {"TableName": "live-accounts"})
    asked = {"TargetTableName": "new", "BackupArn": arn}
    asked |= {"GlobalSecondaryIndexOverride": [], "LocalSecondaryIndexOverride": []}
    stub.add_response("restore_table_from_backup", {}, asked)

    from_backup(client, "before")("live-accounts", "new")
