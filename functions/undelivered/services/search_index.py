"""Keep the search index of the report up to date, and build it for the items from before it."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Final

from msgspec import Struct, field
from msgspec.structs import replace

from undelivered.domain.item import State, UndeliveredItem
from undelivered.domain.report_query import Period, ReportFilter, searched_texts
from undelivered.services.erased_messages import Message, erased_messages
from undelivered.services.ports import AccountStore, ErasureStore, ReportReader, SearchIndex, SearchIndexState
from undelivered.services.try_each import OnError, raise_error, try_each

_ITEMS_AT_ONCE: Final = 500
_PAGES_AT_ONCE: Final = 20
"""The maximum pages that a run adds for an account, so that other accounts have their turn: 10,000 items."""

_LOOKS_EVERY: Final = timedelta(hours=1)
"""How often the state of an index that is whole is read again, in case somebody deleted it to have it built anew."""

_UPDATE_TIME: Final = timedelta(minutes=15)
"""The time in which all functions have the code that adds new items. The items from before are added after it."""


class IndexItems(Struct, frozen=True):
    """The use case behind the stream of items: add new and changed texts to the index. It can be repeated."""

    index: SearchIndex
    erasures: ErasureStore

    def __call__(self, changes: Iterable[tuple[UndeliveredItem | None, UndeliveredItem | None]]) -> None:
        """Add the items of changes, given as (before, after), whose texts are new.

        A change can arrive long after it was made. If the customer was erased in between, the item is left out.
        """
        by_account: dict[str, dict[str, UndeliveredItem]] = defaultdict(dict)
        for before, after in changes:
            if after and (before is None or searched_texts(before) != searched_texts(after)):
                by_account[after.account_id][after.entry_key] = after
        for account_id, items in by_account.items():
            messages = {key: _message(item) for key, item in items.items()}
            erased = erased_messages(self.erasures, account_id, messages.values())
            self.index.add(account_id, [item for key, item in items.items() if messages[key] not in erased])


def _message(item: UndeliveredItem) -> Message:
    return Message(item.customer_id, item.channel, item.recipient, item.sent_at)


class BuildSearchIndex(Struct, frozen=True):
    """The use case of ``cleanup`` that adds the items from before the index, newest first.

    They are those from before an update to a version with the index, or before history was kept for longer. A search
    reads the items that are not added yet one by one.
    """

    index: SearchIndex
    reports: ReportReader
    accounts: AccountStore
    clock: Callable[[], datetime]
    whole: dict[tuple[str, int], datetime] = field(default_factory=dict)
    """When the index of an account, with its days of history, was last seen to be whole."""

    def __call__(self, has_time: Callable[[], bool], on_error: OnError = raise_error) -> int:
        """Continue for all accounts while ``has_time`` returns True; return how many items were added."""
        added = 0

        def build(account_id: str) -> None:
            nonlocal added
            history_days = self.accounts.settings(account_id).history_days
            seen_at = self.whole.get((account_id, history_days))
            if seen_at is None or self.clock() - seen_at > _LOOKS_EVERY:
                added += self._build(account_id, history_days, has_time)

        try_each(self.accounts.account_ids, build, has_time, on_error)
        return added

    def _build(self, account_id: str, history_days: int, has_time: Callable[[], bool]) -> int:
        state = self.index.state(account_id)
        if state is None or state.history_days < history_days:
            self.index.save_state(account_id, SearchIndexState(self.clock(), history_days))
            return 0
        if self.clock() < state.began_at + _UPDATE_TIME:
            return 0
        added, pages = 0, 0
        while not state.is_whole and pages < _PAGES_AT_ONCE and has_time():
            state, number = self._add_page(account_id, state)
            added += number
            pages += 1
        if state.is_whole:
            self.whole[account_id, history_days] = self.clock()
        return added

    def _add_page(self, account_id: str, state: SearchIndexState) -> tuple[SearchIndexState, int]:
        now = self.clock()
        everything = ReportFilter(Period(datetime.min.replace(tzinfo=UTC), now + timedelta(days=1)), frozenset(State))
        page = self.reports.page(account_id, everything, _ITEMS_AT_ONCE, state.covered_from, now)
        self.index.add(account_id, page.items)
        after = replace(state, covered_from=page.next_key or state.covered_from, is_whole=page.next_key is None)
        self.index.save_state(account_id, after)
        return after, len(page.items)
