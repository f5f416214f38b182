"""Texts that no wording covers: single words of their subject decide, after every code."""

import pytest

from undelivered.domain.classification import classify_bounce, classify_diagnostic
from undelivered.domain.classification.wordings import weak
from undelivered.domain.taxonomy import Fault, Kind, Reason, Status, suppresses

SENTENCES: dict[Reason, tuple[str, ...]] = {
    Reason.RATE_LIMITED: (
        "421 mx.shop.example: the rate of your letters is more than we like",
        "550 you talk too fast for this relay",
        "550 Vous envoyez trop de courriels",
        "550 You hit the per-minute ceiling",
    ),
    Reason.SENDER_AUTHENTICATION: (
        "554 we insist on TLS 1.2 or newer",
        "511 Headers name nobody at all",
        "554 Somebody spoofs our names",
    ),
    Reason.MESSAGE_TOO_LARGE: ("554 length beyond the administrative maximum",),
    Reason.MAILBOX_FULL: (
        "552 Inbox size above what the plan has",
        "552 the inbox of the person has no more room left",
        "552 no capacity in this account",
    ),
    Reason.MAILBOX_DISABLED: (
        "554 The employee you want to reach has resigned",
        "550 Mailbox parked after 12 months without sign-in",
        "550 Delivery to this user is turned off",
        "550 Dieses Postfach wird nicht mehr verwendet",
        "550 Ce compte n'est plus actif",
    ),
    Reason.ADDRESS_NOT_FOUND: (
        "550 jo: I know no person of the name",
        "550 Nobody home",
        "550 Sorry, we don't know any anna",
        "550 Local delivery is impossible: no passwd entry for anna",
        "550 Empfängeradresse fehlerhaft",
        "550 La dirección indicada no corresponde a nadie",
        "550 Destinataire non répertorié",
        "550 Получатель не значится",
        "550 このアドレスは使われておりません",
        "550 此邮箱没有人用",
        "550 이 주소는 쓰이지 않습니다",
    ),
    Reason.SENDER_BLOCKED: (
        "550 Mails from your region are not taken",
        "550 Your mail exchanger points to a private place",
        "553 We do not talk to hosts with generic names",
        "550 RFC 2821 allows a literal here, but we do not",
        "553 Return address is not to our taste",
        "550 送信ドメインが確認できません",
        "550 O servidor de origem está na lista",
    ),
    Reason.TIMED_OUT: (
        "No delivery was achieved in the time allowed for it",
        "Die Nachricht konnte 5 Tage lang nicht zugestellt werden",
    ),
    Reason.SERVER_UNAVAILABLE: (
        "554 mail spool damaged, the operator is informed",
        "550 Recipes are kept in a store that is offline",
        "host mx.shop.example refuses connections",
    ),
    Reason.CONTENT_REJECTED: (
        "550 Mail with Cyrillic text is unwelcome",
        "550 Subject line looks like a scam",
        "550 This e-mail has no business purpose and is turned away",
        "550 件名または本文に禁止語が含まれています",
    ),
}
CASES = [(reason, text) for reason, texts in SENTENCES.items() for text in texts]


def classified(text: str, status: str | None = None):
    return classify_bounce("Permanent", "General", f"smtp; {text}", status)


@pytest.mark.parametrize(("reason", "text"), CASES)
def test_single_words_of_the_subject_decide_where_no_wording_does(reason: Reason, text: str) -> None:
    assert classified(text).reason is reason
    assert classified(text, "5.0.0").reason is reason


@pytest.mark.parametrize(
    ("text", "status", "reason"),
    [
        ("550 the address of this letter is not to our taste", "5.6.0", Reason.CONTENT_REJECTED),
        ("550 the address of this letter is not to our taste", "5.7.1", Reason.SENDER_BLOCKED),
        ("550 the address of this letter is not to our taste", "5.7.999", Reason.SENDER_BLOCKED),
        ("550 5.7.55 not for a recipient like this", None, Reason.SENDER_BLOCKED),
        ("550 5.2.1 wait a moment", None, Reason.MAILBOX_DISABLED),
        ("550 the account is not to our taste (in reply to end of DATA command)", None, Reason.CONTENT_REJECTED),
        ("550 the account is not to our taste (in reply to MAIL FROM command)", None, Reason.SENDER_BLOCKED),
    ],
)
def test_codes_and_the_stage_of_the_session_outrank_single_words(text: str, status: str | None, reason: Reason) -> None:
    assert classified(text, status).reason is reason


@pytest.mark.parametrize("text", [text for reason, text in CASES if reason is Reason.ADDRESS_NOT_FOUND])
def test_single_words_with_a_temporary_code_are_soft(text: str) -> None:
    classification = classify_diagnostic(f"smtp; 450 {text[4:]}", None, 450)

    assert (classification.status, classification.kind) == (Status.BOUNCED, Kind.SOFT)


@pytest.mark.parametrize(
    "text",
    [
        "550 sender is strange",
        "554 sender is unvalidated.",
        "550 Verification failed for <a@us.example>: No Such User Here",
        "550 Domain may not exist or DNS check failed. (in reply to end of DATA command)",
        "553 host denies relay.",
        "552 5.3.4 Message size exceed (maybe caused by big attachment file)",
        "550 We require a valid Date header",
        "550 unparseable from header",
        "550 From domain publishes p=reject and alignment is missing",
        "452 Only 50 recipients may be named per envelope",
        "421 mx.shop.example: your message rate is too high",
        "452 4.7.28 Session exceeded transfer quota.",
        "550 발신 IP가 차단되었습니다",
        "550 Wiadomość zawiera wirusa",
    ],
)
def test_what_is_said_of_the_sender_the_session_or_the_message_suppresses_nobody(text: str) -> None:
    classification = classified(text)

    assert classification.fault is Fault.SENDER
    assert not suppresses(classification)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("550 mailbox /var/mail/jo has wrong uid (1000 != 1001)", Reason.SERVER_UNAVAILABLE),
        ("554 5.1.1 invalid mailbox path for user jo", Reason.SERVER_UNAVAILABLE),
        ("550 Recipient verification problem", Reason.SERVER_UNAVAILABLE),
        ("554 too many hops, this message is looping", Reason.SERVER_UNAVAILABLE),
        ("431 The disk on this mail server is full", Reason.SERVER_UNAVAILABLE),
        ("550 User has too many messages waiting", Reason.MAILBOX_FULL),
        ("550 This domain is not in use", Reason.DOMAIN_NOT_FOUND),
        ("550 shop.example is not a domain we know", Reason.DOMAIN_NOT_FOUND),
        ("550 <jo@shop.example> is not deliverable", Reason.ADDRESS_NOT_FOUND),
        ("550 mail to jo@shop.example not accepted here", Reason.ADDRESS_NOT_FOUND),
        ("553 jo@shop.example: unknown to us", Reason.ADDRESS_NOT_FOUND),
        ("550 Could not find jo in LDAP", Reason.ADDRESS_NOT_FOUND),
        ("No local user: jo", Reason.ADDRESS_NOT_FOUND),
        ("550 Address does not correspond to any mailbox on this system", Reason.ADDRESS_NOT_FOUND),
        ("550 Mailing list not found.", Reason.ADDRESS_NOT_FOUND),
        ("550 Mailing list is disabled, message rejected.", Reason.MAILBOX_DISABLED),
        ("550 address jo@shop.example is obsolete", Reason.MAILBOX_DISABLED),
        ("550 The recipient has chosen not to receive mail from you", Reason.RECIPIENT_REFUSED),
        ("550 This group accepts messages only from people inside it", Reason.RECIPIENT_REFUSED),
        ("550 The queue lifetime of this message is over", Reason.TIMED_OUT),
    ],
)
def test_kinds_of_wordings_of_mail_servers(text: str, reason: Reason) -> None:
    assert classified(text).reason is reason


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("553 Address too long.", Reason.ADDRESS_MALFORMED),
        ("550 5.5.4 Local part too long", Reason.ADDRESS_MALFORMED),
        ("501 recipient address must be qualified.", Reason.ADDRESS_MALFORMED),
        ("501 empty recipient address", Reason.ADDRESS_MALFORMED),
        ("553 Sender address too long", Reason.SENDER_BLOCKED),
        ("550 5.7.1 Recipient rejected (R4)", Reason.ADDRESS_NOT_FOUND),
        ("554 5.7.1 <jo@shop.example>: Recipient address rejected", Reason.ADDRESS_NOT_FOUND),
        ("500 Reject: Invalid One Time Address", Reason.ADDRESS_NOT_FOUND),
        ("553 sorry, mail to that recipient is not accepted (#5.7.1)", Reason.ADDRESS_NOT_FOUND),
        ("550 SL E510 so such user", Reason.ADDRESS_NOT_FOUND),
        ("550 blacklisted recipient: jo@shop.example", Reason.RECIPIENT_REFUSED),
        ("550 Mail unqueuable", Reason.SERVER_UNAVAILABLE),
        ("554 unable to start the smtp daemon", Reason.SERVER_UNAVAILABLE),
        ("451 4.3.0 Message content unavailable", Reason.SERVER_UNAVAILABLE),
        ("421 Error writing to mail file: Spazio esaurito sul device", Reason.SERVER_UNAVAILABLE),
        (
            "451 192.0.2.1 is not yet authorized to deliver mail to <jo@shop.example>. Please try later.",
            Reason.RATE_LIMITED,
        ),
        ("550 Maximum line length is 998, got 2041.", Reason.SENDER_AUTHENTICATION),
        ("451 4.3.0 Error: maximum DATA size exceeded", Reason.MESSAGE_TOO_LARGE),
        ("552 we don't accept email with this MIME content (#5.3.4)", Reason.CONTENT_REJECTED),
    ],
)
def test_kinds_of_replies_in_the_sources_of_mail_servers(text: str, reason: Reason) -> None:
    # MailCleaner, spamdyke, masqmail, qmail-ldap, qpsmtpd, kumomta, go-guerrilla, milters and policy servers
    assert classified(text).reason is reason


@pytest.mark.parametrize(
    "text",
    [
        "550 no thanks",
        "550 rejected because of not in approved list",
        "554 Rejected: score exceeded",
        "554 Refused. You are not following the SMTP protocol.",
        "550 This domain does not accept unsigned bounces.",
        "550 192.0.2.7 is _my_ address",
        "550 5.7.1 You have claimed to be me, but you are not",
        "501 <mail.us.example> is invalid or DNS says does not exist",
        "550 Your connection has been killed by an administrator",
    ],
)
def test_a_refusal_that_names_no_recipient_is_about_us(text: str) -> None:
    classification = classified(text)

    assert classification.fault is Fault.SENDER
    assert not suppresses(classification)


@pytest.mark.parametrize("code", ["5.1.0", "5.1.1", "5.2.1"])
@pytest.mark.parametrize(
    "about_us", ["BATV tag was forged", "backscatter", "spoofed", "dangerous attachment", "TLS is a must"]
)
def test_no_code_of_the_dead_overrules_words_about_us_alone(about_us: str, code: str) -> None:
    assert classified(f"550 {code} {about_us}").fault is Fault.SENDER


def test_a_code_of_the_dead_decides_where_the_words_speak_of_the_recipient_too() -> None:
    assert classified("550 5.1.1 TLS or no TLS, this user we lack").reason is Reason.ADDRESS_NOT_FOUND


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        *(
            (f"550 The {count} of {thing} {verb} the {bound}", Reason.RATE_LIMITED)
            for count in ("number", "total")
            for thing in ("RCPTs", "recipients", "connection attempts", "messages")
            for verb, bound in (("is over", "maximum threshold"), ("has exceeded", "limit"))
        ),
        ("450 out of allow RCPT numbers.", Reason.RATE_LIMITED),
        ("510 The number of attachments is over the maximum", Reason.MESSAGE_TOO_LARGE),
        ("504 5.5.2 recipient address rejected : fully - qualified adress is needed", Reason.ADDRESS_MALFORMED),
        ("550 Caracteres invalidos en direccion", Reason.ADDRESS_MALFORMED),
        ("550 Ungültige Zeichen in der Adresse", Reason.ADDRESS_MALFORMED),
        ("550 jo no se encuentra en el Directorio", Reason.ADDRESS_NOT_FOUND),
        ("550 jo: nicht im Verzeichnis gefunden", Reason.ADDRESS_NOT_FOUND),
        ("550 jo n'est pas dans notre annuaire", Reason.ADDRESS_NOT_FOUND),
        ("550 Dirección de destino errónea", Reason.ADDRESS_NOT_FOUND),
        ("550 Indirizzo inesistente", Reason.ADDRESS_NOT_FOUND),
        ("550 this server doesn't handle mail for that user", Reason.ADDRESS_NOT_FOUND),
        ("550 The user has not enough diskspace available", Reason.MAILBOX_FULL),
        ("551 line parse error", Reason.SERVER_UNAVAILABLE),
        ("554 Too many results returned", Reason.SERVER_UNAVAILABLE),
        ("451 too many open files", Reason.SERVER_UNAVAILABLE),
        ("552 exceeds allowed message count", Reason.MAILBOX_FULL),
        ("552 too many messagens on this mailbox", Reason.MAILBOX_FULL),
        ("550 extended inactivity new mail is not currently being accepted", Reason.MAILBOX_DISABLED),
        ("550 The user does not accept email in non-Western (non-Latin) character sets.", Reason.CONTENT_REJECTED),
        ("550 Spam origin", Reason.SENDER_BLOCKED),
        (
            "550 Helo is ADSL or DIAL and your ip 192.0.2.1 not is a MX/SPF of domain <us.example>",
            Reason.SENDER_BLOCKED,
        ),
        ("550 Message held for human verification", Reason.CONTENT_REJECTED),
        ("550 Your message has been quarantined", Reason.CONTENT_REJECTED),
        ("550 Wiadomość została odrzucona przez system antyspamowy", Reason.CONTENT_REJECTED),
        ("502 Mailfrom account is a local account", Reason.SENDER_BLOCKED),
        ("554 The user is not allowed to receive mails from you. Please check with recipient.", Reason.SENDER_BLOCKED),
        ("554 5.2.0 STOREDRV.Submission.Exception:SendAsDeniedException; Failed to process", Reason.CONTENT_REJECTED),
    ],
)
def test_kinds_of_replies_in_logs_forums_and_pages_of_providers(text: str, reason: Reason) -> None:
    assert classified(text).reason is reason


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("policy score exceeded", Reason.CONTENT_REJECTED),
        ("Oggetto senza tag", Reason.CONTENT_REJECTED),
        ("no DANE for the TLS of yours", Reason.SENDER_AUTHENTICATION),
    ],
)
@pytest.mark.parametrize("code", ["5.7.0", "5.7.1"])
def test_words_about_us_say_more_than_a_policy_that_names_none(words: str, reason: Reason, code: str) -> None:
    assert classified(f"554 {code} {words}").reason is reason


@pytest.mark.parametrize("code", ["5.7.23", "5.7.7", "5.2.2"])
def test_a_code_that_names_its_policy_outranks_words_about_us(code: str) -> None:
    assert classified(f"554 {code} Oggetto senza tag").rule == f"ses:permanent+rfc3463:{code}"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("550 I don't think so", Reason.SENDER_BLOCKED),
        ("550 don't like this host", Reason.SENDER_BLOCKED),
        ("550 5.2.1 Service unavailable, shop.example does not accept email over IPv6", Reason.SENDER_BLOCKED),
        ("450 We only accept mail one recipient at a time", Reason.SERVER_UNAVAILABLE),
        ("451 Temporarily rejected: Problem on SPF lookup", Reason.SERVER_UNAVAILABLE),
        ("450 plugin timeout", Reason.SERVER_UNAVAILABLE),
        ("451 greylist temporary failure - Timeout (#4.3.0)", Reason.SERVER_UNAVAILABLE),
        ("550 This message displays a link fake, hidden and insecure", Reason.CONTENT_REJECTED),
        ("550 This message contains an unwanted script encode", Reason.CONTENT_REJECTED),
        ("550 5.7.1 No BINARY messages !", Reason.CONTENT_REJECTED),
        ("550 5.7.1 Empty or too short message", Reason.CONTENT_REJECTED),
        ("550 5.7.1 Message with binary body !", Reason.CONTENT_REJECTED),
        ("550 5.7.1 We don't understand chinese", Reason.CONTENT_REJECTED),
        ("552 we don't accept email with the below content (#5.3.4)", Reason.CONTENT_REJECTED),
        ("550 5.7.1 Your domain has been sending nothing but spam", Reason.SENDER_BLOCKED),
        ("553 No mail accepted from an open relay (192.0.2.1); check your server (#5.7.1)", Reason.SENDER_BLOCKED),
        ("550 5.7.1 Your PC is using an unauthorized MAIL FROM. It is badly misconfigured.", Reason.SENDER_BLOCKED),
        ("550 5.7.1 Number of email per hour is exceeded.", Reason.RATE_LIMITED),
        ("421 4.7.1 Bad recipients : too high", Reason.RATE_LIMITED),
        ("550 No such list 'news'", Reason.ADDRESS_NOT_FOUND),
        ("550 List news has no subscribers", Reason.ADDRESS_NOT_FOUND),
        ("550 5.1.2 sorry, you must specify a domain (chkuser)", Reason.ADDRESS_MALFORMED),
        ("553 sorry, your envelope recipient is in my badrcptto list (#5.7.1)", Reason.RECIPIENT_REFUSED),
        ("553 sorry, your envelope recipient has been denied (#5.7.1)", Reason.RECIPIENT_REFUSED),
        ("550 5.7.1 Posta hesab\u0131 aktif değil", Reason.MAILBOX_DISABLED),
        ("550 no more messages for this mailbox, it is full", Reason.MAILBOX_FULL),
    ],
)
def test_kinds_of_replies_of_filters_and_of_qmails_descendants(text: str, reason: Reason) -> None:
    # Exim wiki, Haraka plugins, ze-filter, pymilter, IndiMail, s/qmail, chkuser, mireka
    assert classified(text).reason is reason


@pytest.mark.parametrize("header", ["Header From", "Header Reply-to", "The From header", "Header Sender"])
def test_an_address_in_a_header_is_not_the_recipients(header: str) -> None:
    classification = classified(f"550 {header} exist, but not have a valid address")

    assert classification.fault is Fault.SENDER
    assert not suppresses(classification)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("550 5.7.1 rejected URI NS, ns.spam.example", Reason.CONTENT_REJECTED),
        ("550 5.0.0 session k165S42 killed", Reason.SERVER_UNAVAILABLE),
        ("450 4.7.1 office closed during christmas", Reason.SERVER_UNAVAILABLE),
        ("451 4.4.0 avastd buffer overflow", Reason.SERVER_UNAVAILABLE),
        ("451 4.7.1 message k165S42 cannot be delivered at this time", Reason.SERVER_UNAVAILABLE),
        ("550 5.7.1 special case of at-sign in local-part denied", Reason.ADDRESS_MALFORMED),
        ("550 5.7.1 recipient <jo@shop.example> black listed", Reason.RECIPIENT_REFUSED),
    ],
)
def test_kinds_of_replies_of_smtpf_spamilter_and_postfwd(text: str, reason: Reason) -> None:
    assert classified(text).reason is reason


@pytest.mark.parametrize(
    ("what", "reason"),
    [
        ("Recipient undeliverable", Reason.ADDRESS_NOT_FOUND),
        ("Recipient has been blacklisted", Reason.RECIPIENT_REFUSED),
        ("Mailbox full", Reason.MAILBOX_FULL),
        ("Executable attachment", Reason.CONTENT_REJECTED),
        ("Invalid HELO", Reason.SENDER_BLOCKED),
        ("Helo or Ehlo greeting expected", Reason.SENDER_BLOCKED),
    ],
)
@pytest.mark.parametrize("policy", ["Rejecting due to security policy", "Rejected by local policy"])
def test_what_a_policy_is_about_says_more_than_that_there_is_one(what: str, reason: Reason, policy: str) -> None:
    assert classified(f"550 5.7.1 {policy} - {what}, please see https://shop.example/#x").reason is reason


@pytest.mark.parametrize("text", ["550 Rejected due to security policy", "550 reject due to policy restrictions."])
def test_a_policy_alone_is_about_the_message(text: str) -> None:
    assert classified(text).reason is Reason.CONTENT_REJECTED


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("501 Bad origin address syntax", Reason.SENDER_BLOCKED),
        ("501 Syntax error in return path", Reason.SENDER_BLOCKED),
        ("501 Syntax error in forward path", Reason.ADDRESS_MALFORMED),
        ("550 Denied due inclusion of your IP in our spam lists", Reason.SENDER_BLOCKED),
        ("554 Security failure", Reason.SENDER_BLOCKED),
        ("550 Use user+ml@shop.example instead", Reason.MAILBOX_DISABLED),
        ("554 Too many mappings to process", Reason.SERVER_UNAVAILABLE),
        ("554 Message blocked by mail loop check", Reason.SERVER_UNAVAILABLE),
        ("552 Header Lines are too many", Reason.SENDER_AUTHENTICATION),
    ],
)
def test_kinds_of_replies_of_james_xmail_and_exim(text: str, reason: Reason) -> None:
    assert classified(text).reason is reason


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("550 Don't use my own hostname", Reason.SENDER_BLOCKED),
        ("550 NO ACCESS FOR YOU", Reason.SENDER_BLOCKED),
        ("521 Malformed MAIL FROM is not allowed", Reason.SENDER_BLOCKED),
        ("421 mail.example.net WILL NOT TALK TO YOU", Reason.SENDER_BLOCKED),
        ("553 5.4.3 the policy analysis reports DNS error with your source domain", Reason.SENDER_BLOCKED),
        ("550 5.4.3 Policy analysis found DNS error on the target domain", Reason.DOMAIN_NOT_FOUND),
        ("550 This server does not operate with the given domain", Reason.DOMAIN_NOT_FOUND),
        ("500 5.5.2 Line not terminated with CRLF", Reason.SENDER_AUTHENTICATION),
    ],
)
def test_kinds_of_replies_of_zmailer_and_helo_checks(text: str, reason: Reason) -> None:
    assert classified(text).reason is reason


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("550 5.7.1 The sender doesn't have a valid account", Reason.SENDER_BLOCKED),
        ("550 5.7.1 Sender has no mailbox here", Reason.SENDER_BLOCKED),
        ("550 The sender is not a known user", Reason.SENDER_BLOCKED),
        ("550 Your domain does not have an account here", Reason.SENDER_BLOCKED),
        ("550 5.7.1 Su servidor no existe en nuestra lista blanca", Reason.SENDER_BLOCKED),
        ("550 5.7.1 Votre serveur n'existe pas dans notre liste", Reason.SENDER_BLOCKED),
        ("550 5.7.1 Ihr Server existiert nicht in unserer Liste", Reason.SENDER_BLOCKED),
        ("550 Su dominio no existe", Reason.SENDER_BLOCKED),
        ("550 El usuario no existe en su servidor", Reason.ADDRESS_NOT_FOUND),
        ("550 The recipient you specified does not have an account here", Reason.ADDRESS_NOT_FOUND),
        ("550 Returned to sender. No mailbox here by that name", Reason.ADDRESS_NOT_FOUND),
        ("550 Return to sender, unknown user", Reason.ADDRESS_NOT_FOUND),
        ("550 The recipient has banned mail from your domain", Reason.RECIPIENT_REFUSED),
        ("550 The user has rejected messages from your server", Reason.RECIPIENT_REFUSED),
    ],
)
def test_what_is_lacking_is_lacking_of_the_subject(text: str, reason: Reason) -> None:
    assert classified(text).reason is reason


@pytest.mark.parametrize("family", weak.WORDINGS, ids=lambda family: family.name)
def test_every_family_of_single_words_yields_to_codes(family) -> None:
    assert family.is_weak
