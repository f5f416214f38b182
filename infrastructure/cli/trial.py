"""`undelivered trial`: test a deployed stage with AWS's simulators, and report unexpected results."""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.markup import escape

from infrastructure.cli.doctor import CHECKS
from infrastructure.cli.stack_option import StageOption, StateDirOption, named_stack
from infrastructure.doctor.snapshot import take_snapshot
from infrastructure.trial.report import markdown_report
from infrastructure.trial.steps import TrialResult, TrialStatus, is_local, run_trial

_STDERR: Final = Console(stderr=True, soft_wrap=True, highlight=False)
_MARKS: Final = {
    TrialStatus.AS_EXPECTED: "[green]✓[/]",
    TrialStatus.DIFFERS: "[red]✗[/]",
    TrialStatus.NOT_SHOWN: "[magenta]?[/]",
    TrialStatus.NOT_RUN: "[yellow]-[/]",
}


def trial(
    stage: StageOption = None,
    state_dir: StateDirOption = None,
    report: Annotated[Path, typer.Option(help="File for the report, as Markdown.")] = Path("trial-report.md"),
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before the parts that AWS may charge for.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the results as one JSON object.")] = False,
) -> None:
    """Test a deployed stage with AWS's simulators. Exits with 1 if a step differs from the expected result.

    The trial uses its own account and its own user, and deletes the user at the end.
    """
    stack = named_stack(stage, state_dir)
    local = is_local(take_snapshot(stack))
    began = datetime.now(UTC)
    results: list[TrialResult] = []
    try:
        for result in run_trial(stack, CHECKS, lambda question: yes or typer.confirm(question, err=True)):
            results.append(result)
            _show(result)
    finally:
        report.write_text(markdown_report(stack.name, results, began, is_local=local))
        _STDERR.print(f"The report is in {report}.")
    if as_json:
        print(json.dumps({"stack": stack.name, "local": local, "steps": [asdict(result) for result in results]}))
    if any(result.status is TrialStatus.DIFFERS for result in results):
        raise typer.Exit(1)


def _show(result: TrialResult) -> None:
    seconds = f" [dim]{result.seconds:.1f} s[/]" if result.seconds else ""
    title = result.step if result.step.startswith("doctor") else result.expected
    _STDERR.print(f"{_MARKS[result.status]} {escape(title)}{seconds}\n    [cyan]{escape(result.found)}[/]")
