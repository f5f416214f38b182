"""Decode and validate requests. Every error names the parameter or field."""

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, Any, Final, TypeVar, get_origin, get_type_hints
from urllib.parse import unquote

import msgspec

from undelivered.domain.identifiers import ID_CHARACTERS, ID_LENGTH, parse_item_id, parse_timestamp
from undelivered.entrypoints.http.errors import ProblemError, invalid_body, invalid_parameter, not_found, too_large
from undelivered.entrypoints.http.validation_messages import IDENTIFIER_RULE, field_and_message

MAX_BODY_BYTES: Final = 256 * 1024

_ID: Final = rf"(?!(?:.*/)?\.\.?(?:/|$))[{ID_CHARACTERS}]{{1,{ID_LENGTH}}}"
"""A part between slashes must not be ``.`` or ``..``, because clients and firewalls resolve these in a path."""

_WHOLE_ID: Final = rf"^{_ID}$(?!\n)"
"""In Python, ``$`` also matches before a final newline. In the patterns of OpenAPI (ECMA-262), it does not."""

Identifier = Annotated[
    str,
    msgspec.Meta(
        pattern=_WHOLE_ID,
        description=f"It {IDENTIFIER_RULE}. In a path, write / as %2F.",
    ),
]
CategoryId = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^[a-z0-9][a-z0-9_-]{0,31}$(?!\n)",
        description="1 to 32 lower-case letters, digits, `_` and `-`. It starts with a letter or digit.",
    ),
]
T = TypeVar("T", bound=msgspec.Struct)


def is_identifier(text: str) -> bool:
    """Whether a text is a valid ID of a customer or notification."""
    return re.fullmatch(_ID, text) is not None


def decode_body(raw: bytes, schema: type[T], max_bytes: int = MAX_BODY_BYTES) -> T:
    """Return a body; raises ProblemError. An empty body counts as ``{}``."""
    if len(raw) > max_bytes:
        raise too_large(f"The body is larger than {max_bytes // 1024:,} KB.")
    try:
        return msgspec.json.decode(raw or b"{}", type=schema)
    except msgspec.ValidationError as error:
        raise _body_problem(error, schema) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise invalid_body("", "it is not well-formed JSON in UTF-8") from None


def convert_item(item: object, schema: type[T]) -> T:
    """Return a part of a body that was decoded without its schema; raises ProblemError."""
    try:
        return msgspec.convert(item, schema)
    except msgspec.ValidationError as error:
        raise _body_problem(error, schema) from None


def _body_problem(error: msgspec.ValidationError, schema: type[msgspec.Struct]) -> ProblemError:
    name, message = field_and_message(str(error), schema)
    if "of length <=" in str(error):
        return too_large(f"The field {name!r} is too long: it {message}.", name)
    return invalid_body(name, message)


def decode_query(given: Mapping[str, Sequence[str]], schema: type[T]) -> T:
    """Return query parameters; raises ProblemError (400 ``invalid_parameter``).

    If a field is a tuple, its values can be separated by commas or given as repeated parameters. No other parameter can
    be repeated.
    """
    lists = _list_parameters(schema)
    values: dict[str, Any] = {}
    for name, texts in given.items():
        if name in lists:
            values[name] = _split(name, texts)
        elif len(texts) == 1:
            values[name] = texts[0]
        else:
            raise invalid_parameter(name, "must not be given more than once")
    try:
        return msgspec.convert(values, schema, strict=False)
    except msgspec.ValidationError as error:
        path, message = field_and_message(str(error), schema)
        raise invalid_parameter(path.partition("[")[0], message) from None


def _list_parameters(schema: type[msgspec.Struct]) -> frozenset[str]:
    hints = get_type_hints(schema)
    fields = msgspec.structs.fields(schema)
    return frozenset(field.encode_name for field in fields if get_origin(hints[field.name]) is tuple)


def _split(name: str, texts: Sequence[str]) -> list[str]:
    values = [value.strip() for text in texts for value in text.split(",")]
    if not values or not all(values):
        raise invalid_parameter(name, "must not contain empty values")
    return values


def path_parameters(encoded: Mapping[str, str] | None) -> dict[str, str]:
    """Return path parameters percent-decoded, which neither API Gateway nor Chalice does (aws/chalice#511)."""
    return {name: unquote(text, errors="replace") for name, text in (encoded or {}).items()}


def parse_entry_key(item_id: str) -> str:
    """Return the entry key of an item ID; raises ProblemError (404) for a text that is not an item ID."""
    key = parse_item_id(item_id)
    if key is None:
        raise not_found("item")
    return key


_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
_DATE_TIME: Final = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(\.\d{1,9})?([Zz]|[+-]\d{2}:\d{2})")
_YEARS: Final = range(1970, 9999)
_YEAR_RANGE: Final = "must have a year from {first} to {last}"


def date_or_moment(name: str, text: str | None) -> date | datetime | None:
    """Return a date, or a date-time (RFC 3339) in UTC; raises ProblemError naming the parameter."""
    if text is None:
        return None
    try:
        if _DATE.fullmatch(text):
            bound: date = date.fromisoformat(text)
        elif _DATE_TIME.fullmatch(text):
            bound = parse_timestamp(text.upper().replace(" ", "T"))
        else:
            raise invalid_parameter(name, _DATE_FORMS)
    except (ValueError, OverflowError):
        raise invalid_parameter(name, "is not a valid date or time") from None
    if bound.year not in _YEARS:
        raise invalid_parameter(name, _YEAR_RANGE.format(first=_YEARS[0], last=_YEARS[-1]))
    return bound


_DATE_FORMS: Final = "must be a date (2026-11-23) or a date-time (2026-11-23T18:00:00Z; in a URL, write + as %2B)"
