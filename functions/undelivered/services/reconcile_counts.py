"""Reconcile the counters with the items: compact them, recount days, and correct drift."""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Final, Literal

from msgspec import Struct

from undelivered.domain.failure_counts import WORK_COUNTERS
from undelivered.domain.item import REPORT_WINDOW
from undelivered.domain.report_query import window_start
from undelivered.services.ports import AccountStore, CountReconciliation
from undelivered.services.try_each import OnError, raise_error, try_each

_DAYS: Final = REPORT_WINDOW.days
_MOVING: Final = timedelta(days=2)
"""How long items that left the report may take to arrive in history."""


class CountDrift(Struct, frozen=True):
    """The drift of a day's counters, either of the live counters or of the counters of failures.

    ``missing`` is empty if the counters are correct, and None if the day kept changing during the count. See
    ``CountReconciliation``.
    """

    account_id: str
    counters: Literal["live", "failed"]
    day: date
    missing: Mapping[str, int] | None


class ReconcileCounts(Struct, frozen=True):
    """The use cases of reconciliation. Each run continues where the run before stopped."""

    counters: CountReconciliation
    accounts: AccountStore
    clock: Callable[[], datetime]

    def __call__(self, has_time: Callable[[], bool], on_error: OnError = raise_error) -> list[CountDrift]:
        """Reconcile every account once a day, while ``has_time`` returns True; return the drifts, now corrected.

        An error goes to ``on_error``, and the other accounts are still reconciled.
        """
        drifts: list[CountDrift] = []

        def reconcile(account_id: str) -> None:
            self._recount(account_id, has_time)
            today = self.clock().astimezone(UTC).date()
            drifts.extend(self._balance(account_id, today, has_time))
            if self.counters.claim(account_id, today):
                self.counters.compact(account_id, today - timedelta(days=_DAYS + 1), today - timedelta(days=1))
                # A different day each time, so that every day is checked once a month.
                day = today - timedelta(days=1 + today.toordinal() % (_DAYS - 1))
                drift = self._live(account_id, day, fix=True)
                if drift.missing:
                    drifts.append(drift)

        try_each(self.accounts.account_ids, reconcile, has_time, on_error)
        return drifts

    def _balance(self, account_id: str, today: date, has_time: Callable[[], bool]) -> Iterator[CountDrift]:
        """Count the days again on which items were counted before their work was. A day that changes waits.

        Yield the drifts of other counters: that the work was not counted is no error.
        """
        for day in self.counters.unbalanced_days(account_id, today - timedelta(days=_DAYS + 1), today):
            if not has_time():
                return
            drift = self._live(account_id, day, fix=True)
            if drift.missing and not drift.missing.keys() <= WORK_COUNTERS.keys():
                yield drift

    def _recount(self, account_id: str, has_time: Callable[[], bool]) -> None:
        """Count days again after a change of the time zone. Days that cannot be counted yet stay for a later run."""
        days = self.counters.days_to_recount(account_id, self.clock())
        if not days:
            return
        remaining = list(days)
        for day in days:
            if not has_time():
                return
            if self._recount_day(account_id, day):
                remaining.remove(day)
                # Saved for each day, so that the next run continues here.
                self.counters.save_days_to_recount(account_id, remaining)

    def _recount_day(self, account_id: str, day: date) -> bool:
        """Count a day again; False if it must wait."""
        if day < self._oldest(account_id):
            return True  # its items are expiring, so the counters stay as they are
        if self._is_moving(day):
            return False
        return self._failed(account_id, day, fix=True).missing is not None

    def _oldest(self, account_id: str) -> date:
        """Return the oldest day of which no item has expired from history."""
        return (self.clock() - timedelta(days=self.accounts.settings(account_id).history_days - 2)).date()

    def _is_moving(self, day: date) -> bool:
        """Whether items of a day may be moving to history, so that they cannot be counted."""
        edge = window_start(self.clock()).date()
        return edge - _MOVING <= day <= edge + timedelta(days=1)

    def all_days(self, account_id: str, *, fix: bool) -> Iterator[CountDrift]:
        """Yield the drift of each day of the report and of history; with ``fix``, correct it."""
        today = self.clock().astimezone(UTC).date()
        for before in range(_DAYS + 1):
            yield self._live(account_id, today - timedelta(days=before), fix=fix)
        for day in self.counters.failed_days(account_id, self._oldest(account_id), today + timedelta(days=1)):
            if not self._is_moving(day):
                yield self._failed(account_id, day, fix=fix)

    def _live(self, account_id: str, day: date, *, fix: bool) -> CountDrift:
        missing = self.counters.drift(account_id, day)
        if missing and fix:
            self.counters.correct(account_id, day, missing)
        return CountDrift(account_id, "live", day, missing)

    def _failed(self, account_id: str, day: date, *, fix: bool) -> CountDrift:
        missing = self.counters.failed_drift(account_id, day)
        if missing and fix:
            self.counters.correct_failed(account_id, day, missing)
        return CountDrift(account_id, "failed", day, missing)
