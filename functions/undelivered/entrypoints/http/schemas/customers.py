"""Customers in responses."""

from collections.abc import Sequence
from typing import Annotated

import msgspec

from undelivered.domain.customer import Customer, RecordedConsent
from undelivered.domain.identifiers import item_id, timestamp
from undelivered.domain.item import UndeliveredItem
from undelivered.domain.taxonomy import Channel
from undelivered.entrypoints.http.schemas.audit import AuditView, Time, audit_views, optional_timestamp


class CustomerSummary(msgspec.Struct, frozen=True):
    """A customer, and when each contact last changed and by whom."""

    id: str
    name: str
    email: str | None
    phone: str | None
    email_changed_at: Time | None
    phone_changed_at: Time | None
    email_changed_by: str | None
    phone_changed_by: str | None


class ConsentView(msgspec.Struct, frozen=True):
    """A customer's consent to get messages again, and who recorded it when."""

    channel: Channel
    contact: str
    given_by: str
    how: str
    at: Time
    recorded_by: str
    recorded_at: Time


class FollowUpView(msgspec.Struct, frozen=True):
    """What people arranged about a customer: a note, who looks after the customer, and the day to look again.

    ``audit`` has its latest changes, oldest first.
    """

    note: str | None
    owner: str | None
    look_again_on: Annotated[str, msgspec.Meta(extra_json_schema={"format": "date"})] | None
    audit: tuple[AuditView, ...]


class CustomerView(CustomerSummary, frozen=True):
    """A customer with their consents and the IDs of items that can be resent because a contact changed since."""

    ready_to_resend: tuple[str, ...]
    consents: tuple[ConsentView, ...]
    follow_up: FollowUpView


def customer_summary(customer: Customer) -> CustomerSummary:
    """Return a customer without consents and items."""
    return CustomerSummary(
        id=customer.customer_id,
        name=customer.name,
        email=customer.email or None,
        phone=customer.phone or None,
        email_changed_at=optional_timestamp(customer.email_changed_at),
        phone_changed_at=optional_timestamp(customer.phone_changed_at),
        email_changed_by=customer.email_changed_by or None,
        phone_changed_by=customer.phone_changed_by or None,
    )


def customer_view(customer: Customer, ready: Sequence[UndeliveredItem]) -> CustomerView:
    """Return a customer with the items that are ready to be resent."""
    return CustomerView(
        **msgspec.structs.asdict(customer_summary(customer)),
        ready_to_resend=tuple(item_id(item.entry_key) for item in ready),
        consents=tuple(_consent_view(recorded) for recorded in customer.consents),
        follow_up=follow_up_view(customer),
    )


def follow_up_view(customer: Customer) -> FollowUpView:
    """Return the follow-up of a customer."""
    follow_up = customer.follow_up
    return FollowUpView(
        note=follow_up.note or None,
        owner=follow_up.owner or None,
        look_again_on=follow_up.look_again_on.isoformat() if follow_up.look_again_on else None,
        audit=audit_views(customer.follow_up_audit),
    )


def _consent_view(recorded: RecordedConsent) -> ConsentView:
    return ConsentView(
        channel=recorded.channel,
        contact=recorded.contact,
        given_by=recorded.consent.given_by,
        how=recorded.consent.how,
        at=timestamp(recorded.consent.at),
        recorded_by=recorded.by,
        recorded_at=timestamp(recorded.at),
    )
