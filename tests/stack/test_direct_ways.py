"""What takes a race, a new account or an old one: functions are invoked as what wakes them would invoke them.

Each way is granted something of its own; the functions run with their own roles, whose policies are enforced.
"""

import base64
import gzip
import json
from datetime import UTC, datetime, timedelta

import pytest

from infrastructure.local.scenario import call_api, eventually
from infrastructure.local.ses_simulator.mail_rules import ReceivedMail, plan_events_as
from infrastructure.local.ses_simulator.sms_rules import SentSms, delivery_status_entry, log_group
from tests.builders.items import an_item, resent
from tests.stack.acting import WITHIN
from undelivered.adapters.dynamodb.account_store import RECOUNT, Recount
from undelivered.adapters.dynamodb.counter_names import name_failed, name_live
from undelivered.adapters.dynamodb.item_rows import facts_of, history_row, undelivered_row
from undelivered.adapters.dynamodb.stored_json import to_json
from undelivered.domain.export import Export, ExportPart, ExportPosition
from undelivered.domain.item import State
from undelivered.domain.notification import Notification, SendOutcome
from undelivered.domain.report_query import Period, ReportFilter
from undelivered.domain.taxonomy import Channel, Reason
from undelivered.services.export_report import ATTEMPTS

ACCOUNT = "acc-harbor"
KEPT_DAYS = 400


@pytest.fixture
def new_account(acting, request):
    """An account that nobody has seen."""
    return acting.name(f"acc-{abs(hash(request.node.name)) % 100_000}")


def ago(**time):
    return (datetime.now(UTC) - timedelta(**time)).replace(microsecond=0)


def wake(acting, function, event):
    """Invoke a function with an event; it must not fail."""
    functions = acting.stack.client("lambda")
    (name,) = [
        each["FunctionName"]
        for each in functions.list_functions()["Functions"]
        if f"-{function}-" in each["FunctionName"]
    ]
    answer = functions.invoke(FunctionName=name, Payload=json.dumps(event).encode())
    told = json.loads(answer["Payload"].read() or b"null")
    assert "FunctionError" not in answer, told
    assert not (told or {}).get("batchItemFailures"), told


def store(acting, table, **row):
    """Put a row of texts and numbers into a table."""
    item = {name: {"N" if isinstance(value, int) else "S": str(value)} for name, value in row.items()}
    acting.stack.client("dynamodb").put_item(TableName=acting.stack.tables[table], Item=item)


def store_item(acting, item, *, past=False):
    row = history_row(item, facts_of(item), 1, KEPT_DAYS) if past else undelivered_row(item, facts_of(item), 1)
    table = acting.stack.tables["history" if past else "undelivered"]
    acting.stack.client("dynamodb").put_item(TableName=table, Item=row)
    return row


def store_notification(acting, account_id, notification_id, to):
    notification = Notification(
        "", "", "c-1", Channel.EMAIL, "Rent reminder", "Your rent is due.", ago(minutes=1), to=to
    )
    in_a_day = int(ago(days=-1).timestamp())
    told = {"account_id": account_id, "record": notification_id, "body": to_json(notification), "purge_at": in_a_day}
    store(acting, "notifications", **told)


def store_sent(acting, account_id, to, message_id):
    store(
        acting,
        "notifications",
        account_id=account_id,
        record="n-1~0001",
        body=json.dumps([to, ago(minutes=5).isoformat(), "host", ""]),
        outcome=SendOutcome.SENT,
        provider_message_id=message_id,
        purge_at=int(ago(days=-1).timestamp()),
    )


def stored(acting, table, account_id, record):
    key = {"account_id": {"S": account_id}, "record": {"S": record}}
    return acting.stack.client("dynamodb").get_item(TableName=acting.stack.tables[table], Key=key).get("Item")


def is_registered(acting, account_id):
    return stored(acting, "accounts", "~accounts", account_id) is not None


def order(account_id, notification_id, attempt=1, entry_key=""):
    """A queue's event with one order."""
    told = {
        "account_id": account_id,
        "notification_id": notification_id,
        "attempt": attempt,
        "entry_key": entry_key,
    }
    return {
        "Records": [
            {
                "messageId": "1",
                "receiptHandle": "1",
                "body": json.dumps(told),
                "attributes": {"ApproximateReceiveCount": "1"},
                "messageAttributes": {},
                "eventSource": "aws:sqs",
            }
        ]
    }


def change(kind, **images):
    """A stream's event with one record."""
    return {"Records": [{"eventName": kind, "dynamodb": {**images, "SequenceNumber": "1"}}]}


def log_event(entry):
    """What CloudWatch Logs sends of one entry."""
    told = {
        "messageType": "DATA_MESSAGE",
        "owner": "000000000000",
        "logGroup": log_group("us-east-1", "000000000000", failed=True),
        "logStream": "s",
        "subscriptionFilters": ["f"],
        "logEvents": [{"id": "1", "timestamp": int(datetime.now(UTC).timestamp() * 1_000), "message": entry}],
    }
    return {"awslogs": {"data": base64.b64encode(gzip.compress(json.dumps(told).encode())).decode()}}


class TestANewAccount:
    """Whichever function sees an account first registers it."""

    def test_by_an_event_about_its_own_send(self, acting, new_account):
        mail = a_mail(acting, "new", ago(minutes=5), account_id=new_account)
        store_sent(acting, new_account, mail.recipients[0], mail.message_id)

        publish(acting, "unknown-user", mail)

        eventually(lambda: is_registered(acting, new_account), "it is not registered", WITHIN)

    def test_but_not_by_the_tag_of_a_message_that_nobody_sent(self, acting, new_account):
        mail = a_mail(acting, "claimed", ago(minutes=5), account_id=new_account)

        publish(acting, "unknown-user", mail)

        shown = f"/undelivered?q={mail.recipients[0]}"
        (item,) = eventually(lambda: acting.call_api("GET", shown)["items"], "nobody has it", WITHIN)
        assert not is_registered(acting, new_account)
        leave_now(acting, item)

    def test_by_a_text(self, acting, new_account):
        message_id = acting.name("text-of-a-new-account")
        store_sent(acting, new_account, "+12065550147", message_id)

        wake(
            acting,
            "IngestSmsLogs",
            log_event(delivery_status_entry(SentSms(message_id, "+12065550147", ago(minutes=5))).message),
        )

        assert is_registered(acting, new_account)

    def test_by_a_send(self, acting, new_account):
        store_notification(acting, new_account, "n-1", acting.mailbox("fine", "first"))

        wake(acting, "SendNotifications", order(new_account, "n-1"))

        assert is_registered(acting, new_account)

    def test_by_a_resend(self, acting, new_account):
        item = resent(an_item(account_id=new_account, sent_at=ago(days=31)), to=acting.mailbox("fine", "first"))
        store_notification(acting, new_account, item.notification_id, "")
        store_item(acting, item, past=True)  # the table of those on the report would wake others

        wake(acting, "ProcessResends", order(new_account, item.notification_id, 2, item.entry_key))

        assert is_registered(acting, new_account)

    def test_by_a_removal(self, acting, new_account):
        item = an_item(account_id=new_account, sent_at=ago(days=30))
        image = undelivered_row(item, facts_of(item), 1)

        wake(acting, "Archive", change("REMOVE", OldImage=image))

        assert is_registered(acting, new_account)

    def test_by_a_soft_failure(self, acting, new_account):
        item = an_item(Reason.MAILBOX_FULL, account_id=new_account, sent_at=ago(days=1))

        wake(acting, "OnItemChanged", change("INSERT", NewImage=undelivered_row(item, facts_of(item), 1)))

        assert is_registered(acting, new_account)

    def test_by_the_digests_where_its_registration_broke_off(self, acting, new_account):
        store(acting, "accounts", account_id="~accounts", record=new_account, body="{}")

        wake(acting, "SendDigests", {})

        assert stored(acting, "accounts", new_account, "settings") is not None

    def test_by_the_schedule(self, acting, new_account):
        item = resent(an_item(Reason.MAILBOX_DISABLED, account_id=new_account, sent_at=ago(days=1)), at=ago(hours=1))
        store_item(acting, item)

        wake(acting, "Cleanup", {})

        assert is_registered(acting, new_account)


def publish(acting, situation, mail):
    for planned in plan_events_as(situation, mail):
        acting.stack.client("sns").publish(
            TopicArn=acting.stack.outputs["FeedbackTopicArn"], Message=json.dumps(planned.event)
        )


def a_mail(acting, customer, sent_at, *, account_id=ACCOUNT):
    return ReceivedMail(
        message_id=acting.name(f"0100018b-{customer}"),
        source="Harbor Storage <notices@undelivered.example>",
        recipients=(acting.mailbox("anybody", customer),),
        received_at=sent_at,
        subject="A reminder",
        configuration_set="undelivered-sends",
        tags={
            "undelivered-account": (account_id,),
            "undelivered-notification": (acting.name(f"n-{customer}-1"),),
            "undelivered-attempt": ("1",),
            "undelivered-customer": (acting.name(customer),),
        },
    )


def leave_now(acting, item):
    """Take an item off the report that would leave it by itself while other tests count."""
    acting.call_api("POST", f"/undelivered/{item['id']}/dismiss", json={"reason": "seen"})


class TestAtTheEdgeOfTheThirtyDays:
    def test_an_item_about_to_leave_is_resent_and_returns(self, acting):
        acting.send("edgar", acting.mailbox("silent", "edgar"))
        publish(acting, "unknown-user", a_mail(acting, "edgar", ago(days=30) + timedelta(minutes=10)))
        (item,) = eventually(lambda: acting.story.report("edgar"), "it is not on the report", WITHIN)
        acting.correct("edgar", email=acting.mailbox("message-rejected", "edgar"))

        acting.resend(item)

        assert acting.comes_to(item, "open", attempts=2)["status"] == "failed"
        leave_now(acting, item)

    def test_a_text_about_to_leave_is_counted(self, acting):
        number, sent_at = "+12065550148", ago(days=30) + timedelta(minutes=10)

        wake(
            acting,
            "IngestSmsLogs",
            log_event(delivery_status_entry(SentSms(acting.name("edge-text"), number, sent_at)).message),
        )

        (shown,) = acting.items_to(number, channel="sms", sort="oldest")
        leave_now(acting, shown)

    def test_a_resend_under_way_ends_in_history(self, acting):
        running = an_item(account_id=ACCOUNT, sent_at=ago(days=31), number=77, customer_id=acting.name("late"))
        item = resent(running, to=acting.mailbox("fine", "late"), at=ago(minutes=1))
        store_notification(acting, ACCOUNT, item.notification_id, "")
        store_item(acting, item, past=True)

        wake(acting, "ProcessResends", order(ACCOUNT, item.notification_id, 2, item.entry_key))

        assert acting.sent(acting.mailbox("fine", "late"))
        (shown,) = acting.story.report("late", **{"from": ago(days=60).strftime("%Y-%m-%d")})
        assert acting.page(shown)["attempt_chain"][1]["provider_message_id"]


class TestWhatComesTwiceOrTooLate:
    def test_a_removal_told_twice_is_kept_once(self, acting):
        item = an_item(account_id=ACCOUNT, sent_at=ago(days=31), number=78, customer_id=acting.name("twice"))
        removal = change("REMOVE", OldImage=undelivered_row(item, facts_of(item), 1))

        wake(acting, "Archive", removal)
        wake(acting, "Archive", removal)

        assert len(acting.story.report("twice", **{"from": ago(days=60).strftime("%Y-%m-%d")})) == 1

    def test_a_change_told_late_flags_the_item_as_it_is_now(self, acting):
        customer = acting.name("stale")
        call_api(acting.host, "PUT", f"/customers/{customer}", json={"name": "Stella", "email": "stella@example.com"})
        item = an_item(account_id=ACCOUNT, sent_at=ago(days=1), number=79, customer_id=customer)
        row = store_item(acting, item)

        wake(acting, "OnItemChanged", change("INSERT", NewImage={**row, "version": {"N": "99"}}))

        eventually(lambda: acting.story.report("stale", ready="true"), "it is not flagged", WITHIN)


class TestUpkeep:
    def test_what_writers_spread_is_brought_together(self, acting, new_account):
        yesterday = ago(days=1).strftime("%Y-%m-%d")
        store(acting, "accounts", account_id="~accounts", record=new_account, body="{}")
        store(acting, "counts", account_id=new_account, bucket=f"L~{yesterday}~1", n=1, **name_live({"eh": 1}))

        wake(acting, "Cleanup", {})

        buckets = [row["bucket"]["S"] for row in counters(acting, new_account)]
        assert f"L~{yesterday}~0" in buckets
        assert f"L~{yesterday}~1" not in buckets

    @pytest.mark.parametrize("days_ago", [(2,), (2, 31)])
    def test_a_change_of_time_zone_counts_anew_what_can_be_counted(self, acting, new_account, days_ago):
        store(acting, "accounts", account_id="~accounts", record=new_account, body="{}")
        store(acting, "accounts", account_id=new_account, record=RECOUNT, body=to_json(Recount(1)))
        failed = name_failed({"eh.mailbox_disabled": 1}, {})
        for days in days_ago:
            store(acting, "counts", account_id=new_account, bucket=f"T~{ago(days=days):%Y-%m-%d}~0", **failed)

        wake(acting, "Cleanup", {})

        left = stored(acting, "accounts", new_account, "recount")
        # Items of the day that is leaving may be on their way to history.
        assert (left is not None) == (31 in days_ago)


def counters(acting, account_id):
    return acting.stack.client("dynamodb").query(
        TableName=acting.stack.tables["counts"],
        KeyConditionExpression="account_id = :account AND begins_with(#bucket, :live)",
        ExpressionAttributeNames={"#bucket": "bucket"},
        ExpressionAttributeValues={":account": {"S": account_id}, ":live": {"S": "L~"}},
    )["Items"]


class TestExports:
    @pytest.fixture
    def export(self, acting):
        """Puts an export where an invocation left it and has another take it up; gives its state."""

        def take_up(export_id, **left):
            now = datetime.now(UTC)
            export = Export(
                ACCOUNT,
                export_id,
                ReportFilter(Period(ago(days=1), now), states=frozenset({State.OPEN})),
                now,
                "m",
                now,
                position=ExportPosition("gone", (ExportPart(1, "tag"),), is_read=True),
                next_part=2,
                version=1,
                **left,
            )
            in_a_day = int(ago(days=-1).timestamp())
            record = f"export~{export_id}"
            row = {"account_id": ACCOUNT, "record": record, "body": to_json(export), "version": 1}
            store(acting, "accounts", **row, purge_at=in_a_day)
            body = json.dumps({"account_id": ACCOUNT, "export_id": export_id})
            record = {"messageId": "m-1", "receiptHandle": "r-1", "body": body, "attributes": {}}
            wake(acting, "ExportReport", {"Records": [record]})
            return acting.call_api("GET", f"/exports/{export_id}")["state"]

        return take_up

    def test_one_that_never_gets_on_is_given_up(self, acting, export):
        assert export(acting.name("given-up"), attempts=ATTEMPTS) == "failed"

    def test_one_whose_last_answer_was_lost_is_done(self, acting, export):
        export_id = acting.name("answer-lost")
        bucket = acting.stack.outputs["ExportsBucket"]
        acting.stack.client("s3").put_object(Bucket=bucket, Key=f"exports/{ACCOUNT}/{export_id}.csv", Body=b"all")

        assert export(export_id) == "done"
