"""Whatever AWS answers, each command ends with a sentence that says what to do, and never with a traceback."""

import io

import boto3
import pytest
from boto3.exceptions import S3UploadFailedError
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ClientError, ConnectTimeoutError, EndpointConnectionError, ProfileNotFound
from botocore.httpsession import URLLib3Session
from pynamodb.exceptions import QueryError
from typer.testing import CliRunner

from infrastructure.aws_errors import aws_error_message
from infrastructure.cli.main import app
from undelivered.adapters.dynamodb.client import busy_is_retryable
from undelivered.domain.errors import RetryableError

COMMANDS = {
    "deploy": ["--bucket", "my-artifacts", "--yes"],
    "destroy": ["--yes"],
    "doctor": [],
    "redrive": [],
    "reconcile": [],
    "restore": ["--backup", "before", "--yes"],
    "explain": ["--unrecognised"],
}
"""The commands that use AWS, and the options that they need."""


def xml(code, message):
    return f"""<ErrorResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><Error><Type>Sender</Type>
<Code>{code}</Code><Message>{message}</Message></Error><RequestId>5ccc7dcd-744c-11e5-be70-example</RequestId>
</ErrorResponse>"""


ANSWERS = {
    "expired": (403, xml("ExpiredToken", "The security token included in the request is expired"), "Sign in again"),
    "wrong key": (
        403,
        xml("InvalidClientTokenId", "The security token included in the request is invalid."),
        "aws sts get-caller-identity",
    ),
    "denied": (
        403,
        xml(
            "AccessDenied",
            "User: arn:aws:iam::123456789012:user/ada is not authorized to perform: cloudformation:Something on "
            "resource: arn:aws:cloudformation:eu-central-1:123456789012:stack/undelivered-live/*",
        ),
        "the permission cloudformation:Something",
    ),
    "throttled": (400, xml("Throttling", "Rate exceeded"), "Wait a minute"),
    "clock": (403, xml("RequestTimeTooSkewed", "The difference is too large."), "Set the clock"),
    "region": (
        403,
        xml("OptInRequired", "The AWS Access Key Id needs a subscription for the service"),
        "enable the region",
    ),
    "their fault": (500, xml("InternalFailure", "The request processing has failed."), "Health Dashboard"),
}
"""What AWS answers (*Common Errors* of the CloudFormation API Reference): status, body, and part of the sentence."""


@pytest.fixture
def run(monkeypatch, tmp_path):
    """Return a function that runs a command, as a user does whose network is `send`."""
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)  # it remembers the credentials of its first use
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hush-hush")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")

    def command(name, send):
        monkeypatch.setattr(URLLib3Session, "send", send)
        return CliRunner().invoke(app, [name, "--stage", "live", *COMMANDS[name]])

    return command


def ends_with_a_sentence(done, part):
    said = " ".join(done.stderr.split())
    assert isinstance(done.exception, SystemExit), done.exception
    assert (done.exit_code, "Traceback" in said, "hush" in said) == (1, False, False)
    assert part in said, said


class Raw(io.BytesIO):
    def stream(self, **_):
        yield self.read()


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("answer", ANSWERS)
def test_an_error_that_aws_answers_ends_every_command_with_a_sentence(run, command, answer):
    status, body, part = ANSWERS[answer]

    def send(_session, request):
        return AWSResponse(request.url, status, {"content-type": "text/xml"}, Raw(body.encode()))

    ends_with_a_sentence(run(command, send), part)


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("kind", [EndpointConnectionError, ConnectTimeoutError])
def test_a_network_that_fails_ends_every_command_with_a_sentence(run, command, kind):
    def send(_session, request):
        raise kind(endpoint_url=request.url)

    ends_with_a_sentence(run(command, send), "Check the network, the proxy and the region")


def no_answer(_session, _request):
    raise AssertionError("nothing may be asked")


@pytest.mark.parametrize("command", COMMANDS)
def test_missing_credentials_end_every_command_with_a_sentence(run, monkeypatch, command):
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")

    ends_with_a_sentence(run(command, no_answer), "aws configure")


@pytest.mark.parametrize("command", COMMANDS)
def test_a_missing_region_ends_every_command_with_a_sentence(run, monkeypatch, command):
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    monkeypatch.delenv("AWS_REGION", raising=False)

    ends_with_a_sentence(run(command, no_answer), "AWS_DEFAULT_REGION")


def test_an_unknown_profile_is_a_sentence():
    assert "aws configure list-profiles" in aws_error_message(ProfileNotFound(profile="nonesuch"))


def refused(code, operation="PutObject", message=""):
    return ClientError({"Error": {"Code": code, "Message": message}}, operation)


def test_an_error_is_found_behind_those_of_boto3_and_of_the_stores():
    uploading = S3UploadFailedError("Failed to upload functions.zip")
    uploading.__context__ = refused("ExpiredToken")
    querying = QueryError(cause=refused("AccessDeniedException", "Query"))

    assert "Sign in again" in aws_error_message(uploading)
    assert "AWS refuses Query" in aws_error_message(querying)
    with pytest.raises(RetryableError) as caught, busy_is_retryable():
        raise QueryError(cause=refused("ThrottlingException", "Query"))
    assert "Wait a minute" in aws_error_message(caught.value)


def test_an_error_of_ours_is_no_sentence_even_when_it_follows_one_of_aws():
    bug = KeyError("a bug")
    bug.__context__ = refused("ExpiredToken")

    assert aws_error_message(bug) is None


def test_any_other_refusal_is_given_with_its_reason_and_code():
    sentence = aws_error_message(refused("NoSuchBucket", message="The specified bucket does not exist."))

    assert sentence.startswith("PutObject failed: The specified bucket does not exist (NoSuchBucket).")


def test_a_bug_of_a_command_is_not_hidden(monkeypatch):
    def down():
        raise KeyError("a bug")

    (found,) = (info for info in app.registered_commands if info.callback.__name__ == "down")
    monkeypatch.setattr(found, "callback", down)

    assert isinstance(CliRunner().invoke(app, ["down"]).exception, KeyError)
