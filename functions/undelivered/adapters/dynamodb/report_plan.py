"""What a report is read from: which partitions of which tables and indexes, and when to prefer which.

The thirty days of the report and what lies before them are read apart, the past only when the page is not full by
then. For each there are two ways: a scan of the account's items in order, passing over what the filter does not show,
or the class partitions that the filter lets through, in step. The first is good where most is shown, the second
where little is; a small piece of the scan tells which it is.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from undelivered.adapters.dynamodb.keys import expired_below, just_below, key_from
from undelivered.adapters.dynamodb.mapping import LIVE_GROUP, class_partition, customer_partition, state_partition
from undelivered.adapters.dynamodb.models import HistoryModel, ItemTable, UndeliveredModel
from undelivered.adapters.dynamodb.streams import LEAST_ITEMS, Progress, Source, merged, read
from undelivered.domain.notification import State, UndeliveredItem
from undelivered.domain.reporting import CLASSES, FailureClass, ReportFilter
from undelivered.domain.taxonomy import VERDICTS

_CLEARED = (State.RESOLVED, State.DISMISSED)
_FINAL = (State.EXPIRED, *_CLEARED)
_EVERY_CLASS = frozenset(CLASSES)
_FEW_PARTS = 2
_PROBED_ITEMS = 8

Refine = Callable[[Sequence[Source]], Sequence[Source]]
"""Takes away sources known to be empty, and says of others how much to expect of them."""


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of entry keys: above ``low``, below ``high``."""

    low: str
    high: str


@dataclass(frozen=True, slots=True)
class Plan:
    """Two ways to read the same: ``scan`` in order, or ``parts`` in step; either may be missing.

    ``most_is_shown`` says that the filter is expected to let most of the scan through. ``beside`` is
    read along with either.
    """

    scan: Source | None = None
    parts: tuple[Source, ...] = ()
    most_is_shown: bool = False
    beside: tuple[Source, ...] = ()

    def read(self, progress: Progress, refine: Refine) -> Iterator[UndeliveredItem]:
        """Yield the items, newest first, by the way that costs less."""
        beside = [read(source, progress) for source in self.beside]
        if self.scan is None:
            return merged([*beside, *(read(source, progress) for source in refine(self.parts))])
        return merged([*beside, self._read_either(self.scan, progress, refine)])

    def _read_either(self, scan: Source, progress: Progress, refine: Refine) -> Iterator[UndeliveredItem]:
        """Scan as long as that is no dearer than reading the parts, by how much of it was shown so far."""
        shown, examined = progress.shown, progress.examined
        last = ""

        def scan_is_cheaper() -> bool:
            by_scan = progress.missing / progress.density_since(shown, examined)
            return not self.parts or by_scan <= progress.missing + len(self.parts) * LEAST_ITEMS

        first = progress.needed if self.most_is_shown else _PROBED_ITEMS
        for item in read(scan, progress, first, scan_is_cheaper):
            last = item.entry_key
            yield item
        if last and not scan_is_cheaper():
            rest = [replace(part, high=min(part.high, just_below(last))) for part in self.parts]
            rest = [part for part in rest if part.low < part.high]
            yield from merged([read(part, progress) for part in refine(rest)])


def plans(account_id: str, wanted: ReportFilter, after: str | None, now: datetime) -> Iterator[Plan]:
    """Yield how to read what a filter shows from a cursor on: the report's thirty days, then the past."""
    low, high = key_from(wanted.period.start), key_from(wanted.period.end)
    if after is not None:
        high = min(high, just_below(after))
    edge = expired_below(now)
    recent, past = Span(max(low, edge), high), Span(low, min(high, edge))
    if recent.low < recent.high:
        yield _recent(account_id, wanted, recent)
    if past.low < past.high and not wanted.states.isdisjoint(_FINAL) and not wanted.ready:
        yield _past(account_id, wanted, past)


def _recent(account_id: str, wanted: ReportFilter, span: Span) -> Plan:
    at = partial(Source, UndeliveredModel, low=span.low, high=span.high)
    if wanted.customer_id:
        return Plan(at(customer_partition(account_id, wanted.customer_id), index="by_customer"), most_is_shown=True)
    if wanted.ready:
        return Plan(at(account_id, index="by_ready"), most_is_shown=True)
    classes = possible_classes(wanted)
    narrowed = classes != _EVERY_CLASS
    parts: list[Source] = []
    if State.OPEN in wanted.states:
        parts += _of_classes(UndeliveredModel, account_id, LIVE_GROUP, classes, span)
    elif State.RESENDING in wanted.states:
        parts.append(at(state_partition(account_id, State.RESENDING), index="by_ready"))
    for state in _CLEARED:
        if state in wanted.states and narrowed:
            parts += _of_classes(UndeliveredModel, account_id, state.value, classes, span)
        elif state in wanted.states:
            parts.append(at(state_partition(account_id, state), index="by_ready"))
    scan = at(account_id)
    return _either(scan, parts, wanted, narrowed=narrowed, most=State.OPEN in wanted.states)


def _past(account_id: str, wanted: ReportFilter, span: Span) -> Plan:
    """Return how to read what is over: from history, and beside it what was not swept yet, which is little."""
    at = partial(Source, low=span.low, high=span.high)
    if wanted.customer_id:
        partition = customer_partition(account_id, wanted.customer_id)
        beside = (at(UndeliveredModel, partition, index="by_customer"),)
        return Plan(at(HistoryModel, partition, index="by_customer"), most_is_shown=True, beside=beside)
    classes = possible_classes(wanted)
    narrowed = classes != _EVERY_CLASS
    parts = [
        part
        for state in _FINAL
        if state in wanted.states
        for part in _of_classes(HistoryModel, account_id, state.value, classes, span)
    ]
    plan = _either(at(HistoryModel, account_id), parts, wanted, narrowed=narrowed, most=State.EXPIRED in wanted.states)
    return replace(plan, beside=(at(UndeliveredModel, account_id),))


def _either(scan: Source, parts: Sequence[Source], wanted: ReportFilter, *, narrowed: bool, most: bool) -> Plan:
    """Return the plan that leaves open what cannot be known beforehand; ``most``: the states are the usual ones."""
    if len(parts) <= _FEW_PARTS:
        return Plan(parts=tuple(parts))
    if wanted.search or wanted.reasons or wanted.faults:
        # No index serves these: whatever is read, little of it may be shown.
        return Plan(parts=tuple(parts)) if narrowed else Plan(scan)
    return Plan(scan, tuple(parts), most_is_shown=most and not narrowed)


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
        judgement.status
        for judgement in VERDICTS.values()
        if (not wanted.reasons or judgement.reason in wanted.reasons)
        and (not wanted.faults or judgement.fault in wanted.faults)
    }
    allowed = _EVERY_CLASS if wanted.classes is None else wanted.classes
    return frozenset(each for each in allowed if each.status in statuses)
