"""The state folder of a local stack: its description, its process ids, its logs and its kept data."""

import contextlib
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from infrastructure.errors import ToolError
from infrastructure.local import processes
from infrastructure.paths import ROOT

DEFAULT_PORT: Final = 4566
STATE_ROOT: Final = ROOT / ".undelivered"
EMULATOR_LOG: Final = "emulator.log"
SIMULATOR_LOG: Final = "simulator.log"
KEPT_FOLDER: Final = "kept"

_STATE_FILE: Final = "stack.json"
_KEPT_FILE: Final = "kept.json"
_KEEPING_SECONDS: Final = 60
"""How long the emulator may take to stop if it keeps its data: about a second for 10,000 items."""


def running_stacks() -> Iterator[Path]:
    """Yield the state folders in the checkout that hold a stack, running or half-started."""
    for file in sorted(STATE_ROOT.glob(f"*/{_STATE_FILE}")):
        yield file.parent


def find_state_dir(state_dir: Path | None) -> Path:
    """Return ``state_dir`` or, if it is None, the folder of the checkout's only stack or of the stack on port 4566.

    Raises ToolError if several stacks run and none of them has the default port.
    """
    if state_dir is not None:
        return state_dir.resolve()
    folders = list(running_stacks())
    default = STATE_ROOT / str(DEFAULT_PORT)
    if len(folders) == 1:
        return folders[0]
    if len(folders) > 1 and default not in folders:
        names = ", ".join(display_path(path) for path in folders)
        raise ToolError(f"Several stacks are running. Choose one with --state-dir: {names}.")
    return default


def stop(state_dir: Path) -> None:
    """Stop the stack of a state folder, running or half-started; raise ToolError if there is none."""
    if read_state(state_dir) is None:
        raise ToolError(f"No stack is running from {display_path(state_dir)}.")
    tear_down(state_dir)


def claim(state_dir: Path, port: int) -> None:
    """Remove the rest of an interrupted start; raise ToolError if a stack runs there or the port is in use."""
    state = read_state(state_dir)
    if state is not None:
        alive = any(map(processes.is_ours, state["pids"]))
        if alive and "description" in state:
            raise ToolError(
                f"A stack is already running from {display_path(state_dir)} on port {state['port']}."
                " Stop it with `undelivered down`, or start another with a different --port and --state-dir."
            )
        if "description" not in state and processes.is_alive(state["starter"]) and state["starter"] != os.getpid():
            raise ToolError(
                f"Another `undelivered up` (process {state['starter']}) is busy in {display_path(state_dir)}."
            )
        tear_down(state_dir)
    if not processes.is_free(port):
        raise ToolError(f"Port {port} is in use. Choose another with --port.")


def read_kept(state_dir: Path, port: int, *, keep: bool) -> dict[str, Any] | None:
    """Return the state of an earlier stack whose data is kept, or None.

    Raises ToolError if there is kept data but ``keep`` is not set or the port is another, because the data contains
    URLs with the port.
    """
    try:
        kept: dict[str, Any] = json.loads((state_dir / _KEPT_FILE).read_text())
    except FileNotFoundError:
        return None
    if not keep:
        raise ToolError(
            f"{display_path(state_dir)} contains kept data. Use --keep to continue with it, or delete the folder."
        )
    if port != kept["port"]:
        raise ToolError(
            f"The data in {display_path(state_dir)} belongs to port {kept['port']}. Use --port {kept['port']}."
        )
    return kept


def forget_kept(state_dir: Path) -> None:
    """Remove the kept state. From now on, only the running emulator has the current data."""
    (state_dir / _KEPT_FILE).unlink()


def tear_down(state_dir: Path, *, failed: bool = False) -> Path | None:
    """Stop a stack's processes and remove its files, except kept data.

    After a start that ``failed``, the logs stay too. Returns the folder if it has logs.
    """
    state = read_state(state_dir) or {"pids": []}
    keeps = bool(state.get("keep")) and "description" in state and all(map(processes.is_ours, state["pids"]))
    ended = processes.end(list(reversed(state["pids"])), seconds=_KEEPING_SECONDS if keeps else None)
    shutil.rmtree(state_dir / "tmp", ignore_errors=True)
    if keeps and ended:
        (state_dir / _STATE_FILE).replace(state_dir / _KEPT_FILE)
    elif not (state_dir / _KEPT_FILE).exists():
        shutil.rmtree(state_dir / KEPT_FOLDER, ignore_errors=True)
    logs = [state_dir / name for name in (EMULATOR_LOG, SIMULATOR_LOG)]
    for file in (state_dir / _STATE_FILE, state_dir / processes.COMPANION_FILE, *([] if failed else logs)):
        file.unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        state_dir.rmdir()  # only if it is empty
    return state_dir if any(log.exists() for log in logs) else None


def read_state(state_dir: Path) -> dict[str, Any] | None:
    """Return the state of a stack, or None if the folder holds no stack."""
    try:
        state: dict[str, Any] = json.loads((state_dir / _STATE_FILE).read_text())
    except FileNotFoundError:
        return None
    return state


def write_state(state_dir: Path, state: dict[str, Any]) -> None:
    """Replace the state of a stack in one step."""
    partial = state_dir / f"{_STATE_FILE}.partial"
    partial.touch(mode=0o600)  # the file contains passwords
    partial.write_text(json.dumps(state, indent=2) + "\n")
    partial.replace(state_dir / _STATE_FILE)


def display_path(path: Path) -> str:
    """Return a path relative to the checkout if it is inside."""
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)


def last_line(log: Path) -> str:
    """Return the last line of a log that is not blank."""
    lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
    return lines[-1].strip() if lines else "no output."
