"""`undelivered demo`: run the main scenario on a separate local stack."""

import json
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape

if TYPE_CHECKING:
    from infrastructure.local.scenario import StepResult


def demo(
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print the steps as one JSON object.")] = False,
) -> None:
    """Start a stack, run the main scenario through its API, show each step and stop the stack."""
    console = Console(stderr=True)
    began = time.monotonic()
    results = _run_scenario(console)
    ok = all(step.ok for step in results)
    seconds = round(time.monotonic() - began, 3)
    if as_json:
        print(json.dumps({"ok": ok, "seconds": seconds, "steps": [asdict(step) for step in results]}, indent=2))
    console.print(f"\n{len(results)} steps, {seconds:.1f} s: [{'green]passed' if ok else 'red]failed'}[/]")
    if not ok:
        raise typer.Exit(1)


def _run_scenario(console: Console) -> "list[StepResult]":
    from infrastructure.local.scenario import STEPS, Scenario, StepResult, run_step
    from infrastructure.local.stack import LocalStack, exit_on_signals

    results: list[StepResult] = []
    began = time.monotonic()
    with (
        exit_on_signals(),
        LocalStack.start(empty=True, progress=lambda step: console.print(f"[dim]{step}…[/dim]")) as stack,
    ):
        seconds = round(time.monotonic() - began, 3)
        up = StepResult("up", "An empty stack starts", seconds, ok=True, detail=stack.api_url)
        _show(console, up)
        results.append(up)
        scenario = Scenario.on(stack, must_be_empty=True)
        try:
            for step in STEPS:
                results.append(run_step(step, scenario))
                _show(console, results[-1])
                if not results[-1].ok:
                    break  # the steps after it build on it
        finally:
            scenario.close()
    return results


def _show(console: Console, step: "StepResult") -> None:
    mark = "[green]✓[/green]" if step.ok else "[red]✗[/red]"
    console.print(
        f"{mark} {step.title} [dim]{step.seconds:.1f} s[/dim]\n    [cyan]{escape(step.detail)}[/cyan]", highlight=False
    )
