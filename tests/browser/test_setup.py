"""The first-run page, and what the console says in an account that never heard anything."""

import pytest

from tests.browser.conftest import barriers, take_picture
from tests.browser.fake_api import at

NOTHING_HEARD = "we cannot say whether your messages arrive"
NOTHING_TO_DO = "There is nothing to do now"


@pytest.fixture
def nothing_heard(fake):
    api = fake[1]
    api.items = {}
    api.last_events = {"email": None, "sms": None}
    api.has_customers = False
    return api


@pytest.fixture
def newcomer(nothing_heard, open_console):
    person = open_console()
    person.signs_in()
    return person


def test_nothing_is_said_to_have_arrived_in_an_account_that_never_heard_anything(newcomer):
    newcomer.sees(NOTHING_HEARD)
    assert newcomer.page.get_by_text("notifications undelivered").count() == 0
    assert barriers(newcomer.page) == []

    newcomer.goes_to("#/report")

    newcomer.sees(NOTHING_HEARD)
    assert newcomer.page.get_by_text(NOTHING_TO_DO).count() == 0


def test_an_account_that_heard_something_and_has_no_failure_has_nothing_to_do(nothing_heard, open_console):
    nothing_heard.last_events = {"email": at(minutes=3), "sms": None}
    person = open_console()
    person.signs_in()
    person.sees("notifications undelivered")

    person.goes_to("#/report")

    person.sees(NOTHING_TO_DO)


def test_the_checklist_follows_what_happens_while_it_is_open(newcomer):
    newcomer.page.get_by_role("link", name="Get started").click()
    newcomer.sees("We have not received a report about any message yet")
    assert newcomer.page.get_by_text("Done", exact=True).count() == 0

    newcomer.api.last_events = {"email": at(minutes=0), "sms": None}
    newcomer.api.has_customers = True

    newcomer.sees("Last report about an email:")
    newcomer.sees("You can import more at any time.")
    assert newcomer.page.get_by_text("Done", exact=True).count() == 2
    assert barriers(newcomer.page) == []


def test_the_checklist_is_reached_from_the_settings(manager):
    manager.goes_to("#/settings")
    manager.page.get_by_role("link", name="Checklist to get started").click()

    manager.sees("Last report about an email:")


@pytest.mark.parametrize(("width", "scheme"), [(360, "light"), (820, "dark"), (1280, "light")])
def test_the_checklist_fits_each_width(nothing_heard, open_console, width, scheme):
    person = open_console(viewport={"width": width, "height": 900}, color_scheme=scheme)
    person.signs_in("#/setup")
    person.sees("We have not received a report about any message yet")
    take_picture(person.page, f"setup-{width}")

    overflow = person.page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")

    assert not overflow
    assert barriers(person.page) == []


def test_a_test_is_sent_and_its_bounce_is_seen_to_come_in(newcomer):
    newcomer.goes_to("#/setup")
    newcomer.page.get_by_role("button", name="Send a test").click()
    newcomer.sees("Waiting for its bounce")
    assert newcomer.page.get_by_role("button", name="Send").count() == 0
    assert barriers(newcomer.page) == []

    newcomer.api.setup_test = {"sent_at": at(seconds=3), "answered_at": at(), "state": "arrived"}
    newcomer.api.last_events = {"email": at(), "sms": None}

    newcomer.sees("The bounce came back after 3 s.")
    newcomer.page.get_by_role("button", name="Send another test").wait_for()


def test_a_test_that_was_not_sent_leads_to_the_report(newcomer):
    newcomer.api.setup_test = {"sent_at": at(minutes=1), "answered_at": None, "state": "not_sent"}
    newcomer.goes_to("#/setup")

    newcomer.sees("The test was not sent.")
    newcomer.page.get_by_role("link", name="See the report").click()
    newcomer.page.wait_for_url("**#/report?status=failed")
