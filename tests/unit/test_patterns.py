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
"""The CPU time from which a text is looked at more closely. The slowest linear pattern needs a fifth of it."""

SHARE = 4
"""How much shorter the text is that a long text is compared with."""

GROWTH = SHARE**1.5
"""How much more CPU time the long text may need: linear patterns need four times as much, quadratic ones sixteen."""

RUNS = 5
"""Of how many runs the shortest counts: whatever else the machine does only makes a run longer."""

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


def cpu_seconds(function, text):
    started = time.thread_time()
    function(text)
    return time.thread_time() - started


def grows_too_fast(function, text_of, length):
    """Whether the least CPU time for a text grows faster than its length."""
    short, long = (min(cpu_seconds(function, text_of(size)) for _ in range(RUNS)) for size in (length // SHARE, length))
    return long > SECONDS and long > GROWTH * short


def slow_text(function):
    """Return the first text, shortest first, for which a function needs too much CPU time; None if there is none."""
    for length in LENGTHS:
        for piece in PIECES:
            for tail in TAILS:

                def text_of(size, piece=piece, tail=tail):
                    return (piece * size)[:size] + tail

                if cpu_seconds(function, text_of(length)) > SECONDS and grows_too_fast(function, text_of, length):
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


def spin(seconds):
    started = time.thread_time()
    while time.thread_time() - started < seconds:
        pass


def test_a_single_slow_run_is_not_taken_for_a_slow_pattern():
    runs = []

    def disturbed_once(_text):
        runs.append(1)
        spin(2 * SECONDS if len(runs) == 1 else 0)

    assert slow_text(disturbed_once) is None


def test_a_slow_machine_is_not_taken_for_a_slow_pattern(monkeypatch):
    monkeypatch.setitem(globals(), "PIECES", ("a",))

    assert slow_text(lambda text: spin(len(text) / LENGTHS[-1] * 2 * SECONDS)) is None
