"""What is held on one customer: told in full, and erased, on their request."""

from http import HTTPStatus
from typing import Final

import msgspec

from undelivered.domain.erasure import Erasure
from undelivered.domain.errors import NotFoundError
from undelivered.domain.identifiers import timestamp
from undelivered.entrypoints.http.errors import not_found
from undelivered.entrypoints.http.pagination import make_cursor, read_cursor
from undelivered.entrypoints.http.parsing import is_identifier
from undelivered.entrypoints.http.router import Access, Answer, Call, Route
from undelivered.entrypoints.http.schemas import (
    CustomerView,
    HeldItemView,
    HeldNotificationView,
    SuppressionView,
    customer_view,
    held_item_view,
    held_notification_view,
    suppression_view,
)
from undelivered.services.customer_data.erase import RequestErasure
from undelivered.services.customer_data.export import ExportCustomerData

_PAGE: Final = 100


class ErasureView(msgspec.Struct, frozen=True):
    """How far an erasure has got, and how much it has removed so far; it takes some minutes."""

    state: str
    requested_at: str
    requested_by: str
    items: int
    notifications: int


class DataQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which page of what is held."""

    cursor: str | None = None


class PersonalData(msgspec.Struct, frozen=True):
    """A page of what is held on a customer; ``next_cursor`` is null on the last, and a page may be empty before that.

    The customer and the suppressions of their addresses are on the first page, then come the items, then what was
    sent. An address that another customer has, too, counts as that customer's.
    """

    customer: CustomerView | None
    suppressions: tuple[SuppressionView, ...]
    items: tuple[HeldItemView, ...]
    notifications: tuple[HeldNotificationView, ...]
    next_cursor: str | None


class _Whose(msgspec.Struct, frozen=True):
    """What a cursor is bound to."""

    customer_id: str


def _customer_of(call: Call) -> str:
    customer_id = call.path["customer_id"]
    if not is_identifier(customer_id):
        raise not_found("customer")
    return customer_id


def erase_customer(call: Call) -> Answer:
    """Have everything that is held on a customer erased, or say how far that has got."""
    services = call.services
    request = RequestErasure(
        services.erasures,
        services.customers,
        services.undelivered,
        services.notifications,
        services.hashes,
        services.clock,
    )
    erasure = request(call.account_id, _customer_of(call), by=call.principal.name)
    return Answer(_erasure_view(erasure), HTTPStatus.ACCEPTED)


def _erasure_view(erasure: Erasure) -> ErasureView:
    return ErasureView(
        erasure.state,
        timestamp(erasure.at),
        erasure.by,
        erasure.erased.items,
        erasure.erased.notifications,
    )


def show_customer_data(call: Call) -> Answer:
    """Return a page of everything that is held on a customer."""
    services, customer_id = call.services, _customer_of(call)
    whose = _Whose(customer_id)
    cursor = call.query(DataQuery).cursor
    place = read_cursor(cursor, call.account_id, whose) if cursor is not None else None
    export_customer_data = ExportCustomerData(
        services.customers, services.undelivered, services.notifications, services.suppressions
    )
    try:
        held = export_customer_data(call.account_id, customer_id, _PAGE, place)
    except NotFoundError:
        raise not_found("customer") from None
    return Answer(
        PersonalData(
            customer=customer_view(held.customer, ()) if held.customer else None,
            suppressions=tuple(suppression_view(one) for one in held.suppressions),
            items=tuple(held_item_view(item, call.now) for item in held.items),
            notifications=tuple(held_notification_view(*each) for each in held.notifications),
            next_cursor=make_cursor(held.place, call.account_id, whose) if held.place else None,
        )
    )


ROUTES = (
    Route(
        "DELETE", "/customers/{customer_id}", Access.MANAGE, erase_customer, "Erase all data about a customer",
        ErasureView, status=HTTPStatus.ACCEPTED, refusals=(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT), tag="customers",
    ),
    Route(
        "GET", "/customers/{customer_id}/data", Access.MANAGE, show_customer_data, "Get all data about a customer",
        PersonalData, query=DataQuery, refusals=(HTTPStatus.NOT_FOUND,), tag="customers",
    ),
)  # fmt: skip
