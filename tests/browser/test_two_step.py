"""Two-step sign-in in the console: set it up, turn it off, wrong codes, and who cannot set it up."""

import pytest

from tests.browser.conftest import barriers
from tests.browser.fake_api import CODE, SECRET


def calls_of(person):
    return [operation for operation, _ in person.api.pool_calls]


def button(person, name):
    return person.page.get_by_role("button", name=name)


def starts_setting_up(person):
    person.goes_to("#/settings")
    person.page.get_by_role("link", name="Two-step sign-in").click()
    button(person, "Set up two-step sign-in").click()
    person.sees("Code with 6 digits")


def test_a_user_sets_it_up_with_the_code_of_the_app_and_turns_it_off(viewer):
    starts_setting_up(viewer)
    assert viewer.page.get_by_role("img", name="QR code").is_visible()
    assert viewer.page.locator("code").inner_text().replace(" ", "") == SECRET
    assert viewer.page.get_by_label("Code with 6 digits").get_attribute("autocomplete") == "one-time-code"
    assert barriers(viewer.page) == []

    viewer.page.get_by_label("Code with 6 digits").fill(f"{CODE[:3]} {CODE[3:]}")
    viewer.page.keyboard.press("Enter")
    viewer.sees("Two-step sign-in is on.")
    assert viewer.api.has_app
    assert viewer.page.evaluate("document.activeElement.innerText") == "Turn off"
    assert barriers(viewer.page) == []

    button(viewer, "Turn off").click()
    viewer.page.get_by_role("dialog").get_by_role("button", name="Turn off").click()
    viewer.sees("Two-step sign-in is off.")
    assert not viewer.api.has_app
    assert {body["AccessToken"] for _, body in viewer.api.pool_calls} == {"a-1"}
    assert "a-1" not in str(viewer.api.requests)


@pytest.mark.parametrize(
    ("code", "complaint", "is_asked"),
    [
        ("", "Fill in this field.", False),
        ("12a456", "Enter the 6 digits", False),
        ("000000", "This code is wrong", True),
    ],
)
def test_a_wrong_code_is_an_error_at_the_field(manager, code, complaint, is_asked):
    starts_setting_up(manager)
    manager.page.get_by_label("Code with 6 digits").fill(code)
    button(manager, "Turn on").click()

    manager.page.get_by_role("alert").filter(has_text=complaint).wait_for()
    assert manager.page.locator("[aria-invalid=true]").evaluate("field => field === document.activeElement")
    assert ("VerifySoftwareToken" in calls_of(manager)) is is_asked
    assert not manager.api.has_app


def test_opening_the_page_begins_no_setup_and_leaving_it_undone_changes_nothing(manager):
    manager.goes_to("#/two-step")
    manager.sees("You sign in with your password alone.")
    assert calls_of(manager) == ["GetUser"]

    starts_setting_up(manager)
    button(manager, "Cancel").click()
    manager.sees("You sign in with your password alone.")
    assert not manager.api.has_app


def test_who_has_a_token_from_before_the_update_signs_in_again(manager):
    manager.goes_to("#/settings")
    manager.api.pool_tokens["access_token"] = "older"
    manager.page.reload()
    manager.page.get_by_role("link", name="Sign in").click()
    manager.page.get_by_role("link", name="Two-step sign-in").click()
    manager.sees("To change how you sign in, sign in again.")
    assert barriers(manager.page) == []

    manager.api.pool_tokens["access_token"] = "a-1"
    with manager.page.expect_popup() as popup:
        button(manager, "Sign in again").click()
    popup.value.get_by_role("link", name="Sign in").click()

    manager.sees("You sign in with your password alone.")


def test_who_signs_in_through_a_company_is_offered_nothing(fake, open_console):
    fake[1].claims = {"identities": [{"providerName": "CompanyOIDC"}]}
    person = open_console()
    person.signs_in("#/two-step")

    person.sees("You sign in through your company.")
    assert calls_of(person) == []


@pytest.mark.parametrize(("width", "scheme"), [(360, "dark"), (820, "light"), (1280, "light")])
def test_the_steps_fit_each_width(open_console, width, scheme):
    person = open_console(viewport={"width": width, "height": 900}, color_scheme=scheme)
    person.signs_in()
    starts_setting_up(person)
    person.takes_picture(f"two-step-{width}")

    assert person.page.evaluate("document.documentElement.scrollWidth") <= width
    assert barriers(person.page) == []
