"""Exports of the report: asked for here, written by ``export_report``, fetched by a link that expires."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Protocol
from uuid import uuid4
from zoneinfo import ZoneInfo

from msgspec import Struct, field

from undelivered.domain.errors import NotFoundError
from undelivered.domain.report_query import ReportFilter, local_day
from undelivered.services.ports import AccountStore

EXPORT_LIFETIME: Final = timedelta(days=7)
"""How long an export can be asked after; its file goes when that is over (``ExportsBucket``)."""

LINK_EXPIRES_AFTER: Final = timedelta(minutes=15)

SILENT_AFTER: Final = timedelta(hours=1)
"""An export nobody has worked on for so long has been given up: four times what one invocation can take."""

_GIVEN_UP: Final = "The export was interrupted. Start it again."


class ExportState(StrEnum):
    """How far an export has got."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class ExportPart(Struct, frozen=True):
    """A part of the file that the file store has taken: its number, and by what the store knows it."""

    number: int
    tag: str
    checksum: str = ""


class ExportPosition(Struct, frozen=True):
    """Where an export can be taken up again: ``rows`` rows, down to the entry key ``after``, are written.

    They are in ``parts`` of the upload ``upload``, and the last of them in the file ``rest`` where they did not fill
    a part. ``is_read`` is set when the report has been read to its end.
    """

    upload: str = ""
    parts: tuple[ExportPart, ...] = ()
    remainder: str = ""
    rows: int = 0
    after: str | None = None
    is_read: bool = False


class Export(Struct, frozen=True):
    """An export. ``rows`` is how many are written so far; ``detail`` says why it failed.

    ``next_part`` is the number of the next part: whoever takes the export up takes a number that nobody has used.
    ``attempts`` counts the takings-up since ``place`` last moved, ``holder`` names the last. ``version`` counts the
    writes.
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
    version: int = 0

    @property
    def file(self) -> str:
        """The name of the file."""
        return f"exports/{self.account_id}/{self.export_id}.csv"


class ExportStore(Protocol):
    """Where exports are kept while somebody may ask after them."""

    def find(self, account_id: str, export_id: str) -> Export | None:
        """Return an export as it is now, or None when unknown or forgotten."""

    def save(self, export: Export) -> Export:
        """Write an export whose ``version`` is what was read (0 for a new one); raises StaleWriteError."""

    def find_all(self, account_id: str) -> Sequence[Export]:
        """Return the exports of an account that can be asked after."""

    def remove(self, export: Export) -> None:
        """Forget an export."""


class ExportFiles(Protocol):
    """Where files are put together from parts and fetched by links."""

    def begin(self, file: str) -> str:
        """Begin a file and return the name of its upload."""

    def add_part(self, file: str, upload: str, number: int, content: bytes) -> ExportPart:
        """Add a part; all but the last have 5 MiB or more. The same number again replaces it."""

    def finish(self, file: str, upload: str, parts: Sequence[ExportPart]) -> None:
        """Make the file from its parts; doing so again changes nothing."""

    def abandon(self, file: str, upload: str) -> None:
        """Throw the parts of an unfinished file away; one that is gone already is fine."""

    def write_remainder(self, file: str, content: bytes) -> None:
        """Keep a small file for a day."""

    def read_remainder(self, file: str) -> bytes:
        """Return a small file that was kept."""

    def remove(self, file: str) -> None:
        """Remove a file; one that is gone already is fine."""

    def link(self, file: str, download_name: str, lifetime: timedelta) -> str:
        """Return a URL under which anybody can fetch the file for a time."""


class ExportRunner(Protocol):
    """Who writes exports."""

    def start(self, account_id: str, export_id: str) -> None:
        """Have an export written, or written on, by another process; raises RetryableError when that is busy."""


class ExportStatus(Struct, frozen=True):
    """What is told of an export. ``url`` is empty until it is done, ``detail`` unless it failed."""

    state: ExportState
    rows: int
    url: str = ""
    detail: str = ""


class Exports(Struct, frozen=True):
    """The use cases of those who want an export."""

    store: ExportStore
    files: ExportFiles
    runner: ExportRunner
    accounts: AccountStore
    clock: Callable[[], datetime]

    def request(self, account_id: str, wanted: ReportFilter, *, by: str) -> Export:
        """Start an export of all that a filter shows; raises RetryableError."""
        now = self.clock()
        export = self.store.save(Export(account_id, uuid4().hex, wanted, now, by, touched_at=now))
        self.runner.start(account_id, export.export_id)
        return export

    def status(self, account_id: str, export_id: str) -> ExportStatus:
        """Return how far an export has got, with a fresh link when it is done; raises NotFoundError."""
        export = self.store.find(account_id, export_id)
        if export is None:
            raise NotFoundError("export not found")
        if export.state is ExportState.RUNNING and self.clock() - export.touched_at > SILENT_AFTER:
            return ExportStatus(ExportState.FAILED, export.rows, detail=_GIVEN_UP)
        url = ""
        if export.state is ExportState.DONE:
            zone = ZoneInfo(self.accounts.settings(account_id).time_zone)
            name = f"undelivered-{local_day(export.at, zone).isoformat()}.csv"
            url = self.files.link(export.file, name, LINK_EXPIRES_AFTER)
        return ExportStatus(export.state, export.rows, url, export.detail)
