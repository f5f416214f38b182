"""Bounds of entry keys (which belong to a span of sending times, or come after a cursor), and a counter's key."""

from datetime import date, datetime, timedelta

from undelivered.adapters.dynamodb.requests import Row
from undelivered.domain.identifiers import timestamp
from undelivered.domain.reporting import window_start

_HIGHEST = "\U0010ffff"


def key_from(moment: datetime) -> str:
    """Return the bound that keys sent at or after a moment are above, and all others below."""
    whole = moment.replace(microsecond=0)
    return timestamp(whole if whole == moment else whole + timedelta(seconds=1))


def expired_below(now: datetime) -> str:
    """Return the bound that the keys of items past their thirty days are below."""
    return timestamp(window_start(now) + timedelta(seconds=1))


def just_below(key: str) -> str:
    """Return a bound that a key is above, and all lesser ones below."""
    return f"{key[:-1]}{chr(ord(key[-1]) - 1)}{_HIGHEST}"


def erased_key(account_id: str, day: date) -> Row:
    """Return the key of the counters of what failed on a day and was erased since."""
    return {"account_id": {"S": account_id}, "bucket": {"S": f"E~{day.isoformat()}"}}
