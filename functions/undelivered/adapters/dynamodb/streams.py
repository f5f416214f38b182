"""Ordered partitions read in step: a merge that takes from each only what the page needs."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from heapq import merge
from operator import attrgetter

from undelivered.adapters.dynamodb.mapping import item_of
from undelivered.adapters.dynamodb.models import ItemTable
from undelivered.adapters.dynamodb.requests import Row, query
from undelivered.domain.notification import UndeliveredItem

_CHUNK_AT_LEAST = 4
_CHUNK_AT_MOST = 250


@dataclass(frozen=True, slots=True)
class Source:
    """A partition of a table or an index, between two bounds of entry keys.

    ``share`` is how much of what is read is expected to come from here, from 0 to 1.
    """

    model: type[ItemTable]
    partition: str
    low: str
    high: str
    index: str | None = None
    share: float = 1.0


def merged(sources: Sequence[Source], expected: int) -> Iterator[UndeliveredItem]:
    """Yield the items of all sources, newest first, each once; of two copies that of the earlier source."""
    previous = ""
    for item in merge(*(_read(source, expected) for source in sources), key=attrgetter("entry_key"), reverse=True):
        if item.entry_key != previous:
            previous = item.entry_key
            yield item


def _read(source: Source, expected: int) -> Iterator[UndeliveredItem]:
    """Yield a source's items, newest first, in chunks that grow when more is needed than was expected."""
    within = source.model.entry_key.between(source.low, source.high)
    # One more than the page shows, because that one tells whether there is a next page.
    chunk = max(_CHUNK_AT_LEAST, round(expected * source.share) + 1)
    after: Row | None = None
    while True:
        rows, after = query(
            source.model,
            source.partition,
            within,
            index=source.index,
            limit=min(chunk, _CHUNK_AT_MOST),
            newest_first=True,
            after=after,
        )
        for row in rows:
            yield item_of(row)
        if after is None:
            return
        chunk *= 2
