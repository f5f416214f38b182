"""Reserve the moments at which messages may be sent, at the rate of the AWS account."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime

from msgspec import Struct

from undelivered.domain.errors import StaleWriteError
from undelivered.domain.send_rate import (
    BULK_HORIZON,
    SendQuota,
    SendRate,
    back_off,
    pause,
    reserve,
    seconds_until_free,
    with_quota,
)
from undelivered.domain.taxonomy import Channel
from undelivered.services.ports import SendRateStore


class Reservation(Struct, frozen=True):
    """Reserved slots, in seconds since 1970. If there are none, ``wait`` is the time in seconds until one may be free.

    ``interval`` is the time from one slot to the next.
    """

    slots: tuple[float, ...]
    interval: float
    wait: float = 0.0


class SendPace(Struct, frozen=True):
    """Reserves slots in the rate that all sending functions share.

    ``quotas`` reads the quota of each channel from the provider; it returns None if the quota cannot be read now.

    A bulk send reserves slots only ``BULK_HORIZON`` ahead (half a second), and an urgent send as far ahead as
    necessary. So an urgent send waits for bulk sends for about half a second at most, and bulk sends wait for all
    urgent sends.
    """

    rates: SendRateStore
    quotas: Mapping[Channel, Callable[[], SendQuota | None]]
    clock: Callable[[], datetime]
    sleep: Callable[[float], None]

    def now(self) -> float:
        """Return the time in seconds since 1970."""
        return self.clock().timestamp()

    def wait_until(self, moment: float) -> None:
        """Wait until a moment. Return at once if it has passed."""
        if (seconds := moment - self.now()) > 0:
            self.sleep(seconds)

    def reserve(self, channel: Channel, wanted: int, *, urgent: bool, deadline: float) -> Reservation:
        """Wait for slots, up to ``wanted`` of them; return none if there are none before the deadline."""
        while True:
            try:
                reservation = self._reserve(channel, wanted, urgent=urgent, deadline=deadline)
            except StaleWriteError:
                continue  # another function has just reserved slots, so some function always makes progress
            if reservation.slots or self.now() + reservation.wait >= deadline:
                return reservation
            self.sleep(reservation.wait)

    def _reserve(self, channel: Channel, wanted: int, *, urgent: bool, deadline: float) -> Reservation:
        rate, version = self.rates.find(channel)
        now = self.now()
        current = self._refreshed(channel, rate, now)
        left = deadline - now
        horizon = left if urgent else min(BULK_HORIZON, left)
        reserved, slots = reserve(current, now, wanted if left > 0 else 0, horizon)
        if reserved != rate:
            self.rates.save(channel, reserved, over_version=version)
        return Reservation(slots, current.interval, 0.0 if slots else seconds_until_free(current, now, horizon))

    def _refreshed(self, channel: Channel, rate: SendRate, now: float) -> SendRate:
        return with_quota(rate, self.quotas[channel](), now) if rate.is_outdated(now) else rate

    def back_off(self, channel: Channel, times: int) -> float:
        """Delay the next slots after the provider was busy; return in how many seconds to try again."""
        rate, version = self.rates.find(channel)
        later, seconds = back_off(rate, self.now(), times)
        self._save_unless_changed(channel, later, version)
        return seconds

    def pause(self, channel: Channel) -> None:
        """Send nothing for a while, because the quota of the day is used up."""
        rate, version = self.rates.find(channel)
        self._save_unless_changed(channel, pause(rate, self.now()), version)

    def _save_unless_changed(self, channel: Channel, rate: SendRate, version: int) -> None:
        """Save a rate, unless another function has changed it since. The next refusal then has the same effect."""
        with suppress(StaleWriteError):
            self.rates.save(channel, rate, over_version=version)
