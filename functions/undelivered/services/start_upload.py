"""Start the upload of a file that notifications will send."""

from collections.abc import Callable
from datetime import datetime
from uuid import uuid4

from msgspec import Struct

from undelivered.domain.attachment import UPLOAD_LIFETIME, checked_content_type, checked_file_name
from undelivered.services.ports import AttachmentFiles, UploadForm


class StartedUpload(Struct, frozen=True):
    """A form for one file, and the id by which notifications name the file."""

    attachment_id: str
    form: UploadForm
    expires_at: datetime


class StartUpload(Struct, frozen=True):
    """The use case behind ``POST /attachments``."""

    files: AttachmentFiles
    clock: Callable[[], datetime]

    def __call__(self, account_id: str, file_name: str, content_type: str) -> StartedUpload:
        """Return a new form; raises InvalidInputError for a name or a type that SES does not send."""
        name = checked_file_name(file_name, "filename")
        kind = checked_content_type(content_type, "content_type")
        attachment_id = uuid4().hex
        form = self.files.upload_form(account_id, attachment_id, name, kind, UPLOAD_LIFETIME)
        return StartedUpload(attachment_id, form, self.clock() + UPLOAD_LIFETIME)
