"""Ports of exports: their records, their files, and the queue of the function that writes them."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Protocol

from undelivered.domain.export import Export, ExportPart


class ExportStore(Protocol):
    """Exports, for as long as they can be requested."""

    def find(self, account_id: str, export_id: str) -> Export | None:
        """Return an export with a consistent read, or None if it is unknown or has expired."""

    def save(self, export: Export) -> Export:
        """Write an export and return it with its new version.

        ``version`` must be as it was read, 0 for a new export; else raises StaleWriteError.
        """

    def find_all(self, account_id: str) -> Sequence[Export]:
        """Return the exports of an account."""

    def remove(self, export: Export) -> None:
        """Delete the record of an export."""


class ExportFiles(Protocol):
    """Files that are uploaded in parts and downloaded by a link."""

    def begin(self, file: str) -> str:
        """Start an upload and return its name."""

    def add_part(self, file: str, upload: str, number: int, content: bytes) -> ExportPart:
        """Upload a part of 5 MiB or more; only the last may be smaller. The same number again replaces the part."""

    def finish(self, file: str, upload: str, parts: Sequence[ExportPart]) -> None:
        """Make the file from its parts; doing it again changes nothing."""

    def abandon(self, file: str, upload: str) -> None:
        """Delete the parts of an unfinished upload; does nothing if the upload no longer exists."""

    def write_remainder(self, file: str, content: bytes) -> None:
        """Write a small file that expires after a day: the rows that do not fill a part yet."""

    def read_remainder(self, file: str) -> bytes:
        """Return the content of a file from ``write_remainder``."""

    def remove(self, file: str) -> None:
        """Delete a file; does nothing if the file no longer exists."""

    def link(self, file: str, download_name: str, lifetime: timedelta) -> str:
        """Return a URL from which anyone can download the file until it expires."""


class ExportRunner(Protocol):
    """Starts exports."""

    def start(self, account_id: str, export_id: str) -> None:
        """Have an export written or continued elsewhere; raises RetryableError when that is not possible now."""
