"""An export on the deployed template: asked for over HTTP, written by its function, fetched by its link."""

import csv
import time
from datetime import UTC, datetime, timedelta
from io import StringIO

import httpx
import pytest

from infrastructure.local.deployment import DEFAULT_ACCOUNT
from infrastructure.local.scenario import eventually
from infrastructure.user_pool import create_user, sign_in
from tests.builders.items import an_item
from tests.stack.faulty import reconfigured
from undelivered.adapters.dynamodb.item_rows import facts_of, history_row
from undelivered.domain.taxonomy import Reason

ROWS = 1_100
SECONDS = 60


@pytest.fixture(scope="module")
def titles(stack):
    """Items of one customer that left the report long ago, newest first: more than one page of an export."""
    sent_at = datetime.now(UTC).replace(microsecond=0) - timedelta(days=60)
    items = [
        an_item(
            Reason.MAILBOX_FULL,
            account_id=DEFAULT_ACCOUNT,
            number=number,
            customer_id="c-exported",
            sent_at=sent_at - timedelta(minutes=number),
            title=f"=Rent, part {number}",
        )
        for number in range(ROWS)
    ]
    table, dynamodb = stack.tables["history"], stack.client("dynamodb")
    rows = [{"PutRequest": {"Item": history_row(item, facts_of(item), 1, 400)}} for item in items]
    for start in range(0, ROWS, 25):
        dynamodb.batch_write_item(RequestItems={table: rows[start : start + 25]})
    return [f"'{item.title}" for item in items]


def timeout_of_the_export(stack, seconds):
    """Let the function have another timeout for a while."""
    return reconfigured(stack, "ExportReport", Timeout=seconds)


def exported(api, report_filter):
    """Export the items of a filter and return the export when it has ended."""
    asked = api.post("/exports", json={"format": "csv", "filter": report_filter})
    assert asked.status_code == 202
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        told = api.get(f"/exports/{asked.json()['export_id']}").raise_for_status().json()
        if told["state"] != "running":
            return told
        time.sleep(0.1)
    raise AssertionError(told)


# Less than what the function keeps in reserve: it goes on in another invocation after every page.
@pytest.mark.parametrize("timeout", [300, 110])
def test_a_viewer_exports_and_downloads(stack, titles, timeout):
    headers = {"Authorization": stack.token(stack.user("viewer").email)}
    with httpx.Client(base_url=stack.api_url, headers=headers, timeout=30) as api:
        with timeout_of_the_export(stack, timeout):
            told = exported(api, {"customer_id": "c-exported", "from": "2020-01-01"})
        file = httpx.get(told["url"])

    assert (told["state"], told["rows"], told["detail"]) == ("done", ROWS, None)
    assert file.headers["Content-Disposition"].startswith('attachment; filename="undelivered-')
    rows = list(csv.DictReader(StringIO(file.content.decode("utf-8-sig"), newline="")))
    assert [row["title"] for row in rows] == titles


def test_an_export_of_some_statuses_ends_too(stack):
    headers = {"Authorization": stack.token(stack.user("viewer").email)}
    with httpx.Client(base_url=stack.api_url, headers=headers, timeout=30) as api:
        assert exported(api, {"status": "bounced,invalid"})["state"] == "done"


@pytest.fixture
def hasty(acting):
    """The API as a manager whose mailbox SES refuses once without a reason, and the address."""
    stack = acting.stack
    cognito, pool = stack.client("cognito-idp"), stack.outputs["UserPoolId"]
    user = create_user(cognito, pool, acting.mailbox("unexplained", "exporter"), DEFAULT_ACCOUNT, "manager")
    token = sign_in(cognito, stack.outputs["ConsoleClientId"], user)
    with httpx.Client(base_url=stack.api_url, headers={"Authorization": token}, timeout=60) as api:
        yield api, user.email
    cognito.admin_delete_user(UserPoolId=pool, Username=user.email)


def test_the_user_who_wants_it_gets_one_email_with_a_link_to_the_console(acting, hasty):
    api, address = hasty
    asked = api.post("/exports", json={"format": "csv", "filter": {}, "mail_when_ready": True}).raise_for_status()
    export_id = asked.json()["export_id"]

    (mail,) = eventually(lambda: acting.sent(address), "no email about the export was sent", SECONDS)

    assert mail["tags"]["undelivered-notification"] == [f"undelivered-digest-export-{export_id}"]
    listed = {one["export_id"]: one for one in api.get("/exports").raise_for_status().json()["exports"]}
    assert (listed[export_id]["state"], listed[export_id]["requested_by"].split()[0]) == ("done", address)
    assert acting.suppression("email", address).status_code == 404
