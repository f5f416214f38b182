"""Unwraps events: from SQS, SNS, EventBridge, CloudWatch Logs, Firehose or Kinesis down to the report itself."""

import base64
import binascii
import json
import re
import zlib
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import TypeVar

from msgspec import Struct
from msgspec.structs import replace

from undelivered.adapters.feedback.json_values import as_list, as_object, as_str, parse_timestamp
from undelivered.adapters.feedback.parsed_event import ParsedEvent, combine_records, ignore, quarantine
from undelivered.adapters.feedback.ses import is_untyped, parse_ses_event
from undelivered.adapters.feedback.sms import TEXT_EVENT, is_sms_log_entry, parse_sms_event, parse_sms_log_entry
from undelivered.domain.feedback import Handling

_MAX_DEPTH = 8  # the maximum depth of nested envelopes; EventBridge in SNS in SQS in Lambda is four
_MAX_UNPACKED = 8 * 1024 * 1024
"""Bytes of an event's gzip data when unpacked. A batch of CloudWatch Logs is packed into an event of Lambda, of at most
1 MB, and delivery statuses shrink to a tenth."""

_MAX_VALUES = 500_000
"""Values in the JSON of unpacked data, where three bytes can become an object of 72. A delivery status has about 20."""

_MAX_RECORDS = 20_000
"""Records in a batch. 1 MB has 11,000 delivery statuses when packed."""

_GZIP = 16 + zlib.MAX_WBITS
_GZIP_MARK = b"\x1f\x8b"

_T = TypeVar("_T")

_VALIDATION_TEXT = "Successfully validated SNS topic for Amazon SES"
_SNS_HOST = re.compile(r"https://sns\.[a-z0-9-]{3,40}\.amazonaws\.(?:com|com\.cn|eu)/[^\s]*", re.IGNORECASE)
_TOPIC = re.compile(r"arn:aws[a-z-]*:sns:[a-z0-9-]{3,40}:(\w{1,20}):[\w.-]{1,260}")

# EventBridge has its own names for the types; `detail` holds the event as event publishing sends it.
_DETAIL_TYPES = {
    "Email Sent": "Send",
    "Email Delivered": "Delivery",
    "Email Bounced": "Bounce",
    "Email Complaint Received": "Complaint",
    "Email Rejected": "Reject",
    "Email Opened": "Open",
    "Email Clicked": "Click",
    "Email Rendering Failed": "Rendering Failure",
    "Email Delivery Delayed": "DeliveryDelay",
    "Email Subscribed": "Subscription",
}


class _Unpacking(Struct):
    """How many bytes an event may still unpack to. A batch can have many small gzip records that each become large."""

    bytes_left: int = _MAX_UNPACKED


class _EnvelopeContext(Struct, frozen=True):
    """The data about an event from its envelopes. ``times`` are their timestamps as written, the innermost first."""

    known_topics: frozenset[str] | None
    received_at: datetime | None
    unpacking: _Unpacking
    times: tuple[object, ...] = ()
    topic: str = ""
    depth: int = 0

    def nested(self, published_at: object = None, topic: str = "") -> "_EnvelopeContext":
        """Return the context of the content of this envelope."""
        times = self.times if published_at is None else (published_at, *self.times)
        return replace(self, times=times, topic=topic or self.topic, depth=self.depth + 1)

    def occurred_at(self, stated: datetime | None) -> datetime | None:
        """Return the time that a receiving server, carrier or mailbox provider states, but none after our receipt.

        The time of receipt is the outermost time, SQS's ``SentTimestamp``. Without a stated time, the time of
        publication is returned.
        """
        receipt = (parse_timestamp(self.times[-1]) if self.times else None) or self.received_at
        occurred = stated or next(filter(None, map(parse_timestamp, self.times)), receipt)
        return min(occurred, receipt) if occurred and receipt else occurred

    def trusts_account(self, sending_account: str) -> bool:
        """Whether the topic of an event is trusted to publish events about an AWS account's messages.

        Known topics are always trusted. If no topics are configured, a topic of another AWS account is not trusted,
        because anyone can publish a forged bounce to their own topic.
        """
        if self.known_topics is not None or not self.topic or not sending_account:
            return True
        match = _TOPIC.fullmatch(self.topic)
        return match is not None and match[1] == sending_account


def parse_event(
    raw: str | bytes | Mapping[str, object],
    *,
    known_topics: Collection[str] | None = None,
    received_at: datetime | None = None,
) -> ParsedEvent:
    """Return the feedback in an event, bare or in an envelope: SQS, SNS, EventBridge, CloudWatch Logs, Firehose.

    ``known_topics`` are the ARNs of the trusted SNS topics. With None, a topic must belong to the AWS account that
    sent the message, and any topic may ask for its subscription to be confirmed. ``received_at`` is used for events
    without a time; it should be the same when an event is delivered again (SQS: ``SentTimestamp``). Without it, such an
    event is quarantined. Never raises.
    """
    context = _EnvelopeContext(None if known_topics is None else frozenset(known_topics), received_at, _Unpacking())
    if isinstance(raw, bytes):
        return _read_bytes(raw, context)
    if isinstance(raw, str):
        return _read_text(raw, context)
    return _read(raw, context)


def _read_bytes(raw: bytes, context: _EnvelopeContext) -> ParsedEvent:
    if not raw.startswith(_GZIP_MARK):
        return _read_text(decoded(raw), context)
    try:
        unpacking = zlib.decompressobj(_GZIP)
        unpacked = unpacking.decompress(raw, context.unpacking.bytes_left + 1)  # 0 stands for no limit
    except zlib.error:
        return quarantine("starts like gzip data but is not")
    context.unpacking.bytes_left = max(context.unpacking.bytes_left - len(unpacked), 0)
    if not unpacking.eof or not context.unpacking.bytes_left:
        return quarantine("gzip data that is incomplete or too large when unpacked")
    if sum(map(unpacked.count, (b",", b"[", b"{"))) > _MAX_VALUES:
        return quarantine("gzip data with too many JSON values")
    return _read_text(decoded(unpacked), context)


def _read_base64(data: object, context: _EnvelopeContext) -> ParsedEvent:
    try:
        raw = base64.b64decode(as_str(data), validate=True)
    except (ValueError, binascii.Error):
        return quarantine("not valid base64")
    return _read_bytes(raw, context)


def _read_text(raw: str, context: _EnvelopeContext) -> ParsedEvent:
    text = raw.removeprefix("\ufeff")
    try:
        value = json.loads(text)
    except RecursionError:
        return quarantine("JSON nested too deeply")
    except ValueError:
        if text.lstrip().startswith(_VALIDATION_TEXT):
            return ignore("a test message from SES")
        # Firehose separates records by line feeds.
        lines = [line for line in text.split("\n", _MAX_RECORDS) if line.strip()]
        if len(lines) > 1 and all(line.lstrip().startswith("{") for line in lines):
            return _read_each(lines, lambda line: (line, _read_text(line, context.nested())))
        return quarantine("not JSON" if text.strip() else "empty")
    if isinstance(value, str):
        return quarantine("JSON inside a JSON string (encoded twice)")
    return _read(value, context)


def decoded(raw: bytes) -> str:
    """Return bytes as text: UTF-8, 16 or 32, without a byte order mark, with invalid bytes replaced."""
    return raw.decode(json.detect_encoding(raw), errors="replace").removeprefix("\ufeff")


def _read(value: object, context: _EnvelopeContext) -> ParsedEvent:  # noqa: PLR0911 - one return for each format
    if not isinstance(value, dict):
        return quarantine("a JSON array, not an event" if isinstance(value, list) else "not a JSON object")
    if context.depth > _MAX_DEPTH:
        return quarantine("too many levels of wrapping")
    event: Mapping[str, object] = value
    if "eventType" in event or "notificationType" in event:
        return _read_report(event, context)
    if "Type" in event and ("Message" in event or "TopicArn" in event):
        return _read_sns(event, context)
    for key, read in _ENVELOPES.items():
        if key in event:
            return read(event, context)
    if is_sms_log_entry(event):
        return parse_sms_log_entry(event, context.occurred_at)
    if is_untyped(event):
        return _read_report(event, context)
    return quarantine("not a format that SES, SNS or CloudWatch Logs sends")


def _read_report(event: Mapping[str, object], context: _EnvelopeContext) -> ParsedEvent:
    if as_str(event.get("eventType")).strip().upper().startswith(TEXT_EVENT):
        return parse_sms_event(event, context.occurred_at)
    return parse_ses_event(event, context.occurred_at, context.trusts_account)


# SNS ---------------------------------------------------------------------------------------------------------------


def _read_sns(  # noqa: PLR0911 - one return for each problem
    envelope: Mapping[str, object], context: _EnvelopeContext
) -> ParsedEvent:
    kind, topic = as_str(envelope.get("Type")), as_str(envelope.get("TopicArn"))
    if kind == "UnsubscribeConfirmation":
        # Its SubscribeURL would subscribe again, so it must not be followed.
        return ignore("a subscription was cancelled")
    certificate = envelope.get("SigningCertURL", envelope.get("SigningCertUrl"))
    if certificate is not None and not _SNS_HOST.fullmatch(as_str(certificate)):
        return quarantine("the signing certificate is not on an SNS host")
    if context.known_topics is not None and topic not in context.known_topics:
        return quarantine("from a topic that is not configured")
    if kind == "SubscriptionConfirmation":
        if not _TOPIC.fullmatch(topic) or not _SNS_HOST.fullmatch(as_str(envelope.get("SubscribeURL"))):
            return quarantine("a subscription confirmation with a link that is not to SNS")
        return ParsedEvent(Handling.CONFIRM_SUBSCRIPTION, reason="a subscription confirmation request")
    if kind != "Notification":
        return quarantine("an unknown type of SNS message")
    message = envelope.get("Message")
    nested = context.nested(envelope.get("Timestamp"), topic)
    if isinstance(message, str):
        return _read_text(message, nested)
    # Disputed: re-publishers put the event itself in place of its text. Its meaning is the same.
    return _read(message, nested)


# Batches ---------------------------------------------------------------------------------------------------------


def _read_each(records: Sequence[_T], read: Callable[[_T], tuple[str, ParsedEvent]]) -> ParsedEvent:
    if len(records) > _MAX_RECORDS:
        return quarantine("a batch of too many records")
    return combine_records([read(record) for record in records])


# Other envelopes -------------------------------------------------------------------------------------------------


def _read_records(event: Mapping[str, object], context: _EnvelopeContext) -> ParsedEvent:
    """Read SQS and SNS events of Lambda, and the output of `aws sqs receive-message`."""
    records = as_list(event.get("Records", event.get("Messages")))
    return _read_each(records, lambda record: (_record_text(as_object(record)), _read(record, context.nested())))


def _record_text(record: Mapping[str, object]) -> str:
    return as_str(_body_of(record)) or as_str(as_object(record.get("Sns")).get("Message"))


def _body_of(record: Mapping[str, object]) -> object:
    return record.get("body", record.get("Body"))


def _read_sqs_record(record: Mapping[str, object], context: _EnvelopeContext) -> ParsedEvent:
    attributes = as_object(record.get("attributes", record.get("Attributes")))
    body, nested = _body_of(record), context.nested(attributes.get("SentTimestamp"))
    return _read_text(body, nested) if isinstance(body, str) else _read(body, nested)


def _read_sns_record(record: Mapping[str, object], context: _EnvelopeContext) -> ParsedEvent:
    return _read(record.get("Sns"), context.nested())


def _read_incoming_mail(_event: Mapping[str, object], _context: _EnvelopeContext) -> ParsedEvent:
    return ignore("incoming email: a receipt rule invokes the wrong function")


def _read_eventbridge(event: Mapping[str, object], context: _EnvelopeContext) -> ParsedEvent:
    detail, kind = as_object(event.get("detail")), as_str(event.get("detail-type"))
    nested = context.nested(event.get("time"))
    sender = as_str(event.get("source"))
    if sender == "aws.ses":
        if kind not in _DETAIL_TYPES:
            return ignore("an SES event that is not about a message")
        typed = detail if "eventType" in detail else {**detail, "eventType": _DETAIL_TYPES[kind]}
        return _read(typed, nested)
    if sender == "aws.sms-voice":
        return _read(detail, nested)
    return quarantine("an EventBridge event from another service")


def _read_awslogs(event: Mapping[str, object], context: _EnvelopeContext) -> ParsedEvent:
    return _read_base64(as_object(event.get("awslogs")).get("data"), context.nested())


def _read_logs(event: Mapping[str, object], context: _EnvelopeContext) -> ParsedEvent:
    if event.get("messageType") == "CONTROL_MESSAGE":
        return ignore("a test message from CloudWatch Logs")
    lines = [as_object(line) for line in as_list(event.get("logEvents"))]
    return _read_each(lines, lambda line: (as_str(line.get("message")), _read_log(line, context)))


def _read_log(line: Mapping[str, object], context: _EnvelopeContext) -> ParsedEvent:
    return _read_text(as_str(line.get("message")), context.nested(line.get("timestamp")))


def _read_firehose(event: Mapping[str, object], context: _EnvelopeContext) -> ParsedEvent:
    data = [as_object(record).get("data") for record in as_list(event.get("records"))]
    return _read_each(data, lambda record: (as_str(record), _read_base64(record, context.nested())))


def _read_kinesis_record(record: Mapping[str, object], context: _EnvelopeContext) -> ParsedEvent:
    return _read_base64(as_object(record.get("kinesis")).get("data"), context.nested())


_ENVELOPES: Mapping[str, Callable[[Mapping[str, object], _EnvelopeContext], ParsedEvent]] = {
    "Records": _read_records,
    "Messages": _read_records,
    "Sns": _read_sns_record,
    "ses": _read_incoming_mail,
    "body": _read_sqs_record,
    "Body": _read_sqs_record,
    "detail-type": _read_eventbridge,
    "awslogs": _read_awslogs,
    "logEvents": _read_logs,
    "messageType": _read_logs,
    "records": _read_firehose,
    "kinesis": _read_kinesis_record,
}
"""The function that reads each kind of envelope, by the key that identifies it, in the order of the tries."""
