"""The search of the report on the deployed stack: items reach the index through the stream, and are found by it."""

import json
from datetime import UTC, datetime, timedelta

from infrastructure.local.scenario import eventually
from tests.stack.acting import WITHIN
from tests.stack.test_erasure import ACCOUNT, a_mail, everything_stored, publish

WHOLE = {"began_at": "2026-01-01T00:00:00Z", "history_days": 400, "is_whole": True}


def test_an_item_from_before_today_is_found_by_a_part_of_its_address_in_the_index(acting):
    address = acting.mailbox("mailbox-full", "needle")
    publish(acting, "mailbox-full", a_mail(acting, "needle", address, datetime.now(UTC) - timedelta(days=3)))
    eventually(
        lambda: any("~search" in row and address in row for row in everything_stored(acting)), "no block", WITHIN
    )
    database, table = acting.stack.client("dynamodb"), acting.stack.tables["accounts"]
    key = {"account_id": {"S": ACCOUNT}, "record": {"S": "search"}}
    before = database.get_item(TableName=table, Key=key).get("Item")
    database.put_item(TableName=table, Item={**key, "body": {"S": json.dumps(WHOLE)}})
    try:
        page = acting.call_api("GET", "/undelivered", params={"q": address[3:-5].upper()})
    finally:
        if before:
            database.put_item(TableName=table, Item=before)
        else:
            database.delete_item(TableName=table, Key=key)

    assert [item["recipient"] for item in page["items"]] == [address]
    assert page["next_cursor"] is None


def is_indexed(acting, address):
    return any("~search" in row and address in row for row in everything_stored(acting))
