"""Download a file of a message, with an entry in the item's audit trail."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from undelivered.domain.attachment import Attachment
from undelivered.domain.errors import NotFoundError, RefusedError
from undelivered.domain.item import Audit, UndeliveredItem
from undelivered.services.concurrency import retry_on_conflict
from undelivered.services.ports import AttachmentFiles, NotificationStore, UndeliveredStore

LINK_EXPIRES_AFTER: Final = timedelta(minutes=5)
_ACTION: Final = "download"


class DownloadLink(Struct, frozen=True):
    """A link to a file. It works for anyone until it expires."""

    url: str
    expires_at: datetime


class DownloadAttachment(Struct, frozen=True):
    """The use case of a manager who downloads a file."""

    undelivered: UndeliveredStore
    notifications: NotificationStore
    files: AttachmentFiles
    clock: Callable[[], datetime]

    def __call__(self, account_id: str, entry_key: str, number: int, *, by: str) -> DownloadLink:
        """Return a link to the file with a number, from 1. Raises NotFoundError, and RefusedError for an old item.

        An item that has left the report cannot be changed, so a download could not be recorded.
        """
        item = self.undelivered.find(account_id, entry_key)
        notification = self.notifications.find(account_id, item.notification_id) if item else None
        attachments = notification.attachments if notification else ()
        if item is None or not 1 <= number <= len(attachments):
            raise NotFoundError("attachment not found")
        attachment = attachments[number - 1]
        if not self.files.is_kept(attachment.key):
            raise NotFoundError("attachment not found")
        self._record(item, attachment, by)
        url = self.files.link(attachment.key, attachment.file_name, LINK_EXPIRES_AFTER)
        return DownloadLink(url, self.clock() + LINK_EXPIRES_AFTER)

    def _record(self, item: UndeliveredItem, attachment: Attachment, by: str) -> None:
        if self.clock() >= item.leaves_at:
            raise RefusedError("conflict", "This notification is more than 30 days old and has left the report.")
        self._add_audit(item.account_id, item.entry_key, Audit(self.clock(), by, _ACTION, attachment.file_name))

    @retry_on_conflict
    def _add_audit(self, account_id: str, entry_key: str, audit: Audit) -> None:
        item = self.undelivered.find(account_id, entry_key)
        if item is None:
            raise NotFoundError("item not found")
        # A person's first download of each file is recorded, so that repeated ones do not fill the item.
        if all((each.by, each.action, each.detail) != (audit.by, _ACTION, audit.detail) for each in item.audit):
            self.undelivered.save(item, replace(item, audit=(*item.audit, audit)))
