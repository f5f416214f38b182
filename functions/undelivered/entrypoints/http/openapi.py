"""The OpenAPI document, from the table of routes."""

import re
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from inspect import cleandoc
from typing import Any, Final

import msgspec

from undelivered import __version__
from undelivered.entrypoints.http.errors import PROBLEM_TYPE, Problem
from undelivered.entrypoints.http.parsing import Identifier
from undelivered.entrypoints.http.route import JSON_TYPE, REQUEST_ID_HEADER, Access, NoQuery, Route

_SCHEMA_PATH: Final = "#/components/schemas/{name}"
_PARAMETER: Final = re.compile(r"{(\w+)}")
_HEADERS: Final = {REQUEST_ID_HEADER: {"$ref": "#/components/headers/RequestId"}}
"""The headers of every response."""
_TEXT: Final = {"type": "string", "minLength": 1}
_IDENTIFIERS: Final = dict.fromkeys(("customer_id", "notification_id"), msgspec.json.schema(Identifier))
"""The schemas of the path parameters that are IDs of the host application."""


def document(routes: Iterable[Route]) -> dict[str, Any]:
    """Return the OpenAPI 3.1 document of routes."""
    table = tuple(routes)
    schemas = {schema for route in table for schema in (route.response, route.body) if schema} | {Problem}
    ordered = sorted(schemas, key=lambda schema: schema.__name__)
    _, components = msgspec.json.schema_components(ordered, ref_template=_SCHEMA_PATH)
    paths: dict[str, dict[str, Any]] = {}
    for route in table:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route)
    for schema in components.values():
        if "description" in schema:
            schema["description"] = cleandoc(schema["description"])
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Undelivered",
            "version": __version__,
            "description": "Find undelivered notifications, see why they failed, correct the contact and resend.",
        },
        "paths": paths,
        "components": {
            "schemas": components,
            "responses": {"Problem": _content(PROBLEM_TYPE, Problem, "What went wrong (RFC 9457)")},
            "headers": {"RequestId": {"description": "The request's ID in the logs.", "schema": {"type": "string"}}},
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "JWT",
                    "description": "A Cognito token: a user's ID token, or the host application's access token "
                    "with the scope undelivered/host and the header X-Account-Id.",
                }
            },
        },
    }


def _operation(route: Route) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": route.name,
        "summary": route.summary,
        "tags": [route.tag],
        "parameters": [*_path_parameters(route), *_query_parameters(route), *_header_parameters(route)],
        "responses": _responses(route),
        "security": [] if route.access is Access.PUBLIC else [{"token": []}],
    }
    if route.body:
        body = {"content": {JSON_TYPE: {"schema": _reference(route.body)}}, "required": route.body_required}
        operation["requestBody"] = body
    return operation


def _responses(route: Route) -> dict[str, Any]:
    content = (
        _content(JSON_TYPE, route.response, route.status.phrase)
        if route.response
        else {"description": "The document", "headers": _HEADERS}
    )
    usual = {HTTPStatus.BAD_REQUEST, HTTPStatus.INTERNAL_SERVER_ERROR, HTTPStatus.SERVICE_UNAVAILABLE}
    usual.add(HTTPStatus.TOO_MANY_REQUESTS)
    if route.access is not Access.PUBLIC:
        usual |= {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}
    if route.body:
        usual |= {HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.UNSUPPORTED_MEDIA_TYPE}
    problems = {str(status.value): {"$ref": "#/components/responses/Problem"} for status in {*usual, *route.refusals}}
    pages = {
        str(status.value): {"description": status.phrase, "content": {"text/html": {"schema": {"type": "string"}}}}
        for status in route.pages
    }
    return {str(route.status.value): content, **dict(sorted({**problems, **pages}.items()))}


def _content(content_type: str, schema: type[msgspec.Struct], description: str) -> dict[str, Any]:
    return {"description": description, "headers": _HEADERS, "content": {content_type: {"schema": _reference(schema)}}}


def _reference(schema: type[msgspec.Struct]) -> dict[str, str]:
    return {"$ref": _SCHEMA_PATH.format(name=schema.__name__)}


def _path_parameters(route: Route) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": _IDENTIFIERS.get(name, _TEXT)}
        for name in _PARAMETER.findall(route.path)
    ]


def _query_parameters(route: Route) -> list[dict[str, Any]]:
    if route.query is NoQuery:
        return []
    _, components = msgspec.json.schema_components([route.query], ref_template=_SCHEMA_PATH)
    schema = components[route.query.__name__]
    required = schema.get("required", [])
    return [
        _query_parameter(name, _inlined(shape, components), required=name in required)
        for name, shape in schema["properties"].items()
    ]


def _query_parameter(name: str, shape: Mapping[str, Any], *, required: bool) -> dict[str, Any]:
    parameter = {"name": name, "in": "query", "required": required, "schema": _without_null(shape)}
    if shape.get("type") == "array":
        # A single parameter with values separated by commas.
        parameter |= {"style": "form", "explode": False}
    return parameter


def _inlined(shape: Any, components: Mapping[str, Any]) -> Any:  # noqa: ANN401 - JSON
    """Return a schema with its references replaced by what they refer to."""
    if isinstance(shape, dict):
        if "$ref" in shape:
            return _inlined(components[shape["$ref"].rpartition("/")[2]], components)
        return {name: _inlined(part, components) for name, part in shape.items() if name != "title"}
    if isinstance(shape, list):
        return [_inlined(part, components) for part in shape]
    return shape


def _without_null(shape: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schema of a parameter without null: a query parameter is omitted, never null."""
    kept = {name: part for name, part in shape.items() if not (name == "default" and part is None)}
    choices = [part for part in kept.get("anyOf", []) if part != {"type": "null"}]
    if len(choices) == 1:
        del kept["anyOf"]
        return {**choices[0], **kept}
    if kept.get("type") == "array" and not kept.get("default"):
        kept.pop("default", None)
    return kept


def _header_parameters(route: Route) -> list[dict[str, Any]]:
    described = dict(route.headers)
    if route.access is not Access.PUBLIC:
        described["X-Account-Id"] = "The account ID. Required for the host application, ignored for users."
    return [
        {"name": name, "in": "header", "required": False, "description": text, "schema": {"type": "string"}}
        for name, text in described.items()
    ]
