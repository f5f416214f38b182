"""Did it arrive? What was sent to a customer or an address, and what is known of it, in exact words."""

import pytest

from tests.browser.conftest import barriers


def looks_up(person, address):
    person.page.get_by_role("search", name="Did it arrive?").get_by_role("searchbox").fill(address)
    person.page.get_by_role("button", name="Look up").click()


def test_a_customers_page_says_what_is_known_of_each_message(viewer):
    viewer.goes_to("#/customers/c-1")
    viewer.page.get_by_role("heading", name="Did it arrive?").wait_for()

    rows = viewer.page.get_by_role("region", name="Did it arrive?").get_by_role("listitem").all_inner_texts()
    assert "Accepted by the receiving server" in rows[0]
    assert "Did not arrive: " in rows[1]
    assert "Sent, no failure reported" in rows[2]
    viewer.sees("Whether anybody read a message is not known.")
    viewer.page.get_by_role("link", name="Invoice for November").last.click()
    viewer.page.get_by_role("heading", name="Invoice for November").wait_for()


def test_an_address_is_looked_up(manager):
    manager.goes_to("#/customers")
    looks_up(manager, "grace@gmial.com")
    manager.sees("Accepted by the receiving server")

    looks_up(manager, "nobody@example.com")
    manager.sees("Nothing was sent in the past 30 days.")

    looks_up(manager, "grace")
    manager.sees("This is not a valid email address.")
    assert "grace" not in manager.page.url


@pytest.mark.parametrize("place", ["#/customers", "#/customers/c-1"])
@pytest.mark.parametrize("width", [1280, 360])
def test_the_pages_fit_and_have_no_barriers(open_console, width, place):
    person = open_console(viewport={"width": width, "height": 800}, locale="de-DE")
    person.page.goto(person.url)
    person.page.get_by_role("button").first.click()
    person.page.get_by_role("link", name="Sign in").click()
    person.page.locator("#main h1").first.wait_for()
    person.goes_to(place)
    person.page.get_by_role("heading", name="Ist es angekommen?").wait_for()

    assert barriers(person.page) == []
    assert person.page.evaluate("document.documentElement.scrollWidth") <= width
    person.takes_picture(f"arrivals-{width}-{len(place)}")
