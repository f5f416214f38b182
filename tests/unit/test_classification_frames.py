"""What servers and gateways write around the reason of a refusal changes nothing of the reason."""

import pytest

from undelivered.domain.classification import classify_bounce, classify_diagnostic
from undelivered.domain.taxonomy import Fault, Reason, suppresses

BEFORE = (
    "",
    "<jo@shop.example>: ",
    "Recipient address rejected: ",
    "Requested action not taken: mailbox unavailable ",
    "Delivery to jo@shop.example failed: ",
    "Error delivering to mailbox: ",
    "Cannot deliver to recipient: ",
    "Service unavailable; ",
)
AFTER = (
    "",
    " (in reply to RCPT TO command)",
    " for this recipient",
    ". Please contact the recipient by other means.",
    ". Please check the recipient address and try again.",
    ". Error delivering to mailboxes",
)
OURS = (
    "MailPolicy violation",
    "delivery restricted by policy",
    "Customized-Block",
    "refused for compliance reasons",
    "unverified identity",
    "Advertising mail not accepted",
    "Sender is not on the allow list of the domain",
    "your mail server is misconfigured",
    "URIBL",
    "rate limit exceeded",
)
DEAD = ("User unknown", "mailbox is disabled", "Invalid recipient", "Account deleted by user", "No such user here")
ADVICE = (
    ". For spam complaints write to abuse@shop.example",
    ". If you believe this is an error contact postmaster@shop.example",
    ". For further help see https://help.shop.example/",
)
FAULTS = ("Internal server error", "Upstream error", "Queue file write error", "System error", "Network unreachable")


@pytest.mark.parametrize("before", BEFORE)
@pytest.mark.parametrize("ours", OURS)
def test_what_is_our_fault_stays_ours_in_every_frame(before: str, ours: str) -> None:
    for after in AFTER:
        classification = classify_bounce("Permanent", "General", f"550 {before}{ours}{after}", None)
        assert classification.fault is Fault.SENDER, after
        assert not suppresses(classification)


@pytest.mark.parametrize("dead", DEAD)
@pytest.mark.parametrize("before", ["", "Message rejected: ", "Cannot deliver: ", "Command RCPT: ", "Access denied: "])
def test_advice_behind_a_dead_address_does_not_revive_it(dead: str, before: str) -> None:
    for advice in ("", *ADVICE):
        assert suppresses(classify_bounce("Permanent", "General", f"550 {before}{dead}{advice}", None)), advice


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("command", ["RCPT TO", "end of DATA"])
def test_the_command_that_a_report_names_is_no_part_of_the_reply(fault: str, command: str) -> None:
    text = f"550 <jo@shop.example>: Recipient address rejected: {fault} (in reply to {command} command)"
    classification = classify_bounce("Permanent", "General", text, None)
    assert classification.fault is not Fault.RECIPIENT
    assert not suppresses(classification)
    assert classify_diagnostic(text.replace("550", "451"), None, None).reason is not Reason.ADDRESS_MALFORMED


@pytest.mark.parametrize("expiry", ["Message expired", "Delivery time expired", "retry timeout exceeded"])
def test_a_queue_that_gave_up_timed_out_whatever_was_answered_last(expiry: str) -> None:
    assert classify_diagnostic(f"{expiry}; last error: 451 try later", None, None).reason is Reason.TIMED_OUT
    assert classify_diagnostic(f"{expiry}; last error: 452 mailbox full", None, None).reason is Reason.MAILBOX_FULL


@pytest.mark.parametrize(
    "words", ["Inbox is not valid", "The addressee jo was terminated", "Recipient mailbox jo is frozen"]
)
def test_a_reply_about_the_recipient_alone_outranks_a_code_that_stands_for_any_refusal(words: str) -> None:
    assert suppresses(classify_bounce("Permanent", "General", f"550 5.7.1 {words}", None))
    assert not suppresses(classify_bounce("Permanent", "General", f"550 5.7.26 {words}", None))
    assert not suppresses(classify_bounce("Permanent", "General", f"550 5.7.1 {words} by policy", None))


@pytest.mark.parametrize("role", ["postmaster", "abuse"])
def test_a_role_mailbox_that_is_missing_is_one_of_ours(role: str) -> None:
    text = f"550 {role}@news.example does not exist, user unknown"
    assert not suppresses(classify_bounce("Permanent", "General", text, None))


def test_commands_without_an_answer_are_the_servers_fault() -> None:
    for text in (
        "451 4.4.2 no RCPT TO response",
        "451 4.4.2 send DATA failed",
        "451 no banner",
        "451 4.4.1 No valid hosts",
    ):
        assert classify_diagnostic(text, None, None).fault is Fault.UNKNOWN


@pytest.mark.parametrize(
    "check", ["SPF check", "DKIM verification", "DMARC lookup", "Virus scan", "Spam filter", "Address verification"]
)
@pytest.mark.parametrize(
    "failure", ["temporarily failed", "could not be completed, try later", "timed out", "has a temporary error"]
)
def test_a_check_that_failed_for_now_says_nothing_of_what_it_checks(check: str, failure: str) -> None:
    for code in ("450", "451 4.7.1"):
        assert classify_diagnostic(f"{code} {check} {failure}", None, None).reason is Reason.SERVER_UNAVAILABLE


@pytest.mark.parametrize("part", ["mailbox store", "user database", "alias file", "policy server", "mail system"])
@pytest.mark.parametrize("state", ["is locked", "is not available", "is full", "crashed", "is corrupt"])
def test_a_part_of_the_receiving_system_that_fails_is_no_fault_of_the_mailbox(part: str, state: str) -> None:
    classification = classify_bounce("Permanent", "General", f"550 The {part} {state}", None)
    assert classification.reason is Reason.SERVER_UNAVAILABLE
    assert not suppresses(classification)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("550 A TLS connection could not be established", Reason.SENDER_AUTHENTICATION),
        ("550 A secure connection must be used", Reason.SENDER_AUTHENTICATION),
        ("550 The message has invalid syntax", Reason.SENDER_AUTHENTICATION),
        ("550 Your domain exceeded its quota of messages today", Reason.RATE_LIMITED),
        ("550 A macro is not accepted by this recipient", Reason.CONTENT_REJECTED),
    ],
)
def test_what_we_must_do_otherwise_is_our_fault(text: str, reason: Reason) -> None:
    assert classify_bounce("Permanent", "General", text, None).reason is reason
