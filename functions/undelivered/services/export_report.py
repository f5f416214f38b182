"""Write an export into a file, part by part, in bounded memory and over as many invocations as needed.

An invocation can be interrupted anywhere, retried, or run twice at the same time. The file has every row once, because:

- The stored position (``Export.position``) is always at the end of a row that is written to a part or the remainder.
- An invocation that claims the export raises its version, so that the next write of an earlier invocation fails.
- After an error, the stored export shows whether the invocation still has its claim.
- Each claim has part numbers of its own, so that a late upload of an earlier invocation replaces nothing.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final
from uuid import uuid4

from msgspec import Struct
from msgspec.structs import replace

from undelivered.domain.errors import RetryableError
from undelivered.domain.export import Export, ExportPosition, ExportState
from undelivered.domain.language import Language, Texts
from undelivered.services import report_csv
from undelivered.services.ports import AccountStore, ExportFiles, ExportRunner, ExportStore, ReportReader

PART_BYTES: Final = 8 * 1024 * 1024
"""The size from which rows are uploaded as a part. S3 allows 10,000 parts, of at least 5 MiB but for the last."""

PAGE_SIZE: Final = 1_000

ATTEMPTS: Final = 5
"""How many invocations may try without progress: as many as the queue delivers a message to."""

_PROGRESS_INTERVAL: Final = timedelta(seconds=2)

_BUSY: Final = "The database was too busy. Start the export again later."
_BROKEN: Final = "The export failed several times because of a problem on our side. Start it again later."


class ExportProgress(Struct, frozen=True):
    """The work of an invocation: the number of rows that it added, and the error that ended it after some progress."""

    rows: int = 0
    error: Exception | None = None


class ExportReport(Struct, frozen=True):
    """The use case of ``export_report``. ``mail`` informs the user who asked, once, that an export has ended."""

    store: ExportStore
    files: ExportFiles
    runner: ExportRunner
    reports: ReportReader
    accounts: AccountStore
    clock: Callable[[], datetime]
    texts: Callable[[Language], Texts]
    mail: Callable[[Export], None]
    page_size: int = PAGE_SIZE
    part_bytes: int = PART_BYTES

    def __call__(self, account_id: str, export_id: str, has_time: Callable[[], bool]) -> ExportProgress:
        """Continue an export while ``has_time`` returns True, then start another invocation if it is not done.

        An export that is done, failed, unknown or claimed by another invocation stays as it is. After an error with
        some progress, another invocation continues. An error without progress is raised, so that the queue delivers the
        message again; on the last attempt the export fails too.
        """
        progress = self._continue(account_id, export_id, has_time)
        export = self.store.find(account_id, export_id)
        if export and export.state is not ExportState.RUNNING:
            self.mail(export)  # also when the message is delivered again, because an invocation may end before it
        return progress

    def _continue(self, account_id: str, export_id: str, has_time: Callable[[], bool]) -> ExportProgress:
        export = self.store.find(account_id, export_id)
        if export is None or export.state is not ExportState.RUNNING:
            return ExportProgress()
        if export.attempts >= ATTEMPTS:
            self._fail(export, _BROKEN)  # the attempts before were ended from outside, by a limit on time or memory
            return ExportProgress()
        writing = _Writing(self, export)
        try:
            writing.claim()
            writing.write(has_time)
        except Exception as error:
            known = self.store.find(account_id, export_id)
            if known is None or known.state is not ExportState.RUNNING:
                return ExportProgress()
            if known.claimed_by not in {export.claimed_by, writing.claimed_by}:
                return ExportProgress()  # another invocation has claimed it, and continues from the stored position
            if known.position != export.position:
                self.runner.start(account_id, export_id)
                return ExportProgress(known.position.rows - export.position.rows, error)
            if known.attempts >= ATTEMPTS:
                # The queue does not deliver the message again.
                self.mail(self._fail(known, _BUSY if isinstance(error, RetryableError) else _BROKEN))
            raise
        return ExportProgress(writing.export.position.rows - export.position.rows)

    def _fail(self, export: Export, detail: str) -> Export:
        failed = self.store.save(replace(export, state=ExportState.FAILED, detail=detail, touched_at=self.clock()))
        if export.position.upload:
            self.files.abandon(export.file, export.position.upload)
        return failed


class _Writing:
    """The work of one invocation on an export."""

    def __init__(self, use_case: ExportReport, export: Export) -> None:
        self.export = export
        self.claimed_by = uuid4().hex
        self._use_case = use_case
        self._part = export.next_part

    def claim(self) -> None:
        """Claim the export; raises StaleWriteError when another invocation claims it at the same time."""
        export = self.export
        self._save(
            replace(
                export,
                claimed_by=self.claimed_by,
                attempts=export.attempts + 1,
                next_part=export.next_part + 1,
                rows=export.position.rows,
            )
        )

    def write(self, has_time: Callable[[], bool]) -> None:
        """Write to the end of the report, or until time runs out. After an error, the last write may have succeeded."""
        while not self.export.position.is_read:
            self._write_part(has_time)
            if not self.export.position.is_read and not has_time():
                self._use_case.runner.start(self.export.account_id, self.export.export_id)
                return
        position = self.export.position
        self._use_case.files.finish(self.export.file, position.upload, position.parts)
        self._save(replace(self.export, state=ExportState.DONE))

    def _write_part(self, has_time: Callable[[], bool]) -> None:
        """Write one part; if time runs out or the report ends before it is full, keep the rows as the remainder."""
        use_case, export = self._use_case, self.export
        settings = use_case.accounts.settings(export.account_id)
        texts = use_case.texts(settings.locale)
        content = bytearray(self._remainder(export.position))
        upload = export.position.upload or use_case.files.begin(export.file)
        position = replace(export.position, upload=upload, remainder="")
        while len(content) < use_case.part_bytes and not position.is_read:
            now = use_case.clock()
            page = use_case.reports.page(
                export.account_id, export.report_filter, use_case.page_size, position.after, now
            )
            content += report_csv.rows(page.items, settings, texts, now)
            position = replace(
                position,
                rows=position.rows + len(page.items),
                after=page.next_key or position.after,
                is_read=page.next_key is None,
            )
            if not has_time():
                break
            self._save_progress(position.rows)
        if len(content) >= use_case.part_bytes or (position.is_read and content):
            self._add_part(position, bytes(content))
        else:
            self._keep_remainder(position, bytes(content))

    def _remainder(self, position: ExportPosition) -> bytes:
        if position.remainder:
            return self._use_case.files.read_remainder(position.remainder)
        return b"" if position.parts else report_csv.header()

    def _add_part(self, position: ExportPosition, content: bytes) -> None:
        part = self._use_case.files.add_part(self.export.file, position.upload, self._part, content)
        self._part += 1
        self._move(replace(position, parts=(*position.parts, part)), next_part=self._part + 1)

    def _keep_remainder(self, position: ExportPosition, content: bytes) -> None:
        if content:
            # The version makes the name unique, so that no other invocation writes to the file.
            name = f"rests/{self.export.account_id}/{self.export.export_id}.{self.export.version}"
            position = replace(position, remainder=name)
            self._use_case.files.write_remainder(name, content)
        self._move(position, next_part=self.export.next_part)

    def _move(self, position: ExportPosition, *, next_part: int) -> None:
        self._save(replace(self.export, position=position, rows=position.rows, next_part=next_part, attempts=0))

    def _save_progress(self, rows: int) -> None:
        """Save the number of rows from time to time, for requests for the status."""
        if self._use_case.clock() - self.export.touched_at >= _PROGRESS_INTERVAL:
            self._save(replace(self.export, rows=rows))

    def _save(self, export: Export) -> None:
        self.export = self._use_case.store.save(replace(export, touched_at=self._use_case.clock()))
