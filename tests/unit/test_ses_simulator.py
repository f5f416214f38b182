"""The SES simulator publishes the events that SES would publish, in the same format."""

import asyncio
import email
import email.policy
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import httpx
import pytest
from aiosmtpd.smtp import Envelope

from infrastructure.local.ses_simulator import server
from infrastructure.local.ses_simulator.mail_rules import (
    EVENT_TYPES,
    SITUATIONS,
    ReceivedMail,
    newly_suppressed,
    plan_events,
)
from infrastructure.local.ses_simulator.ses_api_proxy import SesApiProxy, read_send_request
from infrastructure.local.ses_simulator.sms_rules import SentSms, delivery_status_entry, log_group

AT = datetime(2026, 11, 23, 18, 0, 0, 123456, tzinfo=UTC)


def a_mail(*recipients, **fields):
    known = {
        "message_id": "0100018a-1",
        "source": "Harbour Storage <office@example.com>",
        "received_at": AT,
        "subject": "Rent reminder",
        "configuration_set": "undelivered-resends",
        "tags": {"undelivered-account": ("acc-harbor",)},
    }
    return ReceivedMail(recipients=recipients, **(known | fields))


def kinds(scheduled):
    return [each.event["eventType"] for each in scheduled]


def the_bounce(scheduled):
    return next(each.event["bounce"] for each in scheduled if each.event["eventType"] == "Bounce")


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("ada@example.com", ["Send", "Delivery"]),
        ("success@simulator.amazonses.com", ["Send", "Delivery"]),
        ("bounce@simulator.amazonses.com", ["Send", "Bounce"]),
        ("bounce+label@simulator.amazonses.com", ["Send", "Bounce"]),
        ("ooto@simulator.amazonses.com", ["Send", "Delivery", "Bounce"]),
        ("complaint@simulator.amazonses.com", ["Send", "Delivery", "Complaint"]),
        ("suppressionlist@simulator.amazonses.com", ["Send", "Bounce"]),
        ("anybody@undelivered.example", ["Send", "Delivery"]),
        ("slow@undelivered.example", ["Send", "DeliveryDelay", "Delivery"]),
        ("greylisted@undelivered.example", ["Send", "DeliveryDelay", "Delivery"]),
        ("expired@undelivered.example", ["Send", "DeliveryDelay", "Bounce"]),
        ("late-bounce@undelivered.example", ["Send", "Delivery", "Bounce"]),
        ("complaint.anna@undelivered.example", ["Send", "Delivery", "Complaint"]),
        ("silent@undelivered.example", ["Send"]),
        ("rejected@undelivered.example", ["Reject"]),
        ("rendering-failed@undelivered.example", ["Rendering Failure"]),
    ],
)
def test_an_address_decides_what_is_reported_and_in_which_order(address, expected):
    assert kinds(plan_events(a_mail(address))) == expected


@pytest.mark.parametrize(
    ("address", "bounce_types"),
    [
        ("unknown-user@undelivered.example", {"Permanent"}),
        ("unknown-domain@undelivered.example", {"Permanent"}),
        ("mailbox-disabled@undelivered.example", {"Permanent"}),
        ("mailbox-full@undelivered.example", {"Transient"}),
        ("content-rejected@undelivered.example", {"Transient"}),
        ("too-large@undelivered.example", {"Transient"}),
        ("blocked@undelivered.example", {"Permanent", "Transient"}),
        ("undetermined@undelivered.example", {"Undetermined"}),
    ],
)
def test_a_situation_has_several_wordings_and_always_the_same_for_a_mail(address, bounce_types):
    mails = [a_mail(address, message_id=f"m-{number}") for number in range(60)]

    bounces = [the_bounce(plan_events(mail)) for mail in mails]

    assert {bounce["bounceType"] for bounce in bounces} == bounce_types
    assert bounces == [the_bounce(plan_events(mail)) for mail in mails]
    assert all(bounce["bouncedRecipients"][0]["emailAddress"] == address for bounce in bounces)
    assert not any("{" in json.dumps(bounce["bouncedRecipients"][0].get("diagnosticCode", "")) for bounce in bounces)


def test_an_event_has_the_form_that_ses_publishes():
    event = plan_events(a_mail("bounce@simulator.amazonses.com", headers=(("List-Unsubscribe", "<https://x>"),)))[
        -1
    ].event

    assert event["bounce"] == {
        "feedbackId": event["bounce"]["feedbackId"],
        "bounceType": "Permanent",
        "bounceSubType": "General",
        "bouncedRecipients": [
            {
                "emailAddress": "bounce@simulator.amazonses.com",
                "action": "failed",
                "status": "5.1.1",
                "diagnosticCode": "smtp; 550 5.1.1 user unknown",
            }
        ],
        "timestamp": "2026-11-23T18:00:00.423Z",
        "reportingMTA": "dsn; a8-77.smtp-out.amazonses.com",
    }
    mail = event["mail"]
    assert mail["timestamp"] == "2026-11-23T18:00:00.123Z"
    assert mail["messageId"] == mail["commonHeaders"]["messageId"] == "0100018a-1"
    assert mail["destination"] == ["bounce@simulator.amazonses.com"]
    assert {"name": "List-Unsubscribe", "value": "<https://x>"} in mail["headers"]
    assert mail["tags"] == {
        "ses:operation": ["SendEmail"],
        "ses:source-ip": ["192.0.2.1"],
        "ses:from-domain": ["example.com"],
        "ses:caller-identity": ["undelivered"],
        "ses:configuration-set": ["undelivered-resends"],
        "undelivered-account": ["acc-harbor"],
    }


def test_an_out_of_office_reply_is_a_bounce_without_a_delivery_report():
    bounce = the_bounce(plan_events(a_mail("ooto@simulator.amazonses.com")))

    assert (bounce["bounceType"], bounce["bounceSubType"]) == ("Transient", "General")
    assert bounce["bouncedRecipients"] == [{"emailAddress": "ooto@simulator.amazonses.com"}]
    assert "reportingMTA" not in bounce


def test_each_recipient_of_a_mail_has_a_fate_of_its_own():
    scheduled = plan_events(a_mail("ada@example.com", "mailbox-full@undelivered.example"))

    assert kinds(scheduled) == ["Send", "Delivery", "Bounce"]
    assert scheduled[1].event["delivery"]["recipients"] == ["ada@example.com"]


def test_the_pace_stretches_delays_and_times_alike():
    (_, delay, delivery) = plan_events(a_mail("slow@undelivered.example"), pace=0.1)

    assert delivery.after == pytest.approx(0.3)
    assert delay.event["deliveryDelay"]["timestamp"] == "2026-11-23T18:00:00.173Z"


def test_a_mail_with_a_virus_is_rejected():
    assert kinds(plan_events(a_mail("ada@example.com", carries_virus=True))) == ["Reject"]


def test_a_hard_bounce_puts_the_address_on_the_suppression_list_and_later_mail_is_not_sent():
    (*_, bounce) = plan_events(a_mail("Unknown-User@undelivered.example"))
    listed = newly_suppressed(bounce.event)

    by_lower_case = {address.lower(): reason for address, reason in listed.items()}
    scheduled = plan_events(a_mail("unknown-user@UNDELIVERED.example", message_id="m-2"), by_lower_case)

    assert listed == {"Unknown-User@undelivered.example": "BOUNCE"}
    assert kinds(scheduled) == ["Send", "Bounce"]
    assert the_bounce(scheduled)["bounceSubType"] == "OnAccountSuppressionList"
    assert not newly_suppressed(scheduled[-1].event)


def test_after_a_complaint_later_mail_is_reported_as_a_complaint_on_the_list():
    listed = newly_suppressed(plan_events(a_mail("complaint@undelivered.example"))[-1].event)

    scheduled = plan_events(a_mail("complaint@undelivered.example"), listed)

    assert kinds(scheduled) == ["Send", "Complaint"]
    assert scheduled[-1].event["complaint"]["complaintSubType"] == "OnAccountSuppressionList"


@pytest.mark.parametrize(
    "address",
    [
        "bounce@simulator.amazonses.com",
        "complaint@simulator.amazonses.com",
        "mailbox-full@undelivered.example",
        "blocked@undelivered.example",
        "suppressionlist@undelivered.example",
    ],
)
def test_the_simulator_soft_bounces_and_refusals_of_the_sender_suppress_nobody(address):
    for number in range(30):
        for scheduled in plan_events(a_mail(address, message_id=f"m-{number}")):
            assert newly_suppressed(scheduled.event) == {}


def test_the_simulator_ignores_the_suppression_list():
    listed = {"success@simulator.amazonses.com": "BOUNCE"}

    assert kinds(plan_events(a_mail("success@simulator.amazonses.com"), listed)) == ["Send", "Delivery"]


def test_every_event_has_a_name_by_which_a_destination_asks_for_it():
    addresses = [f"{name}@undelivered.example" for name in [*SITUATIONS, "rejected", "rendering-failed"]]

    assert {kind for address in addresses for kind in kinds(plan_events(a_mail(address)))} <= set(EVENT_TYPES)


def test_every_situation_is_in_the_table_of_the_documentation():
    for name in SITUATIONS:
        assert f"``{name}@``" in (server.__doc__ or "")


# --- texts


@pytest.mark.parametrize(
    ("number", "status", "response"),
    [
        ("+12065550100", "SUCCESS", "Message has been accepted by phone carrier"),
        ("+442079460123", "SUCCESS", "Message has been accepted by phone carrier"),
        ("+12065550119", "SUCCESS", "Message has been accepted by phone"),
        ("+12065550120", "FAILURE", "Phone is currently unreachable/unavailable"),
        ("+12065550130", "FAILURE", "Phone carrier is currently unreachable/unavailable"),
        ("+13035550149", "FAILURE", "Invalid phone number"),
        ("+12065550150", "FAILURE", "Phone number is opted out"),
        ("+12065550155", "FAILURE", "Phone has blocked SMS"),
        ("+12065550160", "FAILURE", "Blocked as spam by phone carrier"),
        ("+12065550165", "FAILURE", "Phone carrier has blocked this message"),
        ("+12065550170", "FAILURE", "No quota left for account"),
        ("+12065550175", "FAILURE", "This delivery would exceed max price"),
        ("+12065550180", "FAILURE", "Message body is invalid"),
        ("+12065550185", "FAILURE", "Unknown error attempting to reach phone"),
    ],
)
def test_a_number_decides_its_delivery_status(number, status, response):
    entry = delivery_status_entry(SentSms("m-1", number, AT))

    logged = json.loads(entry.message)
    assert (logged["status"], logged["delivery"]["providerResponse"]) == (status, response)
    assert logged["delivery"]["destination"] == number
    assert logged["notification"] == {"messageId": "m-1", "timestamp": "2026-11-23 18:00:00.123"}
    assert entry.failed == (status == "FAILURE")


def test_nothing_is_ever_reported_on_the_last_numbers():
    assert delivery_status_entry(SentSms("m-1", "+12065550195", AT)) is None


def test_failures_have_a_log_group_of_their_own():
    assert log_group("us-east-1", "0" * 12, failed=False) == "sns/us-east-1/000000000000/DirectPublishToPhoneNumber"
    assert log_group("us-east-1", "0" * 12, failed=True).endswith("/DirectPublishToPhoneNumber/Failure")


# --- what a send logged

A_SEND = {
    "FromEmailAddress": "=?utf-8?q?Harbour_K=C3=BCste?= <office@example.com>",
    "Destination": {"ToAddresses": ["ada@example.com"], "BccAddresses": ["log@example.com"]},
    "ConfigurationSetName": "undelivered-sends",
    "EmailTags": [{"Name": "undelivered-account", "Value": "acc-harbor"}],
    "Content": {"Simple": {"Headers": [{"Name": "List-Unsubscribe", "Value": "<https://x/u/1>"}]}},
}


def a_proxy(answers=lambda _request: httpx.Response(200, json={"MessageId": "m-1"})):
    return SesApiProxy("http://stack", httpx.MockTransport(answers))


def send(proxy, **changes):
    return proxy.handle("POST", "/v2/email/outbound-emails", {}, json.dumps(A_SEND | changes).encode())


def test_the_front_remembers_what_the_emulator_forgets():
    proxy = a_proxy()

    send(proxy)

    recorded = proxy.sends.find("m-1")
    assert recorded.source == "=?utf-8?q?Harbour_K=C3=BCste?= <office@example.com>"
    assert recorded.configuration_set == "undelivered-sends"
    assert recorded.tags == {"undelivered-account": ("acc-harbor",)}
    assert recorded.headers == (("List-Unsubscribe", "<https://x/u/1>"),)
    assert recorded.recipients == ("ada@example.com", "log@example.com")


@pytest.mark.parametrize(
    ("tag", "message"),
    [
        (
            {"Name": "undelivered-customer", "Value": "ada@example.com"},
            "Invalid tag value <ada@example.com>: only alphanumeric ASCII characters, '_', and '-' are allowed.",
        ),
        (
            {"Name": "a.b", "Value": "c"},
            "Invalid tag name <a.b>: only alphanumeric ASCII characters, '_', and '-' are allowed.",
        ),
        ({"Name": "n", "Value": "v" * 257}, "Tag value cannot exceed 256 characters."),
        ({"Name": "n", "Value": ""}, "The tag value must be specified."),
    ],
)
def test_a_tag_that_ses_does_not_accept_is_refused_in_its_words(tag, message):
    response = send(a_proxy(), EmailTags=[tag])

    assert (response.status, response.headers["x-amzn-ErrorType"]) == (400, "BadRequestException")
    assert json.loads(response.body) == {"message": message}


def test_the_front_reads_the_headers_of_a_raw_mail():
    raw = "RnJvbTogYUBleGFtcGxlLmNvbQ0KTGlzdC1VbnN1YnNjcmliZTogPGh0dHBzOi8veD4NCg0KaGk="

    assert read_send_request({"Content": {"Raw": {"Data": raw}}}).headers == (("List-Unsubscribe", "<https://x>"),)


def test_a_mail_sent_past_the_front_is_not_waited_for():
    assert a_proxy().sends.find("m-9", timeout=60) is None


def test_a_mail_sent_past_the_front_may_name_configuration_set_and_tags_in_headers():
    content = "X-SES-CONFIGURATION-SET: first\nX-SES-MESSAGE-TAGS: a=1, b=2\nMessage-ID: <m-1>\n\nhi"

    recorded = server.send_from_headers(email.message_from_string(content, policy=email.policy.default))

    assert recorded.configuration_set == "first"
    assert recorded.tags == {"a": ("1",), "b": ("2",)}


@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("message-rejected@undelivered.example", "MessageRejected"),
        ("sending-paused@undelivered.example", "SendingPausedException"),
        ("throttled@undelivered.example", "TooManyRequestsException"),
    ],
)
def test_the_front_refuses_a_send_as_ses_would(address, code):
    reply = send(a_proxy(), Destination={"ToAddresses": [address]})

    assert reply.headers["x-amzn-ErrorType"] == code


def test_a_throttled_send_is_taken_the_third_time():
    proxy = a_proxy()

    statuses = [send(proxy, Destination={"ToAddresses": ["throttled@undelivered.example"]}).status for _ in range(3)]

    assert statuses == [429, 429, 200]


def test_a_send_that_is_refused_without_a_known_cause_is_taken_the_second_time():
    proxy = a_proxy()

    statuses = [send(proxy, Destination={"ToAddresses": ["unexplained@undelivered.example"]}).status for _ in range(2)]

    assert statuses == [409, 200]


def test_a_tag_that_ses_would_not_take_is_refused():
    assert send(a_proxy(), EmailTags=[{"Name": "title", "Value": "Rent reminder"}]).status == 400


def test_a_stack_that_is_not_up_is_an_error_that_callers_repeat():
    def refuse(request):
        raise httpx.ConnectError("refused", request=request)

    assert send(a_proxy(refuse)).status == 503


def test_the_suppression_list_can_be_asked_and_changed():
    proxy = a_proxy()
    path = "/v2/email/suppression/addresses"
    body = json.dumps({"EmailAddress": "ada@example.com", "Reason": "COMPLAINT"}).encode()

    assert proxy.handle("PUT", path, {}, body).status == 200
    assert proxy.handle("GET", f"{path}/ada%40example.com", {}, b"").status == 200
    assert proxy.suppressions.reasons() == {"ada@example.com": "COMPLAINT"}
    assert proxy.handle("DELETE", f"{path}/ada%40example.com", {}, b"").status == 200
    assert proxy.handle("DELETE", f"{path}/ada%40example.com", {}, b"").status == 404


def test_one_address_cannot_be_taken_off_the_list():
    proxy = a_proxy()
    proxy.suppressions.add("unliftable@undelivered.example", "BOUNCE")

    reply = proxy.handle("DELETE", "/v2/email/suppression/addresses/unliftable%40undelivered.example", {}, b"")

    assert reply.status == 500


# --- receiving


class FakeStack:
    def __init__(self, *event_types):
        self.event_types = frozenset(event_types)
        self.published = []

    def destinations(self, configuration_set):
        return [server.Destination(f"arn:{configuration_set}", self.event_types)]

    def publish(self, topic_arn, event):
        self.published.append((topic_arn, event))


def receive(stack, proxy, content, *recipients):
    options = server.Options(0, 0, "http://stack", "us-east-1", "", "000000000000", pace=0.0)
    envelope = Envelope()
    envelope.content, envelope.rcpt_tos = content, list(recipients)

    async def take():
        receiving = server.SesSimulator(options, proxy, stack)
        await receiving.handle_DATA(None, None, envelope)
        await receiving.settle()

    # In a thread: where browser tests ran before, this one's event loop is Playwright's.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(lambda: asyncio.run(take())).result()


def test_a_mail_received_is_reported_to_its_configuration_set_with_its_tags():
    proxy, stack = a_proxy(), FakeStack("BOUNCE")
    send(proxy)

    receive(stack, proxy, b"Message-ID: <m-1>\nSubject: Rent\n\nhi", "bounce@simulator.amazonses.com")

    ((topic_arn, event),) = stack.published
    assert topic_arn == "arn:undelivered-sends"
    assert event["eventType"] == "Bounce"
    assert event["mail"]["messageId"] == "m-1"
    assert event["mail"]["source"] == "=?utf-8?q?Harbour_K=C3=BCste?= <office@example.com>"
    assert event["mail"]["tags"]["undelivered-account"] == ["acc-harbor"]


def test_events_that_a_destination_does_not_ask_for_are_not_published():
    stack = FakeStack("COMPLAINT", "DELIVERY")

    receive(stack, a_proxy(), b"Message-ID: <m-1>\n\nhi", "bounce@simulator.amazonses.com")

    assert stack.published == []


def test_a_hard_bounce_is_remembered_for_the_next_mail():
    proxy, stack = a_proxy(), FakeStack("BOUNCE")

    for number in (1, 2):
        receive(stack, proxy, f"Message-ID: <m-{number}>\n\nhi".encode(), "unknown-user@undelivered.example")

    assert [event["bounce"]["bounceSubType"] for _, event in stack.published][-1] == "OnAccountSuppressionList"


def test_a_message_with_the_test_virus_is_rejected():
    stack = FakeStack("REJECT", "DELIVERY")
    virus = b"EICAR-STANDARD-" + b"ANTIVIRUS-TEST-FILE"

    receive(stack, a_proxy(), b"Message-ID: <m-1>\n\n" + virus, "ada@example.com")

    assert [event["eventType"] for _, event in stack.published] == ["Reject"]
