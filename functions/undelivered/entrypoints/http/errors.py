"""The errors of the API as problem details (RFC 9457), and the problem of each exception."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Final

import msgspec

from undelivered.domain.errors import (
    InvalidInputError,
    LimitReachedError,
    NotFoundError,
    RefusedError,
    RetryableError,
    StaleWriteError,
    SuppressionNotLiftedError,
    UnassignedNumberError,
    UnreadableRecordError,
)

PROBLEM_TYPE: Final = "application/problem+json"


class FieldError(msgspec.Struct, frozen=True):
    """What is wrong with a field or parameter. ``suggestion`` is the likely spelling of an address."""

    field: str
    message: str
    suggestion: str | msgspec.UnsetType = msgspec.UNSET


class Problem(msgspec.Struct, frozen=True):
    """An error (RFC 9457). Programs can rely on ``code``. ``detail`` is a text for people, which may change."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    errors: tuple[FieldError, ...] = ()
    request_id: str = ""


@dataclass(frozen=True, slots=True)
class ProblemError(Exception):
    """An error with its HTTP status and the contents of its problem details."""

    status: HTTPStatus
    code: str
    detail: str
    errors: tuple[FieldError, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)


def field_error(name: str, message: str, suggestion: str = "") -> FieldError:
    """Return what is wrong with a field, without a suggestion if there is none."""
    return FieldError(name, message, suggestion or msgspec.UNSET)


def invalid_parameter(name: str, message: str, suggestion: str = "") -> ProblemError:
    """Return the problem of a query parameter, path parameter or header that is not valid."""
    return ProblemError(
        HTTPStatus.BAD_REQUEST,
        "invalid_parameter",
        f"The parameter {name!r} is not valid: {message}.",
        (field_error(name, message, suggestion),),
    )


def invalid_body(name: str, message: str, suggestion: str = "") -> ProblemError:
    """Return the problem of a field of the body that is not valid, or of the whole body with an empty name."""
    subject = f"The field {name!r}" if name else "The body"
    errors = (field_error(name, message, suggestion),) if name else ()
    return ProblemError(HTTPStatus.BAD_REQUEST, "invalid_body", f"{subject} is not valid: {message}.", errors)


def invalid_cursor() -> ProblemError:
    """Return the problem of a cursor that was altered or that was created with other filters."""
    return ProblemError(
        HTTPStatus.BAD_REQUEST,
        "invalid_cursor",
        "The cursor is not valid with these filters. Send the request again without a cursor.",
        (FieldError("cursor", "does not come from a page with the same filters"),),
    )


def not_found(what: str) -> ProblemError:
    """Return the problem of something that does not exist in the account. It may exist in another account."""
    return ProblemError(HTTPStatus.NOT_FOUND, "not_found", f"The {what} was not found.")


def unauthorized(detail: str) -> ProblemError:
    """Return the problem of a request without a valid token (RFC 6750 section 3)."""
    challenge = 'Bearer realm="undelivered", error="invalid_token"'
    return ProblemError(HTTPStatus.UNAUTHORIZED, "unauthorized", detail, headers={"WWW-Authenticate": challenge})


def forbidden(detail: str) -> ProblemError:
    """Return the problem of a caller whose role does not allow the request."""
    return ProblemError(HTTPStatus.FORBIDDEN, "forbidden", detail)


def too_large(detail: str, field_name: str = "") -> ProblemError:
    """Return the problem of a body, or of a field, that is too large."""
    errors = (FieldError(field_name, detail.rstrip(".")),) if field_name else ()
    return ProblemError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_large", detail, errors)


def problem_of(error: Exception) -> ProblemError:  # noqa: C901, PLR0911 - one case and return for each exception
    """Return the problem of an exception. For an unexpected one it is a 500 without details."""
    match error:
        case ProblemError():
            return error
        case UnassignedNumberError():
            invalid = invalid_body(error.field, error.message)
            return replace(invalid, code="unassigned_number")
        case InvalidInputError():
            return invalid_body(error.field, error.message, error.suggestion)
        case NotFoundError():
            return ProblemError(HTTPStatus.NOT_FOUND, "not_found", "Not found.")
        case LimitReachedError():
            retry = {"Retry-After": str(error.retry_after)}
            return ProblemError(HTTPStatus.TOO_MANY_REQUESTS, error.code, error.detail, headers=retry)
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
        case UnreadableRecordError():
            detail = "A stored record is damaged and cannot be read. Report the request ID."
            return ProblemError(HTTPStatus.INTERNAL_SERVER_ERROR, "unreadable_record", detail)
        case _:
            detail = "Something went wrong on our side. Try again. If it happens again, report the request ID."
            return ProblemError(HTTPStatus.INTERNAL_SERVER_ERROR, "internal_error", detail)


def problem_body(error: ProblemError, request_id: str) -> str:
    """Return the JSON of a problem."""
    problem = Problem(
        type="about:blank",  # RFC 9457 section 4.2.1: the title is then the phrase of the status
        title=error.status.phrase,
        status=error.status.value,
        detail=error.detail,
        code=error.code,
        errors=error.errors,
        request_id=request_id,
    )
    return msgspec.json.encode(problem).decode()
