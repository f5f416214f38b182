"""The threat model names tests that exist, and somebody for every way in."""

import ast
import re

import pytest

from infrastructure.paths import ROOT
from tests.builders.docs import sections

MODEL = sections(ROOT / "infrastructure" / "docs" / "security.md")["threat-model"]
ROWS = [[cell.strip() for cell in line.strip("|").split("|")] for line in MODEL.splitlines() if line.startswith("|")][
    2:
]


def names_of(file):
    """Return the tests of a file, those of a class with its name in front."""
    for node in ast.parse(file.read_text()).body:
        if isinstance(node, ast.FunctionDef):
            yield node.name
        elif isinstance(node, ast.ClassDef):
            yield from (f"{node.name}::{each.name}" for each in node.body if isinstance(each, ast.FunctionDef))


@pytest.mark.parametrize("row", ROWS, ids=[row[-1].strip("`") for row in ROWS])
def test_every_row_says_what_may_be_tried_what_stops_it_and_which_test_shows_it(row):
    _who, attempt, defence, test = row
    file, _, name = re.fullmatch(r"`([^`]+)`", test)[1].partition("::")

    assert attempt
    assert defence
    assert name in set(names_of(ROOT / "tests" / file))


def test_the_model_has_everybody_who_may_attack():
    attackers = " ".join(row[0] for row in ROWS)

    for who in ("internet", "viewer", "manager", "host application", "another account", "receiving mail server"):
        assert who in attackers
    for who in ("message's content", "unsubscribe link", "AWS principal", "dependency"):
        assert who in attackers
