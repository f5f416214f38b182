"""The filters of the report, as query parameters and as JSON in a body."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Final, Literal

import msgspec

from undelivered.domain.errors import NotFoundError
from undelivered.domain.failure_counts import CLASSES, FailureClass
from undelivered.domain.incidents import Incident, parse_incident_id
from undelivered.domain.item import LIVE_STATES, State
from undelivered.domain.report_query import Period, ReportFilter, of_incident, resolve_period
from undelivered.domain.taxonomy import Channel, Fault, Reason
from undelivered.domain.work import Work
from undelivered.entrypoints.http.errors import ProblemError, invalid_body, invalid_parameter
from undelivered.entrypoints.http.parsing import Identifier, date_or_moment, decode_query
from undelivered.entrypoints.http.route import ApiRequest

StatusName = Literal["bounced", "bounced.hard", "bounced.soft", "invalid", "spammed", "dropped", "failed"]

DEFAULT_LIMIT: Final = 50
WORK_DESCRIPTION: Final = "What a person does next about an open item. Each open item asks for one kind of work."

_DATES: Final = (
    "A date (a whole day in the account's time zone, both ends included) or a date-time (RFC 3339). "
    "Default: the past 30 days."
)
DateBound = Annotated[str, msgspec.Meta(description=_DATES, examples=["2026-11-01", "2026-11-01T00:00:00Z"])]

FilterValue = str | int | bool | list[str]
Filter = Annotated[
    dict[str, FilterValue],
    msgspec.Meta(
        description="The same names and values as the parameters of GET /undelivered, except sort, limit and cursor."
    ),
]

_NOT_FILTERS: Final = frozenset({"sort", "limit", "cursor"})


class FilterQuery(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"start": "from", "end": "to"}, kw_only=True
):
    """The filters of the report. A parameter with several values can be repeated or have them separated by commas."""

    start: DateBound | None = None
    end: DateBound | None = None
    status: tuple[StatusName, ...] = ()
    state: tuple[State, ...] = ()
    channel: tuple[Channel, ...] = ()
    fault: tuple[Fault, ...] = ()
    reason: tuple[Reason, ...] = ()
    work: Annotated[tuple[Work, ...], msgspec.Meta(description=WORK_DESCRIPTION)] = ()
    ready: bool = False
    customer_id: Identifier | None = None
    q: Annotated[
        str,
        msgspec.Meta(
            max_length=200,
            description="Part of a title, a customer name, a notification ID or the address of any attempt.",
        ),
    ] = ""
    incident: (
        Annotated[str, msgspec.Meta(max_length=400, description="The ID of an incident of `GET /incidents`.")] | None
    ) = None


class ReportQuery(FilterQuery, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The filters of the report, the order by the time sent, and a page of what matches."""

    sort: Literal["newest", "oldest"] = "newest"
    limit: Annotated[int, msgspec.Meta(ge=1, le=200)] = DEFAULT_LIMIT
    cursor: str | None = None


def report_filter(query: FilterQuery, request: ApiRequest) -> ReportFilter:
    """Return the filter of the query parameters; raises ProblemError.

    Without states, the filter shows live items, or all items when the query has dates.
    """
    has_dates = query.start is not None or query.end is not None
    states = frozenset(query.state) or (frozenset(State) if has_dates else LIVE_STATES)
    settings = request.settings
    wanted = ReportFilter(
        period=_period(query, request),
        states=states,
        classes=_classes(query.status, query.channel),
        faults=frozenset(query.fault),
        reasons=frozenset(query.reason),
        work=frozenset(query.work),
        ready=query.ready,
        resend_by=settings.resend_by,
        content_days=settings.content_days,
        customer_id=query.customer_id or "",
        search=query.q.strip(),
    )
    return wanted if query.incident is None else of_incident(wanted, _incident(query.incident, request))


def _incident(incident_id: str, request: ApiRequest) -> Incident:
    try:
        return find_incident(incident_id, request)
    except NotFoundError:
        raise invalid_parameter("incident", "is not the ID of an incident") from None


def find_incident(incident_id: str, request: ApiRequest) -> Incident:
    """Return the incident with an ID; raises NotFoundError."""
    key = parse_incident_id(incident_id)
    if key is None:
        raise NotFoundError("incident not found")
    return request.use_cases.read_incidents.find(request.account_id, key)


def body_filter(values: Mapping[str, FilterValue], request: ApiRequest) -> ReportFilter:
    """Return the filter of a body; raises ProblemError, which names the field as ``filter.<name>``."""
    try:
        for name in values.keys() & _NOT_FILTERS:
            raise invalid_body(name, "is not a filter")
        query = decode_query({name: [_as_parameter(value)] for name, value in values.items()}, ReportQuery)
        return report_filter(query, request)
    except ProblemError as error:
        field_error = error.errors[0]
        raise invalid_body(f"filter.{field_error.field}", field_error.message) from None


def _as_parameter(value: FilterValue) -> str:
    """Return a value as the text of a query parameter."""
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(value) if isinstance(value, list) else str(value)


def _period(query: FilterQuery, request: ApiRequest) -> Period:
    start, end = date_or_moment("from", query.start), date_or_moment("to", query.end)
    zone = request.use_cases.read_reports.zone(request.account_id)
    try:
        return resolve_period(start, end, request.now, zone)
    except ValueError:
        raise invalid_parameter("from", "must not be later than 'to'") from None


def _classes(statuses: Iterable[StatusName], channels: Iterable[Channel]) -> frozenset[FailureClass] | None:
    """Return the failure classes that have one of the statuses and channels, or None when all have."""
    status_names, channel_set = set(statuses), set(channels) or set(Channel)
    if not status_names and channel_set == set(Channel):
        return None
    return frozenset(
        failure_class
        for failure_class in CLASSES
        if failure_class.channel in channel_set
        and (
            not status_names
            or failure_class.status in status_names
            or f"{failure_class.status}.{failure_class.kind}" in status_names
        )
    )
