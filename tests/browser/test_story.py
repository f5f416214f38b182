"""The whole story in a browser, on the real stack: the template deployed, real functions, the SES simulator."""

import os
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from infrastructure.local.scenario import (
    Scenario,
    ask_at_any_hour,
    call_api,
    contact_code,
    contact_link,
    eventually,
)
from infrastructure.local.stack import LocalStack
from tests.browser.conftest import barriers, listen, take_picture
from tests.totp import code_of

OUTCOME_MS = 60_000
SCREENS = {"desktop": {"width": 1280, "height": 860}, "phone": {"width": 360, "height": 740}}


@pytest.fixture(scope="module")
def stack(browser) -> Iterator[LocalStack]:  # the browser is asked first: without one there is no need of a stack
    if running := os.environ.get("UNDELIVERED_STATE_DIR"):
        yield LocalStack.attach(Path(running))
        return
    with LocalStack.start() as started:
        yield started


@pytest.fixture(scope="module")
def story(stack) -> Iterator[Scenario]:
    scenario = Scenario.on(stack)
    yield scenario
    scenario.close()


@pytest.fixture
def visit(open_page, stack) -> Iterator[Callable[..., Page]]:
    """Give a page of the console with somebody signed in through the hosted sign-in."""
    complaints: list[list[str]] = []

    def make(role: str = "manager", place: str = "", **options: Any) -> Page:
        page = open_page(**options)
        complaints.append(listen(page))
        person = stack.user(role)
        page.goto(f"{stack.api_url}/console/{place}")
        page.get_by_role("button", name="Sign in").click()
        page.get_by_label("Username").fill(person.email)
        page.get_by_label("Password").fill(person.password)
        page.get_by_role("button", name="Sign in").click()
        page.locator("#main h1").first.wait_for()
        settle(page)
        return page

    yield make
    assert complaints == [[] for _ in complaints]


def settle(page: Page) -> None:
    page.wait_for_function("() => !document.querySelector('#main .loading')")


def go(page: Page, place: str) -> None:
    page.evaluate("place => { location.hash = place }", place)
    settle(page)


def undelivered(story: Scenario, customer: str, title: str, situation: str) -> str:
    """Hand over a notification that will fail; give its item's id once it is on the report."""
    story.send_notification(customer, title, email=f"{situation}.{story.suffix}@undelivered.example")
    found = eventually(lambda: story.report(customer), f"nothing of {customer} is on the report")
    return str(found[0]["id"])


def test_from_the_number_to_delivered(visit, story):
    item = undelivered(story, "grace", "Invoice 4711", "unknown-user")
    page = visit()
    number = page.locator(".number-value")
    before = call_api(story.manager, "GET", "/undelivered/count")["total"]
    expect(number).to_have_text(str(before))
    page.get_by_role("link", name=re.compile("See the report")).click()
    page.locator(f"tr[data-id='{item}']").get_by_role("link", name="Invoice 4711").click()

    page.get_by_text("The email address does not exist.").wait_for()
    expect(page.get_by_role("button", name="Resend")).to_be_disabled()
    page.get_by_role("button", name="Edit contact").click()
    page.get_by_label("Email address").fill(f"success.{story.suffix}@undelivered.example")
    page.get_by_role("button", name="Save").click()
    page.get_by_text("1 message is ready to resend").first.wait_for()
    page.get_by_role("button", name="Resend", exact=True).click()
    page.get_by_text("Waiting for confirmation").wait_for()
    take_picture(page, "story-resending")
    page.get_by_text("Delivered. This notification has left the report.").first.wait_for(timeout=OUTCOME_MS)
    take_picture(page, "story-delivered")

    go(page, "#/")
    expect(number).to_have_text(str(before - 1))


@pytest.fixture
def asking(story) -> Iterator[None]:
    before = ask_at_any_hour(story.manager)
    yield
    call_api(story.manager, "PUT", "/settings", json=before)


def test_a_customer_corrects_the_address_on_a_phone_and_gets_the_message(open_page, visit, story, asking):
    """The loop: bounce, text, page behind the link, code at the new address, resend, delivery."""
    phone, address = "+12195550105", f"success.kim.{story.suffix}@undelivered.example"
    lost = f"unknown-user.kim.{story.suffix}@undelivered.example"
    story.send_notification("kim", "Invoice 4712", email=lost, phone=phone)
    (item,) = eventually(lambda: story.report("kim"), "nothing of kim is on the report")
    path = f"/customers/{story.name('kim')}/contact-requests"
    # A process that has read the settings just before knows the new ones within a minute.
    eventually(lambda: story.manager.post(path, json={"channel": "email"}).is_success, "the customer is not asked", 90)

    page = open_page(viewport=SCREENS["phone"])
    complaints = listen(page)
    page.goto(contact_link(story.emulator, phone))
    expect(page.get_by_text("Harbor Storage").first).to_be_visible()
    assert "kim" not in page.content()
    take_picture(page, "stack-correct-start")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_text("u•••@undelivered.example")).to_be_visible()
    take_picture(page, "stack-correct-form")
    page.get_by_label("New email address").fill(address)
    page.get_by_role("button", name="Send code").click()
    page.get_by_label("Code with 6 digits").fill(contact_code(story.emulator, address))
    take_picture(page, "stack-correct-code")
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_role("heading", name="Thank you")).to_be_visible()
    take_picture(page, "stack-correct-thanks")

    manager = visit(place=f"#/item/{item['id']}")
    manager.get_by_text("The customer corrected the contact").wait_for()
    manager.get_by_role("button", name="Resend").click()
    manager.get_by_text("Delivered. This notification has left the report.").first.wait_for(timeout=OUTCOME_MS)
    assert call_api(story.manager, "GET", f"/undelivered/{item['id']}")["attempt_chain"][-1]["to"] == address
    assert complaints == []


def test_a_message_that_comes_back_stays(visit, story):
    item = undelivered(story, "fay", "Gate code", "mailbox-full")
    page = visit(place=f"#/item/{item}")
    page.get_by_role("button", name="Resend").click()
    page.get_by_text("It failed again: The recipient's mailbox is full.").wait_for(timeout=OUTCOME_MS)

    expect(page.locator(".timeline > li")).to_have_count(2)
    expect(page.get_by_role("button", name="Resend")).to_be_enabled()


def test_an_opted_out_customer_needs_a_consent(visit, story):
    items = call_api(story.manager, "GET", "/undelivered", params={"reason": "unsubscribed", "state": "open"})["items"]
    if not items:
        pytest.skip("the stack is without its month of data, in which somebody has unsubscribed")
    page = visit(place=f"#/item/{items[0]['id']}")
    page.get_by_role("button", name="Resend").click()
    dialogue = page.get_by_role("dialog")
    dialogue.get_by_label("Who agreed").fill("The customer")
    dialogue.get_by_label("I confirm that the customer has agreed").check()
    dialogue.get_by_role("button", name="Record and resend").click()

    page.get_by_text(re.compile("Resent to|has left the report|failed again")).first.wait_for()
    expect(page.locator(".timeline > li")).to_have_count(2)


def test_what_is_ready_is_resent_at_once(visit, story):
    for customer in ("ida", "ivo"):
        undelivered(story, customer, "Access changed", "unknown-user")
        address = f"success.{customer}.{story.suffix}@undelivered.example"
        call_api(story.manager, "PATCH", f"/customers/{story.name(customer)}", json={"email": address})
        eventually(lambda name=customer: story.report(name, ready="true"), "nothing is ready to resend")
    page = visit(place=f"#/report?ready=true&customer_id={story.name('ida')}")
    page.get_by_role("button", name="Resend all that are ready").click()
    page.get_by_role("button", name=re.compile(r"^Resend \d+$")).click()

    page.get_by_text("1 of 1 done").first.wait_for(timeout=OUTCOME_MS)
    go(page, f"#/report?customer_id={story.name('ivo')}")
    page.get_by_role("checkbox", name="Select Access changed").check()
    page.get_by_role("button", name="Resend selected").click()
    page.get_by_role("button", name=re.compile(r"^Resend \d+$")).click()
    page.get_by_text("1 of 1 done").first.wait_for(timeout=OUTCOME_MS)
    page.get_by_role("button", name="Done. Refresh the list").click()
    page.get_by_text("No results").wait_for()


def test_dismissing_is_undone(visit, story):
    undelivered(story, "dora", "Old notice", "mailbox-full")
    page = visit(place=f"#/report?customer_id={story.name('dora')}")
    page.get_by_role("checkbox", name="Select Old notice").check()
    page.get_by_role("button", name="Dismiss selected").click()
    page.get_by_role("dialog").get_by_role("button", name="Dismiss").click()
    page.get_by_text("No results").wait_for()
    page.get_by_role("button", name="Undo").click()

    page.get_by_role("link", name="Old notice").wait_for()


def test_a_suppression_is_found_and_lifted(visit, story):
    undelivered(story, "sue", "Key handover", "mailbox-disabled")
    address = f"mailbox-disabled.{story.suffix}@undelivered.example"
    page = visit(place="#/suppressions")
    page.get_by_label("Look up an address or number").fill(address)
    page.get_by_role("button", name="Look up").click()
    page.get_by_role("button", name=f"Lift the suppression of {address}").click()
    page.get_by_role("dialog").get_by_label("Why").fill("The mailbox is open again")
    page.get_by_role("dialog").get_by_role("button", name="Lift").click()

    page.get_by_text(re.compile("Lifted. Messages to .* are sent again.")).first.wait_for()


def test_the_report_is_exported(visit):
    page = visit(place="#/report")
    page.get_by_role("button", name="Export as CSV").click()
    link = page.get_by_role("link", name="Download")
    link.wait_for(timeout=OUTCOME_MS)

    with page.expect_download() as download:
        link.click()
    lines = Path(download.value.path()).read_text("utf-8-sig").splitlines()
    assert len(lines) > 1


def test_settings_are_kept(visit, story):
    page = visit(place="#/settings")
    page.get_by_label("Keep past items (days)").fill("500")
    page.get_by_role("button", name="Save").click()
    page.get_by_text("Saved.").first.wait_for()

    # Each container of the API keeps settings for some seconds.
    eventually(lambda: call_api(story.manager, "GET", "/settings")["history_days"] == 500, "the setting is not kept")


def test_a_viewer_reads_and_cannot_act(visit, story):
    item = undelivered(story, "vera", "Opening hours", "unknown-user")
    page = visit("viewer")
    acting = re.compile("Resend|Dismiss|Edit|Lift|Suppress an|Save|Use ")
    for place in ("#/report", f"#/item/{item}", f"#/customers/{story.name('vera')}", "#/suppressions", "#/settings"):
        go(page, place)
        assert page.get_by_role("button", name=acting).count() == 0, place
    go(page, f"#/item/{item}")
    page.get_by_text("You have read-only access. To make changes, ask a manager.").wait_for()


def test_a_user_sets_up_two_step_sign_in_and_is_asked_for_the_code(open_page, stack):
    cognito, pool = stack.client("cognito-idp"), stack.outputs["UserPoolId"]
    email, password = f"two-step-{time.time_ns()}@example.com", "Long-enough-7"
    attributes = [{"Name": "email", "Value": email}, {"Name": "custom:account_id", "Value": stack.user().account_id}]
    cognito.admin_create_user(UserPoolId=pool, Username=email, UserAttributes=attributes, MessageAction="SUPPRESS")
    cognito.admin_set_user_password(UserPoolId=pool, Username=email, Password=password, Permanent=True)
    cognito.admin_add_user_to_group(UserPoolId=pool, Username=email, GroupName="viewers")
    page = open_page()
    complaints = listen(page)

    def signs_in() -> None:
        page.get_by_role("button", name="Sign in").click()
        page.get_by_label("Username").fill(email)
        page.get_by_label("Password").fill(password)
        page.get_by_role("button", name="Sign in").click()

    try:
        page.goto(f"{stack.api_url}/console/#/two-step")
        signs_in()
        page.get_by_role("button", name="Set up two-step sign-in").click()
        secret = page.locator("code").inner_text().replace(" ", "")
        page.get_by_label("Code with 6 digits").fill("000000")
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert").filter(has_text="This code is wrong")).to_be_visible()
        page.get_by_label("Code with 6 digits").fill(code_of(secret))
        page.keyboard.press("Enter")
        expect(page.get_by_role("button", name="Turn off")).to_be_visible()

        page.get_by_role("button", name="Sign out").click()
        signs_in()
        expect(page.get_by_role("banner")).to_have_count(0)
        page.get_by_label("Code of your authenticator app").fill(code_of(secret))
        page.get_by_role("button", name="Sign in").click()
        page.locator("#main h1").first.wait_for()
        assert complaints == []
    finally:
        cognito.admin_delete_user(UserPoolId=pool, Username=email)


def test_signing_out_is_real(visit):
    page = visit()
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("button", name="Sign in").wait_for()
    page.reload()

    page.get_by_role("button", name="Sign in").wait_for()
    assert page.locator(".number-value").count() == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("device", ["desktop", "phone"])
def test_pages_with_real_data_have_no_barriers(visit, story, scheme, device):
    items = call_api(story.manager, "GET", "/undelivered", params={"limit": 1})["items"]
    page = visit(color_scheme=scheme, viewport=SCREENS[device])
    places = {"overview": "#/", "report": "#/report", "detail": f"#/item/{items[0]['id']}"} | {
        "suppressions": "#/suppressions"
    }
    found = {}
    for name, place in places.items():
        go(page, place)
        take_picture(page, f"stack-{name}-{device}-{scheme}")
        found[name] = barriers(page)

    assert {name: violations for name, violations in found.items() if violations} == {}
