"""Cold starts of the functions, each in its own process, compared with a minimal boto3 handler.

Each process runs the code and the layer of the deployable build. It uses the base interpreter, because the packages of
the virtual environment would hide a package that the layer lacks. The measured time ends when the function is ready to
send its first request to DynamoDB, including any client that the function creates on first use.
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

BOTO3_HANDLER: Final = "boto3"

_CLIENT: Final = "from undelivered.adapters.dynamodb.models import shared_connection; shared_connection().client"
# The module and function of `bootstrap` that each function builds its parts with at its first invocation.
_USE_CASES: Final = {
    "api_handler": "api.use_cases",
    "archive": "archiving",
    "cleanup": "clean_up",
    "deliver_webhooks": "deliver_webhooks",
    "export_report": "export_report",
    "on_item_changed": "item_change_handlers",
    "ingest_feedback": "feedback_ingestion",
    "ingest_sms_logs": "sms_log_ingestion",
    "manage_people": "manage_people",
    "process_resends": "process_resends",
    "read_replies": "read_replies",
    "send_digests": "send_digests",
    "send_notifications": "send_notifications",
    "sync_suppressions": "sync_suppressions",
}


SETTINGS: Final = {
    **subprocess_runner.function_environment("http://127.0.0.1:9"),  # no server listens there
    "TOKEN_ISSUER": "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_bench",
    "CONSOLE_CLIENT_ID": "console",
    "HOST_CLIENT_ID": "host",
    "SIGN_IN_URL": "https://sign-in.example",
    "SIGNING_SECRET_ARN": "arn:aws:secretsmanager:us-east-1:000000000000:secret:bench",
    "EVIDENCE_KEYS": "arn:aws:kms:us-east-1:000000000000:key/bench",
    "CONFIGURATION_SET": "first",
    "RESEND_CONFIGURATION_SET": "resend",
    "TEXTS_PER_SECOND": "20",
    "SENDER": "notices@undelivered.example",
    "PUBLIC_URL": "https://api.example",
    "OUTCOME_TOPIC_ARN": "arn:aws:sns:us-east-1:000000000000:outcomes",
}
"""Environment variables with which every function starts."""


@dataclass(frozen=True, slots=True)
class Unpacked:
    """The folders of the unpacked layer and code, as in Lambda."""

    layer: Path
    code: Path

    def run(self, program: str, *flags: str) -> subprocess.CompletedProcess[str]:
        """Run a Python program with the interpreter, path and environment of a function."""
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
    """Build the layer and the code, and unpack them in a temporary folder."""
    built = build(Target.local())
    with tempfile.TemporaryDirectory() as folder:
        layer, code = Path(folder) / "opt", Path(folder) / "task"
        for archive, place in ((built.layer, layer), (built.code, code)):
            with zipfile.ZipFile(archive) as source:
                source.extractall(place)
        yield Unpacked(layer / "python", code)


def programs() -> Mapping[str, str]:
    """Return the cold start of each function, and of the minimal boto3 handler, as a Python program."""
    sources = {BOTO3_HANDLER: "import boto3, json; boto3.client('dynamodb')"}
    for name, use_case in _USE_CASES.items():
        imports = f"import undelivered.entrypoints.{name}\nfrom undelivered import bootstrap"
        sources[name] = f"{imports}; bootstrap.{use_case}()\n{_CLIENT}"
    return sources


def measure(rounds: int) -> list[Figure]:
    """Start all functions in turn, ``rounds`` times.

    The comparison uses the lowest CPU time of all rounds, because other work on the machine only adds to it. The
    figures also give the elapsed time.
    """
    cpu: dict[str, list[float]] = {name: [] for name in programs()}
    clock: dict[str, list[float]] = {name: [] for name in programs()}
    with unpacked() as place:
        for round_ in range(rounds + 1):
            for name, program in programs().items():
                used, began = _cpu_of_children(), time.perf_counter()
                place.run(program)
                if round_:  # the first round fills the disk cache
                    cpu[name].append(_cpu_of_children() - used)
                    clock[name].append(time.perf_counter() - began)
    lowest = {name: min(all_) for name, all_ in cpu.items()}
    ratios = {name: seconds / lowest[BOTO3_HANDLER] for name, seconds in lowest.items() if name != BOTO3_HANDLER}
    milliseconds = {f"{name}_ms": min(all_) * 1e3 for name, all_ in clock.items()}
    says = "cold start of the slowest function, relative to a minimal boto3 handler with a DynamoDB client"
    return [
        Figure("cold_start_over_boto3", max(ratios.values()), "times", says, ratios),
        Figure("cold_start_ms", max(min(clock[name]) for name in ratios) * 1e3, "ms", "slowest function", milliseconds),
    ]


def _cpu_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
