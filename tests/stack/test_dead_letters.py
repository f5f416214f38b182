"""What cannot be understood waits alone for a person; what can is taken when it is tried again."""

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from infrastructure.deployed_stack import DeployedStack
from infrastructure.local.deployment import STACK_NAME
from infrastructure.local.scenario import call_api, eventually
from infrastructure.local.ses_simulator.mail_rules import ReceivedMail, plan_events_as
from tests.builders.items import an_item
from tests.stack.acting import WITHIN
from undelivered.adapters.dynamodb.item_rows import facts_of, undelivered_row


def redrive(stack, *options):
    """Run the command as an operator does."""
    command = [
        sys.executable,
        "-c",
        "from infrastructure.cli.main import main; main()",
        "redrive",
        "--state-dir",
        str(stack.state_dir),
        "--json",
    ]
    done = subprocess.run([*command, *options], check=True, capture_output=True, text=True, timeout=120)
    return json.loads(done.stdout)["messages"]


def a_bounce(acting, person, account=None):
    mail = ReceivedMail(
        message_id=acting.name(f"m-{person}"),
        source="Harbor Storage <notices@undelivered.example>",
        recipients=(acting.mailbox("mailbox-full", person),),
        received_at=datetime.now(UTC),
        subject="Rent reminder",
        configuration_set="undelivered-sends",
        tags={
            "undelivered-account": (account or acting.stack.user().account_id,),
            "undelivered-customer": (acting.name(person),),
        },
    )
    return next(each.event for each in plan_events_as("mailbox-full", mail) if each.event["eventType"] == "Bounce")


def test_prose_among_events_is_set_aside_alone_said_why_and_kept(stack, acting):
    sns, sqs = stack.client("sns"), stack.client("sqs")
    topic, dead = stack.outputs["FeedbackTopicArn"], stack.outputs["FeedbackDeadLetterQueueUrl"]
    people = [f"person{number}" for number in range(5)]
    for person in people[:3]:
        sns.publish(TopicArn=topic, Message=json.dumps(a_bounce(acting, person)))
    sns.publish(TopicArn=topic, Message="Dear all, the mail to somebody@example.com did not arrive. Yours, Bob")
    for person in people[3:]:
        sns.publish(TopicArn=topic, Message=json.dumps(a_bounce(acting, person)))

    for person in people:
        eventually(lambda who=person: acting.story.report(who), f"{person} is not on the report", WITHIN)

    def waiting():
        answer = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["ApproximateNumberOfMessages"])
        return int(answer["Attributes"]["ApproximateNumberOfMessages"])

    eventually(waiting, "the prose is not in the dead-letter queue", WITHIN)
    seen = redrive(stack, "--queue", "feedback", "--dry-run")
    (told,) = redrive(stack, "--queue", "feedback")

    assert [one["became"] for one in seen] == ["kept"]
    assert (told["became"], told["why"]) == ("kept", "not JSON")
    assert "somebody" not in json.dumps(told)
    assert waiting() == 1
    sqs.purge_queue(QueueUrl=dead)


@pytest.mark.parametrize(
    ("queue", "why"),
    [
        ("Exports", "not an export job"),
        ("Webhooks", "not a delivery job"),
        ("Replies", "not a text from a two-way number"),
    ],
)
def test_a_message_that_names_no_job_becomes_a_dead_letter_and_is_kept(stack, queue, why):
    sqs = stack.client("sqs")
    deployed = DeployedStack(STACK_NAME, stack.client)
    dead = deployed.resource(f"{queue}DeadLetterQueue")
    sqs.send_message(QueueUrl=deployed.resource(f"{queue}Queue"), MessageBody="Dear all")

    try:
        (told,) = eventually(lambda: redrive(stack, "--queue", queue.lower()), "it is no dead letter", WITHIN)
    finally:
        sqs.purge_queue(QueueUrl=dead)

    assert (told["became"], told["why"]) == ("kept", why)


def test_an_export_whose_message_is_replayed_ends_as_any_other(stack, acting):
    export_id = acting.call_api("POST", "/exports", 202, json={"format": "csv"})["export_id"]
    body = json.dumps({"account_id": stack.user().account_id, "export_id": export_id})
    dead = DeployedStack(STACK_NAME, stack.client).resource("ExportsDeadLetterQueue")
    stack.client("sqs").send_message(QueueUrl=dead, MessageBody=body)

    (told,) = redrive(stack, "--queue", "exports")

    assert (told["became"], export_id in told["what"]) == ("taken", True)

    def is_done():
        return acting.call_api("GET", f"/exports/{export_id}")["state"] == "done"

    eventually(is_done, "the export is not done", WITHIN)


def test_a_dead_letter_that_can_be_understood_is_taken_when_it_is_tried_again(stack, acting):
    envelope = {
        "Type": "Notification",
        "TopicArn": stack.outputs["FeedbackTopicArn"],
        "Message": json.dumps(a_bounce(acting, "late")),
    }
    stack.client("sqs").send_message(
        QueueUrl=stack.outputs["FeedbackDeadLetterQueueUrl"], MessageBody=json.dumps(envelope)
    )

    (told,) = redrive(stack, "--queue", "feedback")

    assert told["became"] == "taken"
    assert "mailbox_full" in told["what"]
    assert acting.story.report("late")


def test_a_lost_order_to_resend_is_sent_when_it_is_tried_again_and_only_once(stack, acting):
    item = acting.undelivered("lost", acting.mailbox("mailbox-full", "lost"))
    acting.resend(item)
    acting.comes_to(item, "open", attempts=2)
    order = {
        "account_id": stack.user().account_id,
        "notification_id": item["notification_id"],
        "attempt": 2,
        "entry_key": "2026-01-01T00:00:00Z~unknown~000000000000",
    }
    dead = stack.outputs["ResendsDeadLetterQueueUrl"]
    stack.client("sqs").send_message(QueueUrl=dead, MessageBody=json.dumps(order))

    (told,) = redrive(stack, "--queue", "resends")

    assert told["became"] == "taken"
    assert len(acting.sent(item["recipient"])) == 2


def test_a_send_whose_notification_cannot_be_read_becomes_a_dead_letter_and_goes_out_when_it_can(stack, acting):
    client, sqs, table = stack.client("dynamodb"), stack.client("sqs"), stack.tables["notifications"]
    address = acting.mailbox("success", "worn")
    notification_id = acting.send("worn", address)
    eventually(lambda: acting.sent(address), "nothing was sent", WITHIN)
    account_id, dead = stack.user().account_id, stack.outputs["SendsDeadLetterQueueUrl"]
    key = {"account_id": {"S": account_id}, "record": {"S": notification_id}}
    row = client.get_item(TableName=table, Key=key)["Item"]
    client.put_item(TableName=table, Item={**row, "body": {"S": "damaged"}})
    job = {"account_id": account_id, "notification_id": notification_id, "attempt": 2, "entry_key": ""}
    sqs.send_message(QueueUrl=stack.outputs["SendsQueueUrl"], MessageBody=json.dumps(job))

    def letters():
        answer = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["ApproximateNumberOfMessages"])
        return int(answer["Attributes"]["ApproximateNumberOfMessages"])

    try:
        eventually(letters, "the job is no dead letter", WITHIN)
        assert len(acting.sent(address)) == 1
        assert acting.manager.get(f"/notifications/{notification_id}").json()["code"] == "unreadable_record"
        client.put_item(TableName=table, Item=row)

        assert [each["became"] for each in redrive(stack, "--queue", "sends")] == ["taken"]
        eventually(lambda: len(acting.sent(address)) == 2, "it was not sent", WITHIN)
    finally:
        client.put_item(TableName=table, Item=row)
        sqs.purge_queue(QueueUrl=dead)


ALONE = "acc-redrive"
PEOPLE = [f"gone{number}" for number in range(5)]


def rows(stack, table):
    """Return the keys of an account's rows."""
    client, name = stack.client("dynamodb"), stack.tables[table]
    found = client.query(
        TableName=name,
        KeyConditionExpression="account_id = :account",
        ExpressionAttributeValues={":account": {"S": ALONE}},
    )["Items"]
    return [{key: row[key] for key in ("account_id", "entry_key")} for row in found]


def remove(stack, table):
    for key in rows(stack, table):
        stack.client("dynamodb").delete_item(TableName=stack.tables[table], Key=key)


def changes(stack):
    """Return the stream's changes of the account's items, and the stream's ARN and shard."""
    client = stack.client("dynamodbstreams")
    arn = stack.client("dynamodb").describe_table(TableName=stack.tables["undelivered"])["Table"]["LatestStreamArn"]
    shard = client.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"][0]["ShardId"]
    iterator = client.get_shard_iterator(StreamArn=arn, ShardId=shard, ShardIteratorType="TRIM_HORIZON")
    found, empty, token = [], 0, iterator["ShardIterator"]
    while empty < 3:
        page = client.get_records(ShardIterator=token)
        found += page["Records"]
        empty, token = (0 if page["Records"] else empty + 1), page["NextShardIterator"]
    return [each for each in found if each["dynamodb"]["Keys"]["account_id"]["S"] == ALONE], arn, shard


def test_all_items_of_a_batch_that_was_not_archived_reach_history_when_it_is_tried_again(stack, acting):
    call_api(acting.host, "GET", "/settings", headers={"X-Account-Id": ALONE})
    for person in PEOPLE:
        event = json.dumps(a_bounce(acting, person, ALONE))
        stack.client("sns").publish(TopicArn=stack.outputs["FeedbackTopicArn"], Message=event)
    eventually(lambda: len(rows(stack, "undelivered")) == len(PEOPLE), "not everything is recorded", WITHIN)
    remove(stack, "undelivered")
    eventually(lambda: len(rows(stack, "history")) == len(PEOPLE), "not everything is archived", WITHIN)
    remove(stack, "history")
    made, arn, shard = changes(stack)
    batch = {
        "shardId": shard,
        "startSequenceNumber": made[0]["dynamodb"]["SequenceNumber"],
        "endSequenceNumber": made[-1]["dynamodb"]["SequenceNumber"],
        "approximateArrivalOfFirstRecord": "2026-11-23T18:00:00Z",
        "batchSize": len(PEOPLE),
        "streamArn": arn,
    }
    letter = {"requestContext": {"condition": "RetryAttemptsExhausted"}, "DDBStreamBatchInfo": batch}
    lost = {**letter, "DDBStreamBatchInfo": {**batch, "startSequenceNumber": "1" * 21}}
    deployed = DeployedStack(STACK_NAME, stack.client)
    dead = deployed.resource("ArchiveDeadLetterQueue")
    for each in (letter, lost):
        stack.client("sqs").send_message(QueueUrl=dead, MessageBody=json.dumps(each))

    told = {each["became"]: each for each in redrive(stack, "--queue", "archive")}

    assert set(told) == {"taken", "kept"}
    assert len(rows(stack, "history")) == len(PEOPLE)
    assert "its records are gone" in told["kept"]["why"]
    stack.client("sqs").purge_queue(QueueUrl=dead)


@pytest.fixture
def unread_changes(stack):
    """Return how many changes that could not be read wait in each dead-letter queue; leave none behind."""
    deployed, sqs = DeployedStack(STACK_NAME, stack.client), stack.client("sqs")
    queues = {
        name: deployed.resource(f"{logical}DeadLetterQueue")
        for name, logical in (("archive", "Archive"), ("on-item-changed", "OnItemChanged"))
    }

    def waiting():
        wanted = ["ApproximateNumberOfMessages"]
        found = {name: sqs.get_queue_attributes(QueueUrl=url, AttributeNames=wanted) for name, url in queues.items()}
        return {name: int(each["Attributes"]["ApproximateNumberOfMessages"]) for name, each in found.items()}

    yield waiting
    for url in queues.values():
        sqs.purge_queue(QueueUrl=url)


def test_a_change_that_cannot_be_read_holds_up_no_other_and_is_kept_until_it_can_be_read(stack, acting, unread_changes):
    client, sqs = stack.client("dynamodb"), stack.client("sqs")
    items = [
        an_item(account_id=ALONE, sent_at=datetime.now(UTC) - timedelta(days=1), number=number) for number in (1, 2)
    ]
    good, bad = [undelivered_row(item, facts_of(item), 1) for item in items]
    del bad["version"]
    for row in (bad, good):
        client.put_item(TableName=stack.tables["undelivered"], Item=row)
    remove(stack, "undelivered")

    def archived(row):
        return any(key["entry_key"] == row["entry_key"] for key in rows(stack, "history"))

    eventually(lambda: archived(good), "a change that cannot be read holds up another", WITHIN)
    expected = {"archive": 1, "on-item-changed": 2}
    eventually(lambda: unread_changes() == expected, "the changes that cannot be read are not kept", WITHIN)
    said = {name: redrive(stack, "--queue", name) for name in expected}

    kept = [(name, each["became"], each["what"]) for name, found in said.items() for each in found]
    what = "an item change that could not be read"
    assert kept == [("archive", "kept", what), *[("on-item-changed", "kept", what)] * 2]
    assert not archived(bad)
    # A later version can read it.
    dead = DeployedStack(STACK_NAME, stack.client).resource("ArchiveDeadLetterQueue")
    (letter,) = sqs.receive_message(QueueUrl=dead)["Messages"]
    sqs.delete_message(QueueUrl=dead, ReceiptHandle=letter["ReceiptHandle"])
    event = json.loads(letter["Body"])
    event["Records"][0]["dynamodb"]["OldImage"]["version"] = {"N": "1"}
    sqs.send_message(QueueUrl=dead, MessageBody=json.dumps(event))
    assert [each["became"] for each in redrive(stack, "--queue", "archive")] == ["taken"]
    assert archived(bad)
    remove(stack, "history")
