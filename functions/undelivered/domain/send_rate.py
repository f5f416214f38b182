"""The rate at which the AWS account may send messages of a channel, shared by all functions that send.

Each message has a slot, which is the moment at which it may be sent. Slots follow each other at the interval of the
rate (the generic cell rate algorithm). Times are in seconds since 1970.
"""

from math import floor
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

BURST_SECONDS: Final = 0.5
"""The longest burst: slots that were not used in the last half second can still be used. SES allows bursts above the
rate for a short time, but does not document for how long (Amazon SES Developer Guide, "Managing your Amazon SES sending
limits")."""

BULK_HORIZON: Final = 0.5
"""How far ahead bulk sends reserve slots, in seconds. An urgent send waits for bulk sends for about this long at
most."""

_SHARE_USED: Final = 0.97
"""The share of the rate that is used. Calls take different times to arrive. Without a margin, half of the messages of
an account with one message per second would arrive too early."""

RATE_MAX_AGE: Final = 300.0
"""How long a rate that was read from the provider is used, in seconds."""

PAUSE_SECONDS: Final = 900.0
"""How long sending pauses when the quota of the day is used up. SES's day is the last 24 hours, at any moment."""

_RETRY_AFTER_FAILED_READ: Final = 10.0
_BACK_OFF_SHARE: Final = 0.1
_MIN_BACK_OFF: Final = 0.02
_MAX_BACK_OFF: Final = 5.0

SANDBOX_RATE: Final = 1.0
"""Messages per second of an account in the sandbox, used until the rate is known."""


class SendQuota(Struct, frozen=True):
    """What the provider allows: messages per second, and more messages today (None if the day has no limit)."""

    per_second: float
    left_today: float | None = None


class SendRate(Struct, frozen=True):
    """The state of sending: the next free slot, the rate, when it was read, and the end of a pause."""

    next_free: float = 0.0
    per_second: float = SANDBOX_RATE
    read_at: float = 0.0
    paused_until: float = 0.0

    @property
    def interval(self) -> float:
        """Seconds from one slot to the next."""
        return 1 / (self.per_second * _SHARE_USED)

    def is_outdated(self, now: float) -> bool:
        """Whether the rate must be read again: it is old, or a pause has ended since it was read."""
        return now - self.read_at >= RATE_MAX_AGE or self.read_at < self.paused_until <= now


def with_quota(rate: SendRate, quota: SendQuota | None, now: float) -> SendRate:
    """Return the rate with a quota that was read now.

    ``quota`` is None if it could not be read. Then the rate stays, and the quota is read again soon.
    """
    if quota is None:
        paused_until = rate.paused_until if rate.paused_until > now else 0.0
        return replace(rate, read_at=now - RATE_MAX_AGE + _RETRY_AFTER_FAILED_READ, paused_until=paused_until)
    per_second = quota.per_second if quota.per_second > 0 else SANDBOX_RATE
    current = replace(rate, per_second=per_second, read_at=now)
    if quota.left_today is not None and quota.left_today < 1:
        return pause(current, now)
    return current


def reserve(rate: SendRate, now: float, wanted: int, horizon: float) -> tuple[SendRate, tuple[float, ...]]:
    """Reserve up to ``wanted`` slots that begin within ``horizon`` seconds; return the new state and the slots."""
    if rate.paused_until > now:
        return rate, ()
    first = _first_slot(rate, now)
    free = floor((now + horizon - first) / rate.interval) + 1
    slots = tuple(first + number * rate.interval for number in range(min(wanted, free)))
    if not slots:
        return rate, ()
    return replace(rate, next_free=slots[-1] + rate.interval), slots


def seconds_until_free(rate: SendRate, now: float, horizon: float) -> float:
    """Return in how many seconds there will be a free slot within the horizon."""
    return max(rate.paused_until - now, _first_slot(rate, now) - horizon - now, 0.0)


def _first_slot(rate: SendRate, now: float) -> float:
    burst = floor(rate.per_second * BURST_SECONDS) * rate.interval
    return max(rate.next_free, now - burst)


def back_off(rate: SendRate, now: float, times: int) -> tuple[SendRate, float]:
    """Return in how many seconds to try again after the provider was too busy ``times`` times in a row.

    In the new state, the next free slot is after that try.
    """
    seconds = min(max(rate.interval * _BACK_OFF_SHARE * 2 ** (times - 1), _MIN_BACK_OFF), _MAX_BACK_OFF)
    return replace(rate, next_free=max(rate.next_free, now + seconds + rate.interval)), seconds


def pause(rate: SendRate, now: float) -> SendRate:
    """Send nothing for a while, then read the quota again."""
    return replace(rate, paused_until=now + PAUSE_SECONDS)
