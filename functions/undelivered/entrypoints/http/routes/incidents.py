"""Incidents: failures by the sender's own fault, grouped by cause and receiving system."""

from http import HTTPStatus
from typing import Annotated, Any, Final, Literal

import msgspec

from undelivered.domain.explanations import administrator_task, explanation
from undelivered.domain.identifiers import timestamp
from undelivered.domain.incidents import Incident
from undelivered.domain.receivers import ReceiverKind, receiver
from undelivered.domain.taxonomy import Channel, Reason, classification_of
from undelivered.entrypoints.http.report_filters import find_incident
from undelivered.entrypoints.http.route import LANGUAGE_HEADER, Access, ApiRequest, ApiResponse, Route, language_headers
from undelivered.entrypoints.http.schemas.audit import Time, optional_timestamp

_SHOWN_AT_MOST: Final = 100

IncidentState = Literal["on", "over"]


class ReceiverView(msgspec.Struct, frozen=True):
    """The receiving system: a mail operator, a domain, a country calling code, or Amazon before the message left.

    An operator is known by the recipient's domain, or else by the host in its own answer. ``help_url`` is its page for
    senders, null if none is known.
    """

    id: str
    kind: ReceiverKind
    name: str
    help_url: str | None


class IncidentView(msgspec.Struct, frozen=True):
    """An incident: many failures for one cause at one receiving system, by the sender's fault.

    ``failures`` are the attempts that failed. Times are whole hours: ``started_at`` is the first hour with failures,
    ``last_failure_at`` the last. ``ended_at`` is null while it is on. ``task`` says what the administrator has to do.
    """

    id: str
    state: IncidentState
    channel: Channel
    reason: Reason
    receiver: ReceiverView
    started_at: Time
    last_failure_at: Time
    ended_at: Time | None
    failures: int
    explanation: str
    task: str


class IncidentList(msgspec.Struct, frozen=True):
    """The incidents that are on, then those that were over in the past 30 days, the newest first; at most 100."""

    incidents: tuple[IncidentView, ...]


class HourView(msgspec.Struct, frozen=True):
    """The number of failures in an hour."""

    at: Time
    failures: int


class IncidentDetail(IncidentView, frozen=True):
    """An incident with the hours that have failures.

    ``answer`` is what the receiving system answered to the newest message that is stored, without addresses.
    """

    hours: tuple[HourView, ...]
    answer: str


class IncidentQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A filter by state."""

    state: Annotated[IncidentState | None, msgspec.Meta(description="Only incidents in this state.")] = None


def list_incidents(request: ApiRequest) -> ApiResponse:
    """Return the incidents."""
    state = request.query(IncidentQuery).state
    texts = request.texts
    found = request.use_cases.read_incidents(request.account_id)
    shown = [incident for incident in found if state is None or _state(incident) == state]
    views = tuple(IncidentView(**_view(incident, request)) for incident in shown[:_SHOWN_AT_MOST])
    return ApiResponse(IncidentList(views), headers=language_headers(texts))


def show_incident(request: ApiRequest) -> ApiResponse:
    """Return an incident with its course and the receiver's answer."""
    incident = find_incident(request.path["incident_id"], request)
    return ApiResponse(
        IncidentDetail(
            **_view(incident, request),
            hours=tuple(HourView(timestamp(hour), number) for hour, number in incident.hours),
            answer=request.use_cases.read_incidents.answer(request.account_id, incident),
        ),
        headers=language_headers(request.texts),
    )


def _state(incident: Incident) -> IncidentState:
    return "over" if incident.is_over else "on"


def _view(incident: Incident, request: ApiRequest) -> dict[str, Any]:
    """Return the fields of ``IncidentView``."""
    channel, reason, receiver_id = incident.cause
    known, texts = receiver(receiver_id), request.texts
    return {
        "id": incident.incident_id,
        "state": _state(incident),
        "channel": channel,
        "reason": reason,
        "receiver": ReceiverView(receiver_id, known.kind, known.name, known.help_url or None),
        "started_at": timestamp(incident.started_at),
        "last_failure_at": timestamp(incident.last_failure_at),
        "ended_at": optional_timestamp(incident.ended_at),
        "failures": incident.failures,
        "explanation": texts.sentence(explanation(classification_of(reason), channel)),
        "task": texts.sentence(administrator_task(reason)),
    }


ROUTES = (
    Route(
        "GET", "/incidents", Access.READ, list_incidents, "List incidents", IncidentList, query=IncidentQuery,
        headers=LANGUAGE_HEADER, tag="incidents",
    ),
    Route(
        "GET", "/incidents/{incident_id}", Access.READ, show_incident, "Get an incident in full", IncidentDetail,
        refusals=(HTTPStatus.NOT_FOUND,), headers=LANGUAGE_HEADER, tag="incidents",
    ),
)  # fmt: skip
