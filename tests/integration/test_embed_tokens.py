"""Embed tokens over HTTP: the host application mints them, its users use them, and it revokes them."""

from datetime import timedelta

import pytest

from tests.builders.api import Api, believe_test_tokens, embedded, host, manager
from tests.builders.items import ACCOUNT, a_customer, an_item
from undelivered.domain.account_settings import AccountSettings
from undelivered.domain.identifiers import item_id
from undelivered.domain.taxonomy import Reason

ADA = {"role": "manager", "name": "Ada Byron"}


@pytest.fixture
def api(monkeypatch):
    believe_test_tokens(monkeypatch)
    return Api()


def mint(api, **body):
    answer = api.post("/embed-tokens", {**ADA, **body}, host())
    assert answer.status == 201, answer.text
    return answer.json


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


def test_a_token_opens_the_report_of_the_hosts_account(api):
    api.add(an_item(Reason.MAILBOX_FULL), an_item(Reason.MAILBOX_FULL, account_id="acc-2", number=2))

    answer = api.get("/undelivered", bearer(mint(api)["token"]))

    assert len(answer.json["items"]) == 1


def test_the_path_has_the_token_behind_the_hash_only(api):
    minted = mint(api)

    assert minted["path"] == f"/console/#{minted['token']}"
    assert mint(api, page="count")["path"] is None


def test_the_audit_trail_says_that_the_host_application_named_the_user(api):
    api.add(an_item(Reason.MAILBOX_FULL))
    url = f"/undelivered/{item_id(an_item(Reason.MAILBOX_FULL).entry_key)}"

    api.post(f"{url}/dismiss", {"reason": "called her"}, bearer(mint(api)["token"]))

    assert "Ada Byron (through the host application)" in api.get(url).text


def test_a_token_is_valid_for_the_minutes_that_were_asked_for(api):
    token = mint(api, minutes=1)["token"]
    assert api.get("/undelivered/count", bearer(token)).status == 200
    api.time += timedelta(minutes=1)

    answer = api.get("/undelivered/count", bearer(token))

    assert (answer.status, answer.json["code"]) == (401, "unauthorized")
    assert "expired" in answer.json["detail"]


@pytest.mark.parametrize("query", ["", "?name=Ada%20Byron", "?name=%20Ada%20Byron"])
def test_a_revoked_token_is_refused_at_the_next_request(api, query):
    token = mint(api)["token"]
    api.time += timedelta(seconds=1)

    answer = api.delete(f"/embed-tokens{query}", headers=host())

    assert answer.status == 200
    assert api.get("/undelivered/count", bearer(token)).status == 401
    api.time += timedelta(seconds=1)
    assert api.get("/undelivered/count", bearer(mint(api)["token"])).status == 200


def test_revoking_the_tokens_of_another_name_or_account_leaves_it(api):
    token = mint(api)["token"]

    api.delete("/embed-tokens?name=Grace", headers=host())
    api.delete("/embed-tokens", headers=host("acc-2"))

    assert api.get("/undelivered/count", bearer(token)).status == 200


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"minutes": 0}, "minutes"),
        ({"minutes": 61}, "minutes"),
        ({"role": "host"}, "role"),
        ({"page": "settings"}, "page"),
        ({"name": " "}, "name"),
        ({"name": "Ada\nByron"}, "name"),
        ({"name": "Ada\u202eByron"}, "name"),
    ],
)
def test_what_no_token_can_say_is_refused(api, body, field):
    answer = api.post("/embed-tokens", {**ADA, **body}, host())

    assert (answer.status, answer.json["errors"][0]["field"]) == (400, field)


@pytest.mark.parametrize("name", ["", "%20", "Ada%0AByron"])
def test_a_name_that_no_token_can_have_is_not_revoked(api, name):
    assert api.delete(f"/embed-tokens?name={name}", headers=host()).status == 400
    assert not api.embed_revocations.revoked


@pytest.mark.parametrize("headers", [manager(), embedded(), {}], ids=["manager", "embedded", "nobody"])
def test_only_the_host_application_mints(api, headers):
    assert api.post("/embed-tokens", ADA, headers).status in {401, 403}


def test_a_viewer_exports_where_the_account_lets_viewers(api):
    viewer = embedded("viewer")
    assert api.post("/exports", {}, viewer).status == 202
    api.accounts.save_settings(AccountSettings(ACCOUNT, viewers_may_export=False))

    answer = api.post("/exports", {}, viewer)

    assert (answer.status, answer.json["code"]) == (403, "export_not_allowed")


def test_an_embedded_manager_acts(api):
    api.customers.save(a_customer("c-1", email="ada@example.com"))

    answer = api.patch("/customers/c-1", {"email": "ada.byron@example.com"}, embedded())

    assert answer.status == 200
