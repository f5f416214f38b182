"""Deploying, upgrading and removing a stage, against the emulator's CloudFormation."""

import json
import re
import threading
import zipfile
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count

import pytest
from typer.testing import CliRunner

from infrastructure.bench import events
from infrastructure.build import template as template_module
from infrastructure.build.releases import ALIAS
from infrastructure.build.target import Target
from infrastructure.build.template import build
from infrastructure.cli.main import app
from infrastructure.deployed_stack import stack_name
from infrastructure.local.scenario import eventually
from infrastructure.local.stack import LocalStack

STAGE = "trial"
ACCOUNT = "acc-trial"
WITHIN = 300.0
NUMBERS = count(1)


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    """Bring up an emulator of its own: SNS's log groups are one per AWS account, whatever the stage."""
    with LocalStack.start(state_dir=tmp_path_factory.mktemp("deploy"), empty=True) as running:
        yield running


@pytest.fixture
def run(stack, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", stack.endpoint)
    monkeypatch.setenv("AWS_DEFAULT_REGION", stack.description.region)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("COLUMNS", "1000")

    def command(*words, answer=None):
        return CliRunner().invoke(app, words, input=answer)

    return command


def deploy(run, *more, stage=STAGE, answer=None):
    bucket = ["--bucket", "undelivered-artifacts", "--parameter", f"DefaultAccountId={ACCOUNT}"]
    return run("deploy", "--stage", stage, *bucket, *more, answer=answer)


def outputs_of(done):
    assert done.exit_code == 0, done.output
    return dict(line.split(": ", 1) for line in done.stdout.splitlines() if ": " in line)


class Release:
    """Has a release deployed whose code and layer know each other, and refuse to run with another's."""

    def __init__(self, monkeypatch, folder):
        self.monkeypatch, self.folder = monkeypatch, folder

    def __call__(self, name, **resources):
        built = build(Target.local())
        code, layer = self.folder / f"functions-{name}.zip", self.folder / f"layer-{name}.zip"
        check = (
            f"import release_of_the_layer as layer\nif layer.NAME != {name!r}: raise ImportError('releases mixed')\n"
        )
        with zipfile.ZipFile(built.code) as old, zipfile.ZipFile(code, "w", zipfile.ZIP_DEFLATED) as new:
            for entry in old.namelist():
                if re.fullmatch(r"undelivered/bootstrap/__pycache__/__init__\..*", entry):
                    continue
                content = old.read(entry)
                # Every function loads it when it starts.
                new.writestr(
                    entry, check.encode() + content if entry == "undelivered/bootstrap/__init__.py" else content
                )
        layer.write_bytes(built.layer.read_bytes())
        with zipfile.ZipFile(layer, "a") as archive:
            archive.writestr("python/release_of_the_layer.py", f"NAME = {name!r}\n")
        template = {**built.template, "Resources": {**built.template["Resources"], **resources}}
        marked = replace(built, template=template, code=code, layer=layer)
        self.monkeypatch.setattr(template_module, "build", lambda _target: marked)


@pytest.fixture
def release(monkeypatch, tmp_path):
    return Release(monkeypatch, tmp_path)


def publish(stack, outputs, number):
    """Publish so many failures to a stage; return their recipients."""
    made = [
        events.bounce(next(NUMBERS), datetime.now(UTC), suppressing=False, account_id=ACCOUNT) for _ in range(number)
    ]
    for first in range(0, number, 10):
        entries = [
            {"Id": str(each), "Message": events.as_text(event)} for each, event in enumerate(made[first : first + 10])
        ]
        stack.client("sns").publish_batch(TopicArn=outputs["FeedbackTopicArn"], PublishBatchRequestEntries=entries)
    return {event["mail"]["destination"][0] for event in made}


def recorded(stack, outputs):
    pages = stack.client("dynamodb").get_paginator("scan").paginate(TableName=outputs["UndeliveredTable"])
    return [row["recipient"]["S"] for page in pages for row in page["Items"]]


def are_recorded_once(stack, outputs, recipients):
    eventually(lambda: recipients <= set(recorded(stack, outputs)), "not everything is recorded", WITHIN)
    found = [each for each in recorded(stack, outputs) if each in recipients]
    assert len(found) == len(recipients)


def versions(stack):
    """Return which version of each function of the stage everybody calls."""
    functions = stack.client("lambda")
    names = [each["FunctionName"] for each in functions.list_functions()["Functions"]]
    ours = [name for name in names if name.startswith(stack_name(STAGE))]
    return {name: functions.get_alias(FunctionName=name, Name=ALIAS)["FunctionVersion"] for name in ours}


def test_a_stage_is_deployed_and_upgraded_under_load_and_nothing_is_lost_or_mixed(run, stack, release):
    release("first")
    outputs = outputs_of(deploy(run, "--yes"))
    before = versions(stack)
    published, done = set(), threading.Event()

    def load():
        while not done.is_set():
            published.update(publish(stack, outputs, 20))

    loading = threading.Thread(target=load)
    loading.start()
    try:
        are_recorded_once(stack, outputs, publish(stack, outputs, 10))
        release("second")
        upgraded = outputs_of(deploy(run, "--yes", "--parameter", "OperatorEmail=ops@example.com"))
        are_recorded_once(stack, outputs, publish(stack, outputs, 10))
    finally:
        done.set()
        loading.join()

    assert upgraded["UndeliveredTable"] == outputs["UndeliveredTable"]
    are_recorded_once(stack, outputs, published)
    after = versions(stack)
    assert after.keys() == before.keys()
    assert all(after[name] != before[name] for name in before)
    assert "releases mixed" not in (stack.state_dir / "emulator.log").read_text()
    counted = json.loads(run("reconcile", "--stage", STAGE, "--json").stdout)
    assert (counted["wrong"], counted["busy"]) == ([], [])


def test_what_is_deployed_already_is_nothing_to_change(run, release):
    release("same")
    outputs_of(deploy(run, "--yes"))

    again = deploy(run)

    assert again.exit_code == 0, again.output
    assert "No changes" in again.output


def test_an_update_that_fails_leaves_everything_as_it_was_and_says_why(run, stack, release):
    release("good")
    outputs = outputs_of(deploy(run, "--yes"))
    before = versions(stack)
    # The name is taken, which CloudFormation finds when it has published the new version.
    taken = {"FunctionName": {"Ref": "IngestFeedback"}, "FunctionVersion": "$LATEST", "Name": ALIAS}
    broken = {"Type": "AWS::Lambda::Alias", "DependsOn": "IngestFeedbackAliaslive", "Properties": taken}
    release("bad", Broken=broken)

    failed = deploy(run, "--yes")

    assert failed.exit_code == 1
    assert "the stack was rolled back" in failed.output
    assert "Broken" in failed.output
    assert versions(stack) == before
    are_recorded_once(stack, outputs, publish(stack, outputs, 10))
    # The same once more, when what was in its way is gone, publishes versions of its own.
    release("bad")
    assert deploy(run, "--yes").exit_code == 0
    are_recorded_once(stack, outputs, publish(stack, outputs, 10))


def test_a_first_deployment_that_fails_leaves_nothing_that_blocks_the_next(run, stack, release):
    before = held(stack)
    taken = {"FunctionName": {"Ref": "IngestFeedback"}, "FunctionVersion": "$LATEST", "Name": ALIAS}
    release("bad", Broken={"Type": "AWS::Lambda::Alias", "DependsOn": "IngestFeedbackAliaslive", "Properties": taken})

    failed = deploy(run, "--yes", stage="first")
    left = held(stack)
    release("good")
    mended = deploy(run, "--yes", stage="first")

    assert failed.exit_code == 1
    assert "the stack was rolled back. Broken" in failed.output
    assert left == before
    assert "what is left of the first deployment" in mended.output
    are_recorded_once(stack, outputs_of(mended), publish(stack, outputs_of(mended), 1))


def test_log_groups_identity_and_role_that_another_stage_created_are_used(run, stack, release):
    role = stack.client("apigateway").get_account()["cloudwatchRoleArn"]
    release("beside")

    outputs_of(deploy(run, "--yes", "--parameter", "SenderDomain=undelivered.example", stage="beside"))
    removed = run("destroy", "--stage", "beside", "--delete-data", "--yes")

    assert removed.exit_code == 0, removed.output
    assert stack.client("apigateway").get_account()["cloudwatchRoleArn"] == role
    assert stack.client("sesv2").get_email_identity(EmailIdentity="undelivered.example")["VerifiedForSendingStatus"]
    groups = stack.client("logs").describe_log_groups(logGroupNamePrefix="sns/")["logGroups"]
    assert len(groups) == 2


def test_a_deployment_that_is_declined_leaves_nothing(run, stack):
    declined = deploy(run, stage="declined", answer="n\n")

    assert declined.exit_code == 1
    assert "UndeliveredTable" in declined.output
    names = [
        each["StackName"]
        for each in stack.client("cloudformation").list_stacks()["StackSummaries"]
        if each["StackStatus"] != "DELETE_COMPLETE"
    ]
    assert stack_name("declined") not in names


def test_a_stage_that_is_removed_leaves_its_data_unless_told_otherwise(run, stack):
    cloudformation = stack.client("cloudformation")
    first = outputs_of(deploy(run, "--yes", stage="short"))
    declined = run("destroy", "--stage", "short", answer="n\n")
    assert declined.exit_code == 1
    assert cloudformation.describe_stacks(StackName=stack_name("short"))["Stacks"]

    gone = run("destroy", "--stage", "short", "--yes")
    left = held(stack)
    second = outputs_of(deploy(run, "--yes", stage="short"))
    emptied = run("destroy", "--stage", "short", "--delete-data", "--yes")

    assert (gone.exit_code, emptied.exit_code) == (0, 0)
    assert f"Kept: {first['UndeliveredTable']}" in gone.output
    assert {first["UndeliveredTable"], first["ExportsBucket"], first["SigningSecretArn"], first["UserPoolId"]} <= left
    assert f"Deleted: {second['UndeliveredTable']}" in emptied.output
    data = {value for name, value in second.items() if name.endswith("Table")}
    assert len(data) == 7
    assert not held(stack) & {*data, second["ExportsBucket"], second["SigningSecretArn"], second["UserPoolId"]}


def held(stack):
    """Return the names of all tables, buckets, secrets and pools of people that there are."""
    secrets = stack.client("secretsmanager").list_secrets()["SecretList"]
    return {
        *stack.client("dynamodb").list_tables()["TableNames"],
        *(each["Name"] for each in stack.client("s3").list_buckets()["Buckets"]),
        *(each["Id"] for each in stack.client("cognito-idp").list_user_pools(MaxResults=60)["UserPools"]),
        *(name for each in secrets if "DeletedDate" not in each for name in (each["Name"], each["ARN"])),
    }


def test_a_first_change_set_of_somebody_else_is_in_progress_and_left_alone_until_it_is_removed(run, stack):
    cloudformation, name = stack.client("cloudformation"), stack_name("theirs")
    empty = json.dumps({"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}})
    asked = {"StackName": name, "ChangeSetName": "theirs", "ChangeSetType": "CREATE", "TemplateBody": empty}
    cloudformation.create_change_set(**asked)

    refused = deploy(run, "--yes", stage="theirs")
    waiting = cloudformation.list_change_sets(StackName=name)["Summaries"]
    removed = run("destroy", "--stage", "theirs", "--yes")

    assert refused.exit_code == 1
    assert "another first deployment awaits confirmation" in refused.output
    assert [each["ChangeSetName"] for each in waiting] == ["theirs"]
    assert removed.exit_code == 0, removed.output
    assert "was not found" in run("destroy", "--stage", "theirs", "--yes").output


def test_what_is_not_there_cannot_be_removed(run):
    told = run("destroy", "--stage", "never", "--yes")

    assert told.exit_code == 1
    assert "Stack undelivered-never was not found" in told.output


def test_a_parameter_that_is_none_is_told_in_a_sentence(run):
    told = deploy(run, "--parameter", "nonsense")

    assert told.exit_code == 1
    assert "NAME=VALUE" in told.output


def test_stages_share_nothing():
    assert stack_name("test") != stack_name("live")
