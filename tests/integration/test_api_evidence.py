"""Signed evidence: what it says, that others can check it without us, and that nothing else passes for it."""

import hashlib
import json

import pytest
from joserfc import jws
from joserfc.errors import BadSignatureError
from joserfc.jwk import ECKey, KeySet
from msgspec.structs import replace

from tests.builders.api import MANAGER_NAME, Api, believe_test_tokens, manager, viewer
from tests.builders.items import NOW, a_customer, a_notification, an_item, resent
from tests.fakes import FakeEvidenceKeys
from undelivered.domain import base64url
from undelivered.domain.attachment import INLINE, Attachment
from undelivered.domain.feedback import Outcome
from undelivered.domain.identifiers import item_id, timestamp
from undelivered.domain.item import AttemptResult
from undelivered.domain.taxonomy import Reason


@pytest.fixture
def api(monkeypatch):
    believe_test_tokens(monkeypatch)
    api = Api()
    api.customers.save(a_customer("c-1"))
    api.notifications.add(a_notification("n-1", subject="Rent", text="Dear Ada", html="<p>Dear Ada</p>"))
    return api


def add(api, item):
    api.add(item)
    return f"/undelivered/{item_id(item.entry_key)}/evidence"


def an_arrived_item():
    item = resent(an_item(Reason.ADDRESS_NOT_FOUND, notification_id="n-1", customer_id="c-1"), to="new@example.com")
    attempt = replace(
        item.last_attempt,
        provider_message_id="0100018c-2",
        result=AttemptResult(Outcome.DELIVERED, NOW, diagnostic="250 2.0.0 OK 1764", source="ses:delivery"),
    )
    return item.with_attempt(attempt)


def keys_of(api):
    return api.get("/.well-known/jwks.json", {}).json


def checked(signed, keys):
    """Return what is signed, as somebody else checks it: with the published keys and a library of JSON signatures."""
    parts = {name: signed[name] for name in ("payload", "protected", "signature")}
    return json.loads(jws.deserialize_json(parts, KeySet.import_key_set(keys), algorithms=["ES256"]).payload)


def test_it_says_what_was_sent_where_to_and_what_each_server_answered(api):
    path = add(api, an_arrived_item())
    api.patch("/customers/c-1", {"email": "new@example.com"})

    evidence = api.get(path, viewer()).json["evidence"]

    first, second = evidence["attempts"]
    assert (first["outcome"], first["report"]["reason"]) == ("failed", "address_not_found")
    assert (second["to"], second["outcome"], second["provider_message_id"]) == (
        "new@example.com", "delivered", "0100018c-2",
    )  # fmt: skip
    assert second["report"]["diagnostic"] == "250 2.0.0 OK 1764"
    assert evidence["contact"] == {
        "contact": "new@example.com", "changed_at": timestamp(NOW), "changed_by": MANAGER_NAME,
    }  # fmt: skip
    assert evidence["content"]["text_sha256"] == hashlib.sha256(b"Dear Ada").hexdigest()
    assert (evidence["state"], evidence["issued_by"]) == ("resolved", "viewer@example.com (11111111-2222)")
    assert "does not show that a person read it" in evidence["statement"]


def test_others_can_check_it_with_the_published_keys(api):
    signed = api.get(add(api, an_arrived_item())).json

    keys = api.get("/.well-known/jwks.json", {})

    assert (keys.status, keys.headers["Cache-Control"]) == (200, "public, max-age=3600")
    assert checked(signed, keys.json) == signed["evidence"]
    assert all(key["kid"] == ECKey.import_key(key).thumbprint() for key in keys.json["keys"])


@pytest.mark.parametrize("part", ["payload", "signature"])
def test_evidence_that_was_changed_does_not_pass(api, part):
    signed = api.get(add(api, an_arrived_item())).json
    raw = bytearray(base64url.decode(signed[part]))
    raw[20] ^= 1

    with pytest.raises(BadSignatureError):
        checked(signed | {part: base64url.encode(bytes(raw))}, keys_of(api))


def test_evidence_of_an_earlier_key_passes_while_that_key_is_published(api):
    path = add(api, an_arrived_item())
    before = api.get(path).json
    api.use_cases.evidence_keys = FakeEvidenceKeys(*api.evidence_keys.private_keys)

    after, keys = api.get(path).json, keys_of(api)

    assert len(keys["keys"]) == 2
    assert before["protected"] != after["protected"]
    assert [checked(each, keys) for each in (before, after)] == [before["evidence"], after["evidence"]]


def test_without_content_and_customer_it_says_so(api):
    item = an_item(Reason.MAILBOX_FULL, notification_id="n-9", customer_id="")

    evidence = api.get(add(api, item)).json["evidence"]

    assert (evidence["content"], evidence["contact"], evidence["customer"]["id"]) == (None, None, None)


def test_another_account_gets_nothing(api):
    assert api.get(add(api, an_arrived_item()), manager("acc-2")).status == 404


def test_each_file_has_its_digest_however_it_came(api):
    given, uploaded, older = (
        Attachment(f"{name}.pdf", "application/pdf", 3, f"held/2026-12-30/acc-1/{name}", source)
        for name, source in (("given", f"{INLINE}{'a' * 64}"), ("uploaded", "upload-1"), ("older", "upload-2"))
    )
    api.notifications.add(a_notification("n-2", attachments=(given, uploaded, older)))
    api.files.kept = {uploaded.key: b"pdf"}
    item = an_item(Reason.ADDRESS_NOT_FOUND, notification_id="n-2", customer_id="c-1")

    files = api.get(add(api, item)).json["evidence"]["content"]["attachments"]

    assert [(file["filename"], file["sha256"]) for file in files] == [
        ("given.pdf", "a" * 64), ("uploaded.pdf", hashlib.sha256(b"pdf").hexdigest()), ("older.pdf", None),
    ]  # fmt: skip
