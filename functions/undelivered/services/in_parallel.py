"""Call a function for several items at the same time."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


def in_threads(
    function: Callable[[_Item], _Result], items: Sequence[_Item], *, at_once: int | None = None
) -> Sequence[_Result]:
    """Call a function for each item in a thread of its own, or ``at_once`` at a time; return the results in order."""
    if len(items) <= 1:
        return [function(item) for item in items]
    with ThreadPoolExecutor(min(len(items), at_once or len(items))) as threads:
        return list(threads.map(function, items))
