"""Turn the files of a request into attachments of notifications, and store them."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Final

from msgspec import Struct

from undelivered.domain.attachment import INLINE, Attachment, check_total_size, new_key
from undelivered.domain.batches import batches
from undelivered.domain.errors import RefusedError
from undelivered.domain.notification import Notification
from undelivered.domain.taxonomy import Channel
from undelivered.services.ports import AccountStore, AttachmentFiles, InParallel, UploadedFile

_AT_ONCE: Final = 10
"""How many files are read or written at the same time."""


class NewAttachment(Struct, frozen=True):
    """A file of a notification in a request: the id of an upload, or a file with its content."""

    attachment_id: str = ""
    file_name: str = ""
    content_type: str = ""
    content: bytes = b""

    @property
    def source(self) -> str:
        """The upload's id or the content's digest; see ``Attachment``."""
        return self.attachment_id or f"{INLINE}{hashlib.sha256(self.content).hexdigest()}"


Uploads = Mapping[str, UploadedFile | None]
"""Uploaded files by id, None for an id without a file."""


class KeepAttachments(Struct, frozen=True):
    """Stores the files of notifications.

    The notification is stored before its files, so that the erasure of its customer finds every file.
    """

    files: AttachmentFiles
    accounts: AccountStore
    in_parallel: InParallel

    def uploads(self, account_id: str, new: Sequence[NewAttachment]) -> Uploads:
        """Return the uploaded files that a request names."""
        ids = list(dict.fromkeys(each.attachment_id for each in new if each.attachment_id))
        found: dict[str, UploadedFile | None] = {}
        for batch in batches(ids, _AT_ONCE):
            files = self.in_parallel(lambda each: self.files.find_upload(account_id, each), batch)
            found |= dict(zip(batch, files, strict=True))
        return found

    def attachments(
        self,
        account_id: str,
        new: Sequence[NewAttachment],
        uploads: Uploads,
        known: Sequence[Attachment],
        created_at: datetime,
    ) -> tuple[Attachment, ...]:
        """Return the attachments of a notification, not yet stored; raises RefusedError.

        ``known`` are those of the stored notification with the same id. Its uploads may have expired since.
        """
        content_days = self.accounts.settings(account_id).content_days
        kept = {attachment.source: attachment for attachment in known}

        def attachment(index: int, each: NewAttachment) -> Attachment:
            if not each.attachment_id:
                name, kind, size = each.file_name, each.content_type, len(each.content)
            elif upload := uploads[each.attachment_id]:
                name, kind, size = upload.file_name, upload.content_type, upload.size
            elif each.source in kept:
                return kept[each.source]
            else:
                raise unknown_attachment(index)
            return Attachment(name, kind, size, new_key(account_id, created_at, content_days), each.source)

        return tuple(attachment(index, each) for index, each in enumerate(new))

    def keep(
        self, new: Sequence[tuple[Notification, Sequence[NewAttachment]]], uploads: Uploads
    ) -> Mapping[str, RefusedError]:
        """Store the files of notifications; return those of which a file is lost, by their ids.

        A file that is stored already stays as it is.
        """
        work = [
            (notification, index, attachment, each)
            for notification, files in new
            for index, (attachment, each) in enumerate(zip(notification.attachments, files, strict=True))
        ]

        def keep_one(part: tuple[Notification, int, Attachment, NewAttachment]) -> bool:
            notification, _, attachment, each = part
            if self.files.is_kept(attachment.key):
                return True
            if not each.attachment_id:
                self.files.keep(attachment.key, each.content)
                return True
            upload = uploads[each.attachment_id]
            return upload is not None and self.files.keep_upload(
                notification.account_id, each.attachment_id, upload.version, attachment.key
            )

        lost: dict[str, RefusedError] = {}
        for batch in batches(work, _AT_ONCE):
            for (notification, index, *_), is_kept in zip(batch, self.in_parallel(keep_one, batch), strict=True):
                if not is_kept:
                    lost[notification.notification_id] = unknown_attachment(index)
        return lost


def check_attachments(channel: Channel, texts: Sequence[str], attachments: Sequence[Attachment]) -> None:
    """Raise RefusedError if a message cannot have these files."""
    if not attachments:
        return
    if channel is not Channel.EMAIL:
        raise RefusedError("invalid_body", "Only emails can have 'attachments'.", "attachments")
    check_total_size(texts, attachments)


def unknown_attachment(index: int) -> RefusedError:
    """Return the refusal of a notification that names a file which the account did not upload."""
    field = f"attachments[{index}].attachment_id"
    detail = (
        f"There is no uploaded file with the ID in '{field}'. Upload it with the form from POST /attachments. "
        "An upload can be used for a day."
    )
    return RefusedError("unknown_attachment", detail, field)


def files_are_kept(files: Callable[[], AttachmentFiles], notification: Notification | None) -> bool:
    """Whether all files of a notification are stored. Most notifications have none."""
    if notification is None or not notification.attachments:
        return True
    store = files()
    return all(store.is_kept(attachment.key) for attachment in notification.attachments)
