"""Publish when an incident starts and when it is over."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

from msgspec import Struct, field
from msgspec.structs import replace

from undelivered.domain.incident_event import ended, started
from undelivered.domain.incidents import SHOWN, Incident, IncidentKey, changed_hours
from undelivered.domain.item import UndeliveredItem
from undelivered.services.ports import EventPublisher
from undelivered.services.ports.incidents import IncidentWatch
from undelivered.services.read_incidents import ReadIncidents
from undelivered.services.try_each import OnError, raise_error, try_each

_NOTED_EVERY: Final = timedelta(hours=1)
_LOOKED_EVERY: Final = timedelta(minutes=5)

WATCHED_FOR: Final = timedelta(days=3)
"""How long an account is watched after a failure by its own fault: longer than the silence that ends an incident."""


class WatchIncidents(Struct, frozen=True):
    """A use case behind the stream of items: has the accounts watched that fail by their own fault.

    Each process writes this for an account once an hour.
    """

    watch: IncidentWatch
    clock: Callable[[], datetime]
    noted: dict[str, datetime] = field(default_factory=dict)

    def __call__(self, changes: Iterable[tuple[UndeliveredItem | None, UndeliveredItem | None]]) -> None:
        """Have the accounts of changes watched, given as (before, after); raises RetryableError."""
        now = self.clock()
        for account_id in {after.account_id for before, after in changes if after and changed_hours(before, after)}:
            noted = self.noted.get(account_id)
            if noted is None or now - noted >= _NOTED_EVERY:
                self.watch.add(account_id, now + WATCHED_FOR)
                self.noted[account_id] = now


class AnnounceIncidents(Struct, frozen=True):
    """The part of ``cleanup`` that publishes what has started and ended. Each account is looked at every five minutes.

    An event is published before this is recorded, so it can be published again, with the same ID.
    """

    watch: IncidentWatch
    read: ReadIncidents
    publisher: EventPublisher
    clock: Callable[[], datetime]
    looked_at: dict[str, datetime] = field(default_factory=dict)

    def __call__(self, has_time: Callable[[], bool], on_error: OnError = raise_error) -> int:
        """Publish the events of all watched accounts while ``has_time`` returns True; return how many."""
        published = 0

        def announce(account_id: str) -> None:
            nonlocal published
            published += self._announce(account_id)

        try_each(lambda: filter(self._is_due, self.watch.accounts(self.clock())), announce, has_time, on_error)
        return published

    def _is_due(self, account_id: str) -> bool:
        looked_at = self.looked_at.get(account_id)
        return looked_at is None or self.clock() - looked_at >= _LOOKED_EVERY

    def _announce(self, account_id: str) -> int:
        now = self.clock()
        known = self.watch.announced(account_id)
        incidents = self.read(account_id)
        on = [incident for incident in incidents if not incident.is_over]
        new = [incident for incident in on if not any(_is_same(incident, key) for key in known.keys)]
        over = [key for key in known.keys if not any(_is_same(incident, key) for incident in on)]
        events = [
            *(started(account_id, incident, known.version) for incident in new),
            *(ended(account_id, key, _found(incidents, key), now, known.version) for key in over),
        ]
        for event in events:
            self.publisher.publish(event)
        if events:
            keys = (*(key for key in known.keys if key not in over), *(incident.key for incident in new))
            self.watch.save(replace(known, keys=keys), now + SHOWN)
        self.looked_at[account_id] = now
        return len(events)


def _is_same(incident: Incident, key: IncidentKey) -> bool:
    """Whether an incident is the one of a key. It may be counted from another hour now."""
    return incident.cause == key.cause and incident.covers(key.hour)


def _found(incidents: Sequence[Incident], key: IncidentKey) -> Incident | None:
    return next((incident for incident in incidents if _is_same(incident, key)), None)
