"""Parses events of SES: event publishing (`eventType`) and identity notifications (`notificationType`).

The fields are documented in the Amazon SES Developer Guide, *Contents of event data that Amazon SES publishes to Amazon
SNS* and *Amazon SNS notification contents for Amazon SES*.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

from undelivered.adapters.feedback.json_values import (
    CLASSIFIED_LENGTH,
    OccurredAt,
    as_list,
    as_object,
    as_str,
    as_strs,
    attribution,
    message_id,
    parse_subject,
    parse_timestamp,
    printable,
)
from undelivered.adapters.feedback.parsed_event import ParsedEvent, ignore, no_outcome, quarantine
from undelivered.domain.account_mapping import covers
from undelivered.domain.address import ADDRESS_LENGTH, bare_email, normalise_email
from undelivered.domain.classification import classify_bounce
from undelivered.domain.feedback import Attribution, Feedback, Handling, Outcome
from undelivered.domain.item import DIAGNOSTIC_LENGTH, result_of
from undelivered.domain.taxonomy import Channel, Classification, Reason, classification_of

_BODIES = {
    "bounce": "bounce",
    "complaint": "complaint",
    "delivery": "delivery",
    "deliverydelay": "deliveryDelay",
    "reject": "reject",
    "rendering failure": "failure",
}
"""The key of the object that describes each type of event."""

_NO_OUTCOME = {
    "send": "Send: SES accepted the message, which does not prove delivery",
    "open": "Open: adds nothing to the delivery event",
    "click": "Click: adds nothing to the delivery event",
    "subscription": "Subscription: a contact changed list preferences, which is not the outcome of a message",
}

_NOT_OURS = {
    "received": "Received: incoming email, a receipt rule publishes to the wrong topic",
    "amazonsnssubscriptionsucceeded": "a message from SES that a topic was attached to an identity",
}

_SUPPRESSED_SUBTYPES = frozenset({"onaccountsuppressionlist", "ontenantsuppressionlist"})
_NOT_SPAM = "not-spam"
_MAX_RECIPIENTS = 1_000  # a message of SES has at most 50 (Amazon SES Developer Guide, "Service quotas in Amazon SES")


class _Message(NamedTuple):
    """The message that an event is about, and when the event happened."""

    message_id: str
    sent_at: datetime
    at: datetime
    subject: str
    attribution: Attribution
    source: str


class _RecipientReport(NamedTuple):
    """An event's report about one recipient. ``address`` is None if the event names no address."""

    address: str | None
    outcome: Outcome
    rule: str
    classification: Classification | None = None
    diagnostic: str = ""


def is_untyped(event: Mapping[str, object]) -> bool:
    """Whether an object looks like an SES event without its type: it has the fields of exactly one type."""
    return _kind_by_body(event) != ""


def _kind_by_body(event: Mapping[str, object]) -> str:
    kinds = [kind for kind, name in _BODIES.items() if isinstance(event.get(name), dict)]
    return kinds[0] if len(kinds) == 1 else ""


def parse_ses_event(  # noqa: PLR0911 - one return for each handling
    event: Mapping[str, object], occurred_at: OccurredAt, trusted: Callable[[str], bool]
) -> ParsedEvent:
    """Return the feedback in an event of SES.

    ``trusted`` is called with the AWS account that the event names as the sender's.
    """
    values = (event.get("eventType"), event.get("notificationType"))
    types = {as_str(value).strip().casefold() for value in values if value is not None}
    if len(types) > 1:
        # One of the two is wrong, and it is not known which. A delivery read as a bounce would suppress the address;
        # a bounce read as a delivery would resolve the item.
        return quarantine("eventType and notificationType contradict each other")
    # Without a type, the only known object shows it. Some re-publishers drop the other fields.
    kind = types.pop() if types else _kind_by_body(event)
    if kind in _NO_OUTCOME:
        return no_outcome(_NO_OUTCOME[kind], _addresses(as_object(event.get("mail")).get("destination")))
    if kind in _NOT_OURS:
        return ignore(_NOT_OURS[kind])
    if kind not in _BODIES:
        return quarantine("an unknown type of SES event")
    mail, body = as_object(event.get("mail")), as_object(event.get(_BODIES[kind]))
    if not trusted(as_str(mail.get("sendingAccountId"))):
        return quarantine("published to a topic of a different AWS account than the sender's")
    reports = _READERS[kind](body, mail)
    if isinstance(reports, ParsedEvent):
        return reports
    source = "ses.event" if "eventType" in event else "ses.notification"
    message = _message(kind, mail, body, occurred_at, source)
    if message is None:
        return quarantine("neither the event nor its wrapping contains a time")
    return _parsed_event(message, reports)


def _message(
    kind: str,
    mail: Mapping[str, object],
    body: Mapping[str, object],
    occurred_at: OccurredAt,
    source: str,
) -> _Message | None:
    at = occurred_at(parse_timestamp(body.get("timestamp")))
    sent_at = parse_timestamp(mail.get("timestamp")) or at
    if sent_at is None:
        return None
    feedback_id = as_str(body.get("feedbackId"))
    # The feedback id is the same in both of SES's channels. The other values identify an event without one.
    fallback = (
        (feedback_id,)
        if feedback_id
        else (kind, as_str(mail.get("timestamp")), as_str(body.get("timestamp")), as_str(mail.get("source")))
    )
    tags = _tags(as_object(mail.get("tags")))
    identity = _identity(as_str(mail.get("source")), as_str(mail.get("sourceArn")))
    headers = as_object(mail.get("commonHeaders"))
    return _Message(
        message_id=message_id(mail.get("messageId"), *fallback),
        sent_at=sent_at,
        at=max(at or sent_at, sent_at),
        subject=parse_subject(headers.get("subject")),
        attribution=attribution(
            lambda name: tags.get(name, ""), tenant=tags.get("ses:tenant-name", ""), identity=identity
        ),
        source=source,
    )


def _tags(tags: Mapping[str, object]) -> Mapping[str, str]:
    """Return message tags: SES sends each as a list, re-publishers as a string."""
    first = ((name, value[0] if isinstance(value, list) and value else value) for name, value in tags.items())
    return {name: value for name, value in first if isinstance(value, str)}


@lru_cache(maxsize=256)  # an account has few senders, and parsing an address is a tenth of the work for an event
def _identity(source: str, source_arn: str) -> str:
    """Return the sender's address, or the verified identity if that does not cover it or there is no address.

    The address is at least as specific as the identity, whose domain covers subdomains.
    """
    verified = printable(source_arn.partition("identity/")[2], ADDRESS_LENGTH)
    sender = normalise_email(source)
    return sender if sender and (not verified or covers(verified, sender)) else verified.lower()


def _addresses(value: object) -> tuple[str, ...]:
    addresses = map(bare_email, as_strs(value))
    return tuple([address for address in addresses if address])


def _parsed_event(message: _Message, reports: list[_RecipientReport]) -> ParsedEvent:
    """Return one feedback for each recipient. If a recipient is listed twice, the more severe outcome wins."""
    if len(reports) > _MAX_RECIPIENTS:
        return quarantine("more recipients than a message of SES can have")
    by_recipient: dict[str | None, tuple[Feedback, str | None]] = {}
    for report in reports:
        recipient = None if report.address is None else normalise_email(report.address)
        if recipient is None and report.address is not None:
            continue
        written = _bare(report.address, recipient)
        feedback = Feedback(
            channel=Channel.EMAIL,
            provider_message_id=message.message_id,
            recipient=recipient,
            outcome=report.outcome,
            at=message.at,
            sent_at=message.sent_at,
            classification=report.classification,
            diagnostic=report.diagnostic[:DIAGNOSTIC_LENGTH],
            rule=report.rule,
            source=message.source,
            subject=message.subject,
            written="" if written is None or written == recipient else written,
            attribution=message.attribution,
        )
        known = by_recipient.get(recipient)
        if known is None or result_of(feedback).rank > result_of(known[0]).rank:
            by_recipient[recipient] = (feedback, written)
    if not by_recipient:
        # Do not use the whole destination instead: it may include recipients whose email arrived.
        return quarantine("has no recipient with a valid address")
    return ParsedEvent(
        Handling.PROCESS,
        feedback=tuple([feedback for feedback, _ in by_recipient.values()]),
        as_written=tuple([written for _, written in by_recipient.values()]),
    )


def _bare(address: str | None, recipient: str | None) -> str | None:
    return address if address is None or address == recipient else bare_email(address)


# The types of events --------------------------------------------------------------------------------------


def _recipients(value: object) -> list[tuple[str, Mapping[str, object]]]:
    """Return the recipients listed in a bounce, complaint or delay, each with its details."""
    recipients = []
    for entry in as_list(value):
        details = as_object(entry)
        address = as_str(entry) or as_str(details.get("emailAddress"))
        if address:
            recipients.append((address, details))
    return recipients


def _bounce(body: Mapping[str, object], _mail: Mapping[str, object]) -> list[_RecipientReport] | ParsedEvent:
    bounce_type, subtype = as_str(body.get("bounceType")).strip(), as_str(body.get("bounceSubType")).strip()
    reports = []
    for address, details in _recipients(body.get("bouncedRecipients")):
        if _is_automatic_reply(bounce_type, subtype, details):
            reports.append(_RecipientReport(address, Outcome.AUTO_REPLY, "ses:transient/general/auto_reply"))
            continue
        # Disputed in the samples: a recipient with action "delayed" within a Permanent bounce. The type of the bounce
        # applies to all its recipients, since SES sends it only after the last try. Likewise a Transient bounce stays
        # soft whatever code the receiver gave. The classification makes the exceptions.
        diagnostic = printable(details.get("diagnosticCode"), CLASSIFIED_LENGTH)
        classification, rule = _classify(
            bounce_type, subtype, diagnostic, as_str(details.get("status")).strip()[:20] or None
        )
        # Not documented: the event of a forwarded email names the final recipient, which is not in the destination. A
        # guess at the forwarding address could suppress the wrong address.
        reports.append(_RecipientReport(address, Outcome.FAILED, rule, classification, diagnostic))
    return reports or quarantine("a bounce without a recipient")


def _is_automatic_reply(bounce_type: str, subtype: str, recipient: Mapping[str, object]) -> bool:
    """Whether a bounce is an automatic reply, such as an out-of-office message.

    SES reports one as Transient/General without what a delivery status notification would say (Amazon SES Developer
    Guide, "Bounce types"; the mailbox simulator's ``ooto@``).
    """
    if (bounce_type.casefold(), subtype.casefold()) != ("transient", "general"):
        return False
    return not any(as_str(recipient.get(name)).strip() for name in ("action", "status", "diagnosticCode"))


@lru_cache(maxsize=1_000)
def _classify(bounce_type: str, subtype: str, diagnostic: str, status: str | None) -> tuple[Classification, str]:
    """Return the classification of a bounce and its rule. Cached, since a burst of bounces repeats the same one."""
    classification = classify_bounce(bounce_type, subtype, diagnostic, status)
    return classification.without_rule(), classification.rule


def _complaint(body: Mapping[str, object], mail: Mapping[str, object]) -> list[_RecipientReport] | ParsedEvent:
    listed = [address for address, _ in _recipients(body.get("complainedRecipients"))]
    kind = as_str(body.get("complaintFeedbackType")).strip().casefold()
    if as_str(body.get("complaintSubType")).strip().casefold() in _SUPPRESSED_SUBTYPES:
        dropped = classification_of(Reason.SUPPRESSED_COMPLAINT)
        # Some complaints name no recipient. A single destination is then the recipient. With several, only the id is
        # known.
        addresses: list[str | None] = [*(listed or _only(mail.get("destination")))] or [None]
        if addresses == [None] and not as_str(mail.get("messageId")):
            return quarantine("a complaint without a recipient and message")
        rule = "ses:complaint/on_suppression_list"
        return [_RecipientReport(address, Outcome.FAILED, rule, dropped) for address in addresses]
    if not listed:
        return quarantine("a complaint without a recipient")
    if kind == _NOT_SPAM:
        # Not documented by SES: this type reports that the recipient moved the email out of the spam folder (RFC 5965
        # and IANA's registry of feedback types), the opposite of a complaint.
        return no_outcome(
            "Complaint not-spam: the recipient wants the email", tuple(filter(None, map(bare_email, listed)))
        )
    # Disputed: auth-failure is a report of the receiving system (RFC 6591), not of the recipient; and where the
    # complainant is hidden, all recipients of the domain are listed. SES treats each as a complaint and suppresses the
    # address, so later email to it is dropped in any case.
    rule = f"ses:complaint/{kind}" if kind in _FEEDBACK_TYPES else "ses:complaint"
    classification = classification_of(Reason.COMPLAINT)
    diagnostic = printable(body.get("complaintFeedbackType"), DIAGNOSTIC_LENGTH)
    return [_RecipientReport(address, Outcome.COMPLAINED, rule, classification, diagnostic) for address in listed]


_FEEDBACK_TYPES = frozenset({"abuse", "auth-failure", "fraud", "other", "virus"})  # IANA, Feedback Report Type Values


def _only(destination: object) -> list[str]:
    addresses = as_strs(destination)
    return [*addresses] if len(addresses) == 1 else []


def _delivery(body: Mapping[str, object], _mail: Mapping[str, object]) -> list[_RecipientReport] | ParsedEvent:
    recipients = as_strs(body.get("recipients"))
    diagnostic = printable(body.get("smtpResponse"), DIAGNOSTIC_LENGTH)
    return [
        _RecipientReport(address, Outcome.DELIVERED, "ses:delivery", diagnostic=diagnostic) for address in recipients
    ] or quarantine("a delivery without a recipient")


def _delay(body: Mapping[str, object], _mail: Mapping[str, object]) -> list[_RecipientReport] | ParsedEvent:
    kind = printable(body.get("delayType"), 50)
    return [
        _RecipientReport(
            address,
            Outcome.DELAYED,
            "ses:delivery_delay",
            diagnostic=printable(details.get("diagnosticCode"), DIAGNOSTIC_LENGTH) or kind,
        )
        for address, details in _recipients(body.get("delayedRecipients"))
    ] or quarantine("a delay without a recipient")


def _reject(body: Mapping[str, object], mail: Mapping[str, object]) -> list[_RecipientReport] | ParsedEvent:
    return _whole_mail(mail, "ses:reject", Reason.REJECTED, printable(body.get("reason"), DIAGNOSTIC_LENGTH))


def _rendering_failure(body: Mapping[str, object], mail: Mapping[str, object]) -> list[_RecipientReport] | ParsedEvent:
    diagnostic = printable(body.get("errorMessage"), DIAGNOSTIC_LENGTH)
    return _whole_mail(mail, "ses:rendering_failure", Reason.RENDERING_FAILED, diagnostic)


def _whole_mail(
    mail: Mapping[str, object], rule: str, reason: Reason, diagnostic: str
) -> list[_RecipientReport] | ParsedEvent:
    """Return the failure of an email that was never sent, for all its recipients."""
    addresses: list[str | None] = [*as_strs(mail.get("destination"))]
    if not addresses and not as_str(mail.get("messageId")):
        return quarantine("has no recipient and no message")
    return [
        _RecipientReport(address, Outcome.FAILED, rule, classification_of(reason), diagnostic)
        for address in addresses or [None]
    ]


_READERS: Mapping[str, Callable[[Mapping[str, object], Mapping[str, object]], list[_RecipientReport] | ParsedEvent]] = {
    "bounce": _bounce,
    "complaint": _complaint,
    "delivery": _delivery,
    "deliverydelay": _delay,
    "reject": _reject,
    "rendering failure": _rendering_failure,
}
