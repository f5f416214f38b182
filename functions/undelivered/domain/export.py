"""An export of the report as a CSV file, and the position up to which it is written."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from msgspec import Struct, field

from undelivered.domain.report_query import ReportFilter

EXPORT_LIFETIME: Final = timedelta(days=7)
"""How long an export can be requested. Its file expires at the same time (``ExportsBucket``)."""


class ExportState(StrEnum):
    """The state of an export."""

    RUNNING = "running"  #: requested or being written
    DONE = "done"  #: the file is complete
    FAILED = "failed"  #: given up


class ExportPart(Struct, frozen=True):
    """An uploaded part of the file. ``tag`` and ``checksum`` are the file store's own."""

    number: int
    tag: str
    checksum: str = ""


class ExportPosition(Struct, frozen=True):
    """The position from which an export continues: ``rows`` rows are written, down to the entry key ``after``.

    The rows are in ``parts`` of the upload ``upload``. The last rows are in the file ``remainder`` if they did not
    fill a part. ``is_read`` is set when the report is read to its end.
    """

    upload: str = ""
    parts: tuple[ExportPart, ...] = ()
    remainder: str = ""
    rows: int = 0
    after: str | None = None
    is_read: bool = False


class Export(Struct, frozen=True):
    """An export. ``rows`` is the number of rows so far; ``detail`` says why the export failed.

    Each invocation that works on the export writes its own id to ``claimed_by`` and takes the part number
    ``next_part``, which no invocation has used. ``mail_to`` is the address of the user who wants an email about the
    end, or empty. ``attempts`` counts the invocations since ``position`` last changed.
    ``version`` counts the writes.
    """

    account_id: str
    export_id: str
    report_filter: ReportFilter
    at: datetime
    by: str
    touched_at: datetime
    state: ExportState = ExportState.RUNNING
    rows: int = 0
    detail: str = ""
    position: ExportPosition = field(default_factory=ExportPosition)
    next_part: int = 1
    attempts: int = 0
    claimed_by: str = ""
    mail_to: str = ""
    version: int = 0

    @property
    def file(self) -> str:
        """The name of the file."""
        return f"exports/{self.account_id}/{self.export_id}.csv"
