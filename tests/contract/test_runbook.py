"""Every alarm has its section in the runbook, and every section its alarm."""

import re

import pytest

from infrastructure.paths import ROOT
from tests.builders.docs import sections

RUNBOOK = ROOT / "infrastructure" / "docs" / "runbook.md"


@pytest.fixture
def template(built):
    return built.template


def of_kind(template, kind):
    return {name: each["Properties"] for name, each in template["Resources"].items() if each["Type"] == kind}


def test_every_alarm_has_its_section_and_every_section_its_alarm(template):
    alarms = of_kind(template, "AWS::CloudWatch::Alarm")
    meant = {name: alarm["AlarmDescription"].rpartition("#")[2] for name, alarm in alarms.items()}

    assert set(meant.values()) == set(sections(RUNBOOK))


@pytest.mark.parametrize("section", sections(RUNBOOK).values(), ids=sections(RUNBOOK))
def test_a_section_says_what_it_means_where_to_look_and_what_to_do(section):
    said = [section.find(f"**{word}**") for word in ("Means", "Look", "Do")]

    assert -1 not in said
    assert said == sorted(said)


def test_the_section_on_failing_functions_names_each(template):
    named = re.findall(r"^\| `(\w+)` \|", sections(RUNBOOK)["a-function-fails"], re.MULTILINE)

    assert sorted(named) == sorted(of_kind(template, "AWS::Serverless::Function"))
