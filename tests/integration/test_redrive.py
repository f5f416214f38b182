"""Redrive on moto's queues: the report on each dead letter, and its outcome."""

import json
from datetime import UTC, datetime
from io import BytesIO
from types import SimpleNamespace

import boto3
import pytest
from moto import mock_aws

from infrastructure.dead_letters import replay
from infrastructure.dead_letters.queues import DeadLetterQueue, QueueName, dead_letter_queue_of, redrive_queue
from infrastructure.dead_letters.reading import DeadLetter, Reading, read_stream_batch
from infrastructure.dead_letters.replay import FunctionReplay, ReplayOutcome, body_as_event, stream_event
from tests.builders.events import bounce

TOPIC = "arn:aws:sns:us-east-1:123456789012:feedback"
ORDER = json.dumps({"account_id": "acc-1", "notification_id": "n-1", "attempt": 2, "entry_key": "2026~m~x"})


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr(replay, "_POLL_SECONDS", 0.01)
    monkeypatch.setattr(replay, "_LONG_POLL_SECONDS", 0)


class Ground:
    """The queues of a stack. Each moves a message to its dead-letter queue after one receive."""

    def __init__(self):
        self.sqs = boto3.client("sqs", region_name="us-east-1")
        self.ids = {"FeedbackTopic": TOPIC}
        for name in ("Feedback", "Sends", "Resends"):
            dead = self.sqs.create_queue(QueueName=f"{name}Dead")["QueueUrl"]
            arn = self.sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
            policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 1})
            alive = self.sqs.create_queue(QueueName=name, Attributes={"RedrivePolicy": policy})["QueueUrl"]
            self.ids |= {f"{name}DeadLetterQueue": dead, f"{name}Queue": alive}

    def resource(self, logical_id):
        return self.ids[logical_id]

    def client(self, _service):
        return self.sqs

    def add_dead_letter(self, name, body):
        return self.sqs.send_message(QueueUrl=self.ids[f"{name}DeadLetterQueue"], MessageBody=body)["MessageId"]

    def bodies(self, logical_id):
        answer = self.sqs.receive_message(QueueUrl=self.ids[logical_id], MaxNumberOfMessages=10)
        return [message["Body"] for message in answer.get("Messages", [])]

    def redrive(self, name, *, dry_run=False):
        queue = dead_letter_queue_of(name, self)
        return redrive_queue(name, queue, self.sqs, dry_run=dry_run, wait_seconds=0.1)


@pytest.fixture
def ground():
    with mock_aws():
        yield Ground()


def enveloped(event, topic=TOPIC):
    return json.dumps({"Type": "Notification", "TopicArn": topic, "Message": json.dumps(event)})


def test_prose_is_kept_and_said_why(ground):
    message_id = ground.add_dead_letter("Feedback", "Dear all, this is no event of ada@example.com")

    (report,) = ground.redrive(QueueName.FEEDBACK)

    assert (report.message_id, report.became, report.why) == (message_id, ReplayOutcome.KEPT, "not JSON")
    assert "ada" not in str(report)
    assert len(ground.bodies("FeedbackDeadLetterQueue")) == 1
    assert ground.bodies("FeedbackQueue") == []


def test_an_event_that_can_be_understood_goes_back_to_its_queue(ground):
    body = enveloped(bounce())
    ground.add_dead_letter("Feedback", body)

    (report,) = ground.redrive(QueueName.FEEDBACK)

    assert report.became is ReplayOutcome.WAITING  # nobody takes it from this queue
    assert "message" in report.what
    assert "@" not in report.what + report.why
    assert ground.bodies("FeedbackQueue") == [body]
    assert ground.bodies("FeedbackDeadLetterQueue") == []


def test_an_order_keeps_the_request_that_it_goes_back_to(ground):
    mark = {"correlation_id": {"DataType": "String", "StringValue": "request-1"}}
    dead, alive = ground.ids["ResendsDeadLetterQueue"], ground.ids["ResendsQueue"]
    ground.sqs.send_message(QueueUrl=dead, MessageBody=ORDER, MessageAttributes=mark)

    ground.redrive(QueueName.RESENDS)

    (message,) = ground.sqs.receive_message(QueueUrl=alive, MessageAttributeNames=["All"])["Messages"]
    assert message["MessageAttributes"] == mark


def test_an_event_from_a_topic_that_is_not_ours_is_kept(ground):
    ground.add_dead_letter("Feedback", enveloped(bounce(), "arn:aws:sns:us-east-1:999999999999:feedback"))

    (report,) = ground.redrive(QueueName.FEEDBACK)

    assert (report.became, report.why) == (ReplayOutcome.KEPT, "from a topic that is not configured")


def test_a_letter_that_comes_back_is_said_to_have_returned(ground, monkeypatch):
    ground.add_dead_letter("Feedback", enveloped(bounce()))

    def fails_again(_seconds):
        for _ in range(2):  # the second time the queue gives it up
            answer = ground.sqs.receive_message(QueueUrl=ground.ids["FeedbackQueue"], VisibilityTimeout=0)
            assert len(answer.get("Messages", [])) <= 1

    monkeypatch.setattr(replay.time, "sleep", fails_again)
    (report,) = ground.redrive(QueueName.FEEDBACK)

    assert report.became is ReplayOutcome.RETURNED
    assert len(ground.bodies("FeedbackDeadLetterQueue")) == 1


def test_a_letter_that_is_taken_is_said_to_be(ground, monkeypatch):
    ground.add_dead_letter("Resends", ORDER)

    def worker(_seconds):
        url = ground.ids["ResendsQueue"]
        for message in ground.sqs.receive_message(QueueUrl=url).get("Messages", []):
            ground.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])

    monkeypatch.setattr(replay.time, "sleep", worker)
    queue = dead_letter_queue_of(QueueName.RESENDS, ground)
    (report,) = redrive_queue(QueueName.RESENDS, queue, ground.sqs, dry_run=False, wait_seconds=10)

    assert report.became is ReplayOutcome.TAKEN
    assert report.what == "resend of notification n-1, attempt 2, account acc-1"


def test_a_dry_run_only_says_what_is_there(ground):
    ground.add_dead_letter("Sends", ORDER)
    ground.add_dead_letter("Sends", "[]")

    reports = ground.redrive(QueueName.SENDS, dry_run=True)

    assert min((report.became, report.why) for report in reports) == (ReplayOutcome.KEPT, "not a send job")
    assert {report.became for report in reports} == {ReplayOutcome.KEPT, ReplayOutcome.WOULD_REPLAY}
    assert ground.bodies("SendsQueue") == []
    assert len(ground.bodies("SendsDeadLetterQueue")) == 2


class Lambda:
    def __init__(self, answer=None, *, fails=False):
        self.events = []
        self.answer = answer
        self.fails = fails

    def invoke(self, FunctionName, Payload):  # noqa: N803 - boto3's names
        self.events.append((FunctionName, json.loads(Payload)))
        failed = {"FunctionError": "Unhandled"} if self.fails else {}
        return {"Payload": BytesIO(json.dumps(self.answer).encode()), **failed}


@pytest.mark.parametrize(
    ("invoked", "became", "left"),
    [
        (Lambda(), ReplayOutcome.TAKEN, 0),
        (Lambda({"errorType": "UnreadableEventError"}, fails=True), ReplayOutcome.KEPT, 1),
        (Lambda({"batchItemFailures": [{"itemIdentifier": "1"}]}), ReplayOutcome.KEPT, 1),
    ],
)
def test_an_invocation_is_done_again_and_deleted_only_when_it_succeeds(ground, invoked, became, left):
    event = {"awslogs": {"data": "H4sIAAAAAAAC/6uuBQBDv6ajAgAAAA=="}}
    ground.add_dead_letter("Feedback", json.dumps(event))
    queue = DeadLetterQueue(
        ground.ids["FeedbackDeadLetterQueue"],
        lambda _: Reading("logs", "", replayable=True),
        FunctionReplay(invoked, "IngestSmsLogs", body_as_event),
    )

    (report,) = redrive_queue(QueueName.SMS_LOGS, queue, ground.sqs, dry_run=False, wait_seconds=0.1)

    assert report.became is became
    assert invoked.events == [("IngestSmsLogs", event)]
    assert len(ground.bodies("FeedbackDeadLetterQueue")) == left


FAILED_BATCH = {
    "requestContext": {"condition": "RetryAttemptsExhausted", "approximateInvokeCount": 11},
    "DDBStreamBatchInfo": {
        "shardId": "shard-1",
        "startSequenceNumber": "100",
        "endSequenceNumber": "101",
        "approximateArrivalOfFirstRecord": "2026-11-23T18:00:00Z",
        "batchSize": 2,
        "streamArn": "arn:aws:dynamodb:us-east-1:123456789012:table/t/stream/1",
    },
}


def a_letter(body):
    return DeadLetter("id", "receipt", json.dumps(body), datetime(2026, 11, 23, 18, tzinfo=UTC), 1, {}, {})


def test_what_a_stream_function_failed_at_is_fetched_from_the_stream_again():
    numbers = ("100", "101", "102")
    records = [{"dynamodb": {"SequenceNumber": n, "ApproximateCreationDateTime": datetime.now(UTC)}} for n in numbers]
    streams = SimpleNamespace(
        exceptions=SimpleNamespace(TrimmedDataAccessException=KeyError, ResourceNotFoundException=KeyError),
        get_shard_iterator=lambda **_: {"ShardIterator": "iterator"},
        get_records=lambda **_: {"Records": records},
    )
    letter = a_letter(FAILED_BATCH)

    event = json.loads(stream_event(streams, letter))

    assert read_stream_batch(letter).why.startswith("RetryAttemptsExhausted")
    assert [record["dynamodb"]["SequenceNumber"] for record in event["Records"]] == ["100", "101"]


def test_what_does_not_look_like_a_failed_batch_is_kept():
    assert not read_stream_batch(a_letter({"Records": []})).replayable
