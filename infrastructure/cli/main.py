"""The command line `undelivered`."""

import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from infrastructure.build.supply_chain import audit, write_bill
from infrastructure.cli.bench import bench
from infrastructure.cli.demo import demo
from infrastructure.cli.deploy import deploy, destroy
from infrastructure.cli.doctor import doctor
from infrastructure.cli.errors import exit_on_tool_error
from infrastructure.cli.explain import explain
from infrastructure.cli.reconcile import reconcile
from infrastructure.cli.redrive import redrive
from infrastructure.cli.restore import restore
from infrastructure.paths import ROOT

if TYPE_CHECKING:
    from infrastructure.local.stack import LocalStack

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Build, run, try and deploy Undelivered.")
app.command()(bench)
app.command()(demo)
app.command()(doctor)
app.command()(explain)
app.command()(deploy)
app.command()(destroy)
app.command()(redrive)
app.command()(reconcile)
app.command()(restore)
app.command()(audit)

_STDERR = Console(stderr=True)

StateDir = Annotated[Path | None, typer.Option(help="Folder for the stack's state.", show_default="one per port")]


@app.command()
def up(  # noqa: PLR0913 - one for each option
    *,
    port: Annotated[int, typer.Option(help="Port for the local stack.")] = 4566,
    state_dir: StateDir = None,
    empty: Annotated[bool, typer.Option("--empty", help="Start without sample data.")] = False,
    keep: Annotated[
        bool, typer.Option("--keep", help="Keep the data after the stack stops. Use --keep again to continue with it.")
    ] = False,
    detach: Annotated[
        bool, typer.Option("--detach", help="Return when the stack is ready. Stop it with `down`.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the stack's details as JSON.")] = False,
) -> None:
    """Run the whole system on this machine, with a month of sample data."""
    from infrastructure.local.stack import LocalStack, ended_by_signals

    with exit_on_tool_error(), ended_by_signals():
        with _STDERR.status("Starting") as status:
            stack = LocalStack.start(
                port=port, state_dir=state_dir, empty=empty, keep=keep, progress=lambda step: status.update(f"{step}…")
            )
        try:
            if as_json:
                print(json.dumps(asdict(stack.description)), flush=True)
            _introduce(stack, detached=detach)
            if not detach:
                stack.wait()
        finally:
            if not detach:
                stack.stop()


def _introduce(stack: "LocalStack", *, detached: bool) -> None:
    manager = stack.description.users[0]
    _say(f"\n[bold green]Ready.[/] Open the console: [bold]{stack.api_url}/console/[/]")
    for user in stack.description.users:
        _say(f"  {user.role:<8} {user.email:<24} {user.password}   [dim]account {user.account_id}[/]")
    token = f"$(uv run undelivered token --state-dir {_short(stack.state_dir)} {manager.email})"
    _say(f'Or ask the API:\n  curl -H "Authorization: {token}" {stack.api_url}/undelivered/count')
    ending = f"uv run undelivered down --state-dir {_short(stack.state_dir)}" if detached else "Ctrl-C"
    _say(f"[dim]To stop it: {ending}. Log: {_short(stack.state_dir)}/emulator.log[/]")


def _short(path: Path) -> str:
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)


def _say(text: str) -> None:
    _STDERR.print(text, highlight=False, soft_wrap=True)


@app.command()
def down(*, state_dir: StateDir = None) -> None:
    """Stop a stack that was started with `up --detach`."""
    from infrastructure.local.stack import find_state_dir, stop

    with exit_on_tool_error():
        stop(find_state_dir(state_dir))
        _STDERR.print("Stopped.")


@app.command()
def token(
    email: Annotated[str, typer.Argument(help="Email address of the user.")], *, state_dir: StateDir = None
) -> None:
    """Print a token for the API of a running local stack."""
    from infrastructure.local.stack import LocalStack, find_state_dir

    with exit_on_tool_error():
        print(LocalStack.attach(find_state_dir(state_dir)).token(email))


@app.command()
def build(
    *,
    architecture: Annotated[str, typer.Option(help="arm64 or x86_64.")] = "arm64",
    lock: Annotated[bool, typer.Option("--lock", help="First update the layer's requirements from uv.lock.")] = False,
) -> None:
    """Build the template, its archives and the layer's bill of materials in `build/`."""
    from infrastructure.build.layer import lock_requirements
    from infrastructure.build.target import Target
    from infrastructure.build.template import build as build_template

    if architecture not in {"arm64", "x86_64"}:
        raise typer.BadParameter("must be arm64 or x86_64")
    with exit_on_tool_error(), _STDERR.status("Building"):
        if lock:
            lock_requirements()
        built = build_template(Target.aws("arm64" if architecture == "arm64" else "x86_64"))
        bill = built.template_file.with_name("layer.cdx.json")
        write_bill(built.layer, bill)
    for file in (built.template_file, built.code, built.layer, bill):
        print(file.relative_to(ROOT))


@app.command()
def check() -> None:
    """Check style, types and the template. Exits with 1 if a check fails."""
    from infrastructure.build.layer import check_requirements
    from infrastructure.build.target import Target
    from infrastructure.build.template import build as build_template

    failed = [
        name
        for name, command in {
            "style": ["ruff", "check"],
            "format": ["ruff", "format", "--check"],
            "types": ["mypy"],
        }.items()
        if not _passes(name, [sys.executable, "-m", *command])
    ]
    with exit_on_tool_error():
        check_requirements()
        built = build_template(Target.local())
    if not _passes("template", ["cfn-lint", str(built.template_file)]):
        failed.append("template")
    if failed:
        _STDERR.print(f"[red]Failed: {', '.join(failed)}.[/red]")
        raise typer.Exit(1)
    _STDERR.print("[green]All checks passed.[/green]")


def _passes(name: str, command: list[str]) -> bool:
    _STDERR.rule(name)
    return subprocess.run(command, cwd=ROOT, check=False).returncode == 0


def main() -> None:
    """Run the command line."""
    app()
