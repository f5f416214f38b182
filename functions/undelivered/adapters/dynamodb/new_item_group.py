"""New items that are written together."""

from collections import Counter
from datetime import date

from msgspec import Struct, field

from undelivered.adapters.dynamodb import counters
from undelivered.adapters.dynamodb.client import ACTIONS_AT_MOST, Action, put
from undelivered.adapters.dynamodb.item_rows import Facts, undelivered_row
from undelivered.adapters.dynamodb.models import SuppressionModel, UndeliveredModel
from undelivered.adapters.dynamodb.suppression_store import address_key, suppression_row
from undelivered.domain.incidents import Cause, CountedHour
from undelivered.domain.suppression import Suppression, merge_suppression
from undelivered.services.ports import NewEntry


class NewItemGroup(Struct):
    """New items of an account that fit into one transaction with their suppressions and counters."""

    account_id: str
    entries: list[NewEntry] = field(default_factory=list)
    facts: list[tuple[date, Facts]] = field(default_factory=list)
    ours: Counter[CountedHour] = field(default_factory=Counter)
    counters: set[tuple[str | Cause, date]] = field(default_factory=set)
    suppressions: dict[str, Suppression] = field(default_factory=dict)

    def has_room(self, day: date, facts: Facts, ours: Counter[CountedHour], suppressed: str) -> bool:
        """Whether an item also fits. See ``add`` for the parameters."""
        counters = len(self.counters | _counters(day, facts, ours))
        suppressions = len(self.suppressions) + bool(suppressed and suppressed not in self.suppressions)
        return len(self.entries) + 1 + suppressions + counters <= ACTIONS_AT_MOST

    def add(self, entry: NewEntry, day: date, facts: Facts, ours: Counter[CountedHour], suppressed: str) -> None:
        """Add an item, its day in the account's time zone, and the key of the address it suppresses.

        ``ours`` is what incidents count of it.
        """
        self.entries.append(entry)
        self.facts.append((day, facts))
        if ours:
            self.ours.update(ours)
        self.counters |= _counters(day, facts, ours)
        if entry.suppression is not None:
            known = self.suppressions.get(suppressed)
            self.suppressions[suppressed] = merge_suppression(known, entry.suppression)

    def actions(self) -> list[Action]:
        """Return the actions of the items, then those of the suppressions."""
        items: list[Action] = [
            put(UndeliveredModel, undelivered_row(entry.item, facts, version=1), over_version=None)
            for entry, (_, facts) in zip(self.entries, self.facts, strict=True)
        ]
        return items + [
            put(SuppressionModel, suppression_row(suppression, version=1), over_version=None)
            for suppression in self.suppressions.values()
        ]

    def split(self, failed: frozenset[int]) -> tuple[list[NewEntry], list[NewEntry]]:
        """Return the entries whose actions failed, and the others. ``failed`` are positions in ``actions``."""
        addresses = list(self.suppressions)
        taken = {addresses[place - len(self.entries)] for place in failed if place >= len(self.entries)}
        refused: list[NewEntry] = []
        others: list[NewEntry] = []
        for place, entry in enumerate(self.entries):
            is_refused = place in failed or (entry.suppression is not None and address_key(entry.suppression) in taken)
            (refused if is_refused else others).append(entry)
        return refused, others


def _counters(day: date, facts: Facts, ours: Counter[CountedHour]) -> set[tuple[str | Cause, date]]:
    """Return the rows of counters in which an item is counted, by letter or cause, and day."""
    rows: set[tuple[str | Cause, date]] = {("T", day), ("L", counters.live_day(facts.entry_key))}
    if ours:
        rows.update((counted.cause, counted.hour.date()) for counted in ours)
    return rows
