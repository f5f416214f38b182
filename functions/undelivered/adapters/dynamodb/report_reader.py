"""Questions about the report, answered from counters and indexes."""

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from functools import partial

from undelivered.adapters.dynamodb import counters
from undelivered.adapters.dynamodb.client import query_all
from undelivered.adapters.dynamodb.edge import read_edge
from undelivered.adapters.dynamodb.item_rows import expired_below, facts_of, item_of, key_from
from undelivered.adapters.dynamodb.models import UndeliveredModel
from undelivered.adapters.dynamodb.paged_merge import Progress
from undelivered.adapters.dynamodb.repeat_failure_store import repeats_between
from undelivered.adapters.dynamodb.report_plan import Span, reading_of
from undelivered.domain.failure_counts import CLASS_BY_CODE, CountChange, FailedTotals, LiveCount, nonzero
from undelivered.domain.item import LIVE_STATES, REPORT_WINDOW, State, UndeliveredItem
from undelivered.domain.report_query import ReportFilter, window_start
from undelivered.services.ports import Page

EXAMINED_AT_MOST = 1_000
"""How many items one call looks at for a filter that no index serves; the cursor then goes on from there."""

_READ_AT_MOST = 5


class DynamoReportReader:
    """``ports.ReportReader`` on the tables Undelivered, History and Counts."""

    def count(self, account_id: str, now: datetime) -> LiveCount:
        """Return how many items are on the report now.

        The counters of the window's days are summed; which of the first day's items left by now, its edge says. While
        nothing is noted ahead there (``cleanup`` lags), those that left and are not swept yet are read and taken off.
        """
        second = int(now.timestamp())
        first = window_start(now).astimezone(UTC).date()
        for _ in range(_READ_AT_MOST):
            days = counters.live_by_day(account_id, first)
            total = LiveCount()
            resending = 0
            for day in days.values():
                live = day.live(second)
                total.by_class.update(live.by_class)
                resending += live.resending
            if first not in days:
                break
            edge = days[first].edge
            if edge.until >= second:
                break
            low = key_from(datetime.fromtimestamp(edge.until + 1, UTC) - REPORT_WINDOW)
            within = UndeliveredModel.entry_key.between(low, expired_below(now))
            for row in query_all(UndeliveredModel, account_id, within, consistent=True):
                facts = facts_of(item_of(row))
                if facts.state in LIVE_STATES:
                    total.by_class[CLASS_BY_CODE[facts.code]] -= 1
                    resending -= facts.state is State.RESENDING
            # A sweep in between would have been taken off twice, or not at all.
            if read_edge(account_id, first).writes == edge.writes:
                break
        return LiveCount(nonzero(total.by_class), resending)

    def page(self, account_id: str, wanted: ReportFilter, limit: int, after: str | None, now: datetime) -> Page:
        """Return up to ``limit`` items that the filter shows, sent before ``after``, newest first.

        A filter that no index serves may end a page early, even empty, with the key to go on after.
        """
        shown: list[UndeliveredItem] = []
        last_key = ""
        # One more than the page holds tells whether there is a next one.
        progress = Progress(needed=limit + 1)
        reading = reading_of(account_id, wanted, after, now, partial(self._live_counts, account_id))
        for item in reading.read(progress):
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

    def _live_counts(self, account_id: str, span: Span) -> Counter[str]:
        first, last = counters.live_day(span.low), counters.live_day(span.high)
        held = Counter[str]()
        for day in counters.live_by_day(account_id, first, last, consistent=False).values():
            held.update(day.by_code(0))
        return held

    def failures_by_day(self, account_id: str, first: date, last: date) -> Mapping[date, Mapping[str, int]]:
        """Return all that failed on each day of the span, by ``<class code>.<reason>``."""
        counted = counters.failed_by_day(account_id, first, last)
        days = [first + timedelta(days=after) for after in range((last - first).days + 1)]
        return {
            day: {name: number for name, number in counted.get(day, CountChange()).failed.items() if number}
            for day in days
        }

    def totals(self, account_id: str, first: date, last: date) -> FailedTotals:
        """Return all that failed of what was sent in a span of days, and how long it took to resolve what was."""
        told = FailedTotals()
        for change in counters.failed_by_day(account_id, first, last).values():
            told.failed.update(change.failed)
            told.resolved.update(change.resolved)
        return FailedTotals(nonzero(told.failed), nonzero(told.resolved))

    def repeat_recipients(self, account_id: str, first: date, last: date) -> Counter[str]:
        """Return the addresses of which more than one item is noted in a span of days, with their numbers."""
        return repeats_between(account_id, first, last)
