"""Schedule expressions of EventBridge."""

import re
from datetime import timedelta
from typing import Final

_RATE: Final = re.compile(r"rate\((\d+) (minute|hour|day)s?\)")
_EVERY_HOUR: Final = re.compile(r"cron\(\d+ \* ")


def interval_of(expression: str) -> timedelta:
    """Return the time between two runs of a schedule expression; one day for any complex cron expression."""
    if rate := _RATE.fullmatch(expression):
        return timedelta(**{f"{rate[2]}s": int(rate[1])})
    return timedelta(hours=1) if _EVERY_HOUR.match(expression) else timedelta(days=1)
