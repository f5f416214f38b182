"""The classes of failures that are counted, and how the counts follow an item."""

from collections import Counter
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from datetime import timedelta
from itertools import product
from math import floor, log2
from typing import Final, TypeVar

from msgspec import Struct, field

from undelivered.domain.item import LIVE_STATES, State, UndeliveredItem
from undelivered.domain.taxonomy import Channel, Classification, Fault, Kind, Status


class FailureClass(Struct, frozen=True, order=True):
    """A class of items: what is counted together and what an index keeps together."""

    channel: Channel
    status: Status
    kind: Kind | None = None

    @property
    def code(self) -> str:
        """Two letters for the class: counters pay for their names by the byte."""
        return _CODES[self]

    @property
    def name(self) -> str:
        """The class in words: ``bounced.hard.email``."""
        return ".".join(part for part in (self.status, self.kind, self.channel) if part)


_LETTERS: Mapping[tuple[Status, Kind | None], str] = {
    (Status.BOUNCED, Kind.HARD): "h",
    (Status.BOUNCED, Kind.SOFT): "s",
    (Status.INVALID, None): "i",
    (Status.SPAMMED, None): "c",
    (Status.DROPPED, None): "d",
    (Status.FAILED, None): "f",
}
_CODES: Mapping[FailureClass, str] = {
    FailureClass(channel, status, kind): channel.value[0] + letter
    for channel, ((status, kind), letter) in product(Channel, _LETTERS.items())
}
CLASSES: Final[tuple[FailureClass, ...]] = tuple(_CODES)
"""Every class there is."""

CLASS_BY_CODE: Mapping[str, FailureClass] = {code: failure_class for failure_class, code in _CODES.items()}


_FAULT_LETTERS: Mapping[Fault, str] = {Fault.SENDER: "s", Fault.UNKNOWN: "u"}
"""Bounces are mostly the recipient's; those that are not are counted and indexed apart, to be found by their fault."""


def live_code(failure_class: FailureClass, fault: Fault) -> str:
    """Return under which name live items of a class and fault are counted and indexed."""
    code = failure_class.code
    return code + _FAULT_LETTERS.get(fault, "") if failure_class.status is Status.BOUNCED else code


def live_codes(classes: Iterable[FailureClass], faults: AbstractSet[Fault]) -> list[str]:
    """Return the names of live items of classes and faults, where empty means any fault."""
    return sorted({live_code(each, fault) for each in classes for fault in (faults or Fault)})


CLASS_BY_LIVE_CODE: Mapping[str, FailureClass] = {live_code(each, fault): each for each in CLASSES for fault in Fault}


def class_of(channel: Channel, classification: Classification) -> FailureClass:
    """Return the class of a failure."""
    return FailureClass(channel, classification.status, classification.kind)


class LiveCount(Struct, frozen=True):
    """How many items are on the report, by class, and how many of them are being resent."""

    by_class: Counter[FailureClass] = field(default_factory=Counter)
    resending: int = 0

    @property
    def total(self) -> int:
        """All items on the report."""
        return self.by_class.total()


class CountChange(Struct, frozen=True):
    """What a write changes in the counters of the day that an item was sent on.

    ``live`` is by ``live_code``, with ``RESENDING`` for the items being resent; ``failed`` by
    ``<class code>.<reason>``, and never falls when an item is cleared or expires. ``resolved`` is how many
    arrived in the end, by ``resolution_bucket``.
    """

    live: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    resolved: Counter[int] = field(default_factory=Counter)


class FailedTotals(Struct, frozen=True):
    """What failed in a span of days, by ``<class code>.<reason>``, and of it what arrived in the end, by bucket."""

    failed: Counter[str] = field(default_factory=Counter)
    resolved: Counter[int] = field(default_factory=Counter)


RESENDING: Final = "resending"


def count_change(before: UndeliveredItem | None, after: UndeliveredItem | None) -> CountChange:
    """Return how the counters follow an item from one form to another; None is an item that is not there."""
    live, failed, resolved = Counter[str](), Counter[str](), Counter[int]()
    for item, sign_token in ((before, -1), (after, +1)):
        if item is None:
            continue
        code = class_of(item.channel, item.classification).code
        failed[f"{code}.{item.classification.reason}"] += sign_token
        if item.state in LIVE_STATES:
            live[live_code(class_of(item.channel, item.classification), item.classification.fault)] += sign_token
        if item.state is State.RESENDING:
            live[RESENDING] += sign_token
        if (taken := time_to_resolve(item)) is not None:
            resolved[resolution_bucket(taken)] += sign_token
    return CountChange(nonzero(live), nonzero(failed), nonzero(resolved))


_STEPS: Final = 4
_LEAST: Final = timedelta(minutes=1)


def time_to_resolve(item: UndeliveredItem) -> timedelta | None:
    """Return how long it took from the first failure until the message arrived, None where it did not."""
    if item.state is not State.RESOLVED or item.last_attempt.result is None:
        return None
    failed = next(attempt.result for attempt in item.attempts if attempt.result)
    return item.last_attempt.result.at - failed.at


def resolution_bucket(taken: timedelta) -> int:
    """Return the bucket of a histogram of durations that may be added up over days, and over accounts.

    Bucket 0 ends at a minute and a fifth; each is 2^(1/4) times, so about a fifth, longer than the one before. A
    quantile told from it is at most 10 % off, whatever the durations (as in Masson et al., DDSketch, VLDB 2019).
    """
    return floor(_STEPS * log2(max(taken / _LEAST, 1.0)))


def median_time(buckets: Mapping[int, int]) -> timedelta | None:
    """Return the median of a histogram of ``resolution_bucket``: the middle of its bucket, None without any."""
    rest = sum(buckets.values()) / 2
    for bucket in sorted(buckets):
        rest -= buckets[bucket]
        if rest <= 0 < buckets[bucket]:
            return _LEAST * 2 ** ((bucket + 0.5) / _STEPS)
    return None


_Name = TypeVar("_Name")


def nonzero(counter: Counter[_Name]) -> Counter[_Name]:
    """Return a counter without what it counts none of."""
    return Counter({name: number for name, number in counter.items() if number})
