"""The audit trail of an account: every act of a person is in it, nothing else, and no data of a customer."""

from collections import Counter
from datetime import timedelta
from functools import partial

import pytest

from tests.builders.api import MANAGER_NAME, Api, believe_test_tokens, embedded, host, manager, viewer
from tests.builders.items import ACCOUNT, a_customer, an_item
from undelivered.domain.identifiers import item_id, timestamp
from undelivered.domain.taxonomy import Reason


@pytest.fixture
def api(monkeypatch):
    believe_test_tokens(monkeypatch)
    return Api()


def acts(api, headers=None):
    return [(each["by"], each["act"], each["subject"]) for each in api.get("/audit", headers).json["items"]]


def test_what_a_manager_does_is_listed_newest_first_with_whom_it_concerned(api):
    item = an_item(Reason.MAILBOX_FULL, customer_id="c-1")
    api.add(item)
    api.customers.save(a_customer("c-1", name="Ada", email="ada@example.com"))
    for act in (
        partial(api.post, f"/undelivered/{item_id(item.entry_key)}/dismiss", {"reason": "handled"}),
        partial(api.patch, "/customers/c-1", {"email": "new@example.com"}),
        partial(api.put, "/suppressions/email/new@example.com", {"why": "asked"}),
        partial(api.post, "/people", {"email": "grace@example.com", "role": "viewer"}),
        partial(api.post, "/webhooks", {"url": "https://app.example.com/hook"}),
    ):
        api.time += timedelta(seconds=1)
        act()

    listed = api.get("/audit")

    assert acts(api) == [
        (MANAGER_NAME, "add_webhook", "https://app.example.com/hook"),
        (MANAGER_NAME, "invite_person", "grace@example.com (viewer)"),
        (MANAGER_NAME, "suppress", ""),
        (MANAGER_NAME, "update_customer", ""),
        (MANAGER_NAME, "dismiss_item", ""),
    ]
    assert listed.json["items"][0]["at"] == timestamp(api.time)
    assert "ada@" not in listed.text
    assert "new@" not in listed.text
    named = [(each["item_id"], each["customer_id"]) for each in listed.json["items"]]
    assert named == [(None, None)] * 3 + [(None, "c-1"), (item_id(item.entry_key), None)]


def test_an_act_does_not_name_an_item_or_a_customer_after_their_erasure(api):
    for number in (1, 2):
        api.add(an_item(Reason.MAILBOX_FULL, number=number, customer_id=f"c-{number}"))
        api.customers.save(a_customer(f"c-{number}"))
        api.patch(f"/customers/c-{number}", {"name": "Ada"})
        api.post(f"/undelivered/{item_id(an_item(number=number).entry_key)}/dismiss", {"reason": "handled"})

    api.acts.forget(ACCOUNT, "c-1", {item_id(an_item(number=1).entry_key)})

    named = Counter((each["item_id"], each["customer_id"]) for each in api.get("/audit").json["items"])
    assert named == {(item_id(an_item(number=2).entry_key), None): 1, (None, "c-2"): 1, (None, None): 2}


def test_asking_how_far_an_erasure_is_does_not_name_the_customer_again(api):
    api.customers.save(a_customer("c-1"))

    api.delete("/customers/c-1")

    (act,) = api.get("/audit").json["items"]
    assert (act["act"], act["customer_id"]) == ("erase_customer", None)


def test_reading_refusals_and_dry_runs_are_no_acts_and_the_host_application_is_not_a_person(api):
    api.get("/undelivered")
    api.post("/webhooks", {"url": "http://10.0.0.1/"})
    api.put("/customers", {"customers": [{"customer_id": "c-1", "name": "Ada"}], "dry_run": True})
    api.put("/suppressions", {"suppressions": [{"channel": "email", "address": "a@example.com"}], "dry_run": True})
    api.post("/undelivered/resend", {"filter": {}, "dry_run": True})
    api.put("/customers/c-1", {"name": "Ada"}, headers=host())

    assert acts(api) == []


def test_a_manager_in_the_host_applications_pages_is_named_as_such(api):
    api.add(an_item(Reason.MAILBOX_FULL, number=1))
    api.post(f"/undelivered/{item_id(an_item(number=1).entry_key)}/dismiss", {"reason": "x"}, headers=embedded())

    assert acts(api) == [("Ada Byron (through the host application)", "dismiss_item", "")]


def test_the_list_has_pages_and_only_this_accounts_managers_see_it(api):
    for number in range(3):
        api.post("/people", {"email": f"p{number}@example.com", "role": "viewer"})
    first = api.get("/audit?limit=2").json
    second = api.get(f"/audit?limit=2&cursor={first['next_cursor']}").json

    assert [len(page["items"]) for page in (first, second)] == [2, 1]
    assert second["next_cursor"] is None
    assert acts(api, manager("acc-2")) == []
    assert [api.get("/audit", who()).status for who in (viewer, host, embedded)] == [403] * 3


def test_an_act_that_cannot_be_recorded_is_done_all_the_same(api, monkeypatch):
    monkeypatch.setattr(api.acts, "add", lambda _: 1 / 0)

    assert api.post("/people", {"email": "grace@example.com", "role": "viewer"}).status == 201
