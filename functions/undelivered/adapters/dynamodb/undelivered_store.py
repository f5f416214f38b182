"""The store of undelivered items on DynamoDB."""

import random
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from msgspec import Struct, field
from msgspec.structs import fields, replace

from undelivered.adapters.dynamodb import counter_names, counters
from undelivered.adapters.dynamodb.client import (
    Action,
    ConditionFailedError,
    Row,
    TransactionConflictError,
    add,
    delete,
    get,
    get_many,
    put,
    query,
    query_all,
    require_absent,
    write,
)
from undelivered.adapters.dynamodb.item_rows import (
    ERASED_MARK,
    RESENDING_PARTITION,
    Facts,
    customer_partition,
    erased_key,
    expired_below,
    facts_of,
    history_row,
    item_of,
    undelivered_row,
)
from undelivered.adapters.dynamodb.models import (
    CountsModel,
    HistoryModel,
    ItemTable,
    SuppressionModel,
    UndeliveredModel,
)
from undelivered.adapters.dynamodb.suppression_store import address_key, suppression_row
from undelivered.domain.account_settings import GraceSettings
from undelivered.domain.errors import RetryableError, StaleWriteError
from undelivered.domain.failure_counts import CountChange, count_change
from undelivered.domain.identifiers import recipient_digest
from undelivered.domain.item import LIVE_STATES, UndeliveredItem
from undelivered.domain.lifecycle import merge_items
from undelivered.domain.report_query import local_day, window_start
from undelivered.domain.suppression import Suppression, merge_suppression
from undelivered.services.ports import NewEntry

ACTIONS_AT_MOST = 100
"""How many actions DynamoDB takes in one transaction."""

_ROUNDS = 3
"""How often a group is tried again without what was there already."""

_PAUSES_SECONDS = (0.0, 0.02, 0.05, 0.1, 0.2, 0.4, 0.8)
"""Longest waits before each try of a contended transaction; the actual one is drawn below it."""

_SWEPT_AT_ONCE = ACTIONS_AT_MOST // 2
"""How many items one transaction removes: it may have to take each off another day's counter."""

_ERASED_AT_ONCE = 30
"""How many items one transaction erases: each may be counted on two days of its own."""

_ARCHIVE_TRIES = 5
_OF_CUSTOMER_AT_MOST = 50
_NO_CHANGE = CountChange()

_LAST_MINUTES = timedelta(minutes=5)
"""An item this close to the end of its thirty days may be swept already by a process whose clock is ahead."""

_COUNTED_WHERE_SENT = tuple(each.name for each in fields(CountChange) if each.name != "live")
"""Counters of the day of sending in the account's time zone; those of live items go by days in UTC."""


class _Group(Struct):
    """Entries of one account that fit into one transaction with their suppressions and counters."""

    account_id: str
    entries: list[NewEntry] = field(default_factory=list)
    facts: list[tuple[date, Facts]] = field(default_factory=list)
    days: set[tuple[str, date]] = field(default_factory=set)
    suppressions: dict[str, Suppression] = field(default_factory=dict)

    def has_room(self, day: date, facts: Facts, suppressed: str) -> bool:
        days = len(self.days | _days_of(day, facts))
        suppressions = len(self.suppressions) + bool(suppressed and suppressed not in self.suppressions)
        return len(self.entries) + 1 + suppressions + days <= ACTIONS_AT_MOST

    def add(self, entry: NewEntry, day: date, facts: Facts, suppressed: str) -> None:
        self.entries.append(entry)
        self.facts.append((day, facts))
        self.days |= _days_of(day, facts)
        if entry.suppression is not None:
            known = self.suppressions.get(suppressed)
            self.suppressions[suppressed] = merge_suppression(known, entry.suppression)

    def actions(self) -> list[Action]:
        """Return the actions of the entries, then those of the suppressions; counters come after."""
        items: list[Action] = [
            put(UndeliveredModel, undelivered_row(entry.item, facts, version=1), over_version=None)
            for entry, (_, facts) in zip(self.entries, self.facts, strict=True)
        ]
        return items + [
            put(SuppressionModel, suppression_row(suppression, version=1), over_version=None)
            for suppression in self.suppressions.values()
        ]

    def split(self, failed: frozenset[int]) -> tuple[list[NewEntry], list[NewEntry]]:
        """Return the entries that failed positions of ``actions`` belong to, and the others."""
        addresses = list(self.suppressions)
        taken = {addresses[place - len(self.entries)] for place in failed if place >= len(self.entries)}
        refused: list[NewEntry] = []
        others: list[NewEntry] = []
        for place, entry in enumerate(self.entries):
            is_refused = place in failed or (entry.suppression is not None and address_key(entry.suppression) in taken)
            (refused if is_refused else others).append(entry)
        return refused, others


def _days_of(day: date, facts: Facts) -> set[tuple[str, date]]:
    """Return the rows of counters that an item is counted in."""
    return {("T", day), ("L", counters.live_day(facts.entry_key))}


def _now() -> datetime:
    return datetime.now(UTC)


class DynamoUndeliveredStore:
    """``ports.UndeliveredStore`` on the tables Undelivered, History, Counts and Suppressions.

    A stored item's version is one more than that of the item it replaces, and 1 when it is new.
    """

    def __init__(  # noqa: PLR0913 - what accounts set, and what tests replace
        self,
        *,
        zone_of: Callable[[str], ZoneInfo],
        history_days_of: Callable[[str], int],
        grace_of: Callable[[str], GraceSettings] = lambda _: GraceSettings(),
        accept_late_events: bool = True,
        clock: Callable[[], datetime] = _now,
        sleep: Callable[[float], None] = time.sleep,
        choose: Callable[[int], int] = random.randrange,
    ) -> None:
        """Take what is known of accounts; the rest is for tests.

        ``zone_of`` gives an account's time zone, ``history_days_of`` how many days it keeps history,
        ``grace_of`` how long silence after a resend goes on. ``accept_late_events`` says whether changes to what has
        left in the meantime go to history; they are stale where they do not.
        """
        self._zone_of = zone_of
        self._history_days_of = history_days_of
        self._grace_of = grace_of
        self._takes_late_news = accept_late_events
        self._clock = clock
        self._sleep = sleep
        self._choose = choose
        self._shards = counters.Shards(choose)

    def add_new(self, entries: Sequence[NewEntry]) -> Sequence[NewEntry]:
        """Write new items with counters and suppressions, a hundred actions to a transaction.

        Return the entries of which something was there already, those that come twice (but for the first),
        and those about to leave or past their thirty days, which may be in history; they are for ``save``.
        """
        refused: list[NewEntry] = []
        for group in self._groups(entries, refused):
            self._add_group(group, refused)
        return refused

    def _groups(self, entries: Iterable[NewEntry], refused: list[NewEntry]) -> Iterator[_Group]:
        group: _Group | None = None
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
            day = local_day(item.sent_at, self._zone_of(item.account_id))
            suppressed = address_key(entry.suppression) if entry.suppression else ""
            if group is not None and not (
                group.account_id == item.account_id and group.has_room(day, facts, suppressed)
            ):
                yield group
                group = None
            if group is None:
                group = _Group(item.account_id)
            group.add(entry, day, facts, suppressed)
        if group is not None:
            yield group

    def _add_group(self, group: _Group, refused: list[NewEntry]) -> None:
        for _ in range(_ROUNDS):
            try:
                self._commit(group.account_id, group.actions(), counters.count_new(group.facts))
            except ConditionFailedError as error:
                taken, others = group.split(error.positions)
                refused.extend(taken)
                if not others:
                    return
                group = next(self._groups(others, refused))
            else:
                return
        refused.extend(group.entries)

    def _commit(self, account_id: str, actions: list[Action], changes: counters.DayChanges) -> None:
        """Carry out the actions with the counters' changes; who meets another writer tries another shard."""
        for pause in _PAUSES_SECONDS:
            if pause:
                self._sleep(random.uniform(0, pause))  # noqa: S311 - jitter is no secret
            try:
                write([*actions, *self._additions(account_id, changes)])
            except TransactionConflictError:
                self._shards.move(account_id)
            else:
                return
        raise RetryableError("too many writers at the same rows")

    def _additions(self, account_id: str, changes: counters.DayChanges) -> list[Action]:
        now = self._clock()
        return counters.additions(account_id, changes, lambda day: self._shards.of(account_id, day, now))

    def find(self, account_id: str, entry_key: str) -> UndeliveredItem | None:
        """Return an item as it is now, from the report or from history."""
        row = get(UndeliveredModel, account_id, entry_key) or get(HistoryModel, account_id, entry_key)
        return item_of(row) if row else None

    def find_many(self, account_id: str, entry_keys: Sequence[str]) -> Sequence[UndeliveredItem]:
        """Return those of the items that exist, from the report or from history, in no promised order."""
        found = {item.entry_key: item for item in map(item_of, self._rows(UndeliveredModel, account_id, entry_keys))}
        missing = [key for key in entry_keys if key not in found]
        return [*found.values(), *map(item_of, self._rows(HistoryModel, account_id, missing))]

    @staticmethod
    def _rows(model: type[ItemTable], account_id: str, entry_keys: Sequence[str]) -> Iterator[Row]:
        return get_many(model, account_id, entry_keys, "entry_key")

    def save(
        self,
        before: UndeliveredItem | None,
        after: UndeliveredItem,
        suppression: tuple[Suppression | None, Suppression] | None = None,
    ) -> None:
        """Write an item and the counters' change, and a suppression from and to, all or nothing."""
        past = after.sent_at <= window_start(self._clock())
        if past and before is None:
            self._save_past(None, after, suppression)
            return
        row = undelivered_row(after, facts_of(after), _next_version(before), self._grace_of(after.account_id))
        actions = [put(UndeliveredModel, row, over_version=_version(before)), *_suppression_actions(suppression)]
        try:
            self._commit(after.account_id, actions, self._changes([(before, after)]))
        except ConditionFailedError as error:
            if past and 0 in error.positions and self._takes_late_news:
                self._save_past(before, after, suppression)
                return
            raise StaleWriteError("another write came first") from error

    def save_many(self, changes: Sequence[tuple[UndeliveredItem, UndeliveredItem]]) -> Collection[str]:
        """Write changed items of one account with the counters' change; return the keys of those that are stale."""
        stale: set[str] = set()
        waiting = list(changes)
        while waiting:
            group, waiting = self._first_group(waiting)
            try:
                self._commit(
                    group[0][1].account_id, [self._put_over(*change) for change in group], self._changes(group)
                )
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
        """Split off as many changes as fit into one transaction with their counters."""
        rows: set[tuple[str, date]] = set()
        for place, (_, after) in enumerate(changes):
            rows |= {("L", counters.live_day(after.entry_key)), *(("T", day) for day in self._local(after, _NO_CHANGE))}
            if place + 1 + len(rows) > ACTIONS_AT_MOST:
                return changes[:place], changes[place:]
        return changes, []

    def _changes(self, group: Iterable[tuple[UndeliveredItem | None, UndeliveredItem]]) -> counters.DayChanges:
        changes: dict[date, CountChange] = {}
        for before, after in group:
            change = count_change(before, after)
            # Counter.update, unlike +, keeps what is negative.
            changes.setdefault(counters.live_day(after.entry_key), CountChange()).live.update(change.live)
            for day, others in self._local(after, change).items():
                total = changes.setdefault(day, CountChange())
                for name in _COUNTED_WHERE_SENT:
                    getattr(total, name).update(getattr(others, name))
        return changes

    def _save_past(
        self,
        before: UndeliveredItem | None,
        after: UndeliveredItem,
        suppression: tuple[Suppression | None, Suppression] | None,
    ) -> None:
        """Write an item whose thirty days are over into history: it counts as failed, never as live."""
        row = self._history_row(after, _next_version(before))
        actions = [
            put(HistoryModel, row, over_version=_version(before)),
            *_suppression_actions(suppression),
            # An item that is not swept yet is not for history to take up.
            require_absent(UndeliveredModel, _key_of(after)),
        ]
        failed = replace(count_change(before, after), live=Counter())
        try:
            self._commit(after.account_id, actions, self._local(after, failed))
        except ConditionFailedError as error:
            raise StaleWriteError("another write came first") from error

    def _history_row(self, item: UndeliveredItem, version: int) -> Row:
        return history_row(item, facts_of(item), version, self._history_days_of(item.account_id))

    def _local(self, item: UndeliveredItem, change: CountChange) -> counters.DayChanges:
        return {local_day(item.sent_at, self._zone_of(item.account_id)): change}

    def live_items_of_customer(self, account_id: str, customer_id: str) -> Sequence[UndeliveredItem]:
        """Return the customer's items that are on the report, newest first.

        ``~<recipient digest>`` in place of the id finds those of an unknown customer by address.
        """
        bound = expired_below(self._clock())
        partition = customer_partition(account_id, customer_id)
        rows = query_all(UndeliveredModel, partition, UndeliveredModel.entry_key >= bound, index="by_customer")
        live = [item for item in map(item_of, rows) if item.state in LIVE_STATES]
        return live[::-1]

    def items_of_customer(self, item: UndeliveredItem) -> Sequence[UndeliveredItem]:
        """Return the newest items, in any state, of an item's customer, or of its address where that is not known."""
        partition = customer_partition(item.account_id, item.customer_id or f"~{recipient_digest(item.recipient)}")
        found: dict[str, UndeliveredItem] = {}
        for model in (HistoryModel, UndeliveredModel):
            rows, _ = query(model, partition, None, index="by_customer", limit=_OF_CUSTOMER_AT_MOST, newest_first=True)
            found |= {each.entry_key: each for each in map(item_of, rows)}
        return [found[key] for key in sorted(found, reverse=True)]

    def find_by_customer(
        self, account_id: str, customer_key: str, limit: int, after: str | None = None, *, in_history: bool
    ) -> Sequence[UndeliveredItem]:
        """Return a customer's items in any state and order of sending, from history if ``in_history``."""
        model: type[ItemTable] = HistoryModel if in_history else UndeliveredModel
        within = model.entry_key > after if after else None
        rows, _ = query(model, customer_partition(account_id, customer_key), within, index="by_customer", limit=limit)
        return [item_of(row) for row in rows]

    def erase(self, items: Sequence[UndeliveredItem], *, in_history: bool) -> int:
        """Remove items of one account for good, live counters included; return how many were as given.

        From the report in two steps: the first marks them, so that ``archive`` and ``on_item_changed``, which see the
        removal, leave them alone (``is_erased``). What failed stays counted, and ``E~<day>`` says how much of it
        has gone, so that counting anew finds no drift.
        """
        erased = 0
        for start in range(0, len(items), _ERASED_AT_ONCE):
            group = items[start : start + _ERASED_AT_ONCE]
            if in_history:
                erased += self._remove(HistoryModel, group)
                continue
            erased += self._remove(UndeliveredModel, self._mark_erased(group))
        return erased

    def _mark_erased(self, items: Sequence[UndeliveredItem]) -> list[UndeliveredItem]:
        """Mark items that are as given and return them as they are now."""
        waiting = list(items)
        while waiting:
            rows = [undelivered_row(item, facts_of(item), item.version + 1) for item in waiting]
            try:
                write(
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
        """Remove items with their live counters, as many as are as given; return how many."""
        waiting = list(items)
        while waiting:
            deletions = [delete(model, _key_of(item), version=item.version) for item in waiting]
            actions = [*deletions, *self._erased_additions(waiting)]
            live = _live_removed(waiting) if model is UndeliveredModel else {}
            try:
                self._commit(waiting[0].account_id, actions, live)
            except ConditionFailedError as error:
                waiting = [item for place, item in enumerate(waiting) if place not in error.positions]
            else:
                break
        return len(waiting)

    def _erased_additions(self, items: Sequence[UndeliveredItem]) -> list[Action]:
        changes: dict[date, CountChange] = defaultdict(CountChange)
        for item in items:
            failed, of_day = count_change(None, item), changes[local_day(item.sent_at, self._zone_of(item.account_id))]
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

    def resends_to_settle(self, now: datetime, limit: int) -> Sequence[UndeliveredItem]:
        """Return resending items whose grace period is over, the longest waiting first."""
        due = UndeliveredModel.settle_at <= int(now.timestamp())
        rows, _ = query(UndeliveredModel, RESENDING_PARTITION, due, index="by_attention", limit=limit)
        return [item_of(row) for row in rows]

    def sweep(self, account_id: str, now: datetime, limit: int) -> int:
        """Remove up to ``limit`` items past their thirty days, with their counters; return how many.

        An item that is written at the same time stays for the next sweep.
        """
        rows, _ = query(UndeliveredModel, account_id, UndeliveredModel.entry_key < expired_below(now), limit=limit)
        removed = 0
        for start in range(0, len(rows), _SWEPT_AT_ONCE):
            items = [item_of(row) for row in rows[start : start + _SWEPT_AT_ONCE]]
            removed += self._sweep_group(account_id, items)
        return removed

    def _sweep_group(self, account_id: str, items: list[UndeliveredItem]) -> int:
        while items:
            deletions = [delete(UndeliveredModel, _key_of(item), version=item.version) for item in items]
            try:
                self._commit(account_id, deletions, _live_removed(items))
            except ConditionFailedError as error:
                items = [item for place, item in enumerate(items) if place not in error.positions]
            else:
                break
        return len(items)

    def archive(self, items: Iterable[UndeliveredItem], *, settle_counters: bool) -> None:
        """Keep removed items in history, once, however often the stream is replayed."""
        for item in items:
            self._archive(item, settle_counters=settle_counters)

    def _archive(self, item: UndeliveredItem, *, settle_counters: bool) -> None:
        first = put(HistoryModel, self._history_row(item, item.version), over_version=None)
        try:
            self._commit(item.account_id, [first], _live_removed([item]) if settle_counters else {})
        except ConditionFailedError:
            self._merge_into_history(item)

    def _merge_into_history(self, item: UndeliveredItem) -> None:
        for _ in range(_ARCHIVE_TRIES):
            row = get(HistoryModel, item.account_id, item.entry_key)
            if row is None:
                continue
            known = item_of(row)
            merged = merge_items(known, item)
            if merged == known:
                return
            written = self._history_row(merged, known.version + 1)
            try:
                write([put(HistoryModel, written, over_version=known.version)])
            except ConditionFailedError:
                continue
            return
        raise RetryableError("history is being written by others")


def _live_removed(items: Iterable[UndeliveredItem]) -> counters.DayChanges:
    """Return how the live counters fall by removed items; what failed has failed."""
    changes: dict[date, CountChange] = defaultdict(CountChange)
    for item in items:
        # Counter.update, unlike +, keeps what is negative.
        changes[counters.live_day(item.entry_key)].live.update(count_change(item, None).live)
    return changes


def _version(before: UndeliveredItem | Suppression | None) -> int | None:
    return before.version if before else None


def _next_version(before: UndeliveredItem | Suppression | None) -> int:
    return before.version + 1 if before else 1


def _key_of(item: UndeliveredItem) -> Row:
    return {"account_id": {"S": item.account_id}, "entry_key": {"S": item.entry_key}}


def _suppression_actions(change: tuple[Suppression | None, Suppression] | None) -> list[Action]:
    if change is None:
        return []
    before, after = change
    row = suppression_row(after, _next_version(before))
    return [put(SuppressionModel, row, over_version=_version(before))]
