"""What each function loads when it starts: whatever is heavy and not needed would be paid for by every cold start."""

import json
import os
import subprocess
import sys
from functools import cache

import pytest

from infrastructure.bench.cold_start import BOTO3_HANDLER, SETTINGS, programs
from infrastructure.paths import CHALICE_CONFIG, FUNCTIONS

# botocore and what it brings; of it awscrt and certifi are used only where they happen to be installed.
BOTOCORE = {"awscrt", "botocore", "certifi", "dateutil", "jmespath", "six", "urllib3"}
EVERY_FUNCTION = BOTOCORE | {
    "aws_lambda_powertools",
    "blinker",  # of pynamodb
    "chalice",
    "msgspec",
    "pynamodb",
    "typing_extensions",  # of powertools
}
HEAVY_OF_PYTHON = {"asyncio", "multiprocessing", "sqlite3", "statistics", "unittest"}


@cache
def modules_after(program):
    """The modules that a process has loaded after a program, by their first names, with each one's origin."""
    told = "\nimport sys, json\nprint(json.dumps({n: getattr(m, '__file__', None) for n, m in sys.modules.items()}))"
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "COV_"))}
    done = subprocess.run(
        [sys.executable, "-c", program + told],
        env={**kept, **SETTINGS, "PYTHONPATH": str(FUNCTIONS)},
        check=True,
        capture_output=True,
        text=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def before():
    """What the interpreter loads by itself, traces of the virtual environment included."""
    return set(modules_after(""))


def third_party(modules):
    return {name.partition(".")[0] for name, file in modules.items() if file and "site-packages" in file}


FUNCTION_NAMES = [name for name in programs() if name != BOTO3_HANDLER]


def test_every_function_is_looked_at():
    stages = json.loads((CHALICE_CONFIG / "config.json").read_text())["stages"]
    assert set(FUNCTION_NAMES) == set(stages["live"]["lambda_functions"])


@pytest.mark.parametrize("name", FUNCTION_NAMES)
def test_a_function_starts_with_what_it_uses_and_nothing_heavy(name, before):
    loaded = {module: file for module, file in modules_after(programs()[name]).items() if module not in before}

    assert third_party(loaded) <= EVERY_FUNCTION
    assert not HEAVY_OF_PYTHON & set(loaded)


@pytest.mark.parametrize("name", sorted(set(FUNCTION_NAMES) - {"api_handler"}))
def test_only_the_api_loads_the_api(name, before):
    loaded = set(modules_after(programs()[name])) - before

    assert not {module for module in loaded if module.startswith("undelivered.entrypoints.http")}


def test_the_api_loads_no_other_function(before):
    loaded = set(modules_after(programs()["api_handler"])) - before
    others = {f"undelivered.entrypoints.{name}" for name in FUNCTION_NAMES if name != "api_handler"}

    assert not loaded & others
