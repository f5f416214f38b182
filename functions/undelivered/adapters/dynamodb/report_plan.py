"""What a report is read from: which partitions of which tables and indexes, and when to prefer which.

The Undelivered table and History are read apart, the latter only when the page is not full by then. For each there
are two ways: a scan of the account's items in order, passing over what the filter does not show, or the class
partitions that the filter lets through, in step. The first is good where most is shown, the second where little is or
where the partitions are few; a small piece of the scan tells which it is. What is past its thirty days and not swept
yet is still in the Undelivered table, so reading that goes on where History begins.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from functools import partial
from itertools import chain
from math import ceil
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from undelivered.adapters.dynamodb.item_rows import (
    LIVE_GROUP,
    class_partition,
    customer_partition,
    expired_below,
    just_below,
    key_from,
    live_code_of,
    state_partition,
)
from undelivered.adapters.dynamodb.models import HistoryModel, ItemTable, UndeliveredModel
from undelivered.adapters.dynamodb.paged_merge import LEAST_ITEMS, Progress, Source, merged, read
from undelivered.domain.failure_counts import CLASSES, FailureClass, live_codes
from undelivered.domain.item import State, UndeliveredItem
from undelivered.domain.report_query import ReportFilter
from undelivered.domain.taxonomy import CLASSIFICATIONS

_CLEARED = (State.RESOLVED, State.DISMISSED)
_FINAL = (State.EXPIRED, *_CLEARED)
_EVERY_CLASS = frozenset(CLASSES)
_FEW_LIVE = 2
"""So many partitions of live items are read without asking first which of them hold any."""

_FEW_PARTS = 6
"""So many partitions cost less than half a page more than the scan would at its best, so the scan is not tried."""

_PROBED_ITEMS = LEAST_ITEMS

_USUAL_DENSITY = 0.85
"""Which part of an account's items is usually in the states that are mostly asked for, the others being cleared."""

_LEAST_DENSITY = 0.01


class Span(Struct, frozen=True):
    """A stretch of entry keys: above ``low``, below ``high``."""

    low: str
    high: str


Ways = Literal["scan", "parts", "either"]

LiveCounts = Callable[[Span], Counter[str]]
"""Tells how many live items of each ``live_code`` the days of a span hold; asking costs a small read."""


class Plan(Struct, frozen=True):
    """Two ways to read the same: ``scan`` in order, or ``parts`` in step; either may be missing.

    ``density`` is which part of the scan the filter is expected to show, None when nothing is known of it.
    ``beside`` is read along with either.
    """

    scan: Source | None = None
    parts: tuple[Source, ...] = ()
    density: float | None = None
    beside: tuple[Source, ...] = ()

    def read(self, progress: Progress) -> Iterator[UndeliveredItem]:
        """Yield the items, newest first, by the way that costs less."""
        beside = [read(source, progress) for source in self.beside]
        if self.scan is None:
            return merged([*beside, *(read(source, progress) for source in self.parts)])
        return merged([*beside, self._read_either(self.scan, progress)])

    def _read_either(self, scan: Source, progress: Progress) -> Iterator[UndeliveredItem]:
        """Scan as long as that is no dearer than reading the parts, by how much of it was shown so far."""
        shown, examined = progress.shown, progress.examined
        last, left = "", False

        def go_on() -> bool:
            nonlocal left
            left = not self._scan_is_cheaper(progress.missing, progress.density_since(shown, examined))
            return not left

        if self.density is None or self._scan_is_cheaper(progress.missing, self.density):
            first = _PROBED_ITEMS if self.density is None else ceil(progress.missing / self.density)
            for item in read(scan, progress, first, go_on):
                last = item.entry_key
                yield item
            if not left:
                return
        progress.fetched.clear()
        rest = [replace(part, high=min(part.high, just_below(last))) if last else part for part in self.parts]
        yield from merged([read(part, progress) for part in rest if part.low < part.high])

    def _scan_is_cheaper(self, missing: int, density: float) -> bool:
        return not self.parts or missing / density <= missing + len(self.parts) * LEAST_ITEMS


class Reading(Struct, frozen=True):
    """What a page is read from: the Undelivered table, and below ``edge``, where thirty days are over, History too."""

    recent: Plan | None
    past: Plan | None
    edge: str

    def read(self, progress: Progress) -> Iterator[UndeliveredItem]:
        """Yield the items, newest first; History is not asked before its time."""
        recent = self.recent.read(progress) if self.recent else iter(())
        for item in recent:
            if self.past and item.entry_key < self.edge:
                unswept = chain([item], recent)
                yield from merged([unswept, self.past.read(progress)])
                return
            yield item
        if self.past:
            yield from self.past.read(progress)


def reading_of(
    account_id: str, wanted: ReportFilter, after: str | None, now: datetime, live_counts: LiveCounts
) -> Reading:
    """Return how to read what a filter shows from a cursor on."""
    low, high = key_from(wanted.period.start), key_from(wanted.period.end)
    if after is not None:
        high = min(high, just_below(after))
    edge = expired_below(now)
    has_past = low < min(high, edge) and not wanted.states.isdisjoint(_FINAL) and not wanted.ready
    has_recent = max(low, edge) < high
    goes_on = has_past and has_recent and _tells_unswept(wanted)
    recent = past = None
    if has_recent:
        span = Span(low if goes_on else max(low, edge), high)
        recent = _recent(account_id, wanted, span, lambda: live_counts(Span(max(low, edge), high)))
    if has_past:
        span = Span(low, min(high, edge))
        past = _past(account_id, wanted, span)
        if not goes_on:
            past = replace(past, beside=(_unswept(account_id, wanted, span),))
    return Reading(recent, past, edge)


def _tells_unswept(wanted: ReportFilter) -> bool:
    """Whether what ``_recent`` reads would, further back, show all that is not swept yet and that the filter shows."""
    if wanted.customer_id or State.EXPIRED not in wanted.states:
        return True
    return State.OPEN in wanted.states and not _is_counted(wanted)


def _is_counted(wanted: ReportFilter) -> bool:
    """Whether the counters are asked which partitions of live items hold any."""
    classes = possible_classes(wanted)
    is_narrowed = classes != _EVERY_CLASS
    return State.OPEN in wanted.states and is_narrowed and len(live_codes(classes, wanted.faults)) > _FEW_LIVE


def _unswept(account_id: str, wanted: ReportFilter, span: Span) -> Source:
    """Return what is past its thirty days and still in the Undelivered table, which is little."""
    if wanted.customer_id:
        partition = customer_partition(account_id, wanted.customer_id)
        return Source(UndeliveredModel, partition, span.low, span.high, "by_customer")
    return Source(UndeliveredModel, account_id, span.low, span.high, share=1.0)


def _recent(account_id: str, wanted: ReportFilter, span: Span, live_counts: Callable[[], Counter[str]]) -> Plan:
    at = partial(Source, UndeliveredModel, low=span.low, high=span.high)
    if wanted.customer_id:
        return Plan(at(customer_partition(account_id, wanted.customer_id), index="by_customer"), density=1.0)
    if wanted.ready:
        return Plan(at(account_id, index="by_ready"), density=1.0)
    classes = possible_classes(wanted)
    narrowed = classes != _EVERY_CLASS
    live: list[Source] = []
    cleared: list[Source] = []
    if State.OPEN in wanted.states:
        live = [
            at(class_partition(account_id, LIVE_GROUP, code), index="by_class")
            for code in live_codes(classes, wanted.faults)
        ]
    elif State.RESENDING in wanted.states:
        live = [at(state_partition(account_id, State.RESENDING), index="by_ready", share=1.0)]
    for state in _CLEARED:
        if state in wanted.states and narrowed:
            cleared += _of_classes(UndeliveredModel, account_id, state.value, classes, span)
        elif state in wanted.states:
            cleared.append(at(state_partition(account_id, state), index="by_ready"))
    density = None if narrowed or State.OPEN not in wanted.states else _USUAL_DENSITY
    if _is_counted(wanted):
        live, density = _known(live, live_counts(), _USUAL_DENSITY if cleared else 1.0)
    ways = _ways(wanted, narrowed=narrowed, by_fault=not cleared and State.OPEN in wanted.states)
    return _either(at(account_id), [*live, *cleared], ways, density)


def _known(live: Sequence[Source], held: Counter[str], part: float) -> tuple[list[Source], float]:
    """Return the sources of live classes that hold anything, with their shares of a part, and their density."""
    numbers = [(source, number) for source in live if (number := held[live_code_of(source.partition)]) > 0]
    selected = sum(number for _, number in numbers)
    sources = [replace(source, share=part * number / selected) for source, number in numbers]
    return sources, max(_USUAL_DENSITY * selected / max(held.total(), selected, 1), _LEAST_DENSITY)


def _past(account_id: str, wanted: ReportFilter, span: Span) -> Plan:
    """Return how to read what History holds."""
    at = partial(Source, HistoryModel, low=span.low, high=span.high)
    if wanted.customer_id:
        return Plan(at(customer_partition(account_id, wanted.customer_id), index="by_customer"), density=1.0)
    classes = possible_classes(wanted)
    narrowed = classes != _EVERY_CLASS
    parts = [
        part
        for state in _FINAL
        if state in wanted.states
        for part in _of_classes(HistoryModel, account_id, state.value, classes, span)
    ]
    density = _USUAL_DENSITY if State.EXPIRED in wanted.states and not narrowed else None
    return _either(at(account_id), parts, _ways(wanted, narrowed=narrowed, by_fault=False), density)


def _either(scan: Source, parts: Sequence[Source], ways: Ways, density: float | None) -> Plan:
    """Return the plan that leaves open what cannot be known beforehand."""
    if len(parts) <= _FEW_PARTS or ways == "parts":
        return Plan(parts=tuple(parts))
    return Plan(scan, density=1.0) if ways == "scan" else Plan(scan, tuple(parts), density)


def _ways(wanted: ReportFilter, *, narrowed: bool, by_fault: bool) -> Ways:
    """Return which ways make sense; ``by_fault`` tells that the parts hold the wanted faults only."""
    if wanted.search or wanted.reasons or (wanted.faults and not by_fault):
        # No index serves these: whatever is read, little of it may be shown.
        return "parts" if narrowed else "scan"
    return "scan" if not narrowed and wanted.states == frozenset(State) else "either"


def _of_classes(
    model: type[ItemTable], account_id: str, group: str, classes: frozenset[FailureClass], span: Span
) -> list[Source]:
    return [
        Source(model, class_partition(account_id, group, each.code), span.low, span.high, "by_class")
        for each in sorted(classes, key=lambda each: each.code)
    ]


def possible_classes(wanted: ReportFilter) -> frozenset[FailureClass]:
    """Return the classes that what a filter shows can be in. Kinds stay open: an event may harden a bounce."""
    statuses = {
        classification.status
        for classification in CLASSIFICATIONS.values()
        if (not wanted.reasons or classification.reason in wanted.reasons)
        and (not wanted.faults or classification.fault in wanted.faults)
    }
    allowed = _EVERY_CLASS if wanted.classes is None else wanted.classes
    return frozenset(each for each in allowed if each.status in statuses)
