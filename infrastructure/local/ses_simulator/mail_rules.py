"""What becomes of a mail in the receiving world: the events that SES would publish about it, and when.

Pure: a mail goes in, a list of events with their delays comes out. The forms are those of the SES
Developer Guide, "Examples of event data that Amazon SES publishes to Amazon SNS", and of recorded events.
"""

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from zlib import crc32

SIMULATOR_DOMAIN = "simulator.amazonses.com"
WORLD_DOMAIN = "undelivered.example"

RETRIED_FOR = timedelta(minutes=840)
"""How long SES keeps trying: "unable to deliver in 840 minutes" is the wording of its expiry bounces."""

Event = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ReceivedMail:
    """A mail as it came in. ``source`` is the From value, ``headers`` what the sender set, ``tags`` its message tags.

    ``configuration_set`` is empty when it is not known. ``carries_virus`` is SES's own finding.
    """

    message_id: str
    source: str
    recipients: tuple[str, ...]
    received_at: datetime
    subject: str = ""
    configuration_set: str = ""
    tags: Mapping[str, Sequence[str]] = field(default_factory=dict)
    headers: tuple[tuple[str, str], ...] = ()
    carries_virus: bool = False
    region: str = "us-east-1"
    sending_account: str = "000000000000"


@dataclass(frozen=True, slots=True)
class Planned:
    """An event and the seconds after receipt at which it is published."""

    after: float
    event: Event


@dataclass(frozen=True, slots=True)
class Answer:
    """What a receiving server says: SES's bounce type and subtype, the enhanced status, the diagnostic."""

    bounce_type: str
    subtype: str
    status: str
    diagnostic: str


@dataclass(frozen=True, slots=True)
class _Recipient:
    mail: ReceivedMail
    address: str
    pace: float

    def moment(self, after: float) -> datetime:
        return self.mail.received_at + timedelta(seconds=after * self.pace)

    def pick(self, answers: Sequence[Answer]) -> Answer:
        # By the message, so that the same mail is answered the same and a batch of mails differs.
        return answers[crc32(f"{self.mail.message_id}{self.address}".encode()) % len(answers)]


Situation = Callable[[_Recipient], list[Planned]]

# ---------------------------------------------------------------------------------------------------------
# Answers of receiving servers, in the words of the systems that give them
# ---------------------------------------------------------------------------------------------------------

_UNKNOWN_USER = (
    Answer(
        "Permanent",
        "General",
        "5.1.1",
        "smtp; 550-5.1.1 The email account that you tried to reach does not exist. Please try double-checking the "
        "recipient's email address for typos or unnecessary spaces. For more information, go to "
        "550 5.1.1 https://support.google.com/mail/?p=NoSuchUser a1si123456qka.12 - gsmtp",
    ),
    Answer(
        "Permanent",
        "General",
        "5.1.10",
        "smtp; 550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient {address} not found by SMTP address lookup",
    ),
    Answer(
        "Permanent",
        "General",
        "5.1.1",
        "smtp; 550 5.1.1 <{address}>: Recipient address rejected: User unknown in virtual mailbox table",
    ),
    Answer("Permanent", "NoEmail", "5.1.1", "smtp; 550 5.1.1 <{address}>... User unknown"),
    Answer(
        "Permanent",
        "General",
        "5.5.0",
        "smtp; 550 5.5.0 Requested action not taken: mailbox unavailable "
        "(S2017062302). [AM7EUR06FT031.eop-eur06.prod.protection.outlook.com]",
    ),
)
_UNKNOWN_DOMAIN = (
    Answer("Permanent", "General", "5.4.4", "smtp; 550 5.4.4 Invalid domain: no such domain, domain not found"),
    Answer(
        "Permanent",
        "General",
        "5.1.2",
        "smtp; 550 5.1.2 {address}... Host unknown (Name server: {domain}.: host not found)",
    ),
)
_MAILBOX_FULL = (
    Answer(
        "Transient",
        "MailboxFull",
        "4.2.2",
        "smtp; 452-4.2.2 The recipient's inbox is out of storage space. Please direct the recipient to "
        "452 4.2.2 https://support.google.com/mail/?p=OverQuotaTemp a1si123456qka.34 - gsmtp",
    ),
    Answer("Transient", "MailboxFull", "5.2.2", "smtp; 552 5.2.2 Over quota"),
    Answer(
        "Transient",
        "MailboxFull",
        "5.2.2",
        "smtp; 554 5.2.2 mailbox full; STOREDRV.Deliver.Exception:"
        "QuotaExceededException.MapiExceptionShutoffQuotaExceeded",
    ),
    Answer("Transient", "General", "5.7.0", "smtp; 550 5.7.0 <{address}>: quota exceeded, user is over their quota"),
)
_MAILBOX_DISABLED = (
    Answer(
        "Permanent",
        "General",
        "5.2.1",
        "smtp; 550 5.2.1 The email account that you tried to reach is disabled. For more information, go to "
        "https://support.google.com/mail/?p=DisabledUser a1si123456qka.56 - gsmtp",
    ),
    Answer("Permanent", "General", "5.2.1", "smtp; 550 5.2.1 <{address}>: mailbox is inactive"),
    Answer(
        "Permanent",
        "General",
        "5.0.0",
        "smtp; 554 30 Sorry, your message to {address} cannot be delivered. This mailbox is disabled (554.30).",
    ),
)
_REFUSED = (
    Answer(
        "Permanent",
        "General",
        "5.7.1",
        "smtp; 550 5.7.1 RESOLVER.RST.NotAuthorized; not authorized to send to this recipient: the recipient only "
        "accepts mail from people in its organization or allowed senders list",
    ),
    Answer("Permanent", "General", "5.7.1", "smtp; 550 5.7.1 <{address}>: recipient does not accept mail from you"),
)
_BLOCKED = (
    Answer(
        "Permanent",
        "General",
        "5.7.1",
        "smtp; 554 5.7.1 Service unavailable; Client host [192.0.2.25] blocked using zen.spamhaus.org; "
        "https://www.spamhaus.org/query/ip/192.0.2.25",
    ),
    Answer(
        "Permanent",
        "General",
        "5.7.1",
        "smtp; 550 5.7.1 Unfortunately, messages from [192.0.2.25] weren't sent. Please contact your Internet service "
        "provider since part of their network is on our block list (S3150).",
    ),
    Answer(
        "Permanent",
        "General",
        "5.7.606",
        "smtp; 550 5.7.606 Access denied, banned sending IP [192.0.2.25]. To request removal from this list please "
        "visit https://sender.office.com/ and follow the directions.",
    ),
    Answer(
        "Transient",
        "General",
        "4.7.0",
        "smtp; 421 4.7.0 [TSS04] Messages from 192.0.2.25 temporarily deferred due to unexpected volume or user "
        "complaints - 4.16.55.1; see https://postmaster.yahooinc.com/error-codes",
    ),
)
_CONTENT_REJECTED = (
    Answer(
        "Transient",
        "ContentRejected",
        "5.7.1",
        "smtp; 550-5.7.1 Our system has detected that this message is likely unsolicited mail. To reduce the amount of "
        "spam sent to Gmail, this message has been blocked. 550 5.7.1 https://support.google.com/mail/?p=UnsolicitedMessageError",
    ),
    Answer("Transient", "ContentRejected", "5.7.1", "smtp; 550 5.7.1 message content rejected"),
    Answer(
        "Transient",
        "AttachmentRejected",
        "5.7.0",
        "smtp; 552 5.7.0 This message was blocked because its content presents a potential security issue",
    ),
    Answer("Transient", "ContentRejected", "5.3.0", "smtp; 550 spam detected"),
)
_TOO_LARGE = (
    Answer("Transient", "MessageTooLarge", "5.3.4", "smtp; 552 5.3.4 Message size exceeds fixed limit"),
    Answer(
        "Transient",
        "MessageTooLarge",
        "5.3.4",
        "smtp; 552-5.3.4 Your message exceeded Google's message size limits. For more information, go to "
        "552 5.3.4 https://support.google.com/mail/?p=MaxSizeError",
    ),
)
_UNAUTHENTICATED = (
    Answer(
        "Transient",
        "General",
        "5.7.26",
        "smtp; 550-5.7.26 Your email has been blocked because the sender is unauthenticated. Gmail requires all "
        "senders to authenticate with either SPF or DKIM. 550 5.7.26 https://support.google.com/mail/answer/81126#authentication",
    ),
    Answer(
        "Permanent",
        "General",
        "5.7.509",
        "smtp; 550 5.7.509 Access denied, sending domain does not pass DMARC verification and has a DMARC policy of "
        "reject.",
    ),
)
_EXPIRED = (
    Answer(
        "Transient",
        "General",
        "4.4.7",
        "smtp; 554 4.4.7 Message expired: unable to deliver in 840 minutes."
        "<421 4.4.0 Unable to lookup DNS for {domain}>",
    ),
    Answer(
        "Transient",
        "General",
        "4.4.7",
        "smtp; 554 4.4.7 Message expired: unable to deliver in 840 minutes."
        "<421 4.4.1 Unable to connect to remote host>",
    ),
    Answer(
        "Transient",
        "General",
        "4.4.7",
        "smtp; 554 4.4.7 Message expired: unable to deliver in 840 minutes.<451 4.3.0 Temporary local problem>",
    ),
)
_UNDETERMINED = (Answer("Undetermined", "Undetermined", "", ""),)
_GREYLISTED = (
    Answer("Transient", "General", "4.2.0", "smtp; 450 4.2.0 <{address}>: Recipient address rejected: Greylisted"),
    Answer("Transient", "General", "4.7.1", "smtp; 451 4.7.1 Greylisting in action, please come back later"),
)
_SIMULATED_BOUNCE = (Answer("Permanent", "General", "5.1.1", "smtp; 550 5.1.1 user unknown"),)

# What SES writes into the bounces of its own lists: prose, without a protocol in front.
_SUPPRESSED_GLOBALLY = (
    "Amazon SES has suppressed sending to this address because it has a recent history of bouncing as an invalid "
    "address. For more information about how to remove an address from the suppression list, see the Amazon SES "
    "Developer Guide: http://docs.aws.amazon.com/ses/latest/DeveloperGuide/remove-from-suppressionlist.html"
)
_SUPPRESSED_BY_ACCOUNT = (
    "Amazon SES did not send the message to this address because it is on the suppression list for your account. For "
    "more information about removing addresses from the suppression list, see the Amazon SES Developer Guide at "
    "https://docs.aws.amazon.com/ses/latest/DeveloperGuide/sending-email-suppression-list.html"
)

# ---------------------------------------------------------------------------------------------------------
# Events
# ---------------------------------------------------------------------------------------------------------


def iso(moment: datetime) -> str:
    """Return a moment as SES prints it: UTC, three digits of a second, ``Z``."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def _mail_object(mail: ReceivedMail, *, with_headers: bool) -> Event:
    domain = mail.source.rpartition("@")[2].rstrip("> ").lower()
    bare = mail.source.rpartition("<")[2].rstrip("> ")
    body: Event = {
        "timestamp": iso(mail.received_at),
        "source": mail.source,
        "sourceArn": f"arn:aws:ses:{mail.region}:{mail.sending_account}:identity/{bare}",
        "sendingAccountId": mail.sending_account,
        "messageId": mail.message_id,
        "destination": list(mail.recipients),
        "headersTruncated": False,
    }
    if with_headers:
        headers = [
            ("From", mail.source),
            ("To", ", ".join(mail.recipients)),
            ("Subject", mail.subject),
            ("MIME-Version", "1.0"),
            *mail.headers,
        ]
        body["headers"] = [{"name": name, "value": value} for name, value in headers]
        body["commonHeaders"] = {
            "from": [mail.source],
            "to": list(mail.recipients),
            "messageId": mail.message_id,
            "subject": mail.subject,
        }
    automatic = {
        "ses:operation": ["SendEmail"],
        "ses:source-ip": ["192.0.2.1"],
        "ses:from-domain": [domain],
        "ses:caller-identity": ["undelivered"],
    }
    if mail.configuration_set:
        automatic["ses:configuration-set"] = [mail.configuration_set]
    body["tags"] = automatic | {name: list(values) for name, values in mail.tags.items()}
    return body


def _event(kind: str, mail: ReceivedMail, detail: Event) -> Event:
    key = {"DeliveryDelay": "deliveryDelay", "Rendering Failure": "failure"}.get(kind, kind.lower())
    # The documented DeliveryDelay and Rendering Failure samples carry no headers.
    return {"eventType": kind, "mail": _mail_object(mail, with_headers=key == kind.lower()), key: detail}


def _feedback_id(recipient: _Recipient, kind: str) -> str:
    name = f"{recipient.mail.message_id}/{recipient.address}/{kind}"
    return f"{recipient.mail.received_at.timestamp() * 1000:016.0f}-{uuid.uuid5(uuid.NAMESPACE_URL, name)}-000000"


def _send(mail: ReceivedMail) -> Planned:
    return Planned(0.0, _event("Send", mail, {}))


def _delivery(recipient: _Recipient, after: float) -> Planned:
    detail = {
        "timestamp": iso(recipient.moment(after)),
        "processingTimeMillis": int(after * recipient.pace * 1000),
        "recipients": [recipient.address],
        "smtpResponse": "250 2.6.0 Message received",
        "reportingMTA": "a8-77.smtp-out.amazonses.com",
    }
    planned = _event("Delivery", recipient.mail, detail)
    planned["mail"]["tags"]["ses:outgoing-ip"] = ["192.0.2.2"]
    return Planned(after, planned)


def _bounce(recipient: _Recipient, after: float, answer: Answer, reporting_mta: str = "dsn; {mta}") -> Planned:
    bounced: Event = {"emailAddress": recipient.address}
    if answer.status:
        bounced |= {"action": "failed", "status": answer.status}
    if answer.diagnostic:
        bounced["diagnosticCode"] = answer.diagnostic.replace("{address}", recipient.address).replace(
            "{domain}", recipient.address.rpartition("@")[2]
        )
    detail: Event = {
        "feedbackId": _feedback_id(recipient, "bounce"),
        "bounceType": answer.bounce_type,
        "bounceSubType": answer.subtype,
        "bouncedRecipients": [bounced],
        "timestamp": iso(recipient.moment(after)),
    }
    if answer.status:
        detail["reportingMTA"] = reporting_mta.replace("{mta}", "a8-77.smtp-out.amazonses.com")
    return Planned(after, _event("Bounce", recipient.mail, detail))


def _complaint(recipient: _Recipient, after: float, *, subtype: str = "") -> Planned:
    at = iso(recipient.moment(after))
    detail: Event = {
        "complainedRecipients": [{"emailAddress": recipient.address}],
        "timestamp": at,
        "feedbackId": _feedback_id(recipient, "complaint"),
        "complaintSubType": subtype or None,
    }
    if not subtype:
        detail |= {"userAgent": "Yahoo!-Mail-Feedback/2.0", "complaintFeedbackType": "abuse", "arrivalDate": at}
    return Planned(after, _event("Complaint", recipient.mail, detail))


def _delay(recipient: _Recipient, after: float, delay_type: str, answer: Answer) -> Planned:
    detail = {
        "timestamp": iso(recipient.moment(after)),
        "delayType": delay_type,
        "expirationTime": iso(recipient.mail.received_at + RETRIED_FOR),
        "delayedRecipients": [
            {
                "emailAddress": recipient.address,
                "status": answer.status,
                "diagnosticCode": answer.diagnostic.replace("{address}", recipient.address),
            }
        ],
    }
    return Planned(after, _event("DeliveryDelay", recipient.mail, detail))


# ---------------------------------------------------------------------------------------------------------
# Situations
# ---------------------------------------------------------------------------------------------------------

_ANSWERS_AFTER = 0.3
_DELIVERS_AFTER = 0.2
_NO_CONNECTION = Answer("", "", "4.4.1", "smtp; 421 4.4.1 Unable to connect to remote host")


def _delivered(recipient: _Recipient) -> list[Planned]:
    return [_delivery(recipient, _DELIVERS_AFTER)]


def _silent(_recipient: _Recipient) -> list[Planned]:
    return []


def _refuses(answers: Sequence[Answer]) -> Situation:
    return lambda recipient: [_bounce(recipient, _ANSWERS_AFTER, recipient.pick(answers))]


def _complains(recipient: _Recipient) -> list[Planned]:
    return [_delivery(recipient, _DELIVERS_AFTER), _complaint(recipient, 0.8)]


def _is_slow(recipient: _Recipient) -> list[Planned]:
    return [
        _delay(recipient, 0.5, "TransientCommunicationFailure", recipient.pick(_GREYLISTED)),
        _delivery(recipient, 3.0),
    ]


def _expires(recipient: _Recipient) -> list[Planned]:
    return [
        _delay(recipient, 0.5, "TransientCommunicationFailure", _NO_CONNECTION),
        _bounce(recipient, 3.0, recipient.pick(_EXPIRED)),
    ]


def _bounces_late(recipient: _Recipient) -> list[Planned]:
    return [_delivery(recipient, _DELIVERS_AFTER), _bounce(recipient, 4.0, recipient.pick(_UNKNOWN_USER))]


def _is_out_of_office(recipient: _Recipient) -> list[Planned]:
    # An automatic reply is no report of a delivery: it comes without DSN fields.
    reply = Answer("Transient", "General", "", "")
    return [_delivery(recipient, _DELIVERS_AFTER), _bounce(recipient, 0.8, reply)]


def _is_on_the_global_list(recipient: _Recipient) -> list[Planned]:
    answer = Answer("Permanent", "Suppressed", "5.1.1", _SUPPRESSED_GLOBALLY)
    return [_bounce(recipient, _ANSWERS_AFTER, answer, "dns; amazonses.com")]


SITUATIONS: Mapping[str, Situation] = {
    "unknown-user": _refuses(_UNKNOWN_USER),
    "unknown-domain": _refuses(_UNKNOWN_DOMAIN),
    "mailbox-full": _refuses(_MAILBOX_FULL),
    "mailbox-disabled": _refuses(_MAILBOX_DISABLED),
    "refused": _refuses(_REFUSED),
    "blocked": _refuses(_BLOCKED),
    "content-rejected": _refuses(_CONTENT_REJECTED),
    "too-large": _refuses(_TOO_LARGE),
    "unauthenticated": _refuses(_UNAUTHENTICATED),
    "undetermined": _refuses(_UNDETERMINED),
    "greylisted": _is_slow,
    "slow": _is_slow,
    "expired": _expires,
    "late-bounce": _bounces_late,
    "complaint": _complains,
    "ooto": _is_out_of_office,
    "suppressionlist": _is_on_the_global_list,
    "silent": _silent,
    "unliftable": _refuses(_UNKNOWN_USER),
}
"""What addresses at ``undelivered.example`` do, by the beginning of their local part."""

_SIMULATOR: Mapping[str, Situation] = {
    "success": _delivered,
    "bounce": _refuses(_SIMULATED_BOUNCE),
    "ooto": _is_out_of_office,
    "complaint": _complains,
    "suppressionlist": _is_on_the_global_list,
}

_NEVER_SENT: Mapping[str, tuple[str, Event]] = {
    "rejected": ("Reject", {"reason": "Bad content"}),
    "rendering-failed": (
        "Rendering Failure",
        {"errorMessage": "Attribute 'amount' is not present in the rendering data.", "templateName": "Reminder"},
    ),
}
"""Local parts at ``undelivered.example`` for which SES itself gives up on the whole mail."""


def plan(mail: ReceivedMail, suppressed: Mapping[str, str] | None = None, pace: float = 1.0) -> list[Planned]:
    """Return what is reported about a mail, in order of time.

    ``suppressed`` is the account-level suppression list: lower-cased address to ``BOUNCE`` or ``COMPLAINT``.
    ``pace`` stretches (above one) or shortens all delays.
    """
    refusal = _refusal_by_ses(mail)
    if refusal:
        return [refusal]
    listed = suppressed or {}

    def answer(address: str) -> list[Planned]:
        reason = "" if _domain(address) == SIMULATOR_DOMAIN else listed.get(address.lower(), "")
        recipient = _Recipient(mail, address, pace)
        return _answer_of_the_list(recipient, reason) if reason else _situation(address)(recipient)

    return _in_order(mail, answer, pace)


def plan_as(situation: str, mail: ReceivedMail) -> list[Planned]:
    """Return what is reported about a mail in a situation (see ``SITUATIONS``), whatever its addresses are.

    Besides those there are ``delivered``, ``listed`` (on the account's suppression list), ``rejected`` and
    ``rendering-failed``.
    """
    if situation in _NEVER_SENT:
        kind, detail = _NEVER_SENT[situation]
        return [Planned(0.0, _event(kind, mail, detail))]
    others: dict[str, Situation] = {"delivered": _delivered, "listed": lambda each: _answer_of_the_list(each, "BOUNCE")}
    fate = SITUATIONS.get(situation) or others[situation]
    return _in_order(mail, lambda address: fate(_Recipient(mail, address, 1.0)), 1.0)


def _in_order(mail: ReceivedMail, answer: Callable[[str], list[Planned]], pace: float) -> list[Planned]:
    planned = [_send(mail), *(each for address in mail.recipients for each in answer(address))]
    return [Planned(each.after * pace, each.event) for each in sorted(planned, key=lambda each: each.after)]


def _refusal_by_ses(mail: ReceivedMail) -> Planned | None:
    if mail.carries_virus:
        return Planned(0.0, _event("Reject", mail, {"reason": "Bad content"}))
    for address in mail.recipients:
        local = address.lower().rpartition("@")[0]
        for name, (kind, detail) in _NEVER_SENT.items():
            if _domain(address) == WORLD_DOMAIN and local.startswith(name):
                return Planned(0.0, _event(kind, mail, detail))
    return None


def _answer_of_the_list(recipient: _Recipient, reason: str) -> list[Planned]:
    # SES accepts the mail, reports Send, and then that it did not go out: by the reason of the entry.
    if reason == "COMPLAINT":
        return [_complaint(recipient, _ANSWERS_AFTER, subtype="OnAccountSuppressionList")]
    answer = Answer("Permanent", "OnAccountSuppressionList", "5.1.1", _SUPPRESSED_BY_ACCOUNT)
    return [_bounce(recipient, _ANSWERS_AFTER, answer, "dns; amazonses.com")]


def _situation(address: str) -> Situation:
    local, domain = address.lower().rpartition("@")[0], _domain(address)
    if domain == SIMULATOR_DOMAIN:
        return _SIMULATOR.get(local.partition("+")[0], _delivered)
    if domain == WORLD_DOMAIN:
        names = [name for name in SITUATIONS if local.startswith(name)]
        return SITUATIONS[max(names, key=len)] if names else _delivered
    return _delivered


def _domain(address: str) -> str:
    return address.rpartition("@")[2].rstrip(">").lower()


def newly_suppressed(event: Event) -> dict[str, str]:
    """Return the addresses that an event puts on the account-level suppression list, with the reason.

    A complaint does, and a permanent bounce that speaks of the address (enhanced status 5.1 or 5.2);
    that a permanent refusal of the *sender* (5.7) does not is this world's choice, SES documents neither.
    The mailbox simulator's addresses are never listed.
    """
    found: dict[str, str] = {}
    bounce, complaint = event.get("bounce"), event.get("complaint")
    if bounce and bounce["bounceType"] == "Permanent" and bounce["bounceSubType"] in {"General", "NoEmail"}:
        for each in bounce["bouncedRecipients"]:
            if each.get("status", "").startswith(("5.1", "5.2", "5.4.4", "5.5.0")):
                found[each["emailAddress"].lower()] = "BOUNCE"
    if complaint and not complaint.get("complaintSubType"):
        found |= {each["emailAddress"].lower(): "COMPLAINT" for each in complaint["complainedRecipients"]}
    return {address: reason for address, reason in found.items() if _domain(address) != SIMULATOR_DOMAIN}


EVENT_TYPES: Mapping[str, str] = {
    "Send": "SEND",
    "Reject": "REJECT",
    "Bounce": "BOUNCE",
    "Complaint": "COMPLAINT",
    "Delivery": "DELIVERY",
    "DeliveryDelay": "DELIVERY_DELAY",
    "Rendering Failure": "RENDERING_FAILURE",
}
"""The ``eventType`` of an event and the name by which an event destination asks for it."""
