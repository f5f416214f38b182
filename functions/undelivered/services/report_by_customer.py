"""Read the report as a list of customers."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

from msgspec import Struct

from undelivered.domain.identifiers import recipient_digest
from undelivered.domain.item import UndeliveredItem
from undelivered.domain.report_query import ReportFilter
from undelivered.services.in_parallel import in_threads
from undelivered.services.ports import ReportReader, UndeliveredStore

_EXAMINED_AT_MOST: Final = 500
"""The maximum items that a call examines. The next key then continues from there."""

_AT_ONCE: Final = 16


class CustomerItems(Struct, frozen=True):
    """The items of a customer that a filter matches, newest first; of an address if the customer is unknown."""

    items: Sequence[UndeliveredItem]


class CustomerPage(Struct, frozen=True):
    """Customers by their newest item, newest first. ``next_key`` continues the list; None on the last page."""

    customers: Sequence[CustomerItems]
    next_key: str | None


class ReportByCustomer(Struct, frozen=True):
    """The use case of a list of customers with the live items that a filter matches.

    It reads the items in order. A customer is listed at the newest of their items, so that no page repeats a customer
    of a page before, and each page reads only as many items as it needs.
    """

    reports: ReportReader
    undelivered: UndeliveredStore
    clock: Callable[[], datetime]

    def __call__(self, account_id: str, wanted: ReportFilter, limit: int, after: str | None) -> CustomerPage:
        """Return up to ``limit`` customers after a key. A page may be short, even empty, with a key to go on from."""
        now = self.clock()
        customers: list[CustomerItems] = []
        seen: set[str] = set()
        for _ in range(max(_EXAMINED_AT_MOST // limit, 1)):
            page = self.reports.page(account_id, wanted, limit, after, now)
            new = {_key(item): item for item in reversed(page.items) if _key(item) not in seen}
            seen.update(new)
            newest = sorted(new.values(), key=lambda item: item.entry_key, reverse=True)

            def group(item: UndeliveredItem) -> CustomerItems:
                return self._group(item, wanted, now)

            for item, found in zip(newest, in_threads(group, newest, at_once=_AT_ONCE), strict=True):
                if found.items[0].entry_key > item.entry_key:
                    continue  # the customer is on a page before
                customers.append(found)
                if len(customers) == limit:
                    is_last = page.next_key is None and item is newest[-1]
                    return CustomerPage(customers, None if is_last else item.entry_key)
            after = page.next_key
            if after is None:
                break
        return CustomerPage(customers, after)

    def _group(self, item: UndeliveredItem, wanted: ReportFilter, now: datetime) -> CustomerItems:
        live = self.undelivered.live_items_of_customer(item.account_id, _key(item))
        # The item itself is added, because an index may not have it yet.
        by_key = {found.entry_key: found for found in (*live, item) if wanted.matches(found, now)}
        return CustomerItems([by_key[key] for key in sorted(by_key, reverse=True)])


def _key(item: UndeliveredItem) -> str:
    return item.customer_id or f"~{recipient_digest(item.recipient)}"
