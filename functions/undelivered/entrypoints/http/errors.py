"""Errors as the API tells them: problem details (RFC 9457), from one table of exceptions."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final

import msgspec

from undelivered.domain.errors import (
    InvalidInputError,
    NotFoundError,
    RefusedError,
    RetryableError,
    StaleWriteError,
    SuppressionNotLiftedError,
)

PROBLEM_TYPE: Final = "application/problem+json"


class FieldError(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is wrong with one field or parameter. ``suggestion`` is the likely spelling, where there is one."""

    field: str
    message: str
    suggestion: str = ""


class Problem(msgspec.Struct, frozen=True):
    """An error (RFC 9457). ``code`` is stable; ``detail`` is for people and may change."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    errors: tuple[FieldError, ...] = ()
    request_id: str = ""


@dataclass(frozen=True, slots=True)
class ProblemError(Exception):
    """A request that is answered with a problem."""

    status: HTTPStatus
    code: str
    detail: str
    errors: tuple[FieldError, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)


def invalid_parameter(name: str, message: str, suggestion: str = "") -> ProblemError:
    """Return the problem of a query parameter, path or header value that is not acceptable."""
    return ProblemError(
        HTTPStatus.BAD_REQUEST,
        "invalid_parameter",
        f"The parameter {name!r} is not valid: {message}.",
        (FieldError(name, message, suggestion),),
    )


def invalid_body(name: str, message: str, suggestion: str = "") -> ProblemError:
    """Return the problem of a field of the body; ``name`` is empty when it is the body as a whole."""
    where = f"The field {name!r} is not valid" if name else "The body is not valid"
    errors = (FieldError(name, message, suggestion),) if name else ()
    return ProblemError(HTTPStatus.BAD_REQUEST, "invalid_body", f"{where}: {message}.", errors)


def invalid_cursor() -> ProblemError:
    """Return the problem of a cursor that is not ours, or belongs to other filters."""
    return ProblemError(
        HTTPStatus.BAD_REQUEST,
        "invalid_cursor",
        "The cursor is not valid with these filters. Send the request again without a cursor.",
        (FieldError("cursor", "does not come from a page with the same filters"),),
    )


def not_found(what: str) -> ProblemError:
    """Return the problem of something that is not there, or belongs to another account: nobody can tell which."""
    return ProblemError(HTTPStatus.NOT_FOUND, "not_found", f"The {what} was not found.")


def unauthorized(detail: str) -> ProblemError:
    """Return the problem of a request without a valid token (RFC 6750 section 3)."""
    challenge = 'Bearer realm="undelivered", error="invalid_token"'
    return ProblemError(HTTPStatus.UNAUTHORIZED, "unauthorized", detail, headers={"WWW-Authenticate": challenge})


def forbidden(detail: str) -> ProblemError:
    """Return the problem of a caller who may not do this."""
    return ProblemError(HTTPStatus.FORBIDDEN, "forbidden", detail)


def too_large(detail: str, field_name: str = "") -> ProblemError:
    """Return the problem of a body, or a field of it, that is over its limit."""
    errors = (FieldError(field_name, detail.rstrip(".")),) if field_name else ()
    return ProblemError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_large", detail, errors)


def problem_of(error: Exception) -> ProblemError:  # noqa: PLR0911 - one line for each row of the table
    """Return how the API tells an error; everything unforeseen is a 500 that gives nothing away."""
    match error:
        case ProblemError():
            return error
        case InvalidInputError():
            return invalid_body(error.field, error.message, error.suggestion)
        case NotFoundError():
            return ProblemError(HTTPStatus.NOT_FOUND, "not_found", "Not found.")
        case RefusedError():
            return ProblemError(HTTPStatus.CONFLICT, error.code, error.detail)
        case SuppressionNotLiftedError():
            return ProblemError(HTTPStatus.BAD_GATEWAY, "suppression_not_lifted", str(error))
        case StaleWriteError():
            return ProblemError(
                HTTPStatus.CONFLICT, "conflict", "Someone else changed this at the same time. Try again."
            )
        case RetryableError():
            retry = {"Retry-After": "1"}
            detail = "The service is busy. Try again in a moment."
            return ProblemError(HTTPStatus.SERVICE_UNAVAILABLE, "throttled", detail, headers=retry)
        case _:
            detail = "Something went wrong on our side. Try again. If it happens again, report the request ID."
            return ProblemError(HTTPStatus.INTERNAL_SERVER_ERROR, "internal_error", detail)


def problem_body(error: ProblemError, request_id: str) -> str:
    """Return the JSON of a problem."""
    problem = Problem(
        type="about:blank",  # RFC 9457 section 4.2.1: the title is then the status phrase, and ``code`` tells more
        title=error.status.phrase,
        status=error.status.value,
        detail=error.detail,
        code=error.code,
        errors=error.errors,
        request_id=request_id,
    )
    return msgspec.json.encode(problem).decode()
