"""Reads the report, its count and its statistics from counters and indexes."""

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from functools import partial
from operator import attrgetter
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from undelivered.adapters.dynamodb import counters
from undelivered.adapters.dynamodb.client import query, query_all
from undelivered.adapters.dynamodb.item_rows import expired_below, just_below, key_before, key_from, readable_items
from undelivered.adapters.dynamodb.items_by_key import items_by_key
from undelivered.adapters.dynamodb.models import UndeliveredModel
from undelivered.adapters.dynamodb.paged_merge import Progress
from undelivered.adapters.dynamodb.repeat_failure_store import repeats_between
from undelivered.adapters.dynamodb.report_plan import Span, plan_reading
from undelivered.adapters.dynamodb.search_index import DynamoSearchIndex
from undelivered.domain.failure_counts import (
    CountChange,
    FailedTotals,
    LiveCount,
    count_change,
    live_count,
    nonzero,
)
from undelivered.domain.identifiers import sent_at_of
from undelivered.domain.incidents import Cause, Hours
from undelivered.domain.item import UndeliveredItem
from undelivered.domain.report_query import Period, ReportFilter, day_start, window_start
from undelivered.services.ports import Page, SearchIndexState

EXAMINED_AT_MOST = 1_000
"""The maximum items that a call examines for a filter without an index. The cursor then continues from there."""

_COUNT_TRIES = 5
_FRESH = timedelta(minutes=15)
"""A search reads the items sent within this time one by one: the index follows the items a few seconds later."""

_READ_AT_ONCE = 100
_UTC = ZoneInfo("UTC")


class DynamoReportReader:
    """``ports.ReportReader`` on the tables Undelivered, History and Counts, with the search index if one is given."""

    def __init__(self, index: DynamoSearchIndex | None = None) -> None:
        self._index = index

    def count(self, account_id: str, now: datetime) -> LiveCount:
        """Return how many items are on the report now.

        This is the sum of the counters of the thirty days (UTC), minus the items of the first day that are past their
        thirty days and not swept yet. A sweep removes an item and its count in one transaction.
        """
        first = window_start(now).astimezone(UTC).date()
        unswept = UndeliveredModel.entry_key.between(key_from(day_start(first, _UTC)), expired_below(now))
        for _ in range(_COUNT_TRIES):
            # Usually no item waits to be swept, and no item is added past its thirty days, so the counters are the
            # count.
            expired, _ = query(UndeliveredModel, account_id, unswept, limit=1)
            days = counters.live_by_day(account_id, first)
            live = Counter[str]()
            for of_day in days.values():
                live.update(of_day)
            if not expired or first not in days:
                break
            for item in readable_items(query_all(UndeliveredModel, account_id, unswept, consistent=True)):
                live.subtract(count_change(None, item).live)
            # If a sweep ran in between, an item would be subtracted twice or not at all.
            if counters.live_by_day(account_id, first, first).get(first) == days[first]:
                break
        return live_count(live)

    def page(self, account_id: str, wanted: ReportFilter, limit: int, after: str | None, now: datetime) -> Page:
        """Return up to ``limit`` items that the filter matches, behind ``after``, in the order of the filter.

        With a search or a filter without an index, a page may end early, even empty, with a key to continue after.
        """
        # The partitions of a customer and of what is ready have fewer items to look at than the search index.
        is_indexed = wanted.search and not (wanted.customer_id or wanted.ready or wanted.oldest_first)
        if self._index and is_indexed:
            state = self._index.state(account_id)
            if state and (state.is_whole or state.covered_from):
                return self._search(account_id, wanted, state, limit, after, now)
        return self._scan(account_id, wanted, limit, after, now)

    def _search(  # noqa: PLR0913, PLR0917 - a page, and the state of the index
        self,
        account_id: str,
        wanted: ReportFilter,
        state: SearchIndexState,
        limit: int,
        after: str | None,
        now: datetime,
    ) -> Page:
        """Return a page of a search: the newest items and those not in the index yet are examined one by one."""
        start, end = wanted.period.start, wanted.period.end
        fresh = min(max(now.replace(microsecond=0) - _FRESH, start), end)
        covered = start if state.is_whole else min(max(_second_after(state.covered_from), start), fresh)
        parts = [(Period(start, covered), self._scan), (Period(covered, fresh), self._look_up)]
        parts = [part for part in [*parts, (Period(fresh, end), self._scan)] if part[0].start < part[0].end]
        shown: list[UndeliveredItem] = []
        next_key = None
        while parts and next_key is None:
            period, read = parts.pop()
            page = read(account_id, replace(wanted, period=period), limit - len(shown), after, now)
            shown += page.items
            next_key = page.next_key
            if parts and len(shown) == limit:
                next_key = next_key or shown[-1].entry_key
        return Page(tuple(shown), next_key)

    def _look_up(self, account_id: str, wanted: ReportFilter, limit: int, after: str | None, now: datetime) -> Page:
        """Return a page of the items that the index has."""
        assert self._index
        low, high = key_from(wanted.period.start), key_from(wanted.period.end)
        if after is not None:
            high = min(high, just_below(after))
        if low >= high:
            return Page((), None)
        shown: list[UndeliveredItem] = []
        examined, last_key = 0, ""
        for found in self._index.find(account_id, wanted.search, low, high):
            start = 0
            while start < len(found.keys):
                if examined >= EXAMINED_AT_MOST:
                    return Page(tuple(shown), last_key)
                keys = found.keys[start : start + min(limit + 1 - len(shown), _READ_AT_ONCE)]
                start += len(keys)
                examined, last_key = examined + len(keys), keys[-1]
                for item in sorted(items_by_key(account_id, keys), key=attrgetter("entry_key"), reverse=True):
                    if not wanted.matches(item, now):
                        continue
                    if len(shown) == limit:
                        return Page(tuple(shown), shown[-1].entry_key)
                    shown.append(item)
            if found.is_last:
                return Page(tuple(shown), key_before(found.floor))
        return Page(tuple(shown), None)

    def _scan(self, account_id: str, wanted: ReportFilter, limit: int, after: str | None, now: datetime) -> Page:
        """Return a page of the items that are examined one by one."""
        shown: list[UndeliveredItem] = []
        last_key = ""
        # One more item than the limit shows whether there is a next page.
        progress = Progress(limit + 1, wanted.oldest_first)
        reading = plan_reading(account_id, wanted, progress.needed, after, now, partial(self._live_counts, account_id))
        for item in reading.read(progress):
            is_shown = wanted.matches(item, now)
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
        live = Counter[str]()
        for of_day in counters.live_by_day(account_id, first, last, consistent=False).values():
            live.update(of_day)
        return live

    def failures_by_day(self, account_id: str, first: date, last: date) -> Mapping[date, Mapping[str, int]]:
        """Return the failures of each day of the span, by ``<class code>.<reason>``."""
        counted = counters.failed_by_day(account_id, first, last)
        days = [first + timedelta(days=after) for after in range((last - first).days + 1)]
        return {
            day: {name: number for name, number in counted.get(day, CountChange()).failed.items() if number}
            for day in days
        }

    def kept_failures(self, account_id: str, first: date, last: date) -> Counter[str]:
        """Return the failures of a span of days without those that were erased."""
        kept = Counter[str]()
        for change in counters.failed_by_day(account_id, first, last).values():
            kept.update(change.failed)
        for change in counters.erased_by_day(account_id, first, last).values():
            kept.subtract(change.failed)
        return kept

    def totals(self, account_id: str, first: date, last: date) -> FailedTotals:
        """Return the failures of messages sent in a span of days, and how long resolved items took."""
        totals = FailedTotals()
        for change in counters.failed_by_day(account_id, first, last).values():
            totals.failed.update(change.failed)
            totals.resolved.update(change.resolved)
        return FailedTotals(nonzero(totals.failed), nonzero(totals.resolved))

    def hours_by_cause(self, account_id: str, first: date, last: date) -> Mapping[Cause, Hours]:
        """Return what incidents are found in: the attempts by cause and hour in a span of days (UTC)."""
        return counters.hours_by_cause(account_id, first, last)

    def repeat_recipients(self, account_id: str, first: date, last: date) -> Counter[str]:
        """Return the addresses with more than one item in a span of days, and their numbers of items."""
        return repeats_between(account_id, first, last)


def _second_after(key: str | None) -> datetime:
    """Return the time from which on all items were sent after that of a key."""
    assert key
    return sent_at_of(key) + timedelta(seconds=1)
