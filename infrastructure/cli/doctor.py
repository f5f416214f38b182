"""The command: which stack, which checks, and how what they found is shown."""

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.console import Console
from rich.markup import escape

from infrastructure.cli.deploy import stack_name
from infrastructure.cli.errors import exit_on_tool_error
from infrastructure.doctor import ses_checks, sms_checks, stack_checks
from infrastructure.doctor.checks import Check, Finding, StackSnapshot, Status, examine
from infrastructure.errors import ToolError

CHECKS: Final[Mapping[str, Check]] = {
    "credentials": stack_checks.credentials,
    "stack": stack_checks.stack,
    "API": stack_checks.api,
    "people": stack_checks.people,
    "tables": stack_checks.tables,
    "event sources": stack_checks.event_sources,
    "schedules": stack_checks.schedules,
    "dead letters": stack_checks.dead_letters,
    "feedback subscription": stack_checks.feedback_subscription,
    "alarms": stack_checks.alarms,
    "SES production access": ses_checks.production_access,
    "SES sending": ses_checks.sending,
    "SES identity": ses_checks.sender_identity,
    "SES configuration sets": ses_checks.configuration_sets,
    "SES suppression list": ses_checks.suppression_list,
    "texts: delivery status": sms_checks.delivery_status,
    "texts: log groups": sms_checks.log_groups,
    "texts: sandbox": sms_checks.sandbox,
    "texts: spending": sms_checks.spending,
}

_COLOURS: Final = {Status.OK: "green", Status.WARNING: "yellow", Status.WRONG: "red", Status.UNSEEN: "magenta"}


def doctor(
    stage: Annotated[
        str | None, typer.Option(help="A deployed stage. Uses the AWS CLI's credentials and region.")
    ] = None,
    state_dir: Annotated[
        Path | None, typer.Option(help="State folder of a local stack.", show_default="the running stack")
    ] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")] = False,
) -> None:
    """Say what of a deployed stack is not as it should be, and what to do; exit with 1 when anything is wrong."""
    with exit_on_tool_error():
        examined = stack_snapshot(*_where(stage, state_dir))
    findings = examine(examined, CHECKS)
    counts = Counter(finding.status for finding in findings)
    if as_json:
        print(json.dumps({"stack": examined.name, "findings": [asdict(finding) for finding in findings]}))
    else:
        _print(findings, counts)
    if counts[Status.WRONG]:
        raise typer.Exit(1)


def _where(stage: str | None, state_dir: Path | None) -> tuple[str, Callable[[str], Any]]:
    if stage is not None:
        if state_dir is not None:
            raise ToolError("Use --state-dir for a local stack or --stage for a deployed one, but not both.")
        import boto3

        session: Any = boto3.Session()
        return stack_name(stage), session.client
    from infrastructure.local.stack import STACK_NAME, LocalStack, find_state_dir

    return STACK_NAME, LocalStack.attach(find_state_dir(state_dir)).client


def stack_snapshot(name: str, client: Callable[[str], Any]) -> StackSnapshot:
    """Return what CloudFormation knows of a stack; raises ToolError when nothing can be asked, or there is none."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        cloudformation = client("cloudformation")
        told = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
        pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=name)
        resources = [each for page in pages for each in page["StackResourceSummaries"]]
    except (ClientError, BotoCoreError) as error:
        raise ToolError(
            f"The stack {name} could not be checked: {str(error).rstrip('.')}."
            " Check that the credentials and region are correct."
        ) from None
    return StackSnapshot(
        name,
        client,
        told["StackStatus"],
        {each["ParameterKey"]: each["ParameterValue"] for each in told.get("Parameters", [])},
        {each["OutputKey"]: each["OutputValue"] for each in told.get("Outputs", [])},
        {
            each["LogicalResourceId"]: (each["ResourceType"], each["PhysicalResourceId"])
            for each in resources
            if each.get("PhysicalResourceId") and not each["ResourceStatus"].startswith("DELETE")
        },
    )


def _print(findings: Sequence[Finding], counts: Mapping[Status, int]) -> None:
    console = Console(soft_wrap=True, highlight=False)
    for finding in findings:
        colour = _COLOURS[finding.status]
        console.print(f"[{colour}]{finding.status.value:>14}[/]  {escape(finding.check)}: {escape(finding.what)}")
        if finding.remedy:
            console.print(f"                  → {escape(finding.remedy)}")
    console.print(", ".join(f"{counts[status]} {status.value}" for status in Status if counts[status]) + ".")
