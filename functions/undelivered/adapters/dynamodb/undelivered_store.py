"""The store of undelivered items on DynamoDB."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta

from msgspec.structs import replace

from undelivered.adapters.dynamodb import counters
from undelivered.adapters.dynamodb.client import (
    ACTIONS_AT_MOST,
    Action,
    ConditionFailedError,
    get,
    put,
    query,
    query_all,
    require_absent,
)
from undelivered.adapters.dynamodb.item_removal import ItemRemoval
from undelivered.adapters.dynamodb.item_rows import (
    RESENDING_PARTITION,
    customer_partition,
    expired_below,
    facts_of,
    readable_item,
    readable_items,
    undelivered_row,
    unreadable_item_of,
    whole_item_of,
)
from undelivered.adapters.dynamodb.item_writer import key_of
from undelivered.adapters.dynamodb.items_by_key import items_by_key
from undelivered.adapters.dynamodb.models import HistoryModel, ItemTable, SuppressionModel, UndeliveredModel
from undelivered.adapters.dynamodb.new_item_group import NewItemGroup
from undelivered.adapters.dynamodb.suppression_store import address_key, suppression_row
from undelivered.adapters.dynamodb.unreadable_rows import read_first
from undelivered.domain.errors import StaleWriteError
from undelivered.domain.failure_counts import count_change
from undelivered.domain.identifiers import recipient_digest
from undelivered.domain.incidents import OUR_REASONS, Cause, CountedHour, changed_hours, counted_hours
from undelivered.domain.item import LIVE_STATES, UndeliveredItem
from undelivered.domain.report_query import window_start
from undelivered.domain.suppression import Suppression
from undelivered.services.ports import NewEntry, UnreadableItem

_NOT_OURS: Counter[CountedHour] = Counter()
_TRIES = 3
"""The maximum tries of a group. Each leaves out the entries that were found to exist."""

_OF_CUSTOMER_AT_MOST = 50

_LAST_MINUTES = timedelta(minutes=5)
"""A process whose clock is ahead may already sweep an item that is this close to the end of its thirty days."""


class DynamoUndeliveredStore(ItemRemoval):
    """``ports.UndeliveredStore`` on the tables Undelivered, History, Counts and Suppressions.

    A stored item's version is one more than that of the item it replaces, and 1 when it is new.
    """

    def add_new(self, entries: Sequence[NewEntry]) -> Sequence[NewEntry]:
        """Write new items with counters and suppressions, up to a hundred actions in a transaction.

        Return the entries that ``save`` has to write instead: entries whose item or suppression exists, repeated
        entries, and entries near or past the end of their thirty days, which may be in history.
        """
        refused: list[NewEntry] = []
        for group in self._groups(entries, refused):
            self._add_group(group, refused)
        return refused

    def _groups(self, entries: Iterable[NewEntry], refused: list[NewEntry]) -> Iterator[NewItemGroup]:
        group: NewItemGroup | None = None
        seen: set[tuple[str, str]] = set()
        past = window_start(self._clock()) + _LAST_MINUTES
        for entry in entries:
            item = entry.item
            facts = facts_of(item)
            identity = (item.account_id, facts.entry_key)
            if item.sent_at <= past or identity in seen:
                refused.append(entry)
                continue
            seen.add(identity)
            day = self.local_day(item)
            # A new item has one attempt, which most often failed for another reason.
            ours = counted_hours(item) if facts.reason in OUR_REASONS else _NOT_OURS
            suppressed = address_key(entry.suppression) if entry.suppression else ""
            if group is not None and not (
                group.account_id == item.account_id and group.has_room(day, facts, ours, suppressed)
            ):
                yield group
                group = None
            if group is None:
                group = NewItemGroup(item.account_id)
            group.add(entry, day, facts, ours, suppressed)
        if group is not None:
            yield group

    def _add_group(self, group: NewItemGroup, refused: list[NewEntry]) -> None:
        for _ in range(_TRIES):
            try:
                self.commit(group.account_id, group.actions(), counters.count_new(group.facts, group.ours))
            except ConditionFailedError as error:
                taken, others = group.split(error.positions)
                refused.extend(taken)
                if not others:
                    return
                group = next(self._groups(others, refused))
            else:
                return
        refused.extend(group.entries)

    def find(self, account_id: str, entry_key: str) -> UndeliveredItem | None:
        """Return an item (a consistent read), from the report or from history."""
        row = get(UndeliveredModel, account_id, entry_key) or get(HistoryModel, account_id, entry_key)
        return readable_item(row) if row else None

    def find_many(self, account_id: str, entry_keys: Sequence[str]) -> Sequence[UndeliveredItem]:
        """Return the items that exist, from the report or from history, in any order."""
        return items_by_key(account_id, entry_keys)

    def save(
        self,
        before: UndeliveredItem | None,
        after: UndeliveredItem,
        suppression: tuple[Suppression | None, Suppression] | None = None,
    ) -> None:
        """Write an item, its counters and a suppression (before, after) in one transaction; raises StaleWriteError."""
        past = after.sent_at <= window_start(self._clock())
        if past and before is None:
            self._save_past(None, after, suppression)
            return
        row = undelivered_row(after, facts_of(after), _next_version(before), self._grace_of(after.account_id))
        actions = [put(UndeliveredModel, row, over_version=_version(before)), *_suppression_actions(suppression)]
        try:
            self.commit(after.account_id, actions, self.changes([(before, after)]))
        except ConditionFailedError as error:
            if past and 0 in error.positions and self._accept_late_events:
                self._save_past(before, after, suppression)
                return
            raise StaleWriteError("another write came first") from error

    def save_many(self, changes: Sequence[tuple[UndeliveredItem, UndeliveredItem]]) -> Collection[str]:
        """Write changed items of one account with the counters; return the keys of the items that had changed since."""
        stale: set[str] = set()
        waiting = list(changes)
        while waiting:
            group, waiting = self._first_group(waiting)
            try:
                self.commit(group[0][1].account_id, [self._put_over(*change) for change in group], self.changes(group))
            except ConditionFailedError as error:
                stale.update(after.entry_key for place, (_, after) in enumerate(group) if place in error.positions)
                waiting = [change for place, change in enumerate(group) if place not in error.positions] + waiting
        return stale

    def _put_over(self, before: UndeliveredItem, after: UndeliveredItem) -> Action:
        row = undelivered_row(after, facts_of(after), _next_version(before), self._grace_of(after.account_id))
        return put(UndeliveredModel, row, over_version=before.version)

    def _first_group(
        self, changes: list[tuple[UndeliveredItem, UndeliveredItem]]
    ) -> tuple[list[tuple[UndeliveredItem, UndeliveredItem]], list[tuple[UndeliveredItem, UndeliveredItem]]]:
        """Return as many changes as fit into one transaction with their counters, and the rest."""
        rows: set[tuple[str | Cause, date]] = set()
        for place, (before, after) in enumerate(changes):
            rows |= {("L", counters.live_day(after.entry_key)), ("T", self.local_day(after))}
            rows |= {(counted.cause, counted.hour.date()) for counted in changed_hours(before, after)}
            if place + 1 + len(rows) > ACTIONS_AT_MOST:
                return changes[:place], changes[place:]
        return changes, []

    def _save_past(
        self,
        before: UndeliveredItem | None,
        after: UndeliveredItem,
        suppression: tuple[Suppression | None, Suppression] | None,
    ) -> None:
        """Write an item whose thirty days are over to history: it counts as a failure, never as live."""
        row = self.history_row(after, _next_version(before))
        actions = [
            put(HistoryModel, row, over_version=_version(before)),
            *_suppression_actions(suppression),
            # An item that is not swept yet must not be in history too.
            require_absent(UndeliveredModel, key_of(after)),
        ]
        failed = replace(count_change(before, after), live=Counter())
        try:
            self.commit(after.account_id, actions, {self.local_day(after): failed})
        except ConditionFailedError as error:
            raise StaleWriteError("another write came first") from error

    def live_items_of_customer(self, account_id: str, customer_id: str) -> Sequence[UndeliveredItem]:
        """Return the live items of a customer, newest first.

        ``~<recipient digest>`` as the id finds the items of an unknown customer by address.
        """
        bound = expired_below(self._clock())
        partition = customer_partition(account_id, customer_id)
        rows = query_all(UndeliveredModel, partition, UndeliveredModel.entry_key >= bound, index="by_customer")
        live = [item for item in readable_items(rows) if item.state in LIVE_STATES]
        return live[::-1]

    def items_of_customer(self, item: UndeliveredItem) -> Sequence[UndeliveredItem]:
        """Return the newest items, in any state, of an item's customer, or of its address if it has no customer."""
        partition = customer_partition(item.account_id, item.customer_id or f"~{recipient_digest(item.recipient)}")
        by_key: dict[str, UndeliveredItem] = {}
        for model in (HistoryModel, UndeliveredModel):
            rows, _ = query(model, partition, None, index="by_customer", limit=_OF_CUSTOMER_AT_MOST, newest_first=True)
            by_key |= {item.entry_key: item for item in readable_items(rows)}
        return [by_key[key] for key in sorted(by_key, reverse=True)]

    def find_by_customer(
        self, account_id: str, customer_key: str, limit: int, after: str | None = None, *, in_history: bool
    ) -> Sequence[UndeliveredItem]:
        """Return a customer's items in any state and order of sending, from history if ``in_history``."""
        model: type[ItemTable] = HistoryModel if in_history else UndeliveredModel
        within = model.entry_key > after if after else None
        partition = customer_partition(account_id, customer_key)
        return read_first(whole_item_of, limit, model, partition, within, index="by_customer")

    def newest_of_customer(self, account_id: str, customer_key: str, limit: int) -> Sequence[UndeliveredItem]:
        """Return a customer's newest items on the report in any state, newest first."""
        partition = customer_partition(account_id, customer_key)
        return read_first(
            whole_item_of, limit, UndeliveredModel, partition, None, index="by_customer", newest_first=True
        )

    def unreadable_of_customer(
        self, account_id: str, customer_key: str, *, in_history: bool
    ) -> Sequence[UnreadableItem]:
        """Return a customer's items that cannot be read, from history if ``in_history``."""
        model: type[ItemTable] = HistoryModel if in_history else UndeliveredModel
        rows = query_all(model, customer_partition(account_id, customer_key), None, index="by_customer")
        return [unreadable_item_of(row) for row in rows if not any(readable_items([row]))]

    def resends_to_settle(self, now: datetime, limit: int) -> Sequence[UndeliveredItem]:
        """Return items that are being resent and whose grace period has ended, oldest first."""
        due = UndeliveredModel.settle_at <= int(now.timestamp())
        return read_first(whole_item_of, limit, UndeliveredModel, RESENDING_PARTITION, due, index="by_attention")


def _version(before: UndeliveredItem | Suppression | None) -> int | None:
    return before.version if before else None


def _next_version(before: UndeliveredItem | Suppression | None) -> int:
    return before.version + 1 if before else 1


def _suppression_actions(change: tuple[Suppression | None, Suppression] | None) -> list[Action]:
    if change is None:
        return []
    before, after = change
    row = suppression_row(after, _next_version(before))
    return [put(SuppressionModel, row, over_version=_version(before))]
