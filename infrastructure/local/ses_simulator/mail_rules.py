"""The events that SES would publish about an email, and when, depending on its recipients' addresses.

Pure. The formats come from recorded events and from the SES Developer Guide, "Examples of event data that Amazon SES
publishes to Amazon SNS".
"""

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from zlib import crc32

SIMULATOR_DOMAIN = "simulator.amazonses.com"
TEST_DOMAIN = "undelivered.example"

RETRIED_FOR = timedelta(minutes=840)
"""How long SES tries to deliver. Its bounces of expired messages say "unable to deliver in 840 minutes"."""

Event = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ReceivedMail:
    """An email as the simulator receives it.

    ``source`` is the From header, ``headers`` are other headers that the sender set, and ``tags`` are the message tags.
    SES rejects an email that ``carries_virus``, and cannot render a ``template`` whose data lacks an attribute.
    """

    message_id: str
    source: str
    recipients: tuple[str, ...]
    received_at: datetime
    subject: str = ""
    configuration_set: str = ""
    operation: str = "SendEmail"
    tags: Mapping[str, Sequence[str]] = field(default_factory=dict)
    headers: tuple[tuple[str, str], ...] = ()
    template: str = ""
    missing_attribute: str = ""
    carries_virus: bool = False
    region: str = "us-east-1"
    sending_account: str = "000000000000"


@dataclass(frozen=True, slots=True)
class ScheduledEvent:
    """An event, and the delay in seconds between the receipt of the email and the publication of the event."""

    after: float
    event: Event


@dataclass(frozen=True, slots=True)
class BounceDetails:
    """A mail server's response as SES reports it: bounce type and subtype, enhanced status code, diagnostic."""

    bounce_type: str
    subtype: str
    status: str
    diagnostic: str


@dataclass(frozen=True, slots=True)
class _Recipient:
    """One recipient of an email. ``pace`` multiplies all delays."""

    mail: ReceivedMail
    address: str
    pace: float

    def moment(self, after: float) -> datetime:
        return self.mail.received_at + timedelta(seconds=after * self.pace)

    def pick(self, choices: Sequence[BounceDetails]) -> BounceDetails:
        # The choice depends on the message id, so that it is repeatable but varies between emails.
        return choices[crc32(f"{self.mail.message_id}{self.address}".encode()) % len(choices)]


Situation = Callable[[_Recipient], list[ScheduledEvent]]

# ---------------------------------------------------------------------------------------------------------
# Responses in the wording of real mail servers
# ---------------------------------------------------------------------------------------------------------

_UNKNOWN_USER = (
    BounceDetails(
        "Permanent",
        "General",
        "5.1.1",
        "smtp; 550-5.1.1 The email account that you tried to reach does not exist. Please try double-checking the "
        "recipient's email address for typos or unnecessary spaces. For more information, go to "
        "550 5.1.1 https://support.google.com/mail/?p=NoSuchUser a1si123456qka.12 - gsmtp",
    ),
    BounceDetails(
        "Permanent",
        "General",
        "5.1.10",
        "smtp; 550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient {address} not found by SMTP address lookup",
    ),
    BounceDetails(
        "Permanent",
        "General",
        "5.1.1",
        "smtp; 550 5.1.1 <{address}>: Recipient address rejected: User unknown in virtual mailbox table",
    ),
    BounceDetails("Permanent", "NoEmail", "5.1.1", "smtp; 550 5.1.1 <{address}>... User unknown"),
    BounceDetails(
        "Permanent",
        "General",
        "5.5.0",
        "smtp; 550 5.5.0 Requested action not taken: mailbox unavailable "
        "(S2017062302). [AM7EUR06FT031.eop-eur06.prod.protection.outlook.com]",
    ),
)
_UNKNOWN_DOMAIN = (
    BounceDetails("Permanent", "General", "5.4.4", "smtp; 550 5.4.4 Invalid domain: no such domain, domain not found"),
    BounceDetails(
        "Permanent",
        "General",
        "5.1.2",
        "smtp; 550 5.1.2 {address}... Host unknown (Name server: {domain}.: host not found)",
    ),
)
_MAILBOX_FULL = (
    BounceDetails(
        "Transient",
        "MailboxFull",
        "4.2.2",
        "smtp; 452-4.2.2 The recipient's inbox is out of storage space. Please direct the recipient to "
        "452 4.2.2 https://support.google.com/mail/?p=OverQuotaTemp a1si123456qka.34 - gsmtp",
    ),
    BounceDetails("Transient", "MailboxFull", "5.2.2", "smtp; 552 5.2.2 Over quota"),
    BounceDetails(
        "Transient",
        "MailboxFull",
        "5.2.2",
        "smtp; 554 5.2.2 mailbox full; STOREDRV.Deliver.Exception:"
        "QuotaExceededException.MapiExceptionShutoffQuotaExceeded",
    ),
    BounceDetails(
        "Transient", "General", "5.7.0", "smtp; 550 5.7.0 <{address}>: quota exceeded, user is over their quota"
    ),
)
_MAILBOX_DISABLED = (
    BounceDetails(
        "Permanent",
        "General",
        "5.2.1",
        "smtp; 550 5.2.1 The email account that you tried to reach is disabled. For more information, go to "
        "https://support.google.com/mail/?p=DisabledUser a1si123456qka.56 - gsmtp",
    ),
    BounceDetails("Permanent", "General", "5.2.1", "smtp; 550 5.2.1 <{address}>: mailbox is inactive"),
    BounceDetails(
        "Permanent",
        "General",
        "5.0.0",
        "smtp; 554 30 Sorry, your message to {address} cannot be delivered. This mailbox is disabled (554.30).",
    ),
)
_REFUSED = (
    BounceDetails(
        "Permanent",
        "General",
        "5.7.1",
        "smtp; 550 5.7.1 RESOLVER.RST.NotAuthorized; not authorized to send to this recipient: the recipient only "
        "accepts mail from people in its organization or allowed senders list",
    ),
    BounceDetails(
        "Permanent", "General", "5.7.1", "smtp; 550 5.7.1 <{address}>: recipient does not accept mail from you"
    ),
)
_BLOCKED = (
    BounceDetails(
        "Permanent",
        "General",
        "5.7.1",
        "smtp; 554 5.7.1 Service unavailable; Client host [192.0.2.25] blocked using zen.spamhaus.org; "
        "https://www.spamhaus.org/query/ip/192.0.2.25",
    ),
    BounceDetails(
        "Permanent",
        "General",
        "5.7.1",
        "smtp; 550 5.7.1 Unfortunately, messages from [192.0.2.25] weren't sent. Please contact your Internet service "
        "provider since part of their network is on our block list (S3150).",
    ),
    BounceDetails(
        "Permanent",
        "General",
        "5.7.606",
        "smtp; 550 5.7.606 Access denied, banned sending IP [192.0.2.25]. To request removal from this list please "
        "visit https://sender.office.com/ and follow the directions.",
    ),
    BounceDetails(
        "Transient",
        "General",
        "4.7.0",
        "smtp; 421 4.7.0 [TSS04] Messages from 192.0.2.25 temporarily deferred due to unexpected volume or user "
        "complaints - 4.16.55.1; see https://postmaster.yahooinc.com/error-codes",
    ),
)
_BLOCKED_BY_OUTLOOK = BounceDetails(
    "Permanent",
    "General",
    "5.7.1",
    "smtp; 550 5.7.1 Unfortunately, messages from [192.0.2.25] weren't sent. Please contact your Internet service "
    "provider since part of their network is on our block list (S3140). "
    "[AM7EUR06FT003.eop-eur06.prod.protection.outlook.com]",
)
_LIMITED_BY_GMAIL = BounceDetails(
    "Transient",
    "General",
    "4.7.28",
    "smtp; 421-4.7.28 Gmail has detected an unusual rate of mail originating from your IP address [192.0.2.25]. To "
    "protect our users from spam, mail sent from your IP address has been temporarily rate limited. 421 4.7.28 "
    "https://support.google.com/mail/?p=UnsolicitedRateLimitError - gsmtp",
)
_CONTENT_REJECTED = (
    BounceDetails(
        "Transient",
        "ContentRejected",
        "5.7.1",
        "smtp; 550-5.7.1 Our system has detected that this message is likely unsolicited mail. To reduce the amount of "
        "spam sent to Gmail, this message has been blocked. 550 5.7.1 https://support.google.com/mail/?p=UnsolicitedMessageError",
    ),
    BounceDetails("Transient", "ContentRejected", "5.7.1", "smtp; 550 5.7.1 message content rejected"),
    BounceDetails(
        "Transient",
        "AttachmentRejected",
        "5.7.0",
        "smtp; 552 5.7.0 This message was blocked because its content presents a potential security issue",
    ),
    BounceDetails("Transient", "ContentRejected", "5.3.0", "smtp; 550 spam detected"),
)
_TOO_LARGE = (
    BounceDetails("Transient", "MessageTooLarge", "5.3.4", "smtp; 552 5.3.4 Message size exceeds fixed limit"),
    BounceDetails(
        "Transient",
        "MessageTooLarge",
        "5.3.4",
        "smtp; 552-5.3.4 Your message exceeded Google's message size limits. For more information, go to "
        "552 5.3.4 https://support.google.com/mail/?p=MaxSizeError",
    ),
)
_UNAUTHENTICATED = (
    BounceDetails(
        "Transient",
        "General",
        "5.7.26",
        "smtp; 550-5.7.26 Your email has been blocked because the sender is unauthenticated. Gmail requires all "
        "senders to authenticate with either SPF or DKIM. 550 5.7.26 https://support.google.com/mail/answer/81126#authentication",
    ),
    BounceDetails(
        "Permanent",
        "General",
        "5.7.509",
        "smtp; 550 5.7.509 Access denied, sending domain does not pass DMARC verification and has a DMARC policy of "
        "reject.",
    ),
)
_EXPIRED = (
    BounceDetails(
        "Transient",
        "General",
        "4.4.7",
        "smtp; 554 4.4.7 Message expired: unable to deliver in 840 minutes."
        "<421 4.4.0 Unable to lookup DNS for {domain}>",
    ),
    BounceDetails(
        "Transient",
        "General",
        "4.4.7",
        "smtp; 554 4.4.7 Message expired: unable to deliver in 840 minutes."
        "<421 4.4.1 Unable to connect to remote host>",
    ),
    BounceDetails(
        "Transient",
        "General",
        "4.4.7",
        "smtp; 554 4.4.7 Message expired: unable to deliver in 840 minutes.<451 4.3.0 Temporary local problem>",
    ),
)
_UNDETERMINED = (BounceDetails("Undetermined", "Undetermined", "", ""),)
_GREYLISTED = (
    BounceDetails(
        "Transient", "General", "4.2.0", "smtp; 450 4.2.0 <{address}>: Recipient address rejected: Greylisted"
    ),
    BounceDetails("Transient", "General", "4.7.1", "smtp; 451 4.7.1 Greylisting in action, please come back later"),
)
_SIMULATED_BOUNCE = (BounceDetails("Permanent", "General", "5.1.1", "smtp; 550 5.1.1 user unknown"),)

# The diagnostics of bounces from SES's own suppression lists. They have no protocol prefix.
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
    """Return a moment in the format of SES: UTC, milliseconds and ``Z``."""
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
        "ses:operation": [mail.operation],
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
    # The documented examples of DeliveryDelay and Rendering Failure have no headers.
    return {"eventType": kind, "mail": _mail_object(mail, with_headers=key == kind.lower()), key: detail}


def _feedback_id(recipient: _Recipient, kind: str) -> str:
    name = f"{recipient.mail.message_id}/{recipient.address}/{kind}"
    return f"{recipient.mail.received_at.timestamp() * 1000:016.0f}-{uuid.uuid5(uuid.NAMESPACE_URL, name)}-000000"


def _send(mail: ReceivedMail) -> ScheduledEvent:
    return ScheduledEvent(0.0, _event("Send", mail, {}))


def _delivery(recipient: _Recipient, after: float) -> ScheduledEvent:
    detail = {
        "timestamp": iso(recipient.moment(after)),
        "processingTimeMillis": int(after * recipient.pace * 1000),
        "recipients": [recipient.address],
        "smtpResponse": "250 2.6.0 Message received",
        "reportingMTA": "a8-77.smtp-out.amazonses.com",
    }
    event = _event("Delivery", recipient.mail, detail)
    event["mail"]["tags"]["ses:outgoing-ip"] = ["192.0.2.2"]
    return ScheduledEvent(after, event)


def _bounce(
    recipient: _Recipient, after: float, response: BounceDetails, reporting_mta: str = "dsn; {mta}"
) -> ScheduledEvent:
    bounced: Event = {"emailAddress": recipient.address}
    if response.status:
        bounced |= {"action": "failed", "status": response.status}
    if response.diagnostic:
        bounced["diagnosticCode"] = response.diagnostic.replace("{address}", recipient.address).replace(
            "{domain}", recipient.address.rpartition("@")[2]
        )
    detail: Event = {
        "feedbackId": _feedback_id(recipient, "bounce"),
        "bounceType": response.bounce_type,
        "bounceSubType": response.subtype,
        "bouncedRecipients": [bounced],
        "timestamp": iso(recipient.moment(after)),
    }
    if response.status:
        detail["reportingMTA"] = reporting_mta.replace("{mta}", "a8-77.smtp-out.amazonses.com")
    return ScheduledEvent(after, _event("Bounce", recipient.mail, detail))


def _complaint(recipient: _Recipient, after: float, *, subtype: str = "") -> ScheduledEvent:
    at = iso(recipient.moment(after))
    detail: Event = {
        "complainedRecipients": [{"emailAddress": recipient.address}],
        "timestamp": at,
        "feedbackId": _feedback_id(recipient, "complaint"),
        "complaintSubType": subtype or None,
    }
    if not subtype:
        detail |= {"userAgent": "Yahoo!-Mail-Feedback/2.0", "complaintFeedbackType": "abuse", "arrivalDate": at}
    return ScheduledEvent(after, _event("Complaint", recipient.mail, detail))


def _delay(recipient: _Recipient, after: float, delay_type: str, response: BounceDetails) -> ScheduledEvent:
    detail = {
        "timestamp": iso(recipient.moment(after)),
        "delayType": delay_type,
        "expirationTime": iso(recipient.mail.received_at + RETRIED_FOR),
        "delayedRecipients": [
            {
                "emailAddress": recipient.address,
                "status": response.status,
                "diagnosticCode": response.diagnostic.replace("{address}", recipient.address),
            }
        ],
    }
    return ScheduledEvent(after, _event("DeliveryDelay", recipient.mail, detail))


# ---------------------------------------------------------------------------------------------------------
# Situations
# ---------------------------------------------------------------------------------------------------------

_BOUNCE_DELAY = 0.3
_DELIVERY_DELAY = 0.2
_NO_CONNECTION = BounceDetails("", "", "4.4.1", "smtp; 421 4.4.1 Unable to connect to remote host")


def _delivered(recipient: _Recipient) -> list[ScheduledEvent]:
    return [_delivery(recipient, _DELIVERY_DELAY)]


def _silent(_recipient: _Recipient) -> list[ScheduledEvent]:
    return []


def _bounces_with(responses: Sequence[BounceDetails]) -> Situation:
    return lambda recipient: [_bounce(recipient, _BOUNCE_DELAY, recipient.pick(responses))]


def _complains(recipient: _Recipient) -> list[ScheduledEvent]:
    return [_delivery(recipient, _DELIVERY_DELAY), _complaint(recipient, 0.8)]


def _is_slow(recipient: _Recipient) -> list[ScheduledEvent]:
    return [
        _delay(recipient, 0.5, "TransientCommunicationFailure", recipient.pick(_GREYLISTED)),
        _delivery(recipient, 3.0),
    ]


def _expires(recipient: _Recipient) -> list[ScheduledEvent]:
    return [
        _delay(recipient, 0.5, "TransientCommunicationFailure", _NO_CONNECTION),
        _bounce(recipient, 3.0, recipient.pick(_EXPIRED)),
    ]


def _bounces_late(recipient: _Recipient) -> list[ScheduledEvent]:
    return [_delivery(recipient, _DELIVERY_DELAY), _bounce(recipient, 4.0, recipient.pick(_UNKNOWN_USER))]


def _is_out_of_office(recipient: _Recipient) -> list[ScheduledEvent]:
    # An automatic reply is not a delivery report, so it has no DSN fields.
    reply = BounceDetails("Transient", "General", "", "")
    return [_delivery(recipient, _DELIVERY_DELAY), _bounce(recipient, 0.8, reply)]


def _is_on_the_global_list(recipient: _Recipient) -> list[ScheduledEvent]:
    response = BounceDetails("Permanent", "Suppressed", "5.1.1", _SUPPRESSED_GLOBALLY)
    return [_bounce(recipient, _BOUNCE_DELAY, response, "dns; amazonses.com")]


SITUATIONS: Mapping[str, Situation] = {
    "unknown-user": _bounces_with(_UNKNOWN_USER),
    "unknown-domain": _bounces_with(_UNKNOWN_DOMAIN),
    "mailbox-full": _bounces_with(_MAILBOX_FULL),
    "mailbox-disabled": _bounces_with(_MAILBOX_DISABLED),
    "refused": _bounces_with(_REFUSED),
    "blocked": _bounces_with(_BLOCKED),
    "content-rejected": _bounces_with(_CONTENT_REJECTED),
    "too-large": _bounces_with(_TOO_LARGE),
    "unauthenticated": _bounces_with(_UNAUTHENTICATED),
    "undetermined": _bounces_with(_UNDETERMINED),
    "greylisted": _is_slow,
    "slow": _is_slow,
    "expired": _expires,
    "late-bounce": _bounces_late,
    "complaint": _complains,
    "ooto": _is_out_of_office,
    "suppressionlist": _is_on_the_global_list,
    "silent": _silent,
    "unliftable": _bounces_with(_UNKNOWN_USER),
}
"""What happens to email to ``undelivered.example``, by the start of the address's local part."""

_SIMULATOR: Mapping[str, Situation] = {
    "success": _delivered,
    "bounce": _bounces_with(_SIMULATED_BOUNCE),
    "ooto": _is_out_of_office,
    "complaint": _complains,
    "suppressionlist": _is_on_the_global_list,
}

_REJECTED_BY_SES: Mapping[str, tuple[str, Event]] = {
    "rejected": ("Reject", {"reason": "Bad content"}),
    "rendering-failed": (
        "Rendering Failure",
        {"errorMessage": "Attribute 'amount' is not present in the rendering data.", "templateName": "Reminder"},
    ),
}
"""Local parts at ``undelivered.example`` for which SES itself rejects the whole email, with the event."""


def plan_events(
    mail: ReceivedMail, suppressed: Mapping[str, str] | None = None, pace: float = 1.0
) -> list[ScheduledEvent]:
    """Return the events of an email, in order of time.

    ``suppressed`` is the account-level suppression list: ``BOUNCE`` or ``COMPLAINT`` by lower-case address. ``pace``
    multiplies all delays.
    """
    rejection = _rejection_by_ses(mail)
    if rejection:
        return [rejection]
    listed = suppressed or {}

    def events_of(address: str) -> list[ScheduledEvent]:
        reason = "" if _domain(address) == SIMULATOR_DOMAIN else listed.get(address.lower(), "")
        recipient = _Recipient(mail, address, pace)
        return _suppressed_by_ses(recipient, reason) if reason else _situation(address)(recipient)

    return _in_order(mail, events_of, pace)


def plan_events_as(situation: str, mail: ReceivedMail) -> list[ScheduledEvent]:
    """Return the events of an email in a situation, whatever its addresses are.

    ``situation`` is a key of ``SITUATIONS``, or ``delivered``, ``listed`` (on the account's suppression list),
    ``rejected``, ``rendering-failed``, ``blocked-by-outlook`` or ``limited-by-gmail``.
    """
    if situation in _REJECTED_BY_SES:
        kind, detail = _REJECTED_BY_SES[situation]
        return [ScheduledEvent(0.0, _event(kind, mail, detail))]
    others: dict[str, Situation] = {
        "delivered": _delivered,
        "listed": lambda recipient: _suppressed_by_ses(recipient, "BOUNCE"),
        "blocked-by-outlook": _bounces_with((_BLOCKED_BY_OUTLOOK,)),
        "limited-by-gmail": _bounces_with((_LIMITED_BY_GMAIL,)),
    }
    events_of = SITUATIONS.get(situation) or others[situation]
    return _in_order(mail, lambda address: events_of(_Recipient(mail, address, 1.0)), 1.0)


def _in_order(
    mail: ReceivedMail, events_of: Callable[[str], list[ScheduledEvent]], pace: float
) -> list[ScheduledEvent]:
    events = [_send(mail), *(event for address in mail.recipients for event in events_of(address))]
    in_order = sorted(events, key=lambda scheduled: scheduled.after)
    return [ScheduledEvent(scheduled.after * pace, scheduled.event) for scheduled in in_order]


def _rejection_by_ses(mail: ReceivedMail) -> ScheduledEvent | None:
    if mail.carries_virus:
        return ScheduledEvent(0.0, _event("Reject", mail, {"reason": "Bad content"}))
    if mail.missing_attribute:
        message = f"Attribute '{mail.missing_attribute}' is not present in the rendering data."
        failure = {"errorMessage": message, "templateName": mail.template}
        return ScheduledEvent(0.0, _event("Rendering Failure", mail, failure))
    for address in mail.recipients:
        local = address.lower().rpartition("@")[0]
        for name, (kind, detail) in _REJECTED_BY_SES.items():
            if _domain(address) == TEST_DOMAIN and local.startswith(name):
                return ScheduledEvent(0.0, _event(kind, mail, detail))
    return None


def _suppressed_by_ses(recipient: _Recipient, reason: str) -> list[ScheduledEvent]:
    # SES accepts the email and publishes Send. The next event depends on the reason of the list entry.
    if reason == "COMPLAINT":
        return [_complaint(recipient, _BOUNCE_DELAY, subtype="OnAccountSuppressionList")]
    response = BounceDetails("Permanent", "OnAccountSuppressionList", "5.1.1", _SUPPRESSED_BY_ACCOUNT)
    return [_bounce(recipient, _BOUNCE_DELAY, response, "dns; amazonses.com")]


def _situation(address: str) -> Situation:
    local, domain = address.lower().rpartition("@")[0], _domain(address)
    if domain == SIMULATOR_DOMAIN:
        return _SIMULATOR.get(local.partition("+")[0], _delivered)
    if domain == TEST_DOMAIN:
        names = [name for name in SITUATIONS if local.startswith(name)]
        return SITUATIONS[max(names, key=len)] if names else _delivered
    return _delivered


def _domain(address: str) -> str:
    return address.rpartition("@")[2].rstrip(">").lower()


def newly_suppressed(event: Event) -> dict[str, str]:
    """Return the addresses that an event adds to the account-level suppression list as it writes them, with the reason.

    A complaint adds an address, and so does a permanent bounce because of the address (enhanced status 5.1 or 5.2). A
    permanent bounce because of the *sender* (5.7) does not: SES does not document this case, so that is an assumption.
    The addresses of the mailbox simulator are never added.
    """
    reasons: dict[str, str] = {}
    bounce, complaint = event.get("bounce"), event.get("complaint")
    if bounce and bounce["bounceType"] == "Permanent" and bounce["bounceSubType"] in {"General", "NoEmail"}:
        for recipient in bounce["bouncedRecipients"]:
            if recipient.get("status", "").startswith(("5.1", "5.2", "5.4.4", "5.5.0")):
                reasons[recipient["emailAddress"]] = "BOUNCE"
    if complaint and not complaint.get("complaintSubType"):
        reasons |= {person["emailAddress"]: "COMPLAINT" for person in complaint["complainedRecipients"]}
    return {address: reason for address, reason in reasons.items() if _domain(address) != SIMULATOR_DOMAIN}


EVENT_TYPES: Mapping[str, str] = {
    "Send": "SEND",
    "Reject": "REJECT",
    "Bounce": "BOUNCE",
    "Complaint": "COMPLAINT",
    "Delivery": "DELIVERY",
    "DeliveryDelay": "DELIVERY_DELAY",
    "Rendering Failure": "RENDERING_FAILURE",
}
"""The names of event types in an event destination, by the ``eventType`` of the event."""
