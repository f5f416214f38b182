"""Record the addresses with more than one item."""

from collections import Counter
from collections.abc import Callable
from zoneinfo import ZoneInfo

from msgspec import Struct

from undelivered.domain.item import UndeliveredItem
from undelivered.domain.report_query import local_day
from undelivered.services.ports import RepeatFailureStore, UndeliveredStore


class TrackRepeatFailures(Struct, frozen=True):
    """A use case behind the stream of items. Doing it again changes nothing: numbers are set, not added."""

    undelivered: UndeliveredStore
    repeats: RepeatFailureStore
    zone_of: Callable[[str], ZoneInfo]

    def __call__(self, before: UndeliveredItem | None, after: UndeliveredItem | None) -> None:
        """Record the address of a new item if it has more than one item; ignore other changes and unknown addresses."""
        if before is not None or after is None or not after.recipient:
            return
        items = {
            item.entry_key: item
            for item in (*self.undelivered.items_of_customer(after), after)
            if item.recipient == after.recipient
        }
        if len(items) > 1:
            zone = self.zone_of(after.account_id)
            by_day = Counter(local_day(item.sent_at, zone) for item in items.values())
            self.repeats.record(after.account_id, after.recipient, by_day)
