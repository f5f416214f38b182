"""What SES reports: event publishing (`eventType`) and identity notifications (`notificationType`).

Fields after the Amazon SES Developer Guide, *Contents of event data that Amazon SES publishes to Amazon SNS* and
*Amazon SNS notification contents for Amazon SES*.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

from undelivered.adapters.feedback.json_values import (
    JUDGED_LENGTH,
    as_list,
    as_object,
    as_str,
    as_strs,
    attribution,
    heading,
    message_id,
    parse_timestamp,
    printable,
)
from undelivered.adapters.feedback.parsed_event import ParsedEvent, ignore, quarantine, without_consequence
from undelivered.domain.address import bare_email, normalise_email
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
"""The object that tells about each type of event."""

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


class _Mail(NamedTuple):
    """The message that an event is about, and when the event happened."""

    message_id: str
    sent_at: datetime
    at: datetime
    subject: str
    attribution: Attribution
    source: str


class _Finding(NamedTuple):
    """What an event says of one recipient; ``address`` is None where it names none."""

    address: str | None
    outcome: Outcome
    rule: str
    classification: Classification | None = None
    diagnostic: str = ""


def is_untyped(event: Mapping[str, object]) -> bool:
    """Whether an object has the look of an event of SES that lost its type: it holds what one type tells."""
    return _kind_by_body(event) != ""


def _kind_by_body(event: Mapping[str, object]) -> str:
    kinds = [kind for kind, name in _BODIES.items() if isinstance(event.get(name), dict)]
    return kinds[0] if len(kinds) == 1 else ""


def parse_ses_event(  # noqa: PLR0911 - one line for each way to handle it
    event: Mapping[str, object], published_at: Callable[[], datetime | None], trusted: Callable[[str], bool]
) -> ParsedEvent:
    """Return the feedback in an event of SES.

    ``published_at`` gives the time that the wrapping tells, for events that tell none. ``trusted`` is asked
    with the AWS account that the event says it was sent from.
    """
    named = (event.get("eventType"), event.get("notificationType"))
    told = {as_str(name).strip().casefold() for name in named if name is not None}
    if len(told) > 1:
        # One of the two is a lie and nothing says which: a delivery taken for a bounce would write the
        # address off, a bounce taken for a delivery would close the item.
        return quarantine("eventType and notificationType contradict each other")
    # Without any type, the one object that there is tells (seen from re-publishers that cut the rest).
    kind = told.pop() if told else _kind_by_body(event)
    if kind in _NO_OUTCOME:
        return without_consequence(_NO_OUTCOME[kind], _addresses(as_object(event.get("mail")).get("destination")))
    if kind in _NOT_OURS:
        return ignore(_NOT_OURS[kind])
    if kind not in _BODIES:
        return quarantine("an unknown type of SES event")
    mail, body = as_object(event.get("mail")), as_object(event.get(_BODIES[kind]))
    if not trusted(as_str(mail.get("sendingAccountId"))):
        return quarantine("published to a topic of a different AWS account than the sender's")
    findings = _READERS[kind](body, mail)
    if isinstance(findings, ParsedEvent):
        return findings
    source = "ses.event" if "eventType" in event else "ses.notification"
    letter = _mail(kind, mail, body, published_at, source)
    if letter is None:
        return quarantine("neither the event nor its wrapping contains a time")
    return _reading(letter, findings)


def _mail(
    kind: str,
    mail: Mapping[str, object],
    body: Mapping[str, object],
    published_at: Callable[[], datetime | None],
    source: str,
) -> _Mail | None:
    happened = parse_timestamp(body.get("timestamp")) or published_at()
    sent_at = parse_timestamp(mail.get("timestamp")) or happened
    if sent_at is None:
        return None
    feedback_id = as_str(body.get("feedbackId"))
    # The feedback id is the same in both of SES's channels; the rest identifies an event that has none.
    instead = (
        (feedback_id,)
        if feedback_id
        else (kind, as_str(mail.get("timestamp")), as_str(body.get("timestamp")), as_str(mail.get("source")))
    )
    tags = _tags(as_object(mail.get("tags")))
    headers = as_object(mail.get("commonHeaders"))
    return _Mail(
        message_id=message_id(mail.get("messageId"), *instead),
        sent_at=sent_at,
        at=happened or sent_at,
        subject=heading(headers.get("subject")),
        attribution=attribution(
            lambda name: tags.get(name, ""), tenant=tags.get("ses:tenant-name", ""), identity=_identity(mail)
        ),
        source=source,
    )


def _tags(told: Mapping[str, object]) -> Mapping[str, str]:
    """Return message tags; SES makes each a list, re-publishers a string."""
    first = ((name, value[0] if isinstance(value, list) and value else value) for name, value in told.items())
    return {name: value for name, value in first if isinstance(value, str)}


def _identity(mail: Mapping[str, object]) -> str:
    """Return the verified identity that sent, else the domain of the sender, lower-cased."""
    named = as_str(mail.get("sourceArn")).partition("identity/")[2]
    if named:
        return printable(named, 320).lower()
    sender = normalise_email(as_str(mail.get("source")))
    return sender.rpartition("@")[2] if sender else ""


def _addresses(value: object) -> tuple[str, ...]:
    found = (bare_email(address) for address in as_strs(value))
    return tuple([address for address in found if address])


def _reading(mail: _Mail, findings: list[_Finding]) -> ParsedEvent:
    """Return the reading: one feedback a person, the graver where one is listed twice."""
    told: dict[str | None, tuple[Feedback, str | None]] = {}
    for finding in findings:
        recipient = None if finding.address is None else normalise_email(finding.address)
        if recipient is None and finding.address is not None:
            continue
        feedback = Feedback(
            channel=Channel.EMAIL,
            provider_message_id=mail.message_id,
            recipient=recipient,
            outcome=finding.outcome,
            at=mail.at,
            sent_at=mail.sent_at,
            classification=finding.classification,
            diagnostic=finding.diagnostic[:DIAGNOSTIC_LENGTH],
            rule=finding.rule,
            source=mail.source,
            subject=mail.subject,
            attribution=mail.attribution,
        )
        known = told.get(recipient)
        if known is None or result_of(feedback).rank > result_of(known[0]).rank:
            told[recipient] = (feedback, finding.address)
    if not told:
        # Never the whole destination instead: that would blame people whose mail arrived.
        return quarantine("has no recipient with a valid address")
    return ParsedEvent(
        Handling.PROCESS,
        feedback=tuple([feedback for feedback, _ in told.values()]),
        as_written=tuple([_bare(address, feedback.recipient) for feedback, address in told.values()]),
    )


def _bare(address: str | None, recipient: str | None) -> str | None:
    return address if address is None or address == recipient else bare_email(address)


# What each type of event says --------------------------------------------------------------------------------------


def _named(value: object) -> list[tuple[str, Mapping[str, object]]]:
    """Return the recipients that a bounce, complaint or delay lists, with what it says of each."""
    found = []
    for entry in as_list(value):
        about = as_object(entry)
        address = as_str(entry) or as_str(about.get("emailAddress"))
        if address:
            found.append((address, about))
    return found


def _bounce(body: Mapping[str, object], _mail: Mapping[str, object]) -> list[_Finding] | ParsedEvent:
    bounce_type, subtype = as_str(body.get("bounceType")).strip(), as_str(body.get("bounceSubType")).strip()
    findings = []
    for address, about in _named(body.get("bouncedRecipients")):
        if _is_automatic_reply(bounce_type, subtype, about):
            findings.append(_Finding(address, Outcome.AUTO_REPLY, "ses:transient/general/auto_reply"))
            continue
        # Disputed in the samples: a recipient with action "delayed" within a Permanent bounce. The type of
        # the bounce holds for all in it, since SES sends one only after it has stopped trying; likewise a
        # Transient bounce stays soft whatever code the receiver gave. Exceptions are the judgement's.
        diagnostic = printable(about.get("diagnosticCode"), JUDGED_LENGTH)
        classification, rule = _judged(
            bounce_type, subtype, diagnostic, as_str(about.get("status")).strip()[:20] or None
        )
        # Disputed: a forwarded mail names the final recipient, who is not in the destination. The event names
        # who bounced, and guessing which of the destinations was forwarded could blame the wrong person.
        findings.append(_Finding(address, Outcome.FAILED, rule, classification, diagnostic))
    return findings or quarantine("a bounce without a recipient")


def _is_automatic_reply(bounce_type: str, subtype: str, recipient: Mapping[str, object]) -> bool:
    """Whether a bounced recipient stands for an automatic reply, such as an out-of-office message.

    SES reports one as Transient/General without what a delivery status notification would say (Amazon SES Developer
    Guide, "Bounce types"; the mailbox simulator's ``ooto@``).
    """
    if (bounce_type.casefold(), subtype.casefold()) != ("transient", "general"):
        return False
    return not any(as_str(recipient.get(name)).strip() for name in ("action", "status", "diagnosticCode"))


@lru_cache(maxsize=1_000)
def _judged(bounce_type: str, subtype: str, diagnostic: str, status: str | None) -> tuple[Classification, str]:
    """Return the judgement on a bounce; kept, since a burst of bounces says the same again and again."""
    judged = classify_bounce(bounce_type, subtype, diagnostic, status)
    return judged.without_rule(), judged.rule


def _complaint(body: Mapping[str, object], mail: Mapping[str, object]) -> list[_Finding] | ParsedEvent:
    named = [address for address, _ in _named(body.get("complainedRecipients"))]
    kind = as_str(body.get("complaintFeedbackType")).strip().casefold()
    if as_str(body.get("complaintSubType")).strip().casefold() in _SUPPRESSED_SUBTYPES:
        dropped = classification_of(Reason.SUPPRESSED_COMPLAINT)
        # Seen without any recipients; a destination of one can be meant alone, of several only the id tells.
        addresses: list[str | None] = [*(named or _only(mail.get("destination")))] or [None]
        if addresses == [None] and not as_str(mail.get("messageId")):
            return quarantine("a complaint without a recipient and message")
        rule = "ses:complaint/on_suppression_list"
        return [_Finding(address, Outcome.FAILED, rule, dropped) for address in addresses]
    if not named:
        return quarantine("a complaint without a recipient")
    if kind == _NOT_SPAM:
        # Disputed: the feedback report says that the recipient took the mail out of the spam folder (RFC 5965 and
        # IANA's registry of feedback types), the contrary of a complaint.
        return without_consequence(
            "Complaint not-spam: the recipient wants the mail", tuple(filter(None, map(bare_email, named)))
        )
    # Disputed: auth-failure is the receiving system's report (RFC 6591), not the recipient's wish; and where the
    # complainant is hidden all recipients of that domain are listed. SES counts and suppresses each of these as a
    # complaint, so later mail to them is dropped whatever we think: the report says so too.
    rule = f"ses:complaint/{kind}" if kind in _FEEDBACK_TYPES else "ses:complaint"
    marked = classification_of(Reason.COMPLAINT)
    diagnostic = printable(body.get("complaintFeedbackType"), DIAGNOSTIC_LENGTH)
    return [_Finding(address, Outcome.COMPLAINED, rule, marked, diagnostic) for address in named]


_FEEDBACK_TYPES = frozenset({"abuse", "auth-failure", "fraud", "other", "virus"})  # IANA, Feedback Report Type Values


def _only(destination: object) -> list[str]:
    addresses = as_strs(destination)
    return [*addresses] if len(addresses) == 1 else []


def _delivery(body: Mapping[str, object], _mail: Mapping[str, object]) -> list[_Finding] | ParsedEvent:
    recipients = as_strs(body.get("recipients"))
    diagnostic = printable(body.get("smtpResponse"), DIAGNOSTIC_LENGTH)
    return [
        _Finding(address, Outcome.DELIVERED, "ses:delivery", diagnostic=diagnostic) for address in recipients
    ] or quarantine("a delivery without a recipient")


def _delay(body: Mapping[str, object], _mail: Mapping[str, object]) -> list[_Finding] | ParsedEvent:
    kind = printable(body.get("delayType"), 50)
    return [
        _Finding(
            address,
            Outcome.DELAYED,
            "ses:delivery_delay",
            diagnostic=printable(about.get("diagnosticCode"), DIAGNOSTIC_LENGTH) or kind,
        )
        for address, about in _named(body.get("delayedRecipients"))
    ] or quarantine("a delay without a recipient")


def _reject(body: Mapping[str, object], mail: Mapping[str, object]) -> list[_Finding] | ParsedEvent:
    return _whole_mail(mail, "ses:reject", Reason.REJECTED, printable(body.get("reason"), DIAGNOSTIC_LENGTH))


def _rendering_failure(body: Mapping[str, object], mail: Mapping[str, object]) -> list[_Finding] | ParsedEvent:
    told = printable(body.get("errorMessage"), DIAGNOSTIC_LENGTH)
    return _whole_mail(mail, "ses:rendering_failure", Reason.RENDERING_FAILED, told)


def _whole_mail(mail: Mapping[str, object], rule: str, reason: Reason, told: str) -> list[_Finding] | ParsedEvent:
    """Return what befell a mail that never left: it concerns everybody it was for."""
    addresses: list[str | None] = [*as_strs(mail.get("destination"))]
    if not addresses and not as_str(mail.get("messageId")):
        return quarantine("has no recipient and no message")
    return [_Finding(address, Outcome.FAILED, rule, classification_of(reason), told) for address in addresses or [None]]


_READERS: Mapping[str, Callable[[Mapping[str, object], Mapping[str, object]], list[_Finding] | ParsedEvent]] = {
    "bounce": _bounce,
    "complaint": _complaint,
    "delivery": _delivery,
    "deliverydelay": _delay,
    "reject": _reject,
    "rendering failure": _rendering_failure,
}
