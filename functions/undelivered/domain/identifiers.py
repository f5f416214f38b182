"""Keys and ids. They are derived from the event, so that recording an event twice writes the same item."""

import hashlib
from datetime import UTC, datetime

from undelivered.domain import base64url

ID_CHARACTERS = "A-Za-z0-9_.@/-"
"""The characters of the ids of customers and notifications, as a character class of a regular expression."""

ID_LENGTH = 128
"""The maximum length of an id. In base64url, it fits in a message tag of SES (see ``message_tags``)."""

_DIGEST_LENGTH = 12
_PARTS = 3


def timestamp(moment: datetime) -> str:
    """Return a time as RFC 3339 in UTC, to the second: ``2026-11-23T18:00:00Z``."""
    # This runs for every event, and takes a third of the time of strftime.
    return f"{moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='seconds')}Z"


def parse_timestamp(text: str) -> datetime:
    """Return the time of an RFC 3339 text, in UTC; raises ValueError for other text, and for a time without offset."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"no UTC offset: {text!r}")
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:  # the first and last hours of the calendar
        raise ValueError(f"out of range: {text!r}") from error


def recipient_digest(recipient: str) -> str:
    """Return a short hash of an address, for keys and URLs that must not hold the address itself."""
    return hashlib.sha256(recipient.encode()).hexdigest()[:_DIGEST_LENGTH]


def entry_key(sent_at: datetime, origin_id: str, recipient: str) -> str:
    """Return the sort key of an item, ``<sent at>~<origin id>~<recipient digest>``. Items sort by the time sent.

    ``origin_id`` is the provider's message id of the first attempt, or the notification's id if nothing was sent. The
    time is cut to the second, because SES reports it with a fraction in one channel and without in another.
    """
    return f"{timestamp(sent_at)}~{origin_id}~{recipient_digest(recipient)}"


def sent_at_of(key: str) -> datetime:
    """Return the time sent from an entry key."""
    return parse_timestamp(key.partition("~")[0])


def item_id(key: str) -> str:
    """Return the opaque, URL-safe id of the item with an entry key."""
    return base64url.encode(key.encode())


def parse_item_id(text: str) -> str | None:
    """Return the entry key of an id from ``item_id``, or None for any other text."""
    try:
        key = base64url.decode(text).decode()
        sent_at_of(key)
    except ValueError:
        return None
    # Several base64 texts decode to the same key, but an item has one id.
    return key if len(key.split("~")) == _PARTS and item_id(key) == text else None
