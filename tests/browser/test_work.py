"""A manager's work in the console, and what a viewer sees of it; on a stand-in for the API."""

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser import fake_api
from tests.browser.conftest import barriers
from tests.browser.fake_api import BY_BOTH, BY_HOST, NOW, SUPPRESSION, an_item
from undelivered.domain.unrecognised import MAPPABLE_REASONS

FILES = [
    {"number": 1, "filename": "terms.txt", "content_type": "text/plain", "size": 340_200},
    {
        "number": 2,
        "filename": "invoice.pdf".rjust(200, "x"),
        "content_type": "application/pdf",
        "size": 7_340_032,
    },
]


HALF_AN_HOUR_LATER = """() => {
  for (const [key, text] of Object.entries(localStorage).filter(([key]) => key.startsWith("undelivered.visit"))) {
    const kept = JSON.parse(text);
    kept.last.at -= 31 * 60_000;
    localStorage.setItem(key, JSON.stringify(kept));
  }
}"""
"""Makes the last visit half an hour older."""


class TestOverview:
    def test_the_number_leads_to_the_report(self, manager):
        manager.page.get_by_role("link", name=re.compile("74 notifications undelivered")).click()

        expect(manager.page).to_have_url(re.compile("#/report$"))
        manager.sees("Invoice for November")

    def test_each_status_leads_to_its_part_of_the_report(self, manager):
        manager.page.get_by_role("link", name=re.compile("Spammed")).click()

        expect(manager.page).to_have_url(re.compile("status=spammed$"))
        manager.sees("Newsletter")
        expect(manager.page.locator("tbody tr")).to_have_count(1)

    @pytest.mark.parametrize(
        ("words", "name", "customers"),
        [
            ("2 to correct", "grace@gmial.com", 2),
            ("69 to resend", "Grace Hopper", 6),
            ("1 ours to fix", "Template error", 1),
            ("2 to leave alone", "Unsubscribed", 2),
        ],
    )
    def test_it_says_what_to_do_now_and_each_leads_to_its_list_by_customer(self, manager, words, name, customers):
        manager.page.get_by_role("link", name=re.compile(f"^{words}")).click()

        manager.sees(name)
        expect(manager.page.locator(".people li")).to_have_count(customers)

    def test_numbers_that_are_being_counted_after_an_upgrade_are_not_shown(self, open_console, fake):
        fake[1].counts_work = False
        manager = open_console()

        manager.signs_in()

        expect(manager.page.get_by_role("link", name=re.compile("^\N{EN DASH} to correct"))).to_be_visible()

    def test_it_says_what_is_new_since_the_last_visit(self, manager):
        link = manager.page.get_by_role("link", name=re.compile(r"^2 new since "))
        manager.page.wait_for_function(
            "() => Object.keys(localStorage).some((key) => key.startsWith('undelivered.visit'))"
        )
        expect(link).to_have_count(0)
        manager.api.items |= {f"late-{n}": an_item(n, id=f"late-{n}") for n in (2, 3, 200)}
        manager.page.evaluate(HALF_AN_HOUR_LATER)

        manager.goes_to("#/report")
        manager.goes_to("#/")
        expect(link).to_be_visible()

        manager.goes_to("#/report")
        manager.goes_to("#/")
        expect(link).to_be_visible()

    def test_the_trend_stands_in_a_table_too(self, manager):
        manager.page.locator(".later").last.evaluate("place => place.scrollIntoView()")
        manager.page.get_by_text("Show as a table").click()

        expect(manager.page.locator(".figures-table tbody tr")).to_have_count(31)


class TestOneCustomerAfterTheOther:
    def test_keys_lead_through_the_list_that_one_came_from(self, manager):
        manager.goes_to("#/work/resend")
        manager.page.locator(".people a").first.click()
        manager.sees("No. 1")

        for key, url in [("j", "c-4"), ("J", "c-5"), ("k", "c-4"), ("k", "c-2"), ("k", "c-2")]:
            manager.page.keyboard.press(key)
            expect(manager.page).to_have_url(re.compile(f"#/customers/{url}$"))
            expect(manager.page.get_by_role("heading", level=1)).to_be_focused()

        manager.page.go_back()
        expect(manager.page).to_have_url(re.compile("#/work/resend$"))

    def test_the_last_one_says_so(self, manager):
        manager.goes_to("#/work/ours")
        manager.page.locator(".people a").click()
        manager.sees("No. 1")

        manager.page.keyboard.press("j")

        manager.sees("This was the last one in the list.")

    def test_keys_do_nothing_while_typing_and_can_be_switched_off(self, manager):
        manager.goes_to("#/work/correct")
        manager.page.locator(".people a").first.click()
        manager.page.get_by_label("Email address").fill("")
        manager.page.keyboard.type("jk?j")
        expect(manager.page.get_by_label("Email address")).to_have_value("jk?j")
        manager.page.get_by_role("button", name="Cancel").click()

        manager.page.keyboard.press("?")
        manager.page.get_by_label("Use these keys").uncheck()
        manager.page.get_by_role("button", name="Save").click()
        manager.page.keyboard.press("j")
        manager.page.keyboard.press("?")
        expect(manager.page.get_by_role("dialog")).to_have_count(0)
        expect(manager.page).to_have_url(re.compile("#/customers/c-1$"))

        manager.page.get_by_role("button", name="Keys").click()
        expect(manager.page.get_by_label("Use these keys")).not_to_be_checked()

    def test_the_items_of_the_report_are_such_a_list_and_it_goes_on_past_its_first_page(self, manager):
        manager.goes_to("#/report")
        manager.page.get_by_role("link", name="Reminder 50", exact=True).click()
        manager.sees("No. 50")

        manager.page.keyboard.press("j")

        manager.sees("Reminder 51")


class TestCard:
    def test_a_contact_is_corrected_once_and_all_is_resent_in_one_press(self, manager):
        for number in (81, 82):
            manager.api.items[f"item-{number}"] = manager.api.items["item-3"] | {"id": f"item-{number}"}
        manager.goes_to("#/customers/c-3")
        expect(manager.page.get_by_role("button", name=re.compile("Resend"))).to_have_count(0)
        manager.page.get_by_role("button", name="Edit contact").click()
        manager.page.get_by_label("Email address").fill("grace@example.com")
        manager.page.get_by_role("button", name="Save").click()

        again = manager.page.get_by_role("button", name="Resend all 3 now")
        expect(again).to_be_focused()
        manager.page.keyboard.press("Enter")

        manager.sees("3 of 3")
        manager.page.get_by_role("button", name="Done. Refresh the list").click()
        manager.sees("This customer has no undelivered messages")

    def test_a_contact_is_called_or_written_to_by_its_link(self, manager):
        manager.api.customer("c-3")["phone"] = "+34600123456"
        manager.goes_to("#/customers/c-3")

        expect(manager.page.get_by_role("link", name="+34600123456")).to_have_attribute("href", "tel:+34600123456")
        expect(manager.page.get_by_role("link", name="ada.3@example.com")).to_have_attribute(
            "href", "mailto:ada.3@example.com"
        )

    def test_a_text_is_sent_instead_of_an_email_and_the_email_leaves_the_list(self, manager):
        manager.api.customer("c-3")["phone"] = "+34600123456"
        manager.goes_to("#/customers/c-3")
        manager.page.get_by_role("button", name="Send as a text instead: Overdue notice").click()
        text = manager.page.get_by_role("dialog").get_by_label("Text", exact=True)

        expect(text).to_have_value("")  # the email has a design, which no text has
        expect(manager.page.get_by_text("The text goes to +34600123456")).to_be_visible()
        assert barriers(manager.page) == []
        manager.page.get_by_role("button", name="Send the text").click()
        manager.sees("Fill in this field")
        text.fill("Your rent is overdue: 90 €")
        manager.page.get_by_role("button", name="Send the text").click()
        manager.sees("The customer's phone number is suppressed")
        text.fill("Your rent is overdue.")
        manager.page.get_by_role("button", name="Send the text").click()

        manager.sees("The text is on its way to +34600123456")
        expect(manager.page.get_by_role("heading", level=1)).to_be_focused()
        expect(manager.page.get_by_role("button", name="Send as a text instead")).to_have_count(0)
        *_, (method, path, _, body) = (one for one in manager.api.requests if one[0] == "POST")
        assert (method, path, body) == ("POST", "/undelivered/item-3/text", {"text": "Your rent is overdue."})

    def test_the_text_begins_with_the_message_when_it_is_held_without_a_design(self, manager):
        manager.api.message_html = None
        manager.api.customer("c-3")["phone"] = "+34600123456"
        manager.goes_to("#/customers/c-3")

        manager.page.get_by_role("button", name="Send as a text instead").click()

        text = manager.page.get_by_role("dialog").get_by_label("Text", exact=True)
        expect(text).to_have_value("Dear customer,\nyour rent is due on Friday.")

    def test_no_text_is_offered_without_a_number_or_to_a_suppressed_one_or_to_a_viewer(self, manager, viewer):
        manager.goes_to("#/customers/c-3")
        manager.sees("Overdue notice")
        expect(manager.page.get_by_role("button", name="Send as a text")).to_have_count(0)

        viewer.api.customer("c-3")["phone"] = "+34600123456"
        viewer.goes_to("#/customers/c-3")
        viewer.sees("Overdue notice")
        expect(viewer.page.get_by_role("button", name="Send as a text")).to_have_count(0)

        manager.api.customer("c-3")["phone"] = SUPPRESSION["address"]  # the one that is suppressed here
        manager.goes_to("#/report")
        manager.goes_to("#/customers/c-3")
        manager.sees("Nothing is sent to it")
        expect(manager.page.get_by_role("button", name="Send as a text")).to_have_count(0)

    def test_a_follow_up_is_kept_and_the_overview_lists_it_on_its_day(self, manager):
        manager.goes_to("#/customers/c-3")
        manager.sees("Nothing noted yet.")
        manager.page.get_by_role("button", name="Edit follow-up").click()
        manager.page.get_by_label("Note").fill("called, will come by")
        manager.page.get_by_label("Owner").fill("bo@harbor.example")
        manager.page.get_by_label("Look again on").fill(NOW.date().isoformat())
        manager.page.get_by_role("button", name="Save").click()

        manager.sees("Follow-up saved.")
        expect(manager.page.locator(".note")).to_have_text("called, will come by")
        expect(manager.page.get_by_role("button", name="Edit follow-up")).to_be_focused()
        manager.page.get_by_text("Earlier changes").click()
        manager.sees("by manager@harbor.example")
        manager.goes_to("#/")
        due = manager.page.get_by_role("region", name="To look at today")
        expect(due).to_contain_text("called, will come by · bo@harbor.example")
        due.get_by_role("link", name="Ada Byron").click()
        expect(manager.page).to_have_url(re.compile("#/customers/c-3$"))

    def test_a_refused_follow_up_says_why_and_keeps_what_was_written(self, manager):
        manager.goes_to("#/customers/c-3")
        manager.page.get_by_role("button", name="Edit follow-up").click()
        manager.page.get_by_label("Note").fill("called")
        manager.page.get_by_label("Owner").fill("nobody")
        manager.page.get_by_role("button", name="Save").click()

        manager.sees("This is not known.")
        expect(manager.page.get_by_label("Note")).to_have_value("called")

    def test_a_viewer_sees_the_follow_up_and_cannot_change_it(self, viewer):
        viewer.api.customer("c-3")["follow_up"]["note"] = "called"
        viewer.goes_to("#/customers/c-3")

        viewer.sees("called")
        expect(viewer.page.get_by_role("button", name="Edit follow-up")).to_have_count(0)

    def test_a_viewer_sees_no_button_to_resend(self, viewer):
        viewer.goes_to("#/customers/c-1")
        viewer.sees("Reminder 11")

        expect(viewer.page.get_by_role("button", name=re.compile("Resend"))).to_have_count(0)


class TestReport:
    def test_filters_stand_in_the_address_and_counts_on_the_filters(self, manager):
        manager.goes_to("#/report")
        manager.page.get_by_role("button", name="Invalid 1").click()
        manager.page.get_by_role("button", name="Spammed 1").click()
        manager.page.get_by_label("Channel").select_option("email")

        expect(manager.page).to_have_url(re.compile(r"#/report\?status=invalid,spammed&channel=email$"))
        expect(manager.page.locator("tbody tr")).to_have_count(2)

    def test_changes_quicker_than_the_page_are_all_kept(self, manager):
        manager.goes_to("#/report")
        manager.page.get_by_role("button", name="Invalid 1").wait_for()
        manager.page.evaluate(
            """() => {
              const all = (tag) => [...document.querySelectorAll(tag)];
              const told = (tag, text) => all(tag).find((one) => one.textContent.includes(text));
              const channel = told("select", "Email");
              told(".pill", "Invalid").click();
              told(".pill", "Spammed").click();
              channel.value = "email";
              channel.dispatchEvent(new Event("change"));
            }"""
        )

        expect(manager.page).to_have_url(re.compile(r"#/report\?status=invalid,spammed&channel=email$"))

    def test_a_count_that_comes_late_leaves_the_pill_under_the_pointer(self, manager):
        held = []
        manager.page.route("**/undelivered/count*", lambda route: held.append(route))  # noqa: PLW0108 (Playwright asks what it is)
        manager.goes_to("#/report")
        pill = manager.page.get_by_role("button", name="Spammed")
        pill.hover()
        manager.page.mouse.down()
        for one in held:
            one.continue_()
        expect(pill).to_have_text("Spammed1")
        manager.page.mouse.up()

        expect(manager.page).to_have_url(re.compile("status=spammed$"))

    def test_going_back_goes_back_one_filter(self, manager):
        manager.goes_to("#/report")
        manager.page.get_by_role("button", name="Invalid 1").click()
        expect(manager.page.locator("tbody tr")).to_have_count(1)
        manager.page.go_back()

        expect(manager.page.locator("tbody tr")).to_have_count(50)

    def test_the_search_stays_out_of_the_address(self, manager):
        manager.goes_to("#/report")
        manager.page.get_by_role("searchbox", name="Search").fill("grace@gmial")
        manager.page.keyboard.press("Enter")
        expect(manager.page.locator("tbody tr")).to_have_count(1)

        assert "grace" not in manager.page.url

    def test_a_search_outlives_a_look_at_an_item(self, manager):
        manager.goes_to("#/report")
        manager.page.get_by_role("searchbox", name="Search").fill("grace@gmial")
        manager.page.keyboard.press("Enter")
        expect(manager.page.locator("tbody tr")).to_have_count(1)
        manager.page.get_by_role("link", name="Invoice for November").click()
        manager.page.get_by_role("link", name="Back to the report").click()

        expect(manager.page.get_by_role("searchbox", name="Search")).to_have_value("grace@gmial")
        expect(manager.page.locator("tbody tr")).to_have_count(1)

    def test_a_search_goes_on_by_itself_to_the_end_of_the_report(self, manager):
        manager.api.examined = 10
        manager.goes_to("#/report")
        manager.page.get_by_role("searchbox", name="Search").fill("reminder 7")
        manager.page.keyboard.press("Enter")

        expect(manager.page.locator("tbody tr")).to_have_count(5)
        manager.sees("5 notifications in total")

    def test_a_search_without_a_hit_looks_at_everything_before_it_says_so(self, manager):
        manager.api.examined = 10
        manager.goes_to("#/report")
        manager.page.get_by_role("searchbox", name="Search").fill("nobody has this")
        manager.page.keyboard.press("Enter")

        manager.sees("No results")

    def test_a_search_says_how_far_back_it_has_looked_and_can_be_stopped_and_continued(self, manager):
        manager.api.examined = 10
        held = []
        manager.page.route(re.compile(r"undelivered\?.*cursor=30"), lambda route: held.append(route))  # noqa: PLW0108 (as above)
        manager.goes_to("#/report")
        manager.page.get_by_role("searchbox", name="Search").fill("reminder 7")
        manager.page.keyboard.press("Enter")
        third = manager.page.evaluate(
            """text => new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeZone: "Europe/Madrid" })
              .format(new Date(text))""",
            fake_api.an_item(30)["sent_at"],
        )

        manager.sees(f"Looked back to {third}")
        manager.page.get_by_role("button", name="Stop").click()
        manager.sees("Nothing found yet")
        button = manager.page.get_by_role("button", name="Search further")
        expect(button).to_be_focused()
        manager.page.unroute_all()
        button.click()

        expect(manager.page.locator("tbody tr")).to_have_count(5)
        expect(manager.page.get_by_role("button", name="Search further")).to_have_count(0)

    def test_a_search_stops_at_a_full_page_and_goes_on_when_asked(self, manager):
        manager.api.examined = 40
        manager.goes_to("#/report")
        manager.page.get_by_role("searchbox", name="Search").fill("example.com")
        manager.page.keyboard.press("Enter")
        expect(manager.page.locator("tbody tr")).to_have_count(72)

        manager.sees("72 notifications in total")

    def test_the_total_of_every_filter_stands_above_the_table(self, manager):
        manager.goes_to("#/report?channel=email")
        manager.sees("73 notifications")
        manager.api.counted = 60
        manager.goes_to("#/report?reason=mailbox_full")

        manager.sees("At least 60 notifications")

    def test_the_oldest_come_first_when_chosen_and_the_choice_stands_in_the_address(self, manager):
        manager.goes_to("#/report?channel=email")
        manager.page.get_by_label("Order").select_option("Oldest first")
        manager.page.get_by_role("table", name="oldest first").wait_for()

        expect(manager.page.locator("tbody tr").first).to_contain_text("Reminder 74")
        expect(manager.page).to_have_url(re.compile(r"channel=email&sort=oldest$"))

    def test_a_range_has_a_total(self, manager):
        manager.goes_to("#/report?from=2020-01-01")

        expect(manager.page.locator(".range")).to_contain_text(re.compile(r"1 Jan 2020 to .* 74 notifications"))

    def test_more_is_shown_page_by_page_to_the_end(self, manager):
        manager.goes_to("#/report")
        manager.page.get_by_role("button", name="Show more").click()

        manager.sees("74 notifications in total")
        expect(manager.page.locator("tbody tr")).to_have_count(74)

    def test_own_days_are_checked_and_applied(self, manager):
        manager.goes_to("#/report")
        manager.page.get_by_label("Sent").select_option("custom")
        manager.page.get_by_label("From").fill("2026-03-10")
        manager.page.get_by_label("To", exact=True).fill("2026-03-01")
        manager.page.get_by_role("button", name="Apply").click()
        manager.sees("The first day must not be after the last day.")
        manager.page.get_by_label("To", exact=True).fill("2026-03-20")
        manager.page.get_by_role("button", name="Apply").click()

        expect(manager.page).to_have_url(re.compile(r"#/report\?from=2026-03-10&to=2026-03-20$"))
        manager.sees("10 Mar 2026 to 20 Mar 2026")

    def test_nothing_found_says_what_to_do(self, manager):
        manager.goes_to("#/report?state=expired")
        manager.sees("No results")
        manager.page.get_by_role("main").get_by_role("link", name="Clear filters").last.click()

        manager.sees("Invoice for November")

    def test_the_export_has_the_filters_and_a_link(self, manager):
        manager.goes_to("#/report?status=bounced.soft&channel=email")
        manager.page.get_by_role("button", name="Export as CSV").click()
        link = manager.page.get_by_role("link", name="Download")
        link.wait_for()

        asked = next(body for method, path, _, body in manager.api.requests if (method, path) == ("POST", "/exports"))
        assert asked["filter"] == {"status": ["bounced.soft"], "channel": ["email"]}
        with manager.page.expect_download():
            link.click()


class TestBulk:
    def test_a_selection_is_resent_with_its_progress_and_refusals(self, manager):
        manager.goes_to("#/report")
        for title in ("Gate code for unit 14", "Overdue notice"):
            manager.page.get_by_role("checkbox", name=f"Select {title}").check()
        manager.sees("2 selected")
        manager.takes_picture("bulk-desktop-light")
        manager.page.get_by_role("button", name="Resend selected").click()
        dialogue = manager.page.get_by_role("dialog")
        expect(dialogue).to_contain_text("1 message will be sent again.")
        expect(dialogue).to_contain_text("1 will not be sent:")
        manager.takes_picture("bulk-preview-desktop-light")
        dialogue.get_by_role("button", name="Resend 1").click()

        manager.sees("1 message is being resent.")
        manager.sees("1 was not resent")
        manager.sees("We cannot deliver to this address or number. Correct the contact details first.")
        manager.sees("2 of 2 done")
        manager.takes_picture("bulk-progress-desktop-light")
        manager.page.get_by_role("button", name="Done. Refresh the list").click()
        expect(manager.page.get_by_role("link", name="Gate code for unit 14")).to_have_count(0)

    def test_all_that_is_ready_is_resent_at_once(self, manager):
        manager.goes_to("#/report?ready=true")
        manager.page.get_by_role("button", name="Resend all that are ready").click()
        manager.page.get_by_role("button", name="Resend 1", exact=True).click()

        manager.sees("1 of 1 done")

    def test_dismissing_can_be_undone(self, manager):
        manager.goes_to("#/report")
        manager.page.get_by_role("checkbox", name="Select Gate code").check()
        manager.page.get_by_role("button", name="Dismiss selected").click()
        manager.page.get_by_role("dialog").get_by_role("button", name="Dismiss").click()
        manager.sees("1 notification dismissed.")
        expect(manager.page.get_by_role("link", name="Gate code for unit 14")).to_have_count(0)
        manager.page.get_by_role("button", name="Undo").click()

        manager.page.get_by_role("link", name="Gate code for unit 14").wait_for()
        dismissal = next(body for _, path, _, body in manager.api.requests if path.endswith("/dismiss"))
        assert dismissal == {"reason": "The customer was contacted another way"}


class TestDetail:
    def test_resend_stands_in_the_upper_right(self, manager):
        manager.goes_to("#/item/item-2")
        box = manager.page.get_by_role("button", name="Resend").bounding_box()

        assert box is not None
        assert box["x"] + box["width"] > 1280 * 0.9
        assert box["y"] < 860 * 0.25

    def test_a_refused_resend_says_why_and_takes_no_click(self, manager):
        manager.goes_to("#/item/item-1")
        resend = manager.page.get_by_role("button", name="Resend")

        expect(resend).to_be_disabled()
        expect(resend).to_have_accessible_description(
            "We cannot deliver to this address or number. Correct the contact details first."
        )
        resend.click(force=True)
        assert not any(path.endswith("/resend") for _, path, _, _ in manager.api.requests)

    def test_a_complaint_is_never_resent(self, manager):
        manager.goes_to("#/item/item-6")

        expect(manager.page.get_by_role("button", name="Resend")).to_be_disabled()
        manager.sees("The customer marked a message as spam. Contact them another way.")

    @pytest.mark.parametrize("width", [360, 820, 1280])
    def test_the_files_of_the_message_can_be_downloaded(self, manager, width):
        manager.api.attachments = FILES
        manager.page.set_viewport_size({"width": width, "height": 860})
        manager.goes_to("#/item/item-1")
        files = manager.page.get_by_role("heading", name="Attachments").locator("xpath=ancestor::section")
        expect(files.get_by_role("listitem")).to_contain_text(["340 kB", "7.3 MB"])
        files.scroll_into_view_if_needed()
        manager.takes_picture(f"attachments-{width}")
        assert manager.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert barriers(manager.page) == []

        with manager.page.expect_download():
            files.get_by_role("button", name=f"Download {FILES[1]['filename']}").click()

        assert manager.api.downloads == ["2"]

    def test_a_message_without_files_has_no_such_list(self, manager):
        manager.goes_to("#/item/item-1")

        expect(manager.page.get_by_role("heading", name="Attachments")).to_have_count(0)

    def test_a_wrong_address_gets_its_likely_spelling(self, manager):
        manager.goes_to("#/item/item-1")
        manager.page.get_by_role("button", name="Edit contact").click()
        box = manager.page.get_by_label("Email address")
        box.fill("grace(at)gmial.com")
        manager.page.get_by_role("button", name="Save").click()
        manager.sees("This must have an @.")
        expect(box).to_be_focused()
        manager.page.get_by_role("button", name="Use grace@gmail.com").click()
        manager.page.get_by_role("button", name="Save").click()

        manager.sees("Contact saved. 1 message is ready to resend.")

    def test_from_wrong_address_to_delivered_by_keyboard_alone(self, manager):
        page, press = manager.page, manager.page.keyboard.press

        def tab_to(name: str) -> None:
            for _ in range(60):
                press("Tab")
                if page.evaluate("() => document.activeElement.innerText.trim()").startswith(name):
                    return
            pytest.fail(f"{name} cannot be reached")

        tab_to("Report")
        press("Enter")
        manager.sees("Invoice for November")
        tab_to("Invoice for November")
        press("Enter")
        manager.sees("The email address does not exist.")
        tab_to("Use grace@gmail.com")
        press("Enter")
        expect(page.get_by_label("Email address")).to_be_focused()
        press("Enter")
        expect(page.get_by_role("button", name="Resend", exact=True)).to_be_focused()

        manager.sees("Delivered. This notification has left the report.")

    def test_the_notice_names_the_address_that_the_message_was_resent_to(self, manager):
        manager.api.polls_until_outcome = 5
        manager.goes_to("#/item/item-1")
        manager.page.get_by_role("button", name="Edit contact").click()
        manager.page.get_by_label("Email address").fill("new@example.com")
        manager.page.get_by_role("button", name="Save").click()
        manager.page.get_by_role("button", name="Resend", exact=True).click()

        manager.sees("Resent to new@example.com.")

    def test_a_message_that_comes_back_says_so(self, manager):
        manager.api.outcome = "returned"
        manager.goes_to("#/item/item-2")
        manager.page.get_by_role("button", name="Resend").click()
        manager.sees("Resent to ada.2@example.com.")

        manager.sees("It failed again: The recipient's mailbox is full.")
        expect(manager.page.get_by_role("button", name="Resend")).to_be_enabled()

    def test_an_opted_out_customer_is_resent_to_with_a_recorded_consent_only(self, manager):
        manager.goes_to("#/item/item-7")
        manager.page.get_by_role("button", name="Resend").click()
        dialogue = manager.page.get_by_role("dialog")
        dialogue.get_by_role("button", name="Record and resend").click()
        manager.sees("Confirm this to continue.")
        dialogue.get_by_label("How").select_option("phone")
        dialogue.get_by_label("I confirm that the customer has agreed").check()
        dialogue.get_by_role("button", name="Record and resend").click()
        manager.sees("Delivered. This notification has left the report.")

        body = next(body for _, path, _, body in manager.api.requests if path.endswith("/resend"))
        assert body["consent"]["given_by"] == "Ada Byron"
        assert body["consent"]["how"] == "phone"
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:00Z", body["consent"]["at"])

    def test_what_is_being_typed_stays_while_a_resend_goes_on(self, manager):
        manager.api.polls_until_outcome = 5
        manager.goes_to("#/item/item-2")
        manager.page.get_by_role("button", name="Resend").click()
        manager.page.get_by_role("button", name="Edit contact").click()
        manager.page.get_by_label("Name").fill("Ada King")
        manager.sees("Delivered. This notification has left the report.")

        expect(manager.page.get_by_label("Name")).to_have_value("Ada King")


class TestViewer:
    def test_sees_everything_and_nothing_to_act_with(self, viewer):
        viewer.api.attachments = FILES
        acting = re.compile("Resend|Dismiss|Download|Edit|Lift|Suppress an|Save|Use |Erase|Download data|Apply")
        for place in (
            "#/report",
            "#/report?ready=true",
            "#/item/item-1",
            "#/customers/c-1",
            "#/suppressions",
            "#/diagnostics",
            "#/settings",
        ):
            viewer.goes_to(place)
            assert viewer.page.get_by_role("button", name=acting).count() == 0, place
            assert viewer.page.locator("tbody input[type=checkbox]").count() == 0, place

            assert viewer.page.locator("tbody select").count() == 0, place

        viewer.goes_to("#/settings")
        assert viewer.page.get_by_role("link", name="Unrecognised").count() == 0
        viewer.goes_to("#/item/item-1")
        viewer.sees("terms.txt")
        viewer.sees("You have read-only access. To make changes, ask a manager.")

    def test_exports_where_the_settings_allow_it(self, viewer):
        viewer.goes_to("#/report")

        assert viewer.page.get_by_role("button", name="Export").count() == 1

    def test_sees_no_export_where_the_settings_do_not_allow_it(self, open_console, fake):
        fake[1].role = "viewers"
        fake[1].settings["viewers_may_export"] = False
        viewer = open_console()
        viewer.signs_in()
        viewer.goes_to("#/report")

        assert viewer.page.get_by_role("button", name="Export").count() == 0


class TestSigningIn:
    def test_comes_back_to_where_it_was_wanted(self, open_console):
        person = open_console()
        person.signs_in("#/item/item-2")

        person.sees("Gate code for unit 14")
        assert "code=" not in person.page.url

    def test_tokens_are_in_no_storage(self, manager):
        kept = manager.page.evaluate("JSON.stringify({...localStorage, ...sessionStorage}) + document.cookie")

        assert "e30." not in kept
        assert "r-1" not in kept

    def test_signing_out_ends_the_session(self, manager):
        manager.page.get_by_role("button", name="Sign out").click()
        manager.page.get_by_role("button", name="Sign in").wait_for()
        manager.page.evaluate("location.hash = '#/report'")

        assert manager.page.get_by_role("button", name="Sign in").is_visible()


class TestPersonalData:
    def test_is_downloaded_whole(self, manager):
        manager.goes_to("#/customers/c-1")
        with manager.page.expect_download() as download:
            manager.page.get_by_role("button", name="Download data").click()

        told = json.loads(Path(download.value.path()).read_text())
        assert told["customer"]["id"] == "c-1"
        assert len(told["items"]) == len([i for i in manager.api.items.values() if i["customer"]["id"] == "c-1"])
        assert told["customer"]["name"] not in download.value.suggested_filename

    def test_is_erased_once_that_is_confirmed(self, manager):
        manager.goes_to("#/customers/c-1")
        manager.page.get_by_role("button", name="Erase…").click()
        dialogue = manager.page.get_by_role("dialog")
        dialogue.get_by_role("button", name="Erase").click()
        dialogue.get_by_text("Confirm this to continue.").wait_for()
        assert ("DELETE", "customers/c-1") not in asked(manager)

        dialogue.get_by_label("I want to erase this customer").check()
        dialogue.get_by_role("button", name="Erase").click()
        manager.sees("Erased. The remaining data is removed in a few minutes.")

        assert ("DELETE", "customers/c-1") in asked(manager)
        assert manager.page.url.endswith("#/customers")

    def test_of_an_erased_customer_shows_in_no_list(self, manager):
        manager.goes_to("#/suppressions")

        row = manager.page.get_by_role("row", name="Erased customer")
        expect(row).to_contain_text("To lift it, look up the address")
        assert row.get_by_role("button").count() == 0


class TestUnrecognisedReplies:
    NOT_READ = "Reason of “smtp; # Mail ikke leveret: se postmester <url>”"

    @pytest.fixture
    def choice(self, manager):
        manager.page.get_by_role("link", name="Settings").click()
        manager.page.get_by_role("link", name="Unrecognised replies").click()
        return manager.page.get_by_label(self.NOT_READ)

    def test_a_reply_shows_how_often_and_where_it_came(self, manager, choice):
        row = manager.page.get_by_role("row").filter(has=choice)

        expect(row).to_contain_text("1,240")
        expect(row).to_contain_text("example.dk, mail.example.dk, example.net")
        expect(choice).to_have_value("undetermined")

    def test_any_reason_that_a_reply_can_give_may_be_chosen(self, choice):
        expect(choice).to_be_visible()
        offered = choice.locator("option").evaluate_all("all => all.map((one) => one.value)")

        assert sorted(offered) == sorted({"undetermined", *MAPPABLE_REASONS})

    def test_a_reply_is_mapped_and_that_is_undone(self, manager, choice):
        choice.select_option("Mailbox is closed")
        manager.page.get_by_role("button", name="Apply").click()
        manager.sees("From now on, failures with this reply have the reason “Mailbox is closed”.")
        assert manager.api.shapes["s-1"]["reason"] == "mailbox_disabled"
        expect(choice).to_be_focused()
        expect(manager.page.get_by_role("row").filter(has=choice)).to_contain_text("manager@harbor.example")

        manager.page.get_by_role("button", name="Undo").click()
        manager.sees("From now on, failures with this reply have no known reason.")

        assert manager.api.shapes["s-1"]["reason"] is None
        expect(choice).to_have_value("undetermined")
        assert [method for method, path, *_ in manager.api.requests if "/s-1" in path] == ["PUT", "DELETE"]

    def test_undoing_another_reason_restores_the_one_before(self, manager):
        manager.goes_to("#/diagnostics")
        mapped = manager.page.get_by_label("Reason of “Handset says no”")
        expect(mapped).to_have_value("unreachable")
        mapped.select_option("Timed out")
        manager.page.get_by_role("button", name="Apply").click()
        manager.page.get_by_role("button", name="Undo").click()
        manager.sees("From now on, failures with this reply have the reason “Could not be reached”.")

        assert manager.api.shapes["s-3"]["reason"] == "unreachable"

    def test_nothing_is_mapped_by_the_keys_that_pass_a_reason(self, manager, choice):
        choice.focus()
        for _ in range(3):
            manager.page.keyboard.press("ArrowDown")
        expect(choice).to_have_value("address_malformed")
        assert manager.api.shapes["s-1"]["reason"] is None

        manager.page.keyboard.press("Tab")
        manager.page.keyboard.press("Enter")
        manager.sees("From now on, failures with this reply have the reason “Address is not valid”.")

        assert manager.api.shapes["s-1"]["reason"] == "address_malformed"

    def test_a_refusal_is_told_and_the_reason_stays_as_it_is(self, manager, choice):
        manager.api.fail("PUT", "/diagnostics/s-1", 409, "conflict", detail="Too many concurrent updates.")
        choice.select_option("Timed out")
        manager.page.get_by_role("button", name="Apply").click()
        manager.sees("Too many concurrent updates.")

        assert manager.page.get_by_role("button", name="Apply").is_visible()
        assert manager.api.shapes["s-1"]["reason"] is None

    def test_many_replies_are_shown_in_parts(self, manager, choice):
        expect(choice).to_be_visible()
        assert manager.page.locator("tbody tr").count() == 50

        manager.page.get_by_role("button", name="Show more").click()

        assert manager.page.locator("tbody tr").count() == len(manager.api.shapes)
        assert manager.page.get_by_role("button", name="Show more").count() == 0
        expect(manager.page.locator("tbody tr").nth(50).locator("select")).to_be_focused()

    def test_none_at_all_says_so(self, manager):
        manager.api.shapes.clear()
        manager.goes_to("#/diagnostics")

        manager.sees("We know the reason for every failure in the last 30 days.")

    def test_it_speaks_spanish(self, manager):
        manager.page.get_by_label("Language").select_option("es")
        manager.page.get_by_role("link", name="Ajustes").click()
        manager.page.get_by_role("link", name="Respuestas sin reconocer").click()
        choice = manager.page.get_by_label("Motivo de «smtp; # Mail ikke leveret: se postmester <url>»")
        choice.select_option("timed_out")
        manager.page.get_by_role("button", name="Aplicar").click()

        manager.page.get_by_role("button", name="Deshacer").click()
        manager.sees("A partir de ahora, los fallos con esta respuesta no tendrán un motivo conocido.")


def asked(person):
    return [(method, path.strip("/").removeprefix("api/")) for method, path, *_ in person.api.requests]


class TestOtherPages:
    def test_a_customer_is_found_by_the_address_that_failed(self, manager):
        manager.goes_to("#/customers")
        manager.page.get_by_role("searchbox", name="Part of a name").fill("grace@gmial.com")
        manager.page.get_by_role("button", name="Find").click()
        manager.page.get_by_role("link", name="Ada Byron").click()

        manager.sees("Invoice for November")
        assert "grace" not in manager.page.url

    def test_a_viewer_finds_a_customer_by_a_part_of_the_name_while_typing(self, viewer):
        viewer.goes_to("#/customers")
        viewer.page.get_by_role("searchbox", name="Part of a name").type("حداد")
        viewer.page.get_by_role("link", name="ليلى حداد").click()

        expect(viewer.page).to_have_url(re.compile("#/customers/c-5$"))

    def test_the_search_for_a_customer_goes_on_by_itself_and_says_when_there_is_none(self, manager):
        for number in range(100, 140):
            manager.api.items[f"item-{number}"] = fake_api.an_item(number)
        manager.api.items["item-999"] = fake_api.an_item(999, customer={"id": "z-1", "name": "Zoë Last"})
        manager.goes_to("#/customers")
        box = manager.page.get_by_role("searchbox", name="Part of a name")
        box.fill("zoë l")
        manager.page.get_by_role("link", name="Zoë Last").wait_for()
        box.fill("nobody at all")

        manager.sees("No customer found")
        box.fill("n")
        manager.sees("Type a part of the name")

    def test_more_customers_are_shown_when_asked(self, manager):
        for number in range(100, 140):
            manager.api.items[f"item-{number}"] = fake_api.an_item(number)
        manager.goes_to("#/customers")
        manager.page.get_by_role("searchbox", name="Part of a name").fill("ada byron")
        found = manager.page.locator(".results li")
        manager.page.get_by_role("button", name="Show more").press("Enter")

        expect(found.nth(20)).to_be_visible()
        expect(found.nth(20).get_by_role("link")).to_be_focused()

    def test_a_suppression_is_lifted_with_a_reason_and_a_consent(self, manager):
        manager.goes_to("#/suppressions")
        manager.page.get_by_role("button", name="Lift the suppression of ada.7@example.com").click()
        dialogue = manager.page.get_by_role("dialog")
        dialogue.get_by_label("Who agreed").fill("Ada Byron")
        dialogue.get_by_label("Why").fill("Asked for notices again")
        dialogue.get_by_role("button", name="Lift").click()
        manager.sees("Lifted. Messages to ada.7@example.com are sent again.")

        _, path, _, body = next(one for one in manager.api.requests if one[0] == "DELETE")
        assert path == "/suppressions/email/ada.7%40example.com"
        assert body["why"] == "Asked for notices again"
        assert body["consent"]["given_by"] == "Ada Byron"

    def test_a_complaint_offers_no_lifting(self, manager):
        manager.goes_to("#/suppressions")

        expect(manager.page.get_by_role("button", name=re.compile("Lift the suppression"))).to_have_count(1)
        manager.sees("You cannot lift this suppression, because the recipient marked a message as spam.")

    def test_an_address_is_looked_up(self, manager):
        manager.goes_to("#/suppressions")
        manager.page.get_by_label("Look up an address or number").fill("nobody@example.com")
        manager.page.get_by_role("button", name="Look up").click()

        manager.sees("Not suppressed")

    def test_settings_are_kept(self, manager):
        manager.goes_to("#/settings")
        manager.page.get_by_label("Time zone").select_option("America/New_York")
        manager.page.get_by_label("Saturday").check()
        manager.page.get_by_label("Viewers can export the report").uncheck()
        manager.page.get_by_label("Keep past items (days)").fill("2")
        manager.page.get_by_role("button", name="Save").click()
        manager.sees("Enter a whole number from 30 to 3,650.")
        manager.page.get_by_label("Keep past items (days)").fill("500")
        manager.page.get_by_role("button", name="Save").click()
        manager.sees("Saved.")

        assert manager.api.settings["time_zone"] == "America/New_York"
        assert manager.api.settings["digest"]["days"] == [0, 1, 2, 3, 4, 5]
        assert manager.api.settings["history_days"] == 500
        assert manager.api.settings["viewers_may_export"] is False


class TestResendsByTheHostApplication:
    def test_it_is_asked_and_the_page_says_so_until_it_is_delivered(self, manager):
        manager.api.items["item-2"]["resend"] = BY_HOST
        manager.goes_to("#/item/item-2")

        manager.page.get_by_role("button", name="Request resend").press("Enter")

        manager.sees("Your application was asked to send it again to ada.2@example.com")
        manager.sees("With your application, which sends it")
        manager.sees("Delivered. This notification has left the report.")

    def test_what_it_did_not_send_is_said_on_the_page_and_in_the_list(self, manager):
        manager.api.items["item-2"]["resend"] = BY_HOST
        manager.api.outcome = "returned"
        manager.goes_to("#/item/item-2")
        manager.page.get_by_role("button", name="Request resend").click()

        manager.sees("Your application did not send it. It was to send it again on")
        manager.goes_to("#/report")
        manager.sees("Not sent by your application")
        manager.goes_to("#/item/item-2")
        manager.sees("Your application did not send it. It was to send it again on")

    def test_the_manager_chooses_where_both_can_resend(self, manager):
        manager.api.items["item-2"]["resend"] = BY_BOTH
        manager.goes_to("#/item/item-2")

        manager.page.get_by_role("button", name="Resend").click()
        dialogue = manager.page.get_by_role("dialog")
        dialogue.get_by_label("Resent by").select_option("Your application")
        dialogue.get_by_role("button", name="Resend").press("Enter")

        manager.sees("Your application was asked to send it again")
        assert [body for method, path, _, body in manager.api.requests if path.endswith("/resend")] == [
            {"resender": "host"}
        ]

    def test_the_settings_say_who_resends(self, manager):
        manager.goes_to("#/settings")

        manager.page.get_by_label("Who resends").select_option("Your application, its own messages")
        manager.page.get_by_label("Time for your application (hours)").fill("48")
        manager.page.get_by_role("button", name="Save").click()
        manager.sees("Saved.")

        assert manager.api.settings["resend_by"] == "host"
        assert manager.api.settings["grace"] == {"email_hours": 16, "sms_hours": 73, "host_hours": 48}


def test_on_a_phone_the_list_is_near_the_top_and_the_filters_are_a_press_away(open_console):
    person = open_console(viewport={"width": 360, "height": 740})
    person.signs_in()
    person.goes_to("#/report")
    expect(person.page.get_by_label("Channel")).to_be_hidden()
    assert person.page.locator("tbody tr").first.bounding_box()["y"] < 740 * 0.6
    person.page.get_by_text("More filters").click()
    person.page.get_by_label("Channel").select_option("sms")

    expect(person.page.locator("tbody tr")).to_have_count(1)
    expect(person.page.get_by_label("Channel")).to_have_value("sms")


def test_a_later_visit_does_not_wait_for_the_settings_and_follows_them_when_they_have_changed(manager):
    manager.sees("As of")
    before = manager.page.locator(".as-of").inner_text()
    manager.api.settings["time_zone"] = "Pacific/Kiritimati"
    held = []
    manager.page.route("**/api/settings", lambda route: held.append(route))  # noqa: PLW0108 (Playwright asks what it is)
    manager.page.reload()
    manager.page.get_by_role("link", name="Sign in").click()
    manager.sees("As of")
    for one in held:
        one.continue_()

    expect(manager.page.locator(".as-of")).not_to_contain_text(before.split(",")[0])


def test_the_card_of_a_customer_does_not_wait_for_the_suppressions(manager):
    manager.api.customer("c-7")["phone"] = "+34600123456"
    held = []
    manager.page.route("**/suppressions/**", lambda route: held.append(route))  # noqa: PLW0108 (Playwright asks what it is)
    manager.goes_to("#/customers/c-7")
    manager.sees("Opening hours")
    edit = manager.page.get_by_role("button", name="Edit contact")
    edit.focus()
    expect(manager.page.get_by_role("button", name="Send as a text instead")).to_have_count(0)
    for one in held:
        one.continue_()
    manager.page.unroute_all()

    manager.sees("Nothing is sent to it")
    expect(edit).to_be_focused()
    expect(manager.page.get_by_role("button", name="Send as a text instead")).to_have_count(1)
