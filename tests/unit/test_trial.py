"""What a trial makes of its steps, and what the report says of them."""

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from infrastructure.doctor.checks import StackSnapshot, ok, warning, wrong
from infrastructure.local.scenario import ScenarioError, Step
from infrastructure.paths import ROOT
from infrastructure.trial import steps as module
from infrastructure.trial.report import markdown_report
from infrastructure.trial.steps import Part, TrialStatus, run_trial

NOON = datetime(2026, 11, 29, 12, tzinfo=UTC)


def differ(_scenario):
    raise ScenarioError("the count is 3 | not 2")


GOOD = Step("good", "It works", lambda _: "it did")
BAD = Step("bad", "The count is 2", differ)


class Deployed:
    """A stage whose checks and steps a test names."""

    def __init__(self, monkeypatch, *, local=False):
        parameters = {"LocalEndpoint": "http://127.0.0.1:4566"} if local else {}
        self._patch = monkeypatch
        snapshot = StackSnapshot("undelivered-live", None, "UPDATE_COMPLETE", parameters, {}, {})
        monkeypatch.setattr(module, "take_snapshot", lambda _: snapshot)
        monkeypatch.setattr(module, "trial_scenario", lambda *_: _Context())

    def run(self, *parts, checks=None, agree=lambda _: True):
        self._patch.setattr(module, "PARTS", parts)
        results = list(run_trial(SimpleNamespace(name="undelivered-live"), checks or {}, agree))
        return [(each.step, each.status, each.found) for each in results], results


class _Context:
    def __enter__(self):
        return None

    def __exit__(self, *_):
        return None


@pytest.fixture
def stage(monkeypatch):
    return Deployed(monkeypatch)


def test_after_a_step_that_differs_those_that_build_on_it_do_not_run_and_other_parts_do(stage):
    found, _ = stage.run(Part("?", (GOOD, BAD, GOOD)), Part("?", (GOOD,)))

    assert [status for _, status, _ in found] == [
        TrialStatus.AS_EXPECTED,
        TrialStatus.DIFFERS,
        TrialStatus.NOT_RUN,
        TrialStatus.AS_EXPECTED,
    ]
    assert found[1] == ("bad", TrialStatus.DIFFERS, "the count is 3 | not 2")


def test_nothing_that_costs_is_done_without_consent(stage):
    asked = []

    found, _ = stage.run(Part("Send emails?", (GOOD,)), Part("Send texts?", (BAD,)), agree=asked.append)

    assert asked == ["Send emails?", "Send texts?"]
    assert found == [("good", TrialStatus.NOT_RUN, "you declined"), ("bad", TrialStatus.NOT_RUN, "you declined")]


@pytest.mark.parametrize(
    ("check", "findings", "local", "status"),
    [
        ("tables", [ok("fine"), ok("fine")], False, TrialStatus.AS_EXPECTED),
        ("tables", [ok("fine"), warning("hm", "Wait.")], False, TrialStatus.AS_EXPECTED),
        ("tables", [ok("fine"), wrong("off", "Turn it on.")], False, TrialStatus.DIFFERS),
        ("tables", [wrong("off", "Turn it on.")], True, TrialStatus.DIFFERS),
        ("SES production access", [wrong("sandbox", "Leave it.")], False, TrialStatus.AS_EXPECTED),
        ("SES identity", [wrong("no DKIM", "Publish.")], True, TrialStatus.NOT_SHOWN),
        ("SES identity", [wrong("no DKIM", "Publish.")], False, TrialStatus.DIFFERS),
    ],
)
def test_what_the_doctor_finds_is_judged_for_a_first_day_and_for_the_emulator(
    monkeypatch, check, findings, local, status
):
    ((step, found, text),), _ = Deployed(monkeypatch, local=local).run(checks={check: lambda _: iter(findings)})

    assert (step, found) == (f"doctor: {check}", status)
    assert all(what in text for kind, what, _ in findings if kind != "ok")


@pytest.mark.parametrize("local", [True, False])
def test_the_report_has_a_row_for_each_step_and_says_where_it_was_made(stage, local):
    _, results = stage.run(Part("?", (GOOD, BAD, GOOD)))

    report = markdown_report("undelivered-live", results, NOON, is_local=local)

    assert "2026-11-29 12:00 UTC: 1 as expected, 1 differs, 1 not run." in report
    assert "| bad | differs | The count is 2 | the count is 3 \\| not 2 | 0.0 |" in report
    assert ("Only a run in an AWS account" in report) is local


def test_the_page_has_every_step_in_order_with_what_is_expected():
    page = (ROOT / "infrastructure" / "docs" / "aws-trial.md").read_text()
    rows = [f"| `{step.name}` | {step.title} |" for part in module.PARTS for step in part.steps]

    places = [page.find(row) for row in rows]

    assert -1 not in places, rows[places.index(-1)]
    assert places == sorted(places)
