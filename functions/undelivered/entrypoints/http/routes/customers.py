"""Customers and their contacts."""

from http import HTTPStatus
from typing import Annotated, Any, Final

import msgspec

from undelivered.domain.errors import InvalidInputError
from undelivered.domain.resend_policy import is_ready
from undelivered.entrypoints.http.errors import FieldError, invalid_body, invalid_parameter, not_found
from undelivered.entrypoints.http.pagination import make_cursor, read_cursor
from undelivered.entrypoints.http.parsing import Identifier, convert_item, is_identifier
from undelivered.entrypoints.http.route import Access, ApiRequest, ApiResponse, Route
from undelivered.entrypoints.http.rows import MAX_ROWS, Country, RowErrors, parse_rows, row_errors, text_in
from undelivered.entrypoints.http.schemas.customers import (
    CustomerSummary,
    CustomerView,
    customer_summary,
    customer_view,
)
from undelivered.entrypoints.http.validation_messages import IDENTIFIER_RULE
from undelivered.services.contact_validation import check_country
from undelivered.services.manage_customers import CustomerChange, CustomerOutcome, CustomerState
from undelivered.services.request_limits import LimitedWork

_DEFAULT_LIMIT: Final = 20

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Email = Annotated[
    str,
    msgspec.Meta(
        max_length=320, description="An email address with only ASCII before the @. Empty or null removes it."
    ),
]
Phone = Annotated[
    str, msgspec.Meta(max_length=40, description="A phone number with + and country code. Empty or null removes it.")
]


class CustomerBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A customer in full.

    ``accept_unassigned_number`` accepts a phone number that is not assigned in its country. Without it, such a number
    is refused with the code ``unassigned_number``.
    """

    name: Name
    email: Email | None = None
    phone: Phone | None = None
    accept_unassigned_number: bool = False


class CustomerRow(CustomerBody, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A customer in full, with its ID."""

    customer_id: Identifier


class CustomersBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The customers to create or replace. With ``dry_run`` they are only checked."""

    customers: Annotated[list[CustomerRow], msgspec.Meta(min_length=1, max_length=MAX_ROWS)]
    country: Country | None = None
    dry_run: bool = False


class _RawCustomersBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``CustomersBody`` with rows that are not validated: each has a result of its own."""

    customers: Annotated[list[Any], msgspec.Meta(min_length=1)]
    country: Country | None = None
    dry_run: bool = False


class CustomerResult(msgspec.Struct, frozen=True):
    """What became of a row. ``errors`` is empty unless the row was refused.

    ``suggestion`` is a likely spelling of a new email address that may have a typo. The row is accepted as it is.
    """

    customer_id: str
    outcome: CustomerOutcome
    errors: tuple[FieldError, ...] = ()
    suggestion: str | None = None


class CustomerResults(msgspec.Struct, frozen=True):
    """What became of each row, in the order of the request."""

    results: tuple[CustomerResult, ...]


class CustomerPatch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The changes to a customer. Omitted fields stay as they are.

    ``accept_unassigned_number`` accepts a phone number that is not assigned in its country. Without it, such a number
    is refused with the code ``unassigned_number``.
    """

    name: Name | msgspec.UnsetType = msgspec.UNSET
    email: Email | msgspec.UnsetType | None = msgspec.UNSET
    phone: Phone | msgspec.UnsetType | None = msgspec.UNSET
    accept_unassigned_number: bool = False


class CustomerQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to find customers by: an address, or a part of what they have. ``limit`` and ``cursor`` are for ``q``."""

    address: (
        Annotated[str, msgspec.Meta(min_length=3, max_length=320, description="An email address or phone number.")]
        | None
    ) = None
    q: Annotated[
        str,
        msgspec.Meta(
            max_length=200, description="Part of a name, an ID, an email address or a phone number, in any case."
        ),
    ] = ""
    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = _DEFAULT_LIMIT
    cursor: str | None = None


class CustomerList(msgspec.Struct, frozen=True):
    """The customers that were found. With ``q`` they are in pages, by ID.

    A page can have fewer customers than ``limit``, even none, and be followed by others. ``next_cursor`` is null on the
    last page.
    """

    customers: tuple[CustomerSummary, ...]
    next_cursor: str | None = None


def find_customer(request: ApiRequest) -> ApiResponse:
    """Return a customer."""
    customer_id = _known_identifier(request)
    return _response(request, request.use_cases.manage_customers.find(request.account_id, customer_id))


def find_customers(request: ApiRequest) -> ApiResponse:
    """Return the customers that have an address, or a page of those that have a part of a text."""
    query = request.query(CustomerQuery)
    text = query.q.strip()
    if (query.address is None) == (not text):
        raise invalid_parameter("q", "must be given, or else 'address'")
    if query.address is None:
        return _search(request, query, text)
    address = query.address
    request.use_cases.request_limits.take(request.account_id, LimitedWork.SEARCHES)
    try:
        customers = request.use_cases.manage_customers.find_by_address(request.account_id, address)
    except InvalidInputError as error:
        raise invalid_parameter("address", error.message, error.suggestion) from None
    return ApiResponse(CustomerList(tuple(customer_summary(customer) for customer in customers)))


def _search(request: ApiRequest, query: CustomerQuery, text: str) -> ApiResponse:
    filters = msgspec.structs.replace(query, cursor=None, limit=_DEFAULT_LIMIT)
    after = read_cursor(query.cursor, request.account_id, filters) if query.cursor is not None else None
    request.use_cases.request_limits.take(request.account_id, LimitedWork.SEARCHES)
    found, next_key = request.use_cases.manage_customers.search(request.account_id, text, query.limit, after)
    cursor = make_cursor(next_key, request.account_id, filters) if next_key else None
    return ApiResponse(CustomerList(tuple(customer_summary(customer) for customer in found), cursor))


def replace_customer(request: ApiRequest) -> ApiResponse:
    """Create or replace a customer."""
    customer_id = request.path["customer_id"]
    if not is_identifier(customer_id):
        raise invalid_parameter("customer_id", IDENTIFIER_RULE)
    body = request.body(CustomerBody)
    _check_name(body.name)
    customer = _replacement(body, request)
    return _response(request, request.use_cases.manage_customers.replace(request.account_id, customer_id, customer))


def _replacement(body: CustomerBody, request: ApiRequest, country: str = "") -> CustomerChange:
    by = request.principal.name
    return CustomerChange(body.name, body.email, body.phone, body.accept_unassigned_number, country, by)


def replace_customers(request: ApiRequest) -> ApiResponse:
    """Create or replace customers."""
    body = request.body(_RawCustomersBody)
    if body.country is not None:
        check_country(body.country, "country")
    seen: set[str] = set()
    rows = parse_rows("customers", body.customers, lambda raw: _parse_row(raw, seen))
    results = iter(
        request.use_cases.manage_customers.replace_many(
            request.account_id,
            [
                (row.customer_id, _replacement(row, request, body.country or ""))
                for row in rows
                if isinstance(row, CustomerRow)
            ],
            dry_run=body.dry_run,
        )
    )

    def result_of(raw: object, row: CustomerRow | RowErrors) -> CustomerResult:
        if isinstance(row, tuple):
            return CustomerResult(text_in(raw, "customer_id"), CustomerOutcome.REFUSED, row)
        result = next(results)
        return CustomerResult(result.customer_id, result.outcome, row_errors(result.error), result.suggestion or None)

    return ApiResponse(CustomerResults(tuple(map(result_of, body.customers, rows))), acted=not body.dry_run)


def _parse_row(raw: object, seen: set[str]) -> CustomerRow:
    row = convert_item(raw, CustomerRow)
    _check_name(row.name)
    if row.customer_id in seen:
        raise invalid_body("customer_id", "is in the list more than once")
    seen.add(row.customer_id)
    return row


def update_customer(request: ApiRequest) -> ApiResponse:
    """Change a customer."""
    customer_id = _known_identifier(request)
    body = request.body(CustomerPatch)
    if all(value is msgspec.UNSET for value in (body.name, body.email, body.phone)):
        raise invalid_body("", "set at least one of 'name', 'email' and 'phone'")
    if isinstance(body.name, str):
        _check_name(body.name)
    change = CustomerChange(
        _change(body.name),
        _change(body.email),
        _change(body.phone),
        body.accept_unassigned_number,
        by=request.principal.name,
    )
    return _response(request, request.use_cases.manage_customers.update(request.account_id, customer_id, change))


def _known_identifier(request: ApiRequest) -> str:
    """Return the customer ID in the path; raises ProblemError (404) for one that no customer can have."""
    customer_id = request.path["customer_id"]
    if not is_identifier(customer_id):
        raise not_found("customer")
    return customer_id


def _change(value: str | msgspec.UnsetType | None) -> str | None:
    """Return a value for ``CustomerChange``: an empty text for null, which removes, and None for an omitted field."""
    return None if value is msgspec.UNSET else value or ""


def _check_name(name: str) -> None:
    if not name.strip() or not name.isprintable():
        raise invalid_body("name", "must contain visible characters and no control characters")


def _response(request: ApiRequest, state: CustomerState) -> ApiResponse:
    settings = request.settings
    ready = [item for item in state.ready if is_ready(item, request.now, settings.resend_by, settings.content_days)]
    return ApiResponse(customer_view(state.customer, ready))


_REFUSALS: Final = (HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT)

ROUTES = (
    Route(
        "GET", "/customers", Access.READ, find_customers, "Find customers", CustomerList,
        query=CustomerQuery, limit="Too many searches in a minute: `too_many_searches`.", tag="customers",
    ),
    Route(
        "PUT", "/customers", Access.ACT, replace_customers, "Create or replace up to 500 customers", CustomerResults,
        body=CustomersBody, tag="customers",
    ),
    Route(
        "GET", "/customers/{customer_id}", Access.READ, find_customer, "Get a customer", CustomerView,
        refusals=_REFUSALS[:1], tag="customers",
    ),
    Route(
        "PUT", "/customers/{customer_id}", Access.ACT, replace_customer, "Create or replace a customer", CustomerView,
        body=CustomerBody, refusals=_REFUSALS[1:], tag="customers",
    ),
    Route(
        "PATCH", "/customers/{customer_id}", Access.ACT, update_customer, "Update a customer", CustomerView,
        body=CustomerPatch, refusals=_REFUSALS, tag="customers",
    ),
)  # fmt: skip
