"""The steps of a trial: the doctor's checks, the main scenario with SES's mailbox simulator, and texts.

Each step has its expected result. `infrastructure/docs/aws-trial.md` lists the steps in the same order.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from infrastructure.deployed_stack import DeployedStack
from infrastructure.doctor.checks import Check, CheckStatus, Finding, StackSnapshot, run_checks
from infrastructure.doctor.snapshot import take_snapshot
from infrastructure.local.scenario import STEPS, Scenario, Step, eventually, require, run_step
from infrastructure.trial.stack import trial_scenario

_TEXT_SECONDS: Final = 600
"""How long to wait for a text's delivery status. SNS logs it when the carrier reports it, usually within minutes."""

# AWS End User Messaging SMS User Guide, "Simulator phone numbers": destinations in the US.
_TEXT_SUCCEEDS: Final = "+14254147755"
_TEXT_FAILS: Final = "+14254147167"

_FIRST_DAY: Final = frozenset({"SES production access", "alarms"})
"""Checks of the doctor that a new account fails and that the trial does not need. SES's simulator also works in the
sandbox, and a person must confirm the subscription to alarms."""

_EMULATOR_LACKS: Final = frozenset({"SES identity", "texts: delivery status", "texts: sandbox", "texts: spending"})
"""Checks of the doctor that the local emulator cannot pass: it has no DKIM and no settings of texts."""


class TrialStatus(StrEnum):
    """Whether AWS did what was expected."""

    AS_EXPECTED = "as expected"
    DIFFERS = "differs"
    NOT_SHOWN = "not shown by the emulator"
    NOT_RUN = "not run"


@dataclass(frozen=True, slots=True)
class TrialResult:
    """The result of a step: what was expected, and what was found."""

    step: str
    expected: str
    found: str
    status: TrialStatus
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the trial that AWS may charge for, with the question to ask before it."""

    question: str
    steps: tuple[Step, ...]


def _drop(scenario: Scenario) -> str:
    scenario.send_notification("dan", "Rent reminder", email=scenario.address("bounce"))
    (item,) = eventually(lambda: scenario.report("dan"), "the notification does not show as dropped")
    require(item["status"] == "dropped", f"it shows as {item['status']}")
    return f"dropped ({item['reason']})"


def _automatic_reply(scenario: Scenario) -> str:
    scenario.send_notification("otto", "Invoice", email=scenario.address("ooto"))
    scenario.send_notification("lisa", "Invoice", email=scenario.address("suppressionlist"))
    (item,) = eventually(lambda: scenario.report("lisa"), "the suppressed address is not reported")
    require(scenario.report("otto") == [], "the automatic reply is on the report")
    return f"no item for the automatic reply, {item['status']} ({item['reason']}) for the suppressed address"


def _text_fails(scenario: Scenario) -> str:
    scenario.send_notification("tim", "Gate code", channel="sms", phone=_TEXT_SUCCEEDS)
    scenario.send_notification("tess", "Gate code", channel="sms", phone=_TEXT_FAILS)
    (item,) = eventually(
        lambda: scenario.report("tess"),
        "the failed text is not reported. Is the delivery status of texts on (`deploy --sms-logs`)?",
        _TEXT_SECONDS,
    )
    require(item["fault"] != "sender", f"the text was not sent: {item['reason']}. {item['remedy']}")
    return f"{item['status']} ({item['reason']})"


def _text_arrives(scenario: Scenario) -> str:
    require(scenario.report("tim") == [], "the text that arrived is on the report")
    return "not on the report"


_BY_NAME: Final = {step.name: step for step in STEPS}
_SHARED: Final = (
    "start_empty",
    "hand_over_three",
    "count_two",
    "report_both",
    "refuse_unchanged",
    "correct_address",
    "resend",
    "resolve",
)
"""The steps of the main scenario that need nothing but SES's own simulator."""

PARTS: Final = (
    Part(
        "Send 6 emails to SES's mailbox simulator? AWS bills them as other emails, together less than 0.01 USD.",
        (
            *(_BY_NAME[name] for name in _SHARED),
            Step("drop", "Another notification to the bounced address is dropped", _drop),
            Step(
                "automatic_reply",
                "An automatic reply creates no item, but an email to an address on SES's suppression list does",
                _automatic_reply,
            ),
        ),
    ),
    Part(
        "Send 2 texts to AWS's simulator numbers in the US? AWS may bill them, together less than 0.05 USD.",
        (
            Step("text_fails", "A text to the simulator's failing number is on the report", _text_fails),
            Step("text_arrives", "A text to the simulator's other number is not on the report", _text_arrives),
        ),
    ),
)


def run_trial(
    deployed: DeployedStack, checks: Mapping[str, Check], agree: Callable[[str], bool]
) -> Iterator[TrialResult]:
    """Run all steps on a stack and yield their results. `agree` asks before each part that AWS may charge for."""
    snapshot = take_snapshot(deployed)
    for name, check in checks.items():
        yield _check_result(name, run_checks(snapshot, {name: check}), is_local=is_local(snapshot))
    with trial_scenario(deployed, snapshot.outputs) as scenario:
        for part in PARTS:
            yield from _run(part.steps, scenario, "" if agree(part.question) else "you declined")


def is_local(snapshot: StackSnapshot) -> bool:
    """Whether a stack is on the local emulator."""
    return bool(snapshot.parameters.get("LocalEndpoint"))


def _check_result(check: str, findings: Sequence[Finding], *, is_local: bool) -> TrialResult:
    """Return the result of a check of the doctor. `found` describes all findings that are not ok."""
    notable = [finding for finding in findings if finding.status is not CheckStatus.OK]
    found = "; ".join(f"{finding.status}: {finding.what}. {finding.remedy}".strip() for finding in notable) or "ok"
    status = TrialStatus.AS_EXPECTED
    if check not in _FIRST_DAY and any(finding.status is not CheckStatus.WARNING for finding in notable):
        status = TrialStatus.NOT_SHOWN if is_local and check in _EMULATOR_LACKS else TrialStatus.DIFFERS
    return TrialResult(f"doctor: {check}", "the doctor finds nothing wrong", found, status)


def _run(steps: Sequence[Step], scenario: Scenario, skipped: str) -> Iterator[TrialResult]:
    """Run steps until one differs, because later steps depend on it. Run none if `skipped` gives a reason."""
    for step in steps:
        if skipped:
            yield TrialResult(step.name, step.title, skipped, TrialStatus.NOT_RUN)
            continue
        result = run_step(step, scenario)
        status = TrialStatus.AS_EXPECTED if result.ok else TrialStatus.DIFFERS
        yield TrialResult(step.name, step.title, result.detail, status, result.seconds)
        skipped = "" if result.ok else f"{step.name} differs"
