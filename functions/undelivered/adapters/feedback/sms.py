"""What became of text messages: End User Messaging SMS events and SNS's delivery-status log entries.

Fields after the AWS End User Messaging SMS User Guide, *Example event data*, and the Amazon SNS Developer Guide,
*Viewing Amazon CloudWatch metrics and logs for SMS deliveries*.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from msgspec import Struct

from undelivered.adapters.feedback.json_values import (
    JUDGED_LENGTH,
    as_object,
    as_str,
    attribution,
    message_id,
    parse_timestamp,
    printable,
)
from undelivered.adapters.feedback.parsed_event import ParsedEvent, ignore, quarantine, without_consequence
from undelivered.domain.address import normalise_phone
from undelivered.domain.classification.sms import classify_sms_event, classify_sms_response
from undelivered.domain.feedback import Attribution, Feedback, Handling, Outcome
from undelivered.domain.item import DIAGNOSTIC_LENGTH
from undelivered.domain.taxonomy import Channel, Classification

TEXT_EVENT = "TEXT_"
"""How the types of End User Messaging SMS events begin."""

_ARRIVED = frozenset({"TEXT_DELIVERED", "TEXT_SUCCESSFUL"})  # used for the same thing, depending on the country
_UNDER_WAY = frozenset({"TEXT_QUEUED", "TEXT_PENDING", "TEXT_SENT"})
_NOT_PHONES = ("arn:", "://", "@")  # a topic's deliveries to functions, queues, pages and mailboxes are logged alike
_LONGEST_NUMBER = 40
_LONGEST_DWELL_MS = 7 * 86_400_000


class _Text(Struct, frozen=True):
    """A text message that an event is about; ``written`` is its number as spelled there, masked or empty maybe."""

    message_id: str
    written: str
    sent_at: datetime
    at: datetime
    diagnostic: str
    source: str
    attribution: Attribution

    def reading(self, outcome: Outcome, classification: Classification | None, rule: str) -> ParsedEvent:
        """Return the reading of an event that says what became of the message."""
        recipient = normalise_phone(self.written)
        feedback = Feedback(
            channel=Channel.SMS,
            provider_message_id=self.message_id,
            recipient=recipient,
            outcome=outcome,
            at=self.at,
            sent_at=self.sent_at,
            classification=classification,
            diagnostic=self.diagnostic,
            rule=rule,
            source=self.source,
            written="" if recipient else self.written,
            attribution=self.attribution,
        )
        return ParsedEvent(Handling.PROCESS, feedback=(feedback,), as_written=(self.written or None,))


def parse_sms_event(event: Mapping[str, object], published_at: Callable[[], datetime | None]) -> ParsedEvent:
    """Return the feedback in an End User Messaging SMS event."""
    kind = as_str(event.get("eventType")).strip().upper()
    written = printable(event.get("destinationPhoneNumber"), _LONGEST_NUMBER)
    final = event.get("isFinal")
    is_final = final is not False and as_str(final).casefold() != "false"
    if kind in _UNDER_WAY or (kind in _ARRIVED and not is_final):
        return without_consequence(f"{kind}: the message is in transit", (written,) if written else ())
    at = parse_timestamp(event.get("eventTimestamp")) or published_at()
    sent_at = parse_timestamp(event.get("messageRequestTimestamp")) or at
    if sent_at is None:
        return quarantine("neither the event nor its wrapping contains a time")
    if not written and not as_str(event.get("messageId")):
        return quarantine("has no number and no message")
    context = as_object(event.get("context"))
    told = _Text(
        message_id=message_id(event.get("messageId"), written, sent_at.isoformat()),
        written=written,
        sent_at=sent_at,
        at=at or sent_at,
        diagnostic=printable(event.get("messageStatusDescription"), DIAGNOSTIC_LENGTH),
        source="sms.event",
        attribution=attribution(lambda name: as_str(context.get(name))),
    )
    if kind in _ARRIVED:
        return told.reading(Outcome.DELIVERED, None, f"sms:{kind.lower()}")
    judged = classify_sms_event(kind, is_final)
    if judged is None:
        return quarantine("an unknown type of text message event")
    return told.reading(
        Outcome.FAILED, Classification(judged.status, judged.kind, judged.fault, judged.reason), judged.rule
    )


def is_sms_log_entry(event: Mapping[str, object]) -> bool:
    """Whether an object has the look of an entry of SNS's delivery-status logs."""
    return isinstance(event.get("notification"), dict) and isinstance(event.get("delivery"), dict)


def parse_sms_log_entry(event: Mapping[str, object], published_at: Callable[[], datetime | None]) -> ParsedEvent:
    """Return the feedback in an entry of SNS's delivery-status logs."""
    notification, delivery = as_object(event.get("notification")), as_object(event.get("delivery"))
    written = printable(delivery.get("destination"), 200)
    if any(mark in written for mark in _NOT_PHONES):
        return ignore("an SNS delivery log that is not about a text message")
    status = as_str(event.get("status")).strip().upper()
    if status not in {"SUCCESS", "FAILURE"}:
        return quarantine("a delivery log entry with an unknown status")
    if not written and not as_str(notification.get("messageId")):
        return quarantine("has no number and no message")
    sent_at = parse_timestamp(notification.get("timestamp")) or published_at()
    if sent_at is None:
        return quarantine("neither the log entry nor its wrapping contains a time")
    answer = printable(delivery.get("providerResponse"), JUDGED_LENGTH)
    told = _Text(
        message_id=message_id(notification.get("messageId"), written, as_str(notification.get("timestamp"))),
        written=written[:_LONGEST_NUMBER],
        sent_at=sent_at,
        at=sent_at + _dwell(delivery),
        diagnostic=answer[:DIAGNOSTIC_LENGTH],
        source="sms.log",
        attribution=Attribution(),
    )
    if status == "SUCCESS":
        return told.reading(Outcome.DELIVERED, None, "sms:success")
    judged = classify_sms_response(answer)
    return told.reading(Outcome.FAILED, judged.without_rule(), judged.rule)


def _dwell(delivery: Mapping[str, object]) -> timedelta:
    """Return how long the carrier took to answer."""
    spent = delivery.get("dwellTimeMs")
    if isinstance(spent, bool) or not isinstance(spent, int | float) or not 0 <= spent <= _LONGEST_DWELL_MS:
        return timedelta()
    return timedelta(milliseconds=spent)
