"""What the functions say of their work: figures without a person or an account in them, and a log that leads on."""

import json
import logging
from datetime import timedelta
from types import SimpleNamespace

import pytest
from msgspec.structs import replace

from tests.builders.accounts import message_accounts
from tests.builders.items import ACCOUNT, NOW, a_failure, a_notification, an_attempt, an_item, reported, resent
from tests.builders.pace import a_pace
from tests.builders.recording import Recording
from undelivered import bootstrap
from undelivered.adapters.aws.sqs import SqsSendQueue, correlation_of, received_job
from undelivered.adapters.dynamodb.item_rows import facts_of, is_erased, item_of, undelivered_row
from undelivered.adapters.feedback import ParsedEvent
from undelivered.adapters.feedback.json_values import attribution
from undelivered.domain.errors import RetryableError
from undelivered.domain.feedback import Attribution, Handling, Outcome
from undelivered.domain.notification import SendOutcome
from undelivered.domain.taxonomy import Channel, Reason
from undelivered.entrypoints.ingest_feedback import ingest_feedback
from undelivered.entrypoints.ingestion_metrics import UNATTRIBUTED
from undelivered.entrypoints.on_item_changed import on_item_changed
from undelivered.entrypoints.send_worker import process_send_batch
from undelivered.observability import logger, measure, metrics
from undelivered.services.in_parallel import in_threads
from undelivered.services.ports import SendJob
from undelivered.services.send_batch import SendBatch

REQUEST = "5b1f0c8e-6a2d-4f73-90be-1c52d8a97f04"
CONTEXT = SimpleNamespace(
    function_name="f",
    memory_limit_in_mb=512,
    invoked_function_arn="arn:aws:lambda:::f",
    aws_request_id="run",
    get_remaining_time_in_millis=lambda: 60_000,
)
DIMENSIONS = {"service", "channel", "type", "outcome", "kind", "change", "reason", "fault", "answer"}


@pytest.fixture
def figures(capsys):
    """Return what was measured so far, as (name, dimensions, values), in order."""

    def read():
        if metrics.metric_set:
            metrics.flush_metrics()
        told = []
        for line in capsys.readouterr().out.splitlines():
            form = json.loads(line)
            (directive,) = form.get("_aws", {"CloudWatchMetrics": [{"Dimensions": [[]], "Metrics": []}]})[
                "CloudWatchMetrics"
            ]
            (names,) = directive["Dimensions"]
            assert set(names) <= DIMENSIONS
            dimensions = {name: form[name] for name in names if name != "service"}
            told += [(each["Name"], dimensions, form[each["Name"]]) for each in directive["Metrics"]]
        return told

    metrics.clear_metrics()
    yield read
    metrics.clear_metrics()


@pytest.fixture
def logged():
    """Return the lines of the log so far."""
    lines = []
    capture = logging.Handler()
    capture.emit = lambda record: lines.append(json.loads(logger.registered_handler.formatter.format(record)))
    logger._logger.addHandler(capture)
    yield lines
    logger._logger.removeHandler(capture)


class Ingesting(Recording):
    """The ingesting function, for which events are read already."""

    def __init__(self, monkeypatch):
        super().__init__(message_accounts(default_account="default"))
        self.record = self.use_case
        monkeypatch.setattr(bootstrap, "now", lambda: NOW)
        monkeypatch.setattr(bootstrap, "feedback_ingestion", self._parts)

    def _parts(self):
        sqs = SimpleNamespace(change_message_visibility_batch=lambda **_: None)
        queue = bootstrap.Queue(sqs, "https://queue")
        return bootstrap.FeedbackIngestion(lambda record: record["read"], self.record, queue, list)

    def __call__(self, *feedback):
        records = [
            {"messageId": str(place), "receiptHandle": str(place), "read": ParsedEvent(Handling.PROCESS, (each,))}
            for place, each in enumerate(feedback)
        ]
        answer = ingest_feedback({"Records": records}, CONTEXT)
        return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


@pytest.fixture
def ingest(monkeypatch):
    return Ingesting(monkeypatch)


def test_feedback_is_counted_by_channel_and_type(ingest, figures):
    ingest(
        a_failure(),
        a_failure(message_id="m-2"),
        a_failure(Reason.COMPLAINT, message_id="m-3"),
        a_failure(Reason.NUMBER_INVALID, message_id="m-4", recipient="+12065550100", channel=Channel.SMS),
    )

    counted = {(each["channel"], each["type"]): sum(values) for name, each, values in figures() if name == "Feedback"}
    assert counted == {("email", "failed"): 2, ("email", "complained"): 1, ("sms", "failed"): 1}


def test_how_long_ago_the_oldest_thing_happened_and_how_long_failures_took_is_told_in_seconds(ingest, figures):
    ingest(
        a_failure(at=NOW - timedelta(seconds=5)),
        a_failure(message_id="m-2", at=NOW - timedelta(minutes=2)),
        a_failure(message_id="m-3", at=NOW + timedelta(seconds=1)),
    )

    told = {name: values for name, _, values in figures()}
    assert told["OldestEvent"] == [120]
    assert sorted(told["EventToVisible"]) == [0, 5, 120]


def test_what_nothing_attributes_is_counted_and_what_a_send_of_ours_explains_is_not(ingest, figures):
    ingest.notifications.add(a_notification())
    ingest.notifications.record(an_attempt(provider_message_id="m-1", outcome=SendOutcome.SENT))
    unknown = [replace(a_failure(message_id=name), attribution=Attribution()) for name in ("m-1", "m-2")]

    ingest(*unknown, a_failure(message_id="m-3"))

    assert ("Unattributed", {}, [1]) in figures()


def test_the_log_names_the_senders_of_what_nothing_attributes_without_their_addresses(ingest, logged):
    by_address = Attribution(identity="billing@example.org")
    ingest(
        replace(a_failure(message_id="m-1"), attribution=by_address),
        replace(a_failure(message_id="m-2"), attribution=Attribution(tenant="harbor")),
        replace(a_failure(message_id="m-3"), attribution=Attribution()),
        a_failure(message_id="m-4"),
    )

    (line,) = [line for line in logged if line["message"] == UNATTRIBUTED]
    assert (line["level"], line["filed_under"]) == ("WARNING", "default")
    assert line["events"] == ["m-1 example.org", "m-2 tenant:harbor", "m-3 -"]


def test_the_log_names_the_request_that_an_event_goes_back_to_by_its_tag_or_by_its_send(ingest, logged):
    ingest.notifications.add(a_notification())
    ingest.notifications.record(
        an_attempt(provider_message_id="m-1", outcome=SendOutcome.SENT, correlation_id="by-send")
    )
    untagged = replace(a_failure(message_id="m-1"), attribution=Attribution())

    ingest(untagged, a_failure(message_id="m-2", notification_id="n-2", correlation_id=REQUEST))

    (line,) = [line for line in logged if line["message"] == "feedback recorded"]
    assert sorted(line["events"]) == [
        f"{REQUEST} {ACCOUNT} n-2~1 m-2 mailbox_disabled",
        f"by-send {ACCOUNT} n-1~1 m-1 mailbox_disabled",
    ]


def test_an_event_that_is_to_come_again_is_not_told_as_recorded(ingest, logged, figures):
    ingest.items.add_new = busy

    assert ingest(a_failure()) == ["0"]
    assert not [line for line in logged if line["message"] == "feedback recorded"]
    assert not [name for name, _, values in figures() if name == "EventToVisible" and values]


def test_of_a_batch_that_breaks_as_a_whole_each_event_that_is_recorded_is_told_once(ingest, logged):
    add_new = ingest.items.add_new

    def break_with_several(entries):
        if len(entries) > 1 or entries[0].item.origin_id == "m-2":
            raise ZeroDivisionError
        return add_new(entries)

    ingest.items.add_new = break_with_several

    assert ingest(*(a_failure(message_id=f"m-{number}") for number in range(4))) == ["2"]
    (line,) = [line for line in logged if line["message"] == "feedback recorded"]
    assert [event.split()[3] for event in line["events"]] == ["m-0", "m-1", "m-3"]


def busy(_entries):
    raise RetryableError("throttled")


def test_changes_of_items_are_counted_with_their_failures_by_reason_and_fault(monkeypatch, figures):
    first = an_item(Reason.MAILBOX_FULL)
    running = resent(first)
    changes = [
        (None, first),
        (None, an_item(Reason.SENDER_BLOCKED, number=2)),
        (first, running),
        (running, reported(running, Outcome.DELIVERED)),
        (running, reported(running, Outcome.FAILED, reason=Reason.ADDRESS_NOT_FOUND)),
    ]
    images = bootstrap.ItemImages(item_of, is_erased)
    dead_letters = bootstrap.Queue(None, "https://dead")
    parts = bootstrap.ItemChangeHandlers(*[lambda *_: None] * 6, images, dead_letters)
    monkeypatch.setattr(bootstrap, "item_change_handlers", lambda: parts)
    records = [
        {
            "eventName": "MODIFY" if before else "INSERT",
            "dynamodb": {
                "SequenceNumber": "1",
                "OldImage": before and undelivered_row(before, facts_of(before), 1),
                "NewImage": undelivered_row(after, facts_of(after), 1),
            },
        }
        for before, after in changes
    ]

    on_item_changed({"Records": records}, CONTEXT)

    told = figures()
    became = {each["change"]: values for name, each, values in told if name == "ItemChanges"}
    failures = {(each["reason"], each["fault"]) for name, each, _ in told if name == "Failures"}
    assert became == {"opened": [2], "resending": [1], "resolved": [1], "returned": [1]}
    assert failures == {("mailbox_full", "recipient"), ("sender_blocked", "sender"), ("address_not_found", "recipient")}


def test_sends_are_counted_by_outcome_and_logged_with_their_request(figures, logged):
    sent = an_attempt(
        number=2, entry_key="k", outcome=SendOutcome.SENT, provider_message_id="m-9", correlation_id=REQUEST
    )
    queue = Queue()
    logger.set_correlation_id(REQUEST)
    SqsSendQueue(queue, "https://queue").put([SendJob(ACCOUNT, "n-1", 2, "k")])

    send = SendBatch(lambda *_job, **_try: sent, a_pace(), in_threads, urgent=True)
    worker = bootstrap.SendWorker(send, received_job, correlation_of, bootstrap.Queue(queue, "https://queue"), list)
    process_send_batch({"Records": queue.received}, worker, CONTEXT)

    assert ("Sends", {"outcome": "sent", "kind": "resend"}, [1]) in figures()
    line = next(line for line in logged if line["message"] == "send carried out")
    assert (line["correlation_id"], line["notification_id"], line["attempt"]) == (REQUEST, "n-1", 2)
    assert "ada@example.com" not in json.dumps(logged)


class Queue:
    """A queue that hands its messages on as Lambda does."""

    def __init__(self):
        self.received = []

    def send_message_batch(self, QueueUrl, Entries):  # noqa: N803 - botocore's names
        assert QueueUrl == "https://queue"
        self.received += [
            {
                "messageId": each["Id"],
                "body": each["MessageBody"],
                "messageAttributes": {
                    name: {"stringValue": value["StringValue"], "dataType": value["DataType"]}
                    for name, value in each.get("MessageAttributes", {}).items()
                },
            }
            for each in Entries
        ]
        return {"Successful": []}


def test_an_order_carries_the_request_beside_its_body_which_stays_as_every_reader_takes_it():
    queue = Queue()
    logger.set_correlation_id(REQUEST)
    SqsSendQueue(queue, "https://queue").put([SendJob(ACCOUNT, "n-1", 1)])

    (record,) = queue.received
    assert correlation_of(record) == REQUEST
    assert set(json.loads(record["body"])) == {"account_id", "notification_id", "attempt", "entry_key"}


def test_an_order_without_a_request_carries_none():
    queue = Queue()
    logger.set_correlation_id(None)
    SqsSendQueue(queue, "https://queue").put([SendJob(ACCOUNT, "n-1", 1)])

    assert correlation_of(queue.received[0]) == ""


def test_a_request_in_a_tag_is_believed_only_in_the_form_of_a_tag():
    told = {"undelivered-request": REQUEST}
    assert attribution(lambda name: told.get(name, "")).correlation_id == REQUEST
    told = {"undelivered-request": "a b\n" + REQUEST}
    assert attribution(lambda name: told.get(name, "")).correlation_id == ""


def test_many_values_take_as_many_lines_as_the_format_asks_for(figures):
    measure("EventToVisible", [1.0] * 230)

    assert [len(values) for _, _, values in figures()] == [100, 100, 30]
