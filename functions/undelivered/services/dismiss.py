"""Dismiss an item, and restore a dismissed item."""

from collections.abc import Callable
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from undelivered.domain.errors import NotFoundError, RefusedError
from undelivered.domain.item import LIVE_STATES, Audit, Dismissal, State, UndeliveredItem
from undelivered.services.concurrency import retry_on_conflict
from undelivered.services.ports import UndeliveredStore


class Dismiss(Struct, frozen=True):
    """The use cases behind *Dismiss* and *Undo*. Doing either again changes nothing."""

    undelivered: UndeliveredStore
    clock: Callable[[], datetime]

    def __call__(self, account_id: str, entry_key: str, *, by: str, reason: str) -> UndeliveredItem:
        """Remove an item from the report and return it.

        Raises NotFoundError, and RefusedError if the item has left the report already.
        """
        return self._set(account_id, entry_key, Dismissal(self.clock(), by, reason))

    def restore(self, account_id: str, entry_key: str, *, by: str) -> UndeliveredItem:
        """Put a dismissed item back and return it; raises NotFoundError and RefusedError."""
        return self._set(account_id, entry_key, Dismissal(self.clock(), by, restored=True))

    @retry_on_conflict
    def _set(self, account_id: str, entry_key: str, dismissal: Dismissal) -> UndeliveredItem:
        item = self.undelivered.find(account_id, entry_key)
        if item is None:
            raise NotFoundError("item not found")
        if not _is_change(item, dismissal):
            return item
        _check(item, dismissal, self.clock())
        audit = Audit(dismissal.at, dismissal.by, "restore" if dismissal.restored else "dismiss", dismissal.reason)
        after = replace(item, dismissal=dismissal, audit=(*item.audit, audit))
        self.undelivered.save(item, after)
        return after


def _is_change(item: UndeliveredItem, dismissal: Dismissal) -> bool:
    is_dismissed = item.state is State.DISMISSED
    return is_dismissed if dismissal.restored else not is_dismissed


def _check(item: UndeliveredItem, dismissal: Dismissal, now: datetime) -> None:
    if now >= item.leaves_at:
        raise RefusedError("conflict", "This notification is more than 30 days old and has left the report.")
    if not dismissal.restored and item.state not in LIVE_STATES:
        raise RefusedError("conflict", "This notification has left the report and cannot be dismissed.")
