"""Registers the routes with Chalice, and does the work that all requests have in common.

The router authenticates the caller, returns errors as problem details and adds the headers for security and CORS.

The router, the validation and the OpenAPI document are our own code, based on msgspec. Powertools would need pydantic,
and together they nearly double the CPU that ``api_handler`` uses to start.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

import msgspec
from chalice.app import Chalice, Request, Response

from undelivered.domain.act import Act, act_id
from undelivered.entrypoints.http.auth import (
    PEOPLE,
    Principal,
    authenticate,
    authorize,
    check_session,
    embedded,
    is_embed_token,
    token_of,
    token_verifier,
)
from undelivered.entrypoints.http.errors import PROBLEM_TYPE, ProblemError, not_found, problem_body, problem_of
from undelivered.entrypoints.http.parsing import path_parameters
from undelivered.entrypoints.http.route import (
    JSON_TYPE,
    REQUEST_ID_HEADER,
    Access,
    ApiRequest,
    ApiResponse,
    NoQuery,
    Route,
)
from undelivered.observability import logger
from undelivered.settings import ApiSettings

if TYPE_CHECKING:
    from undelivered.bootstrap.api import ApiUseCases

SECURITY_HEADERS: Mapping[str, str] = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}

METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
"""The methods that every path responds to, with 405 where it has no route for them."""

_MAX_PATH_PARAMETER: Final = 512
"""Maximum characters of a path parameter. No ID or address is longer, and a key of DynamoDB has at most 1 KB."""

_ERASURE: Final = "erase_customer"
"""The operation whose act does not name the customer. It is repeated to learn the progress, also after the end."""

_PREFLIGHT_HEADERS: Mapping[str, str] = {
    "Access-Control-Allow-Headers": "Authorization, Content-Type, Idempotency-Key, X-Account-Id",
    "Access-Control-Max-Age": "600",
}

_CHALICE_CODES: Mapping[int, str] = {
    HTTPStatus.BAD_REQUEST: "invalid_parameter",
    HTTPStatus.METHOD_NOT_ALLOWED: "method_not_allowed",
    HTTPStatus.NOT_FOUND: "not_found",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "unsupported_media_type",
}

_Headers = dict[str, str | list[str]]
_GetResponse = Callable[[Request], Response]


def register(
    app: Chalice,
    routes: Iterable[Route],
    use_cases: Callable[[], "ApiUseCases"],
    settings: Callable[[], ApiSettings],
) -> None:
    """Register routes with an application. Use cases and settings are asked for at each request, never at import."""
    app.register_middleware(_add_request_id, "http")
    app.register_middleware(_convert_chalice_errors, "http")
    app.register_middleware(partial(_add_cors_headers, settings), "http")
    for route in routes:
        view = _view(app, route, use_cases, settings)
        app.route(route.path, methods=[route.method], content_types=list(route.content_types), name=route.name)(view)


def refuse_other_methods(app: Chalice) -> None:
    """Return 405 for the methods that a path has no route for. Call this after all routes are registered."""
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
        return _problem_response(error, _request_id(app.current_request))

    return refuse


# --- handling a request


def _view(
    app: Chalice, route: Route, use_cases: Callable[[], "ApiUseCases"], settings: Callable[[], ApiSettings]
) -> Callable[..., Response]:
    def view(**path: str) -> Response:
        request = app.current_request
        assert request is not None  # Chalice sets it before it calls a view
        try:
            caller = _authenticated(route, settings(), use_cases, request)
            response = _handle(route, use_cases(), caller, request, path)
            if route.method != "GET" and response.acted and caller and caller.role in PEOPLE:
                _record_act(use_cases(), route, caller, response, path_parameters(path))
            return _chalice_response(response)
        except Exception as error:  # noqa: BLE001 - the caller gets any error as a problem
            return _error_response(error, request)

    return view


def _authenticated(
    route: Route, settings: ApiSettings, use_cases: Callable[[], "ApiUseCases"], request: Request
) -> Principal | None:
    """Return the caller, None on a public route; raises ProblemError."""
    if route.access is Access.PUBLIC:
        return None
    if is_embed_token(token_of(request.headers)):
        caller = embedded(use_cases().embed_tokens, token_of(request.headers))
    else:
        verifier = token_verifier(settings.token_issuer, settings.token_client_ids, settings.token_keys_url)
        caller = authenticate(verifier, request.headers)
        check_session(use_cases().ended_sessions, caller)
    authorize(caller, route.access.value)
    return caller


def _handle(
    route: Route, use_cases: "ApiUseCases", caller: Principal | None, raw: Request, path: Mapping[str, str]
) -> ApiResponse:
    parameters = path_parameters(path)
    if any(len(value) > _MAX_PATH_PARAMETER for value in parameters.values()):
        raise not_found("resource")
    request = ApiRequest(use_cases, parameters, caller, use_cases.clock(), raw, route.max_body_bytes)
    if route.query is NoQuery:
        request.query(NoQuery)
    return route.handle(request)


def _record_act(
    use_cases: "ApiUseCases", route: Route, caller: Principal, response: ApiResponse, path: Mapping[str, str]
) -> None:
    """Record what a person did. If that fails, it is logged, because the act itself is done."""
    at = use_cases.clock()
    named = {} if route.name == _ERASURE else path
    act = Act(
        caller.account_id,
        act_id(at, uuid4().hex[:12]),
        at,
        caller.name,
        route.name,
        response.subject,
        named.get("item_id", ""),
        named.get("customer_id", ""),
    )
    try:
        use_cases.acts.add(act)
    except Exception as error:  # noqa: BLE001 - see above
        logger.error("act not recorded", act=route.name, exc_info=error)


def _chalice_response(response: ApiResponse) -> Response:
    headers: _Headers = {**SECURITY_HEADERS, "Content-Type": JSON_TYPE, **response.headers}
    body = response.body if isinstance(response.body, str) else msgspec.json.encode(response.body).decode()
    return Response(body=body, headers=headers, status_code=response.status.value)


def _error_response(error: Exception, request: Request) -> Response:
    problem = problem_of(error)
    if problem.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        logger.error("request failed", route=request.path, method=request.method, exc_info=error)
    return _problem_response(problem, _request_id(request))


def _problem_response(error: ProblemError, request_id: str) -> Response:
    headers: _Headers = {**SECURITY_HEADERS, **error.headers, "Content-Type": PROBLEM_TYPE}
    return Response(body=problem_body(error, request_id), headers=headers, status_code=error.status.value)


def _request_id(request: Request | None) -> str:
    """Return the request ID of API Gateway, which its logs and the function's logs have too."""
    context: Mapping[str, Any] = request.context if request else {}
    return str(context.get("requestId") or "")


# --- middleware


def _add_request_id(request: Request, get_response: _GetResponse) -> Response:
    """Add the request ID to a response. The logs of the request, of its sends and of their feedback have it too."""
    response = get_response(request)
    response.headers[REQUEST_ID_HEADER] = _request_id(request)
    return response


def _convert_chalice_errors(request: Request, get_response: _GetResponse) -> Response:
    """Return the errors of Chalice itself, such as an unsupported media type, as problem details."""
    response = get_response(request)
    body = response.body
    if not isinstance(body, dict) or set(body) != {"Code", "Message"}:
        return response
    status = HTTPStatus(response.status_code)
    code = _CHALICE_CODES.get(status, "internal_error")
    detail = str(body["Message"]).rstrip(".") + "."
    headers = {name: str(value) for name, value in response.headers.items()}
    return _problem_response(ProblemError(status, code, detail, headers=headers), _request_id(request))


def _add_cors_headers(settings: Callable[[], ApiSettings], request: Request, get_response: _GetResponse) -> Response:
    """Let pages of the allowed origins call the API (Fetch standard, "CORS protocol").

    Credentials are not allowed, because tokens come in a header and not in a cookie.
    """
    response = get_response(request)
    origin = request.headers.get("origin")
    if not origin or origin not in settings().allowed_origins:
        return response
    allowed = response.headers.get("Allow")
    if request.method == "OPTIONS" and allowed and "access-control-request-method" in request.headers:
        headers = {**SECURITY_HEADERS, **_PREFLIGHT_HEADERS, "Access-Control-Allow-Methods": str(allowed)}
        response = Response(body="", headers=dict(headers), status_code=HTTPStatus.NO_CONTENT.value)
    exposed = {"Access-Control-Expose-Headers": REQUEST_ID_HEADER}
    vary = ", ".join(filter(None, [str(response.headers.get("Vary", "")), "Origin"]))
    response.headers |= {"Access-Control-Allow-Origin": origin, "Vary": vary, **exposed}
    return response
