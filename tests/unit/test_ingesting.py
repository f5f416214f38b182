"""The ingesting function: what becomes of each message of a batch."""

import json
from dataclasses import dataclass, field

import pytest

from infrastructure.bench.hostile_input import REFUSED
from tests.builders.events import bounce, mail
from undelivered import bootstrap
from undelivered.adapters.feedback import parse_event
from undelivered.domain.errors import RetryableError
from undelivered.entrypoints.ingest_feedback import ingest_feedback


@dataclass
class Context:
    function_name: str = "ingest_feedback"
    memory_limit_in_mb: int = 512
    invoked_function_arn: str = "arn:aws:lambda:eu-central-1:123456789012:function:ingest_feedback"
    aws_request_id: str = "request"


@dataclass
class Queues:
    delays: dict[str, int] = field(default_factory=dict)

    def change_message_visibility_batch(self, QueueUrl, Entries):  # noqa: N803 - botocore's names
        assert QueueUrl == "https://queue"
        self.delays |= {entry["ReceiptHandle"]: entry["VisibilityTimeout"] for entry in Entries}


@pytest.fixture
def ingest(monkeypatch):
    queues = Queues()
    recorded = []

    def run(bodies, error_of=lambda _: None, times=1):
        def record(batch, *, no_longer_waiting=(), observe=None):
            for feedbacks in batch:
                for feedback in feedbacks:
                    if error := error_of(feedback):
                        raise error
            recorded.extend(feedback.provider_message_id for feedbacks in batch for feedback in feedbacks)
            return {}

        parts = bootstrap.FeedbackIngestion(parse_event, record, bootstrap.Queue(queues, "https://queue"), list)
        monkeypatch.setattr(bootstrap, "feedback_ingestion", lambda: parts)
        records = [
            {
                "messageId": f"sqs-{place}",
                "receiptHandle": f"handle-{place}",
                "body": body,
                "eventSource": "aws:sqs",
                "attributes": {"ApproximateReceiveCount": str(times)},
            }
            for place, body in enumerate(bodies)
        ]
        answer = ingest_feedback({"Records": records}, Context())
        return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]

    run.recorded, run.queues = recorded, queues
    return run


def bounces(*ids):
    return [json.dumps(bounce(mail=mail("ann@example.org", messageId=each))) for each in ids]


def test_what_is_no_event_is_reported_alone_and_comes_back_at_once(ingest):
    assert ingest([*bounces("m-1"), "prose", *bounces("m-2")]) == ["sqs-1"]
    assert ingest.recorded == ["m-1", "m-2"]
    assert ingest.queues.delays == {"handle-1": 0}


def test_a_message_that_breaks_the_batch_is_reported_alone_and_the_rest_is_recorded(ingest):
    def breaks(feedback):
        return ZeroDivisionError() if feedback.provider_message_id == "m-2" else None

    assert ingest(bounces("m-1", "m-2", "m-3"), breaks) == ["sqs-1"]
    assert ingest.recorded == ["m-1", "m-3"]


def test_an_event_that_costs_much_is_reported_alone_and_the_rest_is_recorded(ingest):
    events = [make() for name, make in REFUSED.items() if not name.startswith("gzip")]  # which only logs are
    hostile = [record["body"] for event in events for record in event["Records"]]

    failed = ingest([*bounces("m-1"), *hostile, *bounces("m-2")])

    assert failed == [f"sqs-{place}" for place in range(1, len(hostile) + 1)]
    assert ingest.recorded == ["m-1", "m-2"]


@pytest.mark.parametrize(("times", "delay"), [(1, 5), (2, 15), (4, 120), (9, 120)])
def test_what_may_work_later_comes_back_after_a_growing_delay(ingest, times, delay):
    assert ingest(bounces("m-1"), lambda _: RetryableError("busy"), times) == ["sqs-0"]
    assert ingest.queues.delays == {"handle-0": delay}
