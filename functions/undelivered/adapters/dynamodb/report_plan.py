"""Chooses which partitions of which tables and indexes a page of the report is read from.

The Undelivered table is read first, and History only if the page is not full by then. In each table, either all the
account's items are read in order and filtered (a scan), or only the partitions of the matching classes are read and
merged. A scan costs less if most items match, partitions cost less if few match. The counters of live items show which
is the case. An item that is past its thirty days and not swept yet is still in the Undelivered table, so that table is
also read for times before the thirty days.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime
from functools import partial
from itertools import chain, product
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from undelivered.adapters.dynamodb.item_rows import (
    LIVE_GROUP,
    class_partition,
    customer_partition,
    expired_below,
    just_above,
    just_below,
    key_from,
    live_code_of,
    state_partition,
)
from undelivered.adapters.dynamodb.models import HistoryModel, ItemTable, UndeliveredModel
from undelivered.adapters.dynamodb.paged_merge import LEAST_ITEMS, Progress, Source, merged, read
from undelivered.domain.failure_counts import CLASS_BY_LIVE_CODE, CLASSES, FailureClass, class_of, live_code, live_codes
from undelivered.domain.item import State, UndeliveredItem
from undelivered.domain.report_query import ReportFilter
from undelivered.domain.taxonomy import CLASSIFICATIONS, Channel, Kind, classification_of
from undelivered.domain.work import Work, possible_work

_CLEARED = (State.RESOLVED, State.DISMISSED)
_FINAL = (State.EXPIRED, *_CLEARED)
_EVERY_CLASS = frozenset(CLASSES)

_FEW_PARTITIONS = 6
"""Up to this number of partitions, the counters are not read first: they would cost about as much."""

_NOT_CLEARED = 0.85
"""The usual share of an account's items that are neither resolved nor dismissed."""


class Span(Struct, frozen=True):
    """A range of entry keys: above ``low``, below ``high``."""

    low: str
    high: str


Sources = Sequence[Source]

LiveCounts = Callable[[Span], Counter[str]]
"""Returns the number of live items by ``live_code`` of the days of a span; a call costs a small read."""


class Reading(Struct, frozen=True):
    """The sources of a page: the Undelivered table and, for keys below ``boundary``, also History."""

    recent: Sources
    past: Sources
    boundary: str

    def read(self, progress: Progress) -> Iterator[UndeliveredItem]:
        """Yield the items in the order of the page. The newest come without History before it is needed."""
        if progress.oldest_first:
            yield from merged([read(source, progress) for source in (*self.recent, *self.past)], oldest_first=True)
            return
        recent = merged([read(source, progress) for source in self.recent])
        for item in recent:
            if self.past and item.entry_key < self.boundary:
                unswept = chain([item], recent)
                yield from merged([unswept, *self._read_past(progress)])
                return
            yield item
        yield from merged(self._read_past(progress))

    def _read_past(self, progress: Progress) -> list[Iterator[UndeliveredItem]]:
        progress.fetched.clear()
        return [read(source, progress) for source in self.past]


def plan_reading(  # noqa: PLR0913, PLR0917 - what a page depends on
    account_id: str, wanted: ReportFilter, needed: int, after: str | None, now: datetime, live_counts: LiveCounts
) -> Reading:
    """Return how to read ``needed`` items that a filter matches, behind the cursor ``after``."""
    low, high = key_from(wanted.period.start), key_from(wanted.period.end)
    if after is not None and wanted.oldest_first:
        low = max(low, just_above(after))
    elif after is not None:
        high = min(high, just_below(after))
    boundary = expired_below(now)
    has_past = low < min(high, boundary) and not wanted.states.isdisjoint(_FINAL) and not (wanted.ready or wanted.work)
    has_recent = max(low, boundary) < high
    reads_on = has_past and has_recent and _finds_unswept(wanted)
    recent: Sources = ()
    past: Sources = ()
    if has_recent:
        counted = Span(max(low, boundary), high)
        span = Span(low if reads_on else counted.low, high)
        recent = _recent(account_id, wanted, span, needed, lambda: live_counts(counted))
    if has_past:
        span = Span(low, min(high, boundary))
        month = Span(boundary, key_from(now))
        past = _past(account_id, wanted, span, needed, lambda: live_counts(month))
        if not reads_on:
            past = [_unswept(account_id, wanted, span), *past]
    return Reading(recent, past, boundary)


def _finds_unswept(wanted: ReportFilter) -> bool:
    """Whether the sources of ``_recent``, read further back, hold every unswept item that the filter matches."""
    if wanted.customer_id or State.EXPIRED not in wanted.states:
        return True
    return State.OPEN in wanted.states and possible_classes(wanted) == _EVERY_CLASS


def _unswept(account_id: str, wanted: ReportFilter, span: Span) -> Source:
    """Return the source of the few items past their thirty days that are still in the Undelivered table."""
    if wanted.customer_id:
        partition = customer_partition(account_id, wanted.customer_id)
        return Source(UndeliveredModel, partition, span.low, span.high, "by_customer")
    return Source(UndeliveredModel, account_id, span.low, span.high, share=1.0)


def _recent(
    account_id: str, wanted: ReportFilter, span: Span, needed: int, live_counts: Callable[[], Counter[str]]
) -> Sources:
    at = partial(Source, UndeliveredModel, low=span.low, high=span.high)
    if wanted.customer_id:
        return [at(customer_partition(account_id, wanted.customer_id), index="by_customer")]
    if wanted.ready:
        return [at(account_id, index="by_ready", share=1.0)]
    if wanted.work:
        return _of_work(account_id, wanted, span, live_counts)
    return _of_states(account_id, wanted, span, needed, live_counts)


def _of_states(
    account_id: str, wanted: ReportFilter, span: Span, needed: int, live_counts: Callable[[], Counter[str]]
) -> Sources:
    at = partial(Source, UndeliveredModel, low=span.low, high=span.high)
    classes = possible_classes(wanted)
    cleared = [state for state in _CLEARED if state in wanted.states]
    if classes == _EVERY_CLASS:
        if State.OPEN in wanted.states:
            return [at(account_id, share=1 / _match(wanted))]
        states = [state for state in (State.RESENDING, *cleared) if state in wanted.states]
        return [at(state_partition(account_id, state), index="by_ready", share=1.0) for state in states]
    partitions = [
        source for state in cleared for source in _of_classes(UndeliveredModel, account_id, state, classes, span)
    ]
    if State.OPEN in wanted.states:
        live = [
            at(class_partition(account_id, LIVE_GROUP, code), index="by_class")
            for code in live_codes(classes, wanted.faults)
        ]
        if len(live) > _FEW_PARTITIONS:
            counts = live_counts()
            live = _with_shares(live, counts, _NOT_CLEARED if cleared else 1.0)
            return _cheaper(at(account_id), [*live, *partitions], needed, _match(wanted, classes, counts))
        partitions = [*live, *partitions]
    elif State.RESENDING in wanted.states:
        partitions.append(at(state_partition(account_id, State.RESENDING), index="by_ready", share=1.0))
    return partitions


def _of_work(account_id: str, wanted: ReportFilter, span: Span, live_counts: Callable[[], Counter[str]]) -> Sources:
    """Return the partitions of the classes that ask for the work. What was corrected is in the index of ready items."""
    at = partial(Source, UndeliveredModel, low=span.low, high=span.high)
    codes = live_codes(possible_classes(wanted), wanted.faults)
    wanted_codes = [code for code in codes if not _WORK_BY_CODE[code].isdisjoint(wanted.work)]
    live: Sources = [at(class_partition(account_id, LIVE_GROUP, code), index="by_class") for code in wanted_codes]
    if len(live) > _FEW_PARTITIONS:
        live = _with_shares(live, live_counts(), 1.0)
    return [*live, at(account_id, index="by_ready")] if Work.RESEND in wanted.work else live


def _work_by_code() -> Mapping[str, AbstractSet[Work]]:
    """Return the work that open items ask for whose contact was not corrected, by ``live_code``."""
    work: dict[str, set[Work]] = defaultdict(set)
    for reason, kind, channel in product(CLASSIFICATIONS, (None, *Kind), Channel):
        classification = classification_of(reason, kind)
        possible = possible_work(classification)
        code = live_code(class_of(channel, classification), classification.fault)
        work[code] |= possible - {Work.RESEND} if Work.CORRECT in possible else possible
    return work


_WORK_BY_CODE: Final = _work_by_code()


def _with_shares(live: Sources, counts: Counter[str], part: float) -> list[Source]:
    """Return the partitions that have live items, each with its expected share of the page."""
    numbers = [(source, number) for source in live if (number := counts[live_code_of(source.partition)]) > 0]
    total = sum(number for _, number in numbers)
    return [replace(source, share=part * number / total) for source, number in numbers]


def _past(
    account_id: str, wanted: ReportFilter, span: Span, needed: int, live_counts: Callable[[], Counter[str]]
) -> Sources:
    """Return the sources in History."""
    at = partial(Source, HistoryModel, low=span.low, high=span.high)
    if wanted.customer_id:
        return [at(customer_partition(account_id, wanted.customer_id), index="by_customer")]
    classes = possible_classes(wanted)
    if classes == _EVERY_CLASS and State.EXPIRED in wanted.states:
        return [at(account_id, share=1 / _match(wanted))]
    partitions = [
        source
        for state in _FINAL
        if state in wanted.states
        for source in _of_classes(HistoryModel, account_id, state, classes, span)
    ]
    if State.EXPIRED not in wanted.states or len(partitions) <= _FEW_PARTITIONS:
        return partitions
    # Earlier months are assumed to have the same mix of classes as the past month.
    return _cheaper(at(account_id), partitions, needed, _match(wanted, classes, live_counts()))


def _cheaper(scan: Source, partitions: Sources, needed: int, match: float) -> Sources:
    """Return the scan or the partitions, whichever cost less. The filter matches the share ``match`` of the scan."""
    if match and needed / match <= needed + len(partitions) * LEAST_ITEMS:
        return [replace(scan, share=1 / match)]
    return partitions


def _match(
    wanted: ReportFilter, classes: frozenset[FailureClass] = _EVERY_CLASS, counts: Counter[str] | None = None
) -> float:
    """Return the share of an account's items that a filter is expected to match, by its states and classes."""
    by_state = 1.0 if wanted.states.issuperset(_CLEARED) else _NOT_CLEARED
    if counts is None:
        return by_state
    total = sum(counts[code] for code in CLASS_BY_LIVE_CODE)
    return by_state * sum(counts[code] for code in live_codes(classes, wanted.faults)) / total if total else 0.0


def _of_classes(
    model: type[ItemTable], account_id: str, state: State, classes: frozenset[FailureClass], span: Span
) -> list[Source]:
    return [
        Source(model, class_partition(account_id, state.value, failure_class.code), span.low, span.high, "by_class")
        for failure_class in sorted(classes, key=lambda failure_class: failure_class.code)
    ]


def possible_classes(wanted: ReportFilter) -> frozenset[FailureClass]:
    """Return the classes of the items that a filter can match. A bounce of any reason can be hard or soft."""
    statuses = {
        classification.status
        for classification in CLASSIFICATIONS.values()
        if (not wanted.reasons or classification.reason in wanted.reasons)
        and (not wanted.faults or classification.fault in wanted.faults)
    }
    allowed = _EVERY_CLASS if wanted.classes is None else wanted.classes
    return frozenset(failure_class for failure_class in allowed if failure_class.status in statuses)
