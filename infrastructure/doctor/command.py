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

from infrastructure.deploy import stack_name
from infrastructure.doctor import mail, parts, texts
from infrastructure.doctor.examination import Check, Examined, Finding, Status, examine
from infrastructure.errors import ToolError
from infrastructure.sentences import told_in_a_sentence

CHECKS: Final[Mapping[str, Check]] = {
    "credentials": parts.credentials,
    "stack": parts.stack,
    "API": parts.api,
    "people": parts.people,
    "tables": parts.tables,
    "event sources": parts.event_sources,
    "schedules": parts.schedules,
    "dead letters": parts.dead_letters,
    "feedback subscription": parts.feedback_subscription,
    "alarms": parts.alarms,
    "SES production access": mail.production_access,
    "SES sending": mail.sending,
    "SES identity": mail.sender_identity,
    "SES configuration sets": mail.configuration_sets,
    "SES suppression list": mail.suppression_list,
    "texts: delivery status": texts.delivery_status,
    "texts: log groups": texts.log_groups,
    "texts: sandbox": texts.sandbox,
    "texts: spending": texts.spending,
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
    with told_in_a_sentence():
        examined = examined_stack(*_where(stage, state_dir))
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
        import boto3  # noqa: PLC0415 - half a second to import

        session: Any = boto3.Session()
        return stack_name(stage), session.client
    from infrastructure.local.stack import STACK_NAME, LocalStack, find_state_dir  # noqa: PLC0415 - as above

    return STACK_NAME, LocalStack.attach(find_state_dir(state_dir)).client


def examined_stack(name: str, client: Callable[[str], Any]) -> Examined:
    """Return what CloudFormation knows of a stack; raises ToolError when nothing can be asked, or there is none."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - as above

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
    return Examined(
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
