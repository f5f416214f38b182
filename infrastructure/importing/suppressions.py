"""Suppressions from the exports of other email services, from plain lists and from the list of Amazon SES.

The formats: Twilio SendGrid API Reference, "Suppressions" (``email``, ``reason``, ``status``, ``created`` in seconds
since 1970); Postmark, "Suppressions API" (``EmailAddress``, ``SuppressionReason``, ``Origin``, ``CreatedAt``); Mailgun
API Reference, "Import list of bounces", "... of unsubscribes", "... of complaints" (``address``, ``code``, ``error``,
``tags``, ``created_at`` as in RFC 2822).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, Final

from infrastructure.errors import ToolError
from infrastructure.importing.columns import guess_columns, named_columns, plain_name
from infrastructure.importing.table_file import Row, TableFile
from infrastructure.importing.upload import ImportRow
from undelivered.domain.identifiers import parse_timestamp, timestamp
from undelivered.domain.suppression import SuppressionReason

FIELDS: Final = ("address", "reason", "since")

_REASONS: Final[Mapping[str, SuppressionReason]] = {
    **{plain_name(reason): reason for reason in SuppressionReason},
    **dict.fromkeys(("hardbounce", "bounced", "hard", "invalid", "invalidemail"), SuppressionReason.BOUNCE),
    **dict.fromkeys(("spamcomplaint", "spam", "spamreport", "complained", "abuse"), SuppressionReason.COMPLAINT),
    **dict.fromkeys(("unsubscribe", "optout", "globalunsubscribe"), SuppressionReason.UNSUBSCRIBED),
    **dict.fromkeys(("manualsuppression", "admin"), SuppressionReason.MANUAL),
}

_BY_FILE_NAME: Final[Mapping[str, SuppressionReason]] = {
    "bounce": SuppressionReason.BOUNCE,
    "invalid": SuppressionReason.BOUNCE,
    "spam": SuppressionReason.COMPLAINT,
    "complaint": SuppressionReason.COMPLAINT,
    "unsubscribe": SuppressionReason.UNSUBSCRIBED,
}
"""What the names of the files say that SendGrid and Mailgun write for one reason each."""

_EARLIEST: Final = 1990
"""Exports write years such as 1 for a date that is not known."""

_MILLISECONDS_FROM: Final = 10**11
_WHY_LENGTH: Final = 500


@dataclass(frozen=True, slots=True)
class SuppressionFormat:
    """A format of a file. ``details`` are the columns whose text is kept as it was written."""

    source: str
    columns: Mapping[str, int]
    details: tuple[int, ...] = ()
    tags: int | None = None


def find_format(table: TableFile, given: list[str]) -> SuppressionFormat:
    """Return the format of a table, by the names of its columns; raises ToolError if no column has addresses."""
    plain = [plain_name(name) for name in table.header]
    guessed = {**guess_columns(table, FIELDS), **named_columns(table, given, FIELDS)}
    if "address" not in guessed:
        raise ToolError(
            "No column seems to hold email addresses or phone numbers. Name it: --column address=NAME. "
            f"The file has the columns {', '.join(table.names())}."
        )

    def places(*names: str) -> tuple[int, ...]:
        return tuple(plain.index(name) for name in names if name in plain)

    if "suppressionreason" in plain:
        return SuppressionFormat("Postmark", guessed, places("origin"))
    if {"address", "createdat"} <= set(plain):
        tags = next(iter(places("tags")), None)
        return SuppressionFormat("Mailgun", guessed, places("code", "error"), tags)
    if {"email", "created"} <= set(plain):
        # The column "reason" of SendGrid is the reply of the receiving server.
        columns = {field: place for field, place in guessed.items() if field != "reason"}
        return SuppressionFormat("SendGrid", columns, places("status", "reason"))
    return SuppressionFormat("a list", guessed)


def reason_of_file(found: SuppressionFormat, path: Path, table: TableFile) -> SuppressionReason | None:
    """Return the reason of all rows of a file that has none in its rows, or None if each row has its own.

    Raises ToolError if nothing says the reason, and for SendGrid's blocks, which are no fault of the address.
    """
    if "reason" in found.columns:
        return None
    name = path.name.lower()
    if found.source == "SendGrid" and "block" in name:
        raise ToolError(
            "SendGrid's blocks are refusals of single messages, often for the sender's fault. SendGrid does not "
            "suppress their addresses. To suppress them anyway, use --reason."
        )
    if by_name := next((reason for word, reason in _BY_FILE_NAME.items() if word in name), None):
        return by_name
    if {"code", "error", "status"} & {plain_name(column) for column in table.header}:
        return SuppressionReason.BOUNCE
    raise ToolError("Neither the file nor its name says why the addresses are suppressed. Use --reason.")


def suppression_rows(
    table: TableFile, found: SuppressionFormat, reason: SuppressionReason | None, now: datetime
) -> list[ImportRow]:
    """Return the rows of a table as suppressions. ``reason`` replaces the reasons of the rows."""
    return [_import_row(row, found, reason, now) for row in table.rows]


def _import_row(row: Row, found: SuppressionFormat, reason: SuppressionReason | None, now: datetime) -> ImportRow:
    values = {field: row.values[place] for field, place in found.columns.items()}
    written = values.get("reason", "")
    tags = row.values[found.tags] if found.tags is not None else ""
    if tags not in {"", "*", "[*]", '["*"]', "[]"}:
        return ImportRow(row, {}, f"tags: is unsubscribed from {tags} only, and a suppression stops every message")
    kept = reason or _REASONS.get(plain_name(written))
    if kept is None:
        return ImportRow(row, {}, f"reason: {written!r} is not a known reason")
    if found.source == "Postmark" and plain_name(written) == "manualsuppression" and not reason:
        kept = _manual_at_postmark(row, found)
    details = [row.values[place] for place in found.details if row.values[place]]
    suppression = {
        "channel": "email" if "@" in values["address"] else "sms",
        "address": values["address"],
        "reason": kept.value,
        "why": _why(found.source, now, [] if found.source == "a list" else details),
    }
    if since := readable_time(values.get("since", "")):
        suppression["since"] = since
    return ImportRow(row, suppression)


def _manual_at_postmark(row: Row, found: SuppressionFormat) -> SuppressionReason:
    """Return the reason of a *ManualSuppression*: the recipient's own choice is an unsubscription."""
    origins = {plain_name(row.values[place]) for place in found.details}
    return SuppressionReason.UNSUBSCRIBED if "recipient" in origins else SuppressionReason.MANUAL


def _why(source: str, now: datetime, details: list[str]) -> str:
    return f"imported from {source} on {now:%Y-%m-%d}{': ' if details else ''}{' '.join(details)}"[:_WHY_LENGTH]


def readable_time(text: str) -> str:
    """Return a time in any common form as the API takes it; "" for no time, and other text as it is.

    A time without a zone is in UTC.
    """
    if not text:
        return ""
    moment = _moment(text)
    if moment is None:
        return text  # the API refuses it and says why
    return timestamp(moment) if moment.year >= _EARLIEST else ""


def _moment(text: str) -> datetime | None:
    if text.isascii() and text.isdigit():
        seconds = int(text)
        try:
            return datetime.fromtimestamp(seconds / 1000 if seconds >= _MILLISECONDS_FROM else seconds, UTC)
        except (ValueError, OverflowError, OSError):
            return None
    iso = text.removesuffix(" UTC").replace(" +", "+")
    for read in (parse_timestamp, lambda text: datetime.fromisoformat(text).replace(tzinfo=UTC), _rfc_2822):
        try:
            return read(text if read is _rfc_2822 else iso)
        except (ValueError, OverflowError):
            continue
    return None


def _rfc_2822(text: str) -> datetime:
    if " 0001 " in text:  # parsedate_to_datetime reads it as 2001
        return datetime.min.replace(tzinfo=UTC)
    moment = parsedate_to_datetime(text)
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


# --- the list of Amazon SES


def ses_entries(ses: Any) -> Iterator[Mapping[str, Any]]:
    """Yield the entries of the account-level suppression list of SES, page by page."""
    token: dict[str, str] = {}
    while True:
        page = ses.list_suppressed_destinations(PageSize=_PAGE, **token)
        yield from page.get("SuppressedDestinationSummaries", [])
        if not page.get("NextToken"):
            return
        token = {"NextToken": page["NextToken"]}


_PAGE: Final = 1000
SES_COLUMNS: Final = ("EmailAddress", "Reason", "LastUpdateTime")


def ses_rows(entries: list[Mapping[str, Any]], now: datetime) -> list[ImportRow]:
    """Return the entries of SES's list as suppressions, with the reason and date of SES."""
    return [_ses_row(number, entry, now) for number, entry in enumerate(entries, start=1)]


def _ses_row(number: int, entry: Mapping[str, Any], now: datetime) -> ImportRow:
    since = timestamp(min(entry["LastUpdateTime"], now))
    suppression = {
        "channel": "email",
        "address": entry["EmailAddress"],
        "reason": SuppressionReason(entry["Reason"].lower()).value,
        "since": since,
        "why": _why("SES's account-level suppression list", now, []),
    }
    return ImportRow(Row(number, (entry["EmailAddress"], entry["Reason"], since)), suppression)
