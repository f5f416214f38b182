"""Export files in S3: the calls that put a file together, and what S3's answers mean."""

import io
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from botocore.response import StreamingBody

from tests.builders.aws import stubbed
from undelivered.adapters.aws.s3 import S3ExportFiles
from undelivered.domain.errors import RetryableError
from undelivered.domain.export import ExportPart

BUCKET, FILE, UPLOAD = "exports-bucket", "exports/acc-1/e-1.csv", "upload-1"
OBJECT = {"Bucket": BUCKET, "Key": FILE}
PARTS = [ExportPart(1, '"tag-1"', "crc-1=="), ExportPart(3, '"tag-3"', "crc-3==")]


@pytest.fixture
def s3():
    with stubbed("s3") as (client, stub):
        yield S3ExportFiles(client, BUCKET), stub


def test_a_file_begins_with_its_type_and_the_checksum_that_all_its_parts_will_have(s3):
    """S3 takes a part by no other algorithm than the one named at the beginning (botocore#3216)."""
    files, stub = s3
    expected = {**OBJECT, "ContentType": "text/csv; charset=utf-8", "ChecksumAlgorithm": "CRC32"}
    stub.add_response("create_multipart_upload", {"UploadId": UPLOAD}, expected)

    assert files.begin(FILE) == UPLOAD


def test_a_part_is_sent_with_its_number_and_checksum_and_known_by_what_s3_answers(s3):
    files, stub = s3
    expected = {**OBJECT, "UploadId": UPLOAD, "PartNumber": 3, "Body": b"a,b\r\n", "ChecksumAlgorithm": "CRC32"}
    stub.add_response("upload_part", {"ETag": '"tag-3"', "ChecksumCRC32": "crc-3=="}, expected)

    assert files.add_part(FILE, UPLOAD, 3, b"a,b\r\n") == PARTS[1]


def test_the_whole_is_made_of_the_parts_in_order_each_with_its_checksum(s3):
    files, stub = s3
    told = [
        {"PartNumber": 1, "ETag": '"tag-1"', "ChecksumCRC32": "crc-1=="},
        {"PartNumber": 3, "ETag": '"tag-3"', "ChecksumCRC32": "crc-3=="},
    ]
    expected = {**OBJECT, "UploadId": UPLOAD, "MultipartUpload": {"Parts": told}}
    stub.add_response("complete_multipart_upload", {}, expected)

    files.finish(FILE, UPLOAD, PARTS)


def test_a_file_that_was_finished_by_a_call_whose_answer_was_lost_is_finished(s3):
    files, stub = s3
    stub.add_client_error("complete_multipart_upload", "NoSuchUpload", http_status_code=404)
    stub.add_response("head_object", {}, OBJECT)

    files.finish(FILE, UPLOAD, PARTS)


def test_an_upload_that_is_gone_without_a_file_is_an_error(s3):
    files, stub = s3
    stub.add_client_error("complete_multipart_upload", "NoSuchUpload", http_status_code=404)
    stub.add_client_error("head_object", "404", http_status_code=404)

    with pytest.raises(ClientError):
        files.finish(FILE, UPLOAD, PARTS)


def test_parts_that_s3_does_not_know_are_an_error(s3):
    files, stub = s3
    stub.add_client_error("complete_multipart_upload", "InvalidPart")

    with pytest.raises(ClientError, match="InvalidPart"):
        files.finish(FILE, UPLOAD, PARTS)


def test_the_parts_of_an_unfinished_file_are_thrown_away(s3):
    files, stub = s3
    stub.add_response("abort_multipart_upload", {}, {**OBJECT, "UploadId": UPLOAD})

    files.abandon(FILE, UPLOAD)


def test_throwing_away_what_is_gone_already_is_fine_but_not_what_may_not_be(s3):
    files, stub = s3
    stub.add_client_error("abort_multipart_upload", "NoSuchUpload", http_status_code=404)
    stub.add_client_error("abort_multipart_upload", "AccessDenied", http_status_code=403)

    files.abandon(FILE, UPLOAD)
    with pytest.raises(ClientError, match="AccessDenied"):
        files.abandon(FILE, UPLOAD)


def test_a_small_file_is_kept_returned_and_removed(s3):
    files, stub = s3
    stub.add_response("put_object", {}, {**OBJECT, "Body": b"rest"})
    stub.add_response("get_object", {"Body": StreamingBody(io.BytesIO(b"rest"), 4)}, OBJECT)
    stub.add_response("delete_object", {}, OBJECT)

    files.write_remainder(FILE, b"rest")
    assert files.read_remainder(FILE) == b"rest"
    files.remove(FILE)


CALLS = {
    "create_multipart_upload": lambda files: files.begin(FILE),
    "upload_part": lambda files: files.add_part(FILE, UPLOAD, 1, b""),
    "complete_multipart_upload": lambda files: files.finish(FILE, UPLOAD, PARTS),
    "abort_multipart_upload": lambda files: files.abandon(FILE, UPLOAD),
    "put_object": lambda files: files.write_remainder(FILE, b""),
    "get_object": lambda files: files.read_remainder(FILE),
    "delete_object": lambda files: files.remove(FILE),
}


@pytest.mark.parametrize("operation", CALLS)
@pytest.mark.parametrize(
    "code", ["SlowDown", "InternalError", "ServiceUnavailable", "RequestTimeout", "OperationAborted"]
)
def test_a_busy_s3_can_be_asked_again_whatever_it_was_asked(s3, operation, code):
    files, stub = s3
    stub.add_client_error(operation, code, http_status_code=503)

    with pytest.raises(RetryableError, match=code):
        CALLS[operation](files)


@pytest.mark.parametrize("operation", CALLS)
def test_what_may_not_be_asked_passes_as_it_is(s3, operation):
    files, stub = s3
    stub.add_client_error(operation, "AccessDenied", http_status_code=403)

    with pytest.raises(ClientError, match="AccessDenied"):
        CALLS[operation](files)


def test_an_s3_that_cannot_be_reached_can_be_asked_again():
    class Away:
        def put_object(self, **_call):
            raise EndpointConnectionError(endpoint_url="https://s3.test")

    with pytest.raises(RetryableError, match="EndpointConnectionError"):
        S3ExportFiles(Away(), BUCKET).write_remainder(FILE, b"")


def test_a_link_fetches_the_file_as_a_download_for_as_long_as_it_is_told(s3):
    files, _ = s3

    link = urlsplit(files.link(FILE, "undelivered-2026-11-23.csv", timedelta(minutes=15)))

    assert link.path.endswith(FILE)
    told = {name.casefold(): values for name, values in parse_qs(link.query).items()}
    assert told["response-content-disposition"] == ['attachment; filename="undelivered-2026-11-23.csv"']


def test_a_link_holds_for_the_seconds_it_is_given_and_no_longer():
    asked = []

    class Client:
        def generate_presigned_url(self, *name, **told):
            asked.append((*name, told))
            return "https://s3.test/signed"

    assert S3ExportFiles(Client(), BUCKET).link(FILE, "x.csv", timedelta(minutes=15)) == "https://s3.test/signed"
    ((operation, told),) = asked
    assert (operation, told["ExpiresIn"]) == ("get_object", 900)
    assert told["Params"] == {**OBJECT, "ResponseContentDisposition": 'attachment; filename="x.csv"'}
