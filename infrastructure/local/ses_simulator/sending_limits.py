"""The sending limits of an AWS account: emails and texts per second, and emails per day.

SES accepts bursts above the rate for a short time, but does not document for how long (Amazon SES Developer Guide,
"Managing your Amazon SES sending limits"). Here a burst is one second of the rate, but at least one message. A refused
message does not count for the rate.
"""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Bucket:
    """A bucket of tokens that fills at a rate per second."""

    per_second: float
    clock: Callable[[], float] = time.monotonic
    _tokens: float = field(init=False)
    _filled_at: float = field(init=False)

    def __post_init__(self) -> None:
        """Start with a full bucket."""
        self._tokens, self._filled_at = self.size, self.clock()

    @property
    def size(self) -> float:
        """The largest burst."""
        return max(self.per_second, 1.0)

    def take(self, number: int = 1) -> bool:
        """Take tokens if there is a whole one, else return False.

        Several recipients may make the bucket negative, as in SES.
        """
        now = self.clock()
        self._tokens = min(self.size, self._tokens + (now - self._filled_at) * self.per_second)
        self._filled_at = now
        if self._tokens < 1:
            return False
        self._tokens -= number
        return True


class SendingLimits:
    """The limits and what is used of them. Safe to use from several threads.

    A day's limit of -1 means none (Amazon SES API v2, *SendQuota*). The emails of the last 24 hours are all emails so
    far, unless a test sets them.
    """

    def __init__(
        self,
        *,
        emails_per_second: float = 200.0,
        emails_per_day: float = 1_000_000.0,
        texts_per_second: float = 20.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Start with nothing used. The defaults do not slow the sample data down."""
        self._clock = clock
        self._lock = threading.Lock()
        self._emails, self._texts = Bucket(emails_per_second, clock), Bucket(texts_per_second, clock)
        self._emails_per_day, self._emails_sent = emails_per_day, 0

    def refuse_email(self, recipients: int = 1) -> str:
        """Count an email; return SES's message if it is refused, else an empty text."""
        with self._lock:
            if 0 <= self._emails_per_day <= self._emails_sent:
                return "Daily message quota exceeded."
            if not self._emails.take(recipients):
                return "Maximum sending rate exceeded."
            self._emails_sent += recipients
            return ""

    def accepts_text(self) -> bool:
        """Count a text; return False if it is refused."""
        with self._lock:
            return self._texts.take()

    def send_quota(self) -> dict[str, float]:
        """Return the quota as ``GetAccount`` does."""
        with self._lock:
            return {
                "Max24HourSend": self._emails_per_day,
                "MaxSendRate": self._emails.per_second,
                "SentLast24Hours": float(self._emails_sent),
            }

    def set(self, changes: Mapping[str, Any]) -> None:
        """Change limits by the names in ``as_json``. A new rate starts with a full bucket."""
        with self._lock:
            if "emails_per_second" in changes:
                self._emails = Bucket(float(changes["emails_per_second"]), self._clock)
            if "texts_per_second" in changes:
                self._texts = Bucket(float(changes["texts_per_second"]), self._clock)
            self._emails_per_day = float(changes.get("emails_per_day", self._emails_per_day))
            self._emails_sent = int(changes.get("emails_sent", self._emails_sent))

    def as_json(self) -> dict[str, float]:
        """Return the limits and what is used."""
        with self._lock:
            return {
                "emails_per_second": self._emails.per_second,
                "emails_per_day": self._emails_per_day,
                "emails_sent": self._emails_sent,
                "texts_per_second": self._texts.per_second,
            }
