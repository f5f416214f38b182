"""Counts of failures: their classes, the changes that a write makes, and the time to resolve."""

from collections import Counter
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from datetime import timedelta
from itertools import product
from math import floor, log2
from typing import Final, NamedTuple, TypeVar

from msgspec import Struct, field

from undelivered.domain.incidents import CountedHour
from undelivered.domain.item import BY_CUSTOMER, LIVE_STATES, State, UndeliveredItem
from undelivered.domain.taxonomy import Channel, Classification, Fault, Kind, Status
from undelivered.domain.work import Work, work_of


class FailureClass(Struct, frozen=True, order=True):
    """A class of items. Items of a class are counted together and share a partition of an index."""

    channel: Channel
    status: Status
    kind: Kind | None = None

    @property
    def code(self) -> str:
        """The class in two letters: DynamoDB charges for the names of counters by the byte."""
        return _CODES[self]

    @property
    def name(self) -> str:
        """The class in words, for example ``bounced.hard.email``."""
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
"""All classes."""

CLASS_BY_CODE: Mapping[str, FailureClass] = {code: failure_class for failure_class, code in _CODES.items()}


_FAULT_LETTERS: Mapping[Fault, str] = {Fault.SENDER: "s", Fault.UNKNOWN: "u"}
"""The codes of bounces that are not the recipient's fault: counted and indexed separately, for the filter by fault."""


def live_code(failure_class: FailureClass, fault: Fault) -> str:
    """Return the code under which items on the report are counted and indexed."""
    code = failure_class.code
    return code + _FAULT_LETTERS.get(fault, "") if failure_class.status is Status.BOUNCED else code


def live_codes(classes: Iterable[FailureClass], faults: AbstractSet[Fault]) -> list[str]:
    """Return the codes of items on the report by class and fault; no faults mean any fault."""
    return sorted({live_code(failure_class, fault) for failure_class in classes for fault in (faults or Fault)})


CLASS_BY_LIVE_CODE: Mapping[str, FailureClass] = {
    live_code(failure_class, fault): failure_class for failure_class in CLASSES for fault in Fault
}


def class_of(channel: Channel, classification: Classification) -> FailureClass:
    """Return the class of a failure."""
    return FailureClass(channel, classification.status, classification.kind)


class LiveCount(Struct, frozen=True):
    """The number of items on the report by class, and how many of them are being resent.

    ``by_work`` counts the others by the work that they ask for. It is None while items from before the work was counted
    are on the report; see ``is_balanced``.
    """

    by_class: Counter[FailureClass] = field(default_factory=Counter)
    resending: int = 0
    by_work: Counter[Work] | None = None

    @property
    def total(self) -> int:
        """All items on the report."""
        return self.by_class.total()


class Resolution(NamedTuple):
    """How an item was resolved: how long it took, as a ``resolution_bucket``, and whether a manager had a hand in it.

    ``by_customer`` is true if the customer corrected the contact and the account's rule resent the message.
    """

    bucket: int
    by_customer: bool = False


class CountChange(Struct, frozen=True):
    """The change of the counters of the day on which an item was sent.

    ``live`` counts items on the report by ``live_code``, and once more by the work that they ask for or, if they are
    being resent, under ``RESENDING``. ``failed`` counts all failures by ``<class code>.<reason>``; it does not fall
    when an item leaves the report. ``resolved`` counts items whose message arrived, by their ``Resolution``. ``ours``
    counts what incidents follow from, under the day (UTC) of the hour; ``count_change`` leaves it empty.
    """

    live: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    resolved: Counter["Resolution"] = field(default_factory=Counter)
    ours: Counter[CountedHour] = field(default_factory=Counter)


class FailedTotals(Struct, frozen=True):
    """All failures by ``<class code>.<reason>``, and the items whose message arrived by their ``Resolution``."""

    failed: Counter[str] = field(default_factory=Counter)
    resolved: Counter["Resolution"] = field(default_factory=Counter)


RESENDING: Final = "resending"
"""The name of the live counter of items that are being resent."""

_WORK_PREFIX = "work."
WORK_COUNTERS: Final[Mapping[str, Work]] = {_WORK_PREFIX + work: work for work in Work}
"""The names of the live counters of open items by the work that they ask for."""


def work_counter(work: Work | None) -> str:
    """Return the name of the live counter of a live item's work. A live item without work is being resent."""
    return RESENDING if work is None else _WORK_PREFIX + work


def is_balanced(live: Mapping[str, int]) -> bool:
    """Whether live counters count each item once by class, and once by its work or as being resent.

    Counters from before the work was counted lack it until they are reconciled.
    """
    by_work = [live.get(name, 0) for name in (RESENDING, *WORK_COUNTERS)]
    return min(by_work) >= 0 and sum(by_work) == sum(live.get(code, 0) for code in CLASS_BY_LIVE_CODE)


def live_count(live: Mapping[str, int]) -> LiveCount:
    """Return what live counters count."""
    by_class = Counter[FailureClass]()
    for code, failure_class in CLASS_BY_LIVE_CODE.items():
        by_class[failure_class] += live.get(code, 0)
    by_work = Counter({work: live.get(name, 0) for name, work in WORK_COUNTERS.items()})
    return LiveCount(nonzero(by_class), live.get(RESENDING, 0), by_work if is_balanced(live) else None)


def count_change(before: UndeliveredItem | None, after: UndeliveredItem | None) -> CountChange:
    """Return the change of the counters when an item changes; None stands for an item that does not exist."""
    live, failed, resolved = Counter[str](), Counter[str](), Counter[Resolution]()
    for item, step in ((before, -1), (after, +1)):
        if item is None:
            continue
        failure_class = class_of(item.channel, item.classification)
        failed[f"{failure_class.code}.{item.classification.reason}"] += step
        if item.state in LIVE_STATES:
            live[live_code(failure_class, item.classification.fault)] += step
            live[work_counter(work_of(item))] += step
        if (duration := time_to_resolve(item)) is not None:
            resolved[Resolution(resolution_bucket(duration), item.last_sent.by == BY_CUSTOMER)] += step
    return CountChange(nonzero(live), nonzero(failed), nonzero(resolved))


_STEPS: Final = 4
_LEAST: Final = timedelta(minutes=1)


def time_to_resolve(item: UndeliveredItem) -> timedelta | None:
    """Return the time from the first failure until the message arrived, or None if it did not arrive."""
    if item.state is not State.RESOLVED or item.last_sent.result is None:
        return None
    failed = next(attempt.result for attempt in item.attempts if attempt.result)
    return item.last_sent.result.at - failed.at


def by_bucket(resolved: Mapping[Resolution, int]) -> Counter[int]:
    """Return the histogram of the time to resolve, whoever resolved the items."""
    buckets = Counter[int]()
    for resolution, number in resolved.items():
        buckets[resolution.bucket] += number
    return buckets


def resolution_bucket(duration: timedelta) -> int:
    """Return the bucket of a duration in a histogram. Histograms of several days can be added up.

    Bucket 0 ends at 1.19 minutes. Each bucket ends at 2^(1/4) times the end of the bucket before, about a fifth later.
    A quantile of the histogram is at most 10 % off (Masson et al., DDSketch, VLDB 2019).
    """
    return floor(_STEPS * log2(max(duration / _LEAST, 1.0)))


def median_time(buckets: Mapping[int, int]) -> timedelta | None:
    """Return the median of a histogram by ``resolution_bucket``, the middle of its bucket; None if it is empty."""
    remaining = sum(buckets.values()) / 2
    for bucket in sorted(buckets):
        remaining -= buckets[bucket]
        if remaining <= 0 < buckets[bucket]:
            return _LEAST * 2 ** ((bucket + 0.5) / _STEPS)
    return None


_Name = TypeVar("_Name")


def nonzero(counter: Counter[_Name]) -> Counter[_Name]:
    """Return a counter without its zeros."""
    return Counter({name: number for name, number in counter.items() if number})
