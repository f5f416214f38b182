"""A route: its entry in the table of routes, the request that it receives and the response that it returns."""

from collections.abc import Callable, Mapping
from datetime import datetime
from enum import Enum
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, TypeVar
from urllib.parse import parse_qsl

import msgspec
from chalice.app import Request
from msgspec import Struct, field

from undelivered.domain.account_settings import AccountSettings
from undelivered.domain.language import Language, Texts, wanted_language
from undelivered.entrypoints.http.auth import Principal, Role
from undelivered.entrypoints.http.errors import invalid_body, invalid_parameter, too_large
from undelivered.entrypoints.http.parsing import MAX_BODY_BYTES, decode_body, decode_query

if TYPE_CHECKING:
    from undelivered.bootstrap.api import ApiUseCases

JSON_TYPE: Final = "application/json"
REQUEST_ID_HEADER: Final = "X-Request-Id"

_MAX_FORM_LENGTH: Final = 4_096
_MAX_FORM_FIELDS: Final = 10

T = TypeVar("T", bound=msgspec.Struct)


class Access(Enum):
    """The roles that may call a route."""

    PUBLIC = frozenset[Role]()
    COUNT = frozenset(Role)
    READ = COUNT - {Role.BADGE}
    ACT = frozenset({Role.MANAGER, Role.HOST, Role.EMBEDDED_MANAGER})
    CONFIGURE = frozenset({Role.MANAGER, Role.HOST})
    HOST = frozenset({Role.HOST})
    MANAGE = frozenset({Role.MANAGER})


class NoQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The query parameters of a route that has none."""


class ApiRequest(Struct, frozen=True):
    """An authorized request. ``path`` has the decoded path parameters. ``caller`` is None on public routes."""

    use_cases: "ApiUseCases"
    path: Mapping[str, str]
    caller: Principal | None
    now: datetime
    raw: Request
    max_body_bytes: int = MAX_BODY_BYTES

    @property
    def principal(self) -> Principal:
        """The caller of a route that is not public."""
        assert self.caller is not None
        return self.caller

    @property
    def account_id(self) -> str:
        """The caller's account. For a user, it comes from the token and never from a parameter."""
        return self.principal.account_id

    @property
    def settings(self) -> AccountSettings:
        """The settings of the caller's account."""
        return self.use_cases.accounts.settings(self.account_id)

    @property
    def texts(self) -> Texts:
        """The texts in the language that the caller prefers, else in that of the account."""
        return self.use_cases.texts(self.wanted_language or self.settings.locale)

    @property
    def wanted_language(self) -> Language | None:
        """The language that the caller prefers, None if it has not said or is not available."""
        return wanted_language(self.header("accept-language") or "")

    @property
    def api_url(self) -> str:
        """The URL of the API, empty where API Gateway does not state its domain."""
        context = self.raw.context
        domain, path = context.get("domainName"), str(context.get("path", ""))
        return f"https://{domain}{path.removesuffix(self.raw.path)}" if domain else ""

    def query(self, schema: type[T]) -> T:
        """Return the query parameters; raises ProblemError."""
        given = self.raw.to_original_event().get("multiValueQueryStringParameters")
        return decode_query(dict(given or {}), schema)

    def body(self, schema: type[T]) -> T:
        """Return the body; raises ProblemError."""
        try:
            body = self.raw.raw_body
        except ValueError:
            raise invalid_parameter("body", "is not valid base64") from None
        return decode_body(body.encode() if isinstance(body, str) else body, schema, self.max_body_bytes)

    def form(self) -> Mapping[str, str]:
        """Return the fields of a form, the last value of each; raises ProblemError for any other or larger body."""
        try:
            body = self.raw.raw_body
        except ValueError:
            raise invalid_parameter("body", "is not valid base64") from None
        text = body.decode("utf-8", "replace") if isinstance(body, bytes) else body
        if len(text) > _MAX_FORM_LENGTH:
            raise too_large("The form is too large.")
        try:
            return dict(parse_qsl(text, keep_blank_values=True, max_num_fields=_MAX_FORM_FIELDS))
        except ValueError:
            raise invalid_body("", "it is not a form") from None

    @property
    def ip_address(self) -> str:
        """The IP address of the caller, empty if API Gateway does not say."""
        return str((self.raw.context.get("identity") or {}).get("sourceIp") or "")

    def header(self, name: str) -> str | None:
        """Return a header. The case of its name does not matter."""
        value = self.raw.headers.get(name)
        return str(value) if value is not None else None


def language_headers(texts: Texts) -> Mapping[str, str]:
    """Return the headers of a response with texts in the language of the caller or the account."""
    return {"Content-Language": texts.language, "Vary": "Accept-Language"}


LANGUAGE_HEADER: Final = {
    "Accept-Language": "The language of explanations, remedies and details of resends: English, Spanish, German, "
    "French or Portuguese. Without it, the language in the account's settings."
}
"""The header of routes with texts for people."""


class ApiResponse(Struct, frozen=True):
    """A response. A text is sent as it is, with the ``Content-Type`` in ``headers``; any other body is sent as JSON.

    ``acted`` is False if a request that can change something changed nothing. ``subject`` is for the audit trail of the
    account (``Act``).
    """

    body: msgspec.Struct | dict[str, Any] | str
    status: HTTPStatus = HTTPStatus.OK
    headers: Mapping[str, str] = field(default_factory=dict)
    acted: bool = True
    subject: str = ""


class Route(Struct, frozen=True):
    """An entry in the table of routes, the source for Chalice, the OpenAPI document and API Gateway's request models.

    ``query``, ``body`` and ``response`` are schemas. ``refusals`` are the error statuses of this route, in addition to
    those that every route can return. ``pages`` are the statuses with which it returns an HTML page. ``limit`` says
    when the route returns a 429 of its own.
    """

    method: str
    path: str
    access: Access
    handle: Callable[[ApiRequest], ApiResponse]
    summary: str
    response: type[msgspec.Struct] | None = None
    status: HTTPStatus = HTTPStatus.OK
    query: type[msgspec.Struct] = NoQuery
    body: type[msgspec.Struct] | None = None
    body_required: bool = True
    max_body_bytes: int = MAX_BODY_BYTES
    refusals: tuple[HTTPStatus, ...] = ()
    pages: tuple[HTTPStatus, ...] = ()
    limit: str = ""
    tag: str = ""
    content_types: tuple[str, ...] = (JSON_TYPE,)
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The operation ID: unique and stable."""
        return self.handle.__name__
