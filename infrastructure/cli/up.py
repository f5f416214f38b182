"""`undelivered up`: start a local stack."""

import json
import shlex
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer
from rich.console import Console

from infrastructure.paths import ROOT

if TYPE_CHECKING:
    from infrastructure.local.stack import LocalStack

_STDERR: Final = Console(stderr=True)

NewStateDirOption = Annotated[
    Path | None, typer.Option("--state-dir", help="Folder for the stack's state.", show_default="one per port")
]


def up(  # noqa: PLR0913 - one for each option
    *,
    port: Annotated[int, typer.Option(help="Port for the local stack.")] = 4566,
    state_dir: NewStateDirOption = None,
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
    from infrastructure.local.stack import LocalStack, exit_on_signals

    with exit_on_signals():
        with _STDERR.status("Starting") as status:
            stack = LocalStack.start(
                port=port, state_dir=state_dir, empty=empty, keep=keep, progress=lambda step: status.update(f"{step}…")
            )
        try:
            if as_json:
                print(json.dumps(asdict(stack.description)), flush=True)
            _show_access(stack, detached=detach)
            if not detach:
                stack.wait()
        finally:
            if not detach:
                stack.stop()


def _show_access(stack: "LocalStack", *, detached: bool) -> None:
    manager = stack.description.users[0]
    _print(f"\n[bold green]Ready.[/] Open the console: [bold]{stack.api_url}/console/[/]")
    for user in stack.description.users:
        _print(f"  {user.role:<8} {user.email:<24} {user.password}   [dim]account {user.account_id}[/]")
    token = f"$(uv run undelivered token --state-dir {_relative(stack.state_dir)} {manager.email})"
    _print(f'Or ask the API:\n  curl -H "Authorization: {token}" {stack.api_url}/undelivered/count')
    _print("Or connect your own software, see infrastructure/docs/first-hour.md:")
    for name, value in stack.client_environment.items():
        _print(f"  export {name}={shlex.quote(value)}")
    stop = f"uv run undelivered down --state-dir {_relative(stack.state_dir)}" if detached else "Ctrl-C"
    _print(f"[dim]To stop it: {stop}. Log: {_relative(stack.state_dir)}/emulator.log[/]")


def _relative(path: Path) -> str:
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)


def _print(text: str) -> None:
    _STDERR.print(text, highlight=False, soft_wrap=True)
