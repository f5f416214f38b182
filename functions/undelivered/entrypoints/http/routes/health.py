"""``GET /health``."""

import msgspec

from undelivered.entrypoints.http.route import Access, ApiRequest, ApiResponse, Route


class Health(msgspec.Struct, frozen=True):
    """The state of the API."""

    status: str


def health(_request: ApiRequest) -> ApiResponse:
    """Return that the API is running. Checks nothing that the API depends on."""
    return ApiResponse(Health("ok"))


ROUTES = (Route("GET", "/health", Access.PUBLIC, health, "Check that the API is running", Health, tag="system"),)
