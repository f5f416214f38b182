"""Corrections of many contacts at once, as a spreadsheet has them: each row has a result of its own."""

import pytest
from msgspec.structs import replace

from tests.builders.api import Api, believe_test_tokens, host, viewer
from tests.builders.items import ACCOUNT, NOW, a_customer, an_item
from undelivered.domain.identifiers import item_id
from undelivered.domain.taxonomy import Reason

FAILED = "ada@example.com"
CORRECTED = "ada@example.org"


@pytest.fixture
def api(monkeypatch):
    believe_test_tokens(monkeypatch)
    api = Api()
    api.customers.save(a_customer("c-1", email=FAILED, phone="+12065550100"))
    return api


def correction(**changes):
    return {"customer_id": "c-1", "channel": "email", "failed": FAILED, "contact": CORRECTED} | changes


def correct(api, *rows, **more):
    answer = api.patch("/customers", {"corrections": [*rows], **more})
    assert answer.status == 200, answer.json
    return answer.json["results"]


def test_a_contact_is_corrected_and_its_items_become_ready(api):
    item = an_item(Reason.ADDRESS_NOT_FOUND, recipient=FAILED, customer_id="c-1")
    api.add(item)

    (result,) = correct(api, correction(contact=" Ada@Example.ORG "))

    assert result == {
        "customer_id": "c-1", "channel": "email", "outcome": "corrected", "contact": CORRECTED,
        "suggestion": None, "ready_to_resend": [item_id(item.entry_key)], "errors": [],
    }  # fmt: skip
    customer = api.customers.find(ACCOUNT, "c-1")
    assert (customer.email, customer.email_changed_at) == (CORRECTED, NOW)
    assert (customer.name, customer.phone) == ("Ada Byron", "+12065550100")


def test_a_dry_run_has_the_same_outcomes_and_writes_nothing(api):
    rows = (correction(), correction(customer_id="c-2"))
    stored = dict(api.customers.stored)

    tried = correct(api, *rows, dry_run=True)

    assert dict(api.customers.stored) == stored
    assert tried == correct(api, *rows)


@pytest.mark.parametrize(
    ("changes", "field", "contact"),
    [
        ({"customer_id": "c-2"}, "customer_id", None),
        ({"failed": "before@example.com"}, "failed", FAILED),
        ({"contact": "ada@gmail,com"}, "contact", FAILED),
        ({"contact": f" {FAILED.upper()}"}, "contact", FAILED),
        ({"channel": "sms", "failed": "+12065550199", "contact": "+12065550101"}, "failed", "+12065550100"),
        ({"channel": "sms", "failed": "+12065550100", "contact": "12"}, "contact", "+12065550100"),
        ({"channel": "fax"}, "channel", None),
        ({"contact": ""}, "contact", None),
        ({"more": 1}, "more", None),
    ],
)
def test_a_row_is_refused_with_its_reason_and_the_contact_as_it_is(api, changes, field, contact):
    (result,) = correct(api, correction(**changes))

    assert (result["outcome"], result["contact"]) == ("refused", contact)
    assert [error["field"] for error in result["errors"]] == [field]
    assert api.customers.find(ACCOUNT, "c-1").email == FAILED


def test_a_row_that_was_done_before_is_unchanged_and_says_what_is_ready(api):
    item = an_item(Reason.ADDRESS_NOT_FOUND, recipient=FAILED, customer_id="c-1")
    api.add(item)
    correct(api, correction())

    (result,) = correct(api, correction())

    assert (result["outcome"], result["ready_to_resend"]) == ("unchanged", [item_id(item.entry_key)])


def test_a_valid_address_that_looks_like_a_typo_is_corrected_with_a_hint(api):
    (result,) = correct(api, correction(contact="ada@gmial.com"))

    assert (result["outcome"], result["suggestion"]) == ("corrected", "ada@gmail.com")


@pytest.mark.parametrize("written", ["206 555 0101", "12065550101", "+1 206 555 0101", "0012065550101"])
def test_a_number_without_its_country_has_that_of_the_number_that_failed(api, written):
    (result,) = correct(api, correction(channel="sms", failed="+12065550100", contact=written))

    assert (result["outcome"], result["contact"]) == ("corrected", "+12065550101")


def test_a_failed_number_is_recognised_without_its_plus_as_spreadsheets_write_it(api):
    (result,) = correct(api, correction(channel="sms", failed="12065550100", contact="+12065550101"))

    assert result["outcome"] == "corrected"


def test_a_customer_without_a_contact_gets_one(api):
    api.customers.save(a_customer("c-3", email=""))

    (result,) = correct(api, correction(customer_id="c-3"))

    assert result["outcome"] == "corrected"


def test_both_contacts_of_a_customer_are_corrected_in_one_request(api):
    sms = correction(channel="sms", failed="+12065550100", contact="+12065550101")

    results = correct(api, correction(), sms, correction(contact="third@example.com"))

    assert [result["outcome"] for result in results] == ["corrected", "corrected", "refused"]
    customer = api.customers.find(ACCOUNT, "c-1")
    assert (customer.email, customer.phone) == (CORRECTED, "+12065550101")


def test_a_contact_that_changes_meanwhile_is_not_overwritten(api, monkeypatch):
    save_many = api.customers.save_many

    def too_late(customers):
        current = api.customers.find(ACCOUNT, "c-1")
        api.customers.save(replace(current, email="host@example.com"))
        return save_many(customers)

    monkeypatch.setattr(api.customers, "save_many", too_late)

    (result,) = correct(api, correction())

    assert (result["outcome"], result["contact"]) == ("refused", "host@example.com")
    assert api.customers.find(ACCOUNT, "c-1").email == "host@example.com"


def test_another_change_of_the_customer_meanwhile_is_kept(api, monkeypatch):
    save_many = api.customers.save_many

    def too_late(customers):
        current = api.customers.find(ACCOUNT, "c-1")
        api.customers.save(replace(current, name="Ada King"))
        return save_many(customers)

    monkeypatch.setattr(api.customers, "save_many", too_late)

    (result,) = correct(api, correction())

    customer = api.customers.find(ACCOUNT, "c-1")
    assert (result["outcome"], customer.name, customer.email) == ("corrected", "Ada King", CORRECTED)


def test_the_list_has_at_most_500_rows_and_a_country_that_exists(api):
    assert api.patch("/customers", {"corrections": [correction()] * 501}).json["code"] == "too_many_items"
    assert api.patch("/customers", {"corrections": [correction()], "country": "xx"}).status == 400


def test_viewers_cannot_correct(api):
    body = {"corrections": [correction()]}

    assert api.call("PATCH", "/customers", headers=viewer(), body=body).status == 403
    assert api.call("PATCH", "/customers", headers=host(), body=body).status == 200
