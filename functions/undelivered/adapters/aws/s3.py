"""Export files in Amazon S3: written as multipart uploads, downloaded through presigned links."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError
from msgspec import Struct

from undelivered.domain.errors import RetryableError
from undelivered.domain.export import ExportPart

_TYPE: Final = "text/csv; charset=utf-8"
_BUSY: Final = frozenset({"SlowDown", "InternalError", "ServiceUnavailable", "RequestTimeout", "OperationAborted"})
_GONE: Final = "NoSuchUpload"
_CHECKSUM: Final = "CRC32"
"""How the parts are checked. S3 takes a part by no other algorithm than the one named when its upload was begun."""


class S3ExportFiles(Struct, frozen=True):
    """``exports.ExportFiles`` in a bucket."""

    client: Any
    bucket: str

    def begin(self, file: str) -> str:
        """Begin a file and return the id of its upload."""
        with _busy_is_retryable():
            response = self.client.create_multipart_upload(
                Bucket=self.bucket, Key=file, ContentType=_TYPE, ChecksumAlgorithm=_CHECKSUM
            )
        upload: str = response["UploadId"]
        return upload

    def add_part(self, file: str, upload: str, number: int, content: bytes) -> ExportPart:
        """Add a part; all but the last have 5 MiB or more."""
        with _busy_is_retryable():
            response = self.client.upload_part(
                Bucket=self.bucket,
                Key=file,
                UploadId=upload,
                PartNumber=number,
                Body=content,
                ChecksumAlgorithm=_CHECKSUM,
            )
        return ExportPart(number, response["ETag"], response.get("ChecksumCRC32", ""))

    def finish(self, file: str, upload: str, parts: Sequence[ExportPart]) -> None:
        """Complete the file from its parts. Doing so again changes nothing."""
        numbered = [
            {
                "PartNumber": part.number,
                "ETag": part.tag,
                # S3 checks the whole by the checksums of its parts, where botocore sent any with them.
                **({"ChecksumCRC32": part.checksum} if part.checksum else {}),
            }
            for part in parts
        ]
        with _busy_is_retryable():
            try:
                self.client.complete_multipart_upload(
                    Bucket=self.bucket, Key=file, UploadId=upload, MultipartUpload={"Parts": numbered}
                )
            except ClientError as error:
                if error.response["Error"]["Code"] != _GONE:
                    raise
                # The file exists if an earlier call completed it and its response was lost.
                self.client.head_object(Bucket=self.bucket, Key=file)

    def abandon(self, file: str, upload: str) -> None:
        """Delete the parts of an unfinished file, if there are any."""
        with _busy_is_retryable():
            try:
                self.client.abort_multipart_upload(Bucket=self.bucket, Key=file, UploadId=upload)
            except ClientError as error:
                if error.response["Error"]["Code"] != _GONE:
                    raise

    def write_remainder(self, file: str, content: bytes) -> None:
        """Keep a small file; the bucket removes those under ``rests/`` after a day."""
        with _busy_is_retryable():
            self.client.put_object(Bucket=self.bucket, Key=file, Body=content)

    def read_remainder(self, file: str) -> bytes:
        """Return a small file that was kept."""
        with _busy_is_retryable():
            content: bytes = self.client.get_object(Bucket=self.bucket, Key=file)["Body"].read()
        return content

    def remove(self, file: str) -> None:
        """Delete a file, if there is one."""
        with _busy_is_retryable():
            self.client.delete_object(Bucket=self.bucket, Key=file)

    def link(self, file: str, download_name: str, lifetime: timedelta) -> str:
        """Return a URL under which anybody can fetch the file for a time, named as a download."""
        url: str = self.client.generate_presigned_url(
            "get_object",
            Params={
                "Bucket": self.bucket,
                "Key": file,
                "ResponseContentDisposition": f'attachment; filename="{download_name}"',
            },
            ExpiresIn=int(lifetime.total_seconds()),
        )
        return url


@contextmanager
def _busy_is_retryable() -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        if error.response["Error"]["Code"] in _BUSY:
            raise RetryableError(f"S3 is busy: {error.response['Error']['Code']}") from error
        raise
    except BotoCoreError as error:
        raise RetryableError(f"S3 cannot be reached: {type(error).__name__}") from error
