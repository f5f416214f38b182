"""What is asked of SNS for each text message, and what its answers mean."""

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError
from msgspec.structs import replace

from tests.builders.aws import stubbed
from undelivered.adapters.aws.sns import SnsSmsSender
from undelivered.domain.errors import PermanentSendError, RetryableError, UnexplainedRefusalError
from undelivered.domain.taxonomy import Channel, Reason
from undelivered.services.ports import OutgoingMessage

TEXT = OutgoingMessage(
    channel=Channel.SMS,
    to="+12065550100",
    sender="Storage <us@example.com>",
    subject="not for texts",
    text="Rent is due",
    html="<p>not for texts",
    resend=False,
    tags={"undelivered-account": "acc-1"},
    headers={},
)
THE_CALL = {
    "PhoneNumber": "+12065550100",
    "Message": "Rent is due",
    "MessageAttributes": {"AWS.SNS.SMS.SMSType": {"DataType": "String", "StringValue": "Transactional"}},
}


@pytest.fixture
def sns():
    with stubbed("sns") as (client, stub):
        yield SnsSmsSender(client), stub


@pytest.mark.parametrize("resend", [False, True])
def test_a_text_goes_out_as_a_transactional_one_with_number_and_words_alone(sns, resend):
    sender, stub = sns
    stub.add_response("publish", {"MessageId": "sns-1"}, THE_CALL)

    assert sender.send(replace(TEXT, resend=resend)) == "sns-1"


@pytest.mark.parametrize(
    "code", ["Throttled", "Throttling", "ThrottlingException", "KMSThrottling", "ServiceUnavailable"]
)
def test_a_busy_sns_did_not_take_the_text_so_it_may_be_sent_again(sns, code):
    sender, stub = sns
    stub.add_client_error("publish", code, http_status_code=429)

    with pytest.raises(RetryableError, match=code):
        sender.send(TEXT)


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("InvalidParameter", Reason.BODY_INVALID),
        ("InvalidParameterValue", Reason.BODY_INVALID),
        ("ParameterValueInvalid", Reason.BODY_INVALID),
        ("ValidationException", Reason.BODY_INVALID),
        ("OptedOut", Reason.OPTED_OUT),
        ("AuthorizationError", Reason.SENDING_REFUSED),
        ("UserError", Reason.SENDING_REFUSED),
    ],
)
def test_a_refusal_is_for_good(sns, code, reason):
    sender, stub = sns
    stub.add_client_error("publish", code)

    with pytest.raises(PermanentSendError, match=code) as refused:
        sender.send(TEXT)

    assert refused.value.reason == reason


@pytest.mark.parametrize("code", ["InvalidParameter", "ParameterValueInvalid"])
def test_a_refusal_that_names_the_number_is_about_the_number_and_does_not_tell_it(sns, code):
    sender, stub = sns
    told = "Invalid parameter: PhoneNumber Reason: +12065550100 is not valid to publish to"
    stub.add_client_error("publish", code, told)

    with pytest.raises(PermanentSendError) as refused:
        sender.send(TEXT)

    assert refused.value.reason == Reason.NUMBER_INVALID
    assert "0100" not in refused.value.detail


@pytest.mark.parametrize(
    ("code", "text", "reason"),
    [
        ("UserError", "No origination entities available to send", Reason.SENDING_REFUSED),
        ("InvalidParameter", "No origination entities available to send", Reason.SENDING_REFUSED),
        ("InvalidParameter", "Invalid parameter: Message too long", Reason.BODY_INVALID),
        ("InvalidParameter", "Invalid parameter: Empty message", Reason.BODY_INVALID),
        ("KMSOptInRequired", "Phone number is opted out", Reason.OPTED_OUT),
        ("UserError", "This account is in the SMS sandbox", Reason.SENDING_REFUSED),
    ],
)
def test_a_refusal_means_what_its_text_names(sns, code, text, reason):
    sender, stub = sns
    stub.add_client_error("publish", code, text)

    with pytest.raises(PermanentSendError, match=code) as refused:
        sender.send(TEXT)

    assert refused.value.reason == reason


def test_a_refusal_for_an_unknown_cause_may_be_tried_again(sns):
    sender, stub = sns
    stub.add_client_error("publish", "SomethingNew", http_status_code=403)

    with pytest.raises(UnexplainedRefusalError, match="SomethingNew"):
        sender.send(TEXT)


@pytest.mark.parametrize("code", ["InternalError", "AccessDenied", ""])
def test_any_other_error_leaves_open_whether_the_text_was_taken_and_passes_as_it_is(sns, code):
    sender, stub = sns
    stub.add_client_error("publish", code, http_status_code=500)

    with pytest.raises(ClientError):
        sender.send(TEXT)


def test_so_does_an_answer_that_never_came():
    class Silent:
        def publish(self, **_call):
            raise ReadTimeoutError(endpoint_url="https://sns.test")

    with pytest.raises(ReadTimeoutError):
        SnsSmsSender(Silent()).send(TEXT)
