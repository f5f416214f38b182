"""Routes: one table says what there is, who may call it and what it takes; Chalice and OpenAPI read it.

Around every route: the caller is known, parameters are decoded, errors become problems, and the
answer carries the headers that keep browsers and proxies from storing or guessing.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from enum import Enum
from functools import partial
from http import HTTPStatus
from itertools import groupby
from typing import Any, Final, TypeVar

import msgspec
from chalice.app import Chalice, Request, Response
from msgspec import Struct, field

from undelivered.entrypoints.http.auth import Principal, Role, authenticate, authorize, token_verifier
from undelivered.entrypoints.http.errors import (
    PROBLEM_TYPE,
    ProblemError,
    invalid_parameter,
    not_found,
    problem_body,
    problem_of,
)
from undelivered.entrypoints.http.parsing import decode_body, decode_query, path_parameters
from undelivered.entrypoints.http.services import ApiServices
from undelivered.observability import logger

JSON_TYPE: Final = "application/json"
REQUEST_HEADER: Final = "X-Request-Id"
_Headers = dict[str, str | list[str]]

SECURITY_HEADERS: Mapping[str, str] = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}

_MAX_PATH_VALUE: Final = 512
"""Characters of an id or address in a path; no key of ours is longer, and DynamoDB takes none over a kilobyte."""

_PREFLIGHT: Mapping[str, str] = {
    "Access-Control-Allow-Headers": "Authorization, Content-Type, Idempotency-Key, X-Account-Id",
    "Access-Control-Max-Age": "600",
}

METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
"""Methods that every path answers: with a 405 where it has no route for them."""


class Access(Enum):
    """Who may call a route."""

    PUBLIC = frozenset[Role]()
    READ = frozenset({Role.VIEWER, Role.MANAGER, Role.HOST})
    ACT = frozenset({Role.MANAGER, Role.HOST})
    HOST = frozenset({Role.HOST})
    MANAGE = frozenset({Role.MANAGER})


class NoQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A route without query parameters."""


T = TypeVar("T", bound=msgspec.Struct)


class Call(Struct, frozen=True):
    """A request to a route. ``by`` is who calls; public routes have nobody."""

    services: ApiServices
    path: Mapping[str, str]
    by: Principal | None
    request: Request

    @property
    def now(self) -> datetime:
        """The present moment."""
        return self.services.clock()

    @property
    def principal(self) -> Principal:
        """The caller of a route that is not public."""
        assert self.by is not None
        return self.by

    @property
    def account_id(self) -> str:
        """The account that the call is about; from the token, never from a parameter."""
        return self.principal.account_id

    def query(self, form: type[T]) -> T:
        """Return the query parameters in their form; raises ProblemError."""
        return decode_query(_given_parameters(self.request), form)

    def body(self, form: type[T]) -> T:
        """Return the body in its form; raises ProblemError."""
        return decode_body(_raw_body(self.request), form)

    def header(self, name: str) -> str | None:
        """Return a header, whatever its case."""
        value = self.request.headers.get(name)
        return str(value) if value is not None else None


class Answer(Struct, frozen=True):
    """What a route answers. A body that is text goes out as it is, with the ``Content-Type`` in ``headers``."""

    body: msgspec.Struct | dict[str, Any] | str
    status: HTTPStatus = HTTPStatus.OK
    headers: Mapping[str, str] = field(default_factory=dict)


class Route(Struct, frozen=True):
    """One route.

    ``refusals`` are the statuses, beyond the usual ones, that it may answer; ``pages`` those that it answers
    with an HTML page.
    """

    method: str
    path: str
    access: Access
    handle: Callable[[Call], Answer]
    summary: str
    answer: type[msgspec.Struct] | None = None
    status: HTTPStatus = HTTPStatus.OK
    query: type[msgspec.Struct] = NoQuery
    body: type[msgspec.Struct] | None = None
    body_required: bool = True
    refusals: tuple[HTTPStatus, ...] = ()
    pages: tuple[HTTPStatus, ...] = ()
    tag: str = ""
    content_types: tuple[str, ...] = (JSON_TYPE,)
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The operation's name: stable, unique."""
        return self.handle.__name__


def register(app: Chalice, routes: Iterable[Route], services: Callable[[], ApiServices]) -> None:
    """Give the application its routes; ``services`` is asked on each call, never at import."""
    app.register_middleware(_name_request, "http")
    app.register_middleware(_speak_problems, "http")
    app.register_middleware(partial(_share_with_origins, services), "http")
    for route in routes:
        view = _view(app, route, services)
        app.route(route.path, methods=[route.method], content_types=list(route.content_types), name=route.name)(view)


def refuse_other_methods(app: Chalice) -> None:
    """Let every path answer 405 to the methods that it has no route for; to be called last."""
    for path, entries in list(app.routes.items()):
        missing = [method for method in METHODS if method not in entries]
        name = f"no_such_method_{path}"
        app.route(path, methods=missing, name=name)(_refuse_method(app, sorted(entries)))


def _refuse_method(app: Chalice, allowed: list[str]) -> Callable[..., Response]:
    def refuse(**_path: str) -> Response:
        detail = f"This path accepts only {', '.join(allowed)}."
        error = ProblemError(
            HTTPStatus.METHOD_NOT_ALLOWED, "method_not_allowed", detail, headers={"Allow": ", ".join(allowed)}
        )
        return _problem_response(error, request_id(app.current_request))

    return refuse


def _share_with_origins(
    services: Callable[[], ApiServices], request: Request, get_response: Callable[[Request], Response]
) -> Response:
    """Let pages of the allowed origins call the API (Fetch standard, "CORS protocol").

    Tokens come in a header, so cookies and the like are never asked for.
    """
    response = get_response(request)
    origin = request.headers.get("origin")
    if not origin or origin not in services().settings.allowed_origins:
        return response
    allowed = response.headers.get("Allow")
    if request.method == "OPTIONS" and allowed and "access-control-request-method" in request.headers:
        headers = {**SECURITY_HEADERS, **_PREFLIGHT, "Access-Control-Allow-Methods": str(allowed)}
        response = Response(body="", headers=dict(headers), status_code=HTTPStatus.NO_CONTENT.value)
    exposed = {"Access-Control-Expose-Headers": REQUEST_HEADER}
    response.headers |= {"Access-Control-Allow-Origin": origin, "Vary": "Origin", **exposed}
    return response


def _view(app: Chalice, route: Route, services: Callable[[], ApiServices]) -> Callable[..., Response]:
    def view(**path: str) -> Response:
        request = app.current_request
        assert request is not None  # a route is called with a request
        try:
            return _response(_answer(route, services(), request, path))
        except Exception as error:  # noqa: BLE001 - whatever goes wrong, the caller is told as a problem
            return _failure(error, request)

    return view


def _answer(route: Route, services: ApiServices, request: Request, path: Mapping[str, str]) -> Answer:
    by = None
    if route.access is not Access.PUBLIC:
        settings = services.settings
        verifier = token_verifier(settings.cognito_issuer, settings.cognito_client_ids, settings.cognito_jwks_url)
        by = authenticate(verifier, request.headers)
        authorize(by, route.access.value)
    values = path_parameters(path)
    if any(len(value) > _MAX_PATH_VALUE for value in values.values()):
        raise not_found("resource")
    call = Call(services, values, by, request)
    if route.query is NoQuery:
        call.query(NoQuery)
    return route.handle(call)


def _response(answer: Answer) -> Response:
    headers: _Headers = {**SECURITY_HEADERS, "Content-Type": JSON_TYPE, **answer.headers}
    body = answer.body if isinstance(answer.body, str) else msgspec.json.encode(answer.body).decode()
    return Response(body=body, headers=headers, status_code=answer.status.value)


def _failure(error: Exception, request: Request) -> Response:
    problem = problem_of(error)
    if problem.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        logger.error("request failed", route=request.path, method=request.method, exc_info=error)
    return _problem_response(problem, request_id(request))


def _problem_response(error: ProblemError, identifier: str) -> Response:
    headers: _Headers = {**SECURITY_HEADERS, **error.headers, "Content-Type": PROBLEM_TYPE}
    return Response(body=problem_body(error, identifier), headers=headers, status_code=error.status.value)


def request_id(request: Request | None) -> str:
    """Return API Gateway's id of a request, which its logs and ours share."""
    context: Mapping[str, Any] = request.context if request else {}
    return str(context.get("requestId") or "")


def _given_parameters(request: Request) -> Mapping[str, list[str]]:
    given = request.to_original_event().get("multiValueQueryStringParameters")
    return dict(given or {})


def _raw_body(request: Request) -> bytes:
    try:
        raw = request.raw_body
    except ValueError:
        raise invalid_parameter("body", "is not valid base64") from None
    return raw.encode() if isinstance(raw, str) else raw


_CHALICE_CODES: Mapping[int, str] = {
    HTTPStatus.BAD_REQUEST: "invalid_parameter",
    HTTPStatus.METHOD_NOT_ALLOWED: "method_not_allowed",
    HTTPStatus.NOT_FOUND: "not_found",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "unsupported_media_type",
}


def _name_request(request: Request, get_response: Callable[[Request], Response]) -> Response:
    """Tell the caller the request's id, by which the logs have the call, the sends and what was reported of them."""
    response = get_response(request)
    response.headers[REQUEST_HEADER] = request_id(request)
    return response


def _speak_problems(request: Request, get_response: Callable[[Request], Response]) -> Response:
    """Put Chalice's own errors, such as an unsupported media type, in the form of all others."""
    response = get_response(request)
    told = response.body
    if not isinstance(told, dict) or set(told) != {"Code", "Message"}:
        return response
    status = HTTPStatus(response.status_code)
    code = _CHALICE_CODES.get(status, "internal_error")
    detail = str(told["Message"]).rstrip(".") + "."
    kept = {name: str(value) for name, value in response.headers.items()}
    return _problem_response(ProblemError(status, code, detail, headers=kept), request_id(request))


def paths(routes: Iterable[Route]) -> Mapping[str, tuple[Route, ...]]:
    """Return the routes by path, in order."""
    ordered = sorted(routes, key=lambda route: route.path)
    return {path: tuple(group) for path, group in groupby(ordered, key=lambda route: route.path)}
