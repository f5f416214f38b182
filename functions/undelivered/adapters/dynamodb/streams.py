"""Ordered partitions read in step: each gives only what the page needs, in as few requests as that takes."""

from collections.abc import Callable, Iterable, Iterator
from heapq import merge
from math import ceil
from operator import attrgetter

from msgspec import Struct

from undelivered.adapters.dynamodb.mapping import item_of
from undelivered.adapters.dynamodb.models import ItemTable
from undelivered.adapters.dynamodb.requests import Row, query
from undelivered.domain.notification import UndeliveredItem

LEAST_ITEMS = 6
"""About as many items as the smallest unit of a read holds (4 KB): asking for fewer costs the same."""

_MOST_ITEMS = 250
_LEAST_DENSITY = 0.02


class Progress(Struct):
    """How far a page has come, by which the next requests are sized."""

    needed: int
    shown: int = 0
    examined: int = 0

    @property
    def missing(self) -> int:
        """How many items the page still lacks."""
        return max(self.needed - self.shown, 1)

    def density_since(self, shown: int, examined: int) -> float:
        """Return which part of what was examined since a point was shown, cautious while that is little."""
        return max((self.shown - shown + 0.5) / (self.examined - examined + 0.5), _LEAST_DENSITY)


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


def merged(streams: Iterable[Iterator[UndeliveredItem]]) -> Iterator[UndeliveredItem]:
    """Yield the items of ordered streams, newest first, each once; of two copies that of the earlier stream."""
    previous = ""
    for item in merge(*streams, key=attrgetter("entry_key"), reverse=True):
        if item.entry_key != previous:
            previous = item.entry_key
            yield item


def read(
    source: Source, progress: Progress, first: int | None = None, go_on: Callable[[], bool] = lambda: True
) -> Iterator[UndeliveredItem]:
    """Yield a source's items, newest first, while ``go_on`` lets the next request be made.

    The first request asks for ``first`` items, or for the source's share; later ones for what, by
    the experience so far, the page still lacks.
    """
    within = source.model.entry_key.between(source.low, source.high)
    shown, examined, taken = progress.shown, progress.examined, 0
    chunk = first if first is not None else ceil(progress.missing * (source.share or 0)) + 1
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
        for row in rows:
            taken += 1
            yield item_of(row)
        if after is None or not go_on():
            return
        part = taken / max(progress.examined - examined, taken)
        chunk = ceil(progress.missing / progress.density_since(shown, examined) * part)
