"""What the import reads in files: encodings, delimiters, columns, and the exports of other email services."""

from datetime import UTC, datetime

import pytest

from infrastructure.errors import ToolError
from infrastructure.importing.customers import FIELDS, customer_columns, customer_rows
from infrastructure.importing.suppressions import (
    find_format,
    readable_time,
    reason_of_file,
    ses_entries,
    ses_rows,
    suppression_rows,
)
from infrastructure.importing.table_file import read_table

NOW = datetime(2026, 11, 29, 8, 0, tzinfo=UTC)


@pytest.fixture
def table_of(tmp_path):
    def write(content, name="customers.csv", **options):
        file = tmp_path / name
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read_table(file, **options)

    return write


@pytest.mark.parametrize(
    ("encoding", "named"),
    [("utf-8", "utf-8"), ("utf-8-sig", "utf-8-sig"), ("cp1252", "cp1252"), ("utf-16", "utf-16")],
)
def test_names_with_accents_are_read_in_any_common_encoding(table_of, encoding, named):
    table = table_of("id;name\n1;José Müller\n".encode(encoding))

    assert (table.encoding, table.rows[0].values) == (named, ("1", "José Müller"))


def test_an_encoding_can_be_given(table_of):
    assert table_of("id;name\n1;Łukasz\n".encode("cp1250"), encoding="cp1250").rows[0].values[1] == "Łukasz"
    for wrong in ("no-such-encoding", "ascii"):
        with pytest.raises(ToolError, match="--encoding"):
            table_of("id;name\n1;Łukasz\n", encoding=wrong)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found_though_names_contain_commas(table_of, delimiter):
    table = table_of(f'id{delimiter}name\n1{delimiter}"Byron, Ada; Countess"\n2{delimiter}Grace\n')

    assert (table.delimiter, table.rows[0].values) == (delimiter, ("1", "Byron, Ada; Countess"))


def test_rows_keep_the_line_on_which_they_start(table_of):
    table = table_of('id,name\n1,"two\nlines"\n\n2,Ada\n')

    assert [row.line for row in table.rows] == [2, 5]


def test_short_rows_are_filled_and_an_empty_file_is_refused(table_of):
    assert table_of("id,name,email\n1,Ada\n").rows[0].values == ("1", "Ada", "")
    with pytest.raises(ToolError, match="is empty"):
        table_of("\n\n")


@pytest.mark.parametrize(
    ("header", "values", "customer"),
    [
        ("Customer ID,First name,Last Name,E-mail,Mobile", "7,Ada,Byron,a@b.de,+49 170 1", ("7", "Ada Byron")),
        ("Nº;Kundennummer;Name;E-Mail-Adresse;Telefon", "1;7;Ada Byron;a@b.de;+49 170 1", ("7", "Ada Byron")),
        ("Nº de cliente;Nombre;Apellidos;Correo electrónico;Móvil", "7;Ada;Byron;a@b.de;+49 170 1", ("7", "Ada Byron")),
        ("id,nombre,correo,telefono", "7,Ada Byron,a@b.de,+49 170 1", ("7", "Ada Byron")),
        ("id,name,contact 1,contact 2", "7,Ada Byron,a@b.de,+49 170 12345", ("7", "Ada Byron")),
    ],
    ids=["English", "German", "Spanish", "one name", "by content"],
)  # fmt: skip
def test_columns_are_guessed_from_their_names_and_values(table_of, header, values, customer):
    table = table_of(f"{header}\n{values}\n")

    (row,) = customer_rows(table, customer_columns(table, []))

    assert (row.body["customer_id"], row.body["name"], row.body["email"]) == (*customer, "a@b.de")
    assert row.body["phone"].startswith("+49 170 1")


def test_a_postal_address_is_not_taken_for_an_email_address(table_of):
    table = table_of("id,name,address\n1,Ada,12 St James's Square\n")

    assert customer_columns(table, []) == {"customer_id": 0, "name": 1}


def test_a_column_can_be_named_and_wrong_names_are_refused(table_of):
    table = table_of("code,who\n7,Ada\n")

    assert customer_columns(table, ["customer_id=code", "name=who"]) == {"customer_id": 0, "name": 1}
    with pytest.raises(ToolError, match="no column 'what'"):
        customer_columns(table, ["customer_id=what"])
    with pytest.raises(ToolError, match=f"not one of {', '.join(FIELDS)}"):
        customer_columns(table, ["mail=code"])
    with pytest.raises(ToolError, match="--column customer_id=NAME"):
        customer_columns(table, [])


def test_a_file_without_header_has_numbered_columns(table_of):
    table = table_of("7,Ada,ada@example.com\n8,Bo,bo@example.com\n")

    columns = customer_columns(table, ["customer_id=1", "name=2"])

    assert (columns["email"], len(table.rows)) == (2, 2)


def test_an_id_that_is_repeated_is_refused_with_the_line_of_the_first(table_of):
    table = table_of("id,name\n1,Ada\n2,Bo\n1,Cy\n")

    rows = customer_rows(table, customer_columns(table, []))

    assert [row.error for row in rows] == ["", "", "customer_id: is also in line 2"]


class TestSuppressions:
    def imported(self, table, tmp_path, name="list.csv", reason=None, given=()):
        found = find_format(table, list(given))
        kept = reason or reason_of_file(found, tmp_path / name, table)
        return [row.error or dict(row.body) for row in suppression_rows(table, found, kept, NOW)]

    def test_bounces_of_sendgrid_keep_the_reply_and_the_time(self, table_of, tmp_path):
        table = table_of("email,reason,status,created\nada@example.com,550 5.1.1 no such user,5.1.1,1614834367\n")

        assert self.imported(table, tmp_path) == [
            {
                "channel": "email",
                "address": "ada@example.com",
                "reason": "bounce",
                "since": "2021-03-04T05:06:07Z",
                "why": "imported from SendGrid on 2026-11-29: 5.1.1 550 5.1.1 no such user",
            }
        ]

    @pytest.mark.parametrize(
        ("name", "reason"),
        [
            ("suppression_spam_reports.csv", "complaint"),
            ("suppression_unsubscribes.csv", "unsubscribed"),
            ("suppression_invalid_emails.csv", "bounce"),
        ],
    )
    def test_the_name_of_the_file_says_the_reason_where_no_column_does(self, table_of, tmp_path, name, reason):
        table = table_of("email,created\nada@example.com,1614834367\n")

        assert self.imported(table, tmp_path, name)[0]["reason"] == reason

    def test_blocks_of_sendgrid_and_lists_without_reason_are_refused(self, table_of, tmp_path):
        table = table_of("email,created\nada@example.com,1614834367\n")

        with pytest.raises(ToolError, match="refusals of single messages"):
            self.imported(table, tmp_path, "suppression_blocks.csv")
        with pytest.raises(ToolError, match="Use --reason"):
            self.imported(table, tmp_path)

    def test_postmark_says_reason_and_origin_in_each_row(self, table_of, tmp_path):
        table = table_of(
            "EmailAddress,SuppressionReason,Origin,CreatedAt\n"
            "a@example.com,HardBounce,Recipient,2019-12-17T08:58:33-05:00\n"
            "b@example.com,SpamComplaint,Recipient,2019-12-17T08:58:33-05:00\n"
            "c@example.com,ManualSuppression,Recipient,2019-12-17T08:58:33-05:00\n"
            "d@example.com,ManualSuppression,Customer,2019-12-17T08:58:33-05:00\n"
        )

        rows = self.imported(table, tmp_path)

        assert [row["reason"] for row in rows] == ["bounce", "complaint", "unsubscribed", "manual"]
        assert {row["since"] for row in rows} == {"2019-12-17T13:58:33Z"}
        assert rows[3]["why"] == "imported from Postmark on 2026-11-29: Customer"

    def test_bounces_of_mailgun_keep_code_and_error(self, table_of, tmp_path):
        table = table_of(
            'address,code,error,created_at\na@example.com,550,No such mailbox,"Fri, 18 Oct 2024 18:28:14 UTC"\n'
        )

        (row,) = self.imported(table, tmp_path)

        assert (row["reason"], row["since"]) == ("bounce", "2024-10-18T18:28:14Z")
        assert row["why"].endswith(": 550 No such mailbox")

    def test_mailgun_unsubscribes_of_one_tag_are_refused_because_others_are_still_wanted(self, table_of, tmp_path):
        table = table_of("address,tags,created_at\na@example.com,*,\nb@example.com,news,\n")

        everything, one_tag = self.imported(table, tmp_path, "mg-unsubscribes.csv")

        assert everything["reason"] == "unsubscribed"
        assert "news only" in one_tag

    def test_a_plain_list_has_addresses_and_numbers(self, table_of, tmp_path):
        table = table_of("ada@example.com\n+34912345678\n")

        rows = self.imported(table, tmp_path, name="bounces.txt")

        assert [(row["channel"], row["address"]) for row in rows] == [
            ("email", "ada@example.com"),
            ("sms", "+34912345678"),
        ]

    def test_an_unknown_reason_is_refused(self, table_of, tmp_path):
        table = table_of("email,reason\nada@example.com,boredom\nbo@example.com,hard bounce\n")

        refused, kept = self.imported(table, tmp_path)

        assert (refused, kept["reason"]) == ("reason: 'boredom' is not a known reason", "bounce")

    def test_the_list_of_ses_is_read_to_its_end_with_reasons_and_dates(self):
        class Ses:
            def list_suppressed_destinations(self, **asked):
                number = int(asked.get("NextToken", 1))
                entry = {
                    "EmailAddress": f"Ada{number}@Example.com",
                    "Reason": "COMPLAINT",
                    "LastUpdateTime": datetime(2021, 3, 4, tzinfo=UTC),
                }
                more = {"NextToken": str(number + 1)} if number < 3 else {}
                return {"SuppressedDestinationSummaries": [entry], **more}

        rows = ses_rows(list(ses_entries(Ses())), NOW)

        assert [row.body["address"] for row in rows] == ["Ada1@Example.com", "Ada2@Example.com", "Ada3@Example.com"]
        assert {(row.body["reason"], row.body["since"]) for row in rows} == {("complaint", "2021-03-04T00:00:00Z")}
        assert rows[0].body["why"] == "imported from SES's account-level suppression list on 2026-11-29"


@pytest.mark.parametrize(
    ("text", "since"),
    [
        ("1614834367", "2021-03-04T05:06:07Z"),
        ("1614834367000", "2021-03-04T05:06:07Z"),
        ("2021-03-04T05:06:07Z", "2021-03-04T05:06:07Z"),
        ("2021-03-04 05:06:07", "2021-03-04T05:06:07Z"),
        ("2021-03-04 05:06:07 UTC", "2021-03-04T05:06:07Z"),
        ("2021-03-04 05:06:07 +0100", "2021-03-04T04:06:07Z"),
        ("2021-03-04", "2021-03-04T00:00:00Z"),
        ("Thu, 04 Mar 2021 05:06:07 GMT", "2021-03-04T05:06:07Z"),
        ("Mon, 01 Jan 0001 00:00:00 UTC", ""),
        ("", ""),
        ("yesterday", "yesterday"),
        ("9" * 30, "9" * 30),
    ],
)
def test_times_are_read_in_the_forms_of_the_exports(text, since):
    assert readable_time(text) == since
