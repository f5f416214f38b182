"""Port of what is known of incidents that were published."""

from collections.abc import Iterable
from datetime import datetime
from typing import Protocol

from msgspec import Struct

from undelivered.domain.incidents import IncidentKey


class AnnouncedIncidents(Struct, frozen=True):
    """The incidents of an account whose start was published, and not their end. ``version`` counts the writes."""

    account_id: str
    keys: tuple[IncidentKey, ...] = ()
    version: int = 0


class IncidentWatch(Protocol):
    """The accounts that are looked at for incidents, and the incidents that were published."""

    def add(self, account_id: str, until: datetime) -> None:
        """Have an account looked at until a time."""

    def accounts(self, now: datetime) -> Iterable[str]:
        """Return the accounts that are looked at now."""

    def announced(self, account_id: str) -> AnnouncedIncidents:
        """Return the incidents of an account that were published (a consistent read); raises UnreadableRecordError."""

    def save(self, announced: AnnouncedIncidents, until: datetime) -> None:
        """Write them over the version read, and keep them until a time; raises StaleWriteError."""
