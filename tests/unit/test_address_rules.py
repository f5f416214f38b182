"""The rules by which addresses are read, compared and corrected, at their limits."""

import pytest

from undelivered.domain.address import bare_email, normalise_email, normalise_phone
from undelivered.domain.address_suggestions import suggest_address

IDEOGRAPHIC_FULL_STOP = "a。b".encode("punycode").decode()  # a dot to IDNA, which no label can contain


@pytest.mark.parametrize(
    ("text", "bare"),
    [
        ("Ann@Example.org", "Ann@Example.org"),
        (" rfc822; Ann@Example.org ", "Ann@Example.org"),
        ("RFC822;ann@example.org", "ann@example.org"),
        ("Ann <ann@example.org>", "ann@example.org"),
        ("<ann@example.org>", "ann@example.org"),
        ("ann@example.org (Ann)", "ann@example.org"),
        ('"Ann B" <ann@example.org>', "ann@example.org"),
        ('"ann"@example.org', "ann@example.org"),
        (r'"a\nn"@example.org', "ann@example.org"),
        (r'"a\\b"@example.org', r'"a\\b"@example.org'),
        ("Xann@example.orX", "Xann@example.orX"),
        ('"ann b"@example.org', '"ann b"@example.org'),
        ('"ann@home"@example.org', '"ann@home"@example.org'),
        ("ann..b@example.org", "ann..b@example.org"),
        ("ann@example.org>", "ann@example.org"),
        (f"{'a' * 308}@example.org", f"{'a' * 308}@example.org"),
        (f"{'a' * 309}@example.org", None),
        (f"{' ' * 1_985}ann@example.org", "ann@example.org"),
        (f"{' ' * 1_986}ann@example.org", None),
        ("ann", None),
        ("@example.org", None),
        ("ann@", None),
        ("a b@example.org", None),
        ("ann@exam ple.org", None),
        ("a\x00@example.org", None),
        ('a"b@example.org', None),
    ],
)
def test_the_address_in_a_text_is_read_without_what_surrounds_it(text, bare):
    assert bare_email(text) == bare


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("Ann@Example.org", "ann@example.org"),
        ("ann@XN--BCHER-KVA.example", "ann@bücher.example"),
        ("ann@shop.xn--bcher-kva.example.", "ann@shop.bücher.example"),
        ("ANN@BÜCHER.EXAMPLE", "ann@bücher.example"),
        ("ann@bu\u0308cher.example", "ann@bücher.example"),
        ("A\u030ann@example.org", "ånn@example.org"),
        ("ann@example。org", "ann@example.org"),
        ("ann@.example.org.", "ann@example.org"),
        ("ann@xn--example-.org", "ann@xn--example-.org"),
        ("ann@xn--maana-pta.example", "ann@mañana.example"),
        ("ann@xn--Maana-pta.example", "ann@mañana.example"),
        ("ann@xn--a-0hc.example", "ann@a\u05d0.example"),
        ('"a@b"@xn--bcher-kva.example', '"a@b"@bücher.example'),
        (f"ann@xn--{IDEOGRAPHIC_FULL_STOP}.example", f"ann@xn--{IDEOGRAPHIC_FULL_STOP}.example"),
        ("ann@...", None),
        ("ann", None),
    ],
)
def test_an_address_has_one_normal_form(text, normal):
    assert normalise_email(text) == normal


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("+1 206-555.0100", "+12065550100"),
        ("+1234567", "+1234567"),
        ("+123456", None),
        ("+123456789012345", "+123456789012345"),
        ("+1234567890123456", None),
        ("+0123456789", None),
        (f"{' ' * 1_988}+12065550100", "+12065550100"),
        (f"{' ' * 1_993}+12065550100", None),
    ],
)
def test_a_number_has_seven_to_fifteen_digits(text, number):
    assert normalise_phone(text) == number


@pytest.mark.parametrize(
    ("address", "suggestion"),
    [
        # One typo: a letter too many, too few, another, or two swapped.
        ("ada@gmaill.com", "ada@gmail.com"),
        ("ada@gmal.com", "ada@gmail.com"),
        ("ada@gmaik.com", "ada@gmail.com"),
        ("ada@gamil.com", "ada@gmail.com"),
        ("ada@hotmali.com", "ada@hotmail.com"),
        ("ada@gmail.cmo", "ada@gmail.com"),
        # Two typos, in names of eight letters or more only.
        ("ada@gmaiill.com", "ada@gmail.com"),
        ("ada@gnaul.com", "ada@gmail.com"),
        ("ada@gnauk.com", ""),
        ("ada@wb.d", ""),
        ("ada@wenn.de", ""),
        ("ada@we.de", "ada@web.de"),
        ("ada@posteo.d", "ada@posteo.de"),
        ("ada@psoteo.d", "ada@posteo.de"),
        # As near to two known domains as to one.
        ("ada@gmx.dt", ""),
        ("ada@mgail.com", ""),
        # The ending of an unknown name.
        ("ada@storage-company.cmo", "ada@storage-company.com"),
        ("ada@storage-company.nett", "ada@storage-company.net"),
        ("ada@storage.company.ogr", "ada@storage.company.org"),
        ("ada@con", ""),
        # Stray dots and commas.
        ("ada@gmail,com", "ada@gmail.com"),
        ("ada@gmail..com", "ada@gmail.com"),
        (" ada@gmail.com. ", "ada@gmail.com"),
        ("Ada@GMIAL.COM", "Ada@gmail.com"),
        ("ada@GMAIL.COM", ""),
        ('"ada@home"@gmial.com', '"ada@home"@gmail.com'),
        # No address.
        ("gmial.com", ""),
        ("@gmial.com", ""),
        ("ada@", ""),
    ],
)
def test_a_domain_is_corrected_when_one_known_domain_is_near(address, suggestion):
    assert suggest_address(address) == suggestion
