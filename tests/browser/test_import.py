"""Customers from a CSV file, in the console: columns, check, import, and the file of the refused rows."""

import csv
import io

import pytest

from tests.browser.conftest import barriers

FILE = (
    "Kundennummer;Vorname;Nachname;E-Mail;Handy\n"
    "c-1;Ada;Byron;ada@example.com;+34 912 34 56 78\n"
    "c-2;José;Müller;jose@example.com;\n"
    "c-3;Bo;Diddley;bo@gmial;\n"
    "c-2;Zoë;Twice;zoe@example.com;\n"
).encode("cp1252")


def a_file(content=FILE, name="kunden.csv"):
    return {"name": name, "mimeType": "text/csv", "buffer": content}


def chooses(person, content=FILE):
    person.goes_to("#/import")
    person.page.locator("input[type=file]").set_input_files(a_file(content))


def test_a_file_is_checked_row_by_row_then_imported(manager):
    chooses(manager)
    manager.sees("4 rows")
    assert manager.page.get_by_label("Customer ID").evaluate("each => each.selectedOptions[0].text") == "Kundennummer"
    manager.sees("José Müller")

    manager.page.get_by_role("button", name="Check all rows").click()
    manager.sees("After the check")
    manager.sees("Did the customer mean bo@gmail.com?")
    manager.sees("This ID is also in line 3.")
    assert [body["dry_run"] for body in manager.api.imports] == [True]

    manager.page.get_by_role("button", name="Import 2 customers").click()
    manager.page.get_by_role("heading", name="Imported").wait_for()
    body = manager.api.imports[-1]
    assert (body["dry_run"], len(body["customers"])) == (False, 3)
    assert body["customers"][0] == {
        "customer_id": "c-1", "name": "Ada Byron", "email": "ada@example.com", "phone": "+34 912 34 56 78",
    }  # fmt: skip

    with manager.page.expect_download() as download:
        manager.page.get_by_role("button", name="Download the refused rows").click()
    assert download.value.suggested_filename == "kunden.refused.csv"
    text = download.value.path().read_text("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text), delimiter=";"))
    assert [row[0] for row in rows] == ["Kundennummer", "c-3", "c-2"]
    assert rows[1][-1].startswith("Email address: ")
    assert manager.complaints == []


def test_an_address_with_a_likely_typo_is_shown_before_it_is_imported(manager):
    chooses(manager, b"customer_id,name,email\nc-1,Ada Byron,ada@gmial.com\nc-2,Bo Diddley,bo@gmail.com\n")

    manager.page.get_by_role("button", name="Check all rows").click()

    table = manager.page.get_by_role("region", name="Possible typing errors")
    (row,) = table.locator("tbody tr").all()
    assert row.inner_text().split("\t") == ["2", "c-1", "Did the customer mean ada@gmail.com?"]
    manager.sees("Import 2 customers")


def test_columns_can_be_chosen_where_their_names_say_nothing(manager):
    chooses(manager, b"a,b,c\n7,Ada Byron,ada@example.com\n")

    manager.page.get_by_label("Customer ID").select_option("a")
    manager.page.get_by_label("Name", exact=True).select_option("b")
    manager.page.get_by_role("button", name="Check all rows").click()
    manager.sees("Import 1 customer")

    assert manager.api.imports[0]["customers"] == [
        {"customer_id": "7", "name": "Ada Byron", "email": "ada@example.com"}
    ]


def test_a_wrong_country_is_said_at_its_field(manager):
    chooses(manager)

    manager.page.get_by_label("Country of the phone numbers").fill("xx")
    manager.page.get_by_role("button", name="Check all rows").click()

    manager.sees("two capital letters")
    assert manager.page.get_by_label("Country of the phone numbers").get_attribute("aria-invalid") == "true"


def test_an_empty_file_is_said_to_be_empty(manager):
    chooses(manager, b"")

    manager.sees("This file has no rows.")


def test_a_busy_server_is_asked_again(manager):
    manager.api.fail("PUT", "/customers", 503, "throttled", **{"Retry-After": "1"})
    chooses(manager)

    manager.page.get_by_role("button", name="Check all rows").click()

    manager.sees("After the check")


@pytest.mark.parametrize("width", [1280, 820, 360])
@pytest.mark.parametrize("locale", ["en-GB", "es-ES"])
def test_the_page_fits_and_has_no_barriers(open_console, width, locale):
    person = open_console(viewport={"width": width, "height": 800}, locale=locale)
    person.page.goto(person.url)
    person.page.get_by_role("button").first.click()
    person.page.get_by_role("link", name="Sign in").click()
    person.page.locator("#main h1").first.wait_for()
    chooses(person)
    person.page.locator(".button.primary").first.click()
    person.page.locator(".figures").wait_for()

    assert barriers(person.page) == []
    assert person.page.evaluate("document.documentElement.scrollWidth") <= width
    person.takes_picture(f"import-{width}-{locale[:2]}")
    assert person.complaints == []


def test_a_viewer_cannot_import(viewer):
    viewer.goes_to("#/customers")
    assert viewer.page.get_by_role("link", name="Import from a file").count() == 0

    viewer.goes_to("#/import")
    assert viewer.page.locator("input[type=file]").count() == 0
