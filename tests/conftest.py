"""Rules for every folder: which tests are slow, which may open sockets, how workers share them, what was skipped."""

import os
from collections import Counter
from pathlib import Path

import botocore.session
import pytest
from botocore.loaders import create_loader
from hypothesis import settings

TESTS = Path(__file__).parent
SLOW_FOLDERS = {"browser", "faults", "stack"}
LOOPBACK = ["127.0.0.1"]
MAX_WORKERS = 8
IN_CI = os.environ.get("CI", "").lower() in {"1", "true"}

# A loaded machine must not fail a test, so no example has a deadline. CI repeats the same examples on every run.
settings.register_profile("tests", deadline=None, print_blob=True, derandomize=IN_CI)
settings.load_profile("tests")


def folder_of(path):
    """Return the name of the folder in tests/ that holds a file, an empty name for tests/ itself."""
    parts = path.resolve().relative_to(TESTS).parts
    return parts[0] if parts else ""


def needs_dynamodb_local(item):
    parameters = item.callspec.params.values() if hasattr(item, "callspec") else ()
    return "dynamodb_local" in item.fixturenames or "dynamodb_local" in parameters


@pytest.fixture(scope="session", autouse=True)
def botocore_models():
    """Let all clients share one loader, which keeps what it has read: AWS's service descriptions are large."""
    loader = create_loader()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(botocore.session, "create_loader", lambda _: loader)
        yield


# --- parallel runs


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config):
    """Run several folders on all processors. A run in one folder starts faster in one process, which -n can change."""
    option = config.option
    if "PYTEST_XDIST_WORKER" in os.environ:
        return  # a worker that started workers of its own would never end
    interactive = option.usepdb or option.capture == "no" or option.collectonly
    if interactive or getattr(option, "numprocesses", 0) is not None or not _spans_folders(config.args):
        return
    workers = min(len(os.sched_getaffinity(0)), MAX_WORKERS)
    if workers > 1:
        option.numprocesses, option.dist = workers, "loadgroup"
        option.loadscopereorder = False  # pytest_collection_modifyitems puts the longest groups first


def _spans_folders(arguments):
    paths = [Path(argument.partition("::")[0]).resolve() for argument in arguments]
    if not all(path.is_relative_to(TESTS) for path in paths):
        return any(TESTS.is_relative_to(path) for path in paths)
    return TESTS in paths or len({folder_of(path) for path in paths}) > 1


def group_of(item):
    """Return the group of tests that share a worker, and with it their stack, build, DynamoDB Local or browser."""
    shares_stack = folder_of(item.path) == "stack" and not hasattr(item.module, "stack")
    return "stack" if shares_stack else str(item.path.relative_to(TESTS))


# --- rules for single tests


def pytest_collection_modifyitems(config, items):
    for item in items:
        folder = folder_of(item.path)
        if folder in SLOW_FOLDERS or needs_dynamodb_local(item):
            item.add_marker("slow")
        if folder == "unit" or (folder == "contract" and not needs_dynamodb_local(item)):
            item.add_marker("disable_socket")
        elif folder in {"contract", "integration"}:
            item.add_marker(pytest.mark.allow_hosts(LOOPBACK))
        item.add_marker(pytest.mark.xdist_group(group_of(item)))
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: (group_of(item) != "stack", folder_of(item.path) not in SLOW_FOLDERS))


# --- skipped tests


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item):
    report = yield
    if IN_CI and report.skipped and not hasattr(report, "wasxfail") and not item.get_closest_marker("samples"):
        report.outcome = "failed"
        report.longrepr = f"CI runs every test, and this one was skipped: {_reason(report)}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report():
    report = yield
    if IN_CI and report.skipped:
        report.outcome = "failed"
        report.longrepr = f"CI runs every test, and this file was skipped: {_reason(report)}"
    return report


def pytest_terminal_summary(terminalreporter):
    skipped = Counter(_reason(report) for report in terminalreporter.stats.get("skipped", []))
    if skipped:
        terminalreporter.section("skipped on this machine")
        for reason, number in skipped.most_common():
            terminalreporter.line(f"{number} {'test' if number == 1 else 'tests'}: {reason}")


def _reason(report):
    text = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return text.removeprefix("Skipped: ")
