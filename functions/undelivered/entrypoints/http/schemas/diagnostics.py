"""Shapes of diagnostics in responses."""

from typing import Final

import msgspec

from undelivered.domain.diagnostic_shape import shape_id
from undelivered.domain.taxonomy import Reason
from undelivered.domain.unrecognised import ranked_receivers
from undelivered.entrypoints.http.schemas.audit import AuditView, Time, audit_views, optional_timestamp
from undelivered.services.manage_diagnostics import KnownShape

_MAX_RECEIVERS: Final = 10


class ReceiverCount(msgspec.Struct, frozen=True):
    """The number of failures at a domain."""

    domain: str
    count: int


class ShapeView(msgspec.Struct, frozen=True):
    """The shape of a diagnostic: its wording without addresses, hosts, numbers and IDs.

    ``count`` is the number of failures in the past 30 days that had no known reason, and ``receivers`` the domains with
    the most of them. Text messages have no receivers. ``reason`` is what the account maps the shape to, and ``audit``
    has every change of that.
    """

    id: str
    shape: str
    count: int
    receivers: tuple[ReceiverCount, ...]
    first_seen: Time | None
    last_seen: Time | None
    reason: Reason | None
    audit: tuple[AuditView, ...]


def shape_view(known: KnownShape) -> ShapeView:
    """Return a shape."""
    failures, mapping = known.failures, known.mapping
    receivers = ranked_receivers(failures.receivers)[:_MAX_RECEIVERS] if failures else []
    return ShapeView(
        id=shape_id(known.shape),
        shape=known.shape,
        count=failures.count if failures else 0,
        receivers=tuple(ReceiverCount(domain, number) for domain, number in receivers),
        first_seen=optional_timestamp(failures.first_seen if failures else None),
        last_seen=optional_timestamp(failures.last_seen if failures else None),
        reason=mapping.reason if mapping else None,
        audit=audit_views(mapping.audit) if mapping else (),
    )
