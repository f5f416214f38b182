"""Deploying, upgrading and removing a stage, against the emulator's CloudFormation."""

import os
import subprocess
import sys

import pytest

from infrastructure.deploy import stack_name
from infrastructure.local.stack import LocalStack

STAGE = "trial"


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    """Bring up an emulator of its own: SNS's log groups are one per AWS account, whatever the stage."""
    with LocalStack.start(state_dir=tmp_path_factory.mktemp("deploy"), empty=True) as running:
        yield running


@pytest.fixture(scope="module")
def run(stack):
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
        "AWS_ENDPOINT_URL": stack.endpoint,
        "AWS_DEFAULT_REGION": stack.description.region,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }

    def command(*words, answer=None):
        return subprocess.run(
            [sys.executable, "-c", "from infrastructure.cli import main; main()", *words],
            env=environment,
            input=answer,
            capture_output=True,
            text=True,
            check=False,
        )

    return command


def deploy(run, *more):
    bucket = ["--bucket", "undelivered-artifacts"]
    return run("deploy", "--stage", STAGE, *bucket, "--parameter", "DefaultAccountId=acc-trial", *more)


def test_a_stage_is_deployed_upgraded_and_removed_and_its_data_stay(run, stack):
    first = deploy(run, "--yes")
    assert first.returncode == 0, first.stderr
    assert "ApiUrl: " in first.stdout
    assert "UndeliveredTable" in first.stderr

    again = deploy(run, "--yes", "--parameter", "OperatorEmail=ops@example.com")
    assert again.returncode == 0, again.stderr
    table = next(line.split(": ")[1] for line in first.stdout.splitlines() if line.startswith("UndeliveredTable"))
    declined = run("destroy", "--stage", STAGE, answer="n\n")
    assert declined.returncode == 1
    gone = run("destroy", "--stage", STAGE, "--yes")
    assert gone.returncode == 0, gone.stderr
    assert f"Kept: {table}" in gone.stderr
    assert table in stack.client("dynamodb").list_tables()["TableNames"]


def test_a_parameter_that_is_none_is_told_in_a_sentence(run):
    told = run("deploy", "--stage", STAGE, "--bucket", "undelivered-artifacts", "--parameter", "nonsense")

    assert told.returncode == 1
    assert "NAME=VALUE" in told.stderr


def test_stages_share_nothing():
    assert stack_name("test") != stack_name("live")
