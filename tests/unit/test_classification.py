"""What is said about a failure is true: families of wordings, codes, Amazon's types, and what must never happen."""

import json
import os
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from undelivered.domain.classification import classify_bounce, classify_diagnostic
from undelivered.domain.classification.sms import classify_sms_event, classify_sms_response
from undelivered.domain.taxonomy import CLASSIFICATIONS, Classification, Fault, Kind, Reason, Status, suppresses

SENTENCES: dict[Reason, tuple[str, ...]] = {
    Reason.ADDRESS_NOT_FOUND: (
        "550 5.1.1 <jo@shop.example>: Recipient address rejected: User unknown in virtual mailbox table",
        "550 5.1.1 <jo@shop.example>... User unknown",
        "550-5.1.1 The email account that you tried to reach does not exist. Please try\n550-5.1.1 double-checking it",
        "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient jo@shop.example not found by SMTP address lookup",
        "550 5.4.1 Recipient address rejected: Access denied. AS(1) [XX.prod.protection.outlook.com]",
        "554 delivery error: dd This user doesn't have a yahoo.com account (jo@yahoo.com) [0]",
        "550 Requested action not taken: mailbox unavailable",
        "550 sorry, no mailbox here by that name. (#5.7.1)",
        "550 Unrouteable address",
        "550 relay.shop.example: there is no such user here",
        "User Jo (jo@shop.example) not listed in Domino Directory",
        "551 not our customer",
        "550 no one with that email address here",
        "550 The recipient cannot be verified",
        "550 Adressat unbekannt",
        "550 Empfänger unbekannt",
        "550 Utilisateur inconnu",
        "550 L'adresse n'existe pas",
        "550 El usuario no existe",
        "550 Usuário desconhecido",
        "550 Indirizzo inesistente",
        "550 Adres nie istnieje",
        "550 Gebruiker onbekend",
        "550 Пользователь не найден",
        "550 Такого пользователя нет",
        "550 宛先のアドレスは存在しません",
        "550 收件人不存在",
        "550 존재하지 않는 사용자",
        "550 We do not accept mail for that person",
        "550 5.1.1 <jo@shop.example>: Recipient address rejected: User unknown in relay recipient table",
        "550 5.4.1 All recipient addresses rejected : Access denied",
        "550 jo@shop.example is not a known recipient",
        "550 5.1.1 <jo@shop.example>: Recipient address rejected: not in our recipient list",
        "550 Kein Konto unter diesem Namen",
        "550 Mottagaren finns inte här",
        "550 Uživatel neexistuje",
        "550 Bilinmeyen alici",
        "550 El destinatario no ha sido encontrado",
        "550 该收件人地址无效",
    ),
    Reason.DOMAIN_NOT_FOUND: (
        "Host or domain name not found. Name service error for name=gone.example type=A: Host not found",
        "550 5.1.2 <jo@gone.example>... Host unknown (Name server: gone.example.: host not found)",
        "Sorry, I couldn't find any host named gone.example. (#5.1.2)",
        "550 5.4.310 DNS domain gone.example does not exist",
        "556 5.1.10 Recipient address has null MX",
        "Unrouteable mail domain gone.example",
        "550 dominio inexistente",
        "Sorry, I could not find a mail exchanger for gone.example",
        "550 Die Domain gone.example existiert nicht",
    ),
    Reason.ADDRESS_MALFORMED: (
        "501 5.1.3 Bad recipient address syntax",
        "553 5.1.3 <jo@@shop.example>... Invalid address syntax",
        "501 <jo>: recipient address needs to include a domain",
    ),
    Reason.MAILBOX_DISABLED: (
        "550 5.2.1 The email account that you tried to reach is disabled.",
        "554 delivery error: dd This account has been disabled or discontinued [#102].",
        "550 user suspended",
        "550 Mailbox locked due to inactivity",
        "551 User has moved; please try other@shop.example",
        "550 This address no longer accepts mail.",
        "550 5.7.1 Policy rejection on the target address",
        "550 Ihr Postfach wurde deaktiviert",
        "550 Compte désactivé",
        "550 Cuenta suspendida",
        "550 Почтовый ящик заблокирован",
        "554 <jo@shop.example>: Recipient address rejected: Account closed",
        "550 La cuenta fue dada de baja",
        "550 Das Konto wurde gelöscht",
    ),
    Reason.RECIPIENT_REFUSED: (
        "550 5.7.1 You have been blocked by the recipient",
        "550 5.7.133 RESOLVER.RST.SenderNotAuthenticatedForGroup; delivery restriction",
        "553 User refused to receive this mail.",
        "550 Envelope blocked - User Entry",
        "550 Sender not in this customer's whitelist: you are not on this user's whitelist",
    ),
    Reason.MAILBOX_FULL: (
        "552 5.2.2 <jo@shop.example>: user is over quota",
        "552 Mailbox full",
        "452 4.2.2 The recipient's inbox is out of storage space.",
        "554 5.2.2 STOREDRV.Deliver.Exception:QuotaExceededException",
        "552 Requested mail action aborted: exceeded storage allocation",
        "552 Mailbox size limit exceeded",
        "552 Too much mail data jo@carrier.example",
        "Boîte du destinataire pleine",
        "Das Postfach ist voll",
        "Buzón lleno",
        "Casella piena",
        "Почтовый ящик переполнен",
        "邮箱空间不足",
        "メールボックスの容量を超えています",
        "552 5.2.2 The message is larger than we take, or the recipient's mailbox is full",
        "554 Message rejected. There is not enough room in the user's mailbox",
        "cannot append to /var/mail/jo: File too large",
        "Brevlådan är full",
    ),
    Reason.MESSAGE_TOO_LARGE: (
        "552 5.3.4 Message size exceeds fixed limit",
        "550 5.2.3 RESOLVER.RST.RecipSizeLimit; message too large",
        "554 5.2.3 Message length exceeds administrative limit",
        "Nachricht zu groß",
        "邮件过大",
        "552 message size limit exceeded",
        "552 您的邮件大小超出限制",
        "523 your size exceeds the recipient's size limit: message too large",
        "552 La taille du message dépasse la limite autorisée",
    ),
    Reason.CONTENT_REJECTED: (
        "550-5.7.1 Our system has detected that this message is likely unsolicited mail.",
        "554 5.7.1 <jo@shop.example>: Relay access denied",
        "550 5.7.64 TenantAttribution; Relay Access Denied",
        "550 5.7.1 Message contains a virus",
        "552-5.7.0 This message was blocked because its content presents a potential security issue.",
        "554 DT:SPM mx1 please see http://help.mail.example/spam.html",
        "550 Mail content denied.",
        "554 Message contains a blacklisted URL",
        "550 The user or domain that you are sending to has a policy that prohibited the mail that you sent.",
        "邮件被识别为垃圾邮件",
        "553 you are trying to use this host as a relay",
        "550 Message refused.",
        "550 Ihre unerwünschte Nachricht",
        "535 5.7.8 Error: authentication failed: bad username or password",
    ),
    Reason.SENDER_BLOCKED: (
        "554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org",
        "550 5.1.1 Mailbox unavailable. Your IP address 192.0.2.1 is blacklisted",
        "421 4.7.0 [TSS04] Messages from 192.0.2.1 temporarily deferred due to unexpected volume or user complaints",
        "550 5.7.1 Unfortunately, messages from [192.0.2.1] weren't sent. (S3150)",
        "550 5.7.606 Access denied, banned sending IP [192.0.2.1]",
        "450 4.1.8 <news@us.example>: Sender address rejected: Domain not found",
        "450 4.7.25 Client host rejected: cannot find your reverse hostname, [192.0.2.1]",
        "504 5.5.2 <localhost>: Helo command rejected: need fully-qualified hostname",
        "550 5.7.25 The IP address sending this message does not have a PTR record",
        "554 IP=192.0.2.1 - A problem occurred. (Ask your postmaster for help.) (BL)",
        "550-5.7.1 this message is suspicious due to the very low reputation of the sending domain",
        "550 https://www.spamhaus.org/query/ip/192.0.2.1",
        "550 You look like a spam sender: suspected spam sender",
        "550 Administrative prohibition - envelope blocked",
        "550 Su dirección IP figura en una lista negra",
        "550 Ihre IP-Adresse steht auf unserer Sperrliste",
        "550 Ваш IP заблокирован",
        "550 The return address does not exist",
        "host mx.shop.example said: 550 5.1.2 No such domain us.example (in reply to MAIL FROM command)",
    ),
    Reason.SENDER_AUTHENTICATION: (
        "550-5.7.26 This mail has been blocked because the sender is unauthenticated.",
        "550 5.7.509 Access denied, sending domain us.example does not pass DMARC verification",
        "550 5.7.23 The message was rejected because of Sender Policy Framework violation",
        "530 5.7.0 Must issue a STARTTLS command first",
        "550-5.7.1 This message is not RFC 5322 compliant",
        "550 SPF check failed",
        "550 Mails without a Date: field are not wanted",
        "552 MIME error: invalid structure",
    ),
    Reason.RATE_LIMITED: (
        "450 4.2.1 The user you are trying to contact is receiving mail too quickly.",
        "421 4.7.0 Too many connections from your IP",
        "452 4.5.3 Too many recipients",
        "550 Connection frequency limited",
        "450 4.2.0 Recipient address rejected: Greylisted",
        "550 5.4.5 Daily sending quota exceeded",
        "451 4.7.500 Server busy. Please try again later. (AS77712)",
        "451 4.7.500 Server busy. Please try again later. (AS777123456)",
        "421 Zu viele Verbindungen von Ihrem Server",
        "421 Trop de connexions",
        "421 Maximum messages per session reached",
        "450 flood protection",
        "450 发信频率超过限制",
        "451 4.7.1 Please try again later",
    ),
    Reason.TIMED_OUT: (
        "554 4.4.7 Message expired: unable to deliver in 840 minutes.<421 4.4.0 Unable to lookup DNS>",
        "conversation with mx.slow.example[192.0.2.1] timed out while receiving the initial server greeting",
        "retry timeout exceeded",
        "550 4.4.7 QUEUE.Expired; message expired",
        "maximum queue lifetime exceeded",
        "421 4.4.2 closing the session due to inactivity",
        "Délai d'attente dépassé",
    ),
    Reason.SERVER_UNAVAILABLE: (
        "connect to mx.slow.example[192.0.2.1]:25: Connection refused",
        "Name service error for name=slow.example type=MX: Host not found, try again",
        "451 Requested action aborted: local error in processing",
        "452 4.3.1 Insufficient system storage",
        "mail for slow.example loops back to myself",
        "554 5.4.6 Too many hops",
        "450 Requested mail action not taken: mailbox unavailable",
        "procmail: Couldn't create the spool file",
        "451 DNS server not responding, DNS timed out",
        "450 mailbox busy",
        "Connection dropped by the remote host",
        "502 Command unrecognized: user",
        "421 Service temporairement indisponible",
        "421 Сервис временно недоступен, попробуйте позже",
        "450 系统繁忙 请稍后再试",
    ),
    Reason.UNDETERMINED: ("", "550", "no words known to anybody", "🦜", "554 5.0.0 ???"),
}


def reply_code(text: str) -> int | None:
    head = text[:3]
    return int(head) if head.isdigit() else None


@pytest.mark.parametrize(("reason", "text"), [(reason, text) for reason, texts in SENTENCES.items() for text in texts])
def test_a_wording_means_its_reason_whatever_the_report_status(reason: Reason, text: str) -> None:
    for status in (None, "5.0.0"):
        assert classify_diagnostic(f"smtp; {text}", status, reply_code(text)).reason is reason


@pytest.mark.parametrize(
    ("status", "code", "reason", "rule"),
    [
        ("5.1.1", 550, Reason.ADDRESS_NOT_FOUND, "rfc3463:5.1.1"),
        ("5.2.2", 552, Reason.MAILBOX_FULL, "rfc3463:5.2.2"),
        ("5.7.26", 550, Reason.SENDER_AUTHENTICATION, "rfc3463:5.7.26"),
        ("5.7.703", 550, Reason.SENDER_BLOCKED, "rfc3463:5.7.703"),
        ("4.1.1", 450, Reason.UNDETERMINED, "rfc3463:4.1.1"),
        ("5.6.2", 554, Reason.CONTENT_REJECTED, "rfc3463:5.6.2"),
        ("5.4.4", 550, Reason.DOMAIN_NOT_FOUND, "rfc3463:5.4.4"),
        ("4.4.4", 450, Reason.SERVER_UNAVAILABLE, "rfc3463:4.4.4"),
        ("4.7.1", 451, Reason.RATE_LIMITED, "rfc3463:4.7.1"),
        ("5.0.0", 521, Reason.UNDETERMINED, "undetermined"),
        ("4.0.0", 421, Reason.SERVER_UNAVAILABLE, "rfc5321:421"),
        ("5.0.0", 552, Reason.MAILBOX_FULL, "rfc5321:552"),
        ("5.0.0", 550, Reason.UNDETERMINED, "undetermined"),
        ("nonsense", None, Reason.UNDETERMINED, "undetermined"),
    ],
)
def test_without_words_the_codes_decide(status: str, code: int | None, reason: Reason, rule: str) -> None:
    judged = classify_diagnostic("", status, code)

    assert (judged.reason, judged.rule) == (reason, rule)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("mx.shop.example said: 550 go away (in reply to end of DATA command)", Reason.CONTENT_REJECTED),
        ("mx.shop.example said: 554 5.7.1 go away (in reply to end of DATA command)", Reason.CONTENT_REJECTED),
        ("mx.shop.example said: 554 Access denied (in reply to end of DATA command)", Reason.CONTENT_REJECTED),
        ("mx.shop.example refused to talk to me: 554 go away", Reason.SENDER_BLOCKED),
        ("mx.shop.example said: 550 go away (in reply to MAIL FROM command)", Reason.SENDER_BLOCKED),
        ("mx.shop.example said: 550 go away (in reply to RCPT TO command)", Reason.SENDER_BLOCKED),
    ],
)
def test_a_refusal_without_a_known_reason_is_judged_by_what_the_server_had_seen(text: str, reason: Reason) -> None:
    assert classify_diagnostic(f"smtp; host {text}", "5.0.0", 554).reason is reason


REPLY = "550 5.1.1 <jo@shop.example>... User unknown"


@pytest.mark.parametrize(
    "report",
    [
        "smtp; 5.1.0 - Unknown address error 550-'{}' (delivery attempts: 0)",
        "smtp; The response from the remote server was: {}",
        "smtp; Remote Server returned '{}'",
        "#5.1.1 smtp;{}> #SMTP#",
        "x-postfix; host mx.shop.example[192.0.2.1] said: {} (in reply to RCPT TO command)",
        "SMTP error from remote mail server after RCPT TO:<jo@shop.example>: host mx.shop.example [192.0.2.1]: {}",
        "192.0.2.1 does not like recipient. Remote host said: {} Giving up on 192.0.2.1.",
        "(reason: {})",
        "mx1.shop.example said: 451 Greylisted (in reply to RCPT TO); mx2.shop.example said: {} (in reply to RCPT TO)",
    ],
)
def test_the_reply_a_report_quotes_decides_and_of_several_the_last(report: str) -> None:
    assert classify_diagnostic(report.format(REPLY), "5.0.0", None).reason is Reason.ADDRESS_NOT_FOUND


def test_what_a_report_says_of_an_address_is_not_what_the_server_said() -> None:
    text = "5.1.0 - Unknown address error 550-'5.7.1 <us@us.example>... Access denied' (delivery attempts: 0)"

    assert classify_diagnostic(text, "5.1.0", 550).fault is Fault.SENDER


def test_a_code_in_the_text_says_more_than_the_bare_status_of_the_report() -> None:
    assert classify_diagnostic("smtp; 550 5.1.1 xyzzy", "5.0.0", 550).reason is Reason.ADDRESS_NOT_FOUND


def test_the_rule_that_decided_is_named() -> None:
    assert classify_diagnostic("smtp; 552 mailbox full", None, 552).rule == "text:mailbox_full/full"


@pytest.mark.parametrize(
    ("bounce_type", "subtype", "text", "status", "expected"),
    [
        ("Permanent", "Suppressed", "x", "5.1.1", (Status.DROPPED, None, Reason.SUPPRESSED_BOUNCE)),
        ("permanent", "OnAccountSuppressionList\t", "x", "5.1.1", (Status.DROPPED, None, Reason.SUPPRESSED_BOUNCE)),
        ("Permanent", "UnsubscribedRecipient", "", None, (Status.DROPPED, None, Reason.UNSUBSCRIBED)),
        ("Permanent", "NoEmail", "", None, (Status.INVALID, None, Reason.ADDRESS_NOT_FOUND)),
        ("Permanent", "General", "", "5.1.1", (Status.INVALID, None, Reason.ADDRESS_NOT_FOUND)),
        ("Permanent", "General", "smtp; 550 5.1.1 some failure", "5.1.1", (Status.INVALID, None, None)),
        ("Permanent", "General", "550 mailbox does not exist", None, (Status.INVALID, None, None)),
        ("Permanent", "General", "", "5.1.2", (Status.INVALID, None, Reason.DOMAIN_NOT_FOUND)),
        ("Permanent", "General", "", None, (Status.BOUNCED, Kind.HARD, Reason.UNDETERMINED)),
        ("Permanent", "General", "552 mailbox full", None, (Status.BOUNCED, Kind.SOFT, Reason.MAILBOX_FULL)),
        ("Permanent", "General", "552 5.1.1 overquota", "5.1.1", (Status.BOUNCED, Kind.SOFT, Reason.MAILBOX_FULL)),
        ("Permanent", "NoEmail", "552 5.1.1 overquota", "5.1.1", (Status.BOUNCED, Kind.SOFT, Reason.MAILBOX_FULL)),
        ("Permanent", "General", "", "4.1.1", (Status.BOUNCED, Kind.SOFT, Reason.UNDETERMINED)),
        ("Transient", "General", "", None, (Status.BOUNCED, Kind.SOFT, Reason.UNDETERMINED)),
        ("Transient", "General", "550 user unknown", "5.1.1", (Status.BOUNCED, Kind.SOFT, Reason.UNDETERMINED)),
        ("Transient", "General", "550 user disabled", None, (Status.BOUNCED, Kind.SOFT, Reason.MAILBOX_DISABLED)),
        ("Transient", "MailboxFull", "x", None, (Status.BOUNCED, Kind.SOFT, Reason.MAILBOX_FULL)),
        ("Transient", "MessageTooLarge", "", None, (Status.BOUNCED, Kind.SOFT, Reason.MESSAGE_TOO_LARGE)),
        ("Transient", "ContentRejected", "", None, (Status.BOUNCED, Kind.SOFT, Reason.CONTENT_REJECTED)),
        ("Transient", "AttachmentRejected", "", None, (Status.BOUNCED, Kind.SOFT, Reason.CONTENT_REJECTED)),
        ("Transient", "ContentRejected", "550 DMARC", None, (Status.BOUNCED, Kind.SOFT, Reason.SENDER_AUTHENTICATION)),
        ("Undetermined", "Undetermined", "550 user unknown", "5.1.1", (Status.BOUNCED, Kind.SOFT, None)),
        ("SomethingNew", "General", "550 user unknown", "5.1.1", (Status.BOUNCED, Kind.SOFT, None)),
        (None, None, None, None, (Status.BOUNCED, Kind.SOFT, Reason.UNDETERMINED)),
    ],
)
def test_amazons_type_and_subtype_frame_what_the_text_says(bounce_type, subtype, text, status, expected) -> None:
    judged = classify_bounce(bounce_type, subtype, text, status)

    assert (judged.status, judged.kind) == expected[:2]
    assert expected[2] in {None, judged.reason}


def test_a_permanent_bounce_of_a_blocked_sender_is_hard_and_suppresses_nobody() -> None:
    judged = classify_bounce("Permanent", "General", "554 5.1.1 Client host blocked using zen.spamhaus.org", "5.1.1")

    assert (judged.status, judged.kind, judged.fault) == (Status.BOUNCED, Kind.HARD, Fault.SENDER)
    assert not suppresses(judged)


def test_a_permanent_bounce_of_unknown_cause_suppresses() -> None:
    assert suppresses(classify_bounce("Permanent", "General", "", None))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("550 no mx record", Reason.SENDER_BLOCKED),
        ("550 5.1.0 no mx record", Reason.SENDER_BLOCKED),
        ("550 5.1.2 no mx record", Reason.DOMAIN_NOT_FOUND),
        ("550 5.4.4 no mx record", Reason.DOMAIN_NOT_FOUND),
        ("550 5.1.2 requested action not taken: no mx record", Reason.SENDER_BLOCKED),
        ("550 rcpt domain: no mx record", Reason.DOMAIN_NOT_FOUND),
        ("550 recipient domain: no mx record", Reason.DOMAIN_NOT_FOUND),
        ("550 destination domain: no mx record", Reason.DOMAIN_NOT_FOUND),
        ("no mx record", Reason.DOMAIN_NOT_FOUND),
    ],
)
def test_a_plain_reply_of_a_server_that_answers_for_the_domain_is_about_the_sender(text: str, reason: Reason) -> None:
    assert classify_diagnostic(text, None, 550).reason is reason


@pytest.mark.parametrize("advice", ["For more information about", "To review", "Learn more about"])
def test_advice_on_where_to_read_more_is_no_reason(advice: str) -> None:
    assert classify_diagnostic(f"550 odd. {advice} why the mailbox is full", None, 550).reason is Reason.UNDETERMINED
    judged = classify_diagnostic(f"550 odd. {advice} why the mailbox is full. The account is disabled", None, 550)
    assert judged.reason is Reason.MAILBOX_DISABLED


@pytest.mark.parametrize(
    "text_of_the_code",
    ["Service unavailable;", "Mailbox unavailable.", "Requested action not taken: mailbox unavailable -"],
)
def test_what_a_server_adds_to_the_text_of_a_code_decides(text_of_the_code: str) -> None:
    judged = classify_diagnostic(f"550 {text_of_the_code} access denied", None, 550)

    assert (judged.reason, judged.rule) == (Reason.SENDER_BLOCKED, "text:sender_blocked/refused")


@pytest.mark.parametrize(
    ("text", "status", "code", "reason", "rule"),
    [
        ("599 odd (in reply to end of DATA command)", None, 599, Reason.CONTENT_REJECTED, "rfc5321:data"),
        ("500 odd (in reply to end of DATA command)", None, 500, Reason.CONTENT_REJECTED, "rfc5321:data"),
        ("450 odd (in reply to end of DATA command)", None, 450, Reason.SERVER_UNAVAILABLE, "rfc5321:450"),
        ("550 odd (in reply to end of DATA command)", "5.7.9", 550, Reason.CONTENT_REJECTED, "rfc3463:5.7.9"),
        ("554 odd (in reply to MAIL FROM command)", None, 554, Reason.SENDER_BLOCKED, "rfc5321:sender"),
    ],
)
def test_the_stage_of_a_refusal_without_a_known_reason_decides(
    text: str, status: str | None, code: int, reason: Reason, rule: str
) -> None:
    judged = classify_diagnostic(text, status, code)

    assert (judged.reason, judged.rule) == (reason, rule)


@pytest.mark.parametrize(
    ("label", "diagnostic", "status", "expected", "rule"),
    [
        ("Permanent/NoEmail", "", None, (Reason.ADDRESS_NOT_FOUND, None), "ses:permanent/noemail"),
        ("Permanent/General", "550 odd", None, (Reason.UNDETERMINED, Kind.HARD), "ses:permanent+undetermined"),
        ("Permanent/General", "454 odd", None, (Reason.UNDETERMINED, Kind.SOFT), "ses:permanent+undetermined"),
        ("Permanent/General", "550 odd", "4.3.9", (Reason.UNDETERMINED, Kind.SOFT), "ses:permanent+undetermined"),
        ("Permanent/General", "smtp; 552 odd", None, (Reason.MAILBOX_FULL, Kind.SOFT), "ses:permanent+rfc5321:552"),
        ("Transient/MailboxFull", "", None, (Reason.MAILBOX_FULL, Kind.SOFT), "ses:transient/mailboxfull"),
        (
            "Transient/ContentRejected",
            "550 odd",
            None,
            (Reason.CONTENT_REJECTED, Kind.SOFT),
            "ses:transient/contentrejected",
        ),
        ("Transient/General", "odd", "5.1.1", (Reason.UNDETERMINED, Kind.SOFT), "ses:transient+rfc3463:5.1.1"),
        ("Transient/General", "odd", "4.2.2", (Reason.MAILBOX_FULL, Kind.SOFT), "ses:transient+rfc3463:4.2.2"),
        ("Transient/General", "smtp; 552 odd", None, (Reason.MAILBOX_FULL, Kind.SOFT), "ses:transient+rfc5321:552"),
    ],
)
def test_a_bounce_names_the_label_and_the_rule_that_decided(
    label: str, diagnostic: str, status: str | None, expected: tuple[Reason, Kind | None], rule: str
) -> None:
    judged = classify_bounce(*label.split("/"), diagnostic, status)

    assert (judged.reason, judged.kind) == expected
    assert judged.rule == rule


@pytest.mark.parametrize(
    ("answer", "status", "reason"),
    [
        ("Blocked as spam by phone carrier", Status.BOUNCED, Reason.CARRIER_BLOCKED),
        ("Destination is on a blocked list", Status.DROPPED, Reason.OPTED_OUT),
        ("Invalid phone number", Status.INVALID, Reason.NUMBER_INVALID),
        ("Message body is invalid", Status.FAILED, Reason.BODY_INVALID),
        ("Phone carrier has blocked this message", Status.BOUNCED, Reason.CARRIER_BLOCKED),
        ("Phone carrier is currently unreachable/unavailable", Status.BOUNCED, Reason.UNREACHABLE),
        ("Phone has blocked SMS", Status.DROPPED, Reason.OPTED_OUT),
        ("Phone is on a blocked list", Status.DROPPED, Reason.OPTED_OUT),
        ("  phone is CURRENTLY unreachable/unavailable. ", Status.BOUNCED, Reason.UNREACHABLE),
        ("Phone number is opted out", Status.DROPPED, Reason.OPTED_OUT),
        ("This delivery would exceed max price", Status.FAILED, Reason.PRICE_LIMIT),
        ("Unknown error attempting to reach phone", Status.BOUNCED, Reason.UNDETERMINED),
        ("No quota left for account", Status.FAILED, Reason.SPEND_LIMIT),
        ("Unhandled provider", Status.BOUNCED, Reason.UNDETERMINED),
        ("", Status.BOUNCED, Reason.UNDETERMINED),
        (None, Status.BOUNCED, Reason.UNDETERMINED),
    ],
)
def test_an_sns_provider_answer_is_judged(answer: str | None, status: Status, reason: Reason) -> None:
    judged = classify_sms_response(answer)

    assert (judged.status, judged.reason) == (status, reason)


@pytest.mark.parametrize(
    ("answer", "rule"),
    [("Phone has blocked SMS", "sns_sms:phone_blocks"), ("Unknown error", "sns_sms:unknown"), ("odd", "undetermined")],
)
def test_the_classification_of_a_provider_answer_names_its_rule(answer: str, rule: str) -> None:
    assert classify_sms_response(answer).rule == rule


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        ("TEXT_BLOCKED", Reason.OPTED_OUT),
        ("TEXT_TTL_EXPIRED", Reason.TIMED_OUT),
        ("TEXT_CARRIER_UNREACHABLE", Reason.UNREACHABLE),
        ("TEXT_INVALID", Reason.NUMBER_INVALID),
        ("TEXT_INVALID_MESSAGE", Reason.BODY_INVALID),
        ("TEXT_CARRIER_BLOCKED", Reason.CARRIER_BLOCKED),
        ("TEXT_UNREACHABLE", Reason.UNREACHABLE),
        ("TEXT_SPAM", Reason.CARRIER_BLOCKED),
        ("TEXT_UNKNOWN", Reason.UNDETERMINED),
        ("TEXT_PROTECT_BLOCKED", Reason.REJECTED),
    ],
)
def test_a_final_text_event_that_failed_is_judged(event: str, reason: Reason) -> None:
    judged = classify_sms_event(event, is_final=True)

    assert judged is not None
    assert judged.reason is reason
    assert classify_sms_event(event, is_final=False) is None


@pytest.mark.parametrize("event", ["TEXT_DELIVERED", "TEXT_SUCCESSFUL", "TEXT_QUEUED", "TEXT_PENDING", "TEXT_NEW", ""])
def test_a_text_event_that_is_no_failure_or_not_known_is_not_judged(event: str) -> None:
    assert classify_sms_event(event, is_final=True) is None


# What must never happen ---------------------------------------------------------------------------------------------

REASONS_OF_OURS = {Reason.CONTENT_REJECTED, Reason.SENDER_BLOCKED, Reason.SENDER_AUTHENTICATION, Reason.RATE_LIMITED}
SOFT_TEXTS = [
    text for reason, texts in SENTENCES.items() if CLASSIFICATIONS[reason].kind is Kind.SOFT for text in texts if text
]
STATUSES = st.none() | st.from_regex(r"[245]\.\d{1,3}\.\d{1,3}", fullmatch=True) | st.text(max_size=12)
TEXTS = st.text() | st.lists(
    st.sampled_from([word for texts in SENTENCES.values() for t in texts for word in t.split()])
).map(" ".join)


@given(TEXTS, STATUSES, st.none() | st.integers())
def test_any_text_gets_a_judgement_of_the_taxonomy_and_always_the_same(text, status, code) -> None:
    judged = classify_diagnostic(text, status, code)

    usual = CLASSIFICATIONS[judged.reason]
    assert (judged.status, judged.kind, judged.fault) == (usual.status, usual.kind, usual.fault)
    assert judged.rule
    assert judged == classify_diagnostic(text, status, code)


@given(st.text(max_size=20), st.text(max_size=20), TEXTS, STATUSES)
def test_a_bounce_not_permanent_is_soft_whatever_it_says(bounce_type, subtype, text, status) -> None:
    if bounce_type.strip().lower() != "permanent":
        judged = classify_bounce(bounce_type, subtype, text, status)
        assert (judged.status, judged.kind) == (Status.BOUNCED, Kind.SOFT)


HEALING = {Reason.MAILBOX_FULL, Reason.TIMED_OUT, Reason.SERVER_UNAVAILABLE, Reason.UNREACHABLE}
HEALING_TEXTS = [text for reason in HEALING for text in SENTENCES.get(reason, ())]
SENDER_TEXTS = [
    text for reason, texts in SENTENCES.items() if CLASSIFICATIONS[reason].fault is Fault.SENDER for text in texts
]
SUBTYPES = st.sampled_from(["General", "NoEmail", "Undetermined", ""])


@given(st.text(max_size=20), TEXTS, STATUSES)
def test_a_permanent_bounce_is_soft_only_for_what_heals(subtype, text, status) -> None:
    judged = classify_bounce("Permanent", subtype, text, status)

    assert judged.status in {Status.BOUNCED, Status.INVALID, Status.DROPPED}
    if judged.kind is Kind.SOFT:
        assert judged.reason in HEALING | {Reason.UNDETERMINED}
    if judged.reason in HEALING:
        assert judged.kind is Kind.SOFT


@given(SUBTYPES, st.sampled_from(HEALING_TEXTS), STATUSES)
def test_a_wording_that_heals_is_soft_whatever_the_label_and_the_status(subtype, text, status) -> None:
    judged = classify_bounce("Permanent", subtype, f"smtp; {text}", status)

    assert judged.kind is Kind.SOFT
    assert not suppresses(judged)


@given(
    st.sampled_from(["Permanent", "Transient", "Undetermined", ""]), SUBTYPES, st.sampled_from(SENDER_TEXTS), STATUSES
)
def test_a_fault_of_the_senders_never_suppresses(bounce_type, subtype, text, status) -> None:
    assert not suppresses(classify_bounce(bounce_type, subtype, f"smtp; {text}", status))


@pytest.mark.parametrize(
    "text",
    [
        "550 We no longer accept connections from your kind of addresses",
        "550 Your MX record does not exist",
        "550 The mailbox you send from does not exist",
        "550 Invalid address in From header",
        "550 Relaying disabled",
        "550 message rejected: account protected by spam filter",
        "550 rejected by user-defined content filter",
        "450 mailbox locked by another process",
        "451 could not find user database",
        "550 local error: cannot find mailbox server",
        "550 mailbox store unavailable",
        "421 session closed due to inactivity timeout",
        "550 The domain in your From header does not exist",
        "535 bad username or password",
    ],
)
def test_what_is_not_said_of_the_recipients_address_never_makes_it_dead(text: str) -> None:
    assert classify_diagnostic(f"smtp; {text}", "5.0.0", reply_code(text)).kind is Kind.SOFT


LABELS = st.from_regex(r"[a-z]{1,10}[0-9]{0,4}", fullmatch=True)
NOISE = st.one_of(
    st.builds("[mx{}.{}.example.net]".format, st.integers(0, 99), LABELS),
    st.builds("https://help.example.org/{}/unknown-user/does-not-exist".format, LABELS),
    st.builds("<no.such.user.{}@unknown.example>".format, LABELS),
    st.builds("id={}-{}".format, LABELS, st.integers(0, 10**9)),
    st.builds("[198.51.100.{}]".format, st.integers(0, 255)),
)


@given(st.sampled_from(SOFT_TEXTS), st.lists(NOISE, max_size=4))
def test_hosts_links_addresses_and_ids_never_make_a_good_address_dead(text: str, noise: list[str]) -> None:
    judged = classify_diagnostic(f"smtp; {text} {' '.join(noise)}", "5.0.0", reply_code(text))

    assert judged.kind is Kind.SOFT


@pytest.mark.parametrize(
    "unit",
    [
        "a ",
        "@",
        "a.",
        "550 ",
        "mailbox ",
        "user does not ",
        "あ",
        " ",
        "x",
        "your ip ",
        "\x00",
        "\ud800",
        "İ",
        "said: 550 ",
    ],
)
def test_an_unreasonably_long_text_is_judged_too(unit: str) -> None:
    assert isinstance(classify_diagnostic(unit * (256 * 1024 // len(unit)), "5.1.1", 550), Classification)


def test_what_decides_is_found_at_the_end_of_a_long_reply_too() -> None:
    assert (
        classify_diagnostic("smtp; 550 " + "blah " * 5000 + "user unknown", None, 550).reason
        is Reason.ADDRESS_NOT_FOUND
    )


# The labelled sample, where it stands beside the checkout -------------------------------------------------------------

SAMPLE = Path(
    os.environ.get("BOUNCE_SAMPLE", Path(__file__).resolve().parents[2].parent / "shared" / "bounces" / "dev.jsonl")
)


def outcome(status: str, kind: str | None) -> str:
    return "invalid" if status == "invalid" else str(kind)


def f1(reason: str, pairs: Counter[tuple[str, str]]) -> float:
    right = pairs[reason, reason]
    wanted = sum(count for (want, _), count in pairs.items() if want == reason)
    given_ = sum(count for (_, got), count in pairs.items() if got == reason)
    return 2 * right / (wanted + given_) if right else 0.0


@pytest.mark.samples
@pytest.mark.skipif(not SAMPLE.exists(), reason="the labelled bounces beside the checkout are no part of the project")
def test_the_labelled_sample_is_judged_well() -> None:
    records = [json.loads(line) for line in SAMPLE.read_text(encoding="utf-8").splitlines()]
    judged = [classify_diagnostic(r["diagnostic"], r["enhanced_status"], r["smtp_code"]) for r in records]
    outcomes = Counter(
        (outcome(r["label"]["status"], r["label"]["kind"]), outcome(j.status, j.kind))
        for r, j in zip(records, judged, strict=True)
    )
    reasons = Counter((r["label"]["reason"], str(j.reason)) for r, j in zip(records, judged, strict=True))
    faults = sum(r["label"]["fault"] == j.fault for r, j in zip(records, judged, strict=True))
    soft = sum(count for (want, _), count in outcomes.items() if want == "soft")
    labels = {r["label"]["reason"] for r in records}

    assert sum(count for (want, got), count in outcomes.items() if want == got) / len(records) >= 0.95
    assert faults / len(records) >= 0.95
    assert sum(f1(label, reasons) for label in labels) / len(labels) >= 0.85
    assert (outcomes["soft", "invalid"] + outcomes["soft", "hard"]) / soft <= 0.01
    assert (
        sum(c for (want, got), c in outcomes.items() if want != "soft" and got == "soft") / (len(records) - soft) <= 0.1
    )
