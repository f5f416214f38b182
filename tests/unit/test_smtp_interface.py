"""SES's SMTP interface of the local stack sends what it receives, and answers with SES's codes."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest
from aiosmtpd.smtp import Envelope
from botocore.exceptions import ClientError, EndpointConnectionError

from infrastructure.local.ses_simulator.smtp_interface import SmtpInterface


def deliver(send_raw):
    envelope = Envelope()
    envelope.mail_from, envelope.rcpt_tos = "office@example.com", ["ada@example.com", "hidden@example.com"]
    envelope.content = b"To: ada@example.com\r\n\r\nhi"
    with ThreadPoolExecutor(1) as thread:  # the event loop of this thread may be Playwright's
        return thread.submit(lambda: asyncio.run(SmtpInterface(send_raw).handle_DATA(None, None, envelope))).result()


def test_the_envelope_decides_on_the_recipients_and_the_answer_has_the_message_id():
    calls = []

    def send_raw(*call):
        calls.append(call)
        return "m-1"

    assert deliver(send_raw) == "250 Ok m-1"
    to = ["ada@example.com", "hidden@example.com"]
    assert calls == [("office@example.com", to, b"To: ada@example.com\r\n\r\nhi")]


@pytest.mark.parametrize(
    ("code", "message", "answer"),
    [
        (
            "Throttling",
            "Maximum sending rate exceeded.",
            "454 Throttling failure: Maximum sending rate exceeded.",
        ),
        (
            "MessageRejected",
            "Email address is not verified.",
            "554 Message rejected: Email address is not verified.",
        ),
        (
            "ConfigurationSetDoesNotExist",
            "Configuration set <none> does not exist.",
            "554 Configuration Set does not exist: Configuration set <none> does not exist.",
        ),
        ("InvalidParameterValue", "Missing domain", "554 Transaction failed: Missing domain"),
        ("ServiceUnavailable", "The stack is not up.", "454 Temporary service failure"),
    ],
)
def test_an_email_that_ses_refuses_is_refused_with_its_smtp_code(code, message, answer):
    def refuse(*_call):
        raise ClientError({"Error": {"Code": code, "Message": message}}, "SendRawEmail")

    assert deliver(refuse) == answer


def test_a_stack_that_is_not_up_is_a_temporary_failure():
    def fail(*_call):
        raise EndpointConnectionError(endpoint_url="http://127.0.0.1:1")

    assert deliver(fail) == "454 Temporary service failure"
