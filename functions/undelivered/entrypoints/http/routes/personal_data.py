"""All data about a customer: export it and erase it."""

from http import HTTPStatus
from typing import Final

import msgspec

from undelivered.domain.accepted_message import AcceptedMessage
from undelivered.domain.erasure import ErasureState
from undelivered.domain.errors import NotFoundError
from undelivered.domain.identifiers import timestamp
from undelivered.domain.taxonomy import Channel
from undelivered.entrypoints.http.errors import not_found
from undelivered.entrypoints.http.pagination import make_cursor, read_cursor
from undelivered.entrypoints.http.parsing import is_identifier
from undelivered.entrypoints.http.route import LANGUAGE_HEADER, Access, ApiRequest, ApiResponse, Route, language_headers
from undelivered.entrypoints.http.schemas.audit import Time
from undelivered.entrypoints.http.schemas.contact_requests import ContactRequestView, contact_request_view
from undelivered.entrypoints.http.schemas.customers import CustomerView, customer_view
from undelivered.entrypoints.http.schemas.items import ItemDataView, item_data_view
from undelivered.entrypoints.http.schemas.notifications import NotificationDataView, notification_data_view
from undelivered.entrypoints.http.schemas.suppressions import SuppressionView, suppression_view

_PAGE_SIZE: Final = 100


class ErasureView(msgspec.Struct, frozen=True):
    """The progress of an erasure, which takes some minutes, and how much it erased so far."""

    state: ErasureState
    requested_at: Time
    requested_by: str
    items: int
    notifications: int


class CustomerDataQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The page of a customer's data."""

    cursor: str | None = None


class AcceptedMessageView(msgspec.Struct, frozen=True):
    """A message that the receiving server or the carrier accepted, with its answer."""

    notification_id: str
    provider_message_id: str
    channel: Channel
    to: str
    title: str
    sent_at: Time
    accepted_at: Time
    answer: str


class CustomerDataPage(msgspec.Struct, frozen=True):
    """A page of a customer's data. ``next_cursor`` is null on the last page. A page before it may be empty.

    The first page has the customer, the suppressions of their addresses, the requests to correct a contact, and the
    messages of the past 30 days that were recorded as accepted. Then come items, then notifications. Data about an
    address that another customer also has is not included.
    """

    customer: CustomerView | None
    suppressions: tuple[SuppressionView, ...]
    items: tuple[ItemDataView, ...]
    notifications: tuple[NotificationDataView, ...]
    next_cursor: str | None
    contact_requests: tuple[ContactRequestView, ...]
    accepted_messages: tuple[AcceptedMessageView, ...]


class _CursorScope(msgspec.Struct, frozen=True):
    """What a cursor is valid for."""

    customer_id: str


def _customer_id(request: ApiRequest) -> str:
    customer_id = request.path["customer_id"]
    if not is_identifier(customer_id):
        raise not_found("customer")
    return customer_id


def erase_customer(request: ApiRequest) -> ApiResponse:
    """Start to erase all data about a customer, or return the progress of the erasure."""
    erasure = request.use_cases.request_erasure(request.account_id, _customer_id(request), by=request.principal.name)
    view = ErasureView(
        state=erasure.state,
        requested_at=timestamp(erasure.at),
        requested_by=erasure.by,
        items=erasure.erased.items,
        notifications=erasure.erased.notifications,
    )
    return ApiResponse(view, HTTPStatus.ACCEPTED)


def show_customer_data(request: ApiRequest) -> ApiResponse:
    """Return a page of all data about a customer."""
    customer_id = _customer_id(request)
    scope = _CursorScope(customer_id)
    cursor = request.query(CustomerDataQuery).cursor
    place = read_cursor(cursor, request.account_id, scope) if cursor is not None else None
    try:
        page = request.use_cases.export_customer_data(request.account_id, customer_id, _PAGE_SIZE, place)
    except NotFoundError:
        raise not_found("customer") from None
    texts = request.texts
    return ApiResponse(
        CustomerDataPage(
            customer=customer_view(page.customer, ()) if page.customer else None,
            suppressions=tuple(suppression_view(suppression) for suppression in page.suppressions),
            items=tuple(item_data_view(item, request.now, request.settings, texts) for item in page.items),
            notifications=tuple(
                notification_data_view(notification, attempts) for notification, attempts in page.notifications
            ),
            next_cursor=make_cursor(page.next_position, request.account_id, scope) if page.next_position else None,
            contact_requests=tuple(
                contact_request_view(asked, request.now, page.customer) for asked in page.contact_requests
            ),
            accepted_messages=tuple(map(_accepted_view, page.accepted)),
        ),
        headers=language_headers(texts),
    )


def _accepted_view(message: AcceptedMessage) -> AcceptedMessageView:
    return AcceptedMessageView(
        notification_id=message.notification_id,
        provider_message_id=message.provider_message_id,
        channel=message.channel,
        to=message.to,
        title=message.title,
        sent_at=timestamp(message.sent_at),
        accepted_at=timestamp(message.accepted_at),
        answer=message.answer,
    )


ROUTES = (
    Route(
        "DELETE", "/customers/{customer_id}", Access.MANAGE, erase_customer, "Erase all data about a customer",
        ErasureView, status=HTTPStatus.ACCEPTED, refusals=(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT), tag="customers",
    ),
    Route(
        "GET", "/customers/{customer_id}/data", Access.MANAGE, show_customer_data, "Get all data about a customer",
        CustomerDataPage, query=CustomerDataQuery, refusals=(HTTPStatus.NOT_FOUND,), headers=LANGUAGE_HEADER,
        tag="customers",
    ),
)  # fmt: skip
