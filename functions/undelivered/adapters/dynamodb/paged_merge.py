"""Merges ordered partitions into a page. Reads each only as far as the page needs, in few requests."""

from collections.abc import Iterable, Iterator, Sequence
from heapq import merge
from math import ceil, inf
from operator import attrgetter

from msgspec import Struct, field

from undelivered.adapters.dynamodb.client import Row, query
from undelivered.adapters.dynamodb.item_rows import readable_items
from undelivered.adapters.dynamodb.models import ItemTable
from undelivered.domain.item import UndeliveredItem

LEAST_ITEMS = 5
"""The minimum items of a request: about as many as the smallest unit of a read has (4 KB). Fewer cost the same."""

_MOST_ITEMS = 250


class Source(Struct, frozen=True):
    """A partition of a table or an index, between two bounds of entry keys.

    ``share`` is the expected number of items from this source for each item of the page, or None if unknown.
    """

    model: type[ItemTable]
    partition: str
    low: str
    high: str
    index: str | None = None
    share: float | None = None


class Progress(Struct):
    """The progress of a page, from which the next requests are sized."""

    needed: int
    oldest_first: bool = False
    shown: int = 0
    examined: int = 0
    fetched: dict[Source, tuple[int, int]] = field(default_factory=dict)
    """For each source with more items: how many were read, and the place of the last; see ``_place``."""
    first: float = -inf
    """The place of the first item."""

    @property
    def missing(self) -> int:
        """How many items the page still needs."""
        return max(self.needed - self.shown, 1)

    def add_items(self, source: Source, items: Sequence[UndeliveredItem], *, has_more: bool) -> None:
        """Record the items read from a source. The next requests leave out a source that has no more items."""
        number, _ = self.fetched.pop(source, (0, 0))
        if items and has_more:
            self.first = max(self.first, self._place(items[0]))
            self.fetched[source] = number + len(items), self._place(items[-1])

    def part_of(self, source: Source) -> float:
        """Return the expected part of a source in the next items, by the rate of each source so far."""
        rates = {other: number / (self.first - last + 1) for other, (number, last) in self.fetched.items()}
        return rates[source] / sum(rates.values()) if source in rates else 1.0

    def _place(self, item: UndeliveredItem) -> int:
        """Return the time of an item in seconds, negative if the oldest come first, so that places fall."""
        second = int(item.sent_at.timestamp())
        return -second if self.oldest_first else second


def merged(streams: Iterable[Iterator[UndeliveredItem]], *, oldest_first: bool = False) -> Iterator[UndeliveredItem]:
    """Yield the items of ordered streams in order, each once. If two streams have an item, the first is used."""
    previous = ""
    for item in merge(*streams, key=attrgetter("entry_key"), reverse=not oldest_first):
        if item.entry_key != previous:
            previous = item.entry_key
            yield item


def read(source: Source, progress: Progress) -> Iterator[UndeliveredItem]:
    """Yield a source's items in the order of the page.

    The first request asks for the source's share of the page. A later request asks for this source's expected part of
    the missing items, or for twice as many items as the request before if that one added none to the page.
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
            newest_first=not progress.oldest_first,
            after=after,
        )
        items = list(readable_items(rows))
        progress.add_items(source, items, has_more=after is not None)
        shown = progress.shown
        yield from items
        if after is None:
            return
        chunk = ceil(progress.missing * progress.part_of(source)) if progress.shown > shown else 2 * chunk
