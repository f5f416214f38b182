"""Ways through the product that no other test of this folder goes: each is granted something of its own."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from infrastructure.local.scenario import eventually
from infrastructure.local.ses_simulator.mail_rules import ReceivedMail, plan_events_as
from infrastructure.local.ses_simulator.sms_rules import SentSms, delivery_status_entry, log_group
from tests.stack.acting import CONSENT, WITHIN, this_hour

ACCOUNT = "acc-harbor"


def publish(acting, situation, mail):
    for planned in plan_events_as(situation, mail):
        acting.stack.client("sns").publish(
            TopicArn=acting.stack.outputs["FeedbackTopicArn"], Message=json.dumps(planned.event)
        )


def a_mail(acting, name, sent_at, *, customer=""):
    return ReceivedMail(
        message_id=acting.name(f"0100018b-{name}"),
        source="Harbor Storage <notices@undelivered.example>",
        recipients=(acting.mailbox("anybody", name),),
        received_at=sent_at,
        subject="An old reminder",
        configuration_set="undelivered-sends",
        tags={
            "undelivered-account": (ACCOUNT,),
            "undelivered-notification": (acting.name(f"n-{name}"),),
            "undelivered-attempt": ("1",),
            "undelivered-customer": (acting.name(customer or name),),
        },
    )


def ago(**time):
    return (datetime.now(UTC) - timedelta(**time)).replace(microsecond=0)


def found(acting, customer, **parameters):
    since = {"from": ago(days=60).strftime("%Y-%m-%d"), **parameters}
    return acting.story.report(customer, **since)


def test_a_failure_told_after_the_thirty_days_goes_to_history_and_takes_a_complaint_there(acting):
    mail = a_mail(acting, "very-old", ago(days=31))

    publish(acting, "mailbox-full", mail)
    (item,) = eventually(lambda: found(acting, "very-old"), "it is not in history", WITHIN)
    publish(acting, "complaint", mail)

    assert item["state"] == "expired"
    eventually(lambda: found(acting, "very-old", status="spammed"), "the complaint is not in history", WITHIN)


def test_so_does_a_text(acting):
    number = "+12065550141"
    entry = delivery_status_entry(SentSms(acting.name("old-text"), number, ago(days=31)))
    logs = acting.stack.client("logs")
    group = log_group("us-east-1", "000000000000", failed=True)
    logs.create_log_stream(logGroupName=group, logStreamName=acting.name("stream"))
    now = int(datetime.now(UTC).timestamp() * 1_000)
    logs.put_log_events(
        logGroupName=group,
        logStreamName=acting.name("stream"),
        logEvents=[{"timestamp": now, "message": entry.message}],
    )

    def there():
        since = ago(days=60).strftime("%Y-%m-%d")
        return acting.items_to(number, channel="sms", sort="oldest", **{"from": since})

    items = eventually(there, "the text is not in history", WITHIN)
    assert {item["state"] for item in items} == {"expired"}


def test_an_event_without_tags_finds_its_send_by_the_message_id(acting):
    notification_id = acting.send("untagged", acting.mailbox("fine", "untagged"))
    database, table = acting.stack.client("dynamodb"), acting.stack.tables["notifications"]
    key = {"account_id": {"S": ACCOUNT}, "record": {"S": f"{notification_id}~0001"}}
    row = eventually(lambda: sent_row(database.get_item(TableName=table, Key=key)), "it was not sent", WITHIN)
    mail = a_mail(acting, "untagged", ago(seconds=5))
    bare = {**vars_of(mail), "message_id": row["provider_message_id"]["S"], "tags": {}}

    publish(acting, "mailbox-full", ReceivedMail(**bare))
    publish(acting, "mailbox-full", ReceivedMail(**{**bare, "message_id": acting.name("0100018b-nobodys")}))

    (item,) = eventually(lambda: acting.story.report("untagged"), "it is not on the report", WITHIN)
    assert item["notification_id"] == notification_id


def sent_row(answer):
    return answer["Item"] if sent(answer) else None


def test_an_address_that_fails_softly_again_and_again_is_suppressed(acting):
    mails = [a_mail(acting, f"soft-{day}", ago(days=day), customer="soft") for day in range(9, 0, -2)]
    address = acting.mailbox("full", "soft")

    for mail in mails:
        publish(acting, "mailbox-full", ReceivedMail(**{**vars_of(mail), "recipients": (address,)}))

    def suppressed():
        answer = acting.suppression("email", address)
        return answer.status_code == 200 and answer.json()

    assert eventually(suppressed, "it is not suppressed", WITHIN)["reason"] == "repeatedly_unreachable"


def vars_of(mail):
    return {name: getattr(mail, name) for name in mail.__dataclass_fields__}


def test_the_report_is_read_by_every_filter(acting):
    acting.undelivered("filtered", acting.mailbox("mailbox-full", "filtered"))
    early = ago(days=60).strftime("%Y-%m-%d")
    for parameters in (
        {},
        {"status": "bounced.soft"},
        {"ready": "true"},
        {"state": "resolved,dismissed"},
        {"from": early},
        {"from": early, "status": "invalid"},
        {"from": early, "state": "expired"},
        {"from": early, "state": "expired", "status": "failed", "channel": "sms"},
        {"from": early, "customer_id": acting.name("filtered")},
    ):
        started = acting.call_api("POST", "/exports", 202, json={"format": "csv", "filter": parameters})

        def done(export_id=started["export_id"]):
            return acting.call_api("GET", f"/exports/{export_id}")["state"] == "done"

        assert acting.call_api("GET", "/undelivered", params=parameters)["items"] is not None
        eventually(done, "the export is not done", WITHIN)
    for address in (acting.mailbox("mailbox-full", "filtered"), "+12065550199"):
        assert acting.call_api("GET", "/customers", params={"address": address})["customers"] is not None
    assert acting.call_api("GET", "/undelivered/trend")["days"]
    assert acting.call_api("GET", "/follow-ups")["customers"] is not None
    assert acting.call_api("GET", "/undelivered/summary")["undelivered"] > 0


@pytest.mark.parametrize("mailbox", ["throttled", "unexplained"])
def test_a_resend_and_a_digest_are_tried_again(acting, mailbox):
    item = acting.undelivered(f"hasty-{mailbox}", acting.mailbox("unknown-user", f"hasty-{mailbox}"))
    acting.correct(f"hasty-{mailbox}", email=acting.mailbox(mailbox, f"hasty-{mailbox}"))
    acting.resend(item)
    boss = acting.mailbox(mailbox, f"boss-{mailbox}")
    wanted = {"recipients": [boss], "days": list(range(7)), "hour": this_hour()}
    acting.undelivered(f"later-{mailbox}", acting.mailbox("unknown-user", f"later-{mailbox}"))
    acting.correct(f"later-{mailbox}", email=acting.mailbox("fine", f"later-{mailbox}"))
    acting.call_api("PUT", "/settings", json={"digest": wanted})

    def sent():
        acting.invoke("SendDigests")
        return acting.sent(boss)

    try:
        eventually(sent, "no digest was sent", 120.0)
    finally:
        acting.call_api("PUT", "/settings", json={})

    acting.comes_to(item, "resolved", attempts=2)


def test_a_resend_that_ses_refuses_returns_as_failed(acting):
    item = acting.undelivered("refuted", acting.mailbox("unknown-user", "refuted"))
    acting.correct("refuted", email=acting.mailbox("message-rejected", "refuted"))

    acting.resend(item)

    assert acting.comes_to(item, "open", attempts=2)["status"] == "failed"


def test_a_resend_that_was_never_queued_is_queued_again(acting):
    item = acting.undelivered("lost", acting.mailbox("unknown-user", "lost"))
    acting.correct("lost", email=acting.mailbox("fine", "lost"))
    functions = acting.stack.client("lambda")
    mapping = next(
        each
        for each in functions.list_event_source_mappings()["EventSourceMappings"]
        if "ProcessResends" in each["FunctionArn"]
    )
    queue = acting.stack.outputs["ResendsQueueUrl"]
    functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
    try:
        acting.resend(item)
        acting.stack.client("sqs").purge_queue(QueueUrl=queue)
        settle(acting, item)
    finally:
        functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=True)
    acting.invoke("Cleanup")

    acting.comes_to(item, "resolved", attempts=2)


def settle(acting, item):
    """Have a resend's time of grace be over."""
    (row,) = rows_of(acting, item)
    acting.stack.client("dynamodb").update_item(
        TableName=acting.stack.tables["undelivered"],
        Key={name: row[name] for name in ("account_id", "entry_key")},
        UpdateExpression="SET settle_at = :past",
        ExpressionAttributeValues={":past": {"N": "1"}},
    )


def rows_of(acting, item, table="undelivered"):
    return acting.stack.client("dynamodb").query(
        TableName=acting.stack.tables[table],
        IndexName="by_customer",
        KeyConditionExpression="customer_partition = :customer",
        ExpressionAttributeValues={":customer": {"S": f"{ACCOUNT}#{item['customer']['id']}"}},
    )["Items"]


def test_a_first_send_that_broke_off_shows_as_failed(acting):
    acting.send("broken", acting.mailbox("silent", "broken"))
    database, table = acting.stack.client("dynamodb"), acting.stack.tables["notifications"]
    key = {"account_id": {"S": ACCOUNT}, "record": {"S": f"{acting.name('n-broken-1')}~0001"}}
    eventually(lambda: sent(database.get_item(TableName=table, Key=key)), "it was not sent", WITHIN)

    database.update_item(
        TableName=table,
        Key=key,
        UpdateExpression="SET outcome = :claimed, settle_partition = :claimed, settle_at = :past",
        ExpressionAttributeValues={":claimed": {"S": "claimed"}, ":past": {"N": "1"}},
    )
    acting.invoke("Cleanup")

    assert eventually(lambda: acting.story.report("broken"), "it is not on the report", WITHIN)


def sent(answer):
    return answer.get("Item", {}).get("outcome", {}).get("S") == "sent"


def test_what_dynamodb_removes_itself_is_kept_and_no_longer_counted(acting):
    item = acting.undelivered("removed", acting.mailbox("mailbox-full", "removed"))
    counted = acting.story.count()
    (row,) = rows_of(acting, item)
    acting.stack.client("dynamodb").put_item(
        TableName=acting.stack.tables["undelivered"],
        Item={**row, "expires_at": {"N": str(int(ago(days=1).timestamp()))}},
    )

    eventually(lambda: not rows_of(acting, item), "it was not removed", 120.0)

    eventually(lambda: rows_of(acting, item, "history"), "it is not in history", WITHIN)
    eventually(lambda: acting.story.count() == counted - 1, "it is still counted", WITHIN)


def test_what_is_past_its_thirty_days_is_swept(acting):
    mail = a_mail(acting, "nearly", ago(days=30) + timedelta(seconds=15))
    publish(acting, "mailbox-full", mail)
    eventually(lambda: found(acting, "nearly"), "it was never recorded", WITHIN)

    def swept():
        acting.invoke("Cleanup")
        return not rows_of(acting, {"customer": {"id": acting.name("nearly")}})

    eventually(swept, "it was not swept", WITHIN)
    (item,) = eventually(lambda: found(acting, "nearly", state="expired"), "it is not in history", WITHIN)
    (refused,) = acting.call_api("POST", "/undelivered/resend", 202, json={"ids": [item["id"]]})["refused"]
    assert refused["code"] == "resend_expired"


def test_a_consent_of_somebody_who_opted_out_of_texts_is_carried_to_the_provider(acting):
    # SNS refuses texts to this number, and has it on its list. So the opt-in is a call of SNS.
    item = acting.undelivered("mute", "+12125550154", channel="sms")

    told = acting.call_api(
        "POST", f"/customers/{item['customer']['id']}/opt-in", json={"consent": CONSENT, "channel": "sms"}
    )

    assert [one["channel"] for one in told["lifted"]] == ["sms"]
