# ruff: noqa: E501 - sentences as receivers write them, in their alphabets
"""Wordings by kind: who a sentence is about, what heals, and what is dead in which language."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.test_classification import SENTENCES
from undelivered.domain.classification import classify_bounce, classify_diagnostic
from undelivered.domain.classification.sms import classify_sms_response
from undelivered.domain.taxonomy import CLASSIFICATIONS, Fault, Kind, Reason, Status, suppresses

WORDINGS: dict[Reason, tuple[str, ...]] = {
    Reason.SENDER_BLOCKED: (
        "550 5.7.27 Sender address has null MX",
        "550 5.7.27 Sender domain has null MX",
        "550 Sender address rejected: domain has null MX",
        "550 Unrouteable sender address",
        "550 unroutable return path",
        "550 Sender verify failed",
        "550-Verification failed for <a@us.example>\n550-The mail server could not deliver mail to a@us.example.  The account or domain may not exist, they may be blacklisted, or missing the proper dns entries.\n550 Sender verify failed",
        "550-Requested action not taken: mailbox unavailable\n550 invalid DNS MX or A/AAAA resource record",
        "550-Requested action not taken: mailbox unavailable\n550 Sender address is not allowed.",
        "550 Sender has no A, AAAA, or MX DNS records. a@us.example",
        "550 No MX record for sender domain us.example",
        "550 5.1.8 Domain of sender address a@us.example does not exist",
        "450 4.1.8 Domain of sender address a@us.example does not resolve",
        "553 5.1.8 <a@us.example>... Domain of sender address does not exist",
        "550 DNS: sender domain us.example does not have a valid MX or A record",
        "550 your domain us.example has no valid MX records",
        "554 5.7.1 The sending domain does not resolve",
        "550 The domain in the MAIL FROM could not be resolved",
        "550 MAIL FROM domain has no MX or A record",
        "550 Mail from domain does not exist",
        "550 From domain us.example does not exist",
        "550 Return-path domain is unresolvable",
        "550 Your reverse DNS entry is missing",
        "550 rDNS lookup failed for 192.0.2.1",
        "554 5.7.1 Helo invalid",
        "550 HELO name does not resolve",
        "550 Invalid EHLO/HELO hostname",
        "550 Hostname in EHLO not found",
        "554 No hostname for your IP 192.0.2.1",
        "554 Your IP address does not resolve to a host name",
        "450 Client host rejected: cannot find your hostname, [192.0.2.1]",
        "421 4.3.2 Your IP(192.0.2.1) is filtered and this connection will be closed. You must register your IP",
        "550 Your IP is not registered. Please register at our site",
        "421 IP name lookup failed 192.0.2.1",
        "451 4.1.8 Possibly forged hostname for 192.0.2.1",
        "550 5.7.1 Your IP 192.0.2.1 was not found in our white domain list",
        "550 5.7.1 Access denied: your host has a bad record",
        "550 IP is rejected",
        "550 IP is Hangup",
        "550 sender is rejected",
        "550 sender address is in blacklist",
        "554 Your sender score is too low",
        "550 5.7.1 Email rejected per DNSBL policy",
        "550 domain is blacklisted",
        "550 Your domain does not accept mail, so we do not accept mail from it",
        "550 5.7.1 Sender domain not found in DNS",
        "550 5.1.7 Invalid sender: MX points to loopback",
        "550 Bad sender address syntax",
        "501 5.1.7 Bad sender address syntax",
        "550 bogus MX for sender domain",
        "550 no mail server found for the sender's domain",
        "550 <a@us.example>: sender address does not exist here",
        "550 5.7.1 Sender user unknown",
        "550 Your e-mail address does not exist on your server",
        "550 We could not verify that your address exists",
        "550 the mail server for your domain refused our callback",
        "554 5.7.1 You are not allowed to connect",
        "554 5.7.1 Your network is banned",
        "550 [192.0.2.1] has been blocked",
        "550 connection refused: your IP is on our blocklist",
        "550 SC-001 (COL004) Unfortunately, messages from 192.0.2.1 weren't sent. Please contact your Internet service provider since part of their network is on our block list.",
        "554 Denied [CS] [192.0.2.1] (Mode: normal)",
        "550 Error: IP blocked by FortiGuard",
        "550 5.7.1 Your server is not allowed to send mail to our users",
        "550 Mail from this host is not welcome",
        "553 sorry, your mailserver is rejected by see http://spf.pobox.com",
        "550 Your host is not permitted to send mail for this domain",
        "553 5.3.0 mail from your network rejected",
        "550 [permfail] bellsouth.net requires valid sender domain",
        "521 <192.0.2.1> is blocked",
        "550 black ip.",
        "553 host denies the sender",
        "551 Sender is on domain's blacklist",
        "550 Permission denied",
        "550 5.7.1 Recipient not authorized, your IP has been found on a block list",
        "554 5.1.0 Sender denied",
        "553 Envelope sender rejected",
        "554 Black mail address",
        "556 remote ip check error",
        "555 helohost error",
        "554 rbl deny",
        "552 mail from invalid",
        "550 Requested action not taken: no smtp MX only",
        "550 NULL sender is not allowed",
        "553 5.1.8 Bad sender's system address",
        "554 5.7.1 <us.example[192.0.2.1]>: Client host rejected: Access denied",
        "421 Your host name cannot be resolved",
        "450 4.7.1 Cannot resolve PTR record for 192.0.2.1",
        "550 5.7.1 <us.example>: Helo command rejected: Host not found",
        "550 The HELO for IP 192.0.2.1 was 'x' (valid: y)",
    ),
    Reason.SENDER_AUTHENTICATION: (
        "550 5.7.1 Unauthenticated email from us.example is not accepted due to domain's DMARC policy",
        "550 5.7.23 SPF validation failed",
        "550 Blocked by SPF",
        "550 5.7.20 No passing DKIM signature found",
        "550 Header From is missing",
        "554 5.6.0 Message contains invalid header",
        "550 5.7.0 TLS is required for this recipient",
        "550 5.7.10 Encryption needed",
        "554 5.7.7 DKIM body hash mismatch",
    ),
    Reason.CONTENT_REJECTED: (
        "550 Spam detected",
        "550 This message was rejected by our spam filters",
        "550 High probability of spam",
        "550 5.7.1 URL in message body is blacklisted",
        "554 Error: looks like spam",
        "552 5.2.0 Message contains suspicious content",
        "550 message contains banned attachment",
        "554 5.7.1 [P4] Message blocked due to spam content in the message.",
        "550 relay not permitted",
        "550 Mail appears to be unsolicited",
        "554 5.6.1 Eszett body type not supported",
        "552 MS-Office file containing VBA macros found inside of the email",
        "550 Local user only",
        "552 5.6.0 Message content is not acceptable here",
        "550 5.6.0 Other or undefined media error",
    ),
    Reason.RATE_LIMITED: (
        "450 4.7.1 Too many recipients in this hour",
        "421 Too many errors from your host",
        "421 Rate limit reached. Please try again later",
        "450 Please slow down",
        "450 Recipient exceeded the hourly limit of incoming messages",
        "452 4.2.1 Mailbox receives too many messages",
        "550 Your organization's sending quota is exceeded",
        "452 Too many messages for this recipient, try later",
        "451 You have exceeded the number of messages allowed per hour",
        "552 too many same size mails",
    ),
    Reason.DOMAIN_NOT_FOUND: (
        "556 5.1.10 Recipient address has null MX",
        "550 The recipient's domain has no mail service",
        "550 5.1.10 Recipient domain accepts no mail",
        "554 5.1.10 The domain shop.example does not accept mail (nullMX)",
        "550 domain shop.example does not receive email",
        "521 5.3.2 This host does not accept mail",
        "521 Server does not accept mail (see RFC 7504)",
        "556 Domain does not accept mail",
        "550 No mail service for domain shop.example",
        "The domain shop.example publishes a null MX record",
        "550 We do not host mail for this domain",
        "550 5.1.2 Host not found",
        "DNS lookup failure: domain does not exist",
        "Host lookup failed for good: shop.example: no such host",
        "Host not found (authoritative)",
        "all relevant MX records point to non-existent hosts",
        "an MX or SRV record indicated no SMTP service",
        "lowest numbered MX record points to local host",
        "550 Unroutable domain",
        "554 Domain has expired",
        "550 5.4.4 Unable to route: no mail hosts for domain",
        'unrouteable mail domain "shop.example"',
        "5.4.4 Host or domain name not found: no MX or A records",
        "550 5.1.2 Recipient address rejected: Domain not found",
        "lookup of shop.example failed: NXDOMAIN",
        "dial tcp: lookup mx.shop.example: no such host",
        "getaddrinfo: Name or service not known",
        "getaddrinfo: nodename nor servname provided, or not known",
        "5.1.2 bad destination host 'DNS Hard Error looking up shop.example (MX): NXDomain'",
        "550 Domain of recipient does not exist",
        "551 recipient domain does not exist",
        "Domain name in the recipient address could not be found",
        "550 5.1.2 La destination n'a pas de MX",
        "550 5.4.310 DNS domain shop.example does not exist",
        "5.1.2 - Bad destination host 'DNS Hard Error looking up gone.example'",
        "550 5.1.2 Bad destination system address",
        "550 relay.example: unknown domain gone.example",
        "550 <jo@gone.example>: domain not hosted here",
    ),
    Reason.ADDRESS_NOT_FOUND: (
        "550 5.1.1 No such user here",
        "550 user no found",
        "550 destin. sconosciuto",
        "550 utente non trovato",
        "550 We have no mail for that user",
        "550 The user you are trying to reach has no mail here",
        "550 Users do not have mail here",
        "550 usuario no encontrado",
        "550 usuario no valido",
        "550 el buzon no existe",
        "550 caixa postal inexistente",
        "550 Usuario nao existe",
        "550 Empfaenger existiert nicht",
        "550 Diese E-Mail-Adresse ist nicht vergeben",
        "550 Kein solcher Benutzer",
        "550 Aucun utilisateur de ce nom",
        "550 Boite aux lettres inexistante",
        "550 Adresse d'au moins un destinataire invalide. Invalid recipient. LPN416",
        "550 Pas d'utilisateur de ce nom",
        "550 Brak takiego uzytkownika",
        "550 Nie znaleziono odbiorcy",
        "550 Schranka neexistuje",
        "550 Nezname uzivatelske jmeno",
        "550 Okänd mottagare",
        "550 Ukendt bruger",
        "550 Brugeren findes ikke",
        "550 Kayttajaa ei loydy",
        "550 Boyle bir kullanici yok",
        "550 Nincs ilyen felhasznalo",
        "550 Nema takvog korisnika",
        "550 Korisnik ne postoji",
        "550 Нет такого пользователя",
        "550 Неверный адрес получателя",
        "550 Користувача не існує",
        "550 Няма такъв потребител",
        "550 查无此人",
        "550 用户不存在",
        "550 该用户不存在",
        "550 无此用户",
        "550 사용자를 찾을 수 없습니다",
        "550 수신자가 존재하지 않습니다",
        "550 宛先が見つかりません",
        "550 そのような宛先は存在しません",
        "550 5.1.1 RUSR 192.0.2.1: No such user: <jo@shop.example>",
        "550 local server don't exists that user",
        "550 recipient does not have an account",
        "550 not user of this server",
        "550 user not known",
        "550 invalid user",
        "550 Mailbox not found",
        "550 5.1.1 Not a valid mailbox",
        "550 RCPT TO unknown",
        "550 5.1.1 Recipient unknown",
        "550 Addressee unknown",
        "550 No mailbox by that name is currently available",
        "550 cuda_nsu No such user",
        "554 5.1.1 (Recipient invalid)",
        "550 5.1.1 unknown or illegal alias",
        "550 This recipient is not on our list",
        "550 Recipient is not a member of this domain",
        "550 Recipient not in directory",
        "550 5.4.1 Recipient address rejected: Access denied",
        "550 5.1.1 Address does not exist in this domain",
        "550 The address you sent to is misspelled",
        "550 <jo@shop.example> No such mailbox",
        "550 no existe el destinatario",
        "550 Account does not exist",
        "554 5.1.1 Email address could not be found, or was misspelled (G8)",
        "550 5.1.1 Mail sent to wrong address",
        "550 Your message cannot be delivered because the address is unknown",
        "550 person unknown",
        "553 sorry, this recipient is not in my validrcptto list",
        "550 sorry, no mailbox here by that name",
        "550 5.1.1 recipient isn't found",
        "550 Recipients can't be found",
        "550 Bad destination mailbox address",
        "550 Invalid user, check the name and domain",
    ),
    Reason.MAILBOX_DISABLED: (
        "550 5.2.1 Mailbox disabled, not accepting messages",
        "550 User must log in to enable the mailbox",
        "550 Mailbox not enabled: please log in to enable it",
        "550 There has been no activity since 2019 on this account",
        "550 account not used for 180 days",
        "550 mailbox has been inactive for more than six months",
        "550 This account has been temporarily suspended",
        "550 User hangup",
        "550 The account has been closed by its owner",
        "550 The address has changed; the new address is jo@other.example",
        "550 address has been replaced by jo@other.example",
        "551 User not local; please try <jo@other.example>",
        "550 User no longer works here",
        "550 Recipient has left the company",
        "550 mailbox has been migrated",
        "550 5.1.6 Recipient has moved",
        "550 Mailbox deleted",
        "550 The mailbox is expired",
        "550 account terminated",
        "550 Account is deactivated",
        "550 Subscriber's service has been discontinued",
        "550 Account blocked due to non-payment",
        "550 The customer's contract has expired",
        "550 this email address is retired",
        "550 Archived recipient",
        "550 5.1.1 Suspended user",
        "550 5.1.1 Inactive mbox",
        "550 5.1.1 Address no longer in use",
        "550 address is no longer used",
        "550 Mailbox is dormant",
        "550 휴면 계정입니다",
        "550 사용이 중지된 계정",
        "550 サービスは解約されています",
        "550 Die Mailbox wurde stillgelegt",
        "550 Ce compte a été suspendu",
        "550 5.2.1 The email account is not activated",
        "550 Email address is not active",
        "550 5.7.13 User account disabled",
        "550 This mailbox is not being monitored any more and is closed",
        "550 recipient is deceased",
        "550 [suspend] Mailbox currently suspended--Please contact correspondent directly.",
        "550 user is locked.",
        "550 5.1.6 Destination mailbox has moved, no forwarding address",
        "550 account has been blocked due to terms of service violation",
    ),
    Reason.RECIPIENT_REFUSED: (
        "550 You are on the recipient's block list",
        "550 You are registered as spammer (by user's reject list)",
        "550 sender is in the recipient's blacklist",
        "550 sender blacklisted by recipient",
        "550 The recipient has blocked your address",
        "550 Recipient does not want mail from you",
        "550 5.7.1 blocked by user's personal blacklist",
        "550 Sender blocked by user",
        "550 This user only accepts mail from known senders",
        "550 User rejected your message",
        "550 Messages from a@us.example are refused by the recipient's filter",
        "550 5.7.1 Delivery not authorized: recipient's personal filter",
        "550 Destinataire refuse vos messages",
        "550 Der Empfänger hat Ihre Adresse gesperrt",
        "550 收件人拒收",
        "550 El destinatario ha bloqueado al remitente",
        "550 Your address is on this user's deny list",
        "550 5.7.1 Recipient doesn't want your mail",
        "550 address jo@shop.example: Your mail is refused by the personal settings of the recipient",
        "554 The recipient has set up a filter that rejects your message",
    ),
    Reason.MAILBOX_FULL: (
        "552 5.1.1 <jo@shop.example> overquota",
        "550 5.1.1 mailbox over quota",
        "452 4.2.2 quota exceeded",
        "554 User's disk quota has been exceeded",
        "522 5.7.1 Recipient address rejected: Requested mail action aborted: exceeded storage allocation",
        "550 5.2.2 Mail box has reached its maximum size",
        "552 mailbox has run out of space",
        "552 sorry, the recipient's mailbox is filled up",
        "552 Mailbox would exceed its maximum allowed storage",
        "452 4.2.2 The email account that you tried to reach is over quota",
        "552 Recipient's mailbox storage limit reached",
        "552 收件人空间不足",
        "452 收件人邮箱已满",
        "552 メールボックスがいっぱいです",
        "552 메일함 용량이 초과되었습니다",
        "552 Quota du compte depasse",
        "552 casilla de correo llena",
        "552 skrzynka odbiorcy jest przepelniona",
        "552 Schránka je plná",
        "552 Mailbox kaynagi dolu, posta kutusu dolu",
        "552 caixa postal cheia",
        "552 Mailbox ist voll",
        "552 postafiok megtelt",
        "552 mailbox is overflowing",
        "452 4.3.1 Mailbox full",
        "550 message would exceed maximum mailbox size for this recipient",
        "550 mailbox quota exceeded for this recipient",
        "452 4.1.1 <jo@shop.example> mailbox has exceeded its quota",
    ),
    Reason.SERVER_UNAVAILABLE: (
        "452 4.3.1 Insufficient system resources",
        "452 mail queue is full",
        "554 5.4.14 Hop count exceeded - possible mail loop",
        "554 5.4.6 routing loop detected",
        "554 5.4.6 Too many Received headers",
        "This message is looping: it already has my Delivered-To line",
        "552 looping message",
        "554 5.3.0 unknown mailer error 255",
        "pipe to |/usr/bin/procmail generated by jo@shop.example failed",
        "local delivery failed",
        "local_delivery transport returned defer",
        "Child process of address_pipe transport returned 69 (could mean service unavailable) from command: /usr/bin/vacation",
        "The following text was generated during the delivery attempt: vacation: cannot open database",
        'Command died with status 2: "/usr/local/bin/deliver"',
        "can't create user output file. Command output: maildrop: unable to create a dot-lock",
        "mail system problem: unable to open mailbox /var/mail/jo: Permission denied",
        "error writing message: No such file or directory",
        "LMTP error after end of data: 451 Temporary internal failure",
        "Sendmail: Data format error",
        "554 5.3.5 Local configuration error",
        "554 5.3.5 system config error",
        "451 4.3.5 Server configuration problem",
        "553 5.0.0 mail loops back to me (MX problem?)",
        "553 5.3.5 mx.example. config error: mail loops back to me (MX problem?)",
        "451 qq temporary problem (#4.3.0)",
        "451 qqt failure (#4.3.0)",
        "421 Too busy, come back later",
        "450 4.4.316 Connection refused",
        "connect to mx.shop.example[192.0.2.1]:25: Network is unreachable",
        "451 4.4.3 Temporary server error. Please try again later ATTR1",
        "451 Could not complete recipient verify callout",
        "451 4.3.0 Database error",
        "554 Backend failure",
        "550 Error in processing",
        "user lookup failed: database unavailable",
        "451 4.4.0 DNS resolving error",
        "450 out of memory",
        "450 database temporary error",
        "450 Mailbox currently unavailable",
        "451 Unable to complete command, DNS not available or timed out",
        "451 temporary lookup failure",
        "551 5.2.1 Mailbox not available now, try later",
        "450 queue unavailable.",
        "451 Relay Server Not Ready.",
        "451 4.3.0 Other or undefined mail system status",
        "452 4.4.5 Insufficient disk space; try again later",
        "417 Temporary delivery error",
        "Bad server response",
        "End of socket stream data",
        "550 Network error",
        "System not accepting network messages",
        "421 4.4.1 CHIC 192.0.2.1: Network is busy.",
        "451 auth error",
        "DNS query error",
        "550 5.3.2 System shutting down",
        "451 4.4.3 Directory server failure",
        "554 5.4.6 Routing loop detected",
        "550 5.5.0 Other or undefined protocol status",
    ),
    Reason.TIMED_OUT: (
        "554 5.4.7 Message not collected after 7 days",
        "550 Mail was not collected for 30 days",
        "550 delivery aborted after 48 hours",
        "message could not be delivered for 5 days",
        "Delivery failed after 12 attempts",
        "The maximum number of delivery attempts has been reached",
        "30 attempts to deliver failed",
        "gave up after 3 days",
        "message lifetime exceeded",
        "bounced after 5 days in the queue",
        "4.4.7 Message has been in the queue too long",
        "retry timeout exceeded",
        "all hosts have been failing for a long time (and retry time not reached)",
        "Delivery time expired",
        "message is too old",
        "Unable to deliver message for more than 72 hours",
        "connection timed out",
        "420 timeout",
        "441 4.4.1 No answer from host",
        "read timeout",
        "i/o timeout",
        "Operation timed out",
        "Messages could not be sent within 24 hours and will be returned",
        "554 5.4.7 [internal] exceeded max time without delivery",
        "5.4.7 - Delivery expired (message too old) 'timeout'",
        "rcpt handle timeout",
        "550 5.4.7 Delivery time expired",
    ),
    Reason.MESSAGE_TOO_LARGE: (
        "552 5.3.4 Message exceeds maximum fixed size",
        "552 message is too long",
        "554 attachment is too long",
        "550 Message size 12345678 exceeds size limit 10240000",
        "552 5.2.3 Message exceeds local size limit",
    ),
}
ALL = {
    reason: (*SENTENCES.get(reason, ()), *WORDINGS.get(reason, ())) for reason in dict.fromkeys((*SENTENCES, *WORDINGS))
}
DEAD = [text for reason, texts in ALL.items() if CLASSIFICATIONS[reason].kind is not Kind.SOFT for text in texts]
OF_SENDER = [text for reason, texts in ALL.items() if CLASSIFICATIONS[reason].fault is Fault.SENDER for text in texts]
HEALING = [
    text for reason in (Reason.MAILBOX_FULL, Reason.TIMED_OUT, Reason.SERVER_UNAVAILABLE) for text in ALL[reason]
]
CODES = st.tuples(st.integers(0, 7), st.integers(0, 30)).map(lambda code: f"{code[0]}.{code[1]}")


def reply_code(text: str) -> int | None:
    return int(text[:3]) if text[:3].isdigit() else None


def without_codes(text: str) -> str:
    return re.sub(r"(?m)^[45]\d\d[ -]?|(?<![\w.])#?[45]\.\d{1,3}\.\d{1,3}(?![\w.])", "", text)


@pytest.mark.parametrize(("reason", "text"), [(reason, text) for reason, texts in WORDINGS.items() for text in texts])
def test_a_wording_means_its_reason(reason: Reason, text: str) -> None:
    assert classify_diagnostic(f"smtp; {text}", None, reply_code(text)).reason is reason


# A temporary code is never invalid or hard ---------------------------------------------------------------------------


@given(
    st.sampled_from(DEAD),
    st.sampled_from([421, 450, 451, 452]),
    CODES,
    st.sampled_from(["", "host mx.shop.example said: "]),
)
def test_a_dead_wording_with_a_temporary_code_is_soft(text: str, code: int, status: str, before: str) -> None:
    diagnostic = f"{before}{code} 4.{status} {without_codes(text)}"

    assert classify_diagnostic(f"smtp; {diagnostic}", f"4.{status}", code).kind is Kind.SOFT
    assert classify_diagnostic(f"smtp; {diagnostic}", None, None).kind is Kind.SOFT
    assert not suppresses(classify_bounce("Permanent", "General", f"smtp; {diagnostic}", f"4.{status}"))


@given(st.sampled_from(DEAD), CODES)
def test_a_dead_wording_with_a_temporary_status_alone_is_soft(text: str, status: str) -> None:
    assert classify_diagnostic(f"smtp; {without_codes(text)}", f"4.{status}", None).kind is Kind.SOFT


def test_a_permanent_reply_is_not_made_temporary_by_a_status_that_says_nothing() -> None:
    assert classify_diagnostic("smtp; 550 user unknown", "4.0.0", 550).reason is Reason.ADDRESS_NOT_FOUND


# What is said of the sender, and what heals, never suppresses --------------------------------------------------------


@given(
    st.sampled_from(OF_SENDER),
    st.sampled_from(["Permanent", "Transient", "Undetermined", ""]),
    st.sampled_from(["General", "NoEmail", "MailboxFull", ""]),
    st.none() | CODES.map(lambda code: f"5.{code}"),
)
def test_a_wording_about_the_sender_never_suppresses(
    text: str, bounce_type: str, subtype: str, status: str | None
) -> None:
    assert not suppresses(classify_bounce(bounce_type, subtype, f"smtp; {text}", status))


@given(st.sampled_from(HEALING), st.sampled_from(["General", "NoEmail", ""]), st.none() | CODES.map("5.{}".format))
def test_a_wording_that_heals_never_suppresses_at_once(text: str, subtype: str, status: str | None) -> None:
    classification = classify_bounce("Permanent", subtype, f"smtp; {text}", status)

    assert classification.kind is Kind.SOFT
    assert not suppresses(classification)


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("550 no MX record for domain", None),
        ("550 no MX record for domain", "5.0.0"),
        ("550 Domain has no A, AAAA or MX records", "5.7.1"),
    ],
)
def test_missing_records_that_a_receiving_server_reports_are_the_senders(text: str, status: str | None) -> None:
    assert classify_diagnostic(f"smtp; {text}", status, 550).fault is Fault.SENDER


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("no MX record for domain shop.example", None),
        ("550 no MX record for domain", "5.1.2"),
        ("550 5.4.4 no MX or A record found", "5.4.4"),
        ("550 recipient domain has no MX record", None),
    ],
)
def test_missing_records_of_the_recipients_domain_are_the_domains(text: str, status: str | None) -> None:
    assert classify_diagnostic(f"smtp; {text}", status, reply_code(text)).reason is Reason.DOMAIN_NOT_FOUND


@pytest.mark.parametrize(
    ("last", "reason"),
    [
        ("Reject due to policy restrictions.", Reason.CONTENT_REJECTED),
        ("invalid DNS MX or A/AAAA resource record", Reason.SENDER_BLOCKED),
        ("Sender address is not allowed.", Reason.SENDER_BLOCKED),
        ("IP address is block listed.", Reason.SENDER_BLOCKED),
        ("For explanation visit https://postmaster.mail.example/case?c=r0103", Reason.ADDRESS_NOT_FOUND),
        ("", Reason.ADDRESS_NOT_FOUND),
    ],
)
@pytest.mark.parametrize("newline", ["\n", "\r\n", " "])
def test_the_standard_first_line_yields_to_a_specific_last_line(last: str, reason: Reason, newline: str) -> None:
    text = f"smtp; 550-Requested action not taken: mailbox unavailable{newline}550 {last}"

    assert classify_diagnostic(text, None, 550).reason is reason


# Text messages -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "status", "reason"),
    [
        ("No origination entities available to send", Status.FAILED, Reason.REJECTED),
        ("No origination identity was found", Status.FAILED, Reason.REJECTED),
        ("The account has no active origination-identities", Status.FAILED, Reason.REJECTED),
        ("Origination number is not valid for the destination country", Status.FAILED, Reason.REJECTED),
        ("Number is not valid for the destination countries", Status.FAILED, Reason.REJECTED),
        ("Number is blacklisted", Status.DROPPED, Reason.OPTED_OUT),
        ("Destination is on a black-list", Status.DROPPED, Reason.OPTED_OUT),
        ("Destination is blocklisted", Status.DROPPED, Reason.OPTED_OUT),
        ("opt-out", Status.DROPPED, Reason.OPTED_OUT),
        ("Phone number has opted-out", Status.DROPPED, Reason.OPTED_OUT),
        ("Recipient opts out", Status.DROPPED, Reason.OPTED_OUT),
        ("opt out", Status.DROPPED, Reason.OPTED_OUT),
        ("OPTOUT", Status.DROPPED, Reason.OPTED_OUT),
        ("Phone is blocking SMS", Status.DROPPED, Reason.OPTED_OUT),
        ("Carriers filtered: blocked by carriers", Status.BOUNCED, Reason.CARRIER_BLOCKED),
        ("Spamming", Status.BOUNCED, Reason.CARRIER_BLOCKED),
        ("Phone is not reachable", Status.BOUNCED, Reason.UNREACHABLE),
        ("Invalid phone numbers", Status.INVALID, Reason.NUMBER_INVALID),
        ("Number invalid", Status.INVALID, Reason.NUMBER_INVALID),
        ("Quotas exceeded", Status.FAILED, Reason.SPEND_LIMIT),
        ("Message expiring", Status.BOUNCED, Reason.TIMED_OUT),
    ],
)
def test_every_inflection_of_a_text_answer_is_known(answer: str, status: Status, reason: Reason) -> None:
    classification = classify_sms_response(answer)

    assert (classification.status, classification.reason) == (status, reason)


# Speed ---------------------------------------------------------------------------------------------------------------


def seconds(text: str) -> float:
    def once() -> float:
        start = time.perf_counter()
        classify_diagnostic(text, None, 550)
        return time.perf_counter() - start

    return min(once() for _ in range(3))


@pytest.mark.parametrize(
    "text", [texts[index] for texts in ALL.values() for index in range(0, len(texts), 4) if texts[index]]
)
def test_a_wording_repeated_to_the_length_that_is_read_stays_quick(text: str) -> None:
    """At most 2,000 characters are read: a pattern that backtracks would need seconds for them."""
    words = without_codes(text).split()
    repeated = " ".join([*words[:-1], *(words[:-1] * (2_000 // max(1, len(text)))), "x"])

    assert seconds(f"smtp; 550 {repeated}") < 0.05
