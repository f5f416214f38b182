"""Processes that a local stack starts and ends, each by its own id."""

import contextlib
import os
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
# ministack unpacks a function into a folder of this name and runs it from there.
_WORKER_FOLDER: Final = "ministack-lambda-"


@dataclass(frozen=True, slots=True)
class FunctionProcess:
    """A process in which the emulator runs a function, and goes on running it: what is warm on AWS."""

    function: str
    """Name of the function in Lambda."""
    process: "psutil.Process"

    @property
    def memory(self) -> int:
        """Bytes of its memory that are in the machine's."""
        return resident(self.process.pid)

    def kill(self) -> bool:
        """End it without asking and wait until it is gone; False when it was gone already."""
        import psutil

        try:
            self.process.kill()
        except psutil.NoSuchProcess:
            return False
        psutil.wait_procs([self.process], timeout=_GRACE_SECONDS)
        return True


def resident(pid: int) -> int:
    """Bytes of a process's memory that are in the machine's; 0 when there is none such."""
    import psutil

    try:
        size: int = psutil.Process(pid).memory_info().rss
    except psutil.NoSuchProcess:
        return 0
    return size


def function_processes(emulator: int) -> Iterator[FunctionProcess]:
    """Give the processes that run functions, of the emulator with this process id."""
    import psutil

    for process in psutil.Process(emulator).children():
        with contextlib.suppress(psutil.NoSuchProcess, psutil.ZombieProcess):
            *_, last = process.cmdline() or [""]  # of one that is just ending there is none left
            folder = Path(last).parent.name
            if folder.startswith(_WORKER_FOLDER):
                yield FunctionProcess(folder.removeprefix(_WORKER_FOLDER).rpartition("-")[0], process)


def start(command: list[str], *, log: Path, environment: dict[str, str]) -> int:
    """Start a process that outlives this one, writing to `log`; give its id."""
    with log.open("ab") as output:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=environment, start_new_session=True
        )
    # Its end is watched by its id from here on; a handle let go of while its process lives is a ResourceWarning.
    process.returncode = 0
    return process.pid


def is_ours(pid: int) -> bool:
    """Whether the process lives and is one of a local stack's: ids are reused, so its command line is looked at."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)  # a child of ours that has ended is a zombie until it is asked for
    command = _command_line(pid)
    return command is not None and _MARK in command


def is_alive(pid: int) -> bool:
    """Whether any process has this id."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def end(pids: list[int], *, seconds: float | None = None) -> bool:
    """End our processes of these ids and return when they are gone: whether all of them went when they were asked.

    `seconds` is how long they may take for it, else a few.
    """
    mine = [pid for pid in pids if is_ours(pid)]
    _signal(mine, signal.SIGTERM)
    deadline = time.monotonic() + (_GRACE_SECONDS if seconds is None else seconds)
    while (mine := [pid for pid in mine if is_ours(pid)]) and time.monotonic() < deadline:
        time.sleep(0.05)
    _signal(mine, signal.SIGKILL)
    while any(is_ours(pid) for pid in mine):
        time.sleep(0.05)
    return not mine


def is_free(port: int) -> bool:
    """Whether nothing listens on the loopback port."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a port in TIME_WAIT is free
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def free_port() -> int:
    """Give a loopback port that nothing listens on now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_for_port(port: int, pid: int, *, seconds: float) -> bool:
    """Wait until the process listens on the loopback port; False when it has ended or time is up."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and is_ours(pid):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
        time.sleep(0.05)
    return False


def _signal(pids: list[int], which: signal.Signals) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, which)


def _command_line(pid: int) -> str | None:
    """Give the command line of a process, or None when there is none such."""
    proc = Path(f"/proc/{pid}/cmdline")
    if proc.parent.parent.joinpath("self").exists():
        try:
            return proc.read_bytes().replace(b"\0", b" ").decode(errors="replace") or None
        except OSError:
            return None
    listed = subprocess.run(["ps", "-o", "args=", "-p", str(pid)], check=False, capture_output=True, text=True)
    return listed.stdout.strip() or None
