"""Decoding of requests: every error names the parameter or field."""

from datetime import UTC, date, datetime
from typing import Annotated

import msgspec
import pytest

from undelivered.entrypoints.http.errors import ProblemError
from undelivered.entrypoints.http.pagination import make_cursor, read_cursor
from undelivered.entrypoints.http.parsing import (
    IDENTIFIER_RULE,
    Identifier,
    date_or_moment,
    decode_body,
    decode_query,
    field_and_message,
    is_identifier,
    path_parameters,
)


class Inner(msgspec.Struct, forbid_unknown_fields=True):
    size: Annotated[int, msgspec.Meta(ge=1)]


class Body(msgspec.Struct, forbid_unknown_fields=True, rename={"start": "from"}):
    name: Annotated[str, msgspec.Meta(max_length=5)]
    start: str = ""
    parts: tuple[Inner, ...] = ()


class Query(msgspec.Struct, forbid_unknown_fields=True):
    limit: int = 5
    ready: bool = False
    kinds: tuple[str, ...] = ()


def error_of(raw):
    with pytest.raises(ProblemError) as raised:
        decode_body(raw, Body)
    return raised.value.status, [error.field for error in raised.value.errors]


class WithId(msgspec.Struct):
    notification_id: Identifier


@pytest.mark.parametrize("identifier", ["", "a" * 129, "INV 17", "INV-17\\n", "inv:17"])
def test_an_id_that_is_not_allowed_is_refused_with_the_rule(identifier):
    with pytest.raises(ProblemError) as refused:
        decode_body(f'{{"notification_id": "{identifier}"}}'.encode(), WithId)

    (error,) = refused.value.errors
    assert error.field == "notification_id"
    assert error.message == IDENTIFIER_RULE


def test_a_body_is_decoded():
    assert decode_body(b'{"name":"Ada","parts":[{"size":2}]}', Body) == Body("Ada", "", (Inner(2),))


@pytest.mark.parametrize(
    ("raw", "status", "fields"),
    [
        (b"", 400, ["name"]),
        (b"{}", 400, ["name"]),
        (b'{"name":5}', 400, ["name"]),
        (b'{"name":"Ada","x":1}', 400, ["x"]),
        (b'{"name":"Ada","parts":[{"size":2},{"size":0}]}', 400, ["parts[1].size"]),
        (b'{"name":"Ada","parts":[{"size":2,"x":0}]}', 400, ["parts[0].x"]),
        (b'{"name":"Ada","parts":[{}]}', 400, ["parts[0].size"]),
        (b'{"name":"Ada Byron"}', 413, ["name"]),
        (b"{", 400, []),
        (b"\xff", 400, []),
        (b"[]", 400, []),
        (b"{" * 100_000, 400, []),
        (b'{"name":"' + b"x" * 300_000 + b'"}', 413, []),
    ],
)
def test_the_error_of_a_body_names_the_field(raw, status, fields):
    assert error_of(raw) == (status, fields)


def test_query_parameters_are_decoded():
    assert decode_query({"limit": ["7"], "ready": ["true"], "kinds": ["a, b"]}, Query) == Query(
        7, ready=True, kinds=("a", "b")
    )


@pytest.mark.parametrize(
    "given", [{"limit": ["1", "2"]}, {"limit": ["x"]}, {"limit": []}, {"kinds": [""]}, {"x": ["1"]}]
)
def test_the_error_of_a_parameter_names_it(given):
    with pytest.raises(ProblemError) as raised:
        decode_query(given, Query)

    assert [error.field for error in raised.value.errors] == list(given)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Expected `int`, got `str` - at `$.a[0].b`", ("a[0].b", "expected 'int', got 'str'")),
        ("Object contains unknown field `x` - at `$.a`", ("a.x", "is not known")),
        ("Object missing required field `x`", ("x", "is required")),
        ("Expected `object`, got `array`", ("", "expected 'object', got 'array'")),
    ],
)
def test_messages_of_msgspec_are_parsed(text, expected):
    assert field_and_message(text) == expected


def test_path_parameters_are_decoded_once():
    given = {"address": "ada%2Bx%40example.com", "id": "a+b", "twice": "%2540", "bad": "%FF"}

    assert path_parameters(given) == {"address": "ada+x@example.com", "id": "a+b", "twice": "%40", "bad": "\ufffd"}
    assert path_parameters(None) == {}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-23", date(2026, 11, 23)),
        ("2026-11-23T18:00:00Z", datetime(2026, 11, 23, 18, tzinfo=UTC)),
        ("2026-11-23t18:00:00z", datetime(2026, 11, 23, 18, tzinfo=UTC)),
        ("2026-11-23T18:00:00.5+02:00", datetime(2026, 11, 23, 16, 0, 0, 500_000, tzinfo=UTC)),
        (None, None),
    ],
)
def test_dates_and_date_times_are_parsed(text, expected):
    assert date_or_moment("from", text) == expected


@pytest.mark.parametrize(
    "text",
    ["", "now", "2026-13-01", "2026-11-23T25:00:00Z", "2026-11-23T18:00", "20261123", "2026-11-23T18:00:00 02:00",
     "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "1969-12-31", "\uff12\uff10\uff12\uff16-11-23",
     "2026-11-23\n"],
)  # fmt: skip
def test_other_texts_are_refused(text):
    with pytest.raises(ProblemError) as raised:
        date_or_moment("from", text)

    assert raised.value.errors[0].field == "from"


@pytest.mark.parametrize(
    ("text", "is_valid"),
    [
        ("c-17", True),
        ("ada@x.y_z-1", True),
        ("", False),
        ("a b", False),
        ("a~b", False),
        ("x" * 129, False),
        ("a\n", False),
        ("INV/2026/17", True),
        ("a..b/.c/d.", True),
        ("..", False),
        (".", False),
        ("../settings", False),
        ("a/../b", False),
        ("a/.", False),
    ],
)
def test_an_id_fits_in_a_message_tag(text, is_valid):
    assert is_identifier(text) is is_valid


def test_a_cursor_leads_back_to_its_key():
    assert read_cursor(make_cursor("key", "acc-1", Query()), "acc-1", Query()) == "key"


def test_every_alteration_of_a_cursor_is_noticed():
    cursor = make_cursor("2026-11-23T18:00:00Z~m-1~abc", "acc-1", Query())

    for index, character in enumerate(cursor):
        altered = cursor[:index] + ("A" if character != "A" else "B") + cursor[index + 1 :]
        with pytest.raises(ProblemError):
            read_cursor(altered, "acc-1", Query())
    for length in range(len(cursor)):
        with pytest.raises(ProblemError):
            read_cursor(cursor[:length], "acc-1", Query())
