"""Suppressions in responses."""

import msgspec

from undelivered.domain.identifiers import timestamp
from undelivered.domain.suppression import Lift, ProviderEntry, Suppression, SuppressionReason
from undelivered.domain.taxonomy import Channel
from undelivered.entrypoints.http.schemas.audit import AuditView, Time, audit_views, optional_timestamp


class SuppressionView(msgspec.Struct, frozen=True):
    """A suppressed address and the reason. ``lifted_at`` is when it was last lifted.

    With a ``category``, only its messages are suppressed. ``erased`` is true for an address of an erased customer.
    Lists do not show it, but a request for it does.
    """

    channel: Channel
    address: str | None
    reason: SuppressionReason
    active: bool
    since: Time
    lifted_at: Time | None
    audit: tuple[AuditView, ...]
    erased: bool
    category: str | None


class LiftedSuppressionView(SuppressionView, frozen=True):
    """A lifted suppression.

    ``provider_entry`` is ``removed``, or ``kept`` if the address stays on the provider's list because another account
    also suppresses it. The provider then still drops messages to it.
    """

    provider_entry: ProviderEntry


def lift_view(lift: Lift) -> LiftedSuppressionView:
    """Return a lifted suppression."""
    return LiftedSuppressionView(
        **msgspec.structs.asdict(suppression_view(lift.suppression)), provider_entry=lift.provider_entry
    )


def suppression_view(suppression: Suppression) -> SuppressionView:
    """Return a suppression."""
    return SuppressionView(
        channel=suppression.channel,
        address=suppression.address or None,
        reason=suppression.reason,
        active=suppression.active,
        since=timestamp(suppression.since),
        lifted_at=optional_timestamp(suppression.lifted_at),
        audit=audit_views(suppression.audit),
        erased=bool(suppression.address_hash),
        category=suppression.category or None,
    )
