"""Virtual time: functions that wait run one after the other, in the order in which their waits end, without waiting."""

import heapq
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from itertools import count
from random import Random
from typing import Any, Final, TypeVar

from greenlet import getcurrent, greenlet

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")

_START: Final = 1_800_000_000.0


class VirtualTime:
    """A clock that jumps to the end of the next wait. ``seconds`` is the time since the start.

    ``random`` gives the same numbers every time.
    """

    def __init__(self) -> None:
        self.seconds = 0.0
        self.random = Random(12)  # noqa: S311 - not for secrets
        self._numbers = count()
        self._waiting: list[tuple[float, int, Any]] = []
        self._main = getcurrent()

    def now(self) -> datetime:
        """Return the time."""
        return datetime.fromtimestamp(_START + self.seconds, UTC)

    def sleep(self, seconds: float) -> None:
        """Wait; other functions run in the meantime."""
        self._wake(getcurrent(), seconds)
        self._main.switch()

    def start(self, function: Callable[[], object]) -> None:
        """Run a function concurrently with the others."""
        self._wake(greenlet(function, parent=self._main), 0.0)

    def in_parallel(self, function: Callable[[_Item], _Result], items: Sequence[_Item]) -> Sequence[_Result]:
        """Call a function for each item at the same time; see ``ports.InParallel``."""
        caller = getcurrent()
        results: dict[int, _Result] = {}
        errors: list[Exception] = []

        def call(place: int) -> None:
            try:
                results[place] = function(items[place])
            except Exception as error:  # noqa: BLE001 - it is raised in the caller
                errors.append(error)
            if len(results) + len(errors) == len(items):
                self._wake(caller, 0.0)

        for place in range(len(items)):
            self.start(lambda place=place: call(place))  # type: ignore[misc]
        if items:
            self._main.switch()
        if errors:
            raise errors[0]
        return [results[place] for place in range(len(items))]

    def run(self, until: float) -> None:
        """Run everything that was started, up to a time."""
        while self._waiting and self._waiting[0][0] <= until:
            self.seconds, _, next_one = heapq.heappop(self._waiting)
            next_one.switch()
        self.seconds = max(self.seconds, until)

    def _wake(self, waiting: Any, seconds: float) -> None:
        heapq.heappush(self._waiting, (self.seconds + max(seconds, 0.0), next(self._numbers), waiting))
