"""One spelling for each mailbox and number."""

import pytest

from undelivered.domain.address import bare_email, normalise_address, normalise_email, normalise_phone
from undelivered.domain.taxonomy import Channel


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ann@example.org", "Ann.B <ANN@EXAMPLE.ORG>"),
        ("ann@bücher.example", "ann@XN--BCHER-KVA.example"),
        ("ann@bücher.example", "ann@bücher.example"),
        ("ann@example.org", "ann@example.org."),
        ("ann@example.org", "ann@example。org"),
        ("ann.b@example.org", '"ann.b"@example.org'),
        ("ann@example.org", "ann@example.org (Ann)"),
        ("änn@example.org", "ÄNN@example.org"),
    ],
)
def test_two_spellings_of_a_mailbox_are_one(one, other):
    assert normalise_email(one) == normalise_email(other) is not None


@pytest.mark.parametrize(
    ("one", "other"),
    [("ann@example.org", "ann+x@example.org"), ("ann@example.org", "an.n@example.org"), ("a@x.org", "a@y.org")],
)
def test_what_may_be_two_mailboxes_is_two(one, other):
    assert normalise_email(one) != normalise_email(other)


@pytest.mark.parametrize(
    "text", ["ann@xn--a.example", "ann@xn--.example", "ann@xn--\u00fc.example", "ann@xn--99999999.example"]
)
def test_a_broken_punycode_label_stays_as_it_is(text):
    assert normalise_email(text) == text


@pytest.mark.parametrize(
    "text",
    [
        *("", "ann", "@", "ann@", "@example.org", "a b@example.org", "a@b@example.org", "a@exa mple.org"),
        *("a,b@example.org", "ann@example.org, bob@example.org", "ann\u202e@example.org", "a\x00@example.org"),
        *("\udcff@example.org", f"{'a' * 400}@example.org", "x" * 100_000, "ann@", "ann@.", "ann@/"),
    ],
)
def test_what_is_no_address_is_none(text):
    assert normalise_email(text) is None


def test_the_bare_address_keeps_its_spelling():
    assert bare_email("Ann <Ann@XN--bcher-kva.Example>") == "Ann@XN--bcher-kva.Example"


@pytest.mark.parametrize(
    ("text", "bare"),
    [
        (r'"ann\.b"@example.org', "ann.b@example.org"),
        (r'"\a\n\n"@example.org', "ann@example.org"),
        ('rfc822; "ann.b"@example.org', "ann.b@example.org"),
        # quotes that a local part needs stay, with their escapes
        ('"ann b"@example.org', '"ann b"@example.org'),
        (r'"a\"b"@example.org', r'"a\"b"@example.org'),
        (r'"a\\b"@example.org', r'"a\\b"@example.org'),
        ('"ann@home"@example.org', '"ann@home"@example.org'),
        ('""@example.org', '""@example.org'),
    ],
)
def test_quotes_and_escapes_go_where_they_change_nothing(text, bare):
    assert bare_email(text) == bare


@pytest.mark.parametrize(
    "text", ["+49 (151) 8765-4321", "\u202a+49 151 87654321\u202c", "+49.151.8765.4321", "+4915187654321"]
)
def test_a_number_is_read_however_it_is_grouped(text):
    assert normalise_phone(text) == "+4915187654321"


@pytest.mark.parametrize(
    "text", ["", "0151 87654321", "+0151", "+1XXX5550100", "+123456", "+1234567890123456", "+49a1518765"]
)
def test_what_is_no_international_number_is_none(text):
    assert normalise_phone(text) is None


@pytest.mark.parametrize(
    ("channel", "text", "stored"),
    [
        (Channel.EMAIL, "Ada <Ada@Example.com>", "ada@example.com"),
        (Channel.EMAIL, "no address", "no address"),
        (Channel.SMS, "+49 (151) 8765-4321", "+4915187654321"),
        (Channel.SMS, "No Number", "No Number"),
    ],
)
def test_an_address_is_stored_in_the_form_of_its_channel(channel, text, stored):
    assert normalise_address(channel, text) == stored
