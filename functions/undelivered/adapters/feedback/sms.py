"""Outcomes of text messages: End User Messaging SMS events and SNS's delivery-status log entries.

The fields are documented in the AWS End User Messaging SMS User Guide, *Example event data*, and the Amazon SNS
Developer Guide, *Viewing Amazon CloudWatch metrics and logs for SMS deliveries*.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from msgspec import Struct

from undelivered.adapters.feedback.json_values import (
    CLASSIFIED_LENGTH,
    OccurredAt,
    as_object,
    as_str,
    attribution,
    message_id,
    parse_timestamp,
    printable,
)
from undelivered.adapters.feedback.parsed_event import ParsedEvent, ignore, no_outcome, quarantine
from undelivered.domain.address import normalise_phone
from undelivered.domain.classification.sms import classify_sms_event, classify_sms_response
from undelivered.domain.feedback import Attribution, Feedback, Handling, Outcome
from undelivered.domain.item import DIAGNOSTIC_LENGTH
from undelivered.domain.taxonomy import Channel, Classification

TEXT_EVENT = "TEXT_"
"""The prefix of the types of End User Messaging SMS events."""

_DELIVERED_TYPES = frozenset({"TEXT_DELIVERED", "TEXT_SUCCESSFUL"})
"""Both mean delivered; which one is sent depends on the country."""

_PENDING_TYPES = frozenset({"TEXT_QUEUED", "TEXT_PENDING", "TEXT_SENT"})
_OTHER_ENDPOINTS = ("arn:", "://", "@")
"""Deliveries of a topic to functions, queues, web pages and mailboxes are logged in the same format."""

_MAX_NUMBER_LENGTH = 40
_MAX_DWELL_MS = 7 * 86_400_000


class _TextMessage(Struct, frozen=True):
    """The text message of an event. ``destination`` is its number, which may be masked or empty."""

    message_id: str
    destination: str
    sent_at: datetime
    at: datetime
    diagnostic: str
    source: str
    attribution: Attribution

    def parsed(self, outcome: Outcome, classification: Classification | None, rule: str) -> ParsedEvent:
        """Return the result for an event about this message."""
        recipient = normalise_phone(self.destination)
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
            written="" if recipient else self.destination,
            attribution=self.attribution,
        )
        return ParsedEvent(Handling.PROCESS, feedback=(feedback,), as_written=(self.destination or None,))


def parse_sms_event(event: Mapping[str, object], occurred_at: OccurredAt) -> ParsedEvent:
    """Return the feedback in an End User Messaging SMS event."""
    kind = as_str(event.get("eventType")).strip().upper()
    destination = printable(event.get("destinationPhoneNumber"), _MAX_NUMBER_LENGTH)
    final = event.get("isFinal")
    is_final = final is not False and as_str(final).casefold() != "false"
    if kind in _PENDING_TYPES or (kind in _DELIVERED_TYPES and not is_final):
        return no_outcome(f"{kind}: the message is in transit", (destination,) if destination else ())
    at = occurred_at(parse_timestamp(event.get("eventTimestamp")))
    sent_at = parse_timestamp(event.get("messageRequestTimestamp")) or at
    if sent_at is None:
        return quarantine("neither the event nor its wrapping contains a time")
    if not destination and not as_str(event.get("messageId")):
        return quarantine("has no number and no message")
    context = as_object(event.get("context"))
    message = _TextMessage(
        message_id=message_id(event.get("messageId"), destination, sent_at.isoformat()),
        destination=destination,
        sent_at=sent_at,
        at=max(at or sent_at, sent_at),
        diagnostic=printable(event.get("messageStatusDescription"), DIAGNOSTIC_LENGTH),
        source="sms.event",
        attribution=attribution(lambda name: as_str(context.get(name))),
    )
    if kind in _DELIVERED_TYPES:
        return message.parsed(Outcome.DELIVERED, None, f"sms:{kind.lower()}")
    classification = classify_sms_event(kind, is_final)
    if classification is None:
        return quarantine("an unknown type of text message event")
    return message.parsed(
        Outcome.FAILED,
        Classification(classification.status, classification.kind, classification.fault, classification.reason),
        classification.rule,
    )


def is_sms_log_entry(event: Mapping[str, object]) -> bool:
    """Whether an object looks like an entry of SNS's delivery-status logs."""
    return isinstance(event.get("notification"), dict) and isinstance(event.get("delivery"), dict)


def parse_sms_log_entry(event: Mapping[str, object], occurred_at: OccurredAt) -> ParsedEvent:
    """Return the feedback in an entry of SNS's delivery-status logs."""
    notification, delivery = as_object(event.get("notification")), as_object(event.get("delivery"))
    destination = printable(delivery.get("destination"), 200)
    if any(mark in destination for mark in _OTHER_ENDPOINTS):
        return ignore("an SNS delivery log that is not about a text message")
    status = as_str(event.get("status")).strip().upper()
    if status not in {"SUCCESS", "FAILURE"}:
        return quarantine("a delivery log entry with an unknown status")
    if not destination and not as_str(notification.get("messageId")):
        return quarantine("has no number and no message")
    sent_at = parse_timestamp(notification.get("timestamp")) or occurred_at(None)
    if sent_at is None:
        return quarantine("neither the log entry nor its wrapping contains a time")
    response = printable(delivery.get("providerResponse"), CLASSIFIED_LENGTH)
    message = _TextMessage(
        message_id=message_id(notification.get("messageId"), destination, as_str(notification.get("timestamp"))),
        destination=destination[:_MAX_NUMBER_LENGTH],
        sent_at=sent_at,
        at=max(occurred_at(sent_at + _dwell(delivery)) or sent_at, sent_at),
        diagnostic=response[:DIAGNOSTIC_LENGTH],
        source="sms.log",
        attribution=Attribution(),
    )
    if status == "SUCCESS":
        return message.parsed(Outcome.DELIVERED, None, "sms:success")
    classification = classify_sms_response(response)
    return message.parsed(Outcome.FAILED, classification.without_rule(), classification.rule)


def _dwell(delivery: Mapping[str, object]) -> timedelta:
    """Return how long the carrier took to respond."""
    spent = delivery.get("dwellTimeMs")
    if isinstance(spent, bool) or not isinstance(spent, int | float) or not 0 <= spent <= _MAX_DWELL_MS:
        return timedelta()
    return timedelta(milliseconds=spent)
