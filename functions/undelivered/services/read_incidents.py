"""Read the incidents of an account: its own faults, by cause and receiving system."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from msgspec import Struct

from undelivered.domain.diagnostic_shape import without_addresses
from undelivered.domain.errors import NotFoundError
from undelivered.domain.incidents import COUNTED, Incident, IncidentKey, incidents
from undelivered.domain.item import State
from undelivered.domain.report_query import Period, ReportFilter, of_incident, window_start
from undelivered.services.ports import ReportReader

_PAGES_READ = 5
"""How many pages are read for an example. A page may be empty, see ``ReportReader.page``."""


class ReadIncidents(Struct, frozen=True):
    """The use cases on incidents. They follow from counters by hour, which takes one query of one partition."""

    reports: ReportReader
    clock: Callable[[], datetime]

    def __call__(self, account_id: str) -> Sequence[Incident]:
        """Return the incidents that are on, then those that were over in the past 30 days, the newest first."""
        now = self.clock().astimezone(UTC)
        return incidents(self.reports.hours_by_cause(account_id, (now - COUNTED).date(), now.date()), now)

    def find(self, account_id: str, key: IncidentKey) -> Incident:
        """Return an incident; raises NotFoundError.

        An incident that was counted from another hour when its key was made is found by any of its hours.
        """
        for incident in self(account_id):
            if incident.cause == key.cause and incident.covers(key.hour):
                return incident
        raise NotFoundError("incident not found")

    def answer(self, account_id: str, incident: Incident) -> str:
        """Return the receiver's answer to the newest message, without addresses; empty if no message is stored."""
        now = self.clock()
        period = Period(window_start(now), now)
        wanted = of_incident(ReportFilter(period, states=frozenset(State)), incident)
        after: str | None = None
        for _ in range(_PAGES_READ):
            page = self.reports.page(account_id, wanted, 1, after, now)
            for item in page.items:
                result = item.failure.result
                return without_addresses(result.diagnostic if result else "", item.failure.to)
            after = page.next_key
            if after is None:
                break
        return ""
