"""The report as a CSV file: one row for each item, safe to open in a spreadsheet, readable by programs."""

import csv
from collections.abc import Iterable
from datetime import datetime
from io import StringIO
from typing import Final
from zoneinfo import ZoneInfo

from undelivered.domain.explanations import explanation, remedy
from undelivered.domain.identifiers import item_id
from undelivered.domain.item import UndeliveredItem

COLUMNS: Final = (
    "title",
    "customer_id",
    "customer_name",
    "channel",
    "recipient",
    "status",
    "kind",
    "reason",
    "fault",
    "explanation",
    "remedy",
    "state",
    "sent_at",
    "failed_at",
    "leaves_at",
    "attempts",
    "ready_to_resend",
    "notification_id",
    "id",
)
"""The columns, by the names that the API gives the same things."""

_BYTE_ORDER_MARK: Final = "\ufeff"

_FORMULA_STARTS: Final = frozenset("=+-@＝＋－＠")  # noqa: RUF001 - the wide forms are taken for the plain ones
_CONTROL_STARTS: Final = frozenset("\t\r\n")


def header() -> bytes:
    """Return the beginning of a file: the mark by which spreadsheets know UTF-8, and the header row."""
    return (_BYTE_ORDER_MARK + _lines([COLUMNS])).encode()


def rows(items: Iterable[UndeliveredItem], zone: ZoneInfo, now: datetime) -> bytes:
    """Return the rows of items, times in the account's zone with their offset, states as they are now."""
    # A lone surrogate, from mail that was cut in the wrong place, must not break the whole file off.
    return _lines(_cells(item, zone, now) for item in items).encode(errors="replace")


def _lines(table: Iterable[Iterable[str]]) -> str:
    text = StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows(table)  # RFC 4180 section 2
    return text.getvalue()


def _cells(item: UndeliveredItem, zone: ZoneInfo, now: datetime) -> tuple[str, ...]:
    """Return the cells of a row. What comes from outside is made safe; the other values are words of ours."""
    failure = item.failure
    report = failure.result
    assert report is not None
    classification = report.classification
    assert classification is not None
    return (
        safe(item.title),
        safe(item.customer_id),
        safe(item.customer_name),
        item.channel.value,
        safe(item.recipient),
        classification.status.value,
        classification.kind.value if classification.kind else "",
        classification.reason.value,
        classification.fault.value,
        explanation(classification, item.channel),
        remedy(classification, item.channel),
        item.state_at(now).value,
        _local(item.sent_at, zone),
        _local(report.at, zone),
        _local(item.leaves_at, zone),
        str(len(item.attempts)),
        "true" if item.ready_contact else "false",
        safe(item.notification_id),
        item_id(item.entry_key),
    )


def safe(cell: str) -> str:
    """Return a cell that no spreadsheet takes for a formula: an apostrophe stands before what would begin one.

    See OWASP, "CSV Injection". That includes the + of telephone numbers: a spreadsheet computes ``+4915112345678`` to
    a number and drops the plus, and ``+1-555-0100`` to a difference; with the apostrophe the number stays as it is.
    """
    is_formula = cell[:1] in _CONTROL_STARTS or cell.lstrip()[:1] in _FORMULA_STARTS
    return f"'{cell}" if is_formula else cell


def _local(moment: datetime, zone: ZoneInfo) -> str:
    return moment.astimezone(zone).isoformat(timespec="seconds")
