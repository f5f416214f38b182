"""Requests to customers to correct a contact, in responses."""

from datetime import datetime

import msgspec

from undelivered.domain.contact_request import ContactRequest, ContactRequestState, other_channel
from undelivered.domain.customer import Customer
from undelivered.domain.identifiers import item_id, timestamp
from undelivered.domain.taxonomy import Channel
from undelivered.entrypoints.http.schemas.audit import Time, optional_timestamp


class ContactRequestView(msgspec.Struct, frozen=True):
    """A request to a customer to correct the contact of a channel, and what became of it.

    It is sent to the customer's other contact, ``to``, about an item, at ``sends_at``: after quiet hours. ``codes`` is
    how many codes were sent to new contacts, to prove them. ``settled_at`` is when the customer corrected the
    contact, or said that they are not the customer.
    """

    id: str
    channel: Channel
    failed_contact: str
    asked_by_channel: Channel
    to: str
    item_id: str
    asked_at: Time
    asked_by: str
    sends_at: Time
    expires_at: Time
    state: ContactRequestState
    codes: int
    corrected_to: str | None
    settled_at: Time | None
    undone_at: Time | None
    undone_by: str | None


class ContactRequestList(msgspec.Struct, frozen=True):
    """The requests to a customer, oldest first."""

    contact_requests: tuple[ContactRequestView, ...]


def contact_request_view(request: ContactRequest, now: datetime, customer: Customer | None) -> ContactRequestView:
    """Return a request. ``customer`` is the customer as it is now."""
    return ContactRequestView(
        id=request.request_id,
        channel=request.channel,
        failed_contact=request.failed_contact,
        asked_by_channel=other_channel(request.channel),
        to=request.to,
        item_id=item_id(request.entry_key),
        asked_at=timestamp(request.asked_at),
        asked_by=request.by,
        sends_at=timestamp(request.send_at),
        expires_at=timestamp(request.expires_at),
        state=request.state_at(now, customer),
        codes=request.codes,
        corrected_to=request.corrected_to or None,
        settled_at=optional_timestamp(request.settled_at),
        undone_at=optional_timestamp(request.undone_at),
        undone_by=request.undone_by or None,
    )
