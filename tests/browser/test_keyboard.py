"""The whole job by keyboard, with the focus always on something that is seen; on a stand-in for the API."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import barriers
from tests.browser.fake_api import NEEDS_CHANGE, an_item

NOTE_POINTERS = """
window.pointed = [];
for (const name of ["pointerdown", "mousedown", "touchstart"]) addEventListener(name, () => pointed.push(name), true);
addEventListener("click", (event) => event.isTrusted && event.detail > 0 && pointed.push("click"), true);
"""
"""Keeps what a mouse or a finger does. A click by a key has no detail."""

WHAT_HAS_FOCUS = """() => {
  const has = document.activeElement;
  const name = has.labels?.[0]?.innerText || has.ariaLabel || has.innerText || "";
  const { top, bottom, left, right } = has.getBoundingClientRect();
  const x = (Math.max(left, 0) + Math.min(right, innerWidth)) / 2;
  const y = (Math.max(top, 0) + Math.min(bottom, innerHeight)) / 2;
  const above = document.elementFromPoint(x, y);
  const isOfLabel = Boolean(above?.closest("label")?.contains(has));
  return {
    tag: has.tagName,
    name: name.trim(),
    isInDialogue: Boolean(has.closest("dialog")),
    isSeen: Boolean(above) && (has.contains(above) || above.contains(has) || isOfLabel),
    isMarked: has.matches(":focus-visible") && getComputedStyle(has).outlineStyle !== "none",
  };
}"""


class Keyboard:
    """A person without a mouse. Each press leaves the focus on an element that is seen and marked."""

    def __init__(self, page: Page) -> None:
        self.page = page
        page.add_init_script(NOTE_POINTERS)

    @property
    def focus(self):
        return self.page.evaluate(WHAT_HAS_FOCUS)

    def presses(self, key: str) -> None:
        self.page.keyboard.press(key)
        self.has_focus()

    def has_focus(self) -> None:
        focus = self.focus
        assert focus["tag"] != "BODY"
        assert focus["isSeen"], f"{focus} is covered or out of sight"
        # Headings, regions and the page itself get the focus to be read from there; they take no key.
        assert focus["isMarked"] or focus["tag"] in {"H1", "SECTION", "MAIN"}, f"{focus} is not marked"

    def tabs_to(self, name: str, *, back: bool = False) -> None:
        passed = []
        for _ in range(80):
            self.presses("Shift+Tab" if back else "Tab")
            passed.append(self.focus["name"])
            if passed[-1].startswith(name):
                return
        pytest.fail(f"{name} cannot be reached: {passed}")

    def opens(self, name: str) -> None:
        self.tabs_to(name)
        self.page.keyboard.press("Enter")

    def writes(self, text: str) -> None:
        self.page.keyboard.press("ControlOrMeta+a")
        self.page.keyboard.insert_text(text)


@pytest.fixture
def five_to_correct(fake):
    """Five customers whose address must change, one with two messages."""
    items = {f"item-{n}": an_item(n, customer={"id": f"c-{n}", "name": f"Customer {n}"}) for n in (1, 2, 3, 4, 5)}
    items["item-6"] = an_item(6, customer=items["item-1"]["customer"], recipient=items["item-1"]["recipient"])
    for item in items.values():
        item |= {"status": "bounced", "kind": "hard", "reason": "address_not_found", "resend": NEEDS_CHANGE}
    others = {
        "item-7": an_item(7, title="Gate code"),
        "item-8": an_item(8, status="failed", kind=None, fault="sender", title="Lease renewal"),
    }
    fake[1].items = items | others
    return fake[1]


class TestFiveFailures:
    def test_each_is_corrected_and_resent_with_one_press_and_the_next_is_shown(self, five_to_correct, manager):
        manager.goes_to("#/work/correct")
        manager.page.locator(".people a").first.press("Enter")
        box = manager.page.get_by_label("Email address")

        for number in (1, 2, 3, 4, 5):
            expect(manager.page.get_by_role("heading", level=1)).to_have_text(f"Customer {number}")
            expect(box).to_be_focused()
            manager.page.keyboard.insert_text(f"new.{number}@example.com")  # what is there is selected
            manager.page.keyboard.press("Enter")
        manager.sees("1 of 1 done")  # the last one stays

        open_still = {key for key, item in five_to_correct.items.items() if item["state"] != "resolved"}
        assert open_still == {"item-7", "item-8"}
        assert [five_to_correct.customers[f"c-{n}"]["email"] for n in (1, 5)] == [
            "new.1@example.com",
            "new.5@example.com",
        ]

    @pytest.mark.usefixtures("five_to_correct")
    def test_the_result_comes_as_a_notice_with_the_name_while_the_next_is_shown(self, manager):
        manager.goes_to("#/work/correct")
        manager.page.locator(".people a").first.press("Enter")
        manager.page.get_by_label("Email address").fill("new.1@example.com")
        manager.page.get_by_role("button", name="Correct, resend, next").press("Enter")

        manager.page.get_by_role("heading", name="Customer 2").wait_for()
        notices = manager.page.get_by_role("region", name="Notices")
        expect(notices).to_contain_text(re.compile("Customer 1\N{POP DIRECTIONAL ISOLATE}?: 2 messages delivered"))

    def test_a_failure_stays_in_sight_and_leads_to_the_customer(self, five_to_correct, manager):
        five_to_correct.outcome = "returned"
        manager.goes_to("#/work/correct")
        manager.page.locator(".people a").first.press("Enter")
        for number in (1, 2):
            manager.page.get_by_role("heading", name=f"Customer {number}").wait_for()
            manager.page.get_by_label("Email address").fill(f"new.{number}@example.com")
            manager.page.keyboard.press("Enter")
        failed = manager.page.locator(".toast.bad").filter(has_text="Customer 1")
        expect(failed).to_contain_text("2 messages did not arrive.")
        manager.page.locator(".toast.bad").filter(has_text="Customer 2").wait_for()
        assert barriers(manager.page) == []
        failed.get_by_role("button", name="Open").press("Enter")

        manager.page.get_by_role("heading", name="Customer 1").wait_for()

    def test_escape_leaves_the_form_and_a_customer_can_be_passed_over(self, five_to_correct, manager):
        manager.goes_to("#/work/correct")
        manager.page.locator(".people a").first.press("Enter")
        expect(manager.page.get_by_label("Email address")).to_be_focused()
        manager.page.keyboard.press("Escape")
        expect(manager.page.get_by_role("button", name="Edit contact")).to_be_focused()
        manager.page.keyboard.press("j")

        manager.page.get_by_role("heading", name="Customer 2").wait_for()
        assert not any(method == "PATCH" for method, *_ in five_to_correct.requests)

    def test_a_correction_can_still_be_saved_alone(self, five_to_correct, manager):
        manager.goes_to("#/customers/c-1")
        manager.page.get_by_role("button", name="Edit contact").press("Enter")
        manager.page.get_by_label("Email address").fill("new.1@example.com")
        manager.page.get_by_role("button", name="Save").press("Enter")

        expect(manager.page.get_by_role("button", name="Resend all 2 now")).to_be_focused()
        assert five_to_correct.batches == {}

    def test_the_button_says_which_messages_it_does_not_resend(self, five_to_correct, manager):
        five_to_correct.items["item-1"] |= {"work": "leave", "fault": "recipient_choice"}
        five_to_correct.items["item-6"] |= {"kind": "soft"}
        manager.goes_to("#/customers/c-1")

        button = manager.page.get_by_role("button", name="Resend 1 of 2 now")
        expect(button).to_have_accessible_description("Not among them: 1 to leave alone")


def test_the_whole_job_is_done_by_keyboard(open_console, five_to_correct):
    manager = open_console()
    page, keys = manager.page, Keyboard(manager.page)
    page.goto(manager.url)
    page.get_by_role("button", name="Sign in").wait_for()
    keys.opens("Sign in")
    page.locator("#go").wait_for()
    keys.opens("Sign in")
    page.get_by_role("link", name=re.compile("to correct")).wait_for()
    keys.presses("Tab")
    assert keys.focus["name"] == "Skip to the content"
    keys.presses("Enter")
    assert keys.focus["tag"] == "MAIN"

    correct_five(keys)
    dismiss_one_of_the_report(keys)
    change_a_setting(keys)
    keys.tabs_to("Sign out", back=True)
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Sign in").wait_for()

    assert page.evaluate("pointed") == []
    assert five_to_correct.settings["history_days"] == 500
    assert {item["state"] for item in five_to_correct.items.values()} == {"resolved", "dismissed", "open"}


def correct_five(keys: Keyboard) -> None:
    page = keys.page
    keys.opens("6\nto correct")
    page.locator(".people a").first.wait_for()
    keys.has_focus()
    keys.opens("Customer 1")
    for number in (1, 2, 3, 4, 5):
        page.get_by_role("heading", name=f"Customer {number}").wait_for()
        expect(page.get_by_label("Email address")).to_be_focused()
        keys.has_focus()
        keys.writes(f"new.{number}@example.com")
        page.keyboard.press("Enter")
    page.get_by_text("1 of 1 done").first.wait_for()
    keys.has_focus()
    keys.opens("Done. Refresh the list")
    page.get_by_text("This customer has no undelivered messages").wait_for()
    keys.has_focus()


def dismiss_one_of_the_report(keys: Keyboard) -> None:
    page = keys.page
    keys.tabs_to("Report", back=True)
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Lease renewal").wait_for()
    keys.opens("Failed")
    expect(page.locator("tbody tr")).to_have_count(1)
    keys.has_focus()
    keys.opens("Lease renewal")
    page.get_by_role("button", name="Dismiss").wait_for()
    keys.has_focus()
    keys.opens("Dismiss")
    for _ in range(6):  # round the dialogue, and not out of it
        keys.presses("Tab")
        assert keys.focus["isInDialogue"]
    keys.presses("Escape")
    assert keys.focus["name"] == "Dismiss"
    page.keyboard.press("Enter")
    keys.opens("Dismiss")
    page.get_by_text("1 notification dismissed.").last.wait_for()
    keys.has_focus()


def change_a_setting(keys: Keyboard) -> None:
    page = keys.page
    keys.tabs_to("Settings", back=True)
    page.keyboard.press("Enter")
    page.get_by_label("Keep past items (days)").wait_for()
    keys.tabs_to("Keep past items (days)")
    keys.writes("500")
    page.keyboard.press("Enter")
    page.get_by_text("Saved.").last.wait_for()
    keys.has_focus()


class TestFocusIsNeverLost:
    def test_when_what_was_pressed_is_replaced_by_an_error(self, manager):
        manager.goes_to("#/item/none")
        manager.page.get_by_role("button", name="Try again").press("Enter")
        manager.page.get_by_role("button", name="Try again").wait_for()

        expect(manager.page.get_by_role("main")).to_be_focused()

    def test_when_a_lookup_is_left(self, manager):
        manager.goes_to("#/suppressions")
        manager.page.get_by_label("Look up an address or number").fill("ada.7@example.com")
        manager.page.keyboard.press("Enter")
        manager.page.get_by_role("button", name="Show all").press("Enter")

        expect(manager.page.get_by_label("Look up an address or number")).to_be_focused()


def test_the_reasons_for_a_dismissal_are_in_full_view_and_chosen_by_arrow_keys(open_console):
    person = open_console(viewport={"width": 360, "height": 740})
    person.signs_in()
    person.goes_to("#/item/item-2")
    person.page.get_by_role("button", name="Dismiss").press("Enter")
    dialogue = person.page.get_by_role("dialog")
    for text in ("The customer was contacted another way", "The message no longer matters", "No longer a customer"):
        expect(dialogue.get_by_text(text)).to_be_visible()
    expect(dialogue.get_by_label("The customer was contacted another way")).to_be_focused()
    person.page.keyboard.press("ArrowDown")
    person.page.keyboard.press("Enter")

    person.sees("1 notification dismissed.")
    dismissal = next(body for _, path, _, body in person.api.requests if path.endswith("/dismiss"))
    assert dismissal == {"reason": "The message no longer matters"}
