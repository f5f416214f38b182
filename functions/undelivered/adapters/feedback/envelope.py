"""Unwrapping: whatever an event came in, down to what SES, SNS or a carrier said."""

import base64
import binascii
import json
import re
import zlib
from collections.abc import Callable, Collection, Mapping
from datetime import datetime

from msgspec import Struct

from undelivered.adapters.feedback.json_values import as_list, as_object, as_str, parse_timestamp
from undelivered.adapters.feedback.parsed_event import ParsedEvent, combined, ignore, quarantine
from undelivered.adapters.feedback.ses import is_untyped, parse_ses_event
from undelivered.adapters.feedback.sms import TEXT_EVENT, is_sms_log_entry, parse_sms_event, parse_sms_log_entry
from undelivered.domain.feedback import Handling

_DEEPEST = 8  # wrappings within each other; EventBridge in SNS in SQS in Lambda is four
_MOST_LOG_BYTES = 32 * 1024 * 1024  # unpacked; CloudWatch Logs sends at most a few megabytes
_MOST_LINES = 10_000
_GZIP = 16 + zlib.MAX_WBITS
_GZIP_MARK = b"\x1f\x8b"

_VALIDATION_TEXT = "Successfully validated SNS topic for Amazon SES"
_SNS_HOST = re.compile(r"https://sns\.[a-z0-9-]{3,40}\.amazonaws\.(?:com|com\.cn|eu)/[^\s]*", re.IGNORECASE)
_TOPIC = re.compile(r"arn:aws[a-z-]*:sns:[a-z0-9-]{3,40}:(\w{1,20}):[\w.-]{1,260}")

# EventBridge gives types words of its own; `detail` carries the event-publishing form.
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


def every_topic(_topic_arn: str) -> bool:
    """Trust each topic: right behind a queue whose policy names the topics that may fill it."""
    return True


class _Around(Struct, frozen=True):
    """What is known from outside an event."""

    knows_topic: Callable[[str], bool] | None
    received_at: datetime | None
    times: tuple[object, ...] = ()  # as the wrappings tell them, the innermost first; few events need one
    topic: str = ""
    depth: int = 0

    def within(self, published_at: object = None, topic: str = "") -> "_Around":
        """Return the surroundings of what is wrapped in here."""
        times = self.times if published_at is None else (published_at, *self.times)
        return _Around(self.knows_topic, self.received_at, times, topic or self.topic, self.depth + 1)

    def published_at(self) -> datetime | None:
        """Return when the event was published, as its wrappings tell, else when it was received."""
        return next(filter(None, map(parse_timestamp, self.times)), self.received_at)

    def trusts_account(self, sending_account: str) -> bool:
        """Whether an event sent from an AWS account may come from the topic it came from.

        Known topics are trusted whoever owns them. Where none are named, a topic of another account than
        the sending one is a stranger's: anybody can publish a bounce of our customers to his own topic.
        """
        if self.knows_topic is not None or not self.topic or not sending_account:
            return True
        found = _TOPIC.fullmatch(self.topic)
        return found is not None and found[1] == sending_account


def parse_event(
    raw: str | bytes | Mapping[str, object],
    *,
    known_topics: Collection[str] | Callable[[str], bool] | None = None,
    received_at: datetime | None = None,
) -> ParsedEvent:
    """Return what an event says: an SQS record or its body, an SNS envelope, EventBridge, logs or bare.

    ``known_topics`` are the topic ARNs that may speak, or a function that tells; with None, the topic must
    belong to the account that sent, and any topic may ask to be confirmed. ``received_at`` stands in for
    the time of events that tell none; it should be the same when an event is delivered again (SQS:
    ``SentTimestamp``). Without it such an event is quarantined. Never raises.
    """
    if known_topics is None or callable(known_topics):
        knows_topic = known_topics
    else:
        knows_topic = frozenset(known_topics).__contains__
    around = _Around(knows_topic, received_at)
    if isinstance(raw, bytes):
        return _read_bytes(raw, around)
    if isinstance(raw, str):
        return _read_text(raw, around)
    return _read(raw, around)


def _read_bytes(raw: bytes, around: _Around) -> ParsedEvent:
    if not raw.startswith(_GZIP_MARK):
        return _read_text(decoded(raw), around)
    try:
        unpacking = zlib.decompressobj(_GZIP)
        unpacked = unpacking.decompress(raw, _MOST_LOG_BYTES)
    except zlib.error:
        return quarantine("starts like gzip data but is not")
    if not unpacking.eof:
        return quarantine("gzip data that is incomplete or too large when unpacked")
    return _read_text(decoded(unpacked), around)


def _read_base64(data: object, around: _Around) -> ParsedEvent:
    try:
        raw = base64.b64decode(as_str(data), validate=True)
    except (ValueError, binascii.Error):
        return quarantine("not valid base64")
    return _read_bytes(raw, around)


def _read_text(raw: str, around: _Around) -> ParsedEvent:
    told = raw.removeprefix("\ufeff")
    try:
        value = json.loads(told)
    except RecursionError:
        return quarantine("JSON nested too deeply")
    except ValueError:
        if told.lstrip().startswith(_VALIDATION_TEXT):
            return ignore("a test message from SES")
        lines = [line for line in told.splitlines() if line.strip()]
        # Firehose separates records by line feeds.
        if 1 < len(lines) <= _MOST_LINES and all(line.lstrip().startswith("{") for line in lines):
            return combined([(line, _read_text(line, around.within())) for line in lines])
        return quarantine("not JSON" if told.strip() else "empty")
    if isinstance(value, str):
        return quarantine("JSON inside a JSON string (encoded twice)")
    return _read(value, around)


def decoded(raw: bytes) -> str:
    """Return raw bytes as text: UTF-8, 16 or 32, without byte order mark, what is no character replaced."""
    return raw.decode(json.detect_encoding(raw), errors="replace").removeprefix("\ufeff")


def _read(value: object, around: _Around) -> ParsedEvent:  # noqa: PLR0911 - one line for each form
    if not isinstance(value, dict):
        return quarantine("a JSON array, not an event" if isinstance(value, list) else "not a JSON object")
    if around.depth > _DEEPEST:
        return quarantine("too many levels of wrapping")
    event: Mapping[str, object] = value
    if "eventType" in event or "notificationType" in event:
        return _read_report(event, around)
    if "Type" in event and ("Message" in event or "TopicArn" in event):
        return _read_sns(event, around)
    for key, read in _WRAPPINGS.items():
        if key in event:
            return read(event, around)
    if is_sms_log_entry(event):
        return parse_sms_log_entry(event, around.published_at)
    if is_untyped(event):
        return _read_report(event, around)
    return quarantine("not a format that SES, SNS or CloudWatch Logs sends")


def _read_report(event: Mapping[str, object], around: _Around) -> ParsedEvent:
    if as_str(event.get("eventType")).strip().upper().startswith(TEXT_EVENT):
        return parse_sms_event(event, around.published_at)
    return parse_ses_event(event, around.published_at, around.trusts_account)


# SNS ---------------------------------------------------------------------------------------------------------------


def _read_sns(  # noqa: PLR0911 - one line for each thing that can be wrong
    envelope: Mapping[str, object], around: _Around
) -> ParsedEvent:
    kind, topic = as_str(envelope.get("Type")), as_str(envelope.get("TopicArn"))
    if kind == "UnsubscribeConfirmation":
        # Its SubscribeURL would subscribe again: it is not to be followed.
        return ignore("a subscription was cancelled")
    certificate = envelope.get("SigningCertURL", envelope.get("SigningCertUrl"))
    if certificate is not None and not _SNS_HOST.fullmatch(as_str(certificate)):
        return quarantine("the signing certificate is not on an SNS host")
    if around.knows_topic is not None and not around.knows_topic(topic):
        return quarantine("from a topic that is not configured")
    if kind == "SubscriptionConfirmation":
        if not _TOPIC.fullmatch(topic) or not _SNS_HOST.fullmatch(as_str(envelope.get("SubscribeURL"))):
            return quarantine("a subscription confirmation with a link that is not to SNS")
        return ParsedEvent(Handling.CONFIRM_SUBSCRIPTION, reason="a subscription confirmation request")
    if kind != "Notification":
        return quarantine("an unknown type of SNS message")
    message = envelope.get("Message")
    inner = around.within(envelope.get("Timestamp"), topic)
    if isinstance(message, str):
        return _read_text(message, inner)
    # Disputed: re-publishers put the event itself in the place of its text. It says the same, unmistakably.
    return _read(message, inner)


# The other wrappings -------------------------------------------------------------------------------------------------


def _read_records(event: Mapping[str, object], around: _Around) -> ParsedEvent:
    """SQS and SNS events of Lambda, and what `aws sqs receive-message` prints."""
    records = as_list(event.get("Records", event.get("Messages")))
    return combined([(_said(as_object(record)), _read(record, around.within())) for record in records])


def _said(record: Mapping[str, object]) -> str:
    return as_str(_body_of(record)) or as_str(as_object(record.get("Sns")).get("Message"))


def _body_of(record: Mapping[str, object]) -> object:
    return record.get("body", record.get("Body"))


def _read_sqs_record(record: Mapping[str, object], around: _Around) -> ParsedEvent:
    attributes = as_object(record.get("attributes", record.get("Attributes")))
    body, inner = _body_of(record), around.within(attributes.get("SentTimestamp"))
    return _read_text(body, inner) if isinstance(body, str) else _read(body, inner)


def _read_sns_record(record: Mapping[str, object], around: _Around) -> ParsedEvent:
    return _read(record.get("Sns"), around.within())


def _read_inbound(_event: Mapping[str, object], _around: _Around) -> ParsedEvent:
    return ignore("incoming email: a receipt rule invokes the wrong function")


def _read_eventbridge(event: Mapping[str, object], around: _Around) -> ParsedEvent:
    detail, kind = as_object(event.get("detail")), as_str(event.get("detail-type"))
    inner = around.within(event.get("time"))
    sender = as_str(event.get("source"))
    if sender == "aws.ses":
        if kind not in _DETAIL_TYPES:
            return ignore("an SES event that is not about a message")
        named = detail if "eventType" in detail else {**detail, "eventType": _DETAIL_TYPES[kind]}
        return _read(named, inner)
    if sender == "aws.sms-voice":
        return _read(detail, inner)
    return quarantine("an EventBridge event from another service")


def _read_awslogs(event: Mapping[str, object], around: _Around) -> ParsedEvent:
    return _read_base64(as_object(event.get("awslogs")).get("data"), around.within())


def _read_logs(event: Mapping[str, object], around: _Around) -> ParsedEvent:
    if event.get("messageType") == "CONTROL_MESSAGE":
        return ignore("a test message from CloudWatch Logs")
    lines = [as_object(line) for line in as_list(event.get("logEvents"))]
    return combined([(as_str(line.get("message")), _read_log(line, around)) for line in lines])


def _read_log(line: Mapping[str, object], around: _Around) -> ParsedEvent:
    return _read_text(as_str(line.get("message")), around.within(line.get("timestamp")))


def _read_firehose(event: Mapping[str, object], around: _Around) -> ParsedEvent:
    data = [as_object(record).get("data") for record in as_list(event.get("records"))]
    return combined([(as_str(each), _read_base64(each, around.within())) for each in data])


def _read_kinesis_record(record: Mapping[str, object], around: _Around) -> ParsedEvent:
    return _read_base64(as_object(record.get("kinesis")).get("data"), around.within())


_WRAPPINGS: Mapping[str, Callable[[Mapping[str, object], _Around], ParsedEvent]] = {
    "Records": _read_records,
    "Messages": _read_records,
    "Sns": _read_sns_record,
    "ses": _read_inbound,
    "body": _read_sqs_record,
    "Body": _read_sqs_record,
    "detail-type": _read_eventbridge,
    "awslogs": _read_awslogs,
    "logEvents": _read_logs,
    "messageType": _read_logs,
    "records": _read_firehose,
    "kinesis": _read_kinesis_record,
}
"""The key by which each wrapping is known, in the order they are tried."""
