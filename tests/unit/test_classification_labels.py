"""Codes and Amazon's labels, one by one: which code decides, what a label adds, and what it cannot change."""

import pytest

from undelivered.domain.classification import classify_bounce, classify_diagnostic
from undelivered.domain.taxonomy import Kind, Reason, Status


@pytest.mark.parametrize(
    ("text", "status", "reason", "rule"),
    [
        ("550 5.6.9 odd", None, Reason.CONTENT_REJECTED, "rfc3463:5.6.9"),
        ("550 5.7.99 odd", None, Reason.SENDER_BLOCKED, "rfc3463:5.7.99"),
        ("550 5.7.99 odd (in reply to end of DATA command)", None, Reason.CONTENT_REJECTED, "rfc3463:5.7.99"),
        ("550 5.4.7 odd (in reply to end of DATA command)", None, Reason.TIMED_OUT, "rfc3463:5.4.7"),
        ("550 5.4.4 odd", None, Reason.DOMAIN_NOT_FOUND, "rfc3463:5.4.4"),
        ("450 4.4.4 odd", None, Reason.SERVER_UNAVAILABLE, "rfc3463:4.4.4"),
        ("450 4.7.1 odd", None, Reason.RATE_LIMITED, "rfc3463:4.7.1"),
        ("550 5.7.1 odd", None, Reason.SENDER_BLOCKED, "rfc3463:5.7.1"),
        # a code that says nothing leaves the word to the next one
        ("550 5.0.0 odd", "5.2.2", Reason.MAILBOX_FULL, "rfc3463:5.2.2"),
        ("550 5.3.99 odd", "5.1.2", Reason.DOMAIN_NOT_FOUND, "rfc3463:5.1.2"),
        ("550 5.3.4 odd", "5.1.2", Reason.MESSAGE_TOO_LARGE, "rfc3463:5.3.4"),
        # a temporary code says of no address that it is dead
        ("450 4.1.1 odd", None, Reason.UNDETERMINED, "rfc3463:4.1.1"),
        ("450 4.2.1 odd", None, Reason.UNDETERMINED, "rfc3463:4.2.1"),
        ("450 4.2.2 odd", None, Reason.MAILBOX_FULL, "rfc3463:4.2.2"),
        # no code that says anything
        ("550 5.3.99 odd", None, Reason.UNDETERMINED, "undetermined"),
        ("552 odd", None, Reason.MAILBOX_FULL, "rfc5321:552"),
    ],
)
def test_the_first_code_that_says_something_decides(text: str, status: str | None, reason: Reason, rule: str) -> None:
    classification = classify_diagnostic(f"smtp; {text}", status, None)

    assert (classification.reason, classification.rule) == (reason, rule)


@pytest.mark.parametrize(
    ("subtype", "text", "status", "expected"),
    [
        ("General", "550 5.1.1 odd", None, (Status.INVALID, None, Reason.ADDRESS_NOT_FOUND, "rfc3463:5.1.1")),
        (
            "General",
            "550 5.2.1 odd",
            None,
            (Status.BOUNCED, Kind.HARD, Reason.MAILBOX_DISABLED, "ses:permanent+rfc3463:5.2.1"),
        ),
        (
            "General",
            "550 5.2.2 odd",
            None,
            (Status.BOUNCED, Kind.SOFT, Reason.MAILBOX_FULL, "ses:permanent+rfc3463:5.2.2"),
        ),
        (
            "General",
            "550 5.7.1 odd",
            None,
            (Status.BOUNCED, Kind.HARD, Reason.SENDER_BLOCKED, "ses:permanent+rfc3463:5.7.1"),
        ),
        ("General", "550 odd", None, (Status.BOUNCED, Kind.HARD, Reason.UNDETERMINED, "ses:permanent+undetermined")),
        ("General", "odd", "4.0.9", (Status.BOUNCED, Kind.SOFT, Reason.UNDETERMINED, "ses:permanent+undetermined")),
        ("General", "odd", "5.0.9", (Status.BOUNCED, Kind.HARD, Reason.UNDETERMINED, "ses:permanent+undetermined")),
        ("General", "490 odd", None, (Status.BOUNCED, Kind.SOFT, Reason.UNDETERMINED, "ses:permanent+undetermined")),
        ("NoEmail", "550 odd", None, (Status.INVALID, None, Reason.ADDRESS_NOT_FOUND, "ses:permanent/noemail")),
        (
            "NoEmail",
            "550 5.2.2 odd",
            None,
            (Status.BOUNCED, Kind.SOFT, Reason.MAILBOX_FULL, "ses:permanent+rfc3463:5.2.2"),
        ),
    ],
)
def test_a_permanent_label_makes_hard_what_does_not_heal(subtype, text, status, expected) -> None:
    found = classify_bounce(" Permanent ", subtype, f"smtp; {text}" if text[0].isdigit() else text, status)

    assert (found.status, found.kind, found.reason, found.rule) == expected


@pytest.mark.parametrize(
    ("subtype", "text", "reason", "rule"),
    [
        ("MailboxFull", "550 5.1.1 user unknown", Reason.MAILBOX_FULL, "ses:transient/mailboxfull"),
        ("MessageTooLarge", "550 5.7.1 blocked", Reason.MESSAGE_TOO_LARGE, "ses:transient/messagetoolarge"),
        # what the receiver says of us is closer than Amazon's word, and nothing else is
        ("ContentRejected", "550 5.7.1 your IP is blocked", Reason.SENDER_BLOCKED, "ses:transient/contentrejected"),
        ("ContentRejected", "550 5.1.1 user unknown", Reason.CONTENT_REJECTED, "ses:transient/contentrejected"),
        ("AttachmentRejected", "550 mailbox full", Reason.CONTENT_REJECTED, "ses:transient/attachmentrejected"),
        ("CustomTimeoutExceeded", "450 mailbox full", Reason.TIMED_OUT, "ses:transient/customtimeoutexceeded"),
        ("General", "550 5.1.1 odd", Reason.UNDETERMINED, "ses:transient+rfc3463:5.1.1"),
        ("General", "550 5.2.1 odd", Reason.MAILBOX_DISABLED, "ses:transient+rfc3463:5.2.1"),
        ("", "450 mailbox full", Reason.MAILBOX_FULL, "ses:transient+text:mailbox_full/full"),
    ],
)
def test_a_transient_label_is_soft_and_says_of_no_address_that_it_does_not_exist(subtype, text, reason, rule) -> None:
    found = classify_bounce("Transient", subtype, f"smtp; {text}", None)

    assert (found.status, found.kind, found.reason, found.rule) == (Status.BOUNCED, Kind.SOFT, reason, rule)


def test_the_status_of_a_report_counts_under_a_transient_label_too() -> None:
    found = classify_bounce("Transient", "General", "odd", "4.2.2")

    assert (found.kind, found.reason, found.rule) == (Kind.SOFT, Reason.MAILBOX_FULL, "ses:transient+rfc3463:4.2.2")


@pytest.mark.parametrize("label", ["Undetermined", "", None, "PermanentLooking"])
def test_any_other_label_is_read_as_transient(label: str | None) -> None:
    found = classify_bounce(label, None, None, None)

    assert (found.kind, found.reason, found.rule) == (Kind.SOFT, Reason.UNDETERMINED, "ses:transient+undetermined")
