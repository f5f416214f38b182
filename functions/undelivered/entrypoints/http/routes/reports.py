"""The report: the count, the list, one item, and the figures."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from http import HTTPStatus
from typing import Annotated, Final, Literal

import msgspec

from undelivered.domain.failure_counts import CLASSES, FailureClass
from undelivered.domain.identifiers import item_id, parse_item_id, timestamp
from undelivered.domain.item import LIVE_STATES, REPORT_WINDOW, State
from undelivered.domain.report_query import Period, ReportFilter, local_day, period_of
from undelivered.domain.taxonomy import Channel, Fault, Kind, Reason, Status
from undelivered.entrypoints.http.errors import invalid_cursor, invalid_parameter, not_found
from undelivered.entrypoints.http.pagination import make_cursor, read_cursor
from undelivered.entrypoints.http.parsing import Identifier, date_or_moment
from undelivered.entrypoints.http.router import Access, Answer, Call, Route
from undelivered.entrypoints.http.schemas import ItemDetail, ItemView, item_detail, item_view
from undelivered.entrypoints.http.services import ApiServices
from undelivered.services.read_reports import ReadReports

StatusName = Literal["bounced", "bounced.hard", "bounced.soft", "invalid", "spammed", "dropped", "failed"]
_DEFAULT_LIMIT: Final = 50
_MAX_DAYS: Final = 400

_DATES: Final = (
    "A date (a whole day in the account's time zone, both ends included) or a date-time (RFC 3339). "
    "Default: the past 30 days."
)
From = Annotated[str, msgspec.Meta(description=_DATES, examples=["2026-11-01", "2026-11-01T00:00:00Z"])]


class ReportQuery(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"start": "from", "end": "to"}, kw_only=True
):
    """What the list shows. Several values of one parameter are separated by commas."""

    start: From | None = None
    end: From | None = None
    status: tuple[StatusName, ...] = ()
    state: tuple[State, ...] = ()
    channel: tuple[Channel, ...] = ()
    fault: tuple[Fault, ...] = ()
    reason: tuple[Reason, ...] = ()
    ready: bool = False
    customer_id: Identifier | None = None
    q: Annotated[str, msgspec.Meta(max_length=200, description="Part of recipient, title or customer name.")] = ""
    limit: Annotated[int, msgspec.Meta(ge=1, le=200)] = _DEFAULT_LIMIT
    cursor: str | None = None


class SpanQuery(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"start": "from", "end": "to"}, kw_only=True
):
    """A span of days."""

    start: From | None = None
    end: From | None = None


class ByStatus(msgspec.Struct, frozen=True):
    """How many of each status."""

    bounced: int
    invalid: int
    spammed: int
    dropped: int
    failed: int


class ByKind(msgspec.Struct, frozen=True):
    """How many bounces of each kind."""

    hard: int
    soft: int


class ByChannel(msgspec.Struct, frozen=True):
    """How many of each channel."""

    email: int
    sms: int


class CountView(msgspec.Struct, frozen=True):
    """What is on the report now: open and resending items of the past thirty days."""

    window_days: int
    as_of: str
    total: int
    by_status: ByStatus
    by_kind: ByKind
    by_channel: ByChannel
    resending: int


class ReportPage(msgspec.Struct, frozen=True, rename={"start": "from", "end": "to"}):
    """A page of the report, newest first by time sent. ``next_cursor`` is null on the last page."""

    items: tuple[ItemView, ...]
    next_cursor: str | None
    start: str
    end: str


class TrendDay(msgspec.Struct, frozen=True):
    """What failed of that which was sent on a day."""

    date: str
    bounced: int
    invalid: int
    spammed: int
    dropped: int
    failed: int


class Trend(msgspec.Struct, frozen=True):
    """What failed, day by day; every day of the span is there."""

    days: tuple[TrendDay, ...]


class ReasonCount(msgspec.Struct, frozen=True):
    """How many items failed for a reason."""

    reason: str
    count: int


class RecipientCount(msgspec.Struct, frozen=True):
    """How many items an address has."""

    recipient: str
    count: int


class SummaryView(msgspec.Struct, frozen=True):
    """How well what failed in a span of days was resolved; shares and medians are null without anything to measure.

    The median is told from a histogram and 10 % off at most. Repeat recipients are those with the most items of
    each day, fifty a day at most, and may be a moment old.
    """

    undelivered: int
    resolved: int
    resolved_share: float | None
    median_hours_to_resolve: float | None
    top_reasons: tuple[ReasonCount, ...]
    repeat_recipients: tuple[RecipientCount, ...]


def read_reports(services: ApiServices) -> ReadReports:
    """Return the use cases of reading."""
    return ReadReports(
        services.undelivered,
        services.reports,
        services.notifications,
        services.customers,
        services.suppressions,
        services.accounts,
        services.clock,
    )


def count_undelivered(call: Call) -> Answer:
    """Return the number on the dashboard."""
    now = call.now
    counted = call.services.reports.count(call.account_id, now)

    def of(status: Status | None = None, kind: Kind | None = None, channel: Channel | None = None) -> int:
        return sum(
            number
            for one, number in counted.by_class.items()
            if status in {None, one.status} and kind in {None, one.kind} and channel in {None, one.channel}
        )

    return Answer(
        CountView(
            window_days=REPORT_WINDOW.days,
            as_of=timestamp(now),
            total=counted.total,
            by_status=ByStatus(**{status.value: of(status=status) for status in Status}),
            by_kind=ByKind(hard=of(kind=Kind.HARD), soft=of(kind=Kind.SOFT)),
            by_channel=ByChannel(email=of(channel=Channel.EMAIL), sms=of(channel=Channel.SMS)),
            resending=counted.resending,
        )
    )


def list_undelivered(call: Call) -> Answer:
    """Return a page of the report."""
    query, now = call.query(ReportQuery), call.now
    # What a cursor is bound to: the filters as given, whatever their order, and not the size of the page.
    filters = msgspec.structs.replace(
        query,
        cursor=None,
        limit=_DEFAULT_LIMIT,
        **{
            name: tuple(sorted(set(getattr(query, name)))) for name in ("status", "state", "channel", "fault", "reason")
        },
    )
    after = _place(query.cursor, call.account_id, filters) if query.cursor is not None else None
    wanted = report_filter(query, now, call)
    page = call.services.reports.page(call.account_id, wanted, query.limit, after, now)
    return Answer(
        ReportPage(
            items=tuple(item_view(item, now) for item in page.items),
            next_cursor=make_cursor(page.next_key, call.account_id, filters) if page.next_key else None,
            start=timestamp(wanted.period.start),
            end=timestamp(min(wanted.period.end, now) if query.end is None else wanted.period.end),
        )
    )


def _place(cursor: str, account_id: str, filters: ReportQuery) -> str:
    """Return the entry key that a cursor holds; raises ProblemError when it holds anything else."""
    key = read_cursor(cursor, account_id, filters)
    if parse_item_id(item_id(key)) is None:
        raise invalid_cursor()
    return key


def report_filter(query: ReportQuery, now: datetime, call: Call) -> ReportFilter:
    """Return the filter that the parameters mean; raises ProblemError."""
    ranged = query.start is not None or query.end is not None
    states = frozenset(query.state) or (frozenset(State) if ranged else LIVE_STATES)
    return ReportFilter(
        period=_period(query, now, call),
        states=states,
        classes=_classes(query.status, query.channel),
        faults=frozenset(query.fault),
        reasons=frozenset(query.reason),
        ready=query.ready,
        customer_id=query.customer_id or "",
        search=query.q.strip(),
    )


def _period(query: ReportQuery | SpanQuery, now: datetime, call: Call) -> Period:
    start, end = date_or_moment("from", query.start), date_or_moment("to", query.end)
    zone = read_reports(call.services).zone(call.account_id)
    try:
        return period_of(start, end, now, zone)
    except ValueError:
        raise invalid_parameter("from", "must not be later than 'to'") from None


def _classes(statuses: Iterable[StatusName], channels: Iterable[Channel]) -> frozenset[FailureClass] | None:
    """Return the classes that the filters let through, None for all."""
    wanted, through = set(statuses), set(channels) or set(Channel)
    if not wanted and through == set(Channel):
        return None
    return frozenset(
        one
        for one in CLASSES
        if one.channel in through and (not wanted or one.status in wanted or f"{one.status}.{one.kind}" in wanted)
    )


def find_undelivered(call: Call) -> Answer:
    """Return an item with all that is known of it."""
    found = read_reports(call.services).find(call.account_id, entry_key_of(call))
    return Answer(
        item_detail(
            found.item,
            call.now,
            notification=found.notification,
            current_contact=found.current_contact,
            decision=found.resend,
            suppression=found.suppression,
            suggestion=found.suggestion,
        )
    )


def entry_key_of(call: Call) -> str:
    """Return the key of the item that the path names; raises ProblemError (404) when it is no id of ours."""
    key = parse_item_id(call.path["item_id"])
    if key is None:
        raise not_found("item")
    return key


def show_trend(call: Call) -> Answer:
    """Return what failed, day by day."""
    query, now = call.query(SpanQuery), call.now
    first, last = _days(query, now, call)
    told = read_reports(call.services).failures_by_day(call.account_id, first, last)
    days = (TrendDay(day.isoformat(), **{status.value: of[status] for status in Status}) for day, of in told.items())
    return Answer(Trend(tuple(days)))


def _days(query: SpanQuery, now: datetime, call: Call) -> tuple[date, date]:
    """Return the first and last day of a span; without one, the thirty days that end today."""
    zone = read_reports(call.services).zone(call.account_id)

    def day_of(bound: date | datetime) -> date:
        return local_day(bound, zone) if isinstance(bound, datetime) else bound

    start, end = date_or_moment("from", query.start), date_or_moment("to", query.end)
    last = day_of(end) if end is not None else local_day(now, zone)
    first = day_of(start) if start is not None else last - REPORT_WINDOW + timedelta(days=1)
    if first > last:
        raise invalid_parameter("from", "must not be later than 'to'")
    if (last - first).days >= _MAX_DAYS:
        raise invalid_parameter("from", f"must be at most {_MAX_DAYS} days before 'to'")
    return first, last


def show_summary(call: Call) -> Answer:
    """Return how well what failed was resolved."""
    query, now = call.query(SpanQuery), call.now
    told = read_reports(call.services).summary(call.account_id, *_days(query, now, call))
    hours = told.hours_to_resolve
    return Answer(
        SummaryView(
            undelivered=told.undelivered,
            resolved=told.resolved,
            resolved_share=round(told.resolved / told.undelivered, 4) if told.undelivered else None,
            median_hours_to_resolve=round(hours, 2) if hours is not None else None,
            top_reasons=tuple(ReasonCount(reason, number) for reason, number in told.reasons),
            repeat_recipients=tuple(RecipientCount(address, number) for address, number in told.repeat_recipients),
        )
    )


_NOT_FOUND: Final = (HTTPStatus.NOT_FOUND,)

ROUTES = (
    Route(
        "GET",
        "/undelivered/count",
        Access.READ,
        count_undelivered,
        "Count undelivered items",
        CountView,
        tag="report",
    ),
    Route(
        "GET", "/undelivered", Access.READ, list_undelivered, "List items", ReportPage, query=ReportQuery, tag="report"
    ),
    Route(
        "GET", "/undelivered/trend", Access.READ, show_trend, "Failures by day", Trend, query=SpanQuery, tag="report"
    ),
    Route(
        "GET",
        "/undelivered/summary",
        Access.READ,
        show_summary,
        "Summarise failures and how they were resolved",
        SummaryView,
        query=SpanQuery,
        tag="report",
    ),
    Route(
        "GET",
        "/undelivered/{item_id}",
        Access.READ,
        find_undelivered,
        "Get an item in full",
        ItemDetail,
        refusals=_NOT_FOUND,
        tag="report",
    ),
)
