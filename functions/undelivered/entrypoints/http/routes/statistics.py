"""Statistics of the report: failures by day, and how many were resolved."""

from datetime import date, datetime, timedelta
from typing import Annotated, Any, Final

import msgspec

from undelivered.domain.item import REPORT_WINDOW
from undelivered.domain.rates import BOUNCE_LIMITS, COMPLAINT_LIMITS, Rates
from undelivered.domain.report_query import local_day
from undelivered.domain.taxonomy import Channel, Reason, Status
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
    """The failures of a span of days and how they were resolved. The shares and the median are null without data.

    ``resolved_by_customers`` is how many were resolved without a manager: the customer corrected the contact, and the
    account's rule resent the message. Its share is one of ``resolved``.

    The median comes from a histogram and is accurate to 10 %. The repeat recipients come from the addresses with the
    most items of each day, at most 50 a day, and may be a moment old.
    """

    undelivered: int
    resolved: int
    resolved_share: float | None
    resolved_by_customers: int
    resolved_by_customers_share: float | None
    median_hours_to_resolve: float | None
    top_reasons: tuple[ReasonCount, ...]
    repeat_recipients: tuple[RecipientCount, ...]


class ChannelRatesView(msgspec.Struct, frozen=True):
    """The rates of a channel: each message counts once, on the day on which it was sent.

    ``sent`` are the messages that Undelivered sent, and those of the host application of which events came. ``failed``
    bounced or had an invalid address, ``hard_bounced`` of these for good, and ``complaints`` were marked as spam. The
    rates are shares of ``sent``, null if nothing was sent. ``leaves_out_host`` is true if messages of the host
    application are not counted, because no events of their deliveries came.
    """

    sent: int
    failed: int
    hard_bounced: int
    complaints: int
    failure_rate: float | None
    hard_bounce_rate: float | None
    complaint_rate: float | None
    leaves_out_host: bool


class ComparedRatesView(ChannelRatesView, frozen=True):
    """The rates of a channel, with those of the period of the same length before."""

    channel: Channel
    before: ChannelRatesView


class LimitsView(msgspec.Struct, frozen=True):
    """The rate at which Amazon SES reviews an AWS account, and the one at which it may pause its sending."""

    review: float
    pause: float


class RatesView(msgspec.Struct, frozen=True, rename={"start": "from", "end": "to"}):
    """The rates of each channel in a span of days. Only days since the counting began are counted.

    The limits are those of Amazon SES for email (Amazon SES sending review process FAQs). They apply to the whole AWS
    account, which can have several accounts of Undelivered.
    """

    start: Annotated[str, msgspec.Meta(extra_json_schema={"format": "date"})]
    end: Annotated[str, msgspec.Meta(extra_json_schema={"format": "date"})]
    channels: tuple[ComparedRatesView, ...]
    hard_bounce_limits: LimitsView
    complaint_limits: LimitsView


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
            resolved_by_customers=summary.resolved_by_customers,
            resolved_by_customers_share=round(summary.resolved_by_customers / summary.resolved, 4)
            if summary.resolved
            else None,
            median_hours_to_resolve=round(hours, 2) if hours is not None else None,
            top_reasons=tuple(ReasonCount(reason, number) for reason, number in summary.reasons),
            repeat_recipients=tuple(RecipientCount(address, number) for address, number in summary.repeat_recipients),
        )
    )


def show_rates(request: ApiRequest) -> ApiResponse:
    """Return the rates by channel."""
    first, last = _span(request)
    by_channel = request.use_cases.read_rates(request.account_id, first, last)
    return ApiResponse(
        RatesView(
            start=first.isoformat(),
            end=last.isoformat(),
            channels=tuple(
                ComparedRatesView(
                    **_numbers(rates.now), channel=channel, before=ChannelRatesView(**_numbers(rates.before))
                )
                for channel, rates in by_channel.items()
            ),
            hard_bounce_limits=LimitsView(BOUNCE_LIMITS.review, BOUNCE_LIMITS.pause),
            complaint_limits=LimitsView(COMPLAINT_LIMITS.review, COMPLAINT_LIMITS.pause),
        )
    )


def _numbers(rates: Rates) -> dict[str, Any]:
    """Return the fields of ``ChannelRatesView``."""
    return {
        **msgspec.structs.asdict(rates),
        "failure_rate": _rounded(rates.share(rates.failed)),
        "hard_bounce_rate": _rounded(rates.share(rates.hard_bounced)),
        "complaint_rate": _rounded(rates.share(rates.complaints)),
    }


def _rounded(share: float | None) -> float | None:
    return None if share is None else round(share, 6)


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
    Route(
        "GET", "/undelivered/rates", Access.READ, show_rates, "Compare failures with what was sent", RatesView,
        query=SpanQuery, tag="report",
    ),
)  # fmt: skip
