"""Customers and their contacts."""

from http import HTTPStatus
from typing import Annotated, Final

import msgspec

from undelivered.domain.errors import InvalidInputError
from undelivered.entrypoints.http.errors import invalid_body, invalid_parameter, not_found
from undelivered.entrypoints.http.parsing import is_identifier
from undelivered.entrypoints.http.router import Access, Answer, Call, Route
from undelivered.entrypoints.http.schemas import CustomerSummary, CustomerView, customer_summary, customer_view
from undelivered.entrypoints.http.services import ApiServices
from undelivered.services.manage_customers import CustomerChange, CustomerState, ManageCustomers

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Email = Annotated[str, msgspec.Meta(max_length=320, description="An email address. Empty or null removes it.")]
Phone = Annotated[
    str, msgspec.Meta(max_length=40, description="A phone number with + and country code. Empty or null removes it.")
]


class CustomerBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A customer in full."""

    name: Name
    email: Email | None = None
    phone: Phone | None = None


class CustomerPatch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to change of a customer; what is not named stays."""

    name: Name | msgspec.UnsetType = msgspec.UNSET
    email: Email | msgspec.UnsetType | None = msgspec.UNSET
    phone: Phone | msgspec.UnsetType | None = msgspec.UNSET


class AddressQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An address to look customers up by."""

    address: Annotated[str, msgspec.Meta(min_length=3, max_length=320, description="An email address or phone number.")]


class CustomerList(msgspec.Struct, frozen=True):
    """Customers that share an address."""

    customers: tuple[CustomerSummary, ...]


def manage_customers(services: ApiServices) -> ManageCustomers:
    """Return the use cases on customers."""
    return ManageCustomers(services.customers, services.undelivered, services.clock)


def find_customer(call: Call) -> Answer:
    """Return a customer."""
    if not is_identifier(call.path["customer_id"]):
        raise not_found("customer")
    return _answer(manage_customers(call.services).find(call.account_id, call.path["customer_id"]))


def find_customers(call: Call) -> Answer:
    """Return the customers that share an address."""
    address = call.query(AddressQuery).address
    try:
        found = manage_customers(call.services).by_address(call.account_id, address)
    except InvalidInputError as error:
        raise invalid_parameter("address", error.message, error.suggestion) from None
    return Answer(CustomerList(tuple(customer_summary(customer) for customer in found)))


def replace_customer(call: Call) -> Answer:
    """Create or replace a customer."""
    if not is_identifier(call.path["customer_id"]):
        raise invalid_parameter("customer_id", "must have 1 to 128 characters, and only letters, digits and _ . @ -")
    body = call.body(CustomerBody)
    _check_name(body.name)
    wanted = CustomerChange(body.name, body.email, body.phone)
    return _answer(manage_customers(call.services).replace(call.account_id, call.path["customer_id"], wanted))


def update_customer(call: Call) -> Answer:
    """Change what is named of a customer."""
    if not is_identifier(call.path["customer_id"]):
        raise not_found("customer")
    body = call.body(CustomerPatch)
    if all(value is msgspec.UNSET for value in (body.name, body.email, body.phone)):
        raise invalid_body("", "set at least one of 'name', 'email' and 'phone'")
    if isinstance(body.name, str):
        _check_name(body.name)
    change = CustomerChange(_change(body.name), _change(body.email), _change(body.phone))
    return _answer(manage_customers(call.services).update(call.account_id, call.path["customer_id"], change))


def _change(value: str | msgspec.UnsetType | None) -> str | None:
    """Return a value for ``CustomerChange``: null removes, what is not named stays."""
    return None if value is msgspec.UNSET else value or ""


def _check_name(name: str) -> None:
    if not name.strip() or not name.isprintable():
        raise invalid_body("name", "must contain visible characters and no control characters")


def _answer(state: CustomerState) -> Answer:
    return Answer(customer_view(state.customer, state.ready))


_BAD: Final = (HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT)

ROUTES = (
    Route(
        "GET", "/customers", Access.READ, find_customers, "Find customers by address", CustomerList,
        query=AddressQuery, tag="customers",
    ),
    Route(
        "GET", "/customers/{customer_id}", Access.READ, find_customer, "Get a customer", CustomerView,
        refusals=_BAD[:1], tag="customers",
    ),
    Route(
        "PUT", "/customers/{customer_id}", Access.ACT, replace_customer, "Create or replace a customer", CustomerView,
        body=CustomerBody, refusals=_BAD[1:], tag="customers",
    ),
    Route(
        "PATCH", "/customers/{customer_id}", Access.ACT, update_customer, "Update a customer", CustomerView,
        body=CustomerPatch, refusals=_BAD, tag="customers",
    ),
)  # fmt: skip
