"""What SES and SNS refuse to send, as the local stack does."""

from dataclasses import replace

import pytest

from infrastructure.local.ses_simulator.send_calls import AttachedFile, Send
from infrastructure.local.ses_simulator.send_rules import address_problem, send_problem, text_refusal


@pytest.mark.parametrize(
    "mailbox",
    [
        "ada@example.com",
        "Ada Byron <ada@example.com>",
        '"Byron, Ada" <ada@example.com>',
        "=?utf-8?q?Zo=C3=AB?= <zoe@xn--bcher-kva.example>",
        '"ada byron"@example.com',
        f"{'a' * 64}@{'b' * 255}",
    ],
)
def test_an_address_in_the_form_of_ses_is_accepted(mailbox):
    assert address_problem(mailbox) == ""


@pytest.mark.parametrize(
    ("mailbox", "message"),
    [
        ("zoë@example.com", "Local address contains control or whitespace"),
        ("ada byron@example.com", "Local address contains control or whitespace"),
        ("ada@bücher.example", "Domain contains control or whitespace"),
        ("ada@exam ple.com", "Domain contains control or whitespace"),
        ("ada@exam;ple.com", "Domain contains illegal character"),
        ("ada", "Missing final '@domain'"),
        ("ada@", "Missing domain"),
        ("@example.com", "Missing local name"),
        ("Byron, Ada <ada@example.com>", "Illegal address"),
        ("Zoë <zoe@example.com>", "Invalid email address Zoë <zoe@example.com>."),
        (f"{'a' * 309}@example.com", f"Address length is more than 320 characters long: '{'a' * 309}@example.com'."),
    ],
)
def test_any_other_address_is_refused_in_the_words_of_ses(mailbox, message):
    assert address_problem(mailbox) == message


def test_every_address_of_a_message_is_checked():
    to_ada = Send(recipients=("ada@example.com",))

    assert send_problem(replace(to_ada, source="zoë@example.com")) == "Local address contains control or whitespace"
    assert send_problem(replace(to_ada, other_addresses=("ada",))) == "Missing final '@domain'"
    assert send_problem(Send(recipients=("ada@",))) == "Missing domain"


def test_a_message_has_at_least_one_and_at_most_fifty_recipients():
    assert send_problem(Send(recipients=("a@example.com",) * 50)) == ""
    assert send_problem(Send(recipients=("a@example.com",) * 51)) == "Recipient count exceeds 50."
    assert send_problem(Send()) != ""


def with_file(name="invoice.pdf", content=b"%PDF"):
    return Send(recipients=("ada@example.com",), content=content, files=(AttachedFile(name, "x/y", content),))


@pytest.mark.parametrize("name", ["run.EXE", "a.pdf.js", "a:b.pdf", 'a"b.pdf', "what?.pdf"])
def test_a_file_with_a_name_that_ses_does_not_send_is_refused(name):
    assert send_problem(with_file(name)) == f"Illegal filename '{name}'."


def test_an_email_has_at_most_forty_megabytes_after_encoding_with_its_files():
    assert send_problem(with_file()) == ""
    assert send_problem(with_file(content=bytes(30_650_000))) == ""
    assert send_problem(with_file(content=bytes(30_651_000))).startswith("Message length is more than 41943040 bytes")


@pytest.mark.parametrize(
    ("number", "text", "refusal"),
    [
        ("+12065550100", "a" * 1_600, None),
        ("+12065550100", "a" * 1_601, ("InvalidParameter", "Invalid parameter: Message too long")),
        ("+12065550100", "", ("InvalidParameter", "Invalid parameter: Empty message")),
        ("+12065550154", "hi", ("OptedOut", "Phone number +12065550154 is opted out")),
        ("+12065550189", "hi", ("UserError", "No origination entities available to send")),
    ],
)
def test_a_text_is_refused_in_the_words_of_sns(number, text, refusal):
    assert text_refusal(number, text) == refusal


@pytest.mark.parametrize("number", ["+11234567890", "+1", "12065550100", "nobody"])
def test_a_number_that_cannot_be_published_to_is_named(number):
    message = f"Invalid parameter: PhoneNumber Reason: {number} is not valid to publish to"

    assert text_refusal(number, "hi") == ("InvalidParameter", message)
