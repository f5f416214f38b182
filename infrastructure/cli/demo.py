"""`undelivered demo`: the whole story on a stack of its own, each step with its time."""

import json
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape

from infrastructure.cli.errors import exit_on_tool_error

if TYPE_CHECKING:
    from infrastructure.local.scenario import Told


def demo(
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print the steps as one JSON object.")] = False,
) -> None:
    """Start a stack, run the main scenario through its API, show each step and stop the stack."""
    console = Console(stderr=True)
    began = time.monotonic()
    with exit_on_tool_error():
        told = _tell_on_a_stack(console)
    ok = all(step.ok for step in told)
    seconds = round(time.monotonic() - began, 3)
    if as_json:
        print(json.dumps({"ok": ok, "seconds": seconds, "steps": [asdict(step) for step in told]}, indent=2))
    console.print(f"\n{len(told)} steps, {seconds:.1f} s: [{'green]passed' if ok else 'red]failed'}[/]")
    if not ok:
        raise typer.Exit(1)


def _tell_on_a_stack(console: Console) -> "list[Told]":
    from infrastructure.local.scenario import STEPS, Story, Told, tell
    from infrastructure.local.stack import LocalStack, ended_by_signals

    told: list[Told] = []
    began = time.monotonic()
    with (
        ended_by_signals(),
        LocalStack.start(empty=True, progress=lambda step: console.print(f"[dim]{step}…[/dim]")) as stack,
    ):
        up = Told("up", "An empty stack starts", round(time.monotonic() - began, 3), True, stack.api_url)  # noqa: FBT003 - it did
        _show(console, up)
        told.append(up)
        story = Story.on(stack, must_be_empty=True)
        try:
            for step in STEPS:
                told.append(tell(step, story))
                _show(console, told[-1])
                if not told[-1].ok:
                    break  # the steps after it build on it
        finally:
            story.close()
    return told


def _show(console: Console, step: "Told") -> None:
    mark = "[green]✓[/green]" if step.ok else "[red]✗[/red]"
    console.print(
        f"{mark} {step.title} [dim]{step.seconds:.1f} s[/dim]\n    [cyan]{escape(step.detail)}[/cyan]", highlight=False
    )
