"""The trial on the local stack: every step that the emulator can show is as expected, and the others are named."""

import json
import subprocess
import sys

COMMAND = [sys.executable, "-c", "from infrastructure.cli.main import main; main()", "trial", "--yes", "--json"]
CANNOT_BE_SHOWN = {"SES identity", "texts: delivery status", "texts: sandbox", "texts: spending"}


def trial(stack, folder):
    done = subprocess.run(
        [*COMMAND, "--state-dir", str(stack.state_dir), "--report", str(folder / "report.md")],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    return done.returncode, json.loads(done.stdout), (folder / "report.md").read_text()


def users(stack):
    found = stack.client("cognito-idp").list_users(UserPoolId=stack.outputs["UserPoolId"])["Users"]
    return {each["Username"] for each in found}


def test_a_trial_of_the_local_stack_is_as_expected_and_says_what_the_emulator_cannot_show(stack, tmp_path):
    before = users(stack)

    code, result, report = trial(stack, tmp_path)

    steps = {each["step"]: each for each in result["steps"]}
    differing = {name: each["found"] for name, each in steps.items() if each["status"] == "differs"}
    assert (code, differing, result["local"]) == (0, {}, True)
    assert {name for name, each in steps.items() if each["status"] != "as expected"} == {
        f"doctor: {name}" for name in CANNOT_BE_SHOWN
    }
    assert all(f"| {name} | {each['status']} |" in report for name, each in steps.items())
    assert "Only a run in an AWS account shows how AWS behaves." in report
    assert users(stack) == before


def test_a_trial_of_a_stack_with_something_wrong_differs_in_that_step_alone(stack, tmp_path):
    rule = next(each["Name"] for each in stack.client("events").list_rules()["Rules"] if "SendDigests" in each["Name"])
    stack.client("events").disable_rule(Name=rule)
    try:
        code, result, _ = trial(stack, tmp_path)
    finally:
        stack.client("events").enable_rule(Name=rule)

    differing = {each["step"]: each["found"] for each in result["steps"] if each["status"] == "differs"}
    assert code == 1
    assert set(differing) == {"doctor: schedules"}
    assert "SendDigestsEveryHour is DISABLED" in differing["doctor: schedules"]
