"""How items leave the report: swept after thirty days, archived from the stream, or erased."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime

from msgspec.structs import replace

from undelivered.adapters.dynamodb import counter_names
from undelivered.adapters.dynamodb.client import (
    ACTIONS_AT_MOST,
    Action,
    ConditionFailedError,
    Row,
    add,
    delete,
    get,
    put,
    query,
    transact_write,
)
from undelivered.adapters.dynamodb.item_rows import (
    ERASED_MARK,
    erased_key,
    expired_below,
    facts_of,
    readable_item,
    readable_items,
    undelivered_row,
)
from undelivered.adapters.dynamodb.item_writer import ItemWriter, key_of, live_removed
from undelivered.adapters.dynamodb.models import CountsModel, HistoryModel, ItemTable, UndeliveredModel
from undelivered.domain.batches import batches
from undelivered.domain.errors import RetryableError
from undelivered.domain.failure_counts import CountChange, count_change
from undelivered.domain.item import UndeliveredItem
from undelivered.domain.lifecycle import merge_items
from undelivered.services.ports import UnreadableItem

_SWEPT_AT_ONCE = ACTIONS_AT_MOST // 2
"""The maximum items that a transaction sweeps. In the worst case, each is counted on a different day."""

_ERASED_AT_ONCE = 30
"""How many items one transaction erases: each may be counted on two days of its own."""

_ARCHIVE_TRIES = 5


class ItemRemoval(ItemWriter):
    """The part of the store that removes items."""

    def sweep(self, account_id: str, now: datetime, limit: int) -> int:
        """Delete up to ``limit`` items past their thirty days and subtract them from the counters; return how many.

        An item that is written at the same time is deleted by the next sweep.
        """
        expired = UndeliveredModel.entry_key < expired_below(now)
        removed, after, has_more = 0, None, True
        # Rows that cannot be read stay, so the sweep goes on behind them.
        while has_more and removed < limit:
            rows, after = query(UndeliveredModel, account_id, expired, limit=limit - removed, after=after)
            for group in batches(list(readable_items(rows)), _SWEPT_AT_ONCE):
                removed += self._sweep_group(account_id, list(group))
            has_more = after is not None
        return removed

    def _sweep_group(self, account_id: str, items: list[UndeliveredItem]) -> int:
        while items:
            deletions = [delete(UndeliveredModel, key_of(item), version=item.version) for item in items]
            try:
                self.commit(account_id, deletions, live_removed(items))
            except ConditionFailedError as error:
                items = [item for place, item in enumerate(items) if place not in error.positions]
            else:
                break
        return len(items)

    def archive(self, items: Iterable[UndeliveredItem], *, settle_counters: bool) -> None:
        """Write deleted items to History. Doing it again, when the stream is replayed, changes nothing."""
        for item in items:
            self._archive(item, settle_counters=settle_counters)

    def _archive(self, item: UndeliveredItem, *, settle_counters: bool) -> None:
        first = put(HistoryModel, self.history_row(item, item.version), over_version=None)
        try:
            self.commit(item.account_id, [first], live_removed([item]) if settle_counters else {})
        except ConditionFailedError:
            self._merge_into_history(item)

    def _merge_into_history(self, item: UndeliveredItem) -> None:
        for _ in range(_ARCHIVE_TRIES):
            row = get(HistoryModel, item.account_id, item.entry_key)
            if row is None:
                continue
            known = readable_item(row)
            if known is None:
                # What left the report is whole, and replaces it.
                transact_write(
                    [{"Put": {"TableName": HistoryModel.Meta.table_name, "Item": self.history_row(item, item.version)}}]
                )
                return
            merged = merge_items(known, item)
            if merged == known:
                return
            written = self.history_row(merged, known.version + 1)
            try:
                transact_write([put(HistoryModel, written, over_version=known.version)])
            except ConditionFailedError:
                continue
            return
        raise RetryableError("too many concurrent updates of an item in history")

    def erase(self, items: Sequence[UndeliveredItem], *, in_history: bool) -> int:
        """Delete items of one account that have not changed, and subtract them from the live counters; return how many.

        An item on the report is marked first, so that the stream's readers, ``archive`` and ``on_item_changed``, see
        why it is deleted (``is_erased``). The counters of failures keep it, and ``E~<day>`` counts the erased items, so
        that a recount finds no drift.
        """
        erased = 0
        for group in batches(items, _ERASED_AT_ONCE):
            if in_history:
                erased += self._remove(HistoryModel, group)
            else:
                erased += self._remove(UndeliveredModel, self._mark_erased(group))
        return erased

    def erase_unreadable(self, items: Sequence[UnreadableItem], *, in_history: bool) -> None:
        """Delete rows that cannot be read, by their keys. The counters stay.

        A row on the report is first replaced by a mark, so that the stream's readers see why it is deleted, as in
        ``erase``. The mark has no other attributes but the end of its life, if this is interrupted.
        """
        model: type[ItemTable] = HistoryModel if in_history else UndeliveredModel
        table = model.Meta.table_name
        for item in items:
            key: Row = {"account_id": {"S": item.account_id}, "entry_key": {"S": item.entry_key}}
            if not in_history:
                ends: Row = {"expires_at": {"N": str(int(self._clock().timestamp()))}}
                transact_write([{"Put": {"TableName": table, "Item": {**key, **ERASED_MARK, **ends}}}])
            transact_write([{"Delete": {"TableName": table, "Key": key}}])

    def _mark_erased(self, items: Sequence[UndeliveredItem]) -> list[UndeliveredItem]:
        """Mark the items that have not changed, and return them in their new version."""
        waiting = list(items)
        while waiting:
            rows = [undelivered_row(item, facts_of(item), item.version + 1) for item in waiting]
            try:
                transact_write(
                    [
                        put(UndeliveredModel, {**row, **ERASED_MARK}, over_version=item.version)
                        for row, item in zip(rows, waiting, strict=True)
                    ]
                )
            except ConditionFailedError as error:
                waiting = [item for place, item in enumerate(waiting) if place not in error.positions]
            else:
                return [replace(item, version=item.version + 1) for item in waiting]
        return []

    def _remove(self, model: type[ItemTable], items: Sequence[UndeliveredItem]) -> int:
        """Delete the items that have not changed, with their live counters; return how many."""
        waiting = list(items)
        while waiting:
            deletions = [delete(model, key_of(item), version=item.version) for item in waiting]
            actions = [*deletions, *self._erased_additions(waiting)]
            live = live_removed(waiting) if model is UndeliveredModel else {}
            try:
                self.commit(waiting[0].account_id, actions, live)
            except ConditionFailedError as error:
                waiting = [item for place, item in enumerate(waiting) if place not in error.positions]
            else:
                break
        return len(waiting)

    def _erased_additions(self, items: Sequence[UndeliveredItem]) -> list[Action]:
        changes: dict[date, CountChange] = defaultdict(CountChange)
        for item in items:
            failed, of_day = count_change(None, item), changes[self.local_day(item)]
            of_day.failed.update(failed.failed)
            of_day.resolved.update(failed.resolved)
        return [
            add(
                CountsModel,
                erased_key(items[0].account_id, day),
                counter_names.name_failed(change.failed, change.resolved),
            )
            for day, change in changes.items()
        ]
