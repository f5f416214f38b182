"""Run a measurement in a process of its own, so that no thread, cache or setting of this process affects it."""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from infrastructure.bench.events import ACCOUNT, TOPIC
from infrastructure.errors import ToolError
from infrastructure.paths import ROOT

TABLES: Final = ("undelivered", "history", "counts", "notifications", "customers", "suppressions", "accounts")

_RESULTS: Final = "results:"
_PROGRESS: Final = "progress:"


def run(
    module: str,
    *arguments: str,
    environment: Mapping[str, str],
    progress: Callable[[float], None] = lambda _share: None,
) -> dict[str, Any]:
    """Run a module of this package and return what it passes to ``report_results``.

    ``progress`` gets each value that the module passes to ``report_progress``. Raises ToolError if the module fails.
    """
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
        results: dict[str, Any] | None = None
        with process:
            try:
                for line in process.stdout:
                    if line.startswith(_PROGRESS):
                        progress(float(line.removeprefix(_PROGRESS)))
                    elif line.startswith(_RESULTS):
                        results = json.loads(line.removeprefix(_RESULTS))
            except BaseException:
                process.terminate()
                raise
        if process.returncode or results is None:
            errors.seek(0)
            raise ToolError(f"Measuring {module} failed: {errors.read().strip()[-2000:]}")
    return results


def report_progress(share: float) -> None:
    """Report to the parent process which share of the work is done, from 0 to 1."""
    _write(f"{_PROGRESS}{share}")


def report_results(results: Mapping[str, Any]) -> None:
    """Return the measured values to the parent process."""
    _write(f"\n{_RESULTS}{json.dumps(results)}")


def _write(line: str) -> None:
    assert sys.__stdout__ is not None
    print(line, file=sys.__stdout__, flush=True)  # not sys.stdout, which collects the output of functions


def function_environment(endpoint: str) -> dict[str, str]:
    """Return the environment variables of a function that calls AWS at ``endpoint``. Tables have their plain names."""
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "DEAD_LETTERS_URL": f"{endpoint}/queue",
        "DEFAULT_ACCOUNT_ID": ACCOUNT,
        "EXPORTS_BUCKET": "exports",
        "EXPORTS_QUEUE_URL": f"{endpoint}/queue",
        "WEBHOOKS_QUEUE_URL": f"{endpoint}/queue",
        "ATTACHMENTS_BUCKET": "attachments",
        "PEOPLE_FUNCTION": "arn:aws:lambda:us-east-1:000000000000:function:people",
        "USER_POOL_ID": "us-east-1_bench",
        "SEARCHES_PER_MINUTE": "1000000",
        "NOTIFICATIONS_PER_MINUTE": "1000000",
        "BULK_RESENDS_PER_MINUTE": "1000000",
        "INVITATIONS_PER_MINUTE": "1000000",
        "ERASURE_SECRET_ARN": "arn:aws:secretsmanager:us-east-1:000000000000:secret:erasures",
        "FEEDBACK_TOPIC_ARN": TOPIC,
        "FEEDBACK_QUEUE_URL": f"{endpoint}/queue",
        "OUTCOME_TOPIC_ARN": TOPIC,
        "REPLIES_QUEUE_URL": f"{endpoint}/queue",
        "REPLIES_TOPIC_ARN": TOPIC,
        "RESENDS_QUEUE_URL": f"{endpoint}/queue",
        "SENDS_QUEUE_URL": f"{endpoint}/queue",
        **{f"{table.upper()}_TABLE": table for table in TABLES},
    }


def responder(document: str = "{}") -> contextlib.AbstractContextManager[str]:
    """Run a server that responds to every request with ``document``; the context's value is its URL."""
    return serving("responder", document)


@contextlib.contextmanager
def serving(module: str, *arguments: str) -> Iterator[str]:
    """Run a server, a module of this package, until the context ends; the context's value is its URL."""
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
    """The attributes of an invocation's context that functions read."""

    function_name = "bench"
    memory_limit_in_mb = 512
    invoked_function_arn = "arn:aws:lambda:us-east-1:000000000000:function:bench"
    aws_request_id = "00000000-0000-0000-0000-000000000000"
