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
        return ApiResponse(document_text(_api_url(request)), headers={"Cache-Control": "public, max-age=300"})

    route = Route("GET", "/openapi.json", Access.PUBLIC, show_openapi, "Get this document", tag="system")
    return route


def _api_url(request: ApiRequest) -> str:
    """Return the URL of the API, a relative one where API Gateway does not state its domain."""
    context = request.raw.context
    domain, path = context.get("domainName"), str(context.get("path", ""))
    return f"https://{domain}{path.removesuffix(request.raw.path)}" if domain else "."
