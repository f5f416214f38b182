"""Guess what the columns of a table hold, from their names in English, Spanish and German, and from their values."""

import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Final

from infrastructure.errors import ToolError
from infrastructure.importing.table_file import TableFile
from infrastructure.paths import FUNCTIONS

_NAMES_FILE: Final = FUNCTIONS / "undelivered" / "console" / "assets" / "column_names.json"
"""The names that columns have. The console guesses with the same file."""

_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s]+")
_PHONE: Final = re.compile(r"(?:\+|00)[0-9 ()./-]{7,20}")
_ADDRESS: Final = re.compile(f"{_EMAIL.pattern}|{_PHONE.pattern}")
_SAMPLE_ROWS: Final = 100
_MOST: Final = 0.6
"""The share of values that decide what a column without a known name holds."""


def guess_columns(table: TableFile, fields: Sequence[str]) -> dict[str, int]:
    """Return the position of the column of each field that a table seems to have."""
    known: Mapping[str, Sequence[str]] = json.loads(_NAMES_FILE.read_text("utf-8"))
    plain = [plain_name(name) for name in table.header]
    found: dict[str, int] = {}
    for field in fields:
        place = next((plain.index(name) for name in known[field] if name in plain), None)
        if place is not None and place not in found.values():
            found[field] = place
    if "first_name" in found and "last_name" not in found and "name" not in found:
        found["name"] = found.pop("first_name")  # "nombre" without "apellidos" is the whole name
    for field, form in (("email", _EMAIL), ("phone", _PHONE), ("address", _ADDRESS)):
        if field in fields and field not in found:
            place = _column_like(table, form, set(found.values()))
            if place is not None:
                found[field] = place
    return found


def plain_name(name: str) -> str:
    """Return the name of a column in lower case, without accents, spaces and punctuation."""
    bare = unicodedata.normalize("NFKD", name.lower())
    return re.sub(r"[^a-z0-9]", "", bare)


def _column_like(table: TableFile, form: re.Pattern[str], taken: set[int]) -> int | None:
    for place in range(table.width):
        values = [row.values[place] for row in table.rows[:_SAMPLE_ROWS] if row.values[place]]
        alike = sum(form.fullmatch(value) is not None for value in values)
        if place not in taken and values and alike >= _MOST * len(values):
            return place
    return None


def named_columns(table: TableFile, given: Sequence[str], fields: Sequence[str]) -> dict[str, int]:
    """Return the columns that options such as ``email=Correo`` name; raises ToolError for one that does not exist."""
    names = table.names()
    columns: dict[str, int] = {}
    for text in given:
        field, _, name = text.partition("=")
        if field not in fields:
            raise ToolError(f"--column {text}: {field!r} is not one of {', '.join(fields)}.")
        if name not in names:
            raise ToolError(f"--column {text}: the file has no column {name!r}. It has {', '.join(names)}.")
        columns[field] = names.index(name)
    return columns
