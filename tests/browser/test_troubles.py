"""When things go wrong: each trouble gets a sentence and a way on, and nothing typed is lost."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import barriers


def test_a_lost_network_is_told_and_trying_again_works(manager):
    manager.goes_to("#/report")
    manager.page.context.set_offline(True)
    manager.goes_to("#/report?channel=email")
    manager.sees("You are offline.")
    manager.page.context.set_offline(False)

    manager.page.get_by_role("button", name="Try again").click()

    manager.sees("Invoice for November")


@pytest.mark.parametrize(
    ("status", "told"),
    [
        (500, "The service had a problem. What you have typed is not lost. Try again in a moment."),
        (403, "This feature is not available in this installation."),
        (404, "This feature is not available in this installation."),
    ],
)
def test_a_failed_list_says_so_and_can_be_tried_again(manager, status, told):
    manager.api.fail("GET", "/undelivered", status)
    manager.goes_to("#/report?channel=email")
    manager.sees(told)
    assert barriers(manager.page) == []

    manager.page.get_by_role("button", name="Try again").click()

    manager.sees("Invoice for November")


def test_an_error_of_the_server_gives_its_reference(manager):
    manager.api.fail("GET", "/undelivered", 500, "internal_error")
    manager.goes_to("#/report?channel=email")

    manager.sees("quote this reference: 3f0c-41")


def test_a_busy_server_is_asked_again_by_itself(manager):
    manager.api.fail("GET", "/undelivered", 429, "throttled", times=2, **{"Retry-After": "1"})
    manager.goes_to("#/report?channel=email")

    manager.sees("Invoice for November")


@pytest.mark.parametrize(
    ("locale", "said"),
    [
        ("en-GB", "Your account has made too many searches in a minute. Try again in 40 seconds."),
        ("es-ES", "Su cuenta ha hecho demasiadas búsquedas en un minuto. Inténtelo de nuevo en 40 segundos."),
    ],
)
def test_a_limit_of_the_account_is_shown_at_once_with_the_time_to_wait(open_console, locale, said):
    manager = open_console(locale=locale)
    manager.page.goto(manager.url)
    manager.page.get_by_role("button", name=re.compile("^(Sign in|Iniciar sesión)$")).click()
    manager.page.get_by_role("link", name="Sign in").click()
    manager.page.locator("#main h1").first.wait_for()
    manager.api.fail("GET", "/undelivered", 429, "too_many_searches", times=9, **{"Retry-After": "40"})
    manager.goes_to("#/report?channel=email")

    manager.sees(said)


def test_a_server_that_stays_busy_is_told(manager):
    manager.api.fail("GET", "/undelivered", 503, "throttled", times=3, **{"Retry-After": "1"})
    manager.goes_to("#/report?channel=email")

    manager.sees("The service is busy. Wait a moment, then try again.")


def test_what_was_typed_survives_a_failed_save(manager):
    manager.goes_to("#/item/item-1")
    manager.page.get_by_role("button", name="Edit contact").click()
    box = manager.page.get_by_label("Email address")
    box.fill("grace@example.org")
    manager.api.fail("PATCH", "/customers/c-1", 500, "internal_error")
    manager.page.get_by_role("button", name="Save").click()
    manager.sees("What you have typed is not lost")

    expect(box).to_have_value("grace@example.org")
    manager.page.get_by_role("button", name="Save").click()
    manager.sees("ready to resend")


def test_a_number_that_is_not_assigned_can_be_used_if_the_user_insists(manager):
    manager.goes_to("#/item/item-1")
    manager.page.get_by_role("button", name="Edit contact").click()
    manager.page.get_by_label("Phone").fill("+11234567890")
    manager.page.get_by_role("button", name="Save").click()
    manager.sees("This is not an assigned phone number in its country")
    assert barriers(manager.page) == []

    manager.page.get_by_role("button", name="Use this number anyway").click()

    manager.sees("ready to resend")
    assert manager.api.customer("c-1")["phone"] == "+11234567890"


def test_a_concurrent_change_is_told_where_it_was_typed(manager):
    manager.goes_to("#/item/item-1")
    manager.page.get_by_role("button", name="Edit contact").click()
    manager.page.get_by_label("Email address").fill("grace@example.org")
    manager.api.fail(
        "PATCH", "/customers/c-1", 409, "conflict", detail="Someone else changed this at the same time. Try again."
    )
    manager.page.get_by_role("button", name="Save").click()

    manager.sees("Someone else changed this at the same time.")
    expect(manager.page.get_by_label("Email address")).to_have_value("grace@example.org")


def test_an_ended_session_is_renewed_without_a_word(manager):
    manager.api.fail("GET", "/undelivered", 401, "unauthorized")
    manager.goes_to("#/report?channel=email")

    manager.sees("Invoice for November")


def test_a_session_that_cannot_be_renewed_is_signed_in_again_over_the_page(manager):
    manager.goes_to("#/item/item-1")
    manager.page.get_by_role("button", name="Edit contact").click()
    manager.page.get_by_label("Email address").fill("grace@example.org")
    manager.api.tokens_end, manager.api.refresh_works = True, False
    manager.page.get_by_role("button", name="Save").click()
    manager.sees("Your session has ended")
    expect(manager.page.get_by_role("button", name="Sign in again")).to_be_focused()  # the other one loses the input
    assert barriers(manager.page) == []

    manager.api.tokens_end, manager.api.refresh_works = False, True
    with manager.page.expect_popup() as opened:
        manager.page.get_by_role("button", name="Sign in again").click()
    with opened.value.expect_event("close"):
        opened.value.get_by_role("link", name="Sign in").click()

    manager.sees("1 message is ready to resend")
    assert manager.api.customers["c-1"]["email"] == "grace@example.org"


def test_a_sign_in_window_that_is_closed_can_be_opened_again(manager):
    manager.api.tokens_end, manager.api.refresh_works = True, False
    manager.page.evaluate("location.hash = '#/settings'")
    with manager.page.expect_popup() as opened:
        manager.page.get_by_role("button", name="Sign in again").click()
    opened.value.close()

    manager.sees("Signing in failed.")
    expect(manager.page.get_by_role("button", name="Sign in again")).to_be_enabled()


def test_a_resend_refused_meanwhile_says_why_and_shows_how_it_stands(manager):
    manager.goes_to("#/item/item-2")
    item = manager.api.items["item-2"]
    item["resend"] = {
        "allowed": False,
        "code": "resend_already_running",
        "detail": "A resend is in progress. Wait for the result.",
        "resenders": [],
    }
    manager.page.get_by_role("button", name="Resend").click()

    manager.sees("A resend is in progress. Wait for the result.")
    expect(manager.page.get_by_role("button", name="Resend")).to_be_disabled()


def test_two_clicks_are_one_resend(manager):
    manager.goes_to("#/item/item-2")
    manager.page.get_by_role("button", name="Resend").dblclick()
    manager.sees("Delivered. This notification has left the report.")

    assert sum(path.endswith("/resend") for _, path, _, _ in manager.api.requests) == 1


def test_a_poll_that_meets_a_lost_network_goes_on(manager):
    manager.api.polls_until_outcome = 4
    manager.goes_to("#/item/item-2")
    manager.api.fail("GET", "/undelivered/item-2", 502, times=2)
    manager.page.get_by_role("button", name="Resend").click()
    manager.sees("Waiting for the connection…")

    manager.sees("Delivered. This notification has left the report.")


def test_a_page_never_opened_before_opens_without_the_network_once_the_first_stands(manager):
    manager.page.wait_for_function(
        "() => performance.getEntriesByType('resource').some(one => one.name.endsWith('settings.js'))"
    )
    manager.page.context.set_offline(True)
    manager.goes_to("#/settings")

    manager.sees("You are offline.")
    expect(manager.page.get_by_role("heading", level=1)).to_have_text("Settings")


def test_an_unknown_item_is_told_with_a_way_back(manager):
    manager.goes_to("#/item/no-such-item")
    manager.sees("We cannot find this.")

    manager.page.get_by_role("link", name="Back to the report").click()
    manager.sees("Undelivered notifications")


def test_a_failed_sign_in_is_told(open_console):
    person = open_console()
    person.page.goto(f"{person.url}?error=access_denied&state=forged")

    person.sees("Signing in failed. Try again.")
    assert "error" not in person.page.url


def test_a_forged_answer_of_the_sign_in_signs_nobody_in(open_console):
    person = open_console()
    person.page.goto(f"{person.url}?code=stolen&state=forged")

    person.sees("Signing in failed. Try again.")
    assert person.api.requests == []


def test_an_export_that_fails_can_be_asked_for_again(manager):
    manager.goes_to("#/report")
    manager.api.fail("POST", "/exports", 500, "internal_error")
    manager.page.get_by_role("button", name="Export as CSV").click()
    manager.sees("The service had a problem.")
    manager.page.get_by_role("button", name="Export as CSV").click()

    manager.sees(re.compile("The export is ready: 74 rows"))
