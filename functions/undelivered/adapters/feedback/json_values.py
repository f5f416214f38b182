"""Reads values from untrusted JSON. Each function returns a value of its type, empty if the JSON has another type."""

import hashlib
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime

from undelivered.domain.feedback import Attribution
from undelivered.domain.identifiers import parse_item_id
from undelivered.domain.message_tags import CONTENT_HELD, CONTENT_TAG, read_id, read_text

OccurredAt = Callable[[datetime | None], datetime | None]
"""Returns when an event occurred, from the time that it states and the times of its envelopes."""

CLASSIFIED_LENGTH = 4_000
"""The maximum length of a diagnostic that is classified. An SNS message can have 256 KB."""

SUBJECT_LENGTH = 200
"""The maximum length of a subject, which is used as a title: DynamoDB charges for items by size."""

_MILLISECONDS_FROM = 100_000_000_000  # larger numbers are milliseconds: as seconds, this is the year 5138
_PLAUSIBLE_YEARS = range(2000, 2200)
_MESSAGE_ID = re.compile(r"[!-}]{1,200}")  # printable ASCII without `~`, the separator in entry keys
_ATTEMPTS = range(1, 10_000)
_ATTEMPT_DIGITS = 4


def as_object(value: object) -> Mapping[str, object]:
    """Return a JSON object, or an empty object for any other value."""
    return value if isinstance(value, dict) else {}


def as_list(value: object) -> list[object]:
    """Return a JSON array, or an empty array for any other value."""
    return value if isinstance(value, list) else []


def as_str(value: object) -> str:
    """Return a JSON string, or an empty string for any other value."""
    return value if isinstance(value, str) else ""


def as_strs(value: object) -> tuple[str, ...]:
    """Return the strings in a JSON array."""
    return tuple([entry for entry in as_list(value) if isinstance(entry, str)])


def printable(value: object, length: int) -> str:
    """Return the start of a text on one line, without control characters, bidirectional marks and lone surrogates."""
    cut = as_str(value)[:length]
    if cut.isprintable():
        return cut
    return " ".join("".join([char if char.isprintable() else " " for char in cut]).split())


def parse_subject(value: object) -> str:
    """Return a readable subject: encoded words (RFC 2047) are decoded where possible."""
    written = as_str(value)[:CLASSIFIED_LENGTH]
    if "=?" in written:
        # Imported here, because it is slow to import and only subjects of raw messages are encoded.
        from email.errors import HeaderParseError
        from email.header import decode_header, make_header

        with suppress(HeaderParseError, ValueError, LookupError, OverflowError):
            written = str(make_header(decode_header(written)))
    return printable(written, SUBJECT_LENGTH)


def parse_timestamp(value: object) -> datetime | None:
    """Return the time of a timestamp, or None.

    Accepts ISO 8601 with or without an offset (UTC by default), SES's ``2018-10-08T14:05:45 +0000``,
    the SMS logs' ``2016-06-28 00:40:34.558``, and seconds or milliseconds since 1970.
    """
    try:
        if isinstance(value, str):
            digits = value.strip()
            if not digits.isdecimal():
                parsed = datetime.fromisoformat(digits.replace(" +", "+").replace(" -", "-"))
                if parsed.tzinfo is not UTC:
                    parsed = parsed.astimezone(UTC) if parsed.tzinfo else parsed.replace(tzinfo=UTC)
                return parsed if parsed.year in _PLAUSIBLE_YEARS else None
            value = int(digits[:20])
        if isinstance(value, bool) or not isinstance(value, int | float):
            return None
        seconds = value / 1000 if value >= _MILLISECONDS_FROM else value
        parsed = datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return parsed if parsed.year in _PLAUSIBLE_YEARS else None


def message_id(value: object, *fallback: str) -> str:
    """Return a provider's message id, or else a stable id derived from ``fallback``, which identifies the event."""
    given = as_str(value)
    if _MESSAGE_ID.fullmatch(given):
        return given
    identity = "\n".join([given, *fallback])
    return f"unnamed-{hashlib.sha256(identity.encode(errors='replace')).hexdigest()[:32]}"


def attribution(tag: Callable[[str], str], tenant: str = "", identity: str = "") -> Attribution:
    """Return the attribution of a message from its tags. ``tag`` returns the value of a tag, or an empty string."""
    number = tag("undelivered-attempt")
    attempt = int(number) if number.isdecimal() and len(number) <= _ATTEMPT_DIGITS else 1
    return Attribution(
        account_id=read_id(tag, "undelivered-account"),
        notification_id=read_id(tag, "undelivered-notification"),
        attempt=attempt if attempt in _ATTEMPTS else 1,
        customer_id=read_id(tag, "undelivered-customer"),
        customer_name=_text(tag("undelivered-customer-name")),
        title=_text(tag("undelivered-title")),
        entry_key=parse_item_id(entry) if (entry := tag("undelivered-entry")) else None,
        tenant=tenant or None,
        identity=identity or None,
        correlation_id=read_id(tag, "undelivered-request") or "",
        content_held=tag(CONTENT_TAG) == CONTENT_HELD,
    )


def _text(value: str) -> str | None:
    text = read_text(value)
    return printable(text, SUBJECT_LENGTH) or None if text else None
