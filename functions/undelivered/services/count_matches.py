"""Count the items that a filter of the report matches."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from msgspec import Struct

from undelivered.domain.account_settings import AccountSettings
from undelivered.domain.failure_counts import CLASS_BY_CODE
from undelivered.domain.item import LIVE_STATES, State
from undelivered.domain.report_query import ReportFilter, day_start, local_day, window_start
from undelivered.services.ports import ReportReader

COUNTED_AT_MOST: Final = 1_000
"""The most items that are read to be counted."""

_EVERY_STATE: Final = frozenset(State)


class Total(Struct, frozen=True):
    """How many items a filter matches: exactly, or at least."""

    number: int
    is_exact: bool


class CountMatches(Struct, frozen=True):
    """The use case that counts what a filter matches.

    The counters know the report as it is now, by status, kind and channel, and all failures of whole days, by reason
    too. For other filters the items are read, a page at most.
    """

    reports: ReportReader
    settings_of: Callable[[str], AccountSettings]

    def __call__(self, account_id: str, wanted: ReportFilter, now: datetime) -> Total:
        """Return the number of items that match at a time."""
        counted = self._counted(account_id, wanted, now)
        if counted is not None:
            return Total(counted, is_exact=True)
        page = self.reports.page(account_id, wanted, COUNTED_AT_MOST, None, now)
        return Total(len(page.items), is_exact=page.next_key is None)

    def _counted(self, account_id: str, wanted: ReportFilter, now: datetime) -> int | None:
        """Return the number from the counters, or None if they do not have it."""
        if wanted != ReportFilter(
            wanted.period,
            wanted.states,
            wanted.classes,
            reasons=wanted.reasons,
            resend_by=wanted.resend_by,
            content_days=wanted.content_days,
        ):
            return None
        period = wanted.period
        if wanted.states == LIVE_STATES and period.start <= window_start(now) and now < period.end:
            return None if wanted.reasons else self._on_the_report(account_id, wanted, now)
        days = self._whole_days(account_id, wanted, now)
        return self._failed(account_id, wanted, *days) if days and wanted.states == _EVERY_STATE else None

    def _on_the_report(self, account_id: str, wanted: ReportFilter, now: datetime) -> int:
        by_class = self.reports.count(account_id, now).by_class
        return sum(number for each, number in by_class.items() if wanted.classes is None or each in wanted.classes)

    def _failed(self, account_id: str, wanted: ReportFilter, first: date, last: date) -> int:
        total = 0
        for name, number in self.reports.kept_failures(account_id, first, last).items():
            code, _, reason = name.partition(".")
            is_wanted = wanted.classes is None or CLASS_BY_CODE[code] in wanted.classes
            total += number if is_wanted and (not wanted.reasons or reason in wanted.reasons) else 0
        return total

    def _whole_days(self, account_id: str, wanted: ReportFilter, now: datetime) -> tuple[date, date] | None:
        """Return the first and last day of the filter's period, or None if it has parts of days or lost history.

        The counters keep what history does not have any more.
        """
        settings = self.settings_of(account_id)
        zone = ZoneInfo(settings.time_zone)
        period = wanted.period
        first = local_day(period.start, zone)
        last = local_day(min(period.end, now) - timedelta(seconds=1), zone)
        is_whole = period.start == day_start(first, zone) and (
            period.end > now or period.end == day_start(last + timedelta(days=1), zone)
        )
        is_kept = first > local_day(now, zone) - timedelta(days=settings.history_days)
        return (first, last) if is_whole and is_kept and first <= last else None
