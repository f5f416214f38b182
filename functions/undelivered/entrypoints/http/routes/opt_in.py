"""A customer says that messages are wanted again."""

from http import HTTPStatus

import msgspec

from undelivered.domain.customer import Customer
from undelivered.domain.errors import RefusedError
from undelivered.domain.suppression import Suppression, SuppressionReason
from undelivered.domain.taxonomy import Channel
from undelivered.entrypoints.http.errors import invalid_body, not_found
from undelivered.entrypoints.http.parsing import is_identifier
from undelivered.entrypoints.http.router import Access, Answer, Call, Route
from undelivered.entrypoints.http.routes.customers import manage_customers
from undelivered.entrypoints.http.routes.resends import ConsentBody, consent_of
from undelivered.entrypoints.http.schemas import SuppressionView, suppression_view
from undelivered.services.record_consent import RecordConsent, opt_out_of


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
    if not contacts or consent is None:
        raise invalid_body("channel", "the customer has no contact for this channel")
    services = call.services
    found = [services.suppressions.find(call.account_id, channel, contact) for channel, contact in contacts]
    _check_no_complaint([one for one in found if one and one.active])
    honour = RecordConsent(services.customers, services.suppressions, services.provider_suppressions, services.clock)
    reported = _reported_opt_outs(call, customer)
    lifted = [
        honour(
            customer,
            channel,
            consent,
            by=call.principal.name,
            why="opt-in recorded",
            reported=reported.get((channel, contact)),
        )
        for channel, contact in contacts
    ]
    return Answer(OptInView(tuple(suppression_view(one) for one in lifted if one)))


def _reported_opt_outs(call: Call, customer: Customer) -> dict[tuple[Channel, str], Suppression]:
    """Return the opt-outs that items of the customer tell of, the latest of each contact."""
    items = call.services.undelivered.live_items_of_customer(call.account_id, customer.customer_id)
    told = sorted(filter(None, map(opt_out_of, items)), key=lambda one: one.since)
    return {(one.channel, one.address): one for one in told}


def _check_no_complaint(active: list[Suppression]) -> None:
    if any(one.reason is SuppressionReason.COMPLAINT for one in active):
        raise RefusedError(
            "suppression_blocked_by_complaint",
            "The customer marked a message as spam. You cannot lift this. Contact them another way.",
        )


ROUTES = (
    Route(
        "POST", "/customers/{customer_id}/opt-in", Access.ACT, opt_in, "Record a consent", OptInView,
        body=OptInBody, refusals=(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT, HTTPStatus.BAD_GATEWAY), tag="customers",
    ),
)  # fmt: skip
