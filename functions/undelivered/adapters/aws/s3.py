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
"""The checksum algorithm of parts. S3 accepts only the algorithm that was named at the start of the upload."""


class S3ExportFiles(Struct, frozen=True):
    """``exports.ExportFiles`` in a bucket."""

    client: Any
    bucket: str

    def begin(self, file: str) -> str:
        """Start the upload of a file and return the upload's id."""
        with busy_is_retryable():
            response = self.client.create_multipart_upload(
                Bucket=self.bucket, Key=file, ContentType=_TYPE, ChecksumAlgorithm=_CHECKSUM
            )
        upload: str = response["UploadId"]
        return upload

    def add_part(self, file: str, upload: str, number: int, content: bytes) -> ExportPart:
        """Upload a part of 5 MiB or more; only the last may be smaller."""
        with busy_is_retryable():
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
        """Complete the file from its parts; doing it again changes nothing."""
        numbered = [
            {
                "PartNumber": part.number,
                "ETag": part.tag,
                # S3 checks the whole file by the checksums of its parts, if botocore sent them.
                **({"ChecksumCRC32": part.checksum} if part.checksum else {}),
            }
            for part in parts
        ]
        with busy_is_retryable():
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
        with busy_is_retryable():
            try:
                self.client.abort_multipart_upload(Bucket=self.bucket, Key=file, UploadId=upload)
            except ClientError as error:
                if error.response["Error"]["Code"] != _GONE:
                    raise

    def write_remainder(self, file: str, content: bytes) -> None:
        """Write a small file; the bucket deletes files under ``rests/`` after a day."""
        with busy_is_retryable():
            self.client.put_object(Bucket=self.bucket, Key=file, Body=content)

    def read_remainder(self, file: str) -> bytes:
        """Return the content of a file from ``write_remainder``."""
        with busy_is_retryable():
            content: bytes = self.client.get_object(Bucket=self.bucket, Key=file)["Body"].read()
        return content

    def remove(self, file: str) -> None:
        """Delete a file, if there is one."""
        with busy_is_retryable():
            self.client.delete_object(Bucket=self.bucket, Key=file)

    def link(self, file: str, download_name: str, lifetime: timedelta) -> str:
        """Return a URL from which anyone can download the file, under ``download_name``, until it expires."""
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
def busy_is_retryable() -> Iterator[None]:
    """Raise RetryableError when S3 is busy or cannot be reached."""
    try:
        yield
    except ClientError as error:
        if error.response["Error"]["Code"] in _BUSY:
            raise RetryableError(f"S3 is busy: {error.response['Error']['Code']}") from error
        raise
    except BotoCoreError as error:
        raise RetryableError(f"S3 cannot be reached: {type(error).__name__}") from error
