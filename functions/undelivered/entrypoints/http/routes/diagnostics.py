"""Diagnostics without a known reason: list them by shape, and map a shape to a reason."""

from http import HTTPStatus
from typing import Annotated, Final

import msgspec

from undelivered.domain.unrecognised import MAPPABLE_REASONS
from undelivered.entrypoints.http.route import Access, ApiRequest, ApiResponse, Route
from undelivered.entrypoints.http.schemas.diagnostics import ShapeView, shape_view

_Why = Annotated[str, msgspec.Meta(max_length=500)]


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
    return ApiResponse(ShapeList(tuple(shape_view(known) for known in shapes)))


def map_shape(request: ApiRequest) -> ApiResponse:
    """Map a shape to a reason."""
    body = request.body(MapShapeBody)
    known = request.use_cases.manage_diagnostics.map_shape(
        request.account_id, request.path["shape_id"], body.reason, by=request.principal.name, why=body.why.strip()
    )
    return ApiResponse(shape_view(known))


def unmap_shape(request: ApiRequest) -> ApiResponse:
    """Remove the mapping of a shape."""
    body = request.body(UnmapShapeBody)
    known = request.use_cases.manage_diagnostics.unmap_shape(
        request.account_id, request.path["shape_id"], by=request.principal.name, why=body.why.strip()
    )
    return ApiResponse(shape_view(known))


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
