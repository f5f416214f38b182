"""DynamoDB Local and a build, once for all contract tests that ask for them."""

import os

import pytest

from infrastructure.build.target import Target
from infrastructure.build.template import build
from infrastructure.local import dynamodb_local as program
from tests.contract.worlds import DYNAMODB_LOCAL


@pytest.fixture(scope="session")
def dynamodb_local():
    """The URL of a DynamoDB Local: the one that the environment names, or one of our own."""
    if url := os.environ.get(DYNAMODB_LOCAL):
        yield url
        return
    if missing := program.what_is_missing():
        pytest.skip(missing)
    with program.running() as local:
        os.environ[DYNAMODB_LOCAL] = local.url
        yield local.url
        del os.environ[DYNAMODB_LOCAL]


@pytest.fixture(scope="session")
def built():
    """Build what is deployed; tests copy what they change."""
    return build(Target.local())
