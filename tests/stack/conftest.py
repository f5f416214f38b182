"""One local stack for all tests that talk to the deployed template. It enforces every role's policy, as AWS does."""

import pytest

from infrastructure.local.stack import LocalStack
from tests.stack.acting import Acting


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
