"""The processes of a local stack: start them, and stop them by their ids."""

import contextlib
import os
import secrets
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import psutil

COMPANION_FILE: Final = "companions"
_MARK: Final = "infrastructure.local."
_GRACE_SECONDS: Final = 4.0
_KILL_POLL_SECONDS: Final = 0.002
_PORTS: Final = range(20_000, 32_000)
"""Below the ports that systems give to outgoing connections, which could take one before its server listens there."""
# The start of the name of the folder in which ministack runs a function.
_WORKER_FOLDER: Final = "ministack-lambda-"


@dataclass(frozen=True, slots=True)
class FunctionProcess:
    """A process in which the emulator runs a function, like a warm execution environment on AWS."""

    function: str
    """The function's name in Lambda."""
    process: "psutil.Process"

    @property
    def memory(self) -> int:
        """The resident memory in bytes."""
        return resident(self.process.pid)

    def kill(self) -> bool:
        """Kill the process and wait until it has ended; return False if it had ended before."""
        import psutil

        try:
            self.process.kill()
        except psutil.NoSuchProcess:
            return False
        # The emulator collects its ended processes late: until then, they are zombies.
        with contextlib.suppress(psutil.NoSuchProcess):
            while self.process.status() != psutil.STATUS_ZOMBIE:
                time.sleep(_KILL_POLL_SECONDS)
        return True


def resident(pid: int) -> int:
    """Return the resident memory of a process in bytes, or 0 if there is no such process."""
    import psutil

    try:
        size: int = psutil.Process(pid).memory_info().rss
    except psutil.NoSuchProcess:
        return 0
    return size


def function_processes(emulator: int) -> Iterator[FunctionProcess]:
    """Yield the processes in which an emulator, given by its process id, runs functions."""
    import psutil

    for process in psutil.Process(emulator).children():
        with contextlib.suppress(psutil.NoSuchProcess, psutil.ZombieProcess):
            *_, last = process.cmdline() or [""]  # a process that is ending has none
            folder = Path(last).parent.name
            if folder.startswith(_WORKER_FOLDER):
                yield FunctionProcess(folder.removeprefix(_WORKER_FOLDER).rpartition("-")[0], process)


def start(command: list[str], *, log: Path, environment: dict[str, str]) -> int:
    """Start a process that outlives this one and writes to `log`; return its id."""
    with log.open("ab") as output:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=environment, start_new_session=True
        )
    # From now on, the id is enough. Without a return code, deleting the handle would cause a ResourceWarning.
    process.returncode = 0
    return process.pid


def is_ours(pid: int) -> bool:
    """Whether a process is running and belongs to a local stack. Ids are reused, so its command line decides."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)  # a child process that has ended is a zombie until this call
    command = _command_line(pid)
    return command is not None and _MARK in command


def is_alive(pid: int) -> bool:
    """Whether a process with this id exists."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def end(pids: list[int], *, seconds: float | None = None) -> bool:
    """Stop those of the processes that belong to a local stack; kill them after `seconds` (a few, if it is None).

    Returns whether all of them ended without being killed.
    """
    running = [pid for pid in pids if is_ours(pid)]
    _signal(running, signal.SIGTERM)
    deadline = time.monotonic() + (_GRACE_SECONDS if seconds is None else seconds)
    while (running := [pid for pid in running if is_ours(pid)]) and time.monotonic() < deadline:
        time.sleep(0.05)
    _signal(running, signal.SIGKILL)
    while any(is_ours(pid) for pid in running):
        time.sleep(0.05)
    return not running


def is_free(port: int) -> bool:
    """Whether no process listens on a loopback port."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a port in TIME_WAIT is free
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def free_port() -> int:
    """Return a loopback port on which no process listens now, and which no outgoing connection takes later."""
    while not is_free(port := _PORTS.start + secrets.randbelow(len(_PORTS))):
        pass
    return port


def wait_for_port(port: int, pid: int, *, seconds: float) -> bool:
    """Wait until a process listens on a loopback port; return False if it ends or does not listen in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and is_ours(pid):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
        time.sleep(0.05)
    return False


def _signal(pids: list[int], number: signal.Signals) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def _command_line(pid: int) -> str | None:
    """Return the command line of a process, or None if there is no such process."""
    proc = Path(f"/proc/{pid}/cmdline")
    if proc.parent.parent.joinpath("self").exists():
        try:
            return proc.read_bytes().replace(b"\0", b" ").decode(errors="replace") or None
        except OSError:
            return None
    done = subprocess.run(["ps", "-o", "args=", "-p", str(pid)], check=False, capture_output=True, text=True)
    return done.stdout.strip() or None
