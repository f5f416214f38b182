"""Reads the texts that AWS receives for two-way numbers, from the queue of their SNS topic.

The fields are documented in the AWS End User Messaging SMS User Guide, *Example of a two-way SMS message payload for
Amazon SNS topics*. Texts can arrive in another order than they were sent (same guide, *Two-way SMS messaging*).
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Final

import msgspec

from undelivered.adapters.feedback.json_values import parse_timestamp
from undelivered.domain.address import normalise_phone
from undelivered.domain.errors import UnreadableEventError
from undelivered.domain.reply import LONGEST_TEXT, Reply

_LONGEST_ID: Final = 200

_Id = Annotated[str, msgspec.Meta(min_length=1, max_length=_LONGEST_ID)]


class _Envelope(msgspec.Struct, frozen=True, rename="pascal"):
    """What SNS delivers to a queue, without raw delivery."""

    type: str
    topic_arn: str
    message: str
    timestamp: str


class _Text(msgspec.Struct, frozen=True, rename="camel"):
    """A text that a number of ours has received."""

    origination_number: str
    inbound_message_id: _Id
    message_body: str = ""
    previous_published_message_id: str | None = None


def read_reply(record: Mapping[str, Any], topic_arn: str | None = None) -> Reply | None:
    """Return the text in a message of the queue, or None if no person has sent it: a short code, or a name.

    Its time is that of SNS, and not later than that of SQS. Times in the text itself are not believed. Raises
    UnreadableEventError for anything else, also from another topic than ``topic_arn``, if that is given.
    """
    try:
        envelope = msgspec.json.decode(record["body"], type=_Envelope)
        text = msgspec.json.decode(envelope.message, type=_Text)
    except (msgspec.MsgspecError, RecursionError, UnicodeError) as error:
        raise UnreadableEventError("not a text from a two-way number") from error
    if envelope.type != "Notification" or topic_arn not in {None, envelope.topic_arn}:
        raise UnreadableEventError("not from the topic of replies")
    number = normalise_phone(text.origination_number)
    if number is None:
        return None
    received_at = datetime.fromtimestamp(int(record["attributes"]["SentTimestamp"]) / 1000, UTC)
    return Reply(
        message_id=text.inbound_message_id,
        number=number,
        text=text.message_body[:LONGEST_TEXT],
        sent_at=min(parse_timestamp(envelope.timestamp) or received_at, received_at),
        answers=(text.previous_published_message_id or "")[:_LONGEST_ID],
    )
