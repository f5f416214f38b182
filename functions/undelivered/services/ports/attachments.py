"""Port of the files that are sent with emails."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from typing import Protocol

from msgspec import Struct


class UploadForm(Struct, frozen=True):
    """A form with which anyone can upload one file: a POST to ``url`` of ``fields``, then of the file as ``file``."""

    url: str
    fields: Mapping[str, str]


class UploadedFile(Struct, frozen=True):
    """A file that was uploaded. ``version`` changes when the file is uploaded again."""

    file_name: str
    content_type: str
    size: int
    version: str


class AttachmentFiles(Protocol):
    """Files that were uploaded, and files that belong to notifications. All can raise RetryableError.

    A file that belongs to a notification has a key (``domain.attachment.new_key``) and never changes.
    """

    def upload_form(
        self, account_id: str, attachment_id: str, file_name: str, content_type: str, lifetime: timedelta
    ) -> UploadForm:
        """Return a form that accepts one file with this content type, of up to ``MAX_FILE_BYTES``."""

    def find_upload(self, account_id: str, attachment_id: str) -> UploadedFile | None:
        """Return the file that an account uploaded under an id, or None if there is none or it has expired."""

    def keep_upload(self, account_id: str, attachment_id: str, version: str, key: str) -> bool:
        """Copy an uploaded file to a key; return False if it has expired, or was uploaded again since."""

    def keep(self, key: str, content: bytes) -> None:
        """Store a file under a key."""

    def is_kept(self, key: str) -> bool:
        """Whether there is a file under a key."""

    def digest(self, key: str) -> str:
        """Return the SHA-256 digest of a file in hexadecimal; empty for files that were stored without one, or not."""

    def read(self, key: str) -> bytes | None:
        """Return the content of a file, or None if there is none."""

    def link(self, key: str, file_name: str, lifetime: timedelta) -> str:
        """Return a URL from which anyone can download the file, under ``file_name``, until it expires."""

    def remove(self, account_id: str, keys: Sequence[str], uploads: Sequence[str]) -> None:
        """Delete files under keys, and uploaded files by their ids; does nothing for those that do not exist."""

    def remove_expired(self, today: date, has_time: Callable[[], bool]) -> int:
        """Delete the files that expired before a day while ``has_time`` returns True; return how many."""
