"""Ask customers to correct a contact themselves."""

from http import HTTPStatus

import msgspec

from undelivered.domain.language import Language
from undelivered.domain.taxonomy import Channel
from undelivered.entrypoints.http.errors import not_found
from undelivered.entrypoints.http.parsing import is_identifier
from undelivered.entrypoints.http.route import Access, ApiRequest, ApiResponse, Route
from undelivered.entrypoints.http.schemas.contact_requests import (
    ContactRequestList,
    ContactRequestView,
    contact_request_view,
)


class ContactRequestBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The channel of the contact that does not work. The customer is asked by the other channel.

    Without a ``language``, the message is in the account's language.
    """

    channel: Channel
    language: Language | None = None


def ask_for_contact(request: ApiRequest) -> ApiResponse:
    """Ask a customer by the other channel to correct a contact. While a request is open, it is returned again."""
    customer_id = _customer_id(request)
    body = request.body(ContactRequestBody)
    use_cases = request.use_cases
    asked = use_cases.ask_for_contact(
        request.account_id, customer_id, body.channel, by=request.principal.name, language=body.language
    )
    customer = use_cases.manage_customers.find(request.account_id, customer_id).customer
    return ApiResponse(contact_request_view(asked, request.now, customer), HTTPStatus.ACCEPTED)


def list_contact_requests(request: ApiRequest) -> ApiResponse:
    """Return the requests to a customer to correct a contact, for 90 days."""
    customer_id = _customer_id(request)
    customer = request.use_cases.manage_customers.find(request.account_id, customer_id).customer
    asked = request.use_cases.contact_requests.of_customer(request.account_id, customer_id)
    return ApiResponse(ContactRequestList(tuple(contact_request_view(each, request.now, customer) for each in asked)))


def undo_correction(request: ApiRequest) -> ApiResponse:
    """Undo the correction of a contact by the customer: the contact from before comes back."""
    customer_id = _customer_id(request)
    undone = request.use_cases.undo_correction(
        request.account_id, customer_id, request.path["request_id"], by=request.principal.name
    )
    customer = request.use_cases.manage_customers.find(request.account_id, customer_id).customer
    return ApiResponse(contact_request_view(undone, request.now, customer))


def _customer_id(request: ApiRequest) -> str:
    customer_id = request.path["customer_id"]
    if not is_identifier(customer_id):
        raise not_found("customer")
    return customer_id


_PATH = "/customers/{customer_id}/contact-requests"

ROUTES = (
    Route(
        "GET", _PATH, Access.READ, list_contact_requests, "List the requests to correct a contact", ContactRequestList,
        refusals=(HTTPStatus.NOT_FOUND,), tag="customers",
    ),
    Route(
        "POST", _PATH, Access.ACT, ask_for_contact, "Ask a customer to correct a contact", ContactRequestView,
        status=HTTPStatus.ACCEPTED, body=ContactRequestBody,
        refusals=(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT), tag="customers",
    ),
    Route(
        "POST", _PATH + "/{request_id}/undo", Access.ACT, undo_correction, "Undo the correction of a contact",
        ContactRequestView, refusals=(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT), tag="customers",
    ),
)  # fmt: skip
