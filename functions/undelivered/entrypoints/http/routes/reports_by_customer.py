"""The report as a list of customers."""

from typing import Annotated

import msgspec

from undelivered.domain.taxonomy import Channel
from undelivered.domain.work import Work
from undelivered.entrypoints.http.pagination import make_cursor, read_item_cursor
from undelivered.entrypoints.http.report_filters import WORK_DESCRIPTION, ReportQuery, report_filter
from undelivered.entrypoints.http.route import LANGUAGE_HEADER, Access, ApiRequest, ApiResponse, Route, language_headers
from undelivered.entrypoints.http.schemas.items import CustomerName, ItemView, item_view

_DEFAULT_LIMIT = 25


class CustomersQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which customers to list."""

    work: Annotated[tuple[Work, ...], msgspec.Meta(description=WORK_DESCRIPTION)] = ()
    channel: tuple[Channel, ...] = ()
    limit: Annotated[int, msgspec.Meta(ge=1, le=50)] = _DEFAULT_LIMIT
    cursor: str | None = None


class CustomerItemsView(msgspec.Struct, frozen=True):
    """A customer with items on the report. Items without a known customer are listed by their address."""

    customer: CustomerName
    items: Annotated[int, msgspec.Meta(description="The number of items that match.")]
    newest: ItemView


class CustomerItemsPage(msgspec.Struct, frozen=True):
    """A page of customers, in descending order of their newest item. ``next_cursor`` is null on the last page.

    A page before the last may be short, even empty.
    """

    customers: tuple[CustomerItemsView, ...]
    next_cursor: str | None


def list_by_customer(request: ApiRequest) -> ApiResponse:
    """Return a page of the customers with items on the report."""
    query, texts = request.query(CustomersQuery), request.texts
    filters = msgspec.structs.replace(
        query,
        cursor=None,
        limit=_DEFAULT_LIMIT,
        work=tuple(sorted(set(query.work))),
        channel=tuple(sorted(set(query.channel))),
    )
    after = read_item_cursor(query.cursor, request.account_id, filters) if query.cursor is not None else None
    wanted = report_filter(ReportQuery(work=query.work, channel=query.channel), request)
    page = request.use_cases.report_by_customer(request.account_id, wanted, query.limit, after)
    views = (
        CustomerItemsView(newest.customer, len(found.items), newest)
        for found in page.customers
        for newest in [item_view(found.items[0], request.now, request.settings, texts)]
    )
    return ApiResponse(
        CustomerItemsPage(
            tuple(views), make_cursor(page.next_key, request.account_id, filters) if page.next_key else None
        ),
        headers=language_headers(texts),
    )


ROUTES = (
    Route(
        "GET", "/undelivered/customers", Access.READ, list_by_customer, "List customers with items",
        CustomerItemsPage, query=CustomersQuery, headers=LANGUAGE_HEADER, tag="report",
    ),
)  # fmt: skip
