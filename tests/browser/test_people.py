"""People in the console: invite, send again, change a role, remove, and what others than managers see."""

import pytest

from tests.browser.conftest import barriers
from tests.browser.fake_api import a_person, at

GRACE = "grace.with-a-rather-long-name@mail.of-her-company.example.com"


@pytest.fixture
def several(fake):
    several = (
        a_person("p-2", email=GRACE),
        a_person("p-3", email="sso@example.com", through_provider=True),
        a_person("p-4", email="late@example.com", state="invited", invitation_ends_at=at(days=2)),
        a_person("p-5", email="half@example.com", state="removing"),
    )
    fake[1].people |= {each["person_id"]: each for each in several}


def row_of(person, email):
    return person.page.get_by_role("row").filter(has_text=email)


def test_a_manager_invites_somebody_and_sends_the_invitation_again(manager):
    manager.goes_to("#/people")
    manager.page.get_by_role("button", name="Invite a colleague").click()
    manager.page.get_by_label("Email address").fill("manager@harbor.example")
    manager.page.get_by_role("button", name="Send invitation").click()
    manager.sees("This person is here already.")
    assert barriers(manager.page) == []

    manager.page.get_by_label("Email address").fill("ada@example.com")
    manager.page.get_by_label("Role").last.select_option("manager")
    manager.page.get_by_role("button", name="Send invitation").click()

    manager.sees("We sent an invitation to ada@example.com.")
    assert "expires in 7 days" in row_of(manager, "ada@").inner_text()
    row_of(manager, "ada@").get_by_role("button", name="Send again").click()
    manager.page.wait_for_function("() => !document.querySelector('.busy')")
    assert ("POST", "/people/p-2/invitation", {}, {}) in manager.api.requests


def test_a_role_is_changed_and_somebody_removed(several, manager):
    manager.goes_to("#/people")
    row_of(manager, GRACE.partition("@")[0]).get_by_role("combobox").select_option("manager")
    manager.sees("is now a manager")
    assert manager.api.people["p-2"]["role"] == "manager"

    row_of(manager, "late@").get_by_role("button", name="Remove").click()
    manager.page.get_by_role("dialog").get_by_role("button", name="Remove").click()

    manager.sees("late@example.com was removed.")
    assert "p-4" not in manager.api.people


def test_nobody_is_offered_to_change_themselves(manager):
    manager.goes_to("#/people")

    manager.sees("(you)")
    assert row_of(manager, "manager@").get_by_role("button").count() == 0
    assert row_of(manager, "manager@").get_by_role("combobox").count() == 0


def test_a_viewer_sees_nobody_and_asks_for_nothing(viewer):
    viewer.goes_to("#/people")

    viewer.sees("Only managers can see the people of the account.")
    assert not [path for _, path, _, _ in viewer.api.requests if path.startswith("/people")]
    assert barriers(viewer.page) == []


@pytest.mark.parametrize(("width", "scheme"), [(360, "dark"), (820, "light"), (1280, "light")])
def test_the_list_fits_each_width(several, open_console, width, scheme):
    person = open_console(viewport={"width": width, "height": 900}, color_scheme=scheme)
    person.signs_in("#/people")
    person.sees("Signs in through your company")
    person.takes_picture(f"people-{width}")

    overflow = person.page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")

    assert not overflow
    assert barriers(person.page) == []
