"""Ports of the report: its items, their history, and questions about both."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Protocol

from msgspec import Struct

from undelivered.domain.failure_counts import FailedTotals, LiveCount
from undelivered.domain.incidents import Cause, Hours
from undelivered.domain.item import UndeliveredItem
from undelivered.domain.report_query import ReportFilter
from undelivered.domain.suppression import Suppression


class NewEntry(Struct, frozen=True):
    """A new item and the suppression that its failure causes. Both are written, or neither."""

    item: UndeliveredItem
    suppression: Suppression | None = None


class UnreadableItem(Struct, frozen=True):
    """An item that is stored but cannot be read. ``recipient`` and ``sent_at`` are what its row still shows of them."""

    account_id: str
    entry_key: str
    recipient: str = ""
    sent_at: datetime | None = None


class Page(Struct, frozen=True):
    """A page of items, newest first. ``next_key`` is the entry key to continue after, None on the last page."""

    items: tuple[UndeliveredItem, ...]
    next_key: str | None


class SearchIndexState(Struct, frozen=True):
    """From when on the search index of an account has all items.

    ``covered_from`` is the entry key of the oldest item that was added when the index was built, and None before the
    first. ``is_whole`` is True when older items were added too, as far back as history was kept, ``history_days``.
    """

    began_at: datetime
    history_days: int
    covered_from: str | None = None
    is_whole: bool = False


class SearchIndex(Protocol):
    """The texts that a search looks at, by item."""

    def state(self, account_id: str) -> SearchIndexState | None:
        """Return from when on the index has all items, or None before it is first built."""

    def save_state(self, account_id: str, state: SearchIndexState) -> None:
        """Write the state."""

    def add(self, account_id: str, items: Iterable[UndeliveredItem]) -> None:
        """Add the texts of items; doing it again changes nothing."""

    def remove(self, account_id: str, entry_keys: Collection[str]) -> None:
        """Take the texts of items out."""


class UndeliveredStore(Protocol):
    """The items of the report and of history, with their counters.

    A ``customer_key`` is a customer's id, or ``~<recipient digest>`` for items without a customer id.
    """

    def add_new(self, entries: Sequence[NewEntry]) -> Sequence[NewEntry]:
        """Write new items of one account with their counters and suppressions, in as few transactions as possible.

        Return the entries that are not written: entries whose item or suppression exists already, repeated entries of
        the same item after the first, and items past their thirty days. Write these with ``find`` and ``save``.
        Raises RetryableError when the store is busy.
        """

    def find(self, account_id: str, entry_key: str) -> UndeliveredItem | None:
        """Return an item from the report or from history, with a consistent read."""

    def find_many(self, account_id: str, entry_keys: Sequence[str]) -> Sequence[UndeliveredItem]:
        """Return the items that exist, in any order; a recent write may be missing."""

    def save(
        self,
        before: UndeliveredItem | None,
        after: UndeliveredItem,
        suppression: tuple[Suppression | None, Suppression] | None = None,
    ) -> None:
        """Write an item and the change of its counters, and a suppression as (before, after), in one transaction.

        Raises StaleWriteError when the item or the suppression is not stored as it was before.
        """

    def save_many(self, changes: Sequence[tuple[UndeliveredItem, UndeliveredItem]]) -> Collection[str]:
        """Write items of one account, given as (before, after), and the changes of their counters.

        Return the entry keys of the items that are not written because they are not stored as they were before.
        """

    def live_items_of_customer(self, account_id: str, customer_key: str) -> Sequence[UndeliveredItem]:
        """Return the items of a customer that are on the report, newest first."""

    def items_of_customer(self, item: UndeliveredItem) -> Sequence[UndeliveredItem]:
        """Return the items, in any state, of the same customer; of the same address if the item has no customer."""

    def find_by_customer(
        self, account_id: str, customer_key: str, limit: int, after: str | None = None, *, in_history: bool
    ) -> Sequence[UndeliveredItem]:
        """Return the items of a customer in any state, oldest first, from the report or from history.

        ``after`` is the last entry key of the page before. A page of fewer than ``limit`` items is the last.
        """

    def newest_of_customer(self, account_id: str, customer_key: str, limit: int) -> Sequence[UndeliveredItem]:
        """Return the newest items of a customer on the report in any state, newest first."""

    def erase(self, items: Sequence[UndeliveredItem], *, in_history: bool) -> int:
        """Delete items of one account for good, and subtract them from the live counters.

        Return how many are deleted: an item that changed since it was read stays. Deleted items do not go to history,
        and no item event is published. The counters of failures keep them.
        """

    def unreadable_of_customer(
        self, account_id: str, customer_key: str, *, in_history: bool
    ) -> Sequence[UnreadableItem]:
        """Return the items of a customer that cannot be read, from the report or from history."""

    def erase_unreadable(self, items: Sequence[UnreadableItem], *, in_history: bool) -> None:
        """Delete items that cannot be read for good. They do not go to history, and no item event is published.

        The counters stay: a recount finds only items that can be read.
        """

    def resends_to_settle(self, now: datetime, limit: int) -> Sequence[UndeliveredItem]:
        """Return items that are being resent and whose time to settle has come; see ``lifecycle.settles_at``."""

    def sweep(self, account_id: str, now: datetime, limit: int) -> int:
        """Remove up to ``limit`` items past their thirty days, with their counters; return how many."""

    def archive(self, items: Iterable[UndeliveredItem], *, settle_counters: bool) -> None:
        """Keep removed items in history; doing it again changes nothing.

        Set ``settle_counters`` for items that DynamoDB's TTL removed: their live counters are still to be reduced.
        """


class ReportReader(Protocol):
    """Queries on the report. Failures are counted by ``<class code>.<reason>``."""

    def count(self, account_id: str, now: datetime) -> LiveCount:
        """Return how many items are on the report now."""

    def page(self, account_id: str, report_filter: ReportFilter, limit: int, after: str | None, now: datetime) -> Page:
        """Return up to ``limit`` items that match a filter, after an entry key, in the order of the filter."""

    def failures_by_day(self, account_id: str, first: date, last: date) -> Mapping[date, Mapping[str, int]]:
        """Return the failures of each day."""

    def kept_failures(self, account_id: str, first: date, last: date) -> Counter[str]:
        """Return the failures of the messages sent from the first to the last day, without those that were erased."""

    def totals(self, account_id: str, first: date, last: date) -> FailedTotals:
        """Return the failures of messages sent from the first to the last day, and how long resolved items took."""

    def repeat_recipients(self, account_id: str, first: date, last: date) -> Counter[str]:
        """Return the addresses with more than one item, with their number of items; see ``RepeatFailureStore``."""

    def hours_by_cause(self, account_id: str, first: date, last: date) -> Mapping[Cause, Hours]:
        """Return what incidents are found in: the attempts by cause and hour in a span of days (UTC)."""
