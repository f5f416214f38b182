"""``GET /openapi.json``: the OpenAPI document of the API."""

from collections.abc import Sequence
from functools import cache

import msgspec

from undelivered.entrypoints.http.route import Access, ApiRequest, ApiResponse, Route


def openapi_route(routes: Sequence[Route]) -> Route:
    """Return the route of a document that describes the given routes and itself."""

    @cache
    def document_text(server: str) -> str:
        from undelivered.entrypoints.http.openapi import document

        return msgspec.json.encode(document((*routes, route), server)).decode()

    def show_openapi(request: ApiRequest) -> ApiResponse:
        """Return the OpenAPI 3.1 document of this installation. Clients can be generated from it."""
        return ApiResponse(document_text(request.api_url or "."), headers={"Cache-Control": "public, max-age=300"})

    route = Route("GET", "/openapi.json", Access.PUBLIC, show_openapi, "Get this document", tag="system")
    return route
