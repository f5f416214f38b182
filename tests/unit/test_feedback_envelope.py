"""Unwrapping: the same event says the same, whatever it came in."""

import base64
import gzip
import json

import pytest

from tests.builders import events
from undelivered.adapters.feedback import parse_event
from undelivered.domain.feedback import Handling

BOUNCE = events.bounce()
SAID = parse_event(BOUNCE).feedback
TEXT = events.text_event("TEXT_UNREACHABLE")
LOG = events.sms_log("Phone is currently unreachable/unavailable", "FAILURE")


@pytest.mark.parametrize(
    "told",
    [
        json.dumps(BOUNCE),
        json.dumps(BOUNCE).encode(),
        b"\xef\xbb\xbf" + json.dumps(BOUNCE, indent=2).replace("\n", "\r\n").encode(),
        json.dumps(BOUNCE).encode("utf-16"),
        events.envelope(BOUNCE),
        json.dumps(events.envelope(BOUNCE)),
        events.envelope(json.dumps(BOUNCE, indent=1), Subject=None, SigningCertURL=None, Token="t")
        | {"SubscribeURL": 1},
        events.envelope("", Message=BOUNCE),
        events.lambda_record(events.envelope(BOUNCE)),
        events.records(events.lambda_record(events.envelope(BOUNCE))),
        events.sqs_record(BOUNCE),
        events.sqs_record(events.envelope(BOUNCE)),
        events.records(events.sqs_record(events.envelope(BOUNCE))),
        {"Messages": [{"MessageId": "m", "Body": json.dumps(events.envelope(BOUNCE))}]},
        events.eventbridge(BOUNCE),
        events.eventbridge({name: value for name, value in BOUNCE.items() if name != "eventType"}),
        events.sqs_record(events.eventbridge(BOUNCE)),
        events.sqs_record(events.envelope(events.eventbridge(BOUNCE))),
        events.firehose(BOUNCE),
        gzip.compress(json.dumps(BOUNCE).encode(), mtime=0),
        events.records({"kinesis": {"data": base64.b64encode(json.dumps(BOUNCE).encode()).decode()}}),
    ],
)
def test_a_bounce_is_the_same_in_any_wrapping(told):
    read = parse_event(told)

    assert (read.handling, read.feedback) == (Handling.PROCESS, SAID)


@pytest.mark.parametrize(
    ("bare", "told"),
    [
        (TEXT, events.envelope(TEXT)),
        (TEXT, events.eventbridge(TEXT, "Text Message Delivery Status Updated", "aws.sms-voice")),
        (TEXT, events.awslogs(events.logs(TEXT))),
        (LOG, events.envelope(LOG)),
        (LOG, events.logs(LOG)),
        (LOG, events.awslogs(events.logs(LOG))),
        (LOG, events.records(events.sqs_record(LOG))),
    ],
)
def test_a_text_message_is_the_same_in_any_wrapping(bare, told):
    assert parse_event(told).feedback == parse_event(bare).feedback


def test_one_bad_line_spoils_no_other_and_is_kept():
    read = parse_event(events.awslogs(events.logs(LOG, "{not json", TEXT)))

    assert (read.handling, len(read.feedback)) == (Handling.PROCESS, 2)
    assert [(unread.raw, unread.reason) for unread in read.unreadable] == [("{not json", "not JSON")]
    assert "1 of 3" in read.reason


def test_a_batch_in_which_nothing_is_understood_is_kept_for_a_person():
    read = parse_event(events.logs("GET / 200", "GET /x 404"))

    assert (read.handling, len(read.unreadable)) == (Handling.QUARANTINE, 2)


def test_records_separated_by_line_feeds_are_read_one_by_one():
    lines = "\n".join(json.dumps(each) for each in (BOUNCE, events.delivery(), TEXT)) + "\n"

    assert len(parse_event(lines).feedback) == 3


@pytest.mark.parametrize(
    "told",
    [
        events.envelope("Successfully validated SNS topic for Amazon SES event publishing."),
        "Successfully validated SNS topic for Amazon SES event publishing.\n",
        events.envelope("x", Type="UnsubscribeConfirmation"),
        events.eventbridge({"version": "1.0.0"}, "Sending Status Disabled"),
        events.awslogs(events.logs("check", message_type="CONTROL_MESSAGE")),
        events.records({"eventSource": "aws:ses", "ses": {"mail": {}, "receipt": {}}}),
    ],
)
def test_what_is_about_no_message_is_ignored(told):
    read = parse_event(told)

    assert (read.handling, read.feedback) == (Handling.IGNORE, ())
    assert read.reason


@pytest.mark.parametrize(
    "told",
    [
        "",
        "   ",
        "hello",
        "{",
        '{"a": 1}\n{"b"',
        "7",
        "null",
        "[]",
        json.dumps([BOUNCE]),
        json.dumps(json.dumps(BOUNCE)),
        "[" * 100_000,
        '{"a":' * 100_000,
        b"\xff\xfe\x00",
        {},
        {"records": None},
        {"Records": []},
        {"Records": "x"},
        {"body": None},
        {"Sns": "x"},
        events.envelope("Hello world!"),
        events.envelope("", Message=None),
        events.envelope(json.dumps(json.dumps(BOUNCE))),
        events.envelope(BOUNCE, Type="Notice"),
        events.eventbridge(BOUNCE, source="com.example"),
        {"awslogs": {"data": "H4sIAGJyb2tlbg=="}},
        {"awslogs": {"data": "ü"}},
        {"awslogs": {"data": events.awslogs(events.logs(LOG))["awslogs"]["data"][:40]}},
        {"awslogs": None},
        {"logEvents": None},
        {"records": [{"data": "no base64!"}]},
    ],
    ids=repr,
)
def test_what_is_not_understood_is_kept_for_a_person(told):
    read = parse_event(told)

    assert (read.handling, read.feedback) == (Handling.QUARANTINE, ())
    assert read.reason


def test_wrappings_without_end_are_given_up():
    told = BOUNCE
    for _ in range(20):
        told = {"Records": [{"body": told}]}

    assert parse_event(told).reason == "too many levels of wrapping"


def test_logs_that_unpack_without_end_are_given_up():
    bomb = base64.b64encode(gzip.compress(b" " * 40_000_000, 9)).decode()

    assert parse_event({"awslogs": {"data": bomb}}).reason == "gzip data that is incomplete or too large when unpacked"


# Topics --------------------------------------------------------------------------------------------------------------


def test_a_configured_topic_may_speak_and_be_confirmed():
    for told, handling in (
        (events.envelope(BOUNCE), Handling.PROCESS),
        (events.subscription_confirmation(), Handling.CONFIRM_SUBSCRIPTION),
    ):
        assert parse_event(told, known_topics={events.TOPIC}).handling is handling
        assert parse_event(told).handling is handling


def test_a_topic_that_nobody_configured_may_not():
    for told in (events.envelope(BOUNCE), events.subscription_confirmation()):
        assert parse_event(told, known_topics={f"{events.TOPIC}-other"}).handling is Handling.QUARANTINE


def test_without_configuration_a_topic_speaks_for_its_own_account_only():
    strange = events.TOPIC.replace("111122223333", "999900001111")

    assert parse_event(events.envelope(BOUNCE, TopicArn=strange)).handling is Handling.QUARANTINE
    assert parse_event(events.envelope(BOUNCE, TopicArn="nonsense")).handling is Handling.QUARANTINE
    assert parse_event(events.envelope(BOUNCE, TopicArn=strange), known_topics={strange}).feedback == SAID


@pytest.mark.parametrize(
    "url",
    [
        "https://sns.eu-central-1.amazonaws.com.example.net/x.pem",
        "https://evil.example/sns.eu-central-1.amazonaws.com/",
        "http://sns.eu-central-1.amazonaws.com/x.pem",
        "https://sns.eu-central-1.amazonaws.com@evil.example/x.pem",
        7,
    ],
)
def test_certificates_and_confirmations_lead_to_sns_alone(url):
    assert parse_event(events.envelope(BOUNCE, SigningCertURL=url)).handling is Handling.QUARANTINE
    assert parse_event(events.subscription_confirmation(SubscribeURL=url)).handling is Handling.QUARANTINE


@pytest.mark.parametrize("host", ["sns.cn-north-1.amazonaws.com.cn", "sns.us-gov-west-1.amazonaws.com"])
def test_the_other_partitions_of_aws_are_known(host):
    assert parse_event(events.envelope(BOUNCE, SigningCertURL=f"https://{host}/x.pem")).feedback == SAID
