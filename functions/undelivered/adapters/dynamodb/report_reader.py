"""Questions about the report, answered from counters and indexes."""

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from undelivered.adapters.dynamodb import counters
from undelivered.adapters.dynamodb.keys import expired_below, key_from
from undelivered.adapters.dynamodb.mapping import facts_of, item_of
from undelivered.adapters.dynamodb.models import UndeliveredModel
from undelivered.adapters.dynamodb.report_plan import Span, plans
from undelivered.adapters.dynamodb.requests import query_all
from undelivered.adapters.dynamodb.streams import Progress
from undelivered.domain.identifiers import sent_at_of
from undelivered.domain.notification import LIVE_STATES, State, UndeliveredItem
from undelivered.domain.reporting import (
    CLASS_BY_CODE,
    FailureClass,
    LiveCount,
    ReportFilter,
    day_start,
    local_day,
    window_start,
)
from undelivered.services.ports import Page

EXAMINED_AT_MOST = 1_000
"""How many items one call looks at for a filter that no index serves; the cursor then goes on from there."""


class DynamoReportReader:
    """``ports.ReportReader`` on the tables Undelivered, History and Counts."""

    def __init__(self, *, zone_of: Callable[[str], ZoneInfo]) -> None:
        self._zone_of = zone_of

    def count(self, account_id: str, now: datetime) -> LiveCount:
        """Return how many items are on the report now.

        The days of the window are summed from their counters; of the first one, which the window cuts,
        those are taken off that are past their thirty days and not swept yet: few, as the schedule
        sweeps every few minutes.
        """
        zone = self._zone_of(account_id)
        first = local_day(window_start(now), zone)
        low, high = key_from(day_start(first, zone)), expired_below(now)
        total = LiveCount()
        resending = 0
        for day in counters.live_by_day(account_id, first).values():
            total.by_class.update(day.by_class)
            resending += day.resending
        if low < high:
            within = UndeliveredModel.entry_key.between(low, high)
            for row in query_all(UndeliveredModel, account_id, within):
                facts = facts_of(item_of(row))
                if facts.state in LIVE_STATES:
                    total.by_class[CLASS_BY_CODE[facts.code]] -= 1
                    resending -= facts.state is State.RESENDING
        return LiveCount(Counter({each: number for each, number in total.by_class.items() if number}), resending)

    def page(self, account_id: str, wanted: ReportFilter, limit: int, after: str | None, now: datetime) -> Page:
        """Return up to ``limit`` items that the filter shows, sent before ``after``, newest first.

        A filter that no index serves may end a page early, even empty, with the key to go on after.
        """
        shown: list[UndeliveredItem] = []
        last_key = ""
        # One more than the page holds tells whether there is a next one.
        progress = Progress(needed=limit + 1)
        for plan in plans(account_id, wanted, after, now, partial(self._live_counts, account_id)):
            for item in plan.read(progress):
                is_shown = wanted.shows(item, now)
                if len(shown) == limit and is_shown:
                    return Page(tuple(shown), shown[-1].entry_key)
                if progress.examined == EXAMINED_AT_MOST:
                    return Page(tuple(shown), last_key)
                progress.examined += 1
                last_key = item.entry_key
                if is_shown:
                    progress.shown += 1
                    shown.append(item)
        return Page(tuple(shown), None)

    def _live_counts(self, account_id: str, span: Span) -> Counter[FailureClass]:
        zone = self._zone_of(account_id)
        first, last = (local_day(sent_at_of(bound), zone) for bound in (span.low, span.high))
        held = Counter[FailureClass]()
        for day in counters.live_by_day(account_id, first, last, consistent=False).values():
            held.update(day.by_class)
        return held

    def failures_by_day(self, account_id: str, first: date, last: date) -> Mapping[date, Mapping[str, int]]:
        """Return all that failed on each day of the span, by ``<class code>.<reason>``."""
        counted = counters.failed_by_day(account_id, first, last)
        days = [first + timedelta(days=after) for after in range((last - first).days + 1)]
        return {day: {name: number for name, number in counted.get(day, {}).items() if number} for day in days}
