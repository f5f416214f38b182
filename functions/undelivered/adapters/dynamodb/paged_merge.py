"""Ordered partitions read in step: each gives only what the page needs, in as few requests as that takes."""

from collections.abc import Iterable, Iterator, Sequence
from heapq import merge
from math import ceil
from operator import attrgetter

from msgspec import Struct, field

from undelivered.adapters.dynamodb.client import Row, query
from undelivered.adapters.dynamodb.item_rows import item_of
from undelivered.adapters.dynamodb.models import ItemTable
from undelivered.domain.identifiers import parse_timestamp
from undelivered.domain.item import UndeliveredItem

LEAST_ITEMS = 5
"""About as many items as the smallest unit of a read holds (4 KB): asking for fewer costs the same."""

_MOST_ITEMS = 250


class Source(Struct, frozen=True):
    """A partition of a table or an index, between two bounds of entry keys.

    ``share`` is how much of what the page shows is expected to come from here, None when nothing is known.
    """

    model: type[ItemTable]
    partition: str
    low: str
    high: str
    index: str | None = None
    share: float | None = None


class Progress(Struct):
    """How far a page has come, by which the next requests are sized."""

    needed: int
    shown: int = 0
    examined: int = 0
    fetched: dict[Source, tuple[int, int]] = field(default_factory=dict)
    """Of each source that has more: how many items came from it, and back to which second."""
    newest: int = 0
    """The second of the newest item of all."""

    @property
    def missing(self) -> int:
        """How many items the page still lacks."""
        return max(self.needed - self.shown, 1)

    def note(self, source: Source, rows: Sequence[Row], *, has_more: bool) -> None:
        """Take down what came from a source; one that is at its end has no part in what is still to come."""
        number, _ = self.fetched.pop(source, (0, 0))
        if rows and has_more:
            self.newest = max(self.newest, _second_of(rows[0]))
            self.fetched[source] = number + len(rows), _second_of(rows[-1])

    def part_of(self, source: Source) -> float:
        """Return which part of the items still to come is expected from a source, by how fast each has given so far."""
        rates = {each: number / (self.newest - oldest + 1) for each, (number, oldest) in self.fetched.items()}
        return rates[source] / sum(rates.values()) if source in rates else 1.0


def _second_of(row: Row) -> int:
    return int(parse_timestamp(row["entry_key"]["S"].partition("~")[0]).timestamp())


def merged(streams: Iterable[Iterator[UndeliveredItem]]) -> Iterator[UndeliveredItem]:
    """Yield the items of ordered streams, newest first, each once; of two copies that of the earlier stream."""
    previous = ""
    for item in merge(*streams, key=attrgetter("entry_key"), reverse=True):
        if item.entry_key != previous:
            previous = item.entry_key
            yield item


def read(source: Source, progress: Progress) -> Iterator[UndeliveredItem]:
    """Yield a source's items, newest first.

    The first request asks for the source's share of the page. Each later request asks for the part of the missing items
    that is to be expected from here, and no fewer than the one before where that has shown none.
    """
    within = source.model.entry_key.between(source.low, source.high)
    chunk = ceil(progress.missing * (source.share or 0)) + 1
    after: Row | None = None
    while True:
        rows, after = query(
            source.model,
            source.partition,
            within,
            index=source.index,
            limit=min(max(chunk, LEAST_ITEMS), _MOST_ITEMS),
            newest_first=True,
            after=after,
        )
        progress.note(source, rows, has_more=after is not None)
        shown = progress.shown
        yield from map(item_of, rows)
        if after is None:
            return
        chunk = ceil(progress.missing * progress.part_of(source)) if progress.shown > shown else 2 * chunk
