"""Incidents in the console: the banner while one is on, the list, one in full, and the resends when it is over."""

import re

import pytest

from tests.browser.conftest import barriers
from tests.browser.fake_api import an_item, at

ANSWER = "550 5.7.1 Messages from [198.51.100.7] were not sent. Part of this network is on our block list (S3140)."


def an_incident(number=1, **changes):
    return {
        "id": f"incident-{number}",
        "state": "on",
        "channel": "email",
        "reason": "sender_blocked",
        "receiver": {
            "id": "microsoft",
            "kind": "operator",
            "name": "Outlook (Microsoft)",
            "help_url": "https://sendersupport.olc.protection.outlook.com/pm/",
        },
        "started_at": at(hours=14),
        "last_failure_at": at(hours=1),
        "ended_at": None,
        "failures": 120,
        "explanation": "The recipient's mail server blocks email from us. The address is fine.",
        "task": "Find out in the answer which address or domain is blocked, and why. "
        "Ask the receiver to remove the block.",
        "hours": [{"at": at(hours=hours), "failures": hours * 3} for hours in range(14, 0, -1)],
        "answer": ANSWER,
        **changes,
    }


OVER = an_incident(
    2,
    state="over",
    reason="rate_limited",
    receiver={"id": "firm.example", "kind": "domain", "name": "firm.example", "help_url": None},
    ended_at=at(hours=0.5),
)


@pytest.fixture
def with_incidents(fake):
    """Let the account have an incident that is on, one that is over, and three messages of it."""
    api = fake[1]
    api.incidents = [an_incident(), OVER]
    for number in (201, 202, 203):
        api.items[f"item-{number}"] = an_item(number, title=f"Invoice {number}", incident=True)
    return api


def test_a_banner_names_the_incident_that_is_on_and_leads_to_what_to_do(with_incidents, manager):
    banner = manager.page.get_by_role("complementary", name="Incidents")
    banner.get_by_text("Outlook (Microsoft): Sender blocked").wait_for()
    assert "120 messages have failed since" in banner.inner_text()

    banner.get_by_role("link", name="What to do").click()

    manager.sees("Ask the receiver to remove the block.")
    manager.sees(ANSWER)
    assert manager.page.get_by_role("link", name="Outlook (Microsoft): page for senders").is_visible()
    manager.page.get_by_text("Show as a table").click()
    manager.page.get_by_role("row", name=re.compile("42$")).wait_for()


def test_several_incidents_share_a_banner_that_leads_to_the_list(with_incidents, open_console):
    with_incidents.incidents.append(an_incident(3, receiver={"kind": "country", "name": "+49", "help_url": None}))
    manager = open_console()
    manager.signs_in()
    banner = manager.page.get_by_role("complementary", name="Incidents")
    banner.get_by_text("2 incidents are going on.").wait_for()

    banner.get_by_role("link", name="What to do").click()

    manager.page.get_by_role("row", name=re.compile("Numbers in \\+49")).wait_for()
    manager.page.get_by_role("row", name=re.compile("firm.example: Too many messages at once Over")).wait_for()


def test_without_an_incident_there_is_no_banner_and_an_empty_list_says_when_one_starts(manager):
    manager.goes_to("#/incidents")

    manager.sees("There was no incident in the past 30 days.")
    assert manager.page.get_by_role("complementary").count() == 0


def test_while_it_is_on_one_message_is_resent_as_a_test(with_incidents, manager):
    manager.goes_to("#/incidents/incident-1")
    manager.sees("3 messages are still on the report.")

    manager.page.get_by_role("button", name="Resend one as a test").click()

    manager.page.get_by_role("progressbar").wait_for()
    assert [sent for sent, _ in with_incidents.batches.values()] == [["item-201"]]


def test_when_it_is_over_all_its_messages_are_resent_at_once(with_incidents, manager):
    manager.goes_to("#/incidents/incident-2")

    manager.page.get_by_role("button", name="Resend all 3").click()
    manager.page.get_by_role("dialog").get_by_role("button", name=re.compile("3")).click()

    manager.page.get_by_role("progressbar").wait_for()
    assert [sent for sent, _ in with_incidents.batches.values()] == [["item-201", "item-202", "item-203"]]


def test_its_messages_are_a_filter_of_the_report(with_incidents, manager):
    manager.goes_to("#/incidents/incident-2")
    manager.page.get_by_role("link", name="See the messages").click()

    manager.sees("Invoice 203")
    manager.sees("Messages of an incident")
    assert manager.page.locator("tbody tr").count() == 3


def test_a_viewer_sees_it_and_can_resend_nothing(with_incidents, viewer):
    viewer.goes_to("#/incidents/incident-2")

    viewer.sees("3 messages are still on the report.")
    assert viewer.page.get_by_role("button", name=re.compile("Resend")).count() == 0


def test_it_is_told_in_the_language_of_the_reader(with_incidents, open_console):
    person = open_console(locale="de-DE")
    person.page.goto(person.url)
    person.page.get_by_role("button", name="Anmelden").click()
    person.page.get_by_role("link", name="Sign in").click()

    person.sees("Was zu tun ist")
    person.goes_to("#/incidents/incident-1")
    person.sees("Was der Administrator tun muss")
    assert person.page.evaluate("document.title").startswith("Störungen")


@pytest.mark.parametrize("appearance", [{}, {"color_scheme": "dark", "viewport": {"width": 320, "height": 740}}])
def test_its_pages_have_no_barriers_and_nothing_is_cut_off(with_incidents, open_console, appearance):
    person = open_console(**appearance)
    person.signs_in()
    name = "phone-dark" if appearance else "desktop"
    person.sees("What to do")

    for place in ("", "#/incidents", "#/incidents/incident-1", "#/incidents/incident-2"):
        person.goes_to(place or "#/")
        person.takes_picture(f"incidents-{place.rpartition('/')[2] or 'banner'}-{name}")
        assert barriers(person.page) == [], place
        width = person.page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        assert width[0] <= width[1], place
