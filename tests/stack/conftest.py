"""One local stack for all tests that talk to the deployed template. It enforces every role's policy, as AWS does."""

import json
from collections import defaultdict

import pytest

from infrastructure.local.stack import LocalStack
from tests.stack.acting import Acting
from tests.stack.crashed import CRASH_POINTS


@pytest.fixture(scope="session")
def stack(tmp_path_factory):
    with LocalStack.start(state_dir=tmp_path_factory.mktemp("stack"), empty=True, enforce_iam=True) as running:
        yield running


@pytest.fixture(scope="module")
def acting(stack):
    people = Acting.on(stack)
    yield people
    people.close()


@pytest.fixture
def told(acting):
    """Return a function that gives what was announced about an item so far, in order."""
    sqs, sns = acting.stack.client("sqs"), acting.stack.client("sns")
    url = sqs.create_queue(QueueName=acting.name("outcomes"))["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    topic = acting.stack.outputs["OutcomeTopicArn"]
    delivers = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
        "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [delivers]})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    subscription = sns.subscribe(
        TopicArn=topic,
        Protocol="sqs",
        Endpoint=arn,
        Attributes={"RawMessageDelivery": "true"},
        ReturnSubscriptionArn=True,
    )["SubscriptionArn"]
    heard = []

    def about(item):
        answer = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1)
        for message in answer.get("Messages", []):
            heard.append(json.loads(message["Body"]))
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return [form for form in heard if form["item_id"] == item["id"]]

    yield about
    sns.unsubscribe(SubscriptionArn=subscription)
    sqs.delete_queue(QueueUrl=url)


def pytest_collection_modifyitems(items):
    """Ask last what was granted and never used, and what was logged: all the other tests are the use."""
    items.sort(key=lambda item: item.path.name in {"test_least_privilege.py", "test_privacy.py"})


def pytest_terminal_summary(terminalreporter):
    """Show where functions were killed and throttled. The tests fail if anything was lost or sent twice."""
    killed, throttled, most_sent = defaultdict(int), defaultdict(int), 0
    for report in terminalreporter.stats.get("passed", []):
        for name, tried in report.user_properties:
            if name == CRASH_POINTS:
                function, kills, throttles, sent = tried
                killed[function] += kills
                throttled[function] += throttles
                most_sent = max(most_sent, sent)
    if killed:
        terminalreporter.section("crash points")
        for function, kills in sorted(killed.items()):
            terminalreporter.line(f"{function}: killed at {kills} points, {throttled[function]} calls throttled")
        total = f"{sum(killed.values())} points, {sum(throttled.values())} calls throttled"
        terminalreporter.line(f"{total}: lost 0, sent at most {most_sent} times, counts exact")
