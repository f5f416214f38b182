"""Dismiss an item that needs nothing more, and restore one that does after all."""

from collections.abc import Callable
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from undelivered.domain.errors import NotFoundError, RefusedError
from undelivered.domain.item import LIVE_STATES, Audit, Dismissal, State, UndeliveredItem
from undelivered.services.concurrency import retry_on_conflict
from undelivered.services.ports import UndeliveredStore


class Dismiss(Struct, frozen=True):
    """The use cases behind *Dismiss* and *Undo*. Doing either twice is doing it once."""

    undelivered: UndeliveredStore
    clock: Callable[[], datetime]

    def __call__(self, account_id: str, entry_key: str, *, by: str, reason: str) -> UndeliveredItem:
        """Take an item off the report and return it; it stays in views of its time.

        Raises NotFoundError, and RefusedError for one that has left the report by itself.
        """
        return self._set(account_id, entry_key, Dismissal(self.clock(), by, reason))

    def restore(self, account_id: str, entry_key: str, *, by: str) -> UndeliveredItem:
        """Put a dismissed item back and return it. Raises NotFoundError, and RefusedError as above."""
        return self._set(account_id, entry_key, Dismissal(self.clock(), by, restored=True))

    @retry_on_conflict
    def _set(self, account_id: str, entry_key: str, word: Dismissal) -> UndeliveredItem:
        item = self.undelivered.find(account_id, entry_key)
        if item is None:
            raise NotFoundError("item not found")
        if not _changes(item, word):
            return item
        _check(item, word, self.clock())
        audit = Audit(word.at, word.by, "restore" if word.restored else "dismiss", word.reason)
        after = replace(item, dismissal=word, audit=(*item.audit, audit))
        self.undelivered.save(item, after)
        return after


def _changes(item: UndeliveredItem, word: Dismissal) -> bool:
    dismissed = item.state is State.DISMISSED
    return dismissed if word.restored else not dismissed


def _check(item: UndeliveredItem, word: Dismissal, now: datetime) -> None:
    if now >= item.leaves_at:
        raise RefusedError("conflict", "This notification is more than 30 days old and has left the report.")
    if not word.restored and item.state not in LIVE_STATES:
        raise RefusedError("conflict", f"This notification is {item.state} and cannot be dismissed.")
