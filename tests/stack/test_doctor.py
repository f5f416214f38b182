"""The doctor on the running stack: what is put wrong is said, and is not when it is right again."""

import json
import subprocess
import sys
from contextlib import contextmanager

import boto3
import pytest

from infrastructure.cli.doctor import CHECKS
from infrastructure.deployed_stack import DeployedStack
from infrastructure.doctor import ses_checks, sms_checks, stack_checks
from infrastructure.doctor.checks import CheckStatus, run_checks
from infrastructure.doctor.snapshot import take_snapshot
from infrastructure.local.scenario import eventually

WITHIN = 90.0
PERMISSIONS = {
    "tables": "dynamodb:DescribeContinuousBackups",
    "schedules": "events:DescribeRule",
    "dead letters": "sqs:GetQueueAttributes",
    "alarms": "cloudwatch:DescribeAlarms",
    "SES production access": "ses:GetAccount",
    "users": "cognito-idp:ListUsersInGroup",
}


@pytest.fixture
def snapshot(stack):
    return take_snapshot(DeployedStack("undelivered", stack.client))


def wrong(snapshot, check):
    return [each.what for each in run_checks(snapshot, {"it": check}) if each.status is CheckStatus.WRONG]


def test_the_command_says_how_every_part_is_and_ends_in_a_1_for_what_the_emulator_lacks(stack):
    command = [sys.executable, "-c", "from infrastructure.cli.main import main; main()", "doctor", "--json"]
    done = subprocess.run(
        [*command, "--state-dir", str(stack.state_dir)], capture_output=True, text=True, check=False, timeout=120
    )
    findings = json.loads(done.stdout)["findings"]

    assert done.returncode == 1
    assert {each["check"] for each in findings} == set(CHECKS)
    assert all(each["remedy"] for each in findings if each["status"] in {"wrong", "warning"})
    # The emulator has no delivery status of texts.
    unseen = {each["check"] for each in findings if each["status"] == "could not look"}
    assert unseen <= {"texts: delivery status", "texts: sandbox", "texts: spending"}


def test_what_is_in_order_is_said_to_be(snapshot):
    for check in (
        stack_checks.api,
        stack_checks.users,
        stack_checks.tables,
        stack_checks.event_sources,
        stack_checks.feedback_subscription,
        stack_checks.replies_subscription,
        ses_checks.configuration_sets,
        sms_checks.log_groups,
    ):
        assert {each.status for each in run_checks(snapshot, {"it": check})} == {CheckStatus.OK}


@contextmanager
def an_event_source_switched_off(stack, uuid):
    functions = stack.client("lambda")
    functions.update_event_source_mapping(UUID=uuid, Enabled=False)
    try:
        yield
    finally:
        functions.update_event_source_mapping(UUID=uuid, Enabled=True)


def test_a_queue_that_wakes_nobody_is_said_and_how_to_switch_it_on(stack, snapshot):
    uuid = snapshot.physical_id("SendNotificationsSends")

    with an_event_source_switched_off(stack, uuid):
        said = eventually(lambda: wrong(snapshot, stack_checks.event_sources), "nothing is said", WITHIN)

    assert said == ["SendNotificationsSends is Disabled, so nothing reaches its function"]
    eventually(lambda: not wrong(snapshot, stack_checks.event_sources), "it is not switched on again", WITHIN)


def test_a_table_that_cannot_be_recovered_is_said_and_the_remedy_helps(stack, snapshot):
    dynamodb = stack.client("dynamodb")
    table = snapshot.physical_id("HistoryTable")
    off = {"PointInTimeRecoveryEnabled": False}
    dynamodb.update_continuous_backups(TableName=table, PointInTimeRecoverySpecification=off)

    (finding,) = [
        each for each in run_checks(snapshot, {"it": stack_checks.tables}) if each.status is not CheckStatus.OK
    ]
    assert finding.what == "HistoryTable has point-in-time recovery turned off"
    command, _, setting = finding.remedy.partition(" --point-in-time-recovery-specification ")
    assert command == f"aws dynamodb update-continuous-backups --table-name {table}"
    name, _, value = setting.partition("=")
    dynamodb.update_continuous_backups(TableName=table, PointInTimeRecoverySpecification={name: value == "true"})

    assert wrong(snapshot, stack_checks.tables) == []


def test_a_schedule_that_is_switched_off_is_said(stack, snapshot):
    rule = snapshot.physical_id("SendDigestsEveryHour")
    stack.client("events").disable_rule(Name=rule)
    try:
        assert wrong(snapshot, stack_checks.schedules) == ["SendDigestsEveryHour is DISABLED"]
    finally:
        stack.client("events").enable_rule(Name=rule)


def test_a_dead_letter_is_said(stack, snapshot):
    queue = snapshot.physical_id("ExportsDeadLetterQueue")
    stack.client("sqs").send_message(QueueUrl=queue, MessageBody="{}")
    try:
        assert "ExportsDeadLetterQueue has 1 messages" in wrong(snapshot, stack_checks.dead_letters)
    finally:
        stack.client("sqs").purge_queue(QueueUrl=queue)


def test_alarms_that_nobody_hears_are_said_until_somebody_does(stack, snapshot):
    topic = stack.outputs["AlarmTopicArn"]
    sns = stack.client("sns")
    assert wrong(snapshot, stack_checks.alarms) == [f"the alarm topic {topic} has no confirmed subscribers"]

    listening = sns.subscribe(
        TopicArn=topic, Protocol="sqs", Endpoint="arn:aws:sqs:us-east-1:000000000000:ops", ReturnSubscriptionArn=True
    )
    try:
        assert wrong(snapshot, stack_checks.alarms) == []
    finally:
        sns.unsubscribe(SubscriptionArn=listening["SubscriptionArn"])


@pytest.fixture
def newcomer(stack):
    """Return clients of somebody who may ask CloudFormation, and nothing else."""
    iam = stack.client("iam")
    iam.create_user(UserName="newcomer")
    told = {"Effect": "Allow", "Action": "cloudformation:*", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [told]})
    iam.put_user_policy(UserName="newcomer", PolicyName="look", PolicyDocument=policy)
    key = iam.create_access_key(UserName="newcomer")["AccessKey"]
    session = boto3.Session(key["AccessKeyId"], key["SecretAccessKey"], region_name=stack.description.region)
    yield lambda service: session.client(service, endpoint_url=stack.endpoint)
    iam.delete_access_key(UserName="newcomer", AccessKeyId=key["AccessKeyId"])
    iam.delete_user_policy(UserName="newcomer", PolicyName="look")
    iam.delete_user(UserName="newcomer")


def test_whoever_may_not_look_is_told_the_permission(newcomer):
    findings = {each.check: each for each in run_checks(take_snapshot(DeployedStack("undelivered", newcomer)), CHECKS)}

    told = {check: (findings[check].status, findings[check].remedy) for check in PERMISSIONS}
    assert told == {
        check: (CheckStatus.UNSEEN, f"Ask your AWS administrator for the permission {action}.")
        for check, action in PERMISSIONS.items()
    }


def test_a_stack_that_is_not_there_is_told_in_a_sentence(stack):
    command = [sys.executable, "-c", "from infrastructure.cli.main import main; main()", "doctor", "--stage", "nowhere"]
    environment = {
        "AWS_ENDPOINT_URL": stack.endpoint,
        "AWS_DEFAULT_REGION": stack.description.region,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)

    assert done.returncode == 1
    assert "undelivered-nowhere" in done.stderr
    assert "Traceback" not in done.stderr
