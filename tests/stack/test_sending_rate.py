"""A bulk send that is faster than the account may send waits: nothing becomes a dead letter, nothing is sent twice."""

import json
import time
from uuid import uuid4

import httpx
import pytest

from infrastructure.local.scenario import call_api, eventually
from tests.stack.acting import WITHIN

PER_SECOND = 5
BULK = 60
HELD_SECONDS = 90.0
"""Longer than a sending function runs. Jobs are queued again with this delay."""


@pytest.fixture
def account(stack):
    """What the AWS account may send; the usual again afterwards."""
    limits = Limits(stack)
    usual = limits.set()
    yield limits
    limits.set(**{name: usual[name] for name in usual if name != "emails_sent"})


class Limits:
    def __init__(self, stack):
        self.stack = stack

    def set(self, **changes):
        """Change the limits, and have the functions read them at once."""
        answer = httpx.put(f"{self.stack.simulator_url}/_simulator/limits", json=changes, timeout=30).json()
        for channel in ("email", "sms"):
            self.stack.client("dynamodb").delete_item(
                TableName=self.stack.tables["accounts"],
                Key={"account_id": {"S": "~sending"}, "record": {"S": channel}},
            )
        return answer

    def hold(self, seconds):
        """Let the next slot for emails be some seconds from now, whoever asks for it first and whenever."""
        now = time.time()
        rate = {"next_free": now + seconds, "per_second": PER_SECOND, "read_at": now, "paused_until": 0.0}
        self.stack.client("dynamodb").put_item(
            TableName=self.stack.tables["accounts"],
            Item={
                "account_id": {"S": "~sending"},
                "record": {"S": "email"},
                "body": {"S": json.dumps({"rate": rate, "write_id": uuid4().hex})},
                "version": {"N": str(int(now * 1_000))},
            },
        )


def waiting(stack, queue):
    names = [
        "ApproximateNumberOfMessages",
        "ApproximateNumberOfMessagesNotVisible",
        "ApproximateNumberOfMessagesDelayed",
    ]
    answer = stack.client("sqs").get_queue_attributes(QueueUrl=stack.outputs[queue], AttributeNames=names)
    return {name: int(answer["Attributes"][name]) for name in names}


def delayed(stack, queue):
    return waiting(stack, queue)["ApproximateNumberOfMessagesDelayed"]


def hand_over_many(acting, people):
    for person in people:
        address = acting.mailbox("success", person)
        call_api(acting.host, "PUT", f"/customers/{acting.name(person)}", json={"name": person, "email": address})
    notifications = [
        {"customer_id": acting.name(person), "channel": "email", "title": "Rent reminder", "text": "Rent is due."}
        for person in people
    ]
    for first in range(0, len(people), 50):
        call_api(acting.host, "POST", "/notifications", 202, json={"notifications": notifications[first : first + 50]})


def test_sixty_emails_at_five_a_second_all_go_out_once_at_that_rate(stack, acting, account):
    people = [f"bulk{number}" for number in range(BULK)]
    account.set(emails_per_second=PER_SECOND)
    hand_over_many(acting, people)

    def sent():
        return [len(acting.sent(acting.mailbox("success", person))) for person in people]

    eventually(lambda: sum(sent()) >= BULK, "not all are sent", WITHIN)
    eventually(lambda: sum(waiting(stack, "SendsQueueUrl").values()) == 0, "the queue does not end", WITHIN)

    assert sent() == [1] * BULK
    assert sum(waiting(stack, "SendsDeadLetterQueueUrl").values()) == 0


def test_what_must_wait_longer_than_a_function_runs_is_queued_again_and_sent_once(stack, acting, account):
    item = acting.undelivered("patient", acting.mailbox("mailbox-full", "patient"))
    other = acting.undelivered("waiting", acting.mailbox("mailbox-full", "waiting"))
    acting.correct("patient", email=acting.mailbox("success", "patient"))
    acting.correct("waiting", email=acting.mailbox("success", "waiting"))
    account.hold(HELD_SECONDS)
    acting.resend(item)
    acting.resend(other)
    hand_over_many(acting, ["slow"])

    def are_queued_again():
        # Held anew each time, so that the slot stays too far away however slow the machine is.
        account.hold(HELD_SECONDS)
        return delayed(stack, "ResendsQueueUrl") >= 2 and delayed(stack, "SendsQueueUrl") >= 1

    eventually(are_queued_again, "the jobs are not queued again", WITHIN)
    account.set(emails_per_second=50)

    for person in ("patient", "waiting", "slow"):
        address = acting.mailbox("success", person)
        eventually(lambda to=address: acting.sent(to), f"nothing was sent to {address}", 2 * WITHIN)
        assert len(acting.sent(address)) == 1
    assert sum(waiting(stack, "ResendsDeadLetterQueueUrl").values()) == 0


def test_a_resend_asks_ses_for_the_rate_if_it_is_not_known(stack, acting, account):
    item = acting.undelivered("unpaced", acting.mailbox("mailbox-full", "unpaced"))
    acting.correct("unpaced", email=acting.mailbox("success", "unpaced"))
    account.set()  # forgets the rate

    acting.resend(item)

    acting.comes_to(item, "resolved")


def test_a_day_whose_quota_is_used_up_is_waited_for_without_asking_ses(stack, acting, account):
    used_up = account.set(emails_per_day=1, emails_sent=1)
    hand_over_many(acting, ["tomorrow"])

    eventually(lambda: delayed(stack, "SendsQueueUrl"), "the send is not queued again", WITHIN)

    assert acting.sent(acting.mailbox("success", "tomorrow")) == []
    assert account.set()["emails_sent"] == used_up["emails_sent"]
    assert sum(waiting(stack, "SendsDeadLetterQueueUrl").values()) == 0
    stack.client("sqs").purge_queue(QueueUrl=stack.outputs["SendsQueueUrl"])


def test_texts_wait_for_the_rate_of_sns(stack, acting, account):
    account.set(texts_per_second=2)
    people = [f"texted{number}" for number in range(8)]
    for number, person in enumerate(people):
        acting.send(person, f"+1206555012{number}", channel="sms")

    for person in people:
        eventually(lambda who=person: acting.story.report(who), f"{person} is not on the report", WITHIN)

    assert sum(waiting(stack, "SendsDeadLetterQueueUrl").values()) == 0
