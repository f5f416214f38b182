"""Write an export: page by page into parts of a file, in bounded memory, over as many invocations as it takes.

An invocation can be cut off anywhere, retried, or run twice at once; the file holds every row once all the same:

- What is written down (``Export.position``) is always a whole number of rows, safe in parts or in a rest.
- Who takes an export up raises its version, so that of two at once the earlier fails at its next write.
- An error says nothing of what was done: what is stored tells whether an invocation still holds the export.
- Each taking-up has part numbers of its own, so that what the earlier may still upload replaces nothing.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final
from uuid import uuid4
from zoneinfo import ZoneInfo

from msgspec import Struct
from msgspec.structs import replace

from undelivered.domain.errors import RetryableError
from undelivered.domain.export import Export, ExportPosition, ExportState
from undelivered.services import report_csv
from undelivered.services.ports import AccountStore, ExportFiles, ExportRunner, ExportStore, ReportReader

PART_BYTES: Final = 8 * 1024 * 1024
"""From this size on, what is written becomes a part: S3 takes 10,000 of them, each of 5 MiB or more but the last."""

PAGE_SIZE: Final = 1_000

ATTEMPTS: Final = 3
"""How often an export is taken up without getting on: the first time and Lambda's two retries."""

_TELLS_EVERY: Final = timedelta(seconds=2)

_BUSY: Final = "The database was too busy. Start the export again later."
_BROKEN: Final = "The export failed several times because of a problem on our side. Start it again later."


class ExportProgress(Struct, frozen=True):
    """What one invocation did: how many rows it added, and what broke it off after it had got on."""

    rows: int = 0
    error: Exception | None = None


class ExportReport(Struct, frozen=True):
    """The use case of ``export_report``."""

    store: ExportStore
    files: ExportFiles
    runner: ExportRunner
    reports: ReportReader
    accounts: AccountStore
    clock: Callable[[], datetime]
    page_size: int = PAGE_SIZE
    part_bytes: int = PART_BYTES

    def __call__(self, account_id: str, export_id: str, has_time: Callable[[], bool]) -> ExportProgress:
        """Write an export on for as long as there is time, then hand it over to another invocation.

        An export that is done, failed, unknown or taken up by somebody else is left alone. An error after
        some progress hands it over, too; one without any is raised, for the caller to try again, and fails
        the export when it was the last attempt.
        """
        export = self.store.find(account_id, export_id)
        if export is None or export.state is not ExportState.RUNNING:
            return ExportProgress()
        if export.attempts >= ATTEMPTS:
            self._fail(export, _BROKEN)  # those before were ended without a word, by time or memory
            return ExportProgress()
        writing = _Writing(self, export)
        try:
            writing.take_up()
            writing.write(has_time)
        except Exception as error:
            known = self.store.find(account_id, export_id)
            if known is None or known.state is not ExportState.RUNNING:
                return ExportProgress()
            if known.claimed_by not in {export.claimed_by, writing.claimed_by}:
                return ExportProgress()  # another invocation has taken it up, and goes on from what is written down
            if known.position != export.position:
                self.runner.start(account_id, export_id)
                return ExportProgress(known.position.rows - export.position.rows, error)
            if known.attempts >= ATTEMPTS:
                self._fail(known, _BUSY if isinstance(error, RetryableError) else _BROKEN)
            raise
        return ExportProgress(writing.export.position.rows - export.position.rows)

    def _fail(self, export: Export, detail: str) -> None:
        self.store.save(replace(export, state=ExportState.FAILED, detail=detail, touched_at=self.clock()))
        if export.position.upload:
            self.files.abandon(export.file, export.position.upload)


class _Writing:
    """One invocation's work at an export."""

    def __init__(self, using: ExportReport, export: Export) -> None:
        self.export = export
        self.claimed_by = uuid4().hex
        self._using = using
        self._part = export.next_part

    def take_up(self) -> None:
        """Make the export this invocation's; raises StaleWriteError when another does so at the same moment."""
        export = self.export
        taken = replace(
            export, claimed_by=self.claimed_by, attempts=export.attempts + 1, next_part=export.next_part + 1
        )
        self._save(replace(taken, rows=export.position.rows))

    def write(self, has_time: Callable[[], bool]) -> None:
        """Write to the end, or until time runs short. An error may have been raised by what was done all the same."""
        while not self.export.position.is_read:
            self._advance(has_time)
            if not self.export.position.is_read and not has_time():
                self._using.runner.start(self.export.account_id, self.export.export_id)
                return
        position = self.export.position
        self._using.files.finish(self.export.file, position.upload, position.parts)
        self._save(replace(self.export, state=ExportState.DONE))

    def _advance(self, has_time: Callable[[], bool]) -> None:
        """Write one part, or, when time runs short or the report ends before it is full, what there is of it."""
        using = self._using
        zone = ZoneInfo(using.accounts.settings(self.export.account_id).time_zone)
        begun = self.export.position
        text = bytearray(self._carried_over(begun))
        position = replace(begun, upload=begun.upload or using.files.begin(self.export.file), remainder="")
        while len(text) < using.part_bytes and not position.is_read:
            now = using.clock()
            page = using.reports.page(
                self.export.account_id, self.export.report_filter, using.page_size, position.after, now
            )
            text += report_csv.rows(page.items, zone, now)
            position = replace(
                position,
                rows=position.rows + len(page.items),
                after=page.next_key or position.after,
                is_read=page.next_key is None,
            )
            if not has_time():
                break
            self._tell(position.rows)
        if len(text) >= using.part_bytes or (position.is_read and text):
            self._add_part(position, bytes(text))
        else:
            self._keep_rest(position, bytes(text))

    def _carried_over(self, position: ExportPosition) -> bytes:
        if position.remainder:
            return self._using.files.read_remainder(position.remainder)
        return b"" if position.parts else report_csv.header()

    def _add_part(self, position: ExportPosition, content: bytes) -> None:
        part = self._using.files.add_part(self.export.file, position.upload, self._part, content)
        self._part += 1
        self._move(replace(position, parts=(*position.parts, part)), next_part=self._part + 1)

    def _keep_rest(self, position: ExportPosition, content: bytes) -> None:
        if content:
            # The version makes the name one of its own: nobody else writes to it.
            position = replace(
                position, remainder=f"rests/{self.export.account_id}/{self.export.export_id}.{self.export.version}"
            )
            self._using.files.write_remainder(position.remainder, content)
        self._move(position, next_part=self.export.next_part)

    def _move(self, position: ExportPosition, *, next_part: int) -> None:
        self._save(replace(self.export, position=position, rows=position.rows, next_part=next_part, attempts=0))

    def _tell(self, rows: int) -> None:
        """Let those who ask see how many rows there are, now and then."""
        if self._using.clock() - self.export.touched_at >= _TELLS_EVERY:
            self._save(replace(self.export, rows=rows))

    def _save(self, export: Export) -> None:
        self.export = self._using.store.save(replace(export, touched_at=self._using.clock()))
