"""Request an export of the report, and its status with a link to the file. ``export_report`` writes the file."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final
from uuid import uuid4
from zoneinfo import ZoneInfo

from msgspec import Struct
from msgspec.structs import replace

from undelivered.domain.errors import LimitReachedError, NotFoundError, StaleWriteError
from undelivered.domain.export import EXPORT_LIFETIME, Export, ExportState
from undelivered.domain.report_query import ReportFilter, local_day
from undelivered.services.ports import AccountStore, ExportFiles, ExportRunner, ExportStore

LINK_EXPIRES_AFTER: Final = timedelta(minutes=15)

SILENT_AFTER: Final = timedelta(hours=1)
"""After this time without progress an export has failed: the queue delivers a message again after half of it."""

MAX_UNDER_WAY: Final = 3
"""How many exports an account has in progress at once. Two of all accounts are written at a time."""

QUEUED_AGAIN_AFTER: Final = timedelta(minutes=1)
"""How long an export that nobody writes holds its place before it is queued again."""

_RETRY_AFTER: Final = 60
_GIVEN_UP: Final = "The export was interrupted. Start it again."


class ExportStatus(Struct, frozen=True):
    """The status of an export. ``url`` is empty until it is done; ``detail`` is empty unless it failed."""

    state: ExportState
    rows: int
    url: str = ""
    detail: str = ""


class Exports(Struct, frozen=True):
    """The use cases behind ``/exports``."""

    store: ExportStore
    files: ExportFiles
    runner: ExportRunner
    accounts: AccountStore
    clock: Callable[[], datetime]

    def request(self, account_id: str, report_filter: ReportFilter, *, by: str, mail_to: str = "") -> Export:
        """Start an export of all items that match a filter; raises RetryableError and LimitReachedError.

        ``mail_to`` is the address that gets an email when it has ended.
        """
        now = self.clock()
        under_way = [export for export in self.store.find_all(account_id) if self._is_under_way(export)]
        if len(under_way) >= MAX_UNDER_WAY:
            self._queue_again(under_way)
            detail = f"{MAX_UNDER_WAY} exports are in progress. Wait until one of them is done."
            raise LimitReachedError("too_many_exports", detail, _RETRY_AFTER)
        export = self.store.save(
            Export(account_id, uuid4().hex, report_filter, now, by, touched_at=now, mail_to=mail_to)
        )
        self.runner.start(account_id, export.export_id)
        return export

    def _queue_again(self, exports: Sequence[Export]) -> None:
        """Queue exports again that no invocation has claimed for a minute.

        Such an export waits in the queue, or the request for it ended before it was queued. A message too many does
        nothing.
        """
        now = self.clock()
        for export in exports:
            if export.claimed_by or now - export.touched_at < QUEUED_AGAIN_AFTER:
                continue
            with suppress(StaleWriteError):  # an invocation claims it just now
                self.store.save(replace(export, touched_at=now))
                self.runner.start(export.account_id, export.export_id)

    def status(self, account_id: str, export_id: str) -> ExportStatus:
        """Return the status of an export, with a new link when it is done; raises NotFoundError."""
        export = self.store.find(account_id, export_id)
        if export is None:
            raise NotFoundError("export not found")
        if self._is_silent(export):
            return ExportStatus(ExportState.FAILED, export.rows, detail=_GIVEN_UP)
        url = ""
        if export.state is ExportState.DONE:
            zone = ZoneInfo(self.accounts.settings(account_id).time_zone)
            name = f"undelivered-{local_day(export.at, zone).isoformat()}.csv"
            url = self.files.link(export.file, name, LINK_EXPIRES_AFTER)
        return ExportStatus(export.state, export.rows, url, export.detail)

    def find_all(self, account_id: str) -> Sequence[Export]:
        """Return the exports whose files are still kept, the newest first. One without progress has failed."""
        now = self.clock()
        kept = [export for export in self.store.find_all(account_id) if now < export.at + EXPORT_LIFETIME]
        shown = [self._given_up(export) if self._is_silent(export) else export for export in kept]
        return sorted(shown, key=lambda export: export.at, reverse=True)

    def _given_up(self, export: Export) -> Export:
        return replace(export, state=ExportState.FAILED, detail=_GIVEN_UP)

    def _is_silent(self, export: Export) -> bool:
        return export.state is ExportState.RUNNING and not self._is_under_way(export)

    def _is_under_way(self, export: Export) -> bool:
        """Whether an export is being written: one without progress has failed."""
        return export.state is ExportState.RUNNING and self.clock() - export.touched_at <= SILENT_AFTER
