"""Who did what, in the console."""

import json
from pathlib import Path

import pytest

from tests.browser.conftest import barriers
from tests.browser.fake_api import at
from undelivered.entrypoints.http.auth import PEOPLE
from undelivered.entrypoints.http.routes import ROUTES

ASSETS = Path(__file__).parents[2] / "functions" / "undelivered" / "console" / "assets"
SUBJECT = "11111111-2222-3333-4444-555555555555"


def test_a_manager_sees_what_was_done_by_whom_and_goes_further_back(manager):
    invited = {"act": "invite_person", "subject": "grace@example.com (viewer)"}
    manager.api.acts[0] |= invited | {"by": f"manager@harbor.example ({SUBJECT})", "at": at(minutes=1)}
    manager.goes_to("#/settings")
    manager.page.get_by_role("link", name="Who did what").click()

    manager.sees("Invited")
    first = manager.page.get_by_role("row").nth(1).inner_text()
    assert "grace@example.com (viewer)" in first
    assert SUBJECT not in first
    assert barriers(manager.page) == []
    manager.page.get_by_role("button", name="Show more").click()
    manager.page.wait_for_function("() => document.querySelectorAll('tbody tr').length === 60")


def test_an_act_leads_to_the_item_or_the_customer_that_it_concerned(manager):
    manager.api.acts[0] |= {"item_id": next(iter(manager.api.items))}
    manager.api.acts[1] |= {"act": "update_customer", "customer_id": "c/1"}
    manager.goes_to("#/audit")
    manager.sees("Resent a message")

    first, second, third = (manager.page.get_by_role("row").nth(place) for place in (1, 2, 3))
    assert second.get_by_role("link").get_attribute("href") == "#/customers/c%2F1"
    assert third.get_by_role("link").count() == 0
    first.get_by_role("link").click()
    manager.page.wait_for_url("**#/item/*")


def test_an_account_in_which_nobody_did_anything_says_so(manager):
    manager.api.acts = []
    manager.goes_to("#/audit")

    manager.sees("Nobody has changed anything yet")


def test_a_viewer_asks_for_nothing(viewer):
    viewer.goes_to("#/audit")

    viewer.sees("Only managers can see the people of the account.")
    assert not [path for _, path, _, _ in viewer.api.requests if path == "/audit"]


@pytest.mark.parametrize("width", [360, 1280])
def test_the_list_fits_each_width(manager, width):
    manager.page.set_viewport_size({"width": width, "height": 900})
    manager.goes_to("#/audit")
    manager.sees("Resent a message")
    manager.takes_picture(f"audit-{width}")

    assert not manager.page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
    assert barriers(manager.page) == []


def test_every_act_of_a_person_has_its_words():
    texts = json.loads((ASSETS / "en.people.json").read_text())
    acts = {route.name for route in ROUTES if route.method != "GET" and route.access.value & PEOPLE}

    assert {act for act in acts if f"act.{act}" not in texts} == set()
