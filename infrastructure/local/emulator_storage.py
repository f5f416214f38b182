"""Corrections of ministack's DynamoDB and S3.

1. **GetRecords returns nothing at first, and then few records.**
2. **A table that is being restored is not found at first.**
3. **The parts of an upload must have the checksum algorithm of the upload.**
4. **A copy has the checksum that is asked for.**
"""

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from infrastructure.local.emulator_internals import require

_PAGE: Final = 3
"""Records. Few, so that a reader of a stream has to call several times."""
_ALGORITHM: Final = "x-amz-sdk-checksum-algorithm"
_ALGORITHM_OF_COPY: Final = "x-amz-checksum-algorithm"

Answer = tuple[int, dict[str, str], bytes]
"""Status, headers and body of a response."""


def return_small_pages() -> None:
    """Return nothing from GetRecords at first, and then few records, with the field names of this call.

    DynamoDB may return no records, or fewer than asked for, before the end of a shard (Amazon DynamoDB API Reference,
    GetRecords). ministack returns all at once. Event source mappings do not use this call: Lambda passes records on in
    a form that names the fields of an identity otherwise (``Identity`` in botocore's model of DynamoDB Streams).
    """
    from ministack.services import dynamodb_streams

    get_records = require(dynamodb_streams, "_get_records")
    waiting: set[str] = set()

    def get_few_records(request: Mapping[str, Any]) -> Any:
        iterator = str(request.get("ShardIterator"))
        status, headers, body = get_records({**request, "Limit": min(int(request.get("Limit", _PAGE)), _PAGE)})
        if status != 200:  # noqa: PLR2004 - HTTP's success
            return status, headers, body
        if iterator in waiting:
            waiting.discard(iterator)
            return status, headers, _with_identities(body)
        waiting.add(iterator)
        return status, headers, json.dumps({"Records": [], "NextShardIterator": iterator}).encode()

    dynamodb_streams._get_records = get_few_records  # noqa: SLF001 - see emulator.py


def _with_identities(body: bytes) -> bytes:
    """Name the fields of the identities in a response of GetRecords as this call does."""
    answer = json.loads(body)
    for record in answer["Records"]:
        if identity := record.get("userIdentity"):
            record["userIdentity"] = {"Type": identity["type"], "PrincipalId": identity["principalId"]}
    return json.dumps(answer).encode()


def show_restored_tables_late() -> None:
    """Answer the first DescribeTable of a restored table with ResourceNotFoundException.

    DynamoDB may return this, because DescribeTable reads its metadata with eventual consistency (Amazon DynamoDB API
    Reference, DescribeTable).
    """
    from ministack.services import dynamodb

    hidden: set[str] = set()
    describe = require(dynamodb, "_describe_table")

    def hide(restore: Callable[[Mapping[str, Any]], Answer]) -> Callable[[Mapping[str, Any]], Answer]:
        def restore_hidden(request: Mapping[str, Any]) -> Answer:
            answer = restore(request)
            if answer[0] == 200:  # noqa: PLR2004 - HTTP's success
                hidden.add(request["TargetTableName"])
            return answer

        return restore_hidden

    def describe_late(request: Mapping[str, Any]) -> Answer:
        name = request.get("TableName")
        if name not in hidden:
            answer: Answer = describe(request)
            return answer
        hidden.discard(name)
        missing: Answer = describe({"TableName": f"{name}.hidden"})
        return missing

    for name in ("_restore_table_from_backup", "_restore_table_to_point_in_time"):
        setattr(dynamodb, name, hide(require(dynamodb, name)))
    dynamodb._describe_table = describe_late  # noqa: SLF001 - see emulator.py


def is_stored(object_arn: str) -> bool:
    """Whether there is an object with an ARN."""
    from ministack.services import s3

    buckets: Mapping[str, Mapping[str, Any]] = require(s3, "_buckets")
    bucket, _, key = object_arn.rpartition(":")[2].partition("/")
    return bucket in buckets and key in buckets[bucket]["objects"]


def add_checksums_to_copies() -> None:
    """Compute the checksum that CopyObject asks for (botocore, s3, *CopyObjectRequest*: ``ChecksumAlgorithm``).

    ministack takes the algorithm from the header of PutObject only.
    """
    from ministack.services import s3

    copy = require(s3, "_copy_object")

    def copy_with_checksum(bucket: str, key: str, headers: Mapping[str, str]) -> Any:
        asked = headers.get(_ALGORITHM_OF_COPY)
        return copy(bucket, key, {**headers, _ALGORITHM: asked} if asked else headers)

    s3._copy_object = copy_with_checksum  # noqa: SLF001 - see emulator.py


def refuse_other_checksums() -> None:
    """Refuse a part whose checksum has another algorithm than its upload, as S3 does (Amazon S3 API, UploadPart)."""
    from ministack.services import s3

    resolve, error = require(s3, "_resolve_part_checksums"), require(s3, "_error")

    def resolve_alike(body: bytes, headers: Mapping[str, str], upload: Mapping[str, Any]) -> Any:
        expected, actual = upload.get("checksum_algorithm"), headers.get(_ALGORITHM)
        if actual and actual != expected:
            kinds = f"expected checksum Type: {(expected or 'null').lower()}, actual checksum Type: {actual.lower()}"
            return {}, error("InvalidRequest", f"Checksum Type mismatch occurred, {kinds}", 400)
        return resolve(body, headers, upload)

    s3._resolve_part_checksums = resolve_alike  # noqa: SLF001 - see emulator.py
