"""One local stack for all tests that talk to the deployed template. It enforces every role's policy, as AWS does."""

from collections import defaultdict

import pytest

from infrastructure.local.stack import LocalStack
from tests.stack.acting import Acting
from tests.stack.crashed import CRASH_POINTS


@pytest.fixture(scope="session")
def stack(tmp_path_factory):
    with LocalStack.start(state_dir=tmp_path_factory.mktemp("stack"), empty=True, enforce_iam=True) as running:
        yield running


@pytest.fixture(scope="module")
def acting(stack):
    people = Acting.on(stack)
    yield people
    people.close()


def pytest_collection_modifyitems(items):
    """Ask last what was granted and never used, and what was logged: all the other tests are the use."""
    items.sort(key=lambda item: item.path.name in {"test_least_privilege.py", "test_privacy.py"})


def pytest_terminal_summary(terminalreporter):
    """Show where functions were killed and throttled. The tests fail if anything was lost or sent twice."""
    killed, throttled, most_sent = defaultdict(int), defaultdict(int), 0
    for report in terminalreporter.stats.get("passed", []):
        for name, tried in report.user_properties:
            if name == CRASH_POINTS:
                function, kills, throttles, sent = tried
                killed[function] += kills
                throttled[function] += throttles
                most_sent = max(most_sent, sent)
    if killed:
        terminalreporter.section("crash points")
        for function, kills in sorted(killed.items()):
            terminalreporter.line(f"{function}: killed at {kills} points, {throttled[function]} calls throttled")
        total = f"{sum(killed.values())} points, {sum(throttled.values())} calls throttled"
        terminalreporter.line(f"{total}: lost 0, sent at most {most_sent} times, counts exact")
