"""Opt-ins: a customer consents to get messages again."""

from http import HTTPStatus

import msgspec

from undelivered.domain.taxonomy import Channel
from undelivered.entrypoints.http.consents import ConsentBody, consent_of
from undelivered.entrypoints.http.errors import not_found
from undelivered.entrypoints.http.parsing import is_identifier
from undelivered.entrypoints.http.route import Access, ApiRequest, ApiResponse, Route
from undelivered.entrypoints.http.schemas.suppressions import LiftedSuppressionView, lift_view


class OptInBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A consent for one channel, or for all of the customer's contacts without a channel."""

    consent: ConsentBody
    channel: Channel | None = None


class OptInView(msgspec.Struct, frozen=True):
    """The suppressions that the consent lifted."""

    lifted: tuple[LiftedSuppressionView, ...]


def opt_in(request: ApiRequest) -> ApiResponse:
    """Record a consent and end the customer's unsubscriptions and opt-outs."""
    customer_id = request.path["customer_id"]
    if not is_identifier(customer_id):
        raise not_found("customer")
    body = request.body(OptInBody)
    lifted = request.use_cases.opt_in(
        request.account_id,
        customer_id,
        consent_of(body.consent, request.now),
        channel=body.channel,
        by=request.principal.name,
    )
    return ApiResponse(OptInView(tuple(map(lift_view, lifted))))


ROUTES = (
    Route(
        "POST", "/customers/{customer_id}/opt-in", Access.ACT, opt_in, "Record a consent", OptInView,
        body=OptInBody, refusals=(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT, HTTPStatus.BAD_GATEWAY), tag="customers",
    ),
)  # fmt: skip
