"""`undelivered doctor`: check a deployed stack and show what to fix."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.markup import escape

from infrastructure.cli.stack_option import StageOption, StateDirOption, named_stack
from infrastructure.doctor import attribution_check, concurrency_check, ses_checks, sms_checks, stack_checks
from infrastructure.doctor.checks import Check, CheckStatus, Finding, run_checks
from infrastructure.doctor.snapshot import take_snapshot

CHECKS: Final[Mapping[str, Check]] = {
    "credentials": stack_checks.credentials,
    "stack": stack_checks.stack,
    "API": stack_checks.api,
    "users": stack_checks.users,
    "tables": stack_checks.tables,
    "event sources": stack_checks.event_sources,
    "concurrency": concurrency_check.concurrency,
    "schedules": stack_checks.schedules,
    "dead letters": stack_checks.dead_letters,
    "feedback subscription": stack_checks.feedback_subscription,
    "replies subscription": stack_checks.replies_subscription,
    "alarms": stack_checks.alarms,
    "attribution": attribution_check.attribution,
    "SES production access": ses_checks.production_access,
    "SES sending": ses_checks.sending,
    "SES sending rate": ses_checks.sending_rate,
    "SES identity": ses_checks.sender_identity,
    "SES configuration sets": ses_checks.configuration_sets,
    "SES suppression list": ses_checks.suppression_list,
    "texts: delivery status": sms_checks.delivery_status,
    "texts: log groups": sms_checks.log_groups,
    "texts: sandbox": sms_checks.sandbox,
    "texts: spending": sms_checks.spending,
}

_COLOURS: Final = {
    CheckStatus.OK: "green",
    CheckStatus.WARNING: "yellow",
    CheckStatus.WRONG: "red",
    CheckStatus.UNSEEN: "magenta",
}


def doctor(
    stage: StageOption = None,
    state_dir: StateDirOption = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")] = False,
) -> None:
    """Check a deployed stack and show what to fix. Exits with 1 if something does not work."""
    snapshot = take_snapshot(named_stack(stage, state_dir))
    findings = run_checks(snapshot, CHECKS)
    counts = Counter(finding.status for finding in findings)
    if as_json:
        print(json.dumps({"stack": snapshot.name, "findings": [asdict(finding) for finding in findings]}))
    else:
        _print(findings, counts)
    if counts[CheckStatus.WRONG]:
        raise typer.Exit(1)


def _print(findings: Sequence[Finding], counts: Mapping[CheckStatus, int]) -> None:
    console = Console(soft_wrap=True, highlight=False)
    for finding in findings:
        colour = _COLOURS[finding.status]
        console.print(f"[{colour}]{finding.status.value:>14}[/]  {escape(finding.check)}: {escape(finding.what)}")
        if finding.remedy:
            console.print(f"                  → {escape(finding.remedy)}")
    console.print(", ".join(f"{counts[status]} {status.value}" for status in CheckStatus if counts[status]) + ".")
