"""The rules of tests/conftest.py hold: unit tests open no sockets, runs name what they skip, CI skips nothing."""

import socket
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

CONFTEST = Path(__file__).parents[1] / "conftest.py"
SKIPPING = """
import pytest


def test_with_a_browser():
    pytest.skip("there is no browser")
"""


@pytest.fixture
def run(pytester, monkeypatch):
    def run_tests(*, in_ci):
        monkeypatch.setenv("CI", "true" if in_ci else "")
        pytester.makeconftest(CONFTEST.read_text())
        pytester.makepyfile(SKIPPING)
        return pytester.runpytest_subprocess("-p", "no:cacheprovider")

    return run_tests


def test_a_unit_test_opens_no_socket():
    with pytest.raises(UserWarning, match="tried to use socket"):
        socket.create_connection(("127.0.0.1", 9))


def test_a_run_says_what_it_skipped_and_why(run):
    result = run(in_ci=False)

    assert result.ret == 0
    result.stdout.fnmatch_lines(["*skipped on this machine*", "1 test: there is no browser"])


def test_a_skipped_test_fails_in_ci(run):
    result = run(in_ci=True)

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*CI runs every test, and this one was skipped: there is no browser*"])
