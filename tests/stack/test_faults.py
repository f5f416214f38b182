"""Faults on the running stack: nothing is lost, nothing is counted twice, nobody else is harmed."""

import json
import random
import re
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count, cycle

import httpx
import pytest

from infrastructure.bench import events
from infrastructure.errors import ToolError
from infrastructure.local import stack as local_stack
from infrastructure.local.deployment import DEFAULT_ACCOUNT, OTHER_ACCOUNT
from infrastructure.local.scenario import eventually
from infrastructure.local.stack import LocalStack
from tests.stack.faulty import faulty_store, kill

WITHIN = 300.0
# What a killed process held comes back after the queue's visibility timeout, which is six minutes as deployed.
COMES_BACK_S = 15
NUMBERS = count(1)


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    """Bring up a stack of its own: it is harmed here."""
    with LocalStack.start(state_dir=tmp_path_factory.mktemp("faults"), empty=True, keep=True) as running:
        running.client("sqs").set_queue_attributes(
            QueueUrl=running.description.feedback_queue_url, Attributes={"VisibilityTimeout": str(COMES_BACK_S)}
        )
        yield running


@dataclass
class Ledger:
    """What an account was told since a moment, held against what it shows."""

    stack: LocalStack
    account: str = DEFAULT_ACCOUNT
    expected: Counter = field(default_factory=Counter)
    """Statuses of the items that there should be now, as far as they were told through this ledger."""

    def __post_init__(self):
        self.before = self.counted()
        self.recipients = set()

    def ask(self, path, **params):
        headers = {"Authorization": self.stack.token(self.stack.user(account_id=self.account).email)}
        return (
            httpx.get(self.stack.api_url + path, params=params, headers=headers, timeout=60).raise_for_status().json()
        )

    def counted(self):
        told = self.ask("/undelivered/count")
        return Counter({name: number for name, number in told["by_status"].items() if number})

    def failures(self, number, *, status="bounced", sent_at=None):
        """Make events of so many failures, each of another message, that are to show as a status."""
        made = [
            events.bounce(next(NUMBERS), sent_at or datetime.now(UTC), suppressing=False, account_id=self.account)
            for _ in range(number)
        ]
        self.expected[status] += number
        self.recipients |= {event["mail"]["destination"][0] for event in made}
        return made

    def rows(self):
        """Read the items of this ledger from the table itself, past all counters and indexes."""
        pages = (
            self.stack.client("dynamodb")
            .get_paginator("scan")
            .paginate(TableName=self.stack.tables["undelivered"], ConsistentRead=True)
        )
        rows = [row for page in pages for row in page["Items"] if row["account_id"]["S"] == self.account]
        return [row for row in rows if row["recipient"]["S"] in self.recipients]

    def listed(self):
        """Read them as a manager does, page by page."""
        found, cursor = [], None
        while True:
            page = self.ask("/undelivered", limit=200, **({"cursor": cursor} if cursor else {}))
            found += [item for item in page["items"] if item["recipient"] in self.recipients]
            cursor = page["next_cursor"]
            if not cursor:
                return found

    def comes_true(self):
        """Wait until everything told is counted, then hold count, report and table against it and each other."""
        eventually(
            lambda: self.counted() - self.before >= self.expected,
            f"not all of {self.expected} is counted: {self.counted() - self.before}",
            WITHIN,
        )
        assert self.counted() - self.before == self.expected
        listed, rows = self.listed(), self.rows()
        assert Counter(item["status"] for item in listed) == self.expected
        assert {item["recipient"] for item in listed} == {row["recipient"]["S"] for row in rows} == self.recipients
        assert len(listed) == len(rows) == self.expected.total()


@pytest.fixture
def ours(stack):
    return Ledger(stack)


@pytest.fixture
def theirs(stack):
    """The account next door, which has a little work of its own at the same time."""
    return Ledger(stack, OTHER_ACCOUNT)


def publish(stack, texts):
    sns, topic = stack.client("sns"), stack.description.feedback_topic_arn
    for first in range(0, len(texts), 10):
        entries = [{"Id": str(each), "Message": text} for each, text in enumerate(texts[first : first + 10])]
        assert not sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=entries)["Failed"]


def told(made):
    return [events.as_text(event) for event in made]


def is_quiet(stack, url):
    """Whether nothing waits in a queue, and nobody is busy with anything of it."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    held = stack.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return not any(int(held[name]) for name in names)


def nothing_is_left_over(stack):
    eventually(lambda: is_quiet(stack, stack.description.feedback_queue_url), "the queue does not get empty", WITHIN)
    assert is_quiet(stack, stack.description.feedback_dlq_url)


def test_events_that_come_twice_late_and_in_any_order_count_once(stack, ours, theirs):
    bounced = ours.failures(60)
    complained = ours.failures(40, status="spammed")
    others = theirs.failures(10)
    complaints = [
        {
            "eventType": "Complaint",
            "mail": event["mail"],
            "complaint": {
                "complainedRecipients": [{"emailAddress": event["mail"]["destination"][0]}],
                "timestamp": event["bounce"]["timestamp"],
                "feedbackId": event["bounce"]["feedbackId"],
                "complaintFeedbackType": "abuse",
            },
        }
        for event in complained
    ]
    deliveries = [
        {
            "eventType": "Delivery",
            "mail": event["mail"],
            "delivery": {"timestamp": event["bounce"]["timestamp"], "recipients": event["mail"]["destination"]},
        }
        for event in bounced + complained
    ]
    messages = told([*bounced, *complained, *complaints, *deliveries, *others] * 2)
    random.Random(20).shuffle(messages)

    publish(stack, messages)

    ours.comes_true()
    theirs.comes_true()
    nothing_is_left_over(stack)
    ours.comes_true()


def test_processes_killed_in_mid_batch_lose_nothing_and_count_nothing_twice(stack, ours, theirs):
    # Of one batch the items are written and nobody learns of it; of the next not even that.
    cuts = cycle(["cut after", "cut before"])
    killed = []

    def rule(call):
        return next(cuts) if call.operation == "TransactWriteItems" and len(killed) < 2 else "pass"

    def cut():
        if number := kill(stack, "IngestFeedback"):  # none where another cut has killed this caller too
            killed.append(number)

    with faulty_store(stack, "IngestFeedback") as store:
        store.on_cut = cut
        store.rule = rule
        publish(stack, told([*ours.failures(150), *theirs.failures(10)]))
        ours.comes_true()
        theirs.comes_true()
        nothing_is_left_over(stack)

    assert len(killed) >= 2
    ours.comes_true()


def test_a_store_that_throttles_delays_and_loses_nothing(stack, ours, theirs):
    calls = count()

    def rule(_call):
        # At first it refuses everything, and so whole batches; then every third call, for as long as there are any.
        number = next(calls)
        return "throttle" if number < 20 or number % 3 == 0 else "pass"

    with faulty_store(stack, "IngestFeedback") as store:
        store.rule = rule
        publish(stack, told([*ours.failures(200), *theirs.failures(10)]))
        ours.comes_true()
        theirs.comes_true()
        nothing_is_left_over(stack)

    assert next(calls) > 20


def test_a_flood_of_poison_is_set_aside_with_its_reason_and_holds_nobody_up(stack, ours, theirs):
    poison = [
        text
        for number in range(100)
        for text in (f"Dear all, message {number}", f'{{"eventType": "Bounce", "mail": {{"n": {number}', f"[{number}]")
    ]
    messages = told([*ours.failures(120), *theirs.failures(10)]) + poison
    random.Random(8).shuffle(messages)

    publish(stack, messages)

    ours.comes_true()
    theirs.comes_true()
    eventually(lambda: is_quiet(stack, stack.description.feedback_queue_url), "the queue does not get empty", WITHIN)
    reasons = Counter(letter["why"] for letter in dead_letters(stack))
    assert reasons.total() == len(poison)
    assert "not JSON" in reasons
    assert all(reasons)
    stack.client("sqs").purge_queue(QueueUrl=stack.description.feedback_dlq_url)


def test_events_of_clocks_that_go_wrong_by_hours_are_counted_and_shown(stack, ours, theirs):
    now = datetime.now(UTC)
    made = [
        event for hours in (-47, -7, -1, 1, 7, 20) for event in ours.failures(10, sent_at=now + timedelta(hours=hours))
    ]
    # The receivers' clocks, which date the bounces, go wrong as well: these bounced long before they were sent.
    for event in made[::2]:
        event["bounce"]["timestamp"] = (now - timedelta(days=300)).strftime("%Y-%m-%dT%H:%M:%S.000Z")

    publish(stack, told([*made, *made, *theirs.failures(10)]))

    ours.comes_true()
    theirs.comes_true()
    nothing_is_left_over(stack)


def test_an_account_that_floods_does_not_keep_another_from_its_events(stack, ours, theirs):
    flood = told(ours.failures(1_500))
    publish(stack, flood[:1_000])
    publish(stack, told(theirs.failures(20)))
    publish(stack, flood[1_000:])

    theirs.comes_true()
    ours.comes_true()
    nothing_is_left_over(stack)


def test_a_stack_that_is_stopped_in_mid_flow_goes_on_where_it_was(stack, ours, theirs):
    announced = subscribed(stack)
    publish(stack, told([*ours.failures(150), *theirs.failures(10)]))

    stack.stop()
    again = LocalStack.start(port=stack.port, state_dir=stack.state_dir, keep=True)
    ours.stack = theirs.stack = again

    ours.comes_true()
    theirs.comes_true()
    nothing_is_left_over(again)
    shown = {item["id"] for item in [*ours.listed(), *theirs.listed()]}
    heard = set()
    eventually(
        lambda: heard.update(received(again, announced)) or heard >= shown,
        "not every item was announced",
        WITHIN,
    )


def test_a_start_that_fails_leaves_its_logs_and_says_where(tmp_path, monkeypatch):
    def refuse(*_):
        raise ToolError("The template was not deployed.")

    monkeypatch.setattr(local_stack, "deploy", refuse)

    with pytest.raises(ToolError, match=re.escape(f"More is in {tmp_path}")):
        LocalStack.start(state_dir=tmp_path, empty=True)

    assert "Ready" in (tmp_path / "emulator.log").read_text()
    assert [path.name for path in tmp_path.iterdir()] == ["emulator.log"]


def subscribed(stack):
    """Return a queue that hears what becomes of items."""
    sqs = stack.client("sqs")
    queue = sqs.create_queue(QueueName="host-application")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    stack.client("sns").subscribe(
        TopicArn=stack.outputs["OutcomeTopicArn"],
        Protocol="sqs",
        Endpoint=arn,
        Attributes={"RawMessageDelivery": "true"},
    )
    return queue


def received(stack, queue):
    """Return the items that the next announcements are about."""
    sqs = stack.client("sqs")
    letters = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", [])
    for letter in letters:
        sqs.delete_message(QueueUrl=queue, ReceiptHandle=letter["ReceiptHandle"])
    return [json.loads(letter["Body"])["item_id"] for letter in letters]


def dead_letters(stack):
    """Ask for the dead letters as an operator does."""
    command = [
        sys.executable,
        "-c",
        "from infrastructure.cli.main import main; main()",
        "redrive",
        "--queue",
        "feedback",
    ]
    command += ["--state-dir", str(stack.state_dir), "--dry-run", "--json"]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=300)
    return json.loads(done.stdout)["messages"]
