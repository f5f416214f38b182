"""Diagnostics without a known reason: list them by shape, and map a shape to a reason."""

from http import HTTPStatus
from typing import Annotated, Final

import msgspec

from undelivered.domain.diagnostic_shape import shape_id
from undelivered.domain.identifiers import timestamp
from undelivered.domain.unrecognised import MAPPABLE_REASONS, ranked_receivers
from undelivered.entrypoints.http.route import Access, ApiRequest, ApiResponse, Route
from undelivered.entrypoints.http.schemas.audit import AuditView, audit_views
from undelivered.services.manage_diagnostics import KnownShape

_MAX_RECEIVERS: Final = 10
_Why = Annotated[str, msgspec.Meta(max_length=500)]


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
    first_seen: str | None
    last_seen: str | None
    reason: str | None
    audit: tuple[AuditView, ...]


class ShapeList(msgspec.Struct, frozen=True):
    """The shapes of the past 30 days, the most frequent first, then other shapes that are or were mapped.

    The counts come from the 50 most frequent shapes of each day (UTC).
    """

    shapes: tuple[ShapeView, ...]


class MapShapeBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The reason of failures with this shape from now on, and why."""

    reason: Annotated[str, msgspec.Meta(extra_json_schema={"enum": sorted(MAPPABLE_REASONS)})]
    why: _Why = ""


class UnmapShapeBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why the mapping of a shape is removed."""

    why: _Why = ""


def list_unrecognised(request: ApiRequest) -> ApiResponse:
    """Return the shapes of diagnostics without a known reason."""
    shapes = request.use_cases.manage_diagnostics.known_shapes(request.account_id)
    return ApiResponse(ShapeList(tuple(_view(known) for known in shapes)))


def map_shape(request: ApiRequest) -> ApiResponse:
    """Map a shape to a reason."""
    body = request.body(MapShapeBody)
    known = request.use_cases.manage_diagnostics.map_shape(
        request.account_id, request.path["shape_id"], body.reason, by=request.principal.name, why=body.why.strip()
    )
    return ApiResponse(_view(known))


def unmap_shape(request: ApiRequest) -> ApiResponse:
    """Remove the mapping of a shape."""
    body = request.body(UnmapShapeBody)
    known = request.use_cases.manage_diagnostics.unmap_shape(
        request.account_id, request.path["shape_id"], by=request.principal.name, why=body.why.strip()
    )
    return ApiResponse(_view(known))


def _view(known: KnownShape) -> ShapeView:
    failures, mapping = known.failures, known.mapping
    receivers = ranked_receivers(failures.receivers)[:_MAX_RECEIVERS] if failures else []
    return ShapeView(
        id=shape_id(known.shape),
        shape=known.shape,
        count=failures.count if failures else 0,
        receivers=tuple(ReceiverCount(domain, number) for domain, number in receivers),
        first_seen=timestamp(failures.first_seen) if failures else None,
        last_seen=timestamp(failures.last_seen) if failures else None,
        reason=mapping.reason if mapping else None,
        audit=audit_views(mapping.audit) if mapping else (),
    )


_REFUSALS: Final = (HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT)
_PATH: Final = "/diagnostics/{shape_id}"

ROUTES = (
    Route(
        "GET", "/diagnostics/unrecognised", Access.READ, list_unrecognised, "List diagnostics without a known reason",
        ShapeList, tag="diagnostics",
    ),
    Route(
        "PUT", _PATH, Access.ACT, map_shape, "Map a diagnostic to a reason", ShapeView,
        body=MapShapeBody, refusals=_REFUSALS, tag="diagnostics",
    ),
    Route(
        "DELETE", _PATH, Access.ACT, unmap_shape, "Remove the mapping of a diagnostic", ShapeView,
        body=UnmapShapeBody, body_required=False, refusals=_REFUSALS, tag="diagnostics",
    ),
)  # fmt: skip
