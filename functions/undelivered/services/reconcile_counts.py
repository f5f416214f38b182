"""Keep the counters right: fold what writers spread, count days anew, and look for drift."""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Final, Literal

from msgspec import Struct

from undelivered.domain.item import REPORT_WINDOW
from undelivered.domain.report_query import window_start
from undelivered.services.ports import AccountStore, CountReconciliation

_DAYS: Final = REPORT_WINDOW.days
_MOVING: Final = timedelta(days=2)
"""How long after they left the report items may be on their way to history."""


class CountDrift(Struct, frozen=True):
    """What a day's counters lack of its items: live ones by class code, or all that failed by class and reason.

    ``missing`` is None when others kept writing, so that nothing can be said.
    """

    account_id: str
    counters: Literal["live", "failed"]
    day: date
    missing: Mapping[str, int] | None


class ReconcileCounts(Struct, frozen=True):
    """The use case of upkeep. Every part may be cut short and is taken up by the next run."""

    counters: CountReconciliation
    accounts: AccountStore
    clock: Callable[[], datetime]

    def __call__(self, time_left: Callable[[], bool]) -> list[CountDrift]:
        """Do what is due of every account, each once a day; return the drifts that were found, and corrected."""
        found: list[CountDrift] = []
        for account_id in self.accounts.account_ids():
            if not time_left():
                break
            self._recount(account_id, time_left)
            today = self.clock().astimezone(UTC).date()
            if self.counters.claim(account_id, today):
                self.counters.compact(account_id, today - timedelta(days=_DAYS + 1), today - timedelta(days=1))
                # Another day of the month each day, so that all come round.
                sampled = today - timedelta(days=1 + today.toordinal() % (_DAYS - 1))
                found += [drift for drift in [self._live(account_id, sampled, fix=True)] if drift.missing]
        return found

    def _recount(self, account_id: str, time_left: Callable[[], bool]) -> None:
        """Count the days of the trend anew after a change of time zone; those that cannot be yet stay to be done."""
        days = self.counters.days_to_recount(account_id, self.clock())
        if not days:
            return
        left = list(days)
        for day in days:
            if not time_left():
                return
            if self._recounted(account_id, day):
                left.remove(day)
                # Kept day by day, so that a run that is cut short has got somewhere.
                self.counters.save_days_to_recount(account_id, left)

    def _recounted(self, account_id: str, day: date) -> bool:
        """Count a day anew; False when it has to wait."""
        if day < self._oldest(account_id):
            return True  # its items are being forgotten; what was counted stays
        if self._is_moving(day):
            return False
        return self._failed(account_id, day, fix=True).missing is not None

    def _oldest(self, account_id: str) -> date:
        """Return the oldest day of which no item is forgotten yet."""
        return (self.clock() - timedelta(days=self.accounts.settings(account_id).history_days - 2)).date()

    def _is_moving(self, day: date) -> bool:
        """Whether items of a day may be on their way to history, so that they cannot be counted."""
        edge = window_start(self.clock()).date()
        return edge - _MOVING <= day <= edge + timedelta(days=1)

    def all_days(self, account_id: str, *, fix: bool) -> Iterator[CountDrift]:
        """Yield what the counters of each day of the report and of history lack, empty where they are right."""
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
