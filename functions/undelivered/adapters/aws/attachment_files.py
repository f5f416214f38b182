"""The files of emails in Amazon S3: uploaded with presigned forms, or stored by the API."""

from base64 import b64decode
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import Any, Final, TypeVar
from urllib.parse import quote

from botocore.exceptions import ClientError
from msgspec import Struct

from undelivered.adapters.aws.s3 import busy_is_retryable
from undelivered.domain import base64url
from undelivered.domain.attachment import HELD, MAX_FILE_BYTES, held_before
from undelivered.domain.batches import batches
from undelivered.domain.errors import RetryableError
from undelivered.services.ports import UploadedFile, UploadForm

T = TypeVar("T")

_MISSING: Final = frozenset({"NoSuchKey", "404", "403", "AccessDenied"})
"""S3 answers 403 instead of 404 to a caller without the permission s3:ListBucket (Amazon S3 API, "HeadObject")."""

_REPLACED: Final = "PreconditionFailed"
_ANY_TYPE: Final = "application/octet-stream"
"""The type of every download, so that no browser displays a file within the page."""

_NAME: Final = "filename"
_DELETED_AT_ONCE: Final = 1000
"""The maximum of a request (Amazon S3 API Reference, "DeleteObjects")."""


class S3AttachmentFiles(Struct, frozen=True):
    """``ports.AttachmentFiles`` in a bucket. Uploads are under ``uploads/``, which the bucket empties after a day."""

    client: Any
    bucket: str

    def upload_form(
        self, account_id: str, attachment_id: str, file_name: str, content_type: str, lifetime: timedelta
    ) -> UploadForm:
        """Return a presigned form. S3 itself refuses another type, and a file that is empty or too large."""
        # Metadata are headers, so the name is encoded.
        fields = {"Content-Type": content_type, f"x-amz-meta-{_NAME}": base64url.encode(file_name.encode())}
        form = self.client.generate_presigned_post(
            self.bucket,
            _upload(account_id, attachment_id),
            Fields=dict(fields),
            Conditions=[
                *({name: value} for name, value in fields.items()),
                ["content-length-range", 1, MAX_FILE_BYTES],
            ],
            ExpiresIn=int(lifetime.total_seconds()),
        )
        return UploadForm(form["url"], form["fields"])

    def find_upload(self, account_id: str, attachment_id: str) -> UploadedFile | None:
        """Return an uploaded file with the name and type of its form, or None."""
        known = self._head(_upload(account_id, attachment_id))
        if known is None:
            return None
        name = base64url.decode(known["Metadata"][_NAME]).decode()
        return UploadedFile(name, known["ContentType"], known["ContentLength"], known["ETag"])

    def keep_upload(self, account_id: str, attachment_id: str, version: str, key: str) -> bool:
        """Copy an uploaded file within S3; return False if it is gone or another file now."""
        with busy_is_retryable():
            try:
                self.client.copy_object(
                    Bucket=self.bucket,
                    Key=key,
                    CopySource={"Bucket": self.bucket, "Key": _upload(account_id, attachment_id)},
                    CopySourceIfMatch=version,
                    MetadataDirective="REPLACE",
                    ChecksumAlgorithm="SHA256",
                )
            except ClientError as error:
                if error.response["Error"]["Code"] in {*_MISSING, _REPLACED}:
                    return False
                raise
        return True

    def keep(self, key: str, content: bytes) -> None:
        """Store a file under a key."""
        with busy_is_retryable():
            self.client.put_object(Bucket=self.bucket, Key=key, Body=content)

    def is_kept(self, key: str) -> bool:
        """Whether there is a file under a key."""
        return self._head(key) is not None

    def digest(self, key: str) -> str:
        """Return the SHA-256 digest that S3 computed when it copied an upload, in hexadecimal; empty if it has none."""
        known = self._of_file(lambda file: self.client.head_object(**file, ChecksumMode="ENABLED"), key) or {}
        return b64decode(known.get("ChecksumSHA256", "")).hex()

    def _head(self, key: str) -> dict[str, Any] | None:
        return self._of_file(lambda file: self.client.head_object(**file), key)

    def read(self, key: str) -> bytes | None:
        """Return the content of a file, or None if there is none."""
        return self._of_file(lambda file: self.client.get_object(**file)["Body"].read(), key)

    def _of_file(self, ask: Callable[[dict[str, str]], T], key: str) -> T | None:
        """Return what S3 says of a file, or None if there is none."""
        with busy_is_retryable():
            try:
                return ask({"Bucket": self.bucket, "Key": key})
            except ClientError as error:
                if error.response["Error"]["Code"] in _MISSING:
                    return None
                raise

    def link(self, key: str, file_name: str, lifetime: timedelta) -> str:
        """Return a presigned URL that downloads the file under its name (RFC 6266, RFC 8187)."""
        url: str = self.client.generate_presigned_url(
            "get_object",
            Params={
                "Bucket": self.bucket,
                "Key": key,
                "ResponseContentDisposition": f"attachment; filename*=UTF-8''{quote(file_name, safe='')}",
                "ResponseContentType": _ANY_TYPE,
            },
            ExpiresIn=int(lifetime.total_seconds()),
        )
        return url

    def remove(self, account_id: str, keys: Sequence[str], uploads: Sequence[str]) -> None:
        """Delete files under keys, and uploaded files by their ids."""
        self._delete([*keys, *(_upload(account_id, upload) for upload in uploads)])

    def remove_expired(self, today: date, has_time: Callable[[], bool]) -> int:
        """Delete the files that expired before a day. Keys start with the day, and S3 lists them in order."""
        removed = 0
        while has_time():
            with busy_is_retryable():
                page = self.client.list_objects_v2(Bucket=self.bucket, Prefix=HELD, MaxKeys=_DELETED_AT_ONCE)
            keys = [entry["Key"] for entry in page.get("Contents", [])]
            expired = [key for key in keys if key < held_before(today)]
            self._delete(expired)
            removed += len(expired)
            if len(expired) < _DELETED_AT_ONCE:
                break
        return removed

    def _delete(self, keys: Sequence[str]) -> None:
        for batch in batches(keys, _DELETED_AT_ONCE):
            with busy_is_retryable():
                answer = self.client.delete_objects(
                    Bucket=self.bucket, Delete={"Objects": [{"Key": key} for key in batch], "Quiet": True}
                )
            for failure in answer.get("Errors", []):
                raise RetryableError(f"S3 did not delete a file: {failure.get('Code')}")


def _upload(account_id: str, attachment_id: str) -> str:
    return f"uploads/{account_id}/{attachment_id}"
