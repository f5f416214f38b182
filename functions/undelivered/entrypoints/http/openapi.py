"""The OpenAPI document, from the table of routes."""

import re
from collections.abc import Iterable, Mapping, Sequence
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
_LIMIT_HEADERS: Final = {
    **_HEADERS,
    "Retry-After": {"description": "Seconds until the next request can succeed.", "schema": {"type": "integer"}},
}
_TEXT: Final = {"type": "string", "minLength": 1}
_IDENTIFIERS: Final = dict.fromkeys(("customer_id", "notification_id"), msgspec.json.schema(Identifier))
"""The schemas of the path parameters that are IDs of the host application."""


_TAGS: Final = {
    "report": "The report: how many notifications are undelivered, which, and why.",
    "act": "What managers do about an item: resend, dismiss, restore.",
    "customers": "Customers and their contacts.",
    "suppressions": "Addresses and numbers that get no messages.",
    "settings": "The settings of an account.",
    "people": "The people of the account, for its managers.",
    "setup": "How far an account is set up, and whether feedback arrives.",
    "webhooks": "HTTPS endpoints that receive the account's events.",
    "incidents": "Many failures by our own fault at one receiving system: the course, and what to do.",
    "diagnostics": "Replies of receiving servers that have no known reason.",
    "host": "For the host application: hand over notifications.",
    "embedding": "For the host application: the console and its badge inside the host's own pages.",
    "unsubscribe": "Pages that the customers themselves see.",
    "system": "The API itself.",
}
"""The groups of routes."""


def document(routes: Iterable[Route], server: str = ".") -> dict[str, Any]:
    """Return the OpenAPI 3.1 document of routes.

    ``server`` is the URL of the API. By default it is the folder that the document is in.
    """
    table = tuple(routes)
    paths: dict[str, dict[str, Any]] = {}
    schemas, response_names = _schemas(table)
    for route in table:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, response_names)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Undelivered",
            "version": __version__,
            "description": "Find undelivered notifications, see why they failed, correct the contact and resend.",
            "license": {"name": "Apache License 2.0", "identifier": "Apache-2.0"},
            "contact": {"name": "The operator of this installation"},
        },
        "servers": [{"url": server}],
        "tags": [{"name": name, "description": text} for name, text in _TAGS.items()],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "responses": {"Problem": _content(PROBLEM_TYPE, Problem.__name__, "What went wrong (RFC 9457)")},
            "headers": {"RequestId": {"description": "The request's ID in the logs.", "schema": {"type": "string"}}},
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "JWT",
                    "description": "A Cognito token: a user's ID token, or the host application's access token "
                    "with the scope undelivered/host and the header X-Account-Id. Or an embed token.",
                }
            },
        },
    }


def _schemas(table: Sequence[Route]) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the schemas of all bodies and responses by name, and the other names that some have in responses.

    A field with a default can be omitted in a request and is always in a response. So a schema of both is described
    twice: in responses, its name ends in ``View``.
    """
    queries = {route.query for route in table}
    requests = _described({route.body for route in table if route.body} | queries)
    for query in queries:
        del requests[query.__name__]  # described as parameters; here are the schemas that they refer to
    responses = _described({route.response for route in table if route.response} | {Problem})
    for schema in requests.values():
        _allow_omissions(schema)
    for schema in responses.values():
        _require_all(schema)
    names: dict[str, str] = {}
    while different := {name for name in requests.keys() & responses.keys() if requests[name] != responses[name]}:
        names |= {name: f"{name}View" for name in different}
        responses = {names.get(name, name): _renamed(schema, names) for name, schema in responses.items()}
    return dict(sorted({**requests, **responses}.items())), names


def _described(schemas: set[type[msgspec.Struct]]) -> dict[str, Any]:
    ordered = sorted(schemas, key=lambda schema: schema.__name__)
    _, components = msgspec.json.schema_components(ordered, ref_template=_SCHEMA_PATH)
    for schema in components.values():
        del schema["title"]  # the name again, from which generators of clients would take a class's name
        if "description" in schema:
            schema["description"] = _markdown(schema["description"])
    return components


def _markdown(docstring: str) -> str:
    return cleandoc(docstring).replace("``", "`")


def _allow_omissions(schema: dict[str, Any]) -> None:
    """Describe the defaults in words. For some generators of clients, a field with a default is never omitted."""
    for name, field in schema.get("properties", {}).items():
        default = field.pop("default", None)
        if isinstance(default, bool | int) or (default and isinstance(default, str)):
            text = f"Default: {msgspec.json.encode(default).decode()}."
            # A description beside a reference is allowed since OpenAPI 3.1.
            schema["properties"][name] = {
                **field,
                "description": " ".join(filter(None, (field.get("description"), text))),
            }


def _require_all(schema: dict[str, Any]) -> None:
    """Require each field with a default: only UNSET fields are omitted, and these have none."""
    properties = schema.get("properties", {})
    required = set(schema.get("required", ())) | {name for name, field in properties.items() if "default" in field}
    for field in properties.values():
        field.pop("default", None)
    if required:
        schema["required"] = [name for name in properties if name in required]


def _renamed(shape: Any, names: Mapping[str, str]) -> Any:  # noqa: ANN401 - JSON
    """Return a schema that refers to others by their new names."""
    if isinstance(shape, dict):
        return {
            key: _SCHEMA_PATH.format(name=names.get(name := part.rpartition("/")[2], name))
            if key == "$ref"
            else _renamed(part, names)
            for key, part in shape.items()
        }
    return [_renamed(part, names) for part in shape] if isinstance(shape, list) else shape


def _operation(route: Route, response_names: Mapping[str, str]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": route.name,
        "summary": route.summary,
        "description": _markdown(route.handle.__doc__ or ""),
        "tags": [route.tag],
        "parameters": [*_path_parameters(route), *_query_parameters(route), *_header_parameters(route)],
        "responses": _responses(route, response_names),
        "security": [] if route.access is Access.PUBLIC else [{"token": []}],
    }
    if route.body:
        body = {"content": {JSON_TYPE: {"schema": _reference(route.body.__name__)}}, "required": route.body_required}
        operation["requestBody"] = body
    return operation


def _responses(route: Route, names: Mapping[str, str]) -> dict[str, Any]:
    content = (
        _content(JSON_TYPE, names.get(route.response.__name__, route.response.__name__), route.status.phrase)
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
    limited = {}
    if route.limit:
        limited = {"429": _content(PROBLEM_TYPE, Problem.__name__, route.limit) | {"headers": _LIMIT_HEADERS}}
    return {str(route.status.value): content, **dict(sorted({**problems, **pages, **limited}.items()))}


def _content(content_type: str, schema: str, description: str) -> dict[str, Any]:
    return {"description": description, "headers": _HEADERS, "content": {content_type: {"schema": _reference(schema)}}}


def _reference(schema: str) -> dict[str, str]:
    return {"$ref": _SCHEMA_PATH.format(name=schema)}


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
    return [_query_parameter(name, shape, required=name in required) for name, shape in schema["properties"].items()]


def _query_parameter(name: str, shape: Mapping[str, Any], *, required: bool) -> dict[str, Any]:
    parameter = {"name": name, "in": "query", "required": required, "schema": _without_null(shape)}
    if shape.get("type") == "array":
        text = "Repeat the parameter for several values, or separate them by commas."
        parameter |= {"description": text, "style": "form", "explode": True}
    return parameter


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
