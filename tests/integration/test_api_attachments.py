"""Files of emails over the API: uploads, notifications that name them, and downloads."""

import base64

import pytest

from tests.builders.api import Api, believe_test_tokens, host, manager, viewer
from tests.builders.items import ACCOUNT, a_customer, an_item
from undelivered.domain.identifiers import item_id
from undelivered.domain.taxonomy import Reason
from undelivered.entrypoints.http.parsing import MAX_BODY_BYTES
from undelivered.entrypoints.http.routes.notifications import MAX_FILES, MAX_REQUEST_BYTES

PDF = b"%PDF-1.7 an invoice"
INLINE = {"filename": "terms.txt", "content_type": "Text/Plain", "content_base64": base64.b64encode(b"terms").decode()}
ITEM = an_item(Reason.MAILBOX_FULL, notification_id="n-1", customer_id="c-1")


@pytest.fixture
def api(monkeypatch):
    believe_test_tokens(monkeypatch)
    api = Api()
    api.customers.save(a_customer())
    return api


def upload(api, **changes):
    wanted = {"filename": "invoice.pdf", "content_type": "application/pdf", **changes}
    return api.post("/attachments", wanted, host())


def send(api, *attachments, **changes):
    notification = {
        "notification_id": "n-1", "customer_id": "c-1", "channel": "email", "title": "Invoice", "text": "Dear Ada",
        "attachments": attachments, **changes,
    }  # fmt: skip
    return api.post("/notifications", {"notifications": [notification]}, host())


def refusal(answer):
    assert (answer.status, answer.json["accepted"]) == (202, [])
    (refused,) = answer.json["refused"]
    return refused["code"], refused["field"]


def test_an_upload_starts_with_a_form_and_the_id_that_notifications_name(api):
    started = upload(api)

    assert started.status == 201
    assert started.json["upload_url"] == "https://files.test/"
    assert started.json["upload_fields"]["key"] == started.json["attachment_id"]
    assert started.json["expires_at"] == "2026-11-23T19:00:00Z"
    api.files.upload(ACCOUNT, started.json["attachment_id"], PDF)
    assert send(api, {"attachment_id": started.json["attachment_id"]}, INLINE).json["refused"] == []
    assert sorted(api.files.kept.values()) == [PDF, b"terms"]


def test_only_the_host_application_uploads(api):
    for who in (manager(), viewer()):
        assert api.post("/attachments", {"filename": "a.pdf", "content_type": "application/pdf"}, who).status == 403


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"filename": "run.exe"}, "filename"),
        ({"filename": "../a.pdf"}, "filename"),
        ({"content_type": "x"}, "content_type"),
    ],
)
def test_a_file_that_ses_refuses_is_refused_before_it_is_uploaded(api, changes, field):
    refused = upload(api, **changes)

    assert (refused.status, refused.json["code"], refused.json["errors"][0]["field"]) == (400, "invalid_body", field)


@pytest.mark.parametrize(
    ("attachment", "code", "field"),
    [
        ({"attachment_id": "0" * 32}, "unknown_attachment", "[0].attachment_id"),
        ({"attachment_id": "../../held/1"}, "unknown_attachment", "[0].attachment_id"),
        ({"attachment_id": "0" * 32, "filename": "a.pdf"}, "invalid_body", "[0]"),
        ({"filename": "a.pdf"}, "invalid_body", "[0]"),
        ({**INLINE, "content_base64": ""}, "invalid_body", "[0]"),
        ({**INLINE, "content_base64": "no base64!"}, "invalid_body", "[0].content_base64"),
        ({**INLINE, "content_base64": "QQ"}, "invalid_body", "[0].content_base64"),
        ({**INLINE, "filename": "a.js"}, "invalid_body", "[0].filename"),
        ({**INLINE, "content_type": "message/rfc822"}, "invalid_body", "[0].content_type"),
        ({**INLINE, "url": "https://x.test"}, "invalid_body", "[0].url"),
    ],
)
def test_a_file_that_cannot_be_sent_is_refused_with_its_field(api, attachment, code, field):
    answer = send(api, attachment)

    assert refusal(answer) == (code, f"notifications[0].attachments{field}")
    assert field.removeprefix("[0].") in answer.json["refused"][0]["detail"]


def test_the_field_says_which_notification_and_which_file(api):
    good = {"customer_id": "c-1", "channel": "email", "title": "Invoice", "text": "Dear Ada", "attachments": [INLINE]}
    bad = {**good, "attachments": [INLINE, {"attachment_id": "0" * 32}]}

    answer = api.post("/notifications", {"notifications": [good, good, good, bad]}, host())

    assert len(answer.json["accepted"]) == 3
    assert answer.json["refused"][0]["field"] == "notifications[3].attachments[1].attachment_id"


def test_a_notification_has_ten_files_at_most_and_a_request_a_hundred(api):
    assert refusal(send(api, *[INLINE] * 11)) == ("too_large", "notifications[0].attachments")
    assert send(api, *[INLINE] * 10).json["refused"] == []
    many = [
        {"customer_id": "c-1", "channel": "email", "title": "x", "text": "x", "attachments": [INLINE] * 10}
        for _ in range(MAX_FILES // 10 + 1)
    ]
    answer = api.post("/notifications", {"notifications": many}, host())
    assert (answer.status, answer.json["code"]) == (400, "too_many_items")


def test_a_request_can_be_large_for_its_files_but_not_for_its_texts(api):
    large = {**INLINE, "content_base64": base64.b64encode(bytes(MAX_REQUEST_BYTES * 3 // 4 - 1000)).decode()}

    assert send(api, large).json["refused"] == []
    assert send(api, {**large, "content_base64": "A" * MAX_REQUEST_BYTES}).status == 413
    texts = {"text": "é" * 90_000, "html": "é" * (MAX_BODY_BYTES // 2 - 90_000)}
    assert refusal(send(api, notification_id="n-2", **texts)) == ("too_large", None)


class TestTheItem:
    @pytest.fixture
    def url(self, api):
        send(api, INLINE)
        api.add(ITEM)
        return f"/undelivered/{item_id(ITEM.entry_key)}"

    def test_shows_the_files_of_the_message(self, api, url):
        attachments = api.get(url).json["content"]["attachments"]

        assert attachments == [{"number": 1, "filename": "terms.txt", "content_type": "text/plain", "size": 5}]

    def test_says_that_it_cannot_be_resent_without_a_file_that_is_lost(self, api, url):
        assert api.get(url).json["resend"]["allowed"]

        api.files.kept.clear()

        assert api.get(url).json["resend"]["code"] == "resend_content_not_held"
        assert api.post(f"{url}/resend", {}).json["code"] == "resend_content_not_held"

    def test_lets_managers_download_a_file_and_says_so(self, api, url):
        answer = api.post(f"{url}/attachments/1/download")

        assert answer.status == 200
        assert answer.json["url"].endswith("name=terms.txt&for=0:05:00")
        assert [(entry["action"], entry["detail"]) for entry in api.get(url).json["audit"]] == [
            ("download", "terms.txt")
        ]

    @pytest.mark.parametrize("who", [viewer, host])
    def test_but_nobody_else(self, api, url, who):
        assert api.post(f"{url}/attachments/1/download", headers=who()).status == 403

    @pytest.mark.parametrize("number", ["0", "2", "x", "-1", "%C2%B2", "1" * 400])
    def test_and_no_file_that_it_does_not_have(self, api, url, number):
        assert api.post(f"{url}/attachments/{number}/download").status == 404


def test_the_export_of_a_customers_data_lists_the_files(api):
    send(api, INLINE)

    found, url = [], "/customers/c-1/data"
    while url:
        page = api.get(url).json
        found += page["notifications"]
        url = page["next_cursor"] and f"/customers/c-1/data?cursor={page['next_cursor']}"

    assert [each["filename"] for each in found[0]["content"]["attachments"]] == ["terms.txt"]
