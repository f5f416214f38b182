"""Signing secrets: which versions are read, how long they are kept, and what a rotation does."""

import pytest
from botocore.exceptions import ClientError

from tests.builders.aws import stubbed
from undelivered.adapters.aws.secrets import SecretsManagerKeys

ARN = "arn:aws:secretsmanager:us-east-1:123456789012:secret:signing"


class Vault:
    """Secrets Manager, asked for one secret, with a clock that a test moves."""

    def __init__(self, client, stub):
        self.stub, self.seconds = stub, 0.0
        self.keys = SecretsManagerKeys(client, ARN, clock=lambda: self.seconds)
        self.current_alone = SecretsManagerKeys(client, ARN, lambda: self.seconds, stages=("AWSCURRENT",))

    def holds(self, secret, stage="AWSCURRENT"):
        expected = {"SecretId": ARN, "VersionStage": stage}
        self.stub.add_response("get_secret_value", {"SecretString": secret}, expected)

    def lacks(self, stage, code="ResourceNotFoundException"):
        expected = {"SecretId": ARN, "VersionStage": stage}
        self.stub.add_client_error("get_secret_value", code, expected_params=expected)


@pytest.fixture
def vault():
    with stubbed("secretsmanager") as (client, stub):
        yield Vault(client, stub)


def test_the_current_secret_comes_first_and_the_previous_one_after_it(vault):
    vault.holds("new")
    vault.holds("old", "AWSPREVIOUS")

    assert vault.keys.secrets() == (b"new", b"old")


def test_a_secret_that_was_never_rotated_has_no_previous_one(vault):
    vault.holds("only")
    vault.lacks("AWSPREVIOUS")

    assert vault.keys.secrets() == (b"only",)


def test_a_missing_current_secret_is_an_error(vault):
    vault.lacks("AWSCURRENT")

    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        vault.keys.secrets()


@pytest.mark.parametrize("stage", ["AWSCURRENT", "AWSPREVIOUS"])
def test_so_is_a_secret_that_may_not_be_read(vault, stage):
    if stage == "AWSPREVIOUS":
        vault.holds("new")
    vault.lacks(stage, "AccessDeniedException")

    with pytest.raises(ClientError, match="AccessDeniedException"):
        vault.keys.secrets()


def test_the_secrets_are_read_once_in_five_minutes(vault):
    vault.holds("new")
    vault.lacks("AWSPREVIOUS")

    told = [vault.keys.secrets()]
    vault.seconds = 300.0
    told.append(vault.keys.secrets())

    assert told == [(b"new",), (b"new",)]


def test_a_rotation_is_known_after_five_minutes_and_the_old_secret_still_verifies(vault):
    vault.holds("first")
    vault.lacks("AWSPREVIOUS")
    vault.keys.secrets()
    vault.holds("second")
    vault.holds("first", "AWSPREVIOUS")

    vault.seconds = 300.5

    assert vault.keys.secrets() == (b"second", b"first")


def test_what_was_read_again_is_kept_as_long_again(vault):
    for secret in ("first", "second"):
        vault.holds(secret)
        vault.lacks("AWSPREVIOUS")
    vault.keys.secrets()
    vault.seconds = 301.0
    vault.keys.secrets()

    vault.seconds = 601.0

    assert vault.keys.secrets() == (b"second",)


def test_who_needs_the_current_secret_alone_reads_no_other(vault):
    vault.holds("only")

    assert vault.current_alone.secrets() == (b"only",)
