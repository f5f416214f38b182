"""The report as a CSV file with a row for each item, safe to open in a spreadsheet."""

import csv
from collections.abc import Iterable
from datetime import datetime
from io import StringIO
from typing import Final
from zoneinfo import ZoneInfo

from undelivered.domain.account_settings import AccountSettings
from undelivered.domain.explanations import explanation, remedy
from undelivered.domain.identifiers import item_id
from undelivered.domain.item import UndeliveredItem
from undelivered.domain.language import Texts
from undelivered.domain.resend_policy import is_ready

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
"""The columns. They have the same names as in the API."""

_BYTE_ORDER_MARK: Final = "\ufeff"

_FORMULA_STARTS: Final = frozenset("=+-@＝＋－＠")  # noqa: RUF001 - spreadsheets treat the full-width forms alike
_CONTROL_STARTS: Final = frozenset("\t\r\n")


def header() -> bytes:
    """Return the start of a file: a byte order mark, by which spreadsheets recognise UTF-8, and the header row."""
    return (_BYTE_ORDER_MARK + _lines([COLUMNS])).encode()


def rows(items: Iterable[UndeliveredItem], settings: AccountSettings, texts: Texts, now: datetime) -> bytes:
    """Return the rows of an account's items, with times in the account's time zone and states at ``now``."""
    zone = ZoneInfo(settings.time_zone)
    # A title cut inside a character may contain a lone surrogate. It must not stop the export.
    return _lines(_cells(item, settings, texts, zone, now) for item in items).encode(errors="replace")


def _lines(table: Iterable[Iterable[str]]) -> str:
    text = StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows(table)  # RFC 4180 section 2
    return text.getvalue()


def _cells(
    item: UndeliveredItem, settings: AccountSettings, texts: Texts, zone: ZoneInfo, now: datetime
) -> tuple[str, ...]:
    """Return the cells of a row. Values from outside are made safe."""
    failure = item.failure
    result = failure.result
    assert result is not None
    classification = result.classification
    assert classification is not None
    return (
        safe(item.title),
        safe(item.customer_id),
        safe(item.customer_name),
        item.channel.value,
        safe(failure.to),
        classification.status.value,
        classification.kind.value if classification.kind else "",
        classification.reason.value,
        classification.fault.value,
        texts.sentence(explanation(classification, item.channel)),
        texts.sentence(remedy(classification, item.channel)),
        item.state_at(now).value,
        _local(item.sent_at, zone),
        _local(result.at, zone),
        _local(item.leaves_at, zone),
        str(len(item.attempts)),
        "true" if is_ready(item, now, settings.resend_by, settings.content_days) else "false",
        safe(item.notification_id),
        item_id(item.entry_key),
    )


def safe(cell: str) -> str:
    """Return a cell that no spreadsheet treats as a formula: a value that looks like a formula gets an apostrophe.

    See OWASP, "CSV Injection". This includes phone numbers: without the apostrophe, a spreadsheet changes
    ``+4915112345678`` to a number without the plus sign, and ``+1-555-0100`` to a difference.
    """
    is_formula = cell[:1] in _CONTROL_STARTS or cell.lstrip()[:1] in _FORMULA_STARTS
    return f"'{cell}" if is_formula else cell


def _local(moment: datetime, zone: ZoneInfo) -> str:
    return moment.astimezone(zone).isoformat(timespec="seconds")
