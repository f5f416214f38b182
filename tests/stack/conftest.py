"""One local stack for all tests that talk to the deployed template."""

import pytest

from infrastructure.local.stack import LocalStack


@pytest.fixture(scope="session")
def stack(tmp_path_factory):
    with LocalStack.start(state_dir=tmp_path_factory.mktemp("stack"), empty=True) as running:
        yield running
