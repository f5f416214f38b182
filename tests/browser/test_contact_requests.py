"""Customers correct a contact themselves: what managers see of it, and the page that the customers see."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import barriers, take_picture
from tests.builders.api import believe_test_tokens
from tests.unit.test_contact_requests import NEW, Loop

FORMS = {"Accept-Language": "de"}
WIDTHS = (320, 360, 820)


class TestTheManager:
    def test_asks_a_customer_and_undoes_what_the_customer_entered(self, manager):
        page, api = manager.page, manager.api
        manager.goes_to("#/item/item-1")

        page.get_by_role("button", name="Ask by text for a new address").click()
        manager.sees("The customer is asked at +12065550100.")
        manager.sees("Asked, no answer yet")
        expect(page.get_by_role("button", name="Ask by text")).to_have_count(0)
        assert barriers(page) == []

        api.contact_requests["c-1"][0]["codes"] = 1
        manager.goes_to("#/report")
        manager.goes_to("#/item/item-1")
        manager.sees("Has given a new contact, not confirmed yet")

        api.contact_requests["c-1"][0] |= {
            "state": "corrected",
            "corrected_to": NEW,
            "settled_at": "2026-11-23T18:00:00Z",
        }
        manager.goes_to("#/report")
        manager.goes_to("#/item/item-1")
        manager.sees(NEW)
        page.get_by_role("button", name="Undo the correction").click()
        manager.sees("The correction was undone")

    def test_sees_the_requests_on_the_page_of_the_customer(self, manager):
        manager.api.ask_for_contact("c-1", "email")

        manager.goes_to("#/customers/c-1")

        manager.sees("Asked, no answer yet")

    def test_sees_what_the_customer_replied_to_a_text(self, manager):
        page, api = manager.page, manager.api
        customer = api.customer("c-1")
        replied = {"given_by": "Grace", "how": "text_message", "at": "2026-11-23T10:00:00Z"}
        customer |= {"phone": "+12065550100", "consents": [replied | {"channel": "sms", "contact": "+12065550100"}]}
        api.items["item-1"]["audit"] = [
            {"at": f"2026-11-23T1{hour}:00:00Z", "by": "customer", "action": action, "detail": None}
            for hour, action in enumerate(("reply_with_contact", "stop_texts", "start_texts"))
        ]

        manager.goes_to("#/item/item-1")
        for told in ("Replied with a new address", "Wants no more texts (STOP)", "Wants texts again (START)"):
            manager.sees(told)
        manager.goes_to("#/customers/c-1")
        manager.sees("Agreed to messages on 23 Nov 2026: By text (START)")

        page.set_viewport_size({"width": 360, "height": 740})
        page.get_by_text("Agreed to messages").scroll_into_view_if_needed()
        take_picture(page, "customer-who-agreed-phone")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert barriers(page) == []

    def test_says_in_the_settings_who_asks_and_when(self, manager):
        page = manager.page
        manager.goes_to("#/settings")

        page.get_by_label("Who asks").fill("Harbor Boxes")
        page.get_by_label("Quiet hours from").select_option("21")
        page.get_by_label("Ask by itself when messages fail for good").check()
        page.get_by_text("Your own wordings").click()
        page.get_by_label("Deutsch").fill("{name}: Bitte hier korrigieren: {link}")
        page.get_by_role("button", name="Save").click()
        manager.sees("Saved.")

        saved = manager.api.settings["contact_requests"]
        assert (saved["sender_name"], saved["quiet_from"], saved["automatic"], saved["resend"]) == (
            "Harbor Boxes", 21, True, False,
        )  # fmt: skip
        assert saved["wordings"] == [{"language": "de", "text": "{name}: Bitte hier korrigieren: {link}"}]


def test_a_viewer_reads_and_does_not_ask(viewer):
    viewer.api.ask_for_contact("c-1", "email")
    viewer.goes_to("#/item/item-1")

    viewer.sees("Asked, no answer yet")
    expect(viewer.page.get_by_role("button", name="Ask by text")).to_have_count(0)


@pytest.fixture
def pages(monkeypatch):
    """Return the HTML of each page that a customer can see, by its name."""
    believe_test_tokens(monkeypatch)
    loop = Loop()
    path = loop.link()
    found = {"start": loop.api.get(path, headers={}).text}
    found["unknown"] = loop.api.get("/correct/a.b", headers={}).text
    found["form"] = loop.press(path, step="open").text
    found["error"] = loop.press(path, step="contact", contact="ada@").text
    found["suggestion"] = loop.press(path, step="contact", contact="ada@gmial.com").text
    found["code"] = loop.press(path, step="contact", contact=f"{'a' * 60}@example.org").text
    found["wrong-code"] = loop.press(path, step="code", code="1").text
    loop.press(path, step="contact", contact=NEW)
    found["thanks"] = loop.press(path, step="code", code=loop.code()).text
    return found


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_of_the_customer_has_no_barriers_and_fits_every_phone(open_page, pages, scheme):
    page = open_page(color_scheme=scheme, java_script_enabled=True, viewport={"width": 360, "height": 740})
    found = {}
    for name, html in pages.items():
        page.set_content(html)
        found[name] = barriers(page)
        take_picture(page, f"correct-{name}-{scheme}")
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 740})
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (name, width)
        page.set_viewport_size({"width": 360, "height": 740})
        for button in page.get_by_role("button").all():
            assert button.bounding_box()["height"] >= 44, name

    assert {name: violations for name, violations in found.items() if violations} == {}


def test_a_customer_goes_through_the_page_without_scripts(open_page, monkeypatch):
    """The browser sends the forms, and the API answers: from the first button to the thanks."""
    believe_test_tokens(monkeypatch)
    loop = Loop()
    path = loop.link()
    page = open_page(java_script_enabled=False, viewport={"width": 360, "height": 740})

    def answer(route):
        request = route.request
        kind = request.headers.get("content-type", "")
        headers = {"Accept-Language": request.headers.get("accept-language", "")}
        if request.method == "POST":
            answered = loop.api.post(path, raw=request.post_data or "", headers=headers, content_type=kind)
        else:
            answered = loop.api.get(path, headers=headers)
        route.fulfill(status=answered.status, headers=answered.headers, body=answered.text)

    page.route(re.compile("https://api.test/"), answer)
    page.goto(f"https://api.test{path}")
    page.get_by_role("button", name="Continue").click()
    page.get_by_label("New email address").fill("ada@gmial.com")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Yes, use ada@gmail.com").click()
    page.get_by_label("Code with 6 digits").fill(loop.code())
    page.get_by_role("button", name="Confirm").click()

    expect(page.get_by_role("heading", name="Thank you")).to_be_visible()
    assert loop.customer().email == "ada@gmail.com"
