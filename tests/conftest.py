"""Rules for every folder: which tests are slow, which may open sockets, how workers share them, what was skipped."""

import os
from collections import Counter
from pathlib import Path

import botocore.session
import pytest
from botocore.loaders import create_loader
from hypothesis import settings
from xdist.scheduler import LoadFileScheduling

TESTS = Path(__file__).parent
SLOW_FOLDERS = {"browser", "faults", "stack"}
# Files that take seconds: their tests build the whole, copy tables, count for weeks, or try every route and any text.
SLOW_FILES = {
    "test_abuse.py",
    "test_cold_start_imports.py",
    "test_deployed_template.py",
    "test_dynamodb.py",
    "test_erasing.py",
    "test_export_on_s3.py",
    "test_feedback_totality.py",
    "test_figures.py",
    "test_hostile_input.py",
    "test_import_direction.py",
    "test_leaving.py",
    "test_patterns.py",
    "test_policies.py",
    "test_reconcile.py",
    "test_report_filters.py",
    "test_restore.py",
    "test_search_index.py",
    "test_sending_model.py",
    "test_stores.py",
    "test_supply_chain.py",
    "test_template.py",
    "test_test_rules.py",
    "test_totals.py",
    "test_unreadable_records.py",
    "test_version.py",
}
OWN_STACKS = {"test_crash_points.py", "test_deploy.py", "test_faults.py", "test_recovery.py"}
LOOPBACK = ["127.0.0.1"]
MAX_WORKERS = 8
IS_WORKER = "PYTEST_XDIST_WORKER" in os.environ
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


@pytest.fixture(autouse=True)
def execution_environment(monkeypatch):
    """Undo what each Chalice app appends to the user agent of all AWS calls: after a thousand apps it is too long."""
    monkeypatch.setenv("AWS_EXECUTION_ENV", "AWS_Lambda_python3.11")


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
    """Run several folders on all processors. A run in one folder starts faster in one process, which -n can change.

    There are two workers more than processors, because tests that use a stack or a browser mostly wait for it.
    """
    option = config.option
    if IS_WORKER or getattr(option, "numprocesses", 0) is not None:
        return  # a worker that started workers of its own would never end
    interactive = option.usepdb or option.capture == "no" or option.collectonly
    if _spans_folders(config.args) and not interactive:
        option.numprocesses = min(len(os.sched_getaffinity(0)) + 2, MAX_WORKERS)


def _spans_folders(arguments):
    paths = [Path(argument.partition("::")[0]).resolve() for argument in arguments]
    if not all(path.is_relative_to(TESTS) for path in paths):
        return any(TESTS.is_relative_to(path) for path in paths)
    return TESTS in paths or len({folder_of(path) for path in paths}) > 1


class Groups(LoadFileScheduling):
    """Gives each file to one worker, and all files that share the session's stack to the same one."""

    def _split_scope(self, nodeid):
        return group_of(nodeid.partition("::")[0])


def group_of(file):
    _, folder, name = file.split("/", 2)
    return "the shared stack" if folder == "stack" and name not in OWN_STACKS else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    config.option.loadscopereorder = False  # pytest_collection_modifyitems puts the longest groups first
    return Groups(config, log) if config.option.dist == "loadfile" else None


def _longest_first(item):
    folder = folder_of(item.path)
    return folder != "stack", folder not in SLOW_FOLDERS


# --- rules for single tests


@pytest.hookimpl(trylast=True)  # after schemathesis has named its cases
def pytest_collection_modifyitems(items):
    _make_ids_unique(items)
    for item in items:
        folder = folder_of(item.path)
        if folder in SLOW_FOLDERS or item.path.name in SLOW_FILES or needs_dynamodb_local(item):
            item.add_marker("slow")
        if folder == "unit" or (folder == "contract" and not needs_dynamodb_local(item)):
            item.add_marker("disable_socket")
        elif folder in {"contract", "integration"}:
            item.add_marker(pytest.mark.allow_hosts(LOOPBACK))
    if IS_WORKER:
        items.sort(key=_longest_first)


def _make_ids_unique(items):
    """Give each case of schemathesis an ID of its own: of the tests with the same ID, xdist runs only the first."""
    for item in items:
        if not item.nodeid.endswith(item.name):
            item._id = item.parent.id.child(item.name)
    twice = [nodeid for nodeid, number in Counter(item.nodeid for item in items).items() if number > 1]
    if twice:
        raise pytest.UsageError(f"Several tests have the same ID, and xdist would run one of them: {twice[0]}")


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
