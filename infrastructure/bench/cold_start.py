"""Cold starts: each function's import and first preparation, as whole processes, beside a bare boto3 handler.

What runs is the deployable build, layer and code, with the interpreter beneath the virtual environment, whose packages
would hide what the layer brings. A function that makes its clients when first asked is asked: what is measured ends
when it could send its first request to DynamoDB.
"""

import os
import resource
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from infrastructure.bench import subprocess_runner
from infrastructure.bench.figures import Figure
from infrastructure.build.target import Target
from infrastructure.build.template import build
from infrastructure.errors import ToolError

PEER: Final = "boto3"

_CLIENT: Final = "from undelivered.adapters.dynamodb.models import shared_connection; shared_connection().client"
# What each function's first invocation prepares, beyond the import of its module.
_PREPARES: Final = {
    "api_handler": "api",
    "archive": "archiving",
    "cleanup": "clean_up",
    "export_report": "export_report",
    "on_item_changed": "item_change_handlers",
    "ingest_feedback": "ingestion",
    "ingest_sms_logs": "ingestion",
    "process_resends": "send_message",
    "send_digests": "send_digests",
    "send_notifications": "send_message",
}


SETTINGS: Final = {
    **subprocess_runner.function_environment("http://127.0.0.1:9"),  # where nobody answers
    "TOKEN_ISSUER": "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_bench",
    "CONSOLE_CLIENT_ID": "console",
    "HOST_CLIENT_ID": "host",
    "SIGN_IN_URL": "https://sign-in.example",
    "SIGNING_SECRET_ARN": "arn:aws:secretsmanager:us-east-1:000000000000:secret:bench",
    "CONFIGURATION_SET": "first",
    "RESEND_CONFIGURATION_SET": "resend",
    "SENDER": "notices@undelivered.example",
    "PUBLIC_URL": "https://api.example",
    "OUTCOME_TOPIC_ARN": "arn:aws:sns:us-east-1:000000000000:outcomes",
    "EXPORT_FUNCTION": "export_report",
    "AWS_LAMBDA_FUNCTION_NAME": "bench",
}
"""An environment in which every function starts."""


@dataclass(frozen=True, slots=True)
class Unpacked:
    """Where layer and code are unpacked, as Lambda unpacks them."""

    layer: Path
    code: Path

    def run(self, program: str, *flags: str) -> subprocess.CompletedProcess[str]:
        """Run a program as Lambda runs a function."""
        interpreter = getattr(sys, "_base_executable", sys.executable)
        done = subprocess.run(
            [interpreter, "-s", *flags, "-c", program],
            env={**SETTINGS, "PYTHONPATH": f"{self.code}:{self.layer}", "PATH": os.environ.get("PATH", "")},
            cwd=self.code,
            check=False,
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise ToolError(f"A function did not start: {done.stderr.strip()[-1500:]}")
        return done


@contextmanager
def unpacked() -> Iterator[Unpacked]:
    """Build layer and code, and unpack them for a while."""
    built = build(Target.local())
    with tempfile.TemporaryDirectory() as folder:
        layer, code = Path(folder) / "opt", Path(folder) / "task"
        for archive, place in ((built.layer, layer), (built.code, code)):
            with zipfile.ZipFile(archive) as source:
                source.extractall(place)
        yield Unpacked(layer / "python", code)


def programs() -> Mapping[str, str]:
    """Return what each function does when it starts, as a program, and its peer."""
    found = {PEER: "import boto3, json; boto3.client('dynamodb')"}
    for name, prepare in _PREPARES.items():
        imports = f"import undelivered.entrypoints.{name}\nfrom undelivered import bootstrap"
        found[name] = f"{imports}; bootstrap.{prepare}()\n{_CLIENT}"
    return found


def measure(rounds: int) -> list[Figure]:
    """Start everything in turns, for a number of rounds.

    Compared is CPU time, of which a start consists, and the least of the rounds: what else goes on in the machine
    only adds. The time on the clock stands beside.
    """
    cpu: dict[str, list[float]] = {name: [] for name in programs()}
    clock: dict[str, list[float]] = {name: [] for name in programs()}
    with unpacked() as place:
        for round_ in range(rounds + 1):
            for name, program in programs().items():
                used, began = _cpu_of_children(), time.perf_counter()
                place.run(program)
                if round_:  # the first fills the disk's cache
                    cpu[name].append(_cpu_of_children() - used)
                    clock[name].append(time.perf_counter() - began)
    least = {name: min(all_) for name, all_ in cpu.items()}
    over = {name: seconds / least[PEER] for name, seconds in least.items() if name != PEER}
    milliseconds = {f"{name}_ms": min(all_) * 1e3 for name, all_ in clock.items()}
    says = "cold start of the slowest function, relative to a minimal boto3 handler with a DynamoDB client"
    return [
        Figure("cold_start_over_boto3", max(over.values()), "times", says, over),
        Figure("cold_start_ms", max(min(clock[name]) for name in over) * 1e3, "ms", "slowest function", milliseconds),
    ]


def _cpu_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
