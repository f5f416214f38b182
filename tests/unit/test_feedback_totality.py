"""Whatever anybody sends: reading never fails, and what it returns can be stored."""

import copy
import json

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.builders import events
from undelivered.adapters.feedback import ParsedEvent, parse_event
from undelivered.domain.address import normalise_email
from undelivered.domain.feedback import Handling, Outcome
from undelivered.domain.identifiers import entry_key, item_id, parse_item_id, sent_at_of

KEYS = sorted(
    {
        *("eventType", "notificationType", "mail", "bounce", "complaint", "delivery", "deliveryDelay", "failure"),
        *("reject", "Type", "Message", "TopicArn", "Records", "Messages", "body", "Body", "Sns", "ses", "awslogs"),
        *("data", "records", "logEvents", "message", "detail", "detail-type", "source", "notification", "status"),
        *("emailAddress", "bouncedRecipients", "recipients", "destination", "timestamp", "messageId", "tags", "time"),
        *("isFinal", "context", "destinationPhoneNumber", "eventTimestamp", "attributes", "SentTimestamp"),
    }
)
WORDS = [
    "Bounce",
    "Complaint",
    "Delivery",
    "TEXT_INVALID",
    "Notification",
    "aws.ses",
    "FAILURE",
    "ann@example.org",
    "~",
]
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from(WORDS)
    | st.text(alphabet=st.characters(), max_size=30)
)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=6),
    max_leaves=25,
)
REAL = [
    *(events.bounce(), events.complaint(), events.complaint(subtype="OnAccountSuppressionList"), events.delivery()),
    *(events.delay(), events.reject(), events.rendering_failure(), events.as_notification(events.bounce())),
    *(events.event("Send"), events.text_event(), events.text_event("TEXT_INVALID"), events.sms_log()),
    *(events.sms_log("Invalid phone number", "FAILURE"), events.subscription_confirmation()),
    *(events.envelope("x", Message=events.bounce()), events.eventbridge(events.bounce())),
    events.records(events.sqs_record("x") | {"body": events.bounce()}, events.lambda_record(events.envelope("x"))),
    *(events.logs(events.sms_log(), "x"), events.firehose(events.text_event())),
]


def assert_sound(read):
    assert isinstance(read, ParsedEvent)
    assert isinstance(read.reason, str)
    assert "@" not in read.reason
    assert len(read.as_written) == len(read.feedback)
    assert not read.feedback or read.handling is Handling.PROCESS
    for feedback in read.feedback:
        assert (feedback.classification is not None) == (feedback.outcome in {Outcome.FAILED, Outcome.COMPLAINED})
        assert feedback.rule
        assert "@" not in feedback.rule
        assert feedback.recipient is None or feedback.recipient.isprintable()
        key = entry_key(feedback.sent_at, feedback.provider_message_id, feedback.recipient or "")
        assert parse_item_id(item_id(key)) == key
        assert sent_at_of(key) == feedback.sent_at.replace(microsecond=0)
        assert len(key.encode()) < 1024, "the longest sort key of DynamoDB"
        for stored in (feedback.diagnostic, feedback.subject, feedback.attribution.title or "", feedback.written):
            assert len(stored) <= 500
            assert stored.isprintable()


def places(value, path=()):
    yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in inner:
        yield from places(each, (*path, key))


def with_change(value, path, change):
    if not path:
        return change
    changed = copy.copy(value)
    changed[path[0]] = with_change(value[path[0]], path[1:], change)
    return changed


@given(ANYTHING)
@settings(max_examples=300)
def test_any_json_is_read_without_error(value):
    assert_sound(parse_event(json.dumps(value)))
    if isinstance(value, dict):
        assert_sound(parse_event(value))


@given(st.binary(max_size=200) | st.text(max_size=200))
def test_any_bytes_and_text_are_read_without_error(raw):
    assert_sound(parse_event(raw))


@given(st.data())
@settings(max_examples=500)
def test_real_events_with_changes_anywhere_are_read_without_error(data):
    told = data.draw(st.sampled_from(REAL))
    for _ in range(data.draw(st.integers(1, 3))):
        told = with_change(told, data.draw(st.sampled_from([*places(told)])), data.draw(ANYTHING))
        if not isinstance(told, dict):
            break
    assert_sound(parse_event(json.dumps(told)))
    if isinstance(told, dict):
        assert_sound(parse_event(told))


@given(st.sampled_from(REAL), st.data())
def test_real_events_cut_off_anywhere_are_read_without_error(told, data):
    raw = json.dumps(told).encode()

    assert_sound(parse_event(raw[: data.draw(st.integers(0, len(raw)))]))


@given(
    st.from_regex(r"(=\?[a-z0-9_-]{0,14}\?[qQbB]\?[ -~]{0,20}\?=){1,3}", fullmatch=True) | st.text().map("=?{}".format)
)
def test_any_subject_is_read_without_error(subject):
    told = events.bounce(mail=events.mail(commonHeaders={"subject": subject}))

    assert_sound(parse_event(told))


@given(st.text(max_size=60) | st.emails() | st.builds("{}@{}".format, st.text(max_size=20), st.text(max_size=20)))
@settings(max_examples=300)
def test_an_address_normalised_twice_is_the_same(text):
    once = normalise_email(text)

    assert once is None or normalise_email(once) == once
