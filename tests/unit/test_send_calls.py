"""Every call of SES that sends emails, of either API and in each form, is read with its tags and configuration set."""

from email.message import EmailMessage

import pytest
from botocore.exceptions import ClientError

from infrastructure.local.ses_simulator.send_calls import Template, rendered_subject
from tests.builders.ses import SUBJECT, Ses

SETS = {"ConfigurationSetName": "undelivered-sends"}
TO = {"ToAddresses": ["ada@example.com"]}
TAG = [{"Name": "undelivered-notification", "Value": "n-1"}]
OTHER_TAG = [{"Name": "undelivered-notification", "Value": "n-2"}]
RAW = (
    b"From: Harbor <office@example.com>\r\nTo: Ada <ada@example.com>,\r\n bob@example.com\r\nCc: c@example.com\r\n"
    b"Subject: =?utf-8?q?Caf=C3=A9?=\r\nX-SES-CONFIGURATION-SET: undelivered-sends\r\n"
    b"X-SES-MESSAGE-TAGS: undelivered-account=acc-harbor,\r\n undelivered-notification=n-1\r\n"
    b"List-Unsubscribe: <https://x>\r\n\r\nhi \xc3\xbc"
)
V1, V2 = {"Source": "office@example.com", **SETS}, {"FromEmailAddress": "office@example.com", **SETS}
PLAIN = {"Raw": {"Data": b"Subject: x\r\n\r\nhi"}}
TEMPLATE = {"Template": {"TemplateName": "r"}}
BULK = {"Template": {"TemplateName": "rent", "TemplateData": '{"month": "May"}'}}
CALLS = [
    ("ses", "send_email", {**V1, "Destination": TO, "Message": SUBJECT, "Tags": TAG}),
    ("ses", "send_raw_email", {**V1, "RawMessage": {"Data": b"To: ada@example.com\r\n\r\nhi"}, "Tags": TAG}),
    ("ses", "send_templated_email", {**V1, "Destination": TO, "Template": "r", "TemplateData": "{}", "Tags": TAG}),
    ("sesv2", "send_email", {**V2, "Destination": TO, "Content": {"Simple": SUBJECT}, "EmailTags": TAG}),
    ("sesv2", "send_email", {**V2, "Destination": TO, "Content": PLAIN, "EmailTags": TAG}),
    ("sesv2", "send_email", {**V2, "Destination": TO, "Content": TEMPLATE, "EmailTags": TAG}),
]  # fmt: skip


def sent(service, method, parameters):
    ses = Ses()
    getattr(ses.client(service), method)(**parameters)
    return ses.delivered


@pytest.mark.parametrize(("service", "method", "parameters"), CALLS)
def test_each_form_keeps_the_tags_and_the_configuration_set(service, method, parameters):
    send = sent(service, method, parameters)["m-1"]

    assert (send.source, send.recipients) == ("office@example.com", ("ada@example.com",))
    assert send.configuration_set == "undelivered-sends"
    assert send.tag_values == {"undelivered-notification": ("n-1",)}
    assert send.operation.lower() == method.replace("_", "")


@pytest.mark.parametrize(
    ("service", "method", "parameters"),
    [
        ("ses", "send_raw_email", {"RawMessage": {"Data": RAW}}),
        ("sesv2", "send_email", {"Content": {"Raw": {"Data": RAW}}}),
    ],
)
def test_a_raw_message_alone_names_everything_in_its_headers(service, method, parameters):
    send = sent(service, method, parameters)["m-1"]

    assert send.source == "office@example.com"
    assert send.recipients == ("ada@example.com", "bob@example.com", "c@example.com")
    assert send.configuration_set == "undelivered-sends"
    assert send.tag_values == {"undelivered-account": ("acc-harbor",), "undelivered-notification": ("n-1",)}
    assert send.subject == "Café"
    assert send.headers == (("List-Unsubscribe", "<https://x>"),)
    assert send.content == RAW


def test_the_tags_of_a_header_are_not_decoded():
    message, entry = EmailMessage(), "e" * 80
    message["To"] = "ada@example.com"
    message["X-SES-MESSAGE-TAGS"] = f"undelivered-account=acc-harbor, undelivered-entry={entry}"
    tags = f"X-SES-MESSAGE-TAGS: undelivered-account=acc-harbor,\r\n undelivered-entry={entry}\r\n"
    as_written = f"To: ada@example.com\r\n{tags}\r\n"

    with pytest.raises(ClientError, match="The tag name must be specified"):
        sent("ses", "send_raw_email", {"RawMessage": {"Data": message.as_bytes()}})
    plain = sent("ses", "send_raw_email", {"RawMessage": {"Data": as_written.encode()}})["m-1"]

    assert b"=?utf-8?q?" in message.as_bytes()
    assert plain.tag_values == {"undelivered-account": ("acc-harbor",), "undelivered-entry": (entry,)}


def test_the_tags_of_a_call_are_not_joined_with_those_of_the_headers():
    send = sent("ses", "send_raw_email", {"RawMessage": {"Data": RAW}, "Tags": OTHER_TAG})["m-1"]

    assert send.tag_values == {"undelivered-notification": ("n-2",)}


def test_the_destinations_of_a_call_come_before_those_of_the_headers():
    send = sent("ses", "send_raw_email", {"RawMessage": {"Data": RAW}, "Destinations": ["dora@example.com"]})["m-1"]

    assert send.recipients == ("dora@example.com",)


def test_a_raw_message_of_several_megabytes_is_read():
    large = RAW + b"a line\r\n" * 400_000

    assert sent("ses", "send_raw_email", {"RawMessage": {"Data": large}})["m-1"].content == large


def test_a_bulk_call_of_v1_sends_an_email_to_each_destination():
    call = {**V1, "Template": "rent", "DefaultTemplateData": "{}", "DefaultTags": TAG}
    destinations = [
        {"Destination": TO, "ReplacementTags": OTHER_TAG},
        {"Destination": {"ToAddresses": ["bob@example.com"]}, "ReplacementTemplateData": '{"month": "June"}'},
    ]

    ada, bob = sent("ses", "send_bulk_templated_email", {**call, "Destinations": destinations}).values()

    assert (ada.recipients, bob.recipients) == (("ada@example.com",), ("bob@example.com",))
    assert (ada.tag_values, bob.tag_values) == (
        {"undelivered-notification": ("n-2",)},
        {"undelivered-notification": ("n-1",)},
    )
    assert bob.template == Template("rent", data='{"month": "June"}')


def test_a_bulk_call_of_v2_sends_an_email_to_each_entry():
    replacement = {"ReplacementTemplate": {"ReplacementTemplateData": '{"month": "June"}'}}
    entry = {"Destination": TO, "ReplacementEmailContent": replacement}

    (send,) = sent(
        "sesv2", "send_bulk_email", {**V2, "DefaultContent": BULK, "BulkEmailEntries": [entry], "DefaultEmailTags": TAG}
    ).values()

    assert send.recipients == ("ada@example.com",)
    assert send.tag_values == {"undelivered-notification": ("n-1",)}
    assert send.template == Template("rent", data='{"month": "June"}')


def test_a_template_in_the_call_has_no_name():
    content = {"Template": {"TemplateContent": {"Subject": "Rent", "Text": "Dear"}, "TemplateData": "{}"}}

    send = sent("sesv2", "send_email", {**V2, "Destination": TO, "Content": content})["m-1"]

    assert send.template == Template(parts=("Rent", "Dear", ""), data="{}")


def test_an_attribute_without_data_is_named():
    assert rendered_subject(("Rent of {{ month }}", "", ""), '{"month": 5}') == "Rent of 5"
    with pytest.raises(LookupError, match="year"):
        rendered_subject(("Rent", "In {{year}}", ""), "{}")


def test_the_addresses_for_replies_are_a_header_of_the_email():
    reply_to = {"ReplyToAddresses": ["desk@example.com", "b@example.com"]}
    call = {**V2, "Destination": TO, "Content": {"Simple": SUBJECT}, **reply_to}

    assert sent("sesv2", "send_email", call)["m-1"].headers == (("Reply-To", "desk@example.com, b@example.com"),)
