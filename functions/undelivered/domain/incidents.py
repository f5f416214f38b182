"""Incidents: failures that are the sender's fault, grouped by their cause and the receiving system.

Everything follows from how many attempts failed for a cause in each hour, so the order of events does not matter.

- An incident **starts** when a cause has at least ``LEAST_FAILURES`` failures within ``WINDOW`` and clearly more than
  usual. The usual number is the mean of the ``USUAL`` days before, without incidents. Clearly more is four standard
  deviations of a Poisson distribution with this mean: an account with 100 messages a month has no usual failures, so
  five are enough; an account with 20 a day needs 38.
- It **is over** when there was no hour with more failures than usual for the length of ``WINDOW``, or sooner, when a
  resend of one of its messages arrived in a later hour than its last failure. A sender may be silent overnight, and SES
  tries for up to 14 hours, so a shorter silence proves nothing. It is on again if it fails again within ``WINDOW``.
- What has gone on at the same rate for longer than ``SHOWN`` is usual.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from math import sqrt
from typing import Final, NamedTuple

from msgspec import Struct, field
from msgspec.structs import replace

from undelivered.domain import base64url
from undelivered.domain.feedback import Outcome
from undelivered.domain.identifiers import parse_timestamp, timestamp
from undelivered.domain.item import REPORT_WINDOW, Attempt, UndeliveredItem
from undelivered.domain.receivers import receiver_of
from undelivered.domain.taxonomy import CLASSIFICATIONS, Channel, Fault, Reason

LEAST_FAILURES: Final = 5
"""The minimum number of failures of an incident."""

WINDOW: Final = timedelta(hours=24)
"""Within how much time failures belong together, and how long a silence ends an incident."""

USUAL: Final = timedelta(days=7)
"""How far back the usual number of failures is counted."""

SHOWN: Final = REPORT_WINDOW
"""How long an incident is shown after its last failure, and the time in which one can start."""

COUNTED: Final = SHOWN + USUAL + WINDOW
"""How far back failures are counted by hour."""

_DEVIATIONS: Final = 4
_HOUR: Final = timedelta(hours=1)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Cause(NamedTuple):
    """The cause of an incident: why messages of a channel fail at a receiving system (an ID of ``receivers``)."""

    channel: Channel
    reason: Reason
    receiver: str


class IncidentKey(NamedTuple):
    """The key of an incident: its cause and its first hour."""

    cause: Cause
    hour: datetime

    @property
    def incident_id(self) -> str:
        """The opaque, URL-safe ID of the incident."""
        cause = self.cause
        text = f"{cause.channel}~{cause.reason}~{timestamp(self.hour)}~{cause.receiver}"
        return base64url.encode(text.encode())


class CountedHour(NamedTuple):
    """An hour of a cause. ``arrived`` is True for resends that arrived, and False for attempts that failed."""

    cause: Cause
    hour: datetime
    arrived: bool = False


class Hours(Struct, frozen=True):
    """The attempts of a cause by hour: those that failed, and the resends of its messages that arrived."""

    failed: Counter[datetime] = field(default_factory=Counter)
    arrived: Counter[datetime] = field(default_factory=Counter)


class Incident(Struct, frozen=True):
    """An incident. ``hours`` are the hours with failures, from the first to the last hour of the incident.

    ``ended_at`` is the end of the last hour, or the hour in which a resend arrived, and None while it is on.
    """

    cause: Cause
    hours: tuple[tuple[datetime, int], ...]
    ended_at: datetime | None = None

    @property
    def key(self) -> IncidentKey:
        """The key of the incident."""
        return IncidentKey(self.cause, self.started_at)

    @property
    def incident_id(self) -> str:
        """The opaque, URL-safe ID of the incident."""
        return self.key.incident_id

    @property
    def started_at(self) -> datetime:
        """The start of the first hour."""
        return self.hours[0][0]

    @property
    def last_failure_at(self) -> datetime:
        """The start of the last hour with failures."""
        return self.hours[-1][0]

    @property
    def failures(self) -> int:
        """The number of attempts that failed."""
        return sum(number for _, number in self.hours)

    @property
    def is_over(self) -> bool:
        """Whether it is over."""
        return self.ended_at is not None

    def includes(self, item: UndeliveredItem) -> bool:
        """Whether the failure that an item shows belongs to the incident."""
        counted = _failure(item, item.failure)
        return counted is not None and counted.cause == self.cause and self.covers(counted.hour)

    def covers(self, hour: datetime) -> bool:
        """Whether an hour is from the first to the last hour."""
        return self.started_at <= hour <= self.last_failure_at


def parse_incident_id(text: str) -> IncidentKey | None:
    """Return the key of an ID from ``incident_id``, or None for any other text."""
    try:
        channel, reason, hour, receiver = base64url.decode(text).decode().split("~", 3)
        return IncidentKey(Cause(Channel(channel), Reason(reason), receiver), parse_timestamp(hour))
    except ValueError:
        return None


OUR_REASONS: Final = frozenset(
    reason for reason, classification in CLASSIFICATIONS.items() if classification.fault is Fault.SENDER
)
"""The reasons that can be the cause of an incident."""


def counted_hours(item: UndeliveredItem | None) -> Counter[CountedHour]:
    """Return how an item is counted: its attempts that failed by the sender's fault, and its resends that arrived.

    A change of an item changes the counters by the difference, so each attempt is counted once.
    """
    counted: Counter[CountedHour] = Counter()  # runs for every event, and calling a generic alias takes twice as long
    failed: CountedHour | None = None
    for attempt in item.attempts if item else ():
        if failure := item and _failure(item, attempt):
            counted[failure] += 1
            failed = failure
        elif failed and attempt.result and attempt.outcome is Outcome.DELIVERED:
            counted[CountedHour(failed.cause, hour_of(attempt.result.at), arrived=True)] += 1
    return counted


def changed_hours(before: UndeliveredItem | None, after: UndeliveredItem) -> Counter[CountedHour]:
    """Return the change of what is counted when an item changes."""
    counted = counted_hours(after)
    counted.subtract(counted_hours(before))
    return Counter({hour: number for hour, number in counted.items() if number})


def _failure(item: UndeliveredItem, attempt: Attempt) -> CountedHour | None:
    result = attempt.result
    classification = result.classification if result else None
    if result is None or classification is None or classification.fault is not Fault.SENDER:
        return None
    reason = classification.reason
    receiver = receiver_of(item.channel, reason, attempt.to, result.diagnostic)
    return CountedHour(Cause(item.channel, reason, receiver), hour_of(result.at))


def hour_of(moment: datetime) -> datetime:
    """Return the start of the hour (UTC) of a time."""
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def incidents(by_cause: Mapping[Cause, Hours], now: datetime) -> Sequence[Incident]:
    """Return the incidents of an account: those that are on, then those that are over, the newest first."""
    found = [
        incident
        for cause, hours in by_cause.items()
        for incident in _of_cause(cause, hours, now)
        if now - incident.last_failure_at <= SHOWN
    ]
    return sorted(found, key=lambda each: (each.is_over, _EPOCH - each.started_at, each.cause))


class _Failures:
    """The failures of a cause so far, in order, and those of them that belong to no incident."""

    def __init__(self) -> None:
        self.hours: list[datetime] = []
        self.totals = [0]
        """The failures before each hour, and those of all hours. A cause can fail in each hour of many days."""

    def add(self, hour: datetime, number: int) -> None:
        """Add the failures of the next hour."""
        self.hours.append(hour)
        self.totals.append(self.totals[-1] + number)

    def usual_in(self, window_start: datetime, length: timedelta) -> float:
        """Return the usual number in a time of a length, from the days before the window."""
        first, end = (bisect_right(self.hours, moment) for moment in (window_start - USUAL, window_start))
        return (self.totals[end] - self.totals[first]) * (length / USUAL)

    def start(self, hour: datetime) -> list[tuple[datetime, int]]:
        """Return the hours of an incident that starts with the failures so far, empty if none does."""
        window_start = hour - WINDOW
        place = bisect_right(self.hours, window_start)
        total = self.totals[-1] - self.totals[place]
        if total < LEAST_FAILURES or not _is_unusual(total, self.usual_in(window_start, WINDOW)):
            return []
        recent = [
            (each, after - before)
            for each, (before, after) in zip(self.hours[place:], pairwise(self.totals[place:]), strict=True)
        ]
        usual = self.usual_in(window_start, _HOUR)
        first = next((index for index, (_, number) in enumerate(recent) if _is_unusual(number, usual)), 0)
        del self.hours[place + first :]
        del self.totals[place + first + 1 :]
        return recent[first:]


def _of_cause(cause: Cause, hours: Hours, now: datetime) -> Iterator[Incident]:
    """Yield the incidents of a cause, the oldest first."""
    failures = _Failures()
    running: list[tuple[datetime, int]] = []
    usual, earliest = 0.0, now - SHOWN - WINDOW
    for hour in sorted(hour for hour, number in hours.failed.items() if number > 0 and hour <= now):
        counted = (hour, hours.failed[hour])
        if running and hour - running[-1][0] >= WINDOW:
            yield Incident(cause, tuple(running), _end(running[-1][0], hours, hour))
            running = []
        if running and _is_unusual(counted[1], usual):
            running.append(counted)
            continue
        failures.add(*counted)
        if not running and hour > earliest and (running := failures.start(hour)):
            usual = failures.usual_in(running[0][0], _HOUR)
    if running:
        incident = Incident(cause, tuple(running))
        yield replace(incident, ended_at=_end(incident.last_failure_at, hours, now))


def _end(last: datetime, hours: Hours, until: datetime) -> datetime | None:
    """Return when an incident with a last failing hour ended, None if it is still on at a time."""
    arrivals = [hour for hour, number in hours.arrived.items() if number > 0 and last < hour <= until]
    if arrivals:
        return min(arrivals)
    return last + _HOUR if until - last >= WINDOW else None


def _is_unusual(number: int, usual: float) -> bool:
    return number > usual + _DEVIATIONS * sqrt(usual)
