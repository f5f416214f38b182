"""Statistics of the report: failures by day, and how many were resolved."""

from datetime import date, datetime, timedelta
from typing import Annotated, Final

import msgspec

from undelivered.domain.item import REPORT_WINDOW
from undelivered.domain.report_query import local_day
from undelivered.domain.taxonomy import Reason, Status
from undelivered.entrypoints.http.errors import invalid_parameter
from undelivered.entrypoints.http.parsing import date_or_moment
from undelivered.entrypoints.http.report_filters import DateBound
from undelivered.entrypoints.http.route import Access, ApiRequest, ApiResponse, Route

_MAX_DAYS: Final = 400
_TOO_MANY_DAYS: Final = "must be at most {number} days before 'to'"


class SpanQuery(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"start": "from", "end": "to"}, kw_only=True
):
    """A span of days."""

    start: DateBound | None = None
    end: DateBound | None = None


class TrendDay(msgspec.Struct, frozen=True):
    """The failures among the messages that were sent on a day, by status."""

    date: Annotated[str, msgspec.Meta(extra_json_schema={"format": "date"})]
    bounced: int
    invalid: int
    spammed: int
    dropped: int
    failed: int


class Trend(msgspec.Struct, frozen=True):
    """The failures of each day of a span. Days without failures are included."""

    days: tuple[TrendDay, ...]


class ReasonCount(msgspec.Struct, frozen=True):
    """The number of items that failed for a reason."""

    reason: Annotated[str, msgspec.Meta(examples=list(Reason))]
    count: int


class RecipientCount(msgspec.Struct, frozen=True):
    """The number of items of an address."""

    recipient: str
    count: int


class SummaryView(msgspec.Struct, frozen=True):
    """The failures of a span of days and how they were resolved. The share and the median are null without data.

    The median comes from a histogram and is accurate to 10 %. The repeat recipients come from the addresses with the
    most items of each day, at most 50 a day, and may be a moment old.
    """

    undelivered: int
    resolved: int
    resolved_share: float | None
    median_hours_to_resolve: float | None
    top_reasons: tuple[ReasonCount, ...]
    repeat_recipients: tuple[RecipientCount, ...]


def show_trend(request: ApiRequest) -> ApiResponse:
    """Return the failures by day."""
    failures = request.use_cases.read_reports.failures_by_day(request.account_id, *_span(request))
    days = (
        TrendDay(day.isoformat(), **{status.value: by_status[status] for status in Status})
        for day, by_status in failures.items()
    )
    return ApiResponse(Trend(tuple(days)))


def show_summary(request: ApiRequest) -> ApiResponse:
    """Return the failures of a span of days and how they were resolved."""
    summary = request.use_cases.read_reports.summary(request.account_id, *_span(request))
    hours = summary.hours_to_resolve
    return ApiResponse(
        SummaryView(
            undelivered=summary.undelivered,
            resolved=summary.resolved,
            resolved_share=round(summary.resolved / summary.undelivered, 4) if summary.undelivered else None,
            median_hours_to_resolve=round(hours, 2) if hours is not None else None,
            top_reasons=tuple(ReasonCount(reason, number) for reason, number in summary.reasons),
            repeat_recipients=tuple(RecipientCount(address, number) for address, number in summary.repeat_recipients),
        )
    )


def _span(request: ApiRequest) -> tuple[date, date]:
    """Return the first and last day of the query's span. The default is the 30 days that end today."""
    query = request.query(SpanQuery)
    zone = request.use_cases.read_reports.zone(request.account_id)

    def day_of(bound: date | datetime) -> date:
        return local_day(bound, zone) if isinstance(bound, datetime) else bound

    start, end = date_or_moment("from", query.start), date_or_moment("to", query.end)
    last = day_of(end) if end is not None else local_day(request.now, zone)
    first = day_of(start) if start is not None else last - REPORT_WINDOW + timedelta(days=1)
    if first > last:
        raise invalid_parameter("from", "must not be later than 'to'")
    if (last - first).days >= _MAX_DAYS:
        raise invalid_parameter("from", _TOO_MANY_DAYS.format(number=_MAX_DAYS))
    return first, last


ROUTES = (
    Route(
        "GET", "/undelivered/trend", Access.READ, show_trend, "Failures by day", Trend, query=SpanQuery, tag="report"
    ),
    Route(
        "GET", "/undelivered/summary", Access.READ, show_summary, "Summarise failures and how they were resolved",
        SummaryView, query=SpanQuery, tag="report",
    ),
)  # fmt: skip
