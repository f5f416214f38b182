"""A customer says that messages are wanted again."""

from http import HTTPStatus

import msgspec

from undelivered.domain.errors import RefusedError
from undelivered.domain.suppression import Suppression, SuppressionReason
from undelivered.domain.taxonomy import Channel
from undelivered.entrypoints.http.customers import manage_customers
from undelivered.entrypoints.http.problems import invalid_body, not_found
from undelivered.entrypoints.http.requests import is_identifier
from undelivered.entrypoints.http.resends import ConsentBody, consent_of
from undelivered.entrypoints.http.routing import Access, Answer, Call, Route
from undelivered.entrypoints.http.suppressions import manage_suppressions
from undelivered.entrypoints.http.views import SuppressionView, suppression_view
from undelivered.services.manage_suppressions import NEEDS_CONSENT


class OptInBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A consent, for one channel or, without one, for all of the customer's contacts."""

    consent: ConsentBody
    channel: Channel | None = None


class OptInView(msgspec.Struct, frozen=True):
    """The suppressions that the consent lifted."""

    lifted: tuple[SuppressionView, ...]


def opt_in(call: Call) -> Answer:
    """Record a consent: unsubscriptions and opt-outs of the customer's contacts end."""
    if not is_identifier(call.path["customer_id"]):
        raise not_found("customer")
    body = call.body(OptInBody)
    consent = consent_of(body.consent, call.now)
    customer = manage_customers(call.services).find(call.account_id, call.path["customer_id"]).customer
    channels = [body.channel] if body.channel else list(Channel)
    contacts = [(channel, customer.contact(channel)) for channel in channels if customer.contact(channel)]
    if not contacts:
        raise invalid_body("channel", "the customer has no contact there")
    found = [call.services.suppressions.find(call.account_id, channel, contact) for channel, contact in contacts]
    active = [one for one in found if one and one.active]
    _check_no_complaint(active)
    manage = manage_suppressions(call.services)
    lifted = [
        manage.lift(
            call.account_id, one.channel, one.address, by=call.principal.name, why="opt-in recorded", consent=consent
        )
        for one in active
        if one.reason in NEEDS_CONSENT
    ]
    return Answer(OptInView(tuple(suppression_view(one) for one in lifted)))


def _check_no_complaint(active: list[Suppression]) -> None:
    if any(one.reason is SuppressionReason.COMPLAINT for one in active):
        raise RefusedError(
            "suppression_blocked_by_complaint",
            "The customer marked a message as spam. This cannot be lifted; reach them by another way.",
        )


ROUTES = (
    Route(
        "POST", "/customers/{customer_id}/opt-in", Access.ACT, opt_in, "Record a consent", OptInView,
        body=OptInBody, refusals=(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT, HTTPStatus.BAD_GATEWAY), tag="customers",
    ),
)  # fmt: skip
