"""No pattern of the package needs more than linear time, whatever the text. The wordings have a test of their own."""

import importlib
import pkgutil
import re
import time

import pytest

import undelivered
from undelivered.adapters.aws import send_refusals
from undelivered.observability import redacted

LENGTHS = (500, 8_000)
SECONDS = 0.15
"""The maximum CPU time for a text. The slowest linear pattern needs a fifth of it, a quadratic one several times it."""

PIECES = (
    *" a0@.-<>+:;,'\"=/_&#%([{\\\t\n4é\u4e2d",
    *("a@", "a.", "0.", "a.a-", "a@a.", "1.1.", "5.1.", "550-", "\r\n", "a ", "a,", "<a", "&#", "%4", "%40"),
    *("mail ", "recipient ", "sender ", "your a ", "for more information "),
)
TAILS = ("", "!")


def compiled_patterns():
    for module in pkgutil.walk_packages(undelivered.__path__, "undelivered."):
        for name, value in vars(importlib.import_module(module.name)).items():
            for place, pattern in enumerate(patterns_in(value)):
                yield pytest.param(pattern, id=f"{module.name.removeprefix('undelivered.')}.{name}-{place}")
    for reason, pattern in send_refusals.wordings().items():
        yield pytest.param(pattern, id=f"refusal-{reason}")


def patterns_in(value):
    """Yield a pattern, or the patterns in a collection."""
    if isinstance(value, re.Pattern):
        yield value
    elif isinstance(value, dict):
        yield from patterns_in(tuple(value.values()))
    elif isinstance(value, tuple | list | frozenset):
        for each in value:
            yield from patterns_in(each)


def all_matches(pattern):
    def find(text):
        pattern.search(text)
        pattern.fullmatch(text)
        list(pattern.finditer(text))

    return find


def slow_text(function):
    """Return the first text, shortest first, for which a function needs too much CPU time; None if there is none."""
    for length in LENGTHS:
        for piece in PIECES:
            for tail in TAILS:
                text = (piece * length)[:length] + tail
                started = time.thread_time()
                function(text)
                if time.thread_time() - started > SECONDS:
                    return length, piece, tail
    return None


@pytest.mark.slow
@pytest.mark.parametrize("pattern", list(compiled_patterns()))
def test_the_time_of_a_pattern_grows_with_the_length_of_the_text_alone(pattern):
    assert slow_text(all_matches(pattern)) is None


@pytest.mark.slow
def test_the_time_of_redaction_grows_with_the_length_of_the_text_alone():
    assert slow_text(redacted) is None


def test_a_slow_pattern_would_be_found():
    assert slow_text(re.compile(r"[^\s@]+@[^\s@]+").search) is not None
