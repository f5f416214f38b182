"""Pieces of work that do not depend on each other: an error in one does not stop the others."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

OnError = Callable[[Exception], None]
"""Called with the error of a piece of work, while it is handled."""

_Piece = TypeVar("_Piece")


def raise_error(error: Exception) -> None:
    """Raise the first error, which stops the pieces after it."""
    raise error


@contextmanager
def separately(on_error: OnError) -> Iterator[None]:
    """Pass an error to ``on_error`` and continue after the block."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 - any error must leave the other pieces alone
        on_error(error)


def try_each(
    pieces: Callable[[], Iterable[_Piece]],
    act: Callable[[_Piece], object],
    has_time: Callable[[], bool],
    on_error: OnError,
) -> None:
    """Act on each piece while ``has_time`` returns True. Errors go to ``on_error``, also when ``pieces`` fails."""
    with separately(on_error):
        for piece in pieces():
            if not has_time():
                break
            with separately(on_error):
                act(piece)
