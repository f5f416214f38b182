"""Evidence: the page to print, and the signed file."""

import json

import pytest

from tests.browser.conftest import barriers


def test_the_page_says_what_was_sent_and_what_the_servers_answered_and_the_file_is_signed(manager):
    manager.api.items["item-2"] |= {"state": "resolved", "attempts": 2}
    manager.goes_to("#/item/item-2")
    manager.page.get_by_role("link", name="Evidence to print or download").click()

    manager.sees("Accepted by the receiving server")
    manager.sees("250 2.0.0 OK")
    manager.sees("It does not show that a person read it.")
    assert "read" not in manager.page.locator(".evidence ol").inner_text().lower()
    with manager.page.expect_download() as download:
        manager.page.get_by_role("button", name="Download signed file").click()
    signed = json.loads(download.value.path().read_text())
    assert {"payload", "protected", "signature"} < signed.keys()


def test_all_messages_of_a_customer_are_on_one_page(manager):
    manager.goes_to("#/customers/c-1")
    manager.page.get_by_role("link", name="Evidence to print or download").click()

    manager.page.get_by_role("heading", name="Evidence: Ada Byron").wait_for()
    assert manager.page.locator("section.evidence").count() == 51
    manager.sees("The last 50 messages.")


@pytest.mark.parametrize("width", [1280, 360])
@pytest.mark.parametrize("locale", ["en-GB", "fr-FR"])
def test_the_page_fits_has_no_barriers_and_prints_without_the_frame(open_console, width, locale):
    person = open_console(viewport={"width": width, "height": 800}, locale=locale)
    person.page.goto(person.url)
    person.page.get_by_role("button").first.click()
    person.page.get_by_role("link", name="Sign in").click()
    person.page.locator("#main h1").first.wait_for()
    person.goes_to("#/evidence/item-1")
    person.page.locator("section.evidence").first.wait_for()

    assert barriers(person.page) == []
    assert person.page.evaluate("document.documentElement.scrollWidth") <= width
    person.takes_picture(f"evidence-{width}-{locale[:2]}")
    person.page.emulate_media(media="print")
    assert not person.page.get_by_role("banner").is_visible()
    assert person.page.locator("section.evidence").first.is_visible()
    person.takes_picture(f"evidence-{width}-{locale[:2]}-print")
