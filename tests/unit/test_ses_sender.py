"""What is asked of SES for each e-mail, and what its answers mean."""

from email.header import decode_header, make_header

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError
from msgspec.structs import replace

from tests.builders.aws import errors_of, stubbed
from undelivered.adapters.aws.email_addresses import mailbox_as_sent
from undelivered.adapters.aws.ses import SesSender, read_ses_quota
from undelivered.domain.attachment import Attachment
from undelivered.domain.errors import (
    PermanentSendError,
    ProviderBusyError,
    QuotaUsedUpError,
    RetryableError,
    UnexplainedRefusalError,
)
from undelivered.domain.send_rate import SendQuota
from undelivered.domain.taxonomy import CLASSIFICATIONS, Channel, Fault, Reason, Status
from undelivered.services.ports import OutgoingMessage

ORDINARY, RESENDS = "ordinary-set", "resends-set"
FILES = {"held/1": b"%PDF-1.7 \xff\x00"}
A_FILE = Attachment("Rechnung März.pdf", "application/pdf", 11, "held/1", "a" * 32)

MESSAGE = OutgoingMessage(
    channel=Channel.EMAIL,
    to="ada@example.com",
    sender="Storage <us@example.com>",
    subject="Miete fällig",
    text="Liebe Ada",
    html="",
    resend=False,
    tags={"undelivered-account": "acc-1", "undelivered-attempt": "1"},
    headers={},
)


@pytest.fixture
def ses():
    with stubbed("sesv2") as (client, stub):
        yield SesSender(client, ORDINARY, RESENDS, FILES.get), stub


def the_call(**changes):
    """Return the whole call for ``MESSAGE``, but for what a test says."""
    content = {
        "Subject": {"Data": "Miete fällig", "Charset": "UTF-8"},
        "Body": {"Text": {"Data": "Liebe Ada", "Charset": "UTF-8"}},
    }
    return {
        "FromEmailAddress": "Storage <us@example.com>",
        "Destination": {"ToAddresses": ["ada@example.com"]},
        "ReplyToAddresses": [],
        "Content": {"Simple": {**content, **changes.pop("content", {})}},
        "EmailTags": [
            {"Name": "undelivered-account", "Value": "acc-1"},
            {"Name": "undelivered-attempt", "Value": "1"},
        ],
        "ConfigurationSetName": ORDINARY,
        **changes,
    }


def test_a_first_send_is_one_call_with_nothing_left_out(ses):
    sender, stub = ses
    stub.add_response("send_email", {"MessageId": "ses-1"}, the_call())

    assert sender.send(MESSAGE) == "ses-1"


def test_replies_go_to_an_address_in_the_form_that_ses_accepts(ses):
    sender, stub = ses
    stub.add_response(
        "send_email",
        {"MessageId": "ses-1"},
        the_call(ReplyToAddresses=["=?utf-8?b?QsO8cm8=?= <desk@xn--kste-0ra.example>"]),
    )

    assert sender.send(replace(MESSAGE, reply_to="Büro <desk@küste.example>")) == "ses-1"


def test_nothing_is_sent_with_a_reply_address_that_ses_does_not_accept(ses):
    sender, _ = ses

    with pytest.raises(PermanentSendError) as refused:
        sender.send(replace(MESSAGE, reply_to="büro@example.com"))

    assert refused.value.reason == Reason.SENDING_REFUSED


def test_a_resend_goes_through_the_configuration_set_that_publishes_deliveries(ses):
    sender, stub = ses
    stub.add_response("send_email", {"MessageId": "ses-2"}, the_call(ConfigurationSetName=RESENDS))

    assert sender.send(replace(MESSAGE, resend=True)) == "ses-2"


def test_html_goes_beside_the_text_not_in_its_place(ses):
    sender, stub = ses
    body = {
        "Text": {"Data": "Liebe Ada", "Charset": "UTF-8"},
        "Html": {"Data": "<p>Liebe Ada", "Charset": "UTF-8"},
    }
    stub.add_response("send_email", {"MessageId": "ses-1"}, the_call(content={"Body": body}))

    sender.send(replace(MESSAGE, html="<p>Liebe Ada"))


def test_the_offer_to_unsubscribe_goes_out_as_two_headers(ses):
    sender, stub = ses
    offered = {"List-Unsubscribe": "<https://x.test/u/t>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
    headers = [
        {"Name": "List-Unsubscribe", "Value": "<https://x.test/u/t>"},
        {"Name": "List-Unsubscribe-Post", "Value": "List-Unsubscribe=One-Click"},
    ]
    stub.add_response("send_email", {"MessageId": "ses-1"}, the_call(content={"Headers": headers}))

    sender.send(replace(MESSAGE, headers=offered))


def test_files_go_out_in_base64_because_ses_would_send_them_as_7_bit_text(ses):
    sender, stub = ses
    attached = {
        "FileName": "Rechnung März.pdf",
        "ContentType": "application/pdf",
        "ContentDisposition": "ATTACHMENT",
        "ContentTransferEncoding": "BASE64",
        "RawContent": FILES["held/1"],
    }
    stub.add_response("send_email", {"MessageId": "ses-1"}, the_call(content={"Attachments": [attached]}))

    sender.send(replace(MESSAGE, attachments=(A_FILE,)))


def test_a_message_is_never_sent_without_its_file(ses):
    sender, _ = ses

    with pytest.raises(PermanentSendError) as refused:
        sender.send(replace(MESSAGE, attachments=(A_FILE, replace(A_FILE, key="held/lost"))))

    assert refused.value.reason == Reason.ATTACHMENT_MISSING


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("ada@bücher.example", "ada@xn--bcher-kva.example"),
        ("ada@straße.example", "ada@xn--strae-oqa.example"),
        ("ada@例え.テスト", "ada@xn--r8jz45g.xn--zckzah"),
        ("ada+rent@example.com", "ada+rent@example.com"),
        ("ada@under_score.example", "ada@under_score.example"),
    ],
)
def test_the_domain_of_the_recipient_goes_out_in_punycode(ses, written, sent):
    sender, stub = ses
    stub.add_response("send_email", {"MessageId": "ses-1"}, the_call(Destination={"ToAddresses": [sent]}))

    sender.send(replace(MESSAGE, to=written))


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("us@example.com", "us@example.com"),
        ("Büro <us@küste.example>", "=?utf-8?b?QsO8cm8=?= <us@xn--kste-0ra.example>"),
        ('"Storage, Inc." <us@example.com>', '"Storage, Inc." <us@example.com>'),
        ("Storage <us@küste.example>", "Storage <us@xn--kste-0ra.example>"),
    ],
)
def test_the_sender_goes_out_with_its_name_in_encoded_words_and_its_domain_in_punycode(ses, written, sent):
    sender, stub = ses
    stub.add_response("send_email", {"MessageId": "ses-1"}, the_call(FromEmailAddress=sent))

    sender.send(replace(MESSAGE, sender=written))


def test_a_long_name_goes_out_as_encoded_words_of_at_most_75_characters_that_read_as_the_name():
    name = "Verwaltungsgesellschaft für Lagerflächen und Kühlhäuser in Überlingen am Bodensee"

    sent = mailbox_as_sent(f"{name} <us@example.com>")

    *words, address = sent.split(" ")
    assert address == "<us@example.com>"
    assert len(words) > 1
    assert all(len(word) <= 75 for word in words)
    assert str(make_header(decode_header(" ".join(words)))) == name


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"to": "zoë@example.com"}, Reason.ADDRESS_MALFORMED),
        ({"to": "ada@bü cher.example"}, Reason.ADDRESS_MALFORMED),
        ({"sender": "büro@example.com"}, Reason.SENDING_REFUSED),
    ],
)
def test_an_address_that_ses_does_not_accept_is_not_sent_to(ses, changes, reason):
    sender, _ = ses

    with pytest.raises(PermanentSendError) as refused:
        sender.send(replace(MESSAGE, **changes))

    assert refused.value.reason == reason


@pytest.mark.parametrize(
    "code",
    ["TooManyRequestsException", "LimitExceededException", "ThrottlingException", "Throttling", "ServiceUnavailable"],
)
def test_a_busy_ses_did_not_take_the_message_so_it_may_be_sent_again(ses, code):
    sender, stub = ses
    stub.add_client_error("send_email", code, http_status_code=429)

    with pytest.raises(RetryableError, match=code):
        sender.send(MESSAGE)


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("MessageRejected", Reason.REJECTED),
        ("BadRequestException", Reason.BODY_INVALID),
        ("MailFromDomainNotVerifiedException", Reason.SENDING_REFUSED),
        ("NotFoundException", Reason.SENDING_REFUSED),
        ("AccountSuspendedException", Reason.SENDING_PAUSED),
        ("SendingPausedException", Reason.SENDING_PAUSED),
    ],
)
def test_a_refusal_is_for_good_and_ours(ses, code, reason):
    sender, stub = ses
    stub.add_client_error("send_email", code)

    with pytest.raises(PermanentSendError, match=code) as refused:
        sender.send(MESSAGE)

    assert refused.value.reason == reason
    assert (CLASSIFICATIONS[reason].status, CLASSIFICATIONS[reason].fault) == (Status.FAILED, Fault.SENDER)


NOT_VERIFIED = "Email address is not verified. The following identities failed the check in region US-EAST-1: "


@pytest.mark.parametrize(
    ("code", "text", "reason"),
    [
        ("BadRequestException", "Missing final '@domain'", Reason.ADDRESS_MALFORMED),
        ("BadRequestException", "Missing domain", Reason.ADDRESS_MALFORMED),
        ("BadRequestException", "Domain contains control or whitespace", Reason.ADDRESS_MALFORMED),
        ("BadRequestException", "Domain contains illegal character", Reason.ADDRESS_MALFORMED),
        ("BadRequestException", "Local address contains control or whitespace", Reason.ADDRESS_MALFORMED),
        ("BadRequestException", "Illegal address", Reason.ADDRESS_MALFORMED),
        ("BadRequestException", "Invalid email address<ada@>.", Reason.ADDRESS_MALFORMED),
        ("InvalidParameterValue", "Local address contains illegal character", Reason.ADDRESS_MALFORMED),
        ("BadRequestException", "Invalid From address provided.", Reason.SENDING_REFUSED),
        ("MessageRejected", f"{NOT_VERIFIED}us@example.com", Reason.SENDING_REFUSED),
        ("BadRequestException", f"{NOT_VERIFIED}ada@example.com", Reason.SENDING_REFUSED),
        ("NotFoundException", "Configuration set <ordinary-set> does not exist.", Reason.SENDING_REFUSED),
        (
            "MessageRejected",
            "Sending suspended for this account. Check the inbox of us@example.com.",
            Reason.SENDING_PAUSED,
        ),
        ("BadRequestException", "Sending paused for this configuration set.", Reason.SENDING_PAUSED),
        ("BadRequestException", "Header name is not allowed.", Reason.BODY_INVALID),
        ("MessageRejected", "Message failed: virus found", Reason.REJECTED),
    ],
)
def test_a_refusal_means_what_its_text_names_and_does_not_tell_the_address(ses, code, text, reason):
    sender, stub = ses
    stub.add_client_error("send_email", code, text)

    with pytest.raises(PermanentSendError, match=code) as refused:
        sender.send(MESSAGE)

    assert refused.value.reason == reason
    assert "@example" not in refused.value.detail


def test_a_refusal_for_an_unknown_cause_may_be_tried_again(ses):
    sender, stub = ses
    stub.add_client_error("send_email", "SomethingNewException", http_status_code=400)

    with pytest.raises(UnexplainedRefusalError, match="SomethingNewException"):
        sender.send(MESSAGE)


@pytest.mark.parametrize("code", errors_of("sesv2", "SendEmail"))
def test_every_error_that_aws_names_for_sending_is_judged(ses, code):
    sender, stub = ses
    stub.add_client_error("send_email", code)

    with pytest.raises((RetryableError, PermanentSendError)):
        sender.send(MESSAGE)


@pytest.mark.parametrize("code", ["InternalFailure", "InternalServiceErrorException", "AccessDeniedException", ""])
def test_any_other_error_leaves_open_whether_the_message_was_taken_and_passes_as_it_is(ses, code):
    sender, stub = ses
    stub.add_client_error("send_email", code, http_status_code=500)

    with pytest.raises(ClientError):
        sender.send(MESSAGE)


def test_so_does_an_answer_that_never_came():
    class Silent:
        def send_email(self, **_call):
            raise ReadTimeoutError(endpoint_url="https://email.test")

    with pytest.raises(ReadTimeoutError):
        SesSender(Silent(), ORDINARY, RESENDS, FILES.get).send(MESSAGE)


@pytest.mark.parametrize(
    "code", ["TooManyRequestsException", "ThrottlingException", "Throttling", "LimitExceededException"]
)
def test_only_the_text_says_which_quota_is_used_up(ses, code):
    sender, stub = ses
    stub.add_client_error("send_email", code, "Maximum sending rate exceeded.", http_status_code=429)
    stub.add_client_error("send_email", code, "Daily message quota exceeded.", http_status_code=429)

    with pytest.raises(ProviderBusyError) as busy:
        sender.send(MESSAGE)
    with pytest.raises(QuotaUsedUpError):
        sender.send(MESSAGE)

    assert not isinstance(busy.value, QuotaUsedUpError)


@pytest.mark.parametrize(
    ("quota", "expected"),
    [
        ({"Max24HourSend": 50_000.0, "MaxSendRate": 14.0, "SentLast24Hours": 49_990.0}, SendQuota(14.0, 10.0)),
        ({"Max24HourSend": 200.0, "MaxSendRate": 1.0, "SentLast24Hours": 200.0}, SendQuota(1.0, 0.0)),
        ({"Max24HourSend": -1.0, "MaxSendRate": 500.0, "SentLast24Hours": 7.0}, SendQuota(500.0, None)),
    ],
)
def test_the_quota_is_read_with_what_is_left_of_the_day(ses, quota, expected):
    sender, stub = ses
    stub.add_response("get_account", {"SendQuota": quota})

    assert read_ses_quota(sender.client) == expected


def test_a_quota_that_ses_does_not_give_is_not_known(ses):
    sender, stub = ses
    stub.add_client_error("get_account", "TooManyRequestsException", http_status_code=429)

    assert read_ses_quota(sender.client) is None
