"""A customer is erased on the deployed stack: nothing tells of them any more, and late news bring nobody back."""

import json
import zlib
from datetime import UTC, datetime, timedelta

import httpx

from infrastructure.deployed_stack import DeployedStack
from infrastructure.local.deployment import STACK_NAME
from infrastructure.local.scenario import eventually
from infrastructure.local.ses_simulator.mail_rules import ReceivedMail, plan_events_as
from infrastructure.local.ses_simulator.sms_rules import SentSms, delivery_status_entry, log_group
from tests.builders.items import an_item
from tests.stack.acting import WITHIN
from tests.stack.faulty import start_anew
from tests.stack.test_dead_letters import redrive
from tests.unit.test_unreadable_changes import image, record

ACCOUNT = "acc-harbor"
LONG_AGO = timedelta(minutes=10)


def erase(acting, customer):
    """Have a customer erased to the end, as if it had been asked for ten minutes ago; return what is told of it."""
    path = f"/customers/{acting.name(customer)}"
    asked = acting.call_api("DELETE", path, 202)
    assert asked["state"] == "running"
    acting.invoke("Cleanup")
    put_back(acting)

    def done():
        acting.invoke("Cleanup")
        told = acting.call_api("DELETE", path, 202)
        return told if told["state"] == "done" else None

    return eventually(done, f"{customer} is not erased", WITHIN)


def put_back(acting):
    """Let the erasures under way have been asked for a while ago."""
    database, table = acting.stack.client("dynamodb"), acting.stack.tables["accounts"]
    for row in database.query(
        TableName=table,
        KeyConditionExpression="account_id = :account AND begins_with(#record, :erasure)",
        ExpressionAttributeNames={"#record": "record"},
        ExpressionAttributeValues={":account": {"S": ACCOUNT}, ":erasure": {"S": "erasure~"}},
    )["Items"]:
        told = json.loads(row["body"]["S"])
        if told["state"] == "running":
            told["at"] = (datetime.fromisoformat(told["at"]) - LONG_AGO).isoformat()
            database.put_item(TableName=table, Item={**row, "body": {"S": json.dumps(told)}})


def everything_stored(acting):
    database = acting.stack.client("dynamodb")
    return [
        json.dumps(row, default=readable)
        for table in acting.stack.tables.values()
        for page in database.get_paginator("scan").paginate(TableName=table)
        for row in page["Items"]
    ]


def readable(block):
    """Return the text of a block of the search index."""
    return zlib.decompress(block).decode()


def publish(acting, situation, mail):
    for planned in plan_events_as(situation, mail):
        acting.stack.client("sns").publish(
            TopicArn=acting.stack.outputs["FeedbackTopicArn"], Message=json.dumps(planned.event)
        )


def test_a_customer_is_told_erased_and_forgotten_and_stays_suppressed(acting):
    address = acting.mailbox("unknown-user", "wanda")
    old = acting.undelivered("wanda", address, text="Dear wanda, your secret is safe.")
    for days in (2, 31):
        publish(acting, "mailbox-full", a_mail(acting, "wanda", address, datetime.now(UTC) - timedelta(days=days)))
    eventually(lambda: len(ever(acting, "wanda")) == 3, "not all is on the report and in history", WITHIN)
    eventually(lambda: address in repeats(acting), "it is not told as failing again and again", WITHIN)
    wanted = {"format": "csv", "filter": {"customer_id": acting.name("wanda")}}
    export = acting.call_api("POST", "/exports", 202, json=wanted)["export_id"]
    eventually(
        lambda: acting.call_api("GET", f"/exports/{export}")["state"] == "done", "the export is not done", WITHIN
    )
    link = acting.call_api("GET", f"/exports/{export}")["url"]
    assert address in httpx.get(link, timeout=30).text
    counted = acting.story.count()
    path = f"/customers/{acting.name('wanda')}"
    (told,) = [page for page in pages(acting, f"{path}/data") if page["customer"]]
    assert told["customer"]["email"] == address
    assert [one["address"] for one in told["suppressions"]] == [address]
    held = [one for page in pages(acting, f"{path}/data") for one in (*page["items"], *page["notifications"])]
    assert len(held) == 4
    age(acting, "notifications", old["notification_id"])
    age(acting, "accounts", f"export~{export}")

    done = erase(acting, "wanda")

    assert (done["items"], done["notifications"]) == (3, 1)
    assert acting.manager.get(path).status_code == 404
    assert acting.manager.get(f"/undelivered/{old['id']}").status_code == 404
    assert acting.story.count() == counted - 2
    assert ever(acting, "wanda") == []
    names = (address, f"#{acting.name('wanda')}", f'"{acting.name("wanda")}')
    assert [row for row in everything_stored(acting) if any(name in row for name in names)] == []
    assert httpx.get(link, timeout=30).status_code == 403  # S3 does not say which files exist
    known = acting.suppression("email", address).json()
    assert (known["reason"], known["active"], known["erased"]) == ("bounce", True, True)
    listed = acting.call_api("GET", "/suppressions", params={"reason": "bounce", "limit": "200"})["items"]
    assert None in [one["address"] for one in listed]

    again = acting.undelivered("wanda", address, number=2)
    assert (again["status"], again["reason"]) == ("dropped", "suppressed_bounce")
    lifted = acting.call_api("DELETE", f"/suppressions/email/{address}", json={"why": "she is back"})
    assert not lifted["active"]


def a_mail(acting, customer, address, sent_at):
    """A mail of the host's own, tagged with a customer."""
    return ReceivedMail(
        message_id=acting.name(f"0100018b-{customer}-{sent_at:%j}"),
        source="Harbor Storage <notices@undelivered.example>",
        recipients=(address,),
        received_at=sent_at.replace(microsecond=0),
        subject="An old reminder",
        configuration_set="undelivered-sends",
        tags={"undelivered-account": (ACCOUNT,), "undelivered-customer": (acting.name(customer),)},
    )


def ever(acting, customer):
    since = (datetime.now(UTC) - timedelta(days=60)).strftime("%Y-%m-%d")
    return acting.story.report(customer, **{"from": since})


def repeats(acting):
    return [one["recipient"] for one in acting.call_api("GET", "/undelivered/summary")["repeat_recipients"]]


def pages(acting, path):
    told, cursor = [], None
    while not told or cursor:
        told.append(acting.call_api("GET", path, params={"cursor": cursor} if cursor else {}))
        cursor = told[-1]["next_cursor"]
    return told


def age(acting, table, record):
    """Let something have been handed over or asked for a while ago: before the erasure, where that is put back."""
    database, name = acting.stack.client("dynamodb"), acting.stack.tables[table]
    key = {"account_id": {"S": ACCOUNT}, "record": {"S": record}}
    row = database.get_item(TableName=name, Key=key)["Item"]
    told = json.loads(row["body"]["S"])
    told["created_at" if "created_at" in told else "at"] = (datetime.now(UTC) - 2 * LONG_AGO).isoformat()
    database.put_item(TableName=name, Item={**row, "body": {"S": json.dumps(told)}})


def test_what_is_told_late_of_messages_to_somebody_erased_brings_nobody_back(acting):
    number, failing = "+12065550195", "+12065550142"  # of the first nothing is ever reported
    notification_id = acting.send("zoe", number, channel="sms")
    message_id = eventually(lambda: sent_as(acting, notification_id), "the text was not sent", WITHIN)
    age(acting, "notifications", notification_id)
    erase(acting, "zoe")
    # A function knows within a minute that somebody was erased, one that remembers nothing at once.
    for function in ("IngestFeedback", "IngestSmsLogs"):
        start_anew(acting.stack, function)
    sent_at = (datetime.now(UTC) - 2 * LONG_AGO).replace(microsecond=0)
    mail = a_mail(acting, "zoe", acting.mailbox("anybody", "zoe"), sent_at)

    publish(acting, "unknown-user", mail)
    log(acting, delivery_status_entry(SentSms(message_id, failing, sent_at)).message.replace(failing, number))

    told = [("email", mail.recipients[0]), ("sms", number)]
    for channel, address in told:
        eventually(
            lambda where=(channel, address): acting.suppression(*where).status_code == 200,
            f"{channel}: no news",
            WITHIN,
        )
        assert acting.suppression(channel, address).json()["erased"]
    assert acting.story.report("zoe") == []
    assert [row for row in everything_stored(acting) if any(address in row for _, address in told)] == []


def test_a_kept_change_of_an_item_of_somebody_erased_is_taken_and_not_archived(acting):
    acting.call_api("PUT", f"/customers/{acting.name('yara')}", json={"name": "yara", "email": "yara@example.com"})
    erase(acting, "yara")
    start_anew(acting.stack, "Archive")
    days_ago = timedelta(days=40)
    of_erased, of_other = (
        an_item(account_id=ACCOUNT, customer_id=acting.name(who), recipient=f"{who}@example.com",
                notification_id=acting.name(who), sent_at=(datetime.now(UTC) - days_ago).replace(microsecond=0))
        for who in ("yara", "otto")
    )  # fmt: skip
    removals = [record("REMOVE", place, OldImage=image(item)) for place, item in enumerate((of_erased, of_other))]
    letter = json.dumps({"unreadable": "ValueError", "Records": removals})
    dead = DeployedStack(STACK_NAME, acting.stack.client).resource("ArchiveDeadLetterQueue")
    acting.stack.client("sqs").send_message(QueueUrl=dead, MessageBody=letter)

    (taken,) = redrive(acting.stack, "--queue", "archive")

    assert taken["became"] == "taken"
    stored = everything_stored(acting)
    assert [row for row in stored if of_other.entry_key in row]
    assert [row for row in stored if "yara@example.com" in row] == []


def sent_as(acting, notification_id):
    attempts = acting.call_api("GET", f"/notifications/{notification_id}")["attempts"]
    return next((each["provider_message_id"] for each in attempts if each["outcome"] == "sent"), None)


def log(acting, message):
    """Have SNS write the delivery status of a text."""
    logs, group = acting.stack.client("logs"), log_group("us-east-1", "000000000000", failed=True)
    logs.create_log_stream(logGroupName=group, logStreamName=acting.name("erased"))
    now = int(datetime.now(UTC).timestamp() * 1_000)
    logs.put_log_events(
        logGroupName=group, logStreamName=acting.name("erased"), logEvents=[{"timestamp": now, "message": message}]
    )
