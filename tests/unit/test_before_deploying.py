"""What deploy checks in the AWS account before it builds, and what it finds there and leaves as it is."""

from contextlib import ExitStack

import boto3
import pytest
from typer.testing import CliRunner

from infrastructure.before_deploying import account_problems, check_bucket, existing_parameters, reserved_concurrency
from infrastructure.build import template
from infrastructure.build.concurrency import NEEDED
from infrastructure.cli.main import app
from infrastructure.deployed_stack import stack_name
from infrastructure.errors import ToolError
from tests.builders.aws import stubbed

REGION = "us-east-1"
GROUP = f"sns/{REGION}/123456789012/DirectPublishToPhoneNumber"
ROLE = "arn:aws:iam::123456789012:role/somebody-elses"
QUOTA = {"Max24HourSend": 50_000.0, "MaxSendRate": 14.0, "SentLast24Hours": 10.0}
ACCOUNT = {"ProductionAccessEnabled": True, "SendingEnabled": True, "EnforcementStatus": "HEALTHY", "SendQuota": QUOTA}
IDENTITY = {"VerifiedForSendingStatus": True, "DkimAttributes": {"SigningEnabled": True, "Status": "SUCCESS"}}


class Account:
    """An AWS account by what it answers."""

    def __init__(self, stack):
        self._stack, self._clients = stack, {}

    def client(self, service):
        return self._stubbed(service)[0]

    def stub(self, service):
        return self._stubbed(service)[1]

    def _stubbed(self, service):
        if service not in self._clients:
            self._clients[service] = self._stack.enter_context(stubbed(service))
        return self._clients[service]

    def has(self, *, groups=(), role="", identities=(), asked_for=None):
        self.stub("sts").add_response("get_caller_identity", {"Account": "123456789012"}, {})
        listed = {"logGroups": [{"logGroupName": name} for name in groups]}
        self.stub("logs").add_response("describe_log_groups", listed, {"logGroupNamePrefix": GROUP})
        self.stub("apigateway").add_response("get_account", {"cloudwatchRoleArn": role} if role else {}, {})
        if asked_for in identities:
            self.stub("sesv2").add_response("get_email_identity", IDENTITY, {"EmailIdentity": asked_for})
        elif asked_for:
            self.stub("sesv2").add_client_error("get_email_identity", "NotFoundException")


@pytest.fixture
def aws():
    with ExitStack() as stack:
        yield Account(stack)


def found(aws, resources=(), **parameters):
    return existing_parameters(aws.client, resources, parameters)


def test_an_empty_account_gets_everything_from_the_stack(aws):
    aws.has(asked_for="example.com")

    assert found(aws, SenderDomain="example.com") == {"SmsLogGroups": "create", "ApiGatewayRole": "create"}


def test_log_groups_role_and_identity_that_exist_are_used(aws):
    groups = [GROUP, f"{GROUP}/Failure", f"{GROUP}OfSomebodyElse"]
    aws.has(groups=groups, role=ROLE, identities=["example.com"], asked_for="example.com")

    parameters = found(aws, SenderDomain="example.com")

    assert parameters == {"SmsLogGroups": "keep", "ApiGatewayRole": "keep", "SenderDomain": ""}


@pytest.mark.parametrize(("there", "missing"), [(GROUP, f"{GROUP}/Failure"), (f"{GROUP}/Failure", GROUP)])
def test_the_second_log_group_is_created_where_sns_created_only_one(aws, there, missing):
    aws.has(groups=[there], role=ROLE)
    aws.stub("logs").add_response("create_log_group", {}, {"logGroupName": missing})

    assert found(aws)["SmsLogGroups"] == "keep"


def test_what_the_stack_itself_created_stays_in_the_stack(aws):
    aws.stub("sts").add_response("get_caller_identity", {"Account": "123456789012"}, {})
    listed = {"logGroups": [{"logGroupName": GROUP}, {"logGroupName": f"{GROUP}/Failure"}]}
    aws.stub("logs").add_response("describe_log_groups", listed, {"logGroupNamePrefix": GROUP})
    owned = [
        ("AWS::Logs::LogGroup", GROUP),
        ("AWS::ApiGateway::Account", "ApiGatewayAccount"),
        ("AWS::SES::EmailIdentity", "example.com"),
    ]

    parameters = found(aws, owned, SenderDomain="example.com")

    assert parameters == {"SmsLogGroups": "create", "ApiGatewayRole": "create"}


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("404", r"does not exist\. Create it: aws s3 mb s3://mine --region us-east-1"),
        ("403", "belongs to another AWS account, or you may not use it"),
    ],
)
def test_a_bucket_that_cannot_be_used_is_refused(aws, code, sentence):
    aws.stub("s3").add_client_error("head_bucket", code, "", int(code))

    with pytest.raises(ToolError, match=sentence):
        check_bucket(aws.client("s3"), "mine")


def test_a_bucket_in_another_region_is_refused(aws):
    aws.stub("s3").add_response("head_bucket", {"BucketRegion": "eu-central-1"}, {"Bucket": "mine"})

    with pytest.raises(ToolError, match="is in eu-central-1, but you deploy to us-east-1"):
        check_bucket(aws.client("s3"), "mine")


def test_a_bucket_in_the_region_is_accepted(aws):
    aws.stub("s3").add_response("head_bucket", {"BucketRegion": REGION}, {"Bucket": "mine"})

    check_bucket(aws.client("s3"), "mine")


def runs(aws, unreserved):
    """Let Lambda run so many executions at a time."""
    limit = {"AccountLimit": {"UnreservedConcurrentExecutions": unreserved}}
    aws.stub("lambda").add_response("get_account_settings", limit, {})


def doubted(aws, account=ACCOUNT, concurrency=1_000, **parameters):
    for _ in range(2):
        aws.stub("sesv2").add_response("get_account", account, {})
    runs(aws, concurrency)
    return " ".join(
        f"{each.what} → {each.remedy}" for each in account_problems(aws.client, "undelivered-live", parameters)
    )


def test_an_account_that_can_send_is_not_doubted(aws):
    assert doubted(aws, Sender="us@example.com", SenderDomain="example.com") == ""


def test_a_sandbox_a_used_up_quota_and_a_missing_sender_are_shown_before_the_build(aws):
    said = doubted(aws, {**ACCOUNT, "ProductionAccessEnabled": False, "SendQuota": QUOTA | {"SentLast24Hours": 49e3}})

    assert "SES is in the sandbox" in said
    assert "49000 of 50000 emails sent" in said
    assert "no sender is set" in said


def test_a_concurrency_below_what_a_stage_can_use_is_shown_before_the_build_with_what_to_do(aws):
    said = doubted(aws, concurrency=10, Sender="us@example.com", SenderDomain="example.com")

    assert f"Lambda runs at most 10 executions at a time, and a stage can use {NEEDED}, so the API can be" in said
    assert "aws service-quotas request-service-quota-increase --service-code lambda --quota-code L-B99A9384" in said


@pytest.mark.parametrize(
    ("unreserved", "deployed", "chosen", "reserved"),
    [
        (10, {}, {}, {}),
        (101, {}, {}, {}),
        (102, {}, {}, {"SmsLogsConcurrency": "2"}),
        (1_000, {"SmsLogsConcurrency": "0"}, {}, {"SmsLogsConcurrency": "2"}),
        (None, {"SmsLogsConcurrency": "5"}, {}, {}),
        (None, {}, {"SmsLogsConcurrency": "0"}, {}),
        (None, {"SmsLogsConcurrency": "2"}, {"SmsLogsConcurrency": "0"}, {}),
    ],
)
def test_concurrency_is_reserved_for_sms_logs_where_lambda_keeps_100_and_nobody_chose_otherwise(
    aws, unreserved, deployed, chosen, reserved
):
    if unreserved is not None:
        runs(aws, unreserved)

    assert reserved_concurrency(aws.client, deployed, chosen) == reserved


def test_a_sender_without_an_identity_is_shown(aws):
    for _ in range(2):
        aws.stub("sesv2").add_response("get_account", ACCOUNT, {})
    for _ in range(2):
        aws.stub("sesv2").add_client_error("get_email_identity", "NotFoundException")

    runs(aws, 1_000)

    (doubt,) = account_problems(aws.client, "undelivered-live", {"Sender": "us@example.com"})

    assert "neither us@example.com nor example.com is an SES identity" in doubt.what


@pytest.mark.parametrize("stage", ["Live", "my stage", "-live", "live-", "", "a" * 39, "l\u00edve", "live/2", "live.2"])
def test_a_stage_that_aws_would_refuse_is_refused_at_once(stage, monkeypatch):
    monkeypatch.setattr(boto3, "Session", None)  # nothing is asked
    monkeypatch.setattr(template, "build", None)  # nothing is built

    for command in (["deploy", "--bucket", "mine"], ["destroy"], ["doctor"]):
        done = CliRunner().invoke(app, [*command, "--stage", stage])

        assert done.exit_code == 1
        assert "lower-case letters, digits and hyphens" in " ".join(done.stderr.split())


@pytest.mark.parametrize("stage", ["aws-test", "mycognito", "amazonia"])
def test_a_stage_with_a_word_that_aws_reserves_is_refused(stage):
    with pytest.raises(ToolError, match="AWS reserves the words amazon, aws, cognito"):
        stack_name(stage)


@pytest.mark.parametrize("stage", ["live", "7", "eu-1-test", "a" * 38])
def test_a_stage_that_aws_accepts_is_accepted(stage):
    assert len(f"{stack_name(stage)}-123456789012") <= 63
