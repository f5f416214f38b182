"""The SES simulator publishes the events that SES would publish, in the same format."""

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from email.message import EmailMessage

import httpx
import pytest
from botocore.exceptions import ClientError

from infrastructure.local.ses_simulator import server
from infrastructure.local.ses_simulator.mail_rules import (
    EVENT_TYPES,
    SITUATIONS,
    ReceivedMail,
    newly_suppressed,
    plan_events,
)
from infrastructure.local.ses_simulator.send_calls import AttachedFile, Send, Template
from infrastructure.local.ses_simulator.ses_api_proxy import Sends, SuppressionList
from infrastructure.local.ses_simulator.sms_rules import SentSms, delivery_status_entry, log_group
from infrastructure.local.ses_simulator.stack_client import Destination
from tests.builders.ses import SUBJECT, Ses

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


# --- the proxy


def test_an_email_is_delivered_with_its_tags_headers_and_configuration_set():
    ses = Ses()
    content = {**SUBJECT, "Headers": [{"Name": "List-Unsubscribe", "Value": "<https://x/u/1>"}]}
    to = {"ToAddresses": ["ada@example.com"], "BccAddresses": ["log@example.com"]}

    ses.send(Destination=to, Content={"Simple": content})

    send = ses.delivered["m-1"]
    assert send.source == "Harbor <office@example.com>"
    assert send.configuration_set == "undelivered-sends"
    assert send.tag_values == {"undelivered-account": ("acc-harbor",)}
    assert send.headers == (("List-Unsubscribe", "<https://x/u/1>"),)
    assert send.recipients == ("ada@example.com", "log@example.com")
    assert ses.proxy.sends.all() == {"m-1": send}


def with_files(*contents, **changes):
    files = [
        {"FileName": f"{number}.pdf", "ContentType": "application/pdf", "RawContent": content, **changes}
        for number, content in enumerate(contents, start=1)
    ]
    return {"Content": {"Simple": {**SUBJECT, "Attachments": files}}}


def test_the_files_of_an_email_are_shown_and_can_be_read():
    ses = Ses()
    ses.send(**with_files(b"%PDF", b"\x00\xff", ContentTransferEncoding="BASE64"))

    (message,) = json.loads(ses.proxy.handle("GET", "/_simulator/messages", {}, b"").body)["messages"]

    assert [(file["filename"], file["size"]) for file in message["attachments"]] == [("1.pdf", 4), ("2.pdf", 2)]
    responses = [ses.proxy.handle("GET", file["path"], {}, b"") for file in message["attachments"]]
    assert [(each.body, each.headers["Content-Type"]) for each in responses] == [
        (b"%PDF", "application/pdf"),
        (b"\x00\xff", "application/pdf"),
    ]
    assert ses.proxy.handle("GET", message["attachments"][0]["path"][:-1] + "3", {}, b"").status == 404


def test_a_file_that_is_not_encoded_loses_the_highest_bit_of_each_byte():
    ses = Ses()

    ses.send(**with_files(b"\xffA"))

    assert [file.content for file in ses.delivered["m-1"].files] == [b"\x7fA"]


def test_the_files_of_a_raw_email_are_those_of_its_parts():
    ses, message = Ses(), EmailMessage()
    message["From"], message["To"] = "office@example.com", "ada@example.com"
    message.set_content("Dear Ada")
    message.add_attachment(b"\x00\xff", maintype="application", subtype="pdf", filename="invoice.pdf")

    ses.send(Content={"Raw": {"Data": message.as_bytes()}})

    assert ses.delivered["m-1"].files == (AttachedFile("invoice.pdf", "application/pdf", b"\x00\xff"),)


def test_the_oldest_sends_are_forgotten_when_their_content_fills_the_memory(monkeypatch):
    monkeypatch.setattr("infrastructure.local.ses_simulator.ses_api_proxy._MAXIMUM_BYTES", 10)
    sends = Sends()
    for number in range(3):
        sends.add(f"m-{number}", Send(content=b"12345"))

    assert list(sends.all()) == ["m-1", "m-2"]


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
    with pytest.raises(ClientError) as refused:
        Ses().send(EmailTags=[tag])

    assert refused.value.response["Error"] == {"Code": "BadRequestException", "Message": message}


@pytest.mark.parametrize(
    ("changes", "code", "code_in_v1"),
    [
        ({"to": "message-rejected@undelivered.example"}, "MessageRejected", "MessageRejected"),
        ({"to": "sending-paused@undelivered.example"}, "SendingPausedException", "AccountSendingPausedException"),
        ({"to": "throttled@undelivered.example"}, "TooManyRequestsException", "Throttling"),
        ({"to": "ada@"}, "BadRequestException", "InvalidParameterValue"),
        ({"configuration_set": "none"}, "NotFoundException", "ConfigurationSetDoesNotExist"),
    ],
)
def test_an_email_is_refused_with_the_codes_of_each_api(changes, code, code_in_v1):
    changes = {"to": "ada@example.com", "configuration_set": "undelivered-sends"} | changes
    ses, to = Ses(), {"ToAddresses": [changes["to"]]}
    common = {"Destination": to, "ConfigurationSetName": changes["configuration_set"]}

    with pytest.raises(ClientError) as refused:
        ses.send(**common)
    with pytest.raises(ClientError) as refused_in_v1:
        ses.client("ses").send_email(Source="office@example.com", Message=SUBJECT, **common)

    assert refused.value.response["Error"]["Code"] == code
    assert refused_in_v1.value.response["Error"]["Code"] == code_in_v1
    assert ses.delivered == {}


def statuses(ses, address, number):
    found = []
    for _ in range(number):
        try:
            response = ses.send(address)
        except ClientError as refused:
            response = refused.response
        found.append(response["ResponseMetadata"]["HTTPStatusCode"])
    return found


def test_a_throttled_send_is_taken_the_third_time():
    assert statuses(Ses(), "throttled@undelivered.example", 3) == [429, 429, 200]


def test_a_send_that_is_refused_without_a_known_cause_is_taken_the_second_time():
    assert statuses(Ses(), "unexplained@undelivered.example", 2) == [409, 200]


def test_an_email_that_the_emulator_refuses_is_not_delivered():
    ses = Ses(lambda _request: httpx.Response(400, json={"message": "Email address is not verified."}))

    assert statuses(ses, "ada@example.com", 1) == [400]
    assert ses.delivered == {}


def test_a_stack_that_is_not_up_is_an_error_that_callers_repeat():
    def refuse(request):
        raise httpx.ConnectError("refused", request=request)

    assert statuses(Ses(refuse), "ada@example.com", 1) == [503]


def test_the_suppression_list_can_be_asked_and_changed():
    proxy = Ses().proxy
    path = "/v2/email/suppression/addresses"
    body = json.dumps({"EmailAddress": "ada@example.com", "Reason": "COMPLAINT"}).encode()

    assert proxy.handle("PUT", path, {}, body).status == 200
    assert proxy.handle("GET", f"{path}/ada%40example.com", {}, b"").status == 200
    assert proxy.suppressions.reasons() == {"ada@example.com": "COMPLAINT"}
    assert proxy.handle("DELETE", f"{path}/ada%40example.com", {}, b"").status == 200
    assert proxy.handle("DELETE", f"{path}/ada%40example.com", {}, b"").status == 404


def test_the_suppression_list_is_read_page_by_page_within_dates_and_reasons():
    proxy = Ses().proxy
    path = "/v2/email/suppression/addresses"
    for number in range(5):
        proxy.suppressions.add(f"a{number}@example.com", "COMPLAINT" if number == 4 else "BOUNCE")

    def listed(query):
        answer = json.loads(proxy.handle("GET", f"{path}?{query}", {}, b"").body)
        return [entry["EmailAddress"] for entry in answer["SuppressedDestinationSummaries"]], answer.get("NextToken")

    first, token = listed("PageSize=3")
    second, end = listed(f"PageSize=3&NextToken={token}")
    assert (len(first), len({*first, *second}), end) == (3, 5, None)
    assert listed("Reason=COMPLAINT") == (["a4@example.com"], None)
    assert listed("StartDate=2999-01-01T00:00:00Z") == listed("EndDate=1999-01-01T00:00:00Z") == ([], None)
    assert (
        proxy.handle("GET", f"{path}?NextToken=x", {}, b"").headers["x-amzn-ErrorType"] == "InvalidNextTokenException"
    )


def test_one_address_cannot_be_taken_off_the_list():
    proxy = Ses().proxy
    proxy.suppressions.add("unliftable@undelivered.example", "BOUNCE")

    reply = proxy.handle("DELETE", "/v2/email/suppression/addresses/unliftable%40undelivered.example", {}, b"")

    assert reply.status == 500


# --- receiving


class FakeStack:
    def __init__(self, *event_types):
        self.event_types = frozenset(event_types)
        self.published = []

    def destinations(self, configuration_set):
        return [Destination(f"arn:{configuration_set}", self.event_types)]

    def template_parts(self, name):
        return ("Rent of {{month}}", f"By the template {name}", "")

    def publish(self, topic_arn, event):
        self.published.append((topic_arn, event))


def receive(stack, sends, suppressions=None):
    """Let the simulator receive emails, one after the other."""
    options = server.Options(0, 0, "http://stack", "us-east-1", "000000000000", pace=0.0)

    async def take():
        simulator = server.SesSimulator(options, stack, SuppressionList())
        for number, send in enumerate(sends, start=1):
            simulator.deliver(f"m-{number}", send)
            await asyncio.sleep(0)  # the loop starts what another thread delivers
            await simulator.settle()

    # In a thread: where browser tests ran before, this one's event loop is Playwright's.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(lambda: asyncio.run(take())).result()


A_SEND = Send(
    source="Harbor <office@example.com>",
    recipients=("Ada <bounce@simulator.amazonses.com>",),
    configuration_set="undelivered-sends",
    tags=(("undelivered-account", "acc-harbor"),),
    subject="Rent",
)


def test_a_mail_received_is_reported_to_its_configuration_set_with_its_tags():
    stack = FakeStack("BOUNCE")

    receive(stack, [A_SEND])

    ((topic_arn, event),) = stack.published
    assert topic_arn == "arn:undelivered-sends"
    assert event["eventType"] == "Bounce"
    assert event["mail"]["messageId"] == "m-1"
    assert event["mail"]["source"] == "Harbor <office@example.com>"
    assert event["mail"]["destination"] == ["bounce@simulator.amazonses.com"]
    assert event["mail"]["tags"]["undelivered-account"] == ["acc-harbor"]
    assert event["mail"]["tags"]["ses:configuration-set"] == ["undelivered-sends"]


def test_nothing_is_published_about_a_mail_without_a_configuration_set_and_the_log_says_so(caplog):
    stack = FakeStack("BOUNCE")

    receive(stack, [replace(A_SEND, configuration_set="")])

    assert stack.published == []
    assert "mail m-1 has no configuration set, so there are no events about it" in caplog.text


def test_events_that_a_destination_does_not_ask_for_are_not_published():
    stack = FakeStack("COMPLAINT", "DELIVERY")

    receive(stack, [A_SEND])

    assert stack.published == []


def test_a_hard_bounce_is_remembered_for_the_next_mail():
    stack = FakeStack("BOUNCE")

    receive(stack, [replace(A_SEND, recipients=("unknown-user@undelivered.example",))] * 2)

    assert [event["bounce"]["bounceSubType"] for _, event in stack.published][-1] == "OnAccountSuppressionList"


def test_a_message_with_the_test_virus_is_rejected():
    stack = FakeStack("REJECT", "DELIVERY")

    receive(stack, [replace(A_SEND, content=b"EICAR-STANDARD-" + b"ANTIVIRUS-TEST-FILE")])

    assert [event["eventType"] for _, event in stack.published] == ["Reject"]


def test_a_template_is_rendered_with_its_data():
    stack = FakeStack("BOUNCE", "RENDERING_FAILURE")

    receive(stack, [replace(A_SEND, template=Template("rent", data='{"month": "May"}'))])
    receive(stack, [replace(A_SEND, template=Template("rent"))])

    (_, bounce), (_, failure) = stack.published
    assert bounce["mail"]["commonHeaders"]["subject"] == "Rent of May"
    assert failure["failure"] == {
        "errorMessage": "Attribute 'month' is not present in the rendering data.",
        "templateName": "rent",
    }
