"""Replies of servers as public reports quote them, by what they mean."""

import pytest

from undelivered.domain.classification import classify_bounce, classify_diagnostic
from undelivered.domain.taxonomy import CLASSIFICATIONS, Fault, Kind, Reason, suppresses

REPLIES: dict[Reason, tuple[str, ...]] = {
    Reason.ADDRESS_MALFORMED: ("550 Restricted characters in address", "550 missing or malformed local part"),
    Reason.ADDRESS_NOT_FOUND: (
        "554 RCPT (jo@shop.example) dosn't exist",
        "550 No such ID",
        "550 <jo@shop.example> not used",
        "550 <jo@shop.example> unknown, see http://shop.example/25167",
        "550 Niemand unter dieser Adresse bekannt",
        "550 Lo sentimos, ya no hay nadie con ese email",
        "550-Callout verification failed: 550 550 invalid recipient",
        "550 5.5.1 Recipient rejected - OXSEU_403 - https://shop.example/inbound_error_codes/#_403",
        "511 <jo@shop.example>",
        "550 Adressee Unknown",
        "550 can't accept user... (#5.7.1)",
        "550 we do not accept this recipient",
        "550 I cannot deliver mail for <jo@shop.example>",
        "554 5.0.0 unresolvable address: <jo@shop.example>; nosuchuser; jo@shop.example",
        "550 5.1.1 <jo@shop.example> recipient rejected. Please check your settings and try again.",
        "550 unkown recipent",
        "550 The recepient does not exsist",
        "550 Mailbox unavailable. Please contact the postmaster.",
    ),
    Reason.MAILBOX_DISABLED: (
        "550 User hasn't entered during last 90 days",
        "550 The recipient account exists but its ability to receive mail has been disabled",
        "550 recipient never logged onto their account",
        "553 deactivated due to abuse (#5.1.1)",
        "550 jo@shop.example is inactive on this domain",
        "550 this useraccount is locked",
        "554 unavailable to take delivery of the message",
        "550 not capable to receive mail",
    ),
    Reason.DOMAIN_NOT_FOUND: (
        "550 Nowhere to deliver mail to for domain: shop.example",
        "550 Domain has been disabled. (#5.1.2)",
        "550 This domain is never used for mail",
        "501 5.1.5 Recipient address reserved by RFC 2606",
        "550 5.1.2 Invalid domain",
        "550 5.4.4 Invalid domain",
        "526 no DNS data for the domain",
    ),
    Reason.RECIPIENT_REFUSED: (
        "550 5.7.1 RDENY 192.0.2.1: The receiver denied your mail.",
        "550 User reject the mail",
        "550 Receiver don't want your email",
        "554 The recipient is not accepting mail from us@shop.example",
        "They are not accepting mail from us@shop.example: jo",
    ),
    Reason.MAILBOX_FULL: (
        "550 da die Kapazität des Postfaches erschöpft ist",
        "522 <jo@shop.example>",
        "mailbox is full: retry timeout exceeded",
        "jo@shop.example: user over quota: gave up",
        "550 mail box space not enough for this user",
        "552 jo@shop.example not able to receive any more mail",
        "552 this mailbox cannot accept additional messages",
        "552 message is larger than the space available",
        "552 recipient exceeded dropfile size quota",
        "552 Mailbox limit exeeded for this address",
        "552 Quota excedeed",
    ),
    Reason.SERVER_UNAVAILABLE: (
        "554 SMTP synchronization error",
        "502 5.5.1 Too many unrecognized commands, goodbye.",
        "503 5.5.0 <DATA>: Data command rejected: Improper use of SMTP command pipelining",
        "450 4.4.0 Temporary DMARC DNS lookup failure",
        "554 mx.shop.example ESMTP not accepting connections",
        "501 5.5.4 Unrecognized parameter",
        "500 what was that",
        "555 5.5.5 not this version",
        "554 Number of 'Received:' DATA headers exceeds maximum permitted",
        "452 4.3.1 Mail system storage is full.",
        "451 4.5.1 wait and try again",
        "host mx.shop.example: connection refused",
        "421 service unavailable",
    ),
    Reason.RATE_LIMITED: (
        "550 too many non-existent users",
        "550 Maximum hourly bounces exceeded",
        "550 number of recipients not allowed",
        "550 Domain us.example has exceeded the max defers and failures per hour (10/10 (100%)) allowed.",
        "550 Domain us.example has exceeded the max emails per hour (151/150 (100%)) allowed.",
        "550 Excessive userid unknowns from 192.0.2.1",
        "550 excessive number of errors",
        "451 4.7.500 Server busy. Please try again later from [192.0.2.1].",
        "554 HL:ITC",
    ),
    Reason.SENDER_BLOCKED: (
        "550 Dictionary attack detected",
        "554 5.7.1 Directory harvest attack from your network",
        "550 Sorry, no access for this domain",
        "501 5.5.4 Invalid command arguments: Invalid domain name",
        "550 5.7.1 Service unavailable",
        "550 5.7.1 Unable to deliver to <jo@shop.example>",
        "451 4.7.0 connection was refused, Connection closed.",
        "554 mx.shop.example bizsmtp Connection refused from 192.0.2.1",
        "554 Too much spam from this IP",
        "554 5.7.1 You are sending spam",
        "451 Currently sending spam, see our list",
        "550-Bad HELO: mx.us.example does not exist 550 Please see RFC 2821 section 4.1.1.1",
        "554 mx.shop.example 192.0.2.2 shop block for spam.",
        "550 Invalid Domain [192.0.2.1]",
        "550 5.2.1 Mailbox unavailable. This server does not accept mails from this sender address (us@us.example)",
        "550 Mailbox unavailable. Your IP address 192.0.2.1 is blacklisted using our list",
        "550 Su servidor no tiene DNS inverso",
        "550 Nie znaleziono odwrotnego rekordu: odwrotny DNS",
        "550 Обратная DNS запись не найдена",
        "550 L'expéditeur n'est pas autorisé",
    ),
    Reason.CONTENT_REJECTED: (
        "550 Message has headers consistent with spam",
        "550 This user does not accept HTML mail",
        "550 Mailbox does not accept attachments of this type",
        "553 Blocked Using Spam Pattern",
        "554 5.7.1 bulkmail",
        "550 5.7.1 message is banned",
        "550 Your email has been automatically rejected",
        "550 jo@shop.example no longer accepts messages with attachments",
        "550 never give out your username/password to anyone",
        "550 RP:XYZ 163 smtp1",
        "550 <jo@shop.example>... Reencaminhamento Negado",
        "553 este domínio não faz parte da minha lista de anfitriões rcpt (#5.7.1)",
        "550 Relais refusé",
        "550 Retransmisión denegada",
        "550 Weiterleitung nicht erlaubt",
        "550 inoltro non consentito",
        "550 Пересылка запрещена",
        "550 5.7.54 SMTP; Unable to relay recipient in non-accepted domain",
        "550 smtp auth required (in reply to RCPT TO command)",
        "530 log in first",
        "553 AUTH FAILED - us@us.example",
        "550 5.0.0 <jo@shop.example>... No permit",
        "597 we have a reason to believe this message is unwanted here",
        "554 Rejected by URIBL.",
        "550 5.7.1 reject content [xbl]",
        "553 5.7.1 Sensitive words detected",
        "521 5.2.1 : we will not accept delivery of this message.",
        "550 Request failed; Mailbox unavailable (in reply to end of DATA command)",
        "550 Richtlinienverstoß",
        "550 No cumple la política",
    ),
}


@pytest.mark.parametrize(("reason", "text"), [(reason, text) for reason, texts in REPLIES.items() for text in texts])
def test_a_reply_means_its_reason(reason: Reason, text: str) -> None:
    assert classify_diagnostic(f"smtp; {text}", None, None).reason is reason


@pytest.mark.parametrize(
    ("reason", "text"),
    [
        (reason, text)
        for reason, texts in REPLIES.items()
        for text in texts
        if CLASSIFICATIONS[reason].kind is Kind.SOFT
    ],
)
def test_a_reply_that_leaves_the_address_good_never_suppresses_it(reason: Reason, text: str) -> None:
    assert not suppresses(classify_bounce("Permanent", "General", f"smtp; {text}", None)), reason


@pytest.mark.parametrize(
    ("permanent", "temporary"),
    [
        ("550 5.7.1 Service unavailable", "450 4.7.1 Service unavailable - try again later"),
        ("550 5.7.1 Unable to deliver to <jo@shop.example>", "450 4.7.1 Unable to deliver to <jo@shop.example>"),
    ],
)
def test_a_server_that_calls_itself_unavailable_for_policy_refuses_us_unless_for_a_time(
    permanent: str, temporary: str
) -> None:
    assert classify_diagnostic(permanent, None, None).reason is Reason.SENDER_BLOCKED
    assert classify_diagnostic(temporary, None, None).reason is Reason.SERVER_UNAVAILABLE


def test_only_a_server_that_answers_refuses_the_connection() -> None:
    assert classify_diagnostic("554 connection refused", None, None).reason is Reason.SENDER_BLOCKED
    assert classify_diagnostic("connection refused", None, None).reason is Reason.SERVER_UNAVAILABLE


@pytest.mark.parametrize(
    ("about_the_recipient", "about_another"),
    [
        ("550 Recipient not allowed", "550 Recipient not allowed to relay"),
        ("550 User banned", "550 User banned for sending spam"),
        ("550 recipient <jo@shop.example> denied", "550 recipient denied by policy"),
        ("553 mailbox jo@shop.example is restricted", "550 5.7.1 mailbox jo@shop.example is restricted"),
    ],
)
def test_a_bare_refusal_of_the_recipient_gives_the_address_up_and_one_of_anything_else_does_not(
    about_the_recipient: str, about_another: str
) -> None:
    assert suppresses(classify_bounce("Permanent", "General", about_the_recipient, None))
    assert not suppresses(classify_bounce("Permanent", "General", about_another, None))


@pytest.mark.parametrize(
    "text",
    [
        "550 The user you are sending as does not exist",
        "550 sending user not known",
        "550 submitter unknown",
        "550 originator does not exist",
        "550 No valid account for the return path",
        "550 invalid reply-to address",
        "550 invalid from user",
        "550 SRS address expired",
        "smtp; 517-Domain does not exist: shop.example.",
        "554 5.7.2 Service denied, closing transmission channel",
        "554 BL0001",
        "550 You do not have an account on this server",
        "550 You are not a member of this group",
        "550 your address is not in my list of allowed addresses",
        "550 recipient not on our allow list for new senders",
        "550 This account is not allowed to send",
        "550 発信者が存在しません",
    ],
)
def test_an_address_of_ours_that_is_refused_or_unknown_never_suppresses_the_recipient(text: str) -> None:
    assert not suppresses(classify_bounce("Permanent", "General", text, None))


@pytest.mark.parametrize(
    "text",
    [
        "550 Người nhận không tồn tại",
        "550 Alamat tidak ditemukan",
        "550 Postvak opgeheven",
        "550 Elektronski naslov je ukinjen",
        "550 address is dead",
        "550 account pending deletion",
    ],
)
def test_an_address_that_has_ended_is_given_up_for_the_recipients_fault(text: str) -> None:
    classification = classify_bounce("Permanent", "General", text, None)
    assert suppresses(classification)
    assert classification.fault is Fault.RECIPIENT


def test_an_ip_address_that_is_not_allowed_to_send_is_blocked() -> None:
    text = "554 IP: 192.0.2.1, You are not allowed to send us mail"
    assert classify_diagnostic(text, None, None).reason is Reason.SENDER_BLOCKED
