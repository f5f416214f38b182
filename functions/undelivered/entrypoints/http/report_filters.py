"""Filters in bodies: the parameters of the report, written as JSON."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Final

import msgspec

from undelivered.domain.report_query import ReportFilter
from undelivered.entrypoints.http.errors import ProblemError, invalid_body
from undelivered.entrypoints.http.parsing import decode_query
from undelivered.entrypoints.http.router import Call
from undelivered.entrypoints.http.routes.reports import ReportQuery, report_filter

FilterValue = str | int | bool | list[str]
Filter = Annotated[
    dict[str, FilterValue],
    msgspec.Meta(
        description="The same names and values as the parameters of GET /undelivered, except limit and cursor."
    ),
]

_NOT_FILTERS: Final = frozenset({"limit", "cursor"})


def wanted_by(given: Mapping[str, FilterValue], now: datetime, call: Call) -> ReportFilter:
    """Return what a filter with the report's parameters means; raises ProblemError naming ``filter.<name>``."""
    try:
        for name in given.keys() & _NOT_FILTERS:
            raise invalid_body(name, "is not a filter")
        query = decode_query({name: [_text(value)] for name, value in given.items()}, ReportQuery)
        return report_filter(query, now, call)
    except ProblemError as error:
        wrong = error.errors[0]
        raise invalid_body(f"filter.{wrong.field}", wrong.message) from None


def _text(value: FilterValue) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(value) if isinstance(value, list) else str(value)
