"""The sending limits of the local stack: what SES and SNS take, refuse and say of themselves."""

import json

import httpx
import pytest
from botocore.exceptions import ClientError

from infrastructure.local.ses_simulator.sending_limits import SendingLimits
from tests.builders.ses import Ses, accept

TEXT = b"Action=Publish&PhoneNumber=%2B12065550100&Message=Hello"


class Time:
    def __init__(self):
        self.seconds = 0.0

    def __call__(self):
        return self.seconds


@pytest.fixture
def time():
    return Time()


def ses_with(limits):
    def upstream(request):
        if request.url.path == "/v2/email/account":
            return httpx.Response(200, json={"SendingEnabled": True, "SendQuota": {"MaxSendRate": 1.0}})
        return accept(request)

    return Ses(upstream, limits)


def send(ses):
    """Return the status, the code and the message of an error."""
    try:
        response = ses.send()
    except ClientError as refused:
        response = refused.response
    error = response.get("Error", {})
    return response["ResponseMetadata"]["HTTPStatusCode"], error.get("Code"), error.get("Message")


def test_a_burst_of_a_second_is_taken_and_then_as_many_as_the_rate(time):
    limits = SendingLimits(emails_per_second=5, clock=time)

    assert [limits.refuse_email() for _ in range(6)] == [""] * 5 + ["Maximum sending rate exceeded."]
    time.seconds += 0.4
    assert [limits.refuse_email() for _ in range(3)] == ["", "", "Maximum sending rate exceeded."]


def test_a_rate_below_one_a_second_takes_one(time):
    limits = SendingLimits(emails_per_second=0.1, clock=time)

    assert [limits.refuse_email(), limits.refuse_email()] == ["", "Maximum sending rate exceeded."]
    time.seconds += 10
    assert limits.refuse_email() == ""


def test_every_recipient_counts(time):
    limits = SendingLimits(emails_per_second=5, clock=time)

    assert limits.refuse_email(recipients=5) == ""
    assert limits.refuse_email() != ""
    assert limits.send_quota()["SentLast24Hours"] == 5


def test_over_the_rate_and_over_the_day_ses_answers_with_one_code_and_two_texts(time):
    ses = ses_with(SendingLimits(emails_per_second=1, emails_per_day=2, clock=time))

    first, too_fast = send(ses), send(ses)
    time.seconds += 1
    second = send(ses)
    time.seconds += 1
    used_up = send(ses)

    assert (first[0], second[0]) == (200, 200)
    assert too_fast == (429, "TooManyRequestsException", "Maximum sending rate exceeded.")
    assert used_up == (429, "TooManyRequestsException", "Daily message quota exceeded.")


def test_both_apis_return_the_limits_that_hold(time):
    ses = ses_with(SendingLimits(emails_per_second=14, emails_per_day=50_000, clock=time))
    send(ses)

    account = json.loads(ses.proxy.handle("GET", "/v2/email/account", {}, b"").body)
    quota = ses.client("ses").get_send_quota()

    assert account == {
        "SendingEnabled": True,
        "SendQuota": {"Max24HourSend": 50_000.0, "MaxSendRate": 14, "SentLast24Hours": 1.0},
    }
    assert account["SendQuota"].items() <= quota.items()


def test_texts_over_the_rate_of_sns_are_throttled_and_topics_are_not(time):
    ses = ses_with(SendingLimits(texts_per_second=1, clock=time))

    taken, refused = (ses.proxy.handle("POST", "/", {}, TEXT) for _ in range(2))
    to_topic = ses.proxy.handle("POST", "/", {}, b"Action=Publish&TopicArn=arn%3Aaws%3Asns&Message=Hello")

    assert (taken.status, refused.status, to_topic.status) == (200, 400, 200)
    assert b"<Code>ThrottlingException</Code>" in refused.body
    assert b"<Message>Rate exceeded</Message>" in refused.body


def test_a_test_sets_the_limits_while_the_stack_runs(time):
    ses = ses_with(SendingLimits(clock=time))

    changed = ses.proxy.handle("PUT", "/_simulator/limits", {}, b'{"emails_per_second": 5, "emails_sent": 7}')

    assert json.loads(changed.body) == {
        "emails_per_second": 5.0,
        "emails_per_day": 1_000_000.0,
        "emails_sent": 7,
        "texts_per_second": 20.0,
    }
    assert ses.proxy.limits.send_quota()["MaxSendRate"] == 5
