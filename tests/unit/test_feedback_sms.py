"""What carriers say of text messages: events of End User Messaging and SNS's delivery-status logs."""

from datetime import UTC, datetime

import pytest

from tests.builders import events
from undelivered.adapters.feedback import parse_event
from undelivered.domain.feedback import Handling, Outcome
from undelivered.domain.taxonomy import Channel, Reason, Status


def only(told):
    read = parse_event(told)
    assert read.handling is Handling.PROCESS, read.reason
    (feedback,) = read.feedback
    return feedback


@pytest.mark.parametrize("kind", ["TEXT_DELIVERED", "TEXT_SUCCESSFUL"])
def test_both_words_for_a_delivery_are_one(kind):
    feedback = only(events.text_event(kind))

    assert (feedback.channel, feedback.outcome, feedback.recipient) == (
        Channel.SMS,
        Outcome.DELIVERED,
        "+4915187654321",
    )
    assert feedback.provider_message_id == events.SMS_ID
    assert feedback.sent_at == datetime(2026, 11, 20, 9, 30, 0, 250_000, UTC)
    assert feedback.at == datetime(2026, 11, 20, 9, 30, 4, 500_000, UTC)


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("TEXT_INVALID", Reason.NUMBER_INVALID),
        ("TEXT_INVALID_MESSAGE", Reason.BODY_INVALID),
        ("TEXT_UNREACHABLE", Reason.UNREACHABLE),
        ("TEXT_BLOCKED", Reason.OPTED_OUT),
        ("TEXT_SPAM", Reason.CARRIER_BLOCKED),
        ("TEXT_CARRIER_BLOCKED", Reason.CARRIER_BLOCKED),
        ("TEXT_TTL_EXPIRED", Reason.TIMED_OUT),
        ("TEXT_UNKNOWN", Reason.UNDETERMINED),
    ],
)
def test_each_failure_has_its_reason(kind, reason):
    feedback = only(events.text_event(kind))

    assert (feedback.outcome, feedback.classification.reason) == (Outcome.FAILED, reason)


@pytest.mark.parametrize(
    "told",
    [
        events.text_event("TEXT_QUEUED", isFinal=False),
        events.text_event("TEXT_PENDING"),
        events.text_event("TEXT_SUCCESSFUL", isFinal=False),
        events.text_event("TEXT_SUCCESSFUL", isFinal="false"),
    ],
)
def test_what_is_under_way_has_no_outcome(told):
    read = parse_event(told)

    assert (read.handling, read.feedback, read.ignored) == (Handling.PROCESS, (), ("+4915187654321",))


@pytest.mark.parametrize(
    "told",
    [
        events.text_event("TEXT_SOMETHING_NEW"),
        events.text_event(destinationPhoneNumber=None, messageId=None),
        events.text_event(eventTimestamp=None, messageRequestTimestamp="soon"),
        events.sms_log(status="MAYBE"),
        {"notification": {}, "delivery": {}, "status": "FAILURE"},
    ],
)
def test_what_cannot_be_told_is_kept_for_a_person(told):
    assert parse_event(told).handling is Handling.QUARANTINE


def test_an_event_without_number_is_told_by_its_message_id():
    feedback = only(events.text_event(destinationPhoneNumber=None))

    assert (feedback.recipient, feedback.provider_message_id) == (None, events.SMS_ID)


def test_a_masked_number_is_shown_but_not_taken_for_one():
    read = parse_event(events.sms_log(destination="+1XXX5550100"))

    assert (read.feedback[0].recipient, read.as_written) == (None, ("+1XXX5550100",))
    assert read.feedback[0].written == "+1XXX5550100"
    assert only(events.sms_log(destination="+1 206 555 0100")).written == ""


def test_a_number_that_is_shown_is_short_and_on_one_line():
    assert only(events.sms_log(destination="+1\n\u202eXXX")).written == "+1 XXX"
    assert only(events.sms_log(destination="9" * 500)).written == "9" * 40


def test_the_context_says_whose_message_it_is():
    told = only(events.text_event(context={"undelivered-account": "acme", "undelivered-attempt": "2", "x": {}}))

    assert (told.attribution.account_id, told.attribution.attempt) == ("acme", 2)


def test_an_event_times_may_be_in_seconds():
    assert only(events.text_event(messageRequestTimestamp=1_795_167_000)).sent_at == datetime(
        2026, 11, 20, 9, 30, tzinfo=UTC
    )


@pytest.mark.parametrize("answer", ["Message has been accepted by phone carrier", "Delivered", None])
def test_a_logged_success_is_a_delivery(answer):
    feedback = only(events.sms_log(answer))

    assert (feedback.outcome, feedback.recipient) == (Outcome.DELIVERED, "+4915187654321")
    assert feedback.sent_at == datetime(2026, 11, 20, 9, 30, 0, 250_000, UTC)
    assert feedback.at == datetime(2026, 11, 20, 9, 30, 1, 750_000, UTC)


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        ("Invalid phone number", Status.INVALID),
        ("Phone number is opted out", Status.DROPPED),
        ("Phone is currently unreachable/unavailable", Status.BOUNCED),
        ("This delivery would exceed max price", Status.FAILED),
        ("No quota left for account", Status.FAILED),
        ("an unheard-of answer", Status.BOUNCED),
        (None, Status.BOUNCED),
        ({}, Status.BOUNCED),
    ],
)
def test_a_logged_failure_is_judged_by_the_carriers_answer(answer, status):
    assert only(events.sms_log(answer, "FAILURE")).classification.status is status


@pytest.mark.parametrize(
    "destination",
    [
        "arn:aws:lambda:eu-central-1:111122223333:function:x",
        "arn:aws:sqs:eu-central-1:111122223333:x",
        "https://x.example/hook",
        "ann@example.org",
    ],
)
def test_logs_of_other_deliveries_of_sns_are_ignored(destination):
    assert parse_event(events.sms_log(destination=destination)).handling is Handling.IGNORE


@pytest.mark.parametrize("dwell", [None, "1500", -1, 1e300, float("nan"), True])
def test_a_spoiled_dwell_time_counts_for_nothing(dwell):
    feedback = only(events.sms_log(dwellTimeMs=dwell))

    assert feedback.at == feedback.sent_at


def test_the_time_that_a_carrier_states_is_taken_to_lie_between_the_send_and_our_receipt():
    sent_at, queued_at = only(events.text_event()).sent_at, datetime(2026, 11, 20, 9, 30, 6, tzinfo=UTC)

    for stated, at in [("2037-01-01T00:00:00Z", queued_at), ("2001-01-01T00:00:00Z", sent_at)]:
        assert only(events.sqs_record(events.text_event(eventTimestamp=stated))).at == at
    assert only(events.sqs_record(events.sms_log(dwellTimeMs=1_000_000))).at == queued_at
