"""The report as a file: what spreadsheets and programs make of it."""

import csv
from io import StringIO

import pytest

from tests.builders.items import ACCOUNT, NOW, an_item, reported, resent
from undelivered.adapters.language_files import texts
from undelivered.domain.account_settings import AccountSettings
from undelivered.domain.explanations import explanation, remedy
from undelivered.domain.feedback import Outcome
from undelivered.domain.language import Language
from undelivered.domain.taxonomy import Channel, Reason
from undelivered.services import report_csv


def table(*items, zone="UTC", now=NOW, locale=Language.ENGLISH):
    settings = AccountSettings(ACCOUNT, time_zone=zone, locale=locale)
    text = (report_csv.header() + report_csv.rows(items, settings, texts(locale), now)).decode("utf-8-sig")
    return list(csv.DictReader(StringIO(text, newline="")))


def test_a_file_begins_with_the_mark_of_utf8_and_the_names_of_the_columns():
    lines = report_csv.header().split(b"\r\n")

    assert lines == [b"\xef\xbb\xbf" + ",".join(report_csv.COLUMNS).encode(), b""]


def test_a_row_says_what_the_report_says_in_words_too():
    item = an_item(Reason.MAILBOX_FULL, days_ago=2)

    (row,) = table(item)

    assert (row["status"], row["kind"]) == ("bounced", "soft")
    assert row["explanation"] == explanation(item.classification, item.channel) == "The recipient's mailbox is full."
    assert row["remedy"] == remedy(item.classification, item.channel)
    assert (row["title"], row["customer_name"], row["recipient"]) == ("Rent reminder", "Ada Byron", item.recipient)
    assert (row["state"], row["attempts"], row["ready_to_resend"]) == ("open", "1", "false")


def test_address_reason_and_time_are_those_of_the_last_failed_attempt():
    item = resent(an_item(Reason.ADDRESS_NOT_FOUND, recipient="ada@gmial.com"), to="ada@example.com")
    item = reported(item, Outcome.FAILED, reason=Reason.MAILBOX_FULL)

    (row,) = table(item)

    assert (row["recipient"], row["reason"]) == ("ada@example.com", "mailbox_full")
    assert row["failed_at"] == "2026-11-23T18:00:00+00:00"


def test_states_are_those_of_the_moment():
    running = resent(an_item(), at=NOW)
    arrived = reported(running, Outcome.DELIVERED)

    assert [row["state"] for row in table(running, arrived, an_item(days_ago=31))] == [
        "resending",
        "resolved",
        "expired",
    ]


def test_times_are_of_the_accounts_zone_with_their_offset_in_summer_and_winter():
    rows = table(an_item(sent_at=NOW.replace(month=7)), an_item(sent_at=NOW), zone="Europe/Berlin", now=NOW)

    assert [row["sent_at"] for row in rows] == ["2026-07-23T20:00:00+02:00", "2026-11-23T19:00:00+01:00"]
    assert rows[1]["failed_at"] == "2026-11-23T19:01:00+01:00"


@pytest.mark.parametrize(
    "title",
    [
        '=HYPERLINK("http://evil.test","Click")',
        "+1+1",
        "-2+3",
        "@SUM(A1:A9)",
        "\t=1+1",
        "\r=1+1",
        "\n=1+1",
        "  =1+1",
        "\u00a0@A1",
        "＝1+1",  # noqa: RUF001
    ],
)
def test_nothing_that_looks_like_a_formula_begins_a_cell(title):
    item = an_item(title=title, customer_name=title, customer_id=title, recipient=title, notification_id=title)

    (row,) = table(item)

    for column in ("title", "customer_name", "customer_id", "recipient", "notification_id"):
        assert row[column] == f"'{title}", column


def test_a_telephone_number_keeps_its_plus():
    (row,) = table(an_item(channel=Channel.SMS, reason=Reason.UNREACHABLE, recipient="+4915112345678"))

    assert row["recipient"] == "'+4915112345678"
    assert row["explanation"] == "The phone was off or out of coverage."


@pytest.mark.parametrize(
    "title",
    ['"quoted", and, more', "two\nlines", "two\r\nlines", "مرحبا بالعالم", "שלום, עולם", "🏠 Miete", "", "a=b", "'t"],
)
def test_whatever_stands_in_a_title_comes_back_the_same(title):
    (row,) = table(an_item(title=title))

    assert row["title"] == title


def test_text_cut_in_the_middle_of_a_character_does_not_break_the_file_off():
    (row,) = table(an_item(title="\ud83c Miete"))

    assert row["title"] == "? Miete"


def test_a_failure_without_a_kind_leaves_its_cell_empty():
    (row,) = table(an_item(Reason.ADDRESS_NOT_FOUND))

    assert (row["status"], row["kind"]) == ("invalid", "")


@pytest.mark.parametrize("title", ["\ta", "\r", "\n"])
def test_nothing_that_starts_with_a_control_character_begins_a_cell(title):
    assert report_csv.safe(title) == f"'{title}"


def test_explanations_and_remedies_are_in_the_language_of_the_account():
    (row,) = table(an_item(Reason.MAILBOX_FULL), locale=Language.FRENCH)

    assert row["explanation"] == "La boîte de réception du destinataire est pleine."
    assert row["remedy"].startswith("Renvoyez le message dans quelques jours")
