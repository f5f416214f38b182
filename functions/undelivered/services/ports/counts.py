"""Ports of the counters: repeat failures by address, and the reconciliation of counters with the items."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Protocol

from undelivered.domain.rates import DaySent, SentKey


class SentCountStore(Protocol):
    """The numbers of messages that were sent, by day in the account's time zone."""

    def add(self, account_id: str, day: date, numbers: Mapping[SentKey, int]) -> None:
        """Add to the numbers of a day; raises RetryableError when the store is busy."""

    def by_day(self, account_id: str, first: date, last: date) -> DaySent:
        """Return the numbers of the days of a span on which messages were sent."""


class RepeatFailureStore(Protocol):
    """Addresses with repeat failures: for each day, the fifty addresses with the most items."""

    def record(self, account_id: str, address: str, by_day: Mapping[date, int]) -> None:
        """Record how many items an address has on each day; doing it again changes nothing."""

    def remove(self, account_id: str, addresses: Collection[str], days: Collection[date]) -> None:
        """Remove addresses from the records of some days."""


class CountReconciliation(Protocol):
    """Compares the counters with the items, corrects them, and keeps them quick to read.

    A drift is the number by which each counter of a day is too low, and holds only counters that are wrong. Live
    counters have days in UTC and the names of ``CountChange.live``. Counters of failures have days in the account's
    time zone and are named ``<class code>.<reason>``.
    """

    def claim(self, account_id: str, day: date) -> bool:
        """Claim the reconciliation of an account for a day; False if it is claimed already."""

    def drift(self, account_id: str, day: date) -> Mapping[str, int] | None:
        """Return the drift of the live counters, or None if the day changed during the count."""

    def unbalanced_days(self, account_id: str, first: date, last: date) -> Sequence[date]:
        """Return the days (UTC) of a span whose live counters do not count the work of every item."""

    def failed_drift(self, account_id: str, day: date) -> Mapping[str, int] | None:
        """Return the drift of the counters of failures, or None if the day changed during the count.

        The result is wrong for a day with items that are moving to history at this moment.
        """

    def failed_days(self, account_id: str, first: date, last: date) -> Sequence[date]:
        """Return the days from the first to the last that have items or counters of failures."""

    def correct(self, account_id: str, day: date, drift: Mapping[str, int]) -> None:
        """Add a drift to the live counters."""

    def correct_failed(self, account_id: str, day: date, drift: Mapping[str, int]) -> None:
        """Add a drift to the counters of failures."""

    def compact(self, account_id: str, first: date, last: date) -> int:
        """Merge the counter rows of each day into one; return how many rows are deleted."""

    def days_to_recount(self, account_id: str, now: datetime) -> Sequence[date]:
        """Return the days to count again because the account's time zone changed."""

    def save_days_to_recount(self, account_id: str, days: Sequence[date]) -> None:
        """Store the days that are still to be counted again."""
