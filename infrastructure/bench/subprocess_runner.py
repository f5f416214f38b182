"""Measuring in a process of its own: nothing of this one's threads, caches or environment gets into the figures."""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from infrastructure.bench.events import TOPIC
from infrastructure.errors import ToolError
from infrastructure.paths import ROOT

TABLES: Final = ("undelivered", "history", "counts", "notifications", "customers", "suppressions", "accounts")

_FIGURES: Final = "figures:"
_PROGRESS: Final = "progress:"


def run(
    module: str,
    *arguments: str,
    environment: Mapping[str, str],
    progress: Callable[[float], None] = lambda _part: None,
) -> dict[str, Any]:
    """Run a module of this package and return what it passed to ``hand_over``; ``progress`` is told of it meanwhile."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    with tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", f"infrastructure.bench.{module}", *arguments],
            cwd=ROOT,
            env={**inherited, **environment},
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
        assert process.stdout is not None
        figures: dict[str, Any] | None = None
        with process:
            try:
                for line in process.stdout:
                    if line.startswith(_PROGRESS):
                        progress(float(line.removeprefix(_PROGRESS)))
                    elif line.startswith(_FIGURES):
                        figures = json.loads(line.removeprefix(_FIGURES))
            except BaseException:
                process.terminate()
                raise
        if process.returncode or figures is None:
            errors.seek(0)
            raise ToolError(f"Measuring {module} failed: {errors.read().strip()[-2000:]}")
    return figures


def tell_progress(part: float) -> None:
    """Tell the process that ran this one which part is done."""
    _write(f"{_PROGRESS}{part}")


def hand_over(figures: Mapping[str, Any]) -> None:
    """Give what was measured to the process that ran this one."""
    _write(f"\n{_FIGURES}{json.dumps(figures)}")


def _write(line: str) -> None:
    assert sys.__stdout__ is not None
    print(line, file=sys.__stdout__, flush=True)  # the true one: what functions print is caught elsewhere


def function_environment(endpoint: str) -> dict[str, str]:
    """Return the environment of a function whose AWS is at an endpoint, with tables of plain names."""
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "DEFAULT_ACCOUNT_ID": "acc-default",
        "EXPORTS_BUCKET": "exports",
        "ERASURE_SECRET_ARN": "arn:aws:secretsmanager:us-east-1:000000000000:secret:erasures",
        "FEEDBACK_TOPIC_ARN": TOPIC,
        "FEEDBACK_QUEUE_URL": f"{endpoint}/queue",
        "RESENDS_QUEUE_URL": f"{endpoint}/queue",
        "SENDS_QUEUE_URL": f"{endpoint}/queue",
        "POWERTOOLS_SERVICE_NAME": "undelivered",
        **{f"{table.upper()}_TABLE": table for table in TABLES},
    }


def responder(document: str = "{}") -> contextlib.AbstractContextManager[str]:
    """Run the endpoint that answers everything with a document; give its URL."""
    return serving("responder", document)


@contextlib.contextmanager
def serving(module: str, *arguments: str) -> Iterator[str]:
    """Run a module of this package that serves until its standard input ends; give its URL."""
    command = [sys.executable, "-m", f"infrastructure.bench.{module}", *arguments]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin is not None
    assert process.stdout is not None
    with process:
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.stdin.close()


class LambdaContext:
    """What the functions look at of an invocation's context."""

    function_name = "bench"
    memory_limit_in_mb = 512
    invoked_function_arn = "arn:aws:lambda:us-east-1:000000000000:function:bench"
    aws_request_id = "00000000-0000-0000-0000-000000000000"
