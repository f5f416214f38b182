"""Which partitions a report is read from."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from undelivered.adapters.dynamodb.keys import expired_below, just_below, key_from
from undelivered.adapters.dynamodb.mapping import (
    LIVE_GROUP,
    class_partition,
    customer_partition,
    resending_partition,
)
from undelivered.adapters.dynamodb.models import HistoryModel, ItemTable, UndeliveredModel
from undelivered.adapters.dynamodb.streams import Source
from undelivered.domain.notification import LIVE_STATES, State
from undelivered.domain.reporting import CLASSES, FailureClass, ReportFilter
from undelivered.domain.taxonomy import VERDICTS


@dataclass(frozen=True, slots=True)
class _Span:
    """A group of classes of one table, and the bounds of entry keys that matter of it."""

    model: type[ItemTable]
    group: str
    low: str
    high: str


def sources(account_id: str, wanted: ReportFilter, after: str | None, now: datetime) -> list[Source]:
    """Return what to read for a filter, from a cursor on; the filter decides about each item read."""
    spans = [span for span in _spans(wanted, after, now) if span.low < span.high]
    if wanted.customer_id:
        return _whole_tables(spans, customer_partition(account_id, wanted.customer_id), "by_customer")
    live = [span for span in spans if span.group == LIVE_GROUP]
    if wanted.ready:
        return _whole_tables(live, account_id, "by_ready")
    if wanted.states == {State.RESENDING}:
        return _whole_tables(live, resending_partition(account_id), "by_ready")
    classes = _classes(wanted)
    if classes == frozenset(CLASSES):
        return _whole_tables(spans, account_id, None)
    return [
        Source(
            span.model,
            class_partition(account_id, span.group, each.code),
            span.low,
            span.high,
            "by_class",
            1 / len(classes),
        )
        for each in sorted(classes)
        for span in spans
    ]


def _spans(wanted: ReportFilter, after: str | None, now: datetime) -> Iterable[_Span]:
    low, high = key_from(wanted.period.start), key_from(wanted.period.end)
    if after is not None:
        high = min(high, just_below(after))
    edge = expired_below(now)
    past = min(high, edge)
    if wanted.states & LIVE_STATES:
        yield _Span(UndeliveredModel, LIVE_GROUP, low if State.EXPIRED in wanted.states else max(low, edge), high)
    elif State.EXPIRED in wanted.states:
        yield _Span(UndeliveredModel, LIVE_GROUP, low, past)
    for state in (State.RESOLVED, State.DISMISSED):
        if state in wanted.states:
            yield _Span(UndeliveredModel, state.value, low, high)
    for state in (State.EXPIRED, State.RESOLVED, State.DISMISSED):
        if state in wanted.states:
            yield _Span(HistoryModel, state.value, low, past)


def _classes(wanted: ReportFilter) -> frozenset[FailureClass]:
    """Return the classes that what the filter shows can be in; a bounce's kind may differ from the usual one."""
    possible = [
        judgement for judgement in VERDICTS.values() if (not wanted.reasons or judgement.reason in wanted.reasons)
    ]
    statuses = {judgement.status for judgement in possible}
    allowed = frozenset(CLASSES) if wanted.classes is None else wanted.classes
    return frozenset(each for each in allowed if each.status in statuses)


def _whole_tables(spans: Iterable[_Span], partition: str, index: str | None) -> list[Source]:
    """Return one source for each table, over all that its spans cover."""
    by_model: dict[type[ItemTable], list[_Span]] = {}
    for span in spans:
        by_model.setdefault(span.model, []).append(span)
    return [
        Source(model, partition, min(span.low for span in group), max(span.high for span in group), index)
        for model, group in by_model.items()
    ]
