"""Follow-ups: what people arranged about a customer, and whom to look at again."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from tests.builders.api import MANAGER_NAME, Api, believe_test_tokens, host, viewer
from tests.builders.items import ACCOUNT, NOW, a_customer
from undelivered.domain.account_settings import AccountSettings
from undelivered.domain.customer import FOLLOW_UPS_KEPT

URL = "/customers/c-1/follow-up"
ARRANGED = {"note": "called,\nwill come by", "owner": "bo@example.com", "look_again_on": "2026-11-24"}


@pytest.fixture
def api(monkeypatch):
    believe_test_tokens(monkeypatch)
    made = Api()
    made.customers.save(a_customer())
    return made


def test_a_follow_up_is_shown_with_the_customer_and_who_set_it(api):
    changed = api.put(URL, ARRANGED)
    shown = api.get("/customers/c-1", viewer()).json["follow_up"]

    assert changed.status == 200
    assert changed.json == shown
    assert {name: shown[name] for name in ARRANGED} == ARRANGED
    assert shown["audit"] == [
        {
            "at": "2026-11-23T18:00:00Z",
            "by": MANAGER_NAME,
            "action": "follow_up",
            "detail": "called,\nwill come by · bo@example.com · 2026-11-24",
        }
    ]


def test_what_is_left_out_is_removed_and_the_audit_trail_keeps_it(api):
    api.put(URL, ARRANGED)
    again = api.put(URL, ARRANGED).json
    removed = api.put(URL, {"note": "  "}).json

    assert len(again["audit"]) == 1
    assert (removed["note"], removed["owner"], removed["look_again_on"]) == (None, None, None)
    assert [entry["detail"] == "" for entry in removed["audit"]] == [False, True]


def test_the_audit_trail_keeps_the_latest_changes(api):
    for number in range(FOLLOW_UPS_KEPT + 3):
        answer = api.put(URL, {"note": f"call {number}"}).json

    assert len(answer["audit"]) == FOLLOW_UPS_KEPT
    assert answer["audit"][-1]["detail"] == f"call {FOLLOW_UPS_KEPT + 2}"


def test_customers_are_listed_from_their_day_on_in_the_accounts_time_zone(api):
    api.customers.save(a_customer("c-2", name="Bo"))
    api.customers.save(a_customer("c-1", account_id="acc-2"))
    api.put(URL, ARRANGED)
    api.put("/customers/c-2/follow-up", {"look_again_on": "2026-11-01"})

    assert [each["id"] for each in api.get("/follow-ups").json["customers"]] == ["c-2"]
    api.accounts.save_settings(AccountSettings(ACCOUNT, "Pacific/Auckland"))
    due = api.get("/follow-ups", viewer()).json["customers"]
    assert [(each["id"], each["name"]) for each in due] == [("c-2", "Bo"), ("c-1", "Ada Byron")]
    assert due[1]["follow_up"]["note"] == ARRANGED["note"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"look_again_on": "2026-02-30"}, "look_again_on"),
        ({"look_again_on": "20261124"}, "look_again_on"),
        ({"look_again_on": "0001-01-01"}, "look_again_on"),
        ({"look_again_on": 20}, "look_again_on"),
        ({"owner": "a\nb"}, "owner"),
        ({"nore": "called"}, ""),
    ],
)
def test_what_cannot_be_read_is_refused(api, body, field):
    answer = api.put(URL, body)

    assert (answer.status, answer.json["code"]) == (400, "invalid_body")
    assert field in {"", answer.json["errors"][0]["field"]}
    assert api.get("/customers/c-1").json["follow_up"]["audit"] == []


def test_a_long_note_is_refused(api):
    assert api.put(URL, {"note": "x" * 1_001}).status in {400, 413}


def test_only_managers_change_it_and_only_of_customers_of_the_account(api):
    assert api.put(URL, ARRANGED, viewer()).status == 403
    assert api.put("/customers/c-9/follow-up", ARRANGED).status == 404
    assert api.put("/customers/~/follow-up", ARRANGED).status == 404


def test_a_host_that_replaces_the_customer_keeps_it(api):
    api.put(URL, ARRANGED)
    api.put("/customers/c-1", {"name": "Ada King"}, host())

    kept = api.get("/customers/c-1").json
    assert (kept["name"], kept["follow_up"]["note"]) == ("Ada King", ARRANGED["note"])


def test_the_copy_of_a_customers_data_has_it_and_an_erasure_ends_it(api):
    api.put(URL, ARRANGED | {"look_again_on": "2026-11-01"})

    assert api.get("/customers/c-1/data").json["customer"]["follow_up"]["note"] == ARRANGED["note"]
    api.delete("/customers/c-1")
    api.time = NOW + timedelta(days=1)
    assert api.get("/follow-ups").json["customers"] == []
    api.customers.save(replace(a_customer(), version=0))
    assert api.get("/customers/c-1").json["follow_up"]["note"] is None
