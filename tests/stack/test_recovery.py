"""The rehearsal of a recovery: a month of data, backed up, lost, and brought back as an operator does."""

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from infrastructure.bench import events
from infrastructure.local.deployment import DEFAULT_ACCOUNT, OTHER_ACCOUNT
from infrastructure.local.scenario import eventually
from infrastructure.local.stack import LocalStack

WITHIN = 120.0


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    """Bring up a stack of its own, with a month of data: it loses them all."""
    with LocalStack.start(state_dir=tmp_path_factory.mktemp("recovery")) as running:
        yield running


def command(stack, *words):
    """Run a command as an operator does and return what it prints as JSON."""
    line = [sys.executable, "-c", "from infrastructure.cli.main import main; main()", *words]
    line += ["--state-dir", str(stack.state_dir), "--json"]
    done = subprocess.run(line, check=False, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr + done.stdout
    return json.loads(done.stdout)


def clients(stack):
    for account in (DEFAULT_ACCOUNT, OTHER_ACCOUNT):
        token = stack.token(stack.user(account_id=account).email)
        yield account, httpx.Client(base_url=stack.api_url, headers={"Authorization": token}, timeout=60)


def everything(stack):
    """Return what managers see: the report with each item's page, its trend, who gets nothing, the settings."""
    # What is at its thirty days' end changes by itself.
    since = (datetime.now(UTC) - timedelta(days=29)).date().isoformat()
    seen = {}
    for account, client in clients(stack):
        with client:

            def get(path, client=client, **params):
                return client.get(path, params=params).raise_for_status().json()

            def all_of(path, get=get, **params):
                page = get(path, limit=200, **params)
                rows = page["items"]
                while page["next_cursor"]:
                    page = get(path, limit=200, cursor=page["next_cursor"], **params)
                    rows += page["items"]
                return rows

            items = all_of("/undelivered", **{"from": since})
            seen[account] = {
                "items": items,
                "pages": [get(f"/undelivered/{item['id']}") for item in items[-15:]],
                "trend": get("/undelivered/trend", **{"from": since}),
                "suppressions": all_of("/suppressions"),
                "settings": get("/settings"),
                "customers": [
                    get(f"/customers/{each}") for each in sorted({item["customer"]["id"] for item in items} - {None})
                ],
            }
    return seen


def count(stack):
    (_, client), *_ = clients(stack)
    with client:
        return client.get("/undelivered/count").raise_for_status().json()["total"]


def failures(trend):
    return sum(number for day in trend["days"] for number in day.values() if isinstance(number, int))


def empty(stack, table):
    """Delete every row, as a mistaken script does."""
    dynamodb = stack.client("dynamodb")
    keys = [key["AttributeName"] for key in dynamodb.describe_table(TableName=table)["Table"]["KeySchema"]]
    for page in dynamodb.get_paginator("scan").paginate(TableName=table):
        for row in page["Items"]:
            dynamodb.delete_item(TableName=table, Key={key: row[key] for key in keys})


def test_what_all_tables_have_lost_comes_back_with_counters_exact(stack):
    dynamodb = stack.client("dynamodb")
    before, counted = everything(stack), count(stack)
    assert before[DEFAULT_ACCOUNT]["items"]
    for table in stack.tables.values():
        dynamodb.create_backup(TableName=table, BackupName="rehearsal")

    for table in stack.tables.values():
        empty(stack, table)
    assert count(stack) == 0
    # Life goes on meanwhile: this failure is in no backup.
    news = events.bounce(1, datetime.now(UTC), suppressing=False, account_id=DEFAULT_ACCOUNT)
    del news["mail"]["tags"]["undelivered-customer"]
    stack.client("sns").publish(TopicArn=stack.description.feedback_topic_arn, Message=events.as_text(news))
    eventually(lambda: count(stack) == 1, "what came meanwhile is not counted", WITHIN)

    told = command(stack, "restore", "--backup", "rehearsal", "--yes")

    after = everything(stack)
    is_new = {item["id"]: item["recipient"] in news["mail"]["destination"] for item in after[DEFAULT_ACCOUNT]["items"]}
    assert sum(is_new.values()) == 1
    after[DEFAULT_ACCOUNT]["items"] = [item for item in after[DEFAULT_ACCOUNT]["items"] if not is_new[item["id"]]]
    trends = before[DEFAULT_ACCOUNT].pop("trend"), after[DEFAULT_ACCOUNT].pop("trend")
    assert after == before
    assert [failures(trend) for trend in trends] == [failures(trends[0]), failures(trends[0]) + 1]
    assert count(stack) == counted + 1
    assert told["tables"]["undelivered"]["put_back"] == told["tables"]["undelivered"]["read"] > 0
    counters = command(stack, "reconcile")
    assert (counters["wrong"], counters["busy"]) == ([], [])
    assert sorted(dynamodb.list_tables()["TableNames"]) == sorted(stack.tables.values())


def test_restoring_again_changes_nothing(stack):
    told = command(stack, "restore", "--at", "2026-01-01T00:00:00", "--yes")

    assert all(table["put_back"] == 0 for name, table in told["tables"].items() if name != "counts")
    assert all(table["read"] for table in told["tables"].values())
