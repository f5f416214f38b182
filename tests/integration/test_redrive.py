"""Redrive on moto's queues: the report on each dead letter, and its outcome."""

import json
from datetime import UTC, datetime
from io import BytesIO

import boto3
import pytest
from moto import mock_aws

from infrastructure.dead_letters import replay, stream_records
from infrastructure.dead_letters.queues import DeadLetterQueue, QueueName, dead_letter_queue_of, redrive_queue
from infrastructure.dead_letters.reading import DeadLetter, Reading, read_stream_letter
from infrastructure.dead_letters.replay import FunctionReplay, ReplayError, ReplayOutcome, body_as_event, stream_event
from tests.builders.aws import stubbed
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
        for name in ("Feedback", "Sends", "Resends", "Exports"):
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


def test_an_export_goes_back_to_its_queue_and_anything_else_is_kept(ground):
    body = json.dumps({"account_id": "acc-1", "export_id": "e-1"})
    ground.add_dead_letter("Exports", body)
    ground.add_dead_letter("Exports", '{"account_id": "acc-1"}')

    reports = sorted(ground.redrive(QueueName.EXPORTS), key=lambda report: report.became)

    assert [report.became for report in reports] == [ReplayOutcome.KEPT, ReplayOutcome.WAITING]
    assert (reports[0].why, reports[1].what) == ("not an export job", "export e-1, account acc-1")
    assert ground.bodies("ExportsQueue") == [body]


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


class Reappearing:
    """A queue so long that its first messages are visible again before the last are received."""

    def __init__(self, sqs):
        self.sqs, self.polls = sqs, 0

    def receive_message(self, **call):
        self.polls += 1
        assert self.polls < 100, "it receives the same messages again and again"
        return self.sqs.receive_message(**{**call, "VisibilityTimeout": 0})

    def __getattr__(self, name):
        return getattr(self.sqs, name)


def test_letters_that_reappear_while_the_others_are_received_are_replayed_once(ground):
    for _ in range(3):
        ground.add_dead_letter("Sends", ORDER)
    queue = dead_letter_queue_of(QueueName.SENDS, ground)

    reports = redrive_queue(QueueName.SENDS, queue, Reappearing(ground.sqs), dry_run=False, wait_seconds=0.1)

    assert len(reports) == 3
    assert ground.bodies("SendsQueue") == [ORDER] * 3
    assert ground.bodies("SendsDeadLetterQueue") == []


def test_a_letter_that_waits_for_the_sending_rate_is_not_said_to_be_done(ground, monkeypatch):
    """The sending function queues it again, as a new message with a delay."""
    ground.add_dead_letter("Sends", ORDER)

    def postpone(_seconds):
        url = ground.ids["SendsQueue"]
        for message in ground.sqs.receive_message(QueueUrl=url).get("Messages", []):
            ground.sqs.send_message(QueueUrl=url, MessageBody=message["Body"], DelaySeconds=900)
            ground.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])

    monkeypatch.setattr(replay.time, "sleep", postpone)
    queue = dead_letter_queue_of(QueueName.SENDS, ground)
    (report,) = redrive_queue(QueueName.SENDS, queue, ground.sqs, dry_run=False, wait_seconds=0.5)

    assert report.became is ReplayOutcome.WAITING


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


FIRST, LAST = 300000000000000499659, 300000000000000499660
FAILED_BATCH = {
    "requestContext": {"condition": "RetryAttemptsExhausted", "approximateInvokeCount": 11},
    "DDBStreamBatchInfo": {
        "shardId": "shardId-00000001573612345678-abcdef01",
        "startSequenceNumber": f"{FIRST}",
        "endSequenceNumber": f"{LAST}",
        "approximateArrivalOfFirstRecord": "2026-11-23T18:00:00Z",
        "batchSize": 2,
        "streamArn": "arn:aws:dynamodb:us-east-1:123456789012:table/t/stream/1",
    },
}


def a_letter(body):
    return DeadLetter("id", "receipt", json.dumps(body), datetime(2026, 11, 23, 18, tzinfo=UTC), 1, {}, {})


STREAM = FAILED_BATCH["DDBStreamBatchInfo"]["streamArn"]
AT_START = {
    "StreamArn": STREAM,
    "ShardId": "shardId-00000001573612345678-abcdef01",
    "ShardIteratorType": "AT_SEQUENCE_NUMBER",
    "SequenceNumber": f"{FIRST}",
}
ONLY_REMOVALS = {"eventName": ["REMOVE"]}


def a_record(number, event="REMOVE"):
    keys = {"account_id": {"S": "acc-1"}, "entry_key": {"B": b"\x00\x01"}}
    change = {"SequenceNumber": str(number), "ApproximateCreationDateTime": datetime.now(UTC), "Keys": keys}
    return {"eventName": event, "dynamodb": change}


class Stream:
    """A shard by the answers of its calls, and the event source mapping of the function that reads it."""

    def __init__(self, streams, functions):
        (self.client, self.stub), (self.functions, self.functions_stub) = streams, functions

    def is_read_with(self, *filters):
        criteria = {"Filters": [{"Pattern": json.dumps(each)} for each in filters]}
        mapping = {
            "UUID": "14e0db71-a35b-4eb5-b481-8945cf9d10c2",
            "EventSourceArn": STREAM,
            **({"FilterCriteria": criteria} if filters else {}),
        }
        asked = {"FunctionName": "archive:live", "EventSourceArn": STREAM}
        self.functions_stub.add_response("list_event_source_mappings", {"EventSourceMappings": [mapping]}, asked)

    def starts(self):
        self.stub.add_response("get_shard_iterator", {"ShardIterator": "i0"}, AT_START)

    def answers(self, *pages, then=True):
        """Have GetRecords answer these pages of records; the shard stays open, or `then` ends."""
        for place, records in enumerate(pages):
            more = {"NextShardIterator": f"i{place + 1}"} if then or place < len(pages) - 1 else {}
            self.stub.add_response("get_records", {"Records": records, **more}, {"ShardIterator": f"i{place}"})

    def event(self):
        event = json.loads(stream_event(self.client, self.functions, "archive:live", a_letter(FAILED_BATCH)))
        return [record["dynamodb"]["SequenceNumber"] for record in event["Records"]], event


@pytest.fixture
def shard(monkeypatch):
    monkeypatch.setattr(stream_records, "_PAUSE_SECONDS", 0)
    with stubbed("dynamodbstreams") as streams, stubbed("lambda") as functions:
        yield Stream(streams, functions)


def test_what_a_stream_function_failed_at_is_fetched_from_the_stream_again(shard):
    shard.is_read_with()
    shard.starts()
    shard.answers([a_record(FIRST), a_record(LAST), a_record(LAST + 1)])

    numbers, event = shard.event()

    assert read_stream_letter(a_letter(FAILED_BATCH)).why.startswith("RetryAttemptsExhausted")
    assert numbers == [str(FIRST), str(LAST)]
    # As Lambda passes it: times in seconds, binary values as base64.
    change = event["Records"][0]["dynamodb"]
    assert isinstance(change["ApproximateCreationDateTime"], float)
    assert change["Keys"]["entry_key"] == {"B": "AAE="}


def test_a_record_that_a_stream_function_could_not_read_is_passed_to_it_again_without_the_stream(shard):
    event = {"unreadable": "KeyError", "Records": [{"eventName": "REMOVE", "dynamodb": {}}]}
    reading = read_stream_letter(a_letter(event))

    assert (reading.what, reading.replayable) == ("an item change that could not be read", True)
    assert reading.why == "KeyError. See the function's log for the error"
    assert json.loads(stream_event(shard.client, shard.functions, "archive:live", a_letter(event))) == event


def test_a_batch_is_read_to_its_end_although_the_stream_answers_little_or_nothing(shard):
    shard.is_read_with()
    shard.starts()
    shard.answers([], [a_record(FIRST)], [], [], [a_record(LAST)])

    assert shard.event()[0] == [str(FIRST), str(LAST)]


def test_the_filter_of_the_function_applies_to_the_batch_that_is_read_again(shard):
    shard.is_read_with(ONLY_REMOVALS)
    shard.starts()
    shard.answers([a_record(FIRST), a_record(LAST, "MODIFY")])

    assert shard.event()[0] == [str(FIRST)]


@pytest.mark.parametrize(
    ("filters", "passing"),
    [
        ([], True),
        ([ONLY_REMOVALS], True),
        ([{"eventName": ["INSERT", "MODIFY"]}], False),
        ([{"eventName": ["INSERT"]}, ONLY_REMOVALS], True),
        ([{"dynamodb": {"Keys": {"account_id": {"S": ["acc-1", "acc-2"]}}}}], True),
        ([{"dynamodb": {"Keys": {"account_id": {"S": ["acc-2"]}}}}], False),
        ([{**ONLY_REMOVALS, "userIdentity": {"type": ["Service"]}}], False),
    ],
)
def test_a_record_passes_the_filters_as_on_lambda(filters, passing):
    assert stream_records.passes(a_record(FIRST), filters) is passing


def test_a_filter_that_is_not_understood_keeps_the_letter(shard):
    shard.is_read_with({"eventName": [{"prefix": "REM"}]})
    shard.starts()
    shard.answers([a_record(FIRST), a_record(LAST)])

    with pytest.raises(ReplayError, match="cannot be applied here"):
        shard.event()


@pytest.mark.parametrize("operation", ["get_shard_iterator", "get_records"])
@pytest.mark.parametrize("code", ["TrimmedDataAccessException", "ResourceNotFoundException"])
def test_a_letter_whose_records_are_gone_is_kept_and_says_so(shard, operation, code):
    shard.is_read_with()
    if operation == "get_records":
        shard.starts()
    shard.stub.add_client_error(operation, code, "The data you are trying to access has been trimmed")

    with pytest.raises(ReplayError, match="its records are gone: a stream keeps them for 24 hours"):
        shard.event()


@pytest.mark.parametrize("left", [[], [a_record(LAST)], [a_record(FIRST)]])
def test_a_letter_of_which_some_records_are_gone_is_kept_and_says_so(shard, left):
    shard.is_read_with()
    shard.starts()
    shard.answers(left, then=False)

    with pytest.raises(ReplayError, match="some of its records are gone"):
        shard.event()


def test_a_letter_whose_records_do_not_come_is_kept_and_says_so(shard, monkeypatch):
    monkeypatch.setattr(stream_records, "_READ_SECONDS", -1)
    shard.is_read_with()
    shard.starts()
    shard.answers([a_record(FIRST)])

    with pytest.raises(ReplayError, match="Try again later"):
        shard.event()


def test_a_letter_is_kept_when_none_of_its_records_concerns_the_function(shard):
    shard.is_read_with(ONLY_REMOVALS)
    shard.starts()
    shard.answers([a_record(FIRST, "INSERT"), a_record(LAST, "MODIFY")])

    with pytest.raises(ReplayError, match="none of its records passes the function"):
        shard.event()


def test_what_does_not_look_like_a_failed_batch_is_kept():
    assert not read_stream_letter(a_letter({"Records": []})).replayable
