"""Optimistic concurrency: if a record has changed since it was read, the change is repeated on the new version."""

from collections.abc import Callable
from functools import wraps
from typing import Final, ParamSpec, TypeVar

from undelivered.domain.errors import StaleWriteError

TRIES: Final = 8
"""How many times a function runs before it gives up."""


class _GaveUpError(StaleWriteError):
    """Every try conflicted."""


_Arguments = ParamSpec("_Arguments")
_Result = TypeVar("_Result")


def retry_on_conflict(function: Callable[_Arguments, _Result]) -> Callable[_Arguments, _Result]:
    """Call the decorated function again while it raises StaleWriteError, ``TRIES`` times at most.

    The function must read what it changes each time it is called. Raises StaleWriteError, which is a RetryableError,
    when the last call fails too. If a decorated function within it has given up, it gives up as well, so that tries do
    not multiply.
    """

    @wraps(function)
    def retrying(*args: _Arguments.args, **kwargs: _Arguments.kwargs) -> _Result:
        for _ in range(TRIES):
            try:
                return function(*args, **kwargs)
            except _GaveUpError:
                raise
            except StaleWriteError:
                continue
        raise _GaveUpError("Too many concurrent updates.")

    return retrying
