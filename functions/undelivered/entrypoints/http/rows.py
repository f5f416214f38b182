"""Requests with a list of rows, each of which is accepted or refused on its own."""

from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Annotated, Final, TypeVar

import msgspec

from undelivered.domain.errors import InvalidInputError
from undelivered.entrypoints.http.errors import FieldError, ProblemError, field_error

MAX_ROWS: Final = 500

Country = Annotated[
    str,
    msgspec.Meta(
        description="The country of phone numbers without a country code (ISO 3166-1 alpha-2).", examples=["ES"]
    ),
]

RowErrors = tuple[FieldError, ...]
"""Why a row is refused."""

T = TypeVar("T")


def parse_rows(name: str, rows: Sequence[object], parse: Callable[[object], T]) -> list[T | RowErrors]:
    """Return each row parsed, or its errors; raises ProblemError (400 ``too_many_items``) for too many rows.

    ``name`` is the field of the rows in the body. ``parse`` raises ProblemError or InvalidInputError.
    """
    if len(rows) > MAX_ROWS:
        detail = f"A request can have at most {MAX_ROWS} {name}. This one has {len(rows)}."
        errors = (FieldError(name, f"must not have more than {MAX_ROWS} entries"),)
        raise ProblemError(HTTPStatus.BAD_REQUEST, "too_many_items", detail, errors)
    return [_parsed(row, parse) for row in rows]


def _parsed(row: object, parse: Callable[[object], T]) -> T | RowErrors:
    try:
        return parse(row)
    except ProblemError as error:
        return error.errors or (FieldError("", error.detail.rstrip(".")),)
    except InvalidInputError as error:
        return row_errors(error)


def row_errors(error: InvalidInputError | None) -> RowErrors:
    """Return the errors of a row that a use case refused."""
    return (field_error(error.field, error.message, error.suggestion),) if error else ()


def text_in(row: object, name: str) -> str:
    """Return a text of a row that may be anything, so that the response can name the row. Cut if it is too long."""
    value = row.get(name) if isinstance(row, dict) else None
    return value[:_LONGEST] if isinstance(value, str) else ""


_LONGEST: Final = 320
