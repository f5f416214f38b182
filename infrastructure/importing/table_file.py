"""Read tables from CSV files of any common encoding and delimiter."""

import csv
import hashlib
import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from infrastructure.errors import ToolError

_DELIMITERS: Final = ",;\t|"
_SAMPLE_ROWS: Final = 50
_MARKS: Final = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
"""Byte order marks of Unicode (The Unicode Standard, "Byte order mark (BOM)")."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table. ``line`` is the line on which it starts, counted from 1."""

    line: int
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TableFile:
    """A table. ``header`` is empty if the first row has values and not names. All rows have the same length."""

    header: tuple[str, ...]
    rows: tuple[Row, ...]
    encoding: str
    delimiter: str
    digest: str

    @property
    def width(self) -> int:
        """The number of columns."""
        return len(self.header) or max((len(row.values) for row in self.rows), default=0)

    def names(self) -> tuple[str, ...]:
        """Return the names of the columns, or their numbers from 1 if there is no header."""
        return self.header or tuple(str(number) for number in range(1, self.width + 1))


def read_table(path: Path, *, encoding: str | None = None) -> TableFile:
    """Return the table in a CSV file; raises ToolError for a file that cannot be read.

    Without ``encoding``, a byte order mark decides, then UTF-8 is tried, then Windows-1252, which spreadsheets in
    Western Europe and America write.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise ToolError(f"{path} cannot be read: {error.strerror}.") from None
    used, text = _decoded(path, raw, encoding)
    delimiter = _delimiter_of(text)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    rows: list[Row] = []
    start = 1
    try:
        for values in reader:
            if any(value.strip() for value in values):
                rows.append(Row(start, tuple(value.strip() for value in values)))
            start = reader.line_num + 1
    except csv.Error as error:
        raise ToolError(f"{path}, line {reader.line_num}: {error}.") from None
    if not rows:
        raise ToolError(f"{path} is empty.")
    header: tuple[str, ...] = ()
    if _is_header(rows[0].values):
        header = rows.pop(0).values
    width = len(header) or max(len(row.values) for row in rows)
    padded = tuple(Row(row.line, (*row.values, *[""] * width)[:width]) for row in rows)
    return TableFile(header, padded, used, delimiter, hashlib.sha256(raw).hexdigest())


def _decoded(path: Path, raw: bytes, encoding: str | None) -> tuple[str, str]:
    marked = next((name for mark, name in _MARKS.items() if raw.startswith(mark)), None)
    for name in [encoding] if encoding else [marked] if marked else ["utf-8", "cp1252", "latin-1"]:
        try:
            return name, raw.decode(name)
        except UnicodeDecodeError:
            continue
        except LookupError:
            break
    raise ToolError(f"{path} cannot be read as {encoding or marked}. Give the right one with --encoding.")


def _delimiter_of(text: str) -> str:
    """Return the delimiter that cuts the most of the first rows into the same number of columns, above one."""

    def agreement(delimiter: str) -> tuple[int, int]:
        sample = [row for row, _ in zip(csv.reader(io.StringIO(text), delimiter=delimiter), range(_SAMPLE_ROWS))]  # noqa: B905 - stops at the sample
        widths = Counter(len(row) for row in sample if len(row) > 1)
        width, rows = widths.most_common(1)[0] if widths else (1, 0)
        return rows, width

    return max(_DELIMITERS, key=agreement)


def _is_header(values: Sequence[str]) -> bool:
    """Whether the first row has names: none of it is an address or a number."""
    return not any("@" in value or value.lstrip("+").replace(" ", "").isdigit() for value in values)
