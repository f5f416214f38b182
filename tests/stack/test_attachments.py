"""Files of emails on the deployed stack: uploaded, sent, resent byte for byte, downloaded, and erased."""

import base64
import hashlib
import os
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from infrastructure.local.scenario import call_api, eventually
from tests.stack.acting import WITHIN
from tests.stack.test_erasure import age, erase

TERMS = b"Our terms: \x00\xff\r\n"
INLINE = {
    "filename": "Bedingungen März.txt",
    "content_type": "text/plain",
    "content_base64": base64.b64encode(TERMS).decode(),
}


def start_upload(acting, filename="invoice.pdf"):
    wanted = {"filename": filename, "content_type": "application/pdf"}
    return call_api(acting.host, "POST", "/attachments", 201, json=wanted)


def upload(form, content, **fields):
    return httpx.post(
        form["upload_url"], data={**form["upload_fields"], **fields}, files={"file": ("x", content)}, timeout=60
    )


def uploaded(acting, content):
    form = start_upload(acting)
    assert upload(form, content).status_code == 204
    return {"attachment_id": form["attachment_id"]}


def received(acting, address):
    """Return the files of the last email to an address."""
    message = eventually(lambda: acting.sent(address), f"nothing was sent to {address}", WITHIN)[-1]
    return {
        file["filename"]: httpx.get(f"{acting.stack.simulator_url}{file['path']}", timeout=60).content
        for file in message["attachments"]
    }


def stored(acting):
    """Return the keys in the bucket."""
    pages = acting.stack.client("s3").get_paginator("list_objects_v2")
    bucket = acting.stack.outputs["AttachmentsBucket"]
    return {entry["Key"] for page in pages.paginate(Bucket=bucket) for entry in page.get("Contents", [])}


def test_an_invoice_goes_out_again_byte_for_byte_and_is_erased_with_its_customer(acting):
    before = stored(acting)
    invoice = os.urandom(7 * 1024 * 1024)
    address = acting.mailbox("unknown-user", "iris")
    item = acting.undelivered("iris", address, attachments=[uploaded(acting, invoice), INLINE])
    files = {"invoice.pdf": invoice, "Bedingungen März.txt": TERMS}
    assert received(acting, address) == files

    acting.correct("iris", email=acting.mailbox("fine", "iris"))
    acting.resend(item)
    page = acting.comes_to(item, "resolved", attempts=2)

    assert received(acting, acting.mailbox("fine", "iris")) == files
    assert [(file["filename"], file["size"]) for file in page["content"]["attachments"]] == [
        ("invoice.pdf", len(invoice)),
        ("Bedingungen März.txt", len(TERMS)),
    ]
    evidence = acting.call_api("GET", f"/undelivered/{item['id']}/evidence")["evidence"]
    digests = [file["sha256"] for file in evidence["content"]["attachments"]]
    assert digests[0] == hashlib.sha256(invoice).hexdigest()
    link = acting.call_api("POST", f"/undelivered/{item['id']}/attachments/2/download")["url"]
    download = httpx.get(link, timeout=60)
    assert download.content == TERMS
    assert download.headers["Content-Disposition"] == "attachment; filename*=UTF-8''Bedingungen%20M%C3%A4rz.txt"
    assert download.headers["Content-Type"] == "application/octet-stream"
    assert acting.viewer.post(f"/undelivered/{item['id']}/attachments/2/download").status_code == 403
    assert "download" in [entry["action"] for entry in acting.page(item)["audit"]]
    assert len(stored(acting) - before) == 3
    age(acting, "notifications", item["notification_id"])

    erase(acting, "iris")

    assert stored(acting) - before == set()
    assert httpx.get(link, timeout=60).status_code == 403


@pytest.mark.parametrize(
    ("content", "fields"),
    [
        (b"", {}),
        (bytes(29 * 1024 * 1024 + 1), {}),
        (b"%PDF", {"Content-Type": "text/html"}),
        (b"%PDF", {"key": "held/x"}),
    ],
    ids=["empty", "too-large", "another-type", "another-key"],
)
def test_s3_itself_refuses_what_the_form_does_not_allow(acting, content, fields):
    form = start_upload(acting)

    assert 400 <= upload(form, content, **fields).status_code < 500

    notification = {
        "customer_id": acting.name("iris"), "channel": "email", "title": "Invoice", "text": "Dear Iris",
        "to": acting.mailbox("fine", "iris"), "attachments": [{"attachment_id": form["attachment_id"]}],
    }  # fmt: skip
    (refused,) = call_api(acting.host, "POST", "/notifications", 202, json={"notifications": [notification]})["refused"]
    assert (refused["code"], refused["field"]) == (
        "unknown_attachment",
        "notifications[0].attachments[0].attachment_id",
    )


def test_a_lost_file_prevents_the_resend_and_the_message_never_goes_out_without_it(acting):
    before = stored(acting)
    item = acting.undelivered("otto", acting.mailbox("mailbox-full", "otto"), attachments=[INLINE])
    (key,) = stored(acting) - before
    acting.stack.client("s3").delete_object(Bucket=acting.stack.outputs["AttachmentsBucket"], Key=key)

    assert acting.page(item)["resend"]["code"] == "resend_content_not_held"
    assert acting.resend(item, 409)["code"] == "resend_content_not_held"
    batch = acting.call_api("POST", "/undelivered/resend", 202, json={"ids": [item["id"]]})
    assert batch["accepted"] == 1
    page = acting.comes_to(item, "open", attempts=2)

    assert page["reason"] == "attachment_missing"
    assert len(acting.sent(item["recipient"])) == 1


def test_files_are_deleted_on_the_day_after_they_expired(acting):
    store, bucket = acting.stack.client("s3"), acting.stack.outputs["AttachmentsBucket"]
    today = datetime.now(UTC).date()
    expired, current = (f"held/{day}/acc-harbor/{acting.name('x')}" for day in (today - timedelta(days=1), today))
    for key in (expired, current):
        store.put_object(Bucket=bucket, Key=key, Body=b"x")

    acting.invoke("Cleanup")

    try:
        eventually(lambda: expired not in stored(acting), "the file is not deleted", WITHIN)
        assert current in stored(acting)
    finally:
        store.delete_object(Bucket=bucket, Key=current)
