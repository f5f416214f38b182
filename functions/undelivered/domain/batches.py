"""Split a sequence into batches, because most requests and log lines have a maximum size."""

from collections.abc import Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")


def batches(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """Yield the items in order, up to ``size`` of them in each batch."""
    return (items[start : start + size] for start in range(0, len(items), size))
