"""Ports of the sending rate."""

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from undelivered.domain.send_rate import SendRate
from undelivered.domain.taxonomy import Channel

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


class SendRateStore(Protocol):
    """The sending rate of each channel, which all functions share."""

    def find(self, channel: Channel) -> tuple[SendRate, int]:
        """Return the rate of a channel with its version (a consistent read); version 0 before the first write."""

    def save(self, channel: Channel, rate: SendRate, *, over_version: int) -> None:
        """Write a rate over the version that was read; raises StaleWriteError when it has changed."""


class InParallel(Protocol):
    """Calls a function for several items at the same time."""

    def __call__(self, function: Callable[[_Item], _Result], items: Sequence[_Item], /) -> Sequence[_Result]:
        """Return the results in the order of the items."""
