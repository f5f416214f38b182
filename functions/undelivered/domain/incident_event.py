"""Events about incidents, as they are published to the host application: one when it starts, one when it is over."""

import hashlib
from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from undelivered.domain.identifiers import timestamp
from undelivered.domain.incidents import Incident, IncidentKey
from undelivered.domain.item_event import SCHEMA_VERSION


class IncidentEventType(StrEnum):
    """What became of an incident."""

    STARTED = "started"  #: messages fail by the sender's own fault, clearly more than usual
    ENDED = "ended"  #: it is over

    @property
    def published_name(self) -> str:
        """The type in published documents."""
        return f"undelivered.incident.{self.value}"


class IncidentEvent(Struct, frozen=True):
    """The start or the end of an incident.

    ``key`` is that under which the start was published, and stays the same. ``failures`` are those so far. ``at`` is
    when it started or ended. ``sequence`` grows with each change that is published for the account: an incident can be
    on again after its end.
    """

    account_id: str
    type: IncidentEventType
    key: IncidentKey
    failures: int
    at: datetime
    sequence: int

    @property
    def event_id(self) -> str:
        """The ID, which is the same each time the event is published."""
        identity = f"{self.account_id}\n{self.key.incident_id}\n{self.type}\n{self.sequence}"
        return hashlib.sha256(identity.encode()).hexdigest()[:32]

    @property
    def published_name(self) -> str:
        """The type in published documents."""
        return self.type.published_name

    @property
    def customer_key(self) -> str:
        """Empty: an incident concerns no customer."""
        return ""

    def document(self, *, with_address: bool) -> dict[str, object]:  # noqa: ARG002 - it has no address
        """Return the JSON document of the event."""
        cause = self.key.cause
        return {
            "version": SCHEMA_VERSION,
            "event_id": self.event_id,
            "type": self.published_name,
            "account_id": self.account_id,
            "incident_id": self.key.incident_id,
            "channel": cause.channel.value,
            "reason": cause.reason.value,
            "receiver": cause.receiver,
            "failures": self.failures,
            "started_at": timestamp(self.key.hour),
            "ended_at": timestamp(self.at) if self.type is IncidentEventType.ENDED else None,
        }


def started(account_id: str, incident: Incident, sequence: int) -> IncidentEvent:
    """Return the event of an incident that has started."""
    key = incident.key
    return IncidentEvent(account_id, IncidentEventType.STARTED, key, incident.failures, key.hour, sequence)


def ended(account_id: str, key: IncidentKey, incident: Incident | None, now: datetime, sequence: int) -> IncidentEvent:
    """Return the event of an incident that is over, which is None if its failures are no longer counted."""
    failures, at = (incident.failures, incident.ended_at or now) if incident else (0, now)
    return IncidentEvent(account_id, IncidentEventType.ENDED, key, failures, at, sequence)
