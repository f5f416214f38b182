"""The pace of sending on a clock that a test moves."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

from tests.fakes import FakeSendRateStore
from undelivered.domain.send_rate import SendQuota
from undelivered.domain.taxonomy import Channel
from undelivered.services.send_pace import SendPace

START = 1_800_000_000.0


@dataclass
class MovedClock:
    """A clock that passes only while somebody sleeps."""

    time: float = START
    slept: list[float] = field(default_factory=list)

    def __call__(self):
        return datetime.fromtimestamp(self.time, UTC)

    def sleep(self, seconds):
        assert seconds > 0
        self.slept.append(seconds)
        self.time += seconds


def a_pace(per_second=14.0, *, clock=None, quota=None, rates=None):
    """Return a pace at a rate for both channels; ``quota`` replaces what the provider says of it."""
    clock = clock or MovedClock()
    read = quota or (lambda: SendQuota(per_second))
    return SendPace(rates or FakeSendRateStore(), dict.fromkeys(Channel, read), clock, clock.sleep)


def one_by_one(function, items):
    """Stand in for threads."""
    return [function(item) for item in items]
