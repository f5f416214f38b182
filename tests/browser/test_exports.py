"""The page of exports in the console; on a stand-in for the API."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import barriers


@pytest.mark.parametrize("width", [360, 820, 1280])
def test_shows_what_is_in_progress_and_gives_the_files(manager, width):
    manager.page.set_viewport_size({"width": width, "height": 860})
    manager.goes_to("#/report")
    manager.page.get_by_role("link", name="Exports").click()
    rows = manager.page.get_by_role("main").get_by_role("listitem")
    expect(rows).to_have_count(3)
    expect(rows.nth(2)).to_contain_text("Failed. The export was interrupted. Start it again.")
    expect(rows.nth(2)).to_contain_text("your application")
    expect(rows.nth(0)).to_contain_text("manager@harbor.example")
    expect(rows.nth(0)).to_contain_text("74 rows · Kept until")
    manager.takes_picture(f"exports-{width}")
    assert barriers(manager.page) == []
    assert manager.page.evaluate("document.documentElement.scrollWidth <= innerWidth")

    with manager.page.expect_download():
        rows.nth(0).get_by_role("button", name="Download").click()


def test_the_progress_of_an_export_says_where_the_file_will_be(manager):
    manager.goes_to("#/report")
    manager.page.get_by_role("button", name="Export as CSV").click()

    manager.sees("You can leave this page. You find the file under Exports.")


def test_a_long_export_is_mailed_and_a_short_one_is_not(manager):
    manager.goes_to("#/report")
    manager.page.get_by_role("button", name="Export as CSV").click()
    manager.page.get_by_role("link", name="Download").wait_for()
    count = manager.api.count() | {"total": 4_543}
    manager.page.route("**/undelivered/count*", lambda route: route.fulfill(json=count))
    manager.goes_to("#/customers")
    manager.goes_to("#/report")
    manager.page.get_by_role("button", name="All 4543").wait_for()
    manager.page.get_by_role("button", name="Export as CSV").click()
    manager.sees("We email you a link when it is ready.")

    bodies = [body for method, path, _, body in manager.api.requests if (method, path) == ("POST", "/exports")]
    assert [body.get("mail_when_ready", False) for body in bodies] == [False, True]
