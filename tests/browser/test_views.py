"""Saved views of the report in the console; on a stand-in for the API."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import barriers


@pytest.fixture
def saved(manager):
    """A manager who has saved a view of the soft bounces of a week."""
    manager.goes_to("#/report?status=bounced.soft")
    manager.page.get_by_label("Sent").select_option("7")
    manager.page.get_by_role("button", name="Save view").click()
    dialogue = manager.page.get_by_role("dialog")
    dialogue.get_by_label("Name").fill("Try again this week")
    dialogue.get_by_role("button", name="Save").click()
    manager.sees("View saved.")
    return manager


def view(person, name):
    return person.page.get_by_role("navigation", name="Saved views").get_by_role("link", name=name)


def test_filters_are_saved_under_a_name_and_opened_with_one_press(saved):
    expect(view(saved, "Try again this week")).to_have_attribute("aria-current", "page")
    expect(view(saved, "Try again this week")).to_be_focused()
    saved.goes_to("#/report")
    expect(view(saved, "Try again this week")).not_to_have_attribute("aria-current", "page")
    view(saved, "Try again this week").click()

    expect(saved.page).to_have_url(re.compile(r"status=bounced\.soft&from=[-0-9]+&to=[-0-9]+$"))
    (stored,) = saved.api.views.values()
    assert (stored["filter"], stored["last_days"]) == ({"status": ["bounced.soft"]}, 7)
    assert "Try" not in saved.page.url


def test_a_view_is_renamed(saved):
    saved.page.get_by_role("button", name="Rename").click()
    saved.page.get_by_role("dialog").get_by_label("Name").fill("Soft bounces")
    saved.page.get_by_role("dialog").get_by_role("button", name="Save").click()

    expect(view(saved, "Soft bounces")).to_have_attribute("aria-current", "page")
    expect(view(saved, "Try again this week")).to_have_count(0)


def test_deleting_a_view_can_be_undone(saved):
    saved.page.get_by_role("button", name="Delete view").press("Enter")
    expect(view(saved, "Try again this week")).to_have_count(0)
    expect(saved.page.get_by_role("heading", name="Undelivered notifications")).to_be_focused()
    saved.page.get_by_role("button", name="Undo").click()

    expect(view(saved, "Try again this week")).to_be_visible()


def test_a_name_that_another_view_has_is_said_where_it_was_typed(saved):
    saved.goes_to("#/report?channel=sms")
    saved.page.get_by_role("button", name="Save view").click()
    box = saved.page.get_by_role("dialog").get_by_label("Name")
    box.fill("Try again this week")
    box.press("Enter")

    saved.sees("This is already the name of another view.")
    expect(box).to_be_focused()


def test_the_report_without_filters_and_one_of_a_customer_are_not_saved(manager):
    for place in ("#/report", "#/report?customer_id=c-1"):
        manager.goes_to(place)
        expect(manager.page.get_by_role("button", name="Save view")).to_have_count(0)


def test_viewers_use_views_and_change_none(open_console, fake):
    fake[1].role = "viewers"
    fake[1].views["v-1"] = {"view_id": "v-1", "name": "Texts", "filter": {"channel": "sms"}, "last_days": None}
    viewer = open_console()
    viewer.signs_in()
    viewer.goes_to("#/report")
    view(viewer, "Texts").click()

    expect(viewer.page).to_have_url(re.compile("channel=sms$"))
    expect(viewer.page.get_by_role("button", name=re.compile("Save view|Rename|Delete view"))).to_have_count(0)


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 820), ("light", 360)])
def test_many_views_with_long_names_have_no_barriers(open_console, fake, scheme, width):
    for number in range(12):
        name = "x" * 60 if number == 3 else f"View {number}"
        fake[1].views[f"v-{number}"] = {
            "view_id": f"v-{number}",
            "name": name,
            "filter": {"channel": "sms"} if number == 2 else {"status": ["failed"]},
            "last_days": None,
        }
    person = open_console(color_scheme=scheme, viewport={"width": width, "height": 860})
    person.signs_in()
    person.goes_to("#/report?channel=sms")
    person.page.get_by_role("button", name="Rename").wait_for()
    person.takes_picture(f"views-{width}-{scheme}")

    assert barriers(person.page) == []
    assert person.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
