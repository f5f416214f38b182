"""Contacts corrected in a spreadsheet: the file to fill in, the check row by row, the corrections and the resends."""

import csv
import io

import pytest

from tests.browser.conftest import barriers
from tests.browser.fake_api import NEEDS_CHANGE, an_item

HEADER = ["Customer ID", "Name", "Failed contact", "Why it failed", "Notifications", "New contact"]

CHANGED_NUMBER = "The spreadsheet changed this number. Format the column as text and enter the number again."
FAILING = {"status": "invalid", "kind": None, "resend": NEEDS_CHANGE}
IN_GERMAN = "Kundennummer;Fehlgeschlagener Kontakt;Neuer Kontakt\nc-1;grace@gmial.com;zoë@x.example\n"


def downloads(person, button="Download the file"):
    with person.page.expect_download() as download:
        person.page.get_by_role("button", name=button).click()
    text = download.value.path().read_text("utf-8-sig")
    return [*csv.reader(io.StringIO(text), delimiter=";" if ";" in text.splitlines()[0] else ",")]


def uploads(person, rows, *, delimiter=";", encoding="utf-8-sig", name="filled.csv"):
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows(rows)
    file = {"name": name, "mimeType": "text/csv", "buffer": text.getvalue().encode(encoding)}
    person.page.locator("input[type=file]").set_input_files(file)


def rows_shown(person):
    return [row.inner_text().split("\t") for row in person.page.locator(".scroller tbody tr").all()]


def test_what_needs_correcting_is_downloaded_filled_in_checked_corrected_and_resent(manager):
    manager.goes_to("#/customers")
    manager.page.get_by_role("link", name="Fix in a spreadsheet").click()
    rows = downloads(manager)

    assert rows[0] == HEADER
    assert [row[0] for row in rows[1:]] == ["c-1", "c-3"]
    assert rows[1] == ["c-1", "Ada Byron", "grace@gmial.com", "The email address does not exist.", "1", ""]

    rows[1][-1], rows[2][-1] = "grace@example.org", "mailto:ada@gmial.com"
    uploads(manager, rows)
    manager.sees("After the check")
    assert [(row[1], row[3], row[4]) for row in rows_shown(manager)] == [
        ("c-3", "ada@gmial.com", "Will be corrected. Check it: Did the customer mean ada@gmail.com?"),
        ("c-1", "grace@example.org", "Will be corrected"),
    ]
    assert {body["dry_run"] for body in manager.api.corrections} == {True}

    manager.page.get_by_role("button", name="Correct 2 contacts and resend").click()
    manager.sees("delivered")
    manager.sees("66 of 66 done")  # c-1 has 64 more notifications
    assert manager.api.customers["c-1"]["email"] == "grace@example.org"
    assert manager.api.items["item-1"]["state"] == "resolved"


def test_each_row_that_stays_as_it_is_says_why_and_can_be_downloaded(manager):
    manager.goes_to("#/sheet")
    manager.api.customer("c-3")["email"] = "host@example.com"
    uploads(
        manager,
        [
            HEADER,
            ["c-9999", "", "x@example.com", "", "", "y@example.com"],
            ["c-3", "", "ada.3@example.com", "", "", "new@example.com"],
            ["c-1", "", "grace@gmial.com", "", "", "grace@gmial"],
            ["c-1", "", "grace@gmial.com", "", "", "grace@example.org"],
            ["c-9", "", "'+34600123456", "", "", "3,46E+11"],
            ["c-2", "", "ada.2@example.com", "", "", ""],
            ["c-4", "", "ada.4@example.com", "", "", "bo@example.org"],
        ],
    )
    manager.page.get_by_role("heading", name="After the check").wait_for()

    assert [(row[0], row[4]) for row in rows_shown(manager)] == [
        ("2", "Stays as it is. No customer has this ID."),
        ("3", "Stays as it is. The contact has changed since the download. It is now host@example.com."),
        ("4", "Stays as it is. This is not a valid email address."),
        ("5", "Stays as it is. This customer is also in line 4."),
        ("6", f"Stays as it is. {CHANGED_NUMBER}"),
        ("8", "Will be corrected"),
    ]  # fmt: skip
    refused = downloads(manager, "Download the rows that stay")
    assert refused[0] == [*HEADER, "What happens"]
    assert [row[0] for row in refused[1:]] == ["c-9999", "c-3", "c-1", "c-1", "c-9"]
    assert refused[5][2] == "'+34600123456"


def test_cells_are_safe_and_are_read_back_as_they_were(manager):
    manager.api.items = {
        "item-1": an_item(
            1, channel="sms", recipient="+34600123456", customer={"id": "00017", "name": '=HYPERLINK("x")'},
            **FAILING,
        ),
    }  # fmt: skip
    manager.goes_to("#/sheet")
    rows = downloads(manager)
    assert rows[1][:3] == ["'00017", '\'=HYPERLINK("x")', "'+34600123456"]

    rows[1][-1] = "'+34600123457"
    uploads(manager, rows)
    manager.page.get_by_role("button", name="Correct 1 contact and resend").wait_for()

    assert manager.api.corrections[0]["corrections"] == [
        {"customer_id": "00017", "channel": "sms", "failed": "+34600123456", "contact": "+34600123457"}
    ]


def test_ten_thousand_rows_are_downloaded_checked_corrected_and_resent(manager):
    manager.api.items = {
        f"item-{n}": an_item(n, customer={"id": f"c-{n}", "name": "Ada"}, **FAILING)
        for n in range(10_000)
    }  # fmt: skip
    manager.api.customers = {
        f"c-{n}": {"id": f"c-{n}", "name": "Ada", "email": f"ada.{n}@example.com"} for n in range(10_000)
    }
    manager.goes_to("#/sheet")
    rows = downloads(manager)
    assert len(rows) == 10_001
    for row in rows[1:]:
        row[-1] = f"new.{row[0]}@example.org"

    uploads(manager, rows, delimiter=",")
    manager.page.get_by_role("button", name="Show 9,900 more rows").wait_for()
    manager.page.get_by_role("button", name="Correct 10,000 contacts and resend").click()
    manager.sees("10,000 of 10,000 done")

    assert max(len(body["corrections"]) for body in manager.api.corrections) == 500
    assert {item["state"] for item in manager.api.items.values()} == {"resolved"}


def test_the_work_goes_on_while_the_page_is_left_and_is_seen_again(manager):
    manager.goes_to("#/sheet")
    rows = downloads(manager)
    rows[1][-1] = "grace@example.org"
    uploads(manager, rows)
    manager.api.polls_until_outcome = 5
    manager.page.get_by_role("button", name="Correct 1 contact and resend").click()
    manager.goes_to("#/customers")
    manager.goes_to("#/sheet")
    manager.sees("65 of 65 done")

    manager.page.reload()
    manager.page.get_by_role("link", name="Sign in").click()
    manager.page.locator("#main h1").first.wait_for()
    manager.goes_to("#/sheet")
    manager.sees("Your last file: 1 of 1 contacts done.")
    manager.sees("65 of 65 done")


def test_a_lost_connection_is_said_and_the_rest_is_done_after_another_press(manager):
    manager.goes_to("#/sheet")
    rows = downloads(manager)
    rows[1][-1] = "grace@example.org"
    uploads(manager, rows)
    manager.page.get_by_role("button", name="Correct 1 contact and resend").wait_for()
    manager.api.fail("POST", "/undelivered/resend", 403, "forbidden")

    manager.page.get_by_role("button", name="Correct 1 contact and resend").click()
    manager.page.get_by_role("button", name="Try again").click()

    manager.sees("65 of 65 done")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"PK\x03\x04rest", "This is a workbook."),
        (b"a,b\n1,2\n", "does not have the columns"),
        (b"Customer ID,Failed contact,New contact\nc-1,grace@gmial.com,\n", "The column with the new"),
        (IN_GERMAN.encode("cp1252"), "Will be corrected"),
    ],
)  # fmt: skip
def test_other_files_are_named_and_files_of_other_languages_are_read(manager, content, said):
    manager.goes_to("#/sheet")
    file = {"name": "x.csv", "mimeType": "text/csv", "buffer": content}
    manager.page.locator("input[type=file]").set_input_files(file)

    manager.sees(said)


@pytest.mark.parametrize("width", [1280, 360])
@pytest.mark.parametrize("locale", ["en-GB", "de-DE"])
def test_the_page_fits_and_has_no_barriers(open_console, width, locale):
    person = open_console(viewport={"width": width, "height": 800}, locale=locale)
    person.page.goto(person.url)
    person.page.get_by_role("button").first.click()
    person.page.get_by_role("link", name="Sign in").click()
    person.page.locator("#main h1").first.wait_for()
    person.goes_to("#/sheet")
    rows = [
        HEADER,
        ["c-1", "", "grace@gmial.com", "", "", "grace@example.org"],
        ["c-3", "", "ada.3@example.com", "", "", "a" * 60],
    ]
    uploads(person, rows)
    person.page.locator(".figures").wait_for()

    assert barriers(person.page) == []
    assert person.page.evaluate("document.documentElement.scrollWidth") <= width
    person.takes_picture(f"sheet-{width}-{locale[:2]}")


def test_a_viewer_cannot_correct(viewer):
    viewer.goes_to("#/customers")
    assert viewer.page.get_by_role("link", name="Fix in a spreadsheet").count() == 0

    viewer.goes_to("#/sheet")
    assert viewer.page.locator("input[type=file]").count() == 0
