"""Files of emails in S3: the calls, and what S3's answers mean."""

import hashlib
import io
import json
from base64 import b64decode, b64encode
from datetime import date, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from botocore.exceptions import ClientError
from botocore.response import StreamingBody

from tests.builders.aws import stubbed
from undelivered.adapters.aws import clients
from undelivered.adapters.aws.attachment_files import S3AttachmentFiles
from undelivered.domain.attachment import MAX_FILE_BYTES
from undelivered.domain.errors import RetryableError
from undelivered.services.ports import UploadedFile

BUCKET, KEY, UPLOAD = "files-bucket", "held/2026-12-30/acc-1/1", "uploads/acc-1/a-1"
KEPT = {"Bucket": BUCKET, "Key": KEY}
UPLOADED = {"Bucket": BUCKET, "Key": UPLOAD}
TODAY = date(2026, 12, 31)
ENCODED_NAME = "UmVjaG51bmcgTcOkcnoucGRm"


@pytest.fixture
def s3():
    with stubbed("s3") as (client, stub):
        yield S3AttachmentFiles(client, BUCKET), stub


def test_a_form_takes_one_file_under_one_key_of_one_type_and_of_a_limited_size(s3):
    files, _ = s3

    form = files.upload_form("acc-1", "a-1", "Rechnung März.pdf", "application/pdf", timedelta(hours=1))

    assert form.fields["key"] == UPLOAD
    assert form.fields["Content-Type"] == "application/pdf"
    conditions = json.loads(b64decode(form.fields["policy"]))["conditions"]
    for condition in (
        {"bucket": BUCKET},
        {"key": UPLOAD},
        {"Content-Type": "application/pdf"},
        {"x-amz-meta-filename": ENCODED_NAME},
        ["content-length-range", 1, MAX_FILE_BYTES],
    ):
        assert condition in conditions


def test_an_upload_has_the_name_and_type_of_its_form(s3):
    files, stub = s3
    answer = {
        "Metadata": {"filename": ENCODED_NAME},
        "ContentType": "application/pdf",
        "ContentLength": 5,
        "ETag": '"tag"',
    }
    stub.add_response("head_object", answer, UPLOADED)

    assert files.find_upload("acc-1", "a-1") == UploadedFile("Rechnung März.pdf", "application/pdf", 5, '"tag"')


@pytest.mark.parametrize(("code", "status"), [("404", 404), ("403", 403)])
def test_what_s3_does_not_find_or_may_not_say_is_missing_does_not_exist(s3, code, status):
    """Without s3:ListBucket, S3 answers 403 for a missing object."""
    files, stub = s3
    stub.add_client_error("head_object", code, http_status_code=status)
    stub.add_client_error("head_object", code, http_status_code=status)

    assert files.find_upload("acc-1", "a-1") is None
    assert not files.is_kept(KEY)


def test_an_upload_is_copied_as_it_was_when_it_was_looked_at(s3):
    files, stub = s3
    expected = {**KEPT, "CopySource": UPLOADED, "CopySourceIfMatch": '"tag"', "MetadataDirective": "REPLACE"}
    expected["ChecksumAlgorithm"] = "SHA256"
    stub.add_response("copy_object", {}, expected)

    assert files.keep_upload("acc-1", "a-1", '"tag"', KEY)


def test_the_digest_is_the_one_that_s3_computed_and_empty_without_one(s3):
    files, stub = s3
    digest = hashlib.sha256(b"pdf")
    stub.add_response(
        "head_object", {"ChecksumSHA256": b64encode(digest.digest()).decode()}, {**KEPT, "ChecksumMode": "ENABLED"}
    )
    stub.add_response("head_object", {}, {**KEPT, "ChecksumMode": "ENABLED"})
    stub.add_client_error("head_object", "404", http_status_code=404)

    assert [files.digest(KEY) for _ in range(3)] == [digest.hexdigest(), "", ""]


@pytest.mark.parametrize("code", ["NoSuchKey", "AccessDenied", "PreconditionFailed"])
def test_an_upload_that_is_gone_or_another_by_now_is_not_copied(s3, code):
    files, stub = s3
    stub.add_client_error("copy_object", code)

    assert not files.keep_upload("acc-1", "a-1", '"tag"', KEY)


def test_a_file_is_stored_and_read_byte_for_byte(s3):
    files, stub = s3
    stub.add_response("put_object", {}, {**KEPT, "Body": b"\x00\xff"})
    stub.add_response("get_object", {"Body": StreamingBody(io.BytesIO(b"\x00\xff"), 2)}, KEPT)

    files.keep(KEY, b"\x00\xff")

    assert files.read(KEY) == b"\x00\xff"


def test_a_lost_file_is_nothing_to_read(s3):
    files, stub = s3
    stub.add_client_error("get_object", "NoSuchKey", http_status_code=404)

    assert files.read(KEY) is None


@pytest.mark.parametrize("operation", ["head_object", "get_object", "put_object", "copy_object"])
def test_a_busy_s3_can_be_asked_again_and_another_error_is_an_error(s3, operation):
    files, stub = s3
    calls = {
        "head_object": lambda: files.is_kept(KEY),
        "get_object": lambda: files.read(KEY),
        "put_object": lambda: files.keep(KEY, b""),
        "copy_object": lambda: files.keep_upload("acc-1", "a-1", '"tag"', KEY),
    }
    stub.add_client_error(operation, "SlowDown")
    stub.add_client_error(operation, "NoSuchBucket")

    with pytest.raises(RetryableError):
        calls[operation]()
    with pytest.raises(ClientError):
        calls[operation]()


def test_a_link_downloads_a_file_under_its_name_and_never_shows_it_as_a_page(s3):
    files, _ = s3

    query = parse_qs(urlsplit(files.link(KEY, "Rechnung März.pdf", timedelta(minutes=5))).query)

    (disposition,) = query["response-content-disposition"]
    assert disposition == "attachment; filename*=UTF-8''Rechnung%20M%C3%A4rz.pdf"
    assert query["response-content-type"] == ["application/octet-stream"]


def test_forms_and_links_name_the_region_so_that_s3_redirects_none(monkeypatch):
    """A redirect breaks the signature. S3 redirects what names no region while a bucket is new (boto3#4768)."""
    for name, value in {"DEFAULT_REGION": "eu-central-1", "ACCESS_KEY_ID": "a", "SECRET_ACCESS_KEY": "b"}.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    clients.client.cache_clear()
    files = S3AttachmentFiles(clients.client("s3"), BUCKET)

    form = files.upload_form("acc-1", "a-1", "a.pdf", "application/pdf", timedelta(hours=1))
    link = files.link(KEY, "a.pdf", timedelta(minutes=5))

    assert form.url == "https://files-bucket.s3.eu-central-1.amazonaws.com/"
    assert link.startswith(f"https://files-bucket.s3.eu-central-1.amazonaws.com/{KEY}?")
    clients.client.cache_clear()


def deletion(*keys):
    return {"Bucket": BUCKET, "Delete": {"Objects": [{"Key": key} for key in keys], "Quiet": True}}


def test_kept_files_and_uploads_are_deleted_together(s3):
    files, stub = s3
    stub.add_response("delete_objects", {}, deletion(KEY, UPLOAD))

    files.remove("acc-1", [KEY], ["a-1"])


def test_a_file_that_s3_does_not_delete_can_be_deleted_again(s3):
    files, stub = s3
    stub.add_response("delete_objects", {"Errors": [{"Key": KEY, "Code": "InternalError"}]}, deletion(KEY))

    with pytest.raises(RetryableError):
        files.remove("acc-1", [KEY], [])


def test_expired_files_are_deleted_page_by_page_and_no_others(s3):
    files, stub = s3
    listing = {"Bucket": BUCKET, "Prefix": "held/", "MaxKeys": 1000}
    old = [f"held/2026-12-30/acc-1/{number:04}" for number in range(1000)]
    stub.add_response("list_objects_v2", {"Contents": [{"Key": key} for key in old]}, listing)
    stub.add_response("delete_objects", {}, deletion(*old))
    rest = [{"Key": KEY}, {"Key": "held/2026-12-31/acc-1/2"}]
    stub.add_response("list_objects_v2", {"Contents": rest}, listing)
    stub.add_response("delete_objects", {}, deletion(KEY))

    assert files.remove_expired(TODAY, lambda: True) == 1001


def test_nothing_is_deleted_without_time_or_when_nothing_has_expired(s3):
    files, stub = s3
    assert files.remove_expired(TODAY, lambda: False) == 0

    stub.add_response("list_objects_v2", {})

    assert files.remove_expired(TODAY, lambda: True) == 0
