"""Who a sentence is about, and what it says of them: every subject with every predicate of its kind."""

import pytest

from undelivered.domain.classification import classify_bounce, classify_diagnostic
from undelivered.domain.taxonomy import Fault, Kind, Reason, suppresses

MAILBOXES = (
    "User",
    "Recipient",
    "This mailbox",
    "E-mail account",
    "Recipient address",
    "The addressee jo",
    "Recipient mailbox jo",
    "The email account that you tried to reach",
    "The user you are trying to contact",
)
PEOPLE = ("User", "The recipient", "This user", "The person", "The addressee jo", "The user you are trying to contact")
OURS = (
    "Sender",
    "Your IP address",
    "Your domain",
    "Client host",
    "Connecting IP",
    "Originating IP",
    "Return path",
    "Your account",
    "The address you send from",
)
PREDICATES: dict[Reason, tuple[str, ...]] = {
    Reason.ADDRESS_NOT_FOUND: (
        "unknown",
        "does not exist",
        "could not be found",
        "is incorrect",
        "is not one of ours",
        "does not live here",
        "is not in our directory",
        "is not hosted here",
        "unavailable",
        "undeliverable",
    ),
    Reason.MAILBOX_DISABLED: (
        "has been disabled",
        "is suspended",
        "was deleted",
        "has expired",
        "is locked",
        "is no longer in use",
        "is no longer with us",
        "has been blocked due to inactivity",
    ),
    Reason.MAILBOX_FULL: (
        "is over quota",
        "has reached its limit",
        "is over its limit",
        "has exceeded the storage limit",
        "size limit exceeded",
        "has too many messages",
    ),
}
REFUSALS = (
    "does not want your mail",
    "has blocked you",
    "has blocked your address",
    "refuses your mail",
    "has rejected your message",
    "has put you on a block list",
    "blocks your messages",
    "does not accept mail from you",
    "has blacklisted you",
    "only accepts mail from known senders",
    "accepts mail from contacts only",
)
BLAMES = ("is blocked", "is listed", "does not exist", "is not known to us", "is disabled", "cannot be verified")


def refused(text: str):
    return classify_bounce("Permanent", "General", f"smtp; {text}", None)


def misread(subject: str, predicates: tuple[str, ...], reason: Reason) -> dict[str, Reason]:
    """Return the sentences of one subject that were not read as their predicates say."""
    found = {f"550 {subject} {predicate}": refused(f"550 {subject} {predicate}").reason for predicate in predicates}
    return {text: read for text, read in found.items() if read is not reason}


@pytest.mark.parametrize("subject", MAILBOXES)
@pytest.mark.parametrize("reason", PREDICATES)
def test_what_is_said_of_a_mailbox_is_so_however_the_mailbox_is_called(subject: str, reason: Reason) -> None:
    assert misread(subject, PREDICATES[reason], reason) == {}


@pytest.mark.parametrize("subject", PEOPLE)
def test_a_person_who_turns_us_away_refused_us(subject: str) -> None:
    assert misread(subject, REFUSALS, Reason.RECIPIENT_REFUSED) == {}


@pytest.mark.parametrize(
    "refusal", ["has blocked us@us.example", "refuses your mail", "only accepts mail from friends"]
)
def test_an_address_that_turns_us_away_refused_us_and_a_host_did_not(refusal: str) -> None:
    assert refused(f"550 <jo@shop.example> {refusal}").reason is Reason.RECIPIENT_REFUSED
    assert refused(f"550 mx.shop.example {refusal}").fault is Fault.SENDER


@pytest.mark.parametrize("subject", OURS)
@pytest.mark.parametrize("blame", BLAMES)
def test_what_is_said_of_us_suppresses_nobody(subject: str, blame: str) -> None:
    classification = refused(f"550 {subject} {blame}")

    assert classification.fault is Fault.SENDER
    assert not suppresses(classification)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        # a number of messages in a time is a rate, and a message that is too large is no full mailbox
        ("550 The recipient has exceeded their limit for messages per hour", Reason.RATE_LIMITED),
        ("452 Too many messages from your address today", Reason.RATE_LIMITED),
        ("552 Message size limit exceeded", Reason.MESSAGE_TOO_LARGE),
        # Postfix names the restriction first, and then says what its operator wrote
        ("554 5.7.1 <mx.us.example>: Client host rejected: User (jo) not known here", Reason.ADDRESS_NOT_FOUND),
        ("554 5.7.1 <mx.us.example>: Client host rejected: Access denied", Reason.SENDER_BLOCKED),
        ("450 4.7.1 <mx.us.example>: Client host rejected: may not be mail exchanger", Reason.SENDER_BLOCKED),
        # a callout asks the recipient's server about the recipient, or ours about us
        ("550-Callout verification failed: 550 550 5.1.1 <jo@shop.example>: User unknown", Reason.ADDRESS_NOT_FOUND),
        (
            "550-Callout verification failed: 550 5.1.1 <jo@shop.example>: Recipient address rejected: User unknown",
            Reason.ADDRESS_NOT_FOUND,
        ),
        ("550 Could not complete sender verify callout", Reason.SENDER_BLOCKED),
        ("451 Could not complete sender verify callout", Reason.SERVER_UNAVAILABLE),
        ("451-Could not complete recipient verify callout for <jo@shop.example>", Reason.SERVER_UNAVAILABLE),
        # both at once: the good address is not given up for it
        ("554 One or more of the sender or recipients are invalid", Reason.SENDER_BLOCKED),
        ("550 Access denied by recipient's administrator", Reason.SENDER_BLOCKED),
        ("501 From: domain must resolve", Reason.SENDER_BLOCKED),
        ("553 relay check domain fail", Reason.CONTENT_REJECTED),
        ("451 Relay Server Not Ready.", Reason.SERVER_UNAVAILABLE),
        ("554 only registered users may use this system", Reason.CONTENT_REJECTED),
        ("550 Legitimate bounces are never sent to more than one recipient.", Reason.SENDER_BLOCKED),
        # an address in the message is the sender's matter once the recipient was accepted
        ("554 Address contains illegal characters (in reply to end of DATA command)", Reason.SENDER_AUTHENTICATION),
        ("501 Address contains illegal characters", Reason.ADDRESS_MALFORMED),
        ("550 Login credentials no longer valid. Please re-authenticate.", Reason.SENDER_BLOCKED),
        ("550 New domain, come back in 30 days", Reason.SENDER_BLOCKED),
        ("550 domain registered too recently", Reason.SENDER_BLOCKED),
        ("550 bounces not accepted", Reason.SENDER_BLOCKED),
        ("550 Uw IP-adres is geblokkeerd", Reason.SENDER_BLOCKED),
        ("550 발신 도메인이 존재하지 않습니다", Reason.SENDER_BLOCKED),
        ("450 4.7.0 Please reduce your sending rate", Reason.RATE_LIMITED),
        ("421 deferred due to excessive sending", Reason.RATE_LIMITED),
        ("550 Sender mailbox unavailable", Reason.SENDER_BLOCKED),
        ("550 The sender's account has been disabled", Reason.SENDER_BLOCKED),
        ("550 Unknown address in From", Reason.SENDER_BLOCKED),
        ("550 No valid user for sender", Reason.SENDER_BLOCKED),
        ("550 there is no mailbox at us.example to receive bounces", Reason.SENDER_BLOCKED),
        ("550 Address us@us.example may not be used here", Reason.SENDER_BLOCKED),
        ("550 list owner does not allow this address to post", Reason.SENDER_BLOCKED),
        ("550 user cannot receive this type of content", Reason.SENDER_BLOCKED),
        ("550 Address 192.0.2.1 not found in DNS", Reason.SENDER_BLOCKED),
        ("550 Host [192.0.2.1] is unknown", Reason.SENDER_BLOCKED),
        ("550 host 192.0.2.1 said: 550 user unknown", Reason.ADDRESS_NOT_FOUND),
        # what will pass is not dead
        ("550 User unknown, please try again later", Reason.SERVER_UNAVAILABLE),
        ("550 Mailbox database is being moved", Reason.SERVER_UNAVAILABLE),
        ("550 system does not take mail for this user at the moment", Reason.SERVER_UNAVAILABLE),
        ("550 mailbox not ready", Reason.SERVER_UNAVAILABLE),
        ("550 mailbox has an invalid format", Reason.SERVER_UNAVAILABLE),
        ("550 MX for recipient domain unreachable", Reason.SERVER_UNAVAILABLE),
        ("550 User unknown, please check the address and try again", Reason.ADDRESS_NOT_FOUND),
        # the receiving system
        ("451 4.7.23 SPF authentication failed with a temporary error", Reason.SERVER_UNAVAILABLE),
        ("Connection refused for jo@shop.example", Reason.SERVER_UNAVAILABLE),
        ("554 Delivery attempts exhausted", Reason.TIMED_OUT),
        ("550 Servizio non disponibile", Reason.SERVER_UNAVAILABLE),
        ("550 Tijdelijke fout", Reason.SERVER_UNAVAILABLE),
        ("550 Сервер недоступен", Reason.SERVER_UNAVAILABLE),
        ("550 後でもう一度お試しください", Reason.SERVER_UNAVAILABLE),
        ("550 서버가 응답하지 않습니다", Reason.SERVER_UNAVAILABLE),
        ("554 5.0.0 MX list for shop.example. points back to mx.shop.example", Reason.SERVER_UNAVAILABLE),
        ("554 malformed or unexpected name server reply", Reason.SERVER_UNAVAILABLE),
        (
            "551 5.7.1 Our database returned invalid pieces of information about the recipient",
            Reason.SERVER_UNAVAILABLE,
        ),
        ("554 mail.shop.example ESMTP not accepting messages", Reason.SERVER_UNAVAILABLE),
        ("550 The remote server refused the connection", Reason.SERVER_UNAVAILABLE),
        ("451 4.2.0 <jo@shop.example> Execution was aborted due to temporary failure", Reason.SERVER_UNAVAILABLE),
        ("421 4.2.1 jo@shop.example... Deferred: Connection refused by mx.shop.example.", Reason.SERVER_UNAVAILABLE),
        ("550 5.1.2 Mail domain has expired", Reason.DOMAIN_NOT_FOUND),
        ("550 A valid address is required.", Reason.ADDRESS_NOT_FOUND),
        ("550 Account is gedeactiveerd", Reason.MAILBOX_DISABLED),
        ("550 Účet je zablokován", Reason.MAILBOX_DISABLED),
        ("550 The mailbox you are sending to no longer exists on our servers", Reason.ADDRESS_NOT_FOUND),
        ("550 you may have misspelled the address", Reason.ADDRESS_NOT_FOUND),
        ("550 no record of jo@shop.example", Reason.ADDRESS_NOT_FOUND),
        ("550 jo isn't one of our subscribers", Reason.ADDRESS_NOT_FOUND),
        ("550 User doesnot exist", Reason.ADDRESS_NOT_FOUND),
        ("550 user unknow", Reason.ADDRESS_NOT_FOUND),
        ("550 We are not responsible for this domain", Reason.DOMAIN_NOT_FOUND),
        ("550 we do not host this domain", Reason.DOMAIN_NOT_FOUND),
        # the address that stood before the verb
        ("550 jo@shop.example is not one of our own addresses", Reason.ADDRESS_NOT_FOUND),
        ("550 no longer on staff", Reason.MAILBOX_DISABLED),
        ("550 Please check the recipients e-mail address", Reason.ADDRESS_NOT_FOUND),
        (
            "550 The recipient definitively does not want your mail, we may feed it to a blacklist",
            Reason.RECIPIENT_REFUSED,
        ),
        ("552 Das Postfach des Empfängers hat keinen freien Speicher mehr", Reason.MAILBOX_FULL),
    ],
)
def test_whom_a_refusal_is_about_decides(text: str, reason: Reason) -> None:
    assert refused(text).reason is reason


def test_a_mailbox_at_its_limit_heals() -> None:
    assert classify_diagnostic("smtp; 550 Mailbox has reached its limit", None, 550).kind is Kind.SOFT


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("550 User rejected", Reason.ADDRESS_NOT_FOUND),
        ("550 Recipient not authorized", Reason.ADDRESS_NOT_FOUND),
        ("550 addressee declined", Reason.ADDRESS_NOT_FOUND),
        ("551 5.7.1 recipient blackholed", Reason.ADDRESS_NOT_FOUND),
        ("550 5.7.1 Rejected due to site policy - undeliverable", Reason.ADDRESS_NOT_FOUND),
        ("550 message was not properly addressed", Reason.ADDRESS_NOT_FOUND),
        ("550 This is a no-reply address", Reason.ADDRESS_NOT_FOUND),
        ("550 You have replied to an unattended mailbox", Reason.ADDRESS_NOT_FOUND),
        ("550 this is a send-only address", Reason.ADDRESS_NOT_FOUND),
        ("550 5.1.1 IP address literals are not supported", Reason.ADDRESS_MALFORMED),
        ("501 5.1.3 address literals not allowed", Reason.ADDRESS_MALFORMED),
        ("553 5.1.3 too many dots", Reason.ADDRESS_MALFORMED),
        ("551 5.4.6 [internal] Private/Loopback Address", Reason.DOMAIN_NOT_FOUND),
        ("550 5.4.4 MX of domain resolves to loopback address", Reason.DOMAIN_NOT_FOUND),
    ],
)
def test_what_is_refused_or_unusable_about_the_recipient_alone_is_given_up(text: str, reason: Reason) -> None:
    classification = classify_bounce("Permanent", "General", text, None)
    assert classification.reason is reason
    assert suppresses(classification)


@pytest.mark.parametrize(
    "text",
    [
        "550 User not authorized to send",
        "550 Sender and recipient rejected",
        "554 5.7.1 Client host blackholed",
        "550 Mail from noreply addresses is not accepted",
        "501 HELO with address literal refused",
        "550 address literals are not supported",
        "550 Sender domain MX points to private address",
        "550 your mail server uses a loopback address",
        "550 5.7.1 too many messages",
    ],
)
def test_the_same_said_of_us_suppresses_nothing(text: str) -> None:
    assert not suppresses(classify_bounce("Permanent", "General", text, None))


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("550 Listed by CSS", Fault.SENDER),
        ("554 Listed in bl.example", Fault.SENDER),
        ("550 your organisation does not have a policy permitting external mail", Fault.SENDER),
        ("550 your system is not known here", Fault.SENDER),
        ("550 Email sending is not configured for this domain", Fault.SENDER),
        ("550 mail sending not enabled for this user", Fault.SENDER),
        ("554 smtpport check error", Fault.SENDER),
        ("550 hello check failed", Fault.SENDER),
        ("550 unrecoverable error", Fault.UNKNOWN),
        ("554 critical failure", Fault.UNKNOWN),
        ("554 something went wrong", Fault.UNKNOWN),
        ("550 5.5.0 panic!", Fault.UNKNOWN),
    ],
)
def test_lists_checks_and_crashes_without_a_recipient_suppress_nothing(text: str, fault: Fault) -> None:
    classification = classify_bounce("Permanent", "General", text, None)
    assert classification.fault is fault
    assert not suppresses(classification)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("550-Callback setup failed while verifying <us@example.net>", Reason.SENDER_BLOCKED),
        ("550 5.7.0 Failed to establish the MX record authenticity (MTA-STS)", Reason.SENDER_AUTHENTICATION),
        ("550 5.7.0 No matching TLSA records", Reason.SENDER_AUTHENTICATION),
        ("550 DANE validation failed", Reason.SENDER_AUTHENTICATION),
        ("421 go away!", Reason.SENDER_BLOCKED),
        ("451 4.7.25 Temporary error validating reverse DNS.", Reason.SERVER_UNAVAILABLE),
    ],
)
def test_a_check_of_us_says_by_its_words_whether_it_refused_or_could_not_be_made(text: str, reason: Reason) -> None:
    assert classify_diagnostic(text, None, None).reason is reason


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("421 4.3.4 allocated resources exceeded", Reason.SERVER_UNAVAILABLE),
        ("451 memory shortage while determining tls parameters", Reason.SERVER_UNAVAILABLE),
        ("450 mail cannot be handled", Reason.SERVER_UNAVAILABLE),
        ("421 message abandoned", Reason.SERVER_UNAVAILABLE),
        (
            "451 4.4.0 Primary target IP address responded: Connection dropped due to SocketError",
            Reason.SERVER_UNAVAILABLE,
        ),
        ("412 You are not whitelisted by this recipient, please try again later", Reason.RATE_LIMITED),
        ("450 4.7.0 Connection dropped due to policy", Reason.SENDER_BLOCKED),
    ],
)
def test_a_temporary_reply_is_ours_only_when_it_says_so(text: str, reason: Reason) -> None:
    assert classify_diagnostic(text, None, None).reason is reason


@pytest.mark.parametrize(
    "text",
    ["550 Student account expired after graduation", "550 Mailbox purged", "550 unroutable", "550 not routable"],
)
def test_an_account_that_ended_and_an_address_without_a_route_are_the_recipients(text: str) -> None:
    classification = classify_bounce("Permanent", "General", text, None)
    assert classification.fault is Fault.RECIPIENT
    assert suppresses(classification)


@pytest.mark.parametrize(
    "text",
    [
        "550 mailing list is closed to non members",
        "550 group restricted to internal senders",
        "550 reply-to domain does not exist",
        "550 user unknown limit reached",
        "550 invalid recipient rate exceeded",
    ],
)
def test_who_may_write_and_how_often_one_guessed_is_about_us(text: str) -> None:
    classification = classify_bounce("Permanent", "General", text, None)
    assert classification.fault is Fault.SENDER
    assert not suppresses(classification)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("550 sender address not approved", Fault.SENDER),
        ("554 Bad karma", Fault.SENDER),
        ("550 Host on probation", Fault.SENDER),
        ("554 SMTP transmission before banner", Fault.SENDER),
        ("550 Erreur interne", Fault.UNKNOWN),
        ("554 Interner Fehler", Fault.UNKNOWN),
        ("550 Error interno del servidor", Fault.UNKNOWN),
        ("550 服务器内部错误", Fault.UNKNOWN),
    ],
)
def test_a_bad_client_or_a_failing_server_in_any_language_suppresses_nothing(text: str, fault: Fault) -> None:
    classification = classify_bounce("Permanent", "General", text, None)
    assert classification.fault is fault
    assert not suppresses(classification)
