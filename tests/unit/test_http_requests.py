"""Decoding of requests: every error names the parameter or field."""

from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Annotated, Literal

import msgspec
import pytest

from undelivered.entrypoints.http.errors import ProblemError
from undelivered.entrypoints.http.pagination import make_cursor, read_cursor
from undelivered.entrypoints.http.parsing import (
    Identifier,
    date_or_moment,
    decode_body,
    decode_query,
    is_identifier,
    path_parameters,
)
from undelivered.entrypoints.http.validation_messages import IDENTIFIER_RULE, field_and_message


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


def test_several_values_can_be_repeated_or_separated_by_commas():
    assert decode_query({"kinds": ["a", "b,c"]}, Query).kinds == ("a", "b", "c")


@pytest.mark.parametrize(
    "given",
    [
        {"limit": ["1", "2"]},
        {"limit": ["x"]},
        {"limit": []},
        {"kinds": [""]},
        {"kinds": []},
        {"kinds": ["a", ""]},
        {"x": ["1"]},
    ],
)
def test_the_error_of_a_parameter_names_it(given):
    with pytest.raises(ProblemError) as raised:
        decode_query(given, Query)

    assert [error.field for error in raised.value.errors] == list(given)


class Choice(StrEnum):
    RED = "red"
    BLUE = "blue"


class Everything(msgspec.Struct, forbid_unknown_fields=True):
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=5)] = "x"
    code: Annotated[str, msgspec.Meta(min_length=2)] | None = None
    number: Annotated[int, msgspec.Meta(ge=1, le=9)] = 1
    ready: bool = False
    colour: Choice | None = None
    colours: tuple[Choice, ...] = ()
    size: Literal["S", "L"] = "S"
    people: Annotated[list[Inner], msgspec.Meta(min_length=1, max_length=1)] = []
    labels: dict[Annotated[str, msgspec.Meta(min_length=1)], Choice] = {}
    identifier: Identifier = "x"


@pytest.mark.parametrize(
    ("given", "field", "message"),
    [
        ({"name": ""}, "name", "must not be empty"),
        ({"name": "Ada Byron"}, "name", "must have at most 5 characters"),
        ({"code": "1"}, "code", "must have at least 2 characters"),
        ({"code": 1}, "code", "must be text or null, not a whole number"),
        ({"name": None}, "name", "must be text, not null"),
        ({"number": 0}, "number", "must be at least 1"),
        ({"number": 10}, "number", "must be at most 9"),
        ({"number": "1"}, "number", "must be a whole number, not text"),
        ({"number": 1.5}, "number", "must be a whole number, not a decimal number"),
        ({"ready": 1}, "ready", "must be true or false, not a whole number"),
        ({"colour": "green"}, "colour", "must be one of: blue, red"),
        ({"colours": ["red", "green"]}, "colours[1]", "must be one of: blue, red"),
        ({"size": "M"}, "size", "must be one of: L, S"),
        ({"people": []}, "people", "must not be empty"),
        ({"people": [{"size": 1}, {"size": 1}]}, "people", "must have at most 1 entry"),
        ({"people": {}}, "people", "must be a list, not an object"),
        ({"people": [{"size": 0}]}, "people[0].size", "must be at least 1"),
        ({"labels": {"": "red"}}, "labels", "has a name that must not be empty"),
        ({"labels": {"a": "green"}}, "labels[...]", "must be one of: blue, red"),
        ({"people": [{}]}, "people[0].size", "is required"),
        ({"other": 1}, "other", "is not known"),
        ({"identifier": "a b"}, "identifier", IDENTIFIER_RULE),
        ([], "", "must be an object, not a list"),
    ],
)
def test_what_is_wrong_is_said_in_plain_words(given, field, message):
    with pytest.raises(msgspec.ValidationError) as raised:
        msgspec.convert(given, Everything)

    assert field_and_message(str(raised.value), Everything) == (field, message)


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
