"""What the console says is current and explained, and nothing that was typed is lost; on a stand-in for the API."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import barriers
from tests.browser.fake_api import SUPPRESSION, an_item


def focused(person):
    return person.page.evaluate("() => document.activeElement.innerText || document.activeElement.ariaLabel || ''")


class TestNumbers:
    def test_a_reason_leads_to_the_items_that_its_number_counts(self, manager):
        resolved = an_item(80, state="resolved")
        manager.api.items["item-80"] = resolved
        counted = sum(item["reason"] == "mailbox_full" for item in manager.api.items.values())
        manager.goes_to("#/settings")
        manager.goes_to("#/")
        reason = manager.page.get_by_role("listitem").filter(
            has=manager.page.get_by_role("link", name="Mailbox is full")
        )
        expect(reason).to_contain_text(str(counted))
        reason.get_by_role("link").click()
        manager.page.get_by_role("button", name="Show more").click()

        expect(manager.page.locator("tbody tr")).to_have_count(counted)

    def test_the_overview_says_why_the_chart_counts_more_than_the_report(self, manager):
        manager.sees("Messages by the day on which they were sent, including those that have since left the report.")

    def test_what_is_being_resent_is_no_channel(self, manager):
        manager.api.items["item-2"]["state"] = "resending"
        manager.api.waiting["item-2"] = 9
        manager.goes_to("#/settings")
        manager.goes_to("#/")
        channels = manager.page.locator("h2", has_text="By channel").locator("xpath=following-sibling::ul[1]")

        expect(channels.get_by_role("link")).to_have_text([re.compile("^Email"), re.compile("^Text message")])
        manager.page.get_by_role("link", name="1 of these is being resent").click()
        expect(manager.page.locator("tbody tr")).to_have_count(1)

    def test_what_has_left_the_report_has_no_date_when_it_leaves(self, manager):
        manager.api.items["item-2"]["state"] = "resolved"
        manager.goes_to("#/report?from=2020-01-01&to=2030-01-01")
        left = manager.page.get_by_role("row", name=re.compile("Gate code"))
        stays = manager.page.get_by_role("row", name=re.compile("Overdue notice"))

        expect(left.locator("time")).to_have_count(1)
        expect(stays.locator("time")).to_have_count(2)

    def test_an_empty_report_does_not_claim_that_messages_arrived(self, manager):
        manager.api.items.clear()
        manager.goes_to("#/report")
        manager.sees("No undelivered notifications")

        expect(manager.page.get_by_role("main")).not_to_contain_text(re.compile("[Ee]very notification"))

    def test_ready_to_resend_ends_when_the_new_address_fails_too(self, manager):
        manager.api.outcome = "returned"
        manager.goes_to("#/item/item-10")
        manager.page.get_by_role("button", name="Resend").click()
        manager.sees("It failed again")
        expect(manager.page.locator(".chip.ready")).to_have_count(0)
        manager.goes_to("#/")

        expect(manager.page.get_by_role("link", name=re.compile("^3 to correct"))).to_be_visible()

    @pytest.mark.parametrize("width", [1280, 1920])
    def test_the_header_stands_above_the_page(self, manager, width):
        manager.page.set_viewport_size({"width": width, "height": 860})
        left = "document.querySelector('{}').getBoundingClientRect().left"

        assert manager.page.evaluate(left.format(".home")) == manager.page.evaluate(left.format(".page h1"))


class TestNotices:
    def test_a_notice_stays_on_its_page(self, manager):
        manager.goes_to("#/report")
        manager.page.get_by_role("checkbox", name="Select Gate code").check()
        manager.page.get_by_role("button", name="Dismiss selected").click()
        manager.page.get_by_role("dialog").get_by_role("button", name="Dismiss").click()
        manager.sees("1 notification dismissed.")
        manager.page.get_by_label("Channel").select_option("email")
        expect(manager.page.get_by_role("button", name="Undo")).to_be_visible()

        manager.goes_to("#/customers")

        expect(manager.page.get_by_role("button", name="Undo")).to_have_count(0)

    def test_a_notice_about_the_page_that_follows_is_seen_there(self, manager):
        manager.goes_to("#/customers/c-1")
        manager.page.get_by_role("button", name="Erase…").click()
        manager.page.get_by_label("I want to erase this customer").check()
        manager.page.get_by_role("dialog").get_by_role("button", name="Erase").click()
        manager.page.get_by_role("heading", name="Customers").wait_for()

        manager.sees("Erased. The remaining data is removed in a few minutes.")


class TestFocus:
    def test_goes_to_the_next_suppression_when_one_is_lifted(self, manager):
        manager.goes_to("#/suppressions")
        manager.page.get_by_role("button", name=re.compile("Lift the suppression of")).press("Enter")
        dialogue = manager.page.get_by_role("dialog")
        dialogue.get_by_label("Who agreed").fill("Ada Byron")
        dialogue.get_by_label("Why").fill("Asked for notices again")
        dialogue.get_by_label("Why").press("Control+Enter")
        dialogue.get_by_role("button", name="Lift").press("Enter")
        manager.sees("Lifted. Messages to ada.7@example.com are sent again.")

        expect(manager.page.get_by_role("button", name=re.compile("Lift the suppression of"))).to_be_focused()

    def test_goes_to_the_heading_when_the_suppression_that_was_looked_up_is_lifted(self, manager):
        manager.goes_to("#/suppressions")
        manager.page.get_by_label("Look up an address or number").fill("ada.7@example.com")
        manager.page.keyboard.press("Enter")
        manager.page.get_by_role("button", name="Show all").wait_for()
        manager.page.get_by_role("button", name=re.compile("Lift the suppression of")).press("Enter")
        dialogue = manager.page.get_by_role("dialog")
        dialogue.get_by_label("Who agreed").fill("Ada Byron")
        dialogue.get_by_label("Why").fill("Asked for notices again")
        manager.api.suppressions.remove(SUPPRESSION)
        dialogue.get_by_role("button", name="Lift").press("Enter")

        expect(manager.page.get_by_role("heading", name="Suppressions")).to_be_focused()

    def test_goes_to_the_heading_after_what_was_selected_is_dismissed_and_after_undo(self, manager):
        manager.goes_to("#/report")
        manager.page.get_by_role("checkbox", name="Select Gate code").check()
        manager.page.get_by_role("button", name="Dismiss selected").press("Enter")
        manager.page.get_by_role("dialog").get_by_role("button", name="Dismiss").press("Enter")
        expect(manager.page.get_by_role("heading", name="Undelivered notifications")).to_be_focused()
        manager.page.get_by_role("button", name="Undo").press("Enter")

        expect(manager.page.get_by_role("heading", name="Undelivered notifications")).to_be_focused()

    def test_goes_to_the_heading_after_an_item_is_dismissed_and_restored(self, manager):
        manager.goes_to("#/item/item-2")
        manager.page.get_by_role("button", name="Dismiss").press("Enter")
        manager.page.get_by_role("dialog").get_by_role("button", name="Dismiss").press("Enter")
        expect(manager.page.get_by_role("heading", name="Gate code")).to_be_focused()
        manager.page.get_by_role("button", name="Restore").press("Enter")

        expect(manager.page.get_by_role("heading", name="Gate code")).to_be_focused()


class TestBulk:
    def test_the_progress_of_a_resend_can_be_closed_before_the_end(self, manager):
        manager.api.polls_until_outcome = 1000
        manager.goes_to("#/report")
        manager.page.get_by_role("checkbox", name="Select Gate code").check()
        manager.page.get_by_role("button", name="Resend selected").click()
        manager.page.get_by_role("button", name="Resend 1", exact=True).click()
        manager.sees("1 message is being resent.")
        manager.sees("Confirmation can take hours. You can close this: the resends go on.")
        manager.page.get_by_role("region", name="Resending").get_by_role("button", name="Close").press("Enter")

        expect(manager.page.get_by_role("region", name="Resending")).to_have_count(0)
        expect(manager.page.get_by_role("heading", name="Undelivered notifications")).to_be_focused()

    def test_nothing_is_resent_before_it_is_said_how_many_and_why_not_the_others(self, manager):
        manager.goes_to("#/report?status=bounced.hard,spammed,dropped,invalid")
        manager.page.get_by_role("checkbox", name="Select all shown").check()
        manager.page.get_by_role("button", name="Resend selected").press("Enter")
        dialogue = manager.page.get_by_role("dialog")
        expect(dialogue).to_contain_text("1 message will be sent again.")
        expect(dialogue.get_by_role("listitem")).to_contain_text(
            ["2We cannot deliver to this address", "1The customer marked a message as spam", "1The customer opted out"]
        )
        assert barriers(manager.page) == []
        dialogue.get_by_role("button", name="Cancel").click()

        assert all(body["dry_run"] for _, path, _, body in manager.api.requests if path.endswith("/resend"))

    def test_what_cannot_be_resent_at_all_cannot_be_confirmed(self, manager):
        manager.goes_to("#/report?status=spammed")
        manager.page.get_by_role("checkbox", name="Select all shown").check()
        manager.page.get_by_role("button", name="Resend selected").press("Enter")
        dialogue = manager.page.get_by_role("dialog")

        expect(dialogue).to_contain_text("None of these can be sent again now.")
        expect(dialogue.get_by_role("button", name="Resend")).to_be_disabled()

    def test_all_that_match_are_resent_in_parts_while_another_page_is_open(self, manager):
        manager.api.part = 30
        manager.goes_to("#/report")
        manager.page.get_by_role("checkbox", name="Select all shown").check()
        manager.page.get_by_role("button", name="Select all 74 that match").press("Enter")
        manager.sees("All 74 that match are selected")
        manager.takes_picture("bulk-all-desktop-light")
        manager.page.get_by_role("button", name="Resend selected").click()
        dialogue = manager.page.get_by_role("dialog")
        expect(dialogue).to_contain_text("70 messages will be sent again.")
        held = []
        manager.page.route("**/undelivered/resend", lambda route: held.append(route))  # noqa: PLW0108 (Playwright asks what it is)
        dialogue.get_by_role("button", name="Resend 70").click()
        manager.sees("0 of 74 handed over for sending")
        manager.goes_to("#/customers")
        manager.page.unroute("**/undelivered/resend")
        manager.sees("70 messages are being resent.")
        manager.page.get_by_role("button", name="See the progress").click()
        manager.sees("74 of 74 done")

        bodies = [body for _, path, _, body in manager.api.requests if path == "/undelivered/resend"]
        assert [body.get("cursor") for body in bodies if not body.get("dry_run")] == [None, "30", "60"]

    def test_one_that_stops_before_the_end_is_continued_where_it_stopped(self, manager):
        manager.api.part = 30
        manager.goes_to("#/report")
        manager.page.get_by_role("checkbox", name="Select all shown").check()
        manager.page.get_by_role("button", name="Select all 74 that match").click()
        manager.page.get_by_role("button", name="Resend selected").click()
        manager.page.get_by_role("dialog").get_by_text("70 messages will be sent again.").wait_for()
        manager.api.fail("POST", "/undelivered/resend", 500, "internal_error")
        manager.page.get_by_role("button", name="Resend 70").click()
        manager.page.get_by_role("button", name="Continue").press("Enter")
        manager.sees("74 of 74 done")

        assert len(manager.api.batches) == 3

    def test_the_limit_of_a_minute_is_waited_for(self, manager):
        manager.goes_to("#/report?ready=true")
        manager.page.get_by_role("button", name="Resend all that are ready").click()
        manager.page.get_by_role("button", name="Resend 1", exact=True).wait_for()
        headers = {"Retry-After": "1"}
        manager.api.fail("POST", "/undelivered/resend", 429, "too_many_bulk_resends", **headers)
        manager.page.get_by_role("button", name="Resend 1", exact=True).click()
        manager.sees("The limit for one minute is reached. It goes on by itself.")

        manager.sees("1 of 1 done")

    def test_what_is_being_resent_is_not_dismissed_with_the_others(self, manager):
        manager.api.items["item-2"]["state"] = "resending"
        manager.api.waiting["item-2"] = 1000
        manager.goes_to("#/report")
        for title in ("Gate code", "Overdue notice"):
            manager.page.get_by_role("checkbox", name=f"Select {title}").check()
        manager.page.get_by_role("button", name="Dismiss selected").click()
        dialogue = manager.page.get_by_role("dialog", name="Dismiss this notification?")
        expect(dialogue).to_contain_text("1 of the selected is being resent and stays on the report.")
        dialogue.get_by_role("button", name="Dismiss").click()
        manager.sees("1 notification dismissed.")

        assert manager.api.items["item-2"]["state"] == "resending"
        assert manager.api.items["item-3"]["state"] == "dismissed"

    def test_nothing_is_dismissed_if_all_that_is_selected_is_being_resent(self, manager):
        manager.api.items["item-2"]["state"] = "resending"
        manager.api.waiting["item-2"] = 1000
        manager.goes_to("#/report")
        manager.page.get_by_role("checkbox", name="Select Gate code").check()
        manager.page.get_by_role("button", name="Dismiss selected").click()

        manager.sees("What is being resent cannot be dismissed.")
        expect(manager.page.get_by_role("dialog")).to_have_count(0)


class TestCustomer:
    def test_a_suppressed_contact_is_marked_on_the_page_of_the_customer(self, manager):
        manager.goes_to("#/customers/c-7")
        contacts = manager.page.get_by_role("region", name="Contacts")

        expect(contacts).to_contain_text(re.compile(r"Suppressed: Unsubscribed, since \d+ \w+ \d{4}"))
        assert barriers(manager.page) == []
        contacts.get_by_role("link", name="Suppressed").click()
        expect(manager.page.get_by_role("heading", name="Suppressions")).to_be_visible()

    def test_a_contact_that_is_not_suppressed_is_not_marked(self, manager):
        manager.goes_to("#/customers/c-2")

        expect(manager.page.get_by_role("region", name="Contacts")).not_to_contain_text("Suppressed")


class TestUnsavedSettings:
    def test_are_kept_while_another_page_is_open_and_it_says_so(self, manager):
        manager.goes_to("#/settings")
        manager.page.get_by_label("Keep past items (days)").fill("500")
        manager.page.get_by_label("Saturday").check()
        manager.goes_to("#/report")
        manager.sees("Your changes to the settings are not saved.")
        manager.page.get_by_role("button", name="Back to the settings").click()

        expect(manager.page.get_by_label("Keep past items (days)")).to_have_value("500")
        expect(manager.page.get_by_label("Saturday")).to_be_checked()
        manager.sees("You have unsaved changes.")
        manager.page.get_by_role("button", name="Save").click()
        manager.sees("Saved.")
        assert manager.api.settings["history_days"] == 500
        manager.goes_to("#/report")
        expect(manager.page.get_by_text("Your changes to the settings are not saved.")).to_have_count(0)

    def test_can_be_discarded(self, manager):
        manager.goes_to("#/settings")
        manager.page.get_by_label("Keep past items (days)").fill("500")
        manager.page.get_by_role("button", name="Discard changes").click()

        expect(manager.page.get_by_label("Keep past items (days)")).to_have_value("400")
        expect(manager.page.get_by_role("button", name="Discard changes")).to_have_count(0)

    def test_hold_the_window_open(self, manager):
        asked = "() => !window.dispatchEvent(new Event('beforeunload', {cancelable: true}))"
        manager.goes_to("#/settings")
        assert not manager.page.evaluate(asked)
        manager.page.get_by_label("Keep past items (days)").fill("500")

        assert manager.page.evaluate(asked)


class TestSpelling:
    def test_a_correction_with_a_typo_is_asked_about_once_and_can_be_kept(self, manager):
        manager.goes_to("#/item/item-3")
        manager.page.get_by_role("button", name="Edit contact").click()
        box = manager.page.get_by_label("Email address")
        box.fill("grace@gmial.com")
        box.press("Enter")
        manager.sees("Did you mean grace@gmail.com?")
        manager.sees("To keep what you wrote, save again.")
        manager.takes_picture("did-you-mean-desktop-light")
        assert barriers(manager.page) == []
        manager.page.get_by_role("button", name="Save").click()
        manager.sees("Contact saved.")

        assert manager.api.customers["c-3"]["email"] == "grace@gmial.com"

    def test_the_likely_spelling_is_taken_with_one_press(self, manager):
        manager.goes_to("#/customers/c-3")
        manager.page.get_by_role("button", name="Edit contact").click()
        manager.page.get_by_label("Email address").fill("grace@gmial.com")
        manager.page.get_by_label("Phone number").focus()
        manager.page.get_by_role("button", name="Use grace@gmail.com").click()
        manager.page.get_by_role("button", name="Save").click()
        manager.sees("Contact saved.")

        assert manager.api.customers["c-3"]["email"] == "grace@gmail.com"

    def test_a_service_that_does_not_answer_holds_no_correction_up(self, manager):
        manager.api.fail("GET", "/address-suggestions", 500, "internal_error")
        manager.goes_to("#/customers/c-3")
        manager.page.get_by_role("button", name="Edit contact").click()
        manager.page.get_by_label("Email address").fill("grace@gmial.com")
        manager.page.get_by_role("button", name="Save").click()

        manager.sees("Contact saved.")

    def test_is_offered_for_addresses_to_suppress_and_in_the_settings(self, manager):
        manager.goes_to("#/suppressions")
        manager.page.get_by_role("button", name="Suppress an address").click()
        manager.page.get_by_label("Address or number", exact=True).fill("grace@gmial.com")
        manager.page.get_by_label("Why").focus()
        manager.sees("Did you mean grace@gmail.com?")
        manager.page.get_by_role("button", name="Cancel").click()
        manager.goes_to("#/settings")
        manager.page.get_by_label("Recipients").fill("one@example.com\ntwo@hotmial.com")
        manager.page.get_by_label("Sender").focus()
        manager.page.get_by_role("button", name="Use two@hotmail.com").click()

        expect(manager.page.get_by_label("Recipients")).to_have_value("one@example.com\ntwo@hotmail.com")


@pytest.mark.parametrize(
    ("locale", "labels", "said"),
    [
        ("es-ES", ("Editar contacto", "Guardar", "Destinatarios"), "debe tener una @"),
        ("de-DE", ("Kontakt bearbeiten", "Speichern", "Empfänger"), "muss ein @ enthalten"),
        ("fr-FR", ("Modifier le contact", "Enregistrer", "Destinataires"), "doit contenir un @"),
        ("pt-BR", ("Editar contato", "Salvar", "Destinatários"), "deve ter um @"),
    ],
)
def test_what_is_wrong_with_a_value_is_said_in_the_language(open_console, locale, labels, said):
    edit, save, settings = labels
    person = open_console(locale=locale)
    person.page.goto(person.url + "#/customers/c-3")
    person.page.locator(".button.primary").click()
    person.page.get_by_role("link", name="Sign in").click()
    person.page.get_by_role("button", name=edit).click()
    person.page.locator("input[type=email]").fill("grace.example.com")
    person.page.get_by_role("button", name=save).click()
    person.sees(said)
    person.goes_to("#/settings")
    person.page.get_by_label(settings).fill("deputy")
    person.page.get_by_role("button", name=save).click()
    expect(person.page.get_by_role("alert").filter(has_text=said)).to_be_visible()


def test_a_sentence_with_a_number_is_said_in_the_language(open_console):
    person = open_console(locale="es-ES")
    person.page.goto(person.url + "#/settings")
    person.page.locator(".button.primary").click()
    person.page.get_by_role("link", name="Sign in").click()
    person.page.get_by_role("heading", name="Ajustes").wait_for()
    detail = "Your account has 10 webhooks, which is the maximum. Delete one first."
    said = person.page.evaluate(
        """async (text) => {
          const script = document.querySelector("script").src.replace("start.js", "i18n.js");
          return (await import(script)).translated(text);
        }""",
        detail,
    )

    assert said == "Su cuenta tiene 10 webhooks, que es el máximo. Elimine uno primero."
