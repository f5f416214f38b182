"""Writes items and their counters in one transaction."""

import random
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from undelivered.adapters.dynamodb import counters
from undelivered.adapters.dynamodb.client import Action, Row, TransactionConflictError, transact_write
from undelivered.adapters.dynamodb.item_rows import facts_of, history_row
from undelivered.domain.account_settings import GraceSettings
from undelivered.domain.errors import RetryableError
from undelivered.domain.failure_counts import CountChange, count_change
from undelivered.domain.incidents import changed_hours
from undelivered.domain.item import UndeliveredItem
from undelivered.domain.report_query import local_day

_PAUSES_SECONDS = (0.0, 0.02, 0.05, 0.1, 0.2, 0.4, 0.8)
"""The maximum pause before each try of a transaction with conflicts. The actual pause is random."""


def _now() -> datetime:
    return datetime.now(UTC)


class ItemWriter:
    """Writes rows of items and changes of counters together, all or nothing."""

    def __init__(  # noqa: PLR0913 - settings of accounts, and replacements for tests
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
        """Take the settings of accounts as functions of the account's id. Tests set the last three parameters.

        ``zone_of`` returns an account's time zone, ``history_days_of`` how many days it keeps history, and
        ``grace_of`` how long a resend may stay without an event. With ``accept_late_events``, a change of an item that
        has left the report since it was read is written to history; without it, StaleWriteError is raised.
        """
        self._zone_of = zone_of
        self._history_days_of = history_days_of
        self._grace_of = grace_of
        self._accept_late_events = accept_late_events
        self._clock = clock
        self._sleep = sleep
        self._choose = choose
        self._shards = counters.Shards(choose)

    def commit(self, account_id: str, actions: list[Action], changes: counters.DayChanges) -> None:
        """Write actions and changes of counters in one transaction.

        On a conflict it is tried again with another shard of the counters. Raises ConditionFailedError, and
        RetryableError when the conflicts do not end.
        """
        for pause in _PAUSES_SECONDS:
            if pause:
                self._sleep(random.uniform(0, pause))  # noqa: S311 - jitter is no secret
            try:
                transact_write([*actions, *self._additions(account_id, changes)])
            except TransactionConflictError:
                self._shards.move(account_id)
            else:
                return
        raise RetryableError("too many concurrent updates")

    def _additions(self, account_id: str, changes: counters.DayChanges) -> list[Action]:
        now = self._clock()
        return counters.additions(account_id, changes, lambda day: self._shards.of(account_id, day, now))

    def changes(self, group: Iterable[tuple[UndeliveredItem | None, UndeliveredItem]]) -> counters.DayChanges:
        """Return the change of the counters for items, each given before and after its change."""
        changes: dict[date, CountChange] = {}
        for before, after in group:
            change = count_change(before, after)
            # Counter.update, unlike +, keeps what is negative.
            changes.setdefault(counters.live_day(after.entry_key), CountChange()).live.update(change.live)
            of_day = changes.setdefault(self.local_day(after), CountChange())
            of_day.failed.update(change.failed)
            of_day.resolved.update(change.resolved)
            counters.add_ours(changes, changed_hours(before, after))
        return changes

    def local_day(self, item: UndeliveredItem) -> date:
        """Return the day on which an item was sent, in the account's time zone."""
        return local_day(item.sent_at, self._zone_of(item.account_id))

    def history_row(self, item: UndeliveredItem, version: int) -> Row:
        """Return the row of an item in History."""
        return history_row(item, facts_of(item), version, self._history_days_of(item.account_id))


def live_removed(items: Iterable[UndeliveredItem]) -> counters.DayChanges:
    """Return the change of the counters of live items when items are removed. The counters of failures stay."""
    changes: dict[date, CountChange] = defaultdict(CountChange)
    for item in items:
        # Counter.update, unlike +, keeps what is negative.
        changes[counters.live_day(item.entry_key)].live.update(count_change(item, None).live)
    return changes


def key_of(item: UndeliveredItem) -> Row:
    """Return the key of an item in Undelivered and in History."""
    return {"account_id": {"S": item.account_id}, "entry_key": {"S": item.entry_key}}
