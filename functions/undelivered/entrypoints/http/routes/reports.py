"""The report: the count of undelivered items, the list, and one item in full."""

from datetime import datetime
from http import HTTPStatus

import msgspec

from undelivered.domain.identifiers import sent_at_of, timestamp
from undelivered.domain.item import REPORT_WINDOW
from undelivered.domain.report_query import ReportFilter
from undelivered.domain.taxonomy import Channel, Kind, Status
from undelivered.domain.work import Work
from undelivered.entrypoints.http.pagination import make_cursor, read_item_cursor
from undelivered.entrypoints.http.parsing import parse_entry_key
from undelivered.entrypoints.http.report_filters import DEFAULT_LIMIT, FilterQuery, ReportQuery, report_filter
from undelivered.entrypoints.http.route import LANGUAGE_HEADER, Access, ApiRequest, ApiResponse, Route, language_headers
from undelivered.entrypoints.http.schemas.audit import Time
from undelivered.entrypoints.http.schemas.items import ItemDetail, ItemView, item_detail, item_view
from undelivered.services.request_limits import LimitedWork


class ByStatus(msgspec.Struct, frozen=True):
    """The number of items by status."""

    bounced: int
    invalid: int
    spammed: int
    dropped: int
    failed: int


class ByKind(msgspec.Struct, frozen=True):
    """The number of bounces by kind."""

    hard: int
    soft: int


class ByChannel(msgspec.Struct, frozen=True):
    """The number of items by channel."""

    email: int
    sms: int


class ByWork(msgspec.Struct, frozen=True):
    """The number of open items by what a person does next: see the parameter ``work`` of ``GET /undelivered``."""

    correct: int
    resend: int
    ours: int
    leave: int


class CountView(msgspec.Struct, frozen=True):
    """The items on the report now: open and resending items of the past 30 days.

    ``total`` is the sum of ``by_work`` and ``resending``. ``by_work`` is null for some minutes after an upgrade from a
    version that did not count it.
    """

    window_days: int
    as_of: Time
    total: int
    by_status: ByStatus
    by_kind: ByKind
    by_channel: ByChannel
    resending: int
    by_work: ByWork | None


class ReportPage(msgspec.Struct, frozen=True, rename={"start": "from", "end": "to"}):
    """A page of the report, in the order of the time sent. ``next_cursor`` is null on the last page.

    A page of a search can have fewer items than ``limit``, even none, and be followed by others. ``looked_back_to`` is
    the time up to which this page and those before have all the items that match.
    """

    items: tuple[ItemView, ...]
    next_cursor: str | None
    start: Time
    end: Time
    looked_back_to: Time


def count_undelivered(request: ApiRequest) -> ApiResponse:
    """Return the number of items on the report."""
    live = request.use_cases.reports.count(request.account_id, request.now)

    def number(status: Status | None = None, kind: Kind | None = None, channel: Channel | None = None) -> int:
        return sum(
            count
            for failure_class, count in live.by_class.items()
            if status in {None, failure_class.status}
            and kind in {None, failure_class.kind}
            and channel in {None, failure_class.channel}
        )

    return ApiResponse(
        CountView(
            window_days=REPORT_WINDOW.days,
            as_of=timestamp(request.now),
            total=live.total,
            by_status=ByStatus(**{status.value: number(status=status) for status in Status}),
            by_kind=ByKind(hard=number(kind=Kind.HARD), soft=number(kind=Kind.SOFT)),
            by_channel=ByChannel(email=number(channel=Channel.EMAIL), sms=number(channel=Channel.SMS)),
            resending=live.resending,
            by_work=None if live.by_work is None else ByWork(**{work.value: live.by_work[work] for work in Work}),
        )
    )


class TotalView(msgspec.Struct, frozen=True):
    """How many items a filter matches. If ``is_exact`` is false, there are at least ``total``."""

    total: int
    is_exact: bool


def total_undelivered(request: ApiRequest) -> ApiResponse:
    """Return how many items a filter matches."""
    wanted = report_filter(request.query(FilterQuery), request)
    if wanted.search:
        request.use_cases.request_limits.take(request.account_id, LimitedWork.SEARCHES)
    total = request.use_cases.count_matches(request.account_id, wanted, request.now)
    return ApiResponse(TotalView(total.number, total.is_exact))


def list_undelivered(request: ApiRequest) -> ApiResponse:
    """Return a page of the report."""
    query, now = request.query(ReportQuery), request.now
    # A cursor is bound to the filters in any order, and not to the page size.
    filters = msgspec.structs.replace(
        query,
        cursor=None,
        limit=DEFAULT_LIMIT,
        **{
            name: tuple(sorted(set(getattr(query, name))))
            for name in ("status", "state", "channel", "fault", "reason", "work")
        },
    )
    after = read_item_cursor(query.cursor, request.account_id, filters) if query.cursor is not None else None
    wanted = msgspec.structs.replace(report_filter(query, request), oldest_first=query.sort == "oldest")
    if wanted.search:
        request.use_cases.request_limits.take(request.account_id, LimitedWork.SEARCHES)
    end = min(wanted.period.end, now) if query.end is None else wanted.period.end
    texts = request.texts
    page = request.use_cases.reports.page(request.account_id, wanted, query.limit, after, now)
    return ApiResponse(
        ReportPage(
            items=tuple(item_view(item, now, request.settings, texts) for item in page.items),
            next_cursor=make_cursor(page.next_key, request.account_id, filters) if page.next_key else None,
            start=timestamp(wanted.period.start),
            end=timestamp(end),
            looked_back_to=timestamp(_reached(page.next_key, wanted, end)),
        ),
        headers=language_headers(texts),
    )


def _reached(next_key: str | None, wanted: ReportFilter, end: datetime) -> datetime:
    """Return the time up to which the pages so far have all items that match."""
    if next_key:
        return sent_at_of(next_key)
    return end if wanted.oldest_first else wanted.period.start


def find_undelivered(request: ApiRequest) -> ApiResponse:
    """Return an item in full."""
    entry_key = parse_entry_key(request.path["item_id"])
    texts = request.texts
    in_full = request.use_cases.read_reports.find(request.account_id, entry_key)
    return ApiResponse(
        item_detail(
            in_full.item,
            request.now,
            request.settings,
            texts,
            notification=in_full.notification,
            current_contact=in_full.current_contact,
            decision=in_full.resend,
            suppression=in_full.suppression,
            suggestion=in_full.suggestion,
        ),
        headers=language_headers(texts),
    )


ROUTES = (
    Route(
        "GET", "/undelivered/count", Access.COUNT, count_undelivered, "Count undelivered items", CountView,
        tag="report",
    ),
    Route(
        "GET", "/undelivered/total", Access.READ, total_undelivered, "Count the items that a filter matches", TotalView,
        query=FilterQuery, limit="Too many searches with `q` in a minute: `too_many_searches`.", tag="report",
    ),
    Route(
        "GET", "/undelivered", Access.READ, list_undelivered, "List items", ReportPage, query=ReportQuery,
        limit="Too many searches with `q` in a minute: `too_many_searches`.", headers=LANGUAGE_HEADER, tag="report",
    ),
    Route(
        "GET", "/undelivered/{item_id}", Access.READ, find_undelivered, "Get an item in full", ItemDetail,
        refusals=(HTTPStatus.NOT_FOUND,), headers=LANGUAGE_HEADER, tag="report",
    ),
)  # fmt: skip
