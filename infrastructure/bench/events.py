"""Sample events: SES bounces of tagged messages, in SNS messages, in SQS records."""

import base64
import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid5

ACCOUNT: Final = "acc-bench"
TOPIC: Final = "arn:aws:sns:us-east-1:000000000000:undelivered-feedback"

_IDS: Final = UUID("a4c3f1d2-4b9e-5a67-8f10-2d3c4b5a6978")
_TITLES: Final = ("Invoice for November", "Your unit is ready", "Rent reminder", "Gate code changed", "Late fee notice")
_NAMES: Final = ("Ada Byron", "Grace Hopper", "Mary Jackson", "Karen Spärck Jones", "Radia Perlman", "Lin Wu")
# Type, subtype, status and diagnostic of bounces: the soft ones suppress no address, the hard ones do.
_SOFT: Final = (
    ("Transient", "MailboxFull", "4.2.2", "smtp; 452 4.2.2 The recipient's inbox is out of storage space."),
    ("Transient", "General", "4.4.7", "smtp; 550 4.4.7 Message expired: unable to deliver in 840 minutes."),
    ("Permanent", "General", "5.7.1", "smtp; 550 5.7.1 Service unavailable, client host blocked using a blocklist."),
)
_HARD: Final = (
    ("Permanent", "General", "5.1.1", "smtp; 550 5.1.1 The email account that you tried to reach does not exist."),
    ("Permanent", "General", "5.2.1", "smtp; 550 5.2.1 The email account that you tried to reach is disabled."),
)


def bounce(number: int, sent_at: datetime, *, suppressing: bool, account_id: str = ACCOUNT) -> dict[str, Any]:
    """Return the SES event for the bounce of message ``number``. Each number gives a different event."""
    kinds = _HARD if suppressing else _SOFT
    bounce_type, subtype, status, diagnostic = kinds[number % len(kinds)]
    address = f"person-{number}@example.com"
    name = _NAMES[number % len(_NAMES)]
    title = _TITLES[number % len(_TITLES)]
    identifier = uuid5(_IDS, f"{account_id} {number} {suppressing}")
    tags = {
        "ses:configuration-set": "undelivered-first",
        "ses:from-domain": "undelivered.example",
        "ses:caller-identity": "send_notifications",
        "undelivered-account": account_id,
        "undelivered-notification": f"n-{number}",
        "undelivered-attempt": "1",
        "undelivered-customer": f"c-{number % 5000}",
        "undelivered-customer-name": _tag_text(name),
        "undelivered-title": _tag_text(title),
        "undelivered-content": "held",
    }
    return {
        "eventType": "Bounce",
        "bounce": {
            "feedbackId": f"0100{identifier.hex[:12]}-{identifier}-000000",
            "bounceType": bounce_type,
            "bounceSubType": subtype,
            "bouncedRecipients": [
                {"emailAddress": address, "action": "failed", "status": status, "diagnosticCode": diagnostic}
            ],
            "timestamp": _time(sent_at + timedelta(seconds=4)),
            "reportingMTA": "dsn; a8-27.smtp-out.amazonses.com",
        },
        "mail": {
            "timestamp": _time(sent_at),
            "source": "Harbor Storage <notices@undelivered.example>",
            "sourceArn": "arn:aws:ses:us-east-1:000000000000:identity/undelivered.example",
            "sendingAccountId": "000000000000",
            "messageId": f"0100{identifier.hex[:12]}-{identifier}-000000",
            "destination": [address],
            "headersTruncated": False,
            "headers": [
                {"name": "From", "value": "Harbor Storage <notices@undelivered.example>"},
                {"name": "To", "value": address},
                {"name": "Subject", "value": title},
                {"name": "MIME-Version", "value": "1.0"},
                {"name": "Content-Type", "value": "multipart/alternative"},
            ],
            "commonHeaders": {
                "from": ["Harbor Storage <notices@undelivered.example>"],
                "to": [address],
                "subject": title,
            },
            "tags": {name: [value] for name, value in tags.items()},
        },
    }


def as_text(event: dict[str, Any]) -> str:
    """Return an event as SES serialises it."""
    return json.dumps(event) + "\n"


def published(event: dict[str, Any], published_at: datetime) -> str:
    """Return the SNS message, as it is in the queue, with an event."""
    identifier = event["mail"]["messageId"]
    return json.dumps(
        {
            "Type": "Notification",
            "MessageId": str(uuid5(_IDS, identifier)),
            "TopicArn": TOPIC,
            "Subject": "Amazon SES Email Event Notification",
            "Message": as_text(event),
            "Timestamp": _time(published_at),
            "SignatureVersion": "1",
            "Signature": base64.b64encode(bytes(256)).decode(),
            "SigningCertURL": "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-0a1b2c.pem",
            "UnsubscribeURL": f"https://sns.us-east-1.amazonaws.com/?Action=Unsubscribe&SubscriptionArn={TOPIC}:1",
        }
    )


def batch(events: Sequence[dict[str, Any]], received_at: datetime) -> dict[str, Any]:
    """Return the Lambda event with a batch of queue messages."""
    return {"Records": [_record(event, received_at) for event in events]}


def _record(event: dict[str, Any], received_at: datetime) -> dict[str, Any]:
    identifier = uuid5(_IDS, f"record {event['mail']['messageId']}")
    milliseconds = str(int(received_at.timestamp() * 1000))
    return {
        "messageId": str(identifier),
        "receiptHandle": identifier.hex,
        "body": published(event, received_at),
        "attributes": {
            "ApproximateReceiveCount": "1",
            "SentTimestamp": milliseconds,
            "SenderId": "AIDAIT2UOQQY3AUEKVGXU",
            "ApproximateFirstReceiveTimestamp": milliseconds,
        },
        "messageAttributes": {},
        "md5OfBody": identifier.hex,
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:us-east-1:000000000000:feedback",
        "awsRegion": "us-east-1",
    }


def _time(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03}Z"


def _tag_text(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()
