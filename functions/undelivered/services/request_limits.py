"""Limits on how often an account may ask for costly work in a minute."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from math import ceil
from typing import Final

from msgspec import Struct

from undelivered.domain.errors import LimitReachedError
from undelivered.services.ports import RequestCountStore

_WINDOW: Final = timedelta(minutes=1)


class LimitedWork(StrEnum):
    """What an account may do only so many times in a minute."""

    SEARCHES = "searches"
    NOTIFICATIONS = "notifications"
    BULK_RESENDS = "bulk_resends"
    INVITATIONS = "invitations"


_IN_WORDS: Final = {
    LimitedWork.SEARCHES: "searches",
    LimitedWork.NOTIFICATIONS: "notifications",
    LimitedWork.BULK_RESENDS: "bulk resends",
    LimitedWork.INVITATIONS: "invitations",
}


class RequestLimits(Struct, frozen=True):
    """The limits of every account, in fixed windows of a clock minute.

    So an account can do up to twice as much around the turn of a minute. If the counts cannot be read or written, work
    is not limited, and ``on_failure`` gets the error: a limit protects accounts from each other, and must not stop all.
    """

    counts: RequestCountStore
    per_minute: Mapping[LimitedWork, int]
    clock: Callable[[], datetime]
    on_failure: Callable[[Exception], None]

    def take(self, account_id: str, work: LimitedWork, number: int = 1) -> None:
        """Count work before it is done; raises LimitReachedError if the account has had its share of this minute."""
        limit, now = self.per_minute[work], self.clock()
        start = now.replace(second=0, microsecond=0)
        try:
            taken = self.counts.add(account_id, work, start, number, limit)
        except Exception as error:  # noqa: BLE001 - see the description of the class
            self.on_failure(error)
            return
        if not taken:
            seconds = ceil((start + _WINDOW - now).total_seconds())
            detail = f"Your account can make at most {limit:,} {_IN_WORDS[work]} in a minute. Try again in {seconds} s."
            raise LimitReachedError(f"too_many_{work}", detail, seconds)
