"""What cannot be understood waits alone for a person; what can is taken when it is tried again."""

import json
import subprocess
import sys
from datetime import UTC, datetime

from infrastructure.local.scenario import eventually
from infrastructure.local.ses_simulator.mail_rules import ReceivedMail, plan_events_as
from tests.stack.acting import WITHIN


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


def a_bounce(acting, person):
    mail = ReceivedMail(
        message_id=acting.name(f"m-{person}"),
        source="Harbor Storage <notices@undelivered.example>",
        recipients=(acting.mailbox("mailbox-full", person),),
        received_at=datetime.now(UTC),
        subject="Rent reminder",
        configuration_set="undelivered-sends",
        tags={"undelivered-account": (acting.stack.user().account_id,), "undelivered-customer": (acting.name(person),)},
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
