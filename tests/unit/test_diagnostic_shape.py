"""The shape of a diagnostic: the same for everybody, and naming nobody."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from undelivered.domain.diagnostic_shape import SHAPE_LENGTH, diagnostic_shape, shape_id

NAMES = ("ada@example.com", "<ada@example.com>", "'ada'", '"ada"', "`x'", "“a”", "<host>", "<", ">", "@", "ada.byron")
NUMBERS = ("550-5.7.1", "7.7.7", "12345678", "٣٤٥٦٧", "²", "10.0.0.1", "::1:", "2a00:1450:4001::1a", "mx-1.example.com")
WORDS = ("https://example.com/?a=1", "(4XyZ12)", "a" * 35, ".", "-", "受信拒否", "İ", "mailbox", "no;", "\ud800", "\n")
PIECES = st.sampled_from([*NAMES, *NUMBERS, *WORDS])
TEXTS = st.one_of(st.text(), st.lists(PIECES).map(" ".join), st.lists(st.one_of(PIECES, st.text())).map("".join))


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("smtp; 550 5.7.0 Local policy 4711", "smtp 550 5.7.0 local policy <number>"),
        ("550-5.7.1 Nope for <ada@example.com>\r\n550 5.7.1 [10.2.3.4]", "550 5.7.1 nope for <address> 550 5.7.1 <ip>"),
        ("554 odd state at mx-1.example.com, id=4XyZ12.", "554 odd state at <host> id <id>"),
        ("451 see https://example.com/a?b=1 or www.example.com", "451 see <url> or <url>"),
        ("450 from 2a00:1450:4001::1a (ada.byron)", "450 from <ip> <host>"),
        ("Mailbox 'ada' and \"byron\" said `no'", "mailbox <text> and <text> said <text>"),
        ("it didn't work at 12:30", "it didn t work at <number>"),
        ("ada@example.com, bob@example.com: odd", "<address> odd"),
        ("  ...  ", ""),
    ],
)
def test_only_the_wording_is_left(text, shape):
    assert diagnostic_shape(text) == shape


def test_the_recipients_local_part_is_replaced_where_it_stands_alone():
    assert diagnostic_shape("550 odd: Byron is byrons", "byron@example.com") == "550 odd <address> is byrons"
    assert diagnostic_shape("550 a is odd", "a@example.com") == "550 a is odd"


def test_a_shape_ends_with_the_last_word_that_fits_whole():
    words = " ".join(["word"] * 39)

    assert len(f"{words} fives") == SHAPE_LENGTH
    assert diagnostic_shape(f"{words} fives and more") == f"{words} fives"
    assert diagnostic_shape(f"{words} sixsix") == words


@pytest.mark.parametrize(("letters", "shown"), [(30, "a" * 30), (31, "<id>")])
def test_a_word_of_more_than_thirty_latin_letters_is_an_id(letters, shown):
    assert diagnostic_shape(f"550 {'a' * letters}") == f"550 {shown}"


def test_diagnostics_of_one_wording_have_one_shape_and_one_id():
    shapes = {
        diagnostic_shape(f"550 5.0.0 odd <{name}@example.com> (queue-{name}{n})") for name, n in [("a", 1), ("b", 22)]
    }

    assert len(shapes) == 1
    assert re.fullmatch(r"[A-Za-z0-9_-]{12}", shape_id(shapes.pop()))
    assert shape_id("one") != shape_id("another")


@given(TEXTS)
def test_a_shape_holds_nothing_that_names_anybody(text):
    shape = diagnostic_shape(text)

    assert "@" not in shape
    assert "://" not in shape
    assert not re.search(r"\d{4}", shape)
    assert len(shape) <= SHAPE_LENGTH
    assert " ".join(shape.split()) == shape


@given(TEXTS, st.sampled_from(["", "ada@example.com", "mailbox@example.com", "+491711234567"]))
def test_the_shape_of_a_shape_is_itself(text, recipient):
    shape = diagnostic_shape(text, recipient)

    assert diagnostic_shape(shape, recipient) == shape
    assert shape_id(shape)


@pytest.mark.parametrize("piece", ["<", '"', "'a", "`", "a", "a@", "0:", "4.", "-", "1", "“", "<a", ":"])
def test_the_time_grows_with_the_length_alone(piece):
    def seconds(length):
        text = (piece * length)[:length]
        started = time.thread_time()
        diagnostic_shape(text)
        return time.thread_time() - started

    seconds(1_000)
    assert seconds(200_000) < 2
