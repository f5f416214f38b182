"""What the doctor says of a stack, by what AWS answers; botocore holds the answers to their documented form."""

import json
from datetime import UTC, datetime, timedelta

import boto3
import httpx
import pytest
from botocore.config import Config
from botocore.stub import Stubber

from infrastructure.deployed_stack import DeployedStack
from infrastructure.doctor import attribution_check, concurrency_check, ses_checks, sms_checks, stack_checks
from infrastructure.doctor.checks import CheckStatus, StackSnapshot, fragment, run_checks
from infrastructure.doctor.snapshot import take_snapshot
from infrastructure.errors import ToolError
from infrastructure.schedules import interval_of
from undelivered.entrypoints.ingestion_metrics import UNATTRIBUTED

TOPIC = "arn:aws:sns:eu-central-1:123456789012:undelivered-live-FeedbackTopic"
ALARMS = "arn:aws:sns:eu-central-1:123456789012:undelivered-live-AlarmTopic"
ROLE = "arn:aws:iam::123456789012:role/logs"
GROUP = "sns/eu-central-1/123456789012/DirectPublishToPhoneNumber"

RESOURCES = {
    "FeedbackTopic": ("AWS::SNS::Topic", TOPIC),
    "FeedbackQueue": ("AWS::SQS::Queue", "https://sqs.eu-central-1.amazonaws.com/123456789012/feedback"),
    "SendsDeadLetterQueue": ("AWS::SQS::Queue", "https://sqs.eu-central-1.amazonaws.com/123456789012/dead"),
    "SendsConfigurationSet": ("AWS::SES::ConfigurationSet", "live-sends"),
    "ResendsConfigurationSet": ("AWS::SES::ConfigurationSet", "live-resends"),
    "IngestFeedback": ("AWS::Lambda::Function", "live-IngestFeedback"),
    "IngestSmsLogs": ("AWS::Lambda::Function", "live-IngestSmsLogs"),
    "IngestFeedbackFeedback": ("AWS::Lambda::EventSourceMapping", "14e0db71-a35b-4eb5-b481-8945cf9d10c2"),
    "CleanupEveryMinute": ("AWS::Events::Rule", "every-minute"),
    "ApiErrorsAlarm": ("AWS::CloudWatch::Alarm", "live-api-errors"),
}
WITH_REPLIES = {
    "RepliesQueue": ("AWS::SQS::Queue", "https://sqs.eu-central-1.amazonaws.com/123456789012/replies"),
    "ReadRepliesReceived": ("AWS::Lambda::EventSourceMapping", "6d7f0a1c-1111-4eb5-b481-8945cf9d10c2"),
}
QUOTA = {"Max24HourSend": 50_000.0, "MaxSendRate": 14.0, "SentLast24Hours": 10.0}
ACCOUNT = {"ProductionAccessEnabled": True, "SendingEnabled": True, "EnforcementStatus": "HEALTHY", "SendQuota": QUOTA}
VERIFIED = {"VerifiedForSendingStatus": True, "DkimAttributes": {"SigningEnabled": True, "Status": "SUCCESS"}}


class Answers:
    """Clients that give the answers they are told, in order."""

    def __init__(self):
        self._stubbed = {}

    def client(self, service):
        if service not in self._stubbed:
            quiet = Config(retries={"max_attempts": 0})
            keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
            client = boto3.client(service, region_name="eu-central-1", config=quiet, **keys)
            stubber = Stubber(client)
            stubber.activate()
            self._stubbed[service] = client, stubber
        return self._stubbed[service][0]

    def give(self, service, operation, answer):
        self.client(service)
        self._stubbed[service][1].add_response(operation, answer)

    def refuse(self, service, operation, code, message=""):
        self.client(service)
        self._stubbed[service][1].add_client_error(operation, code, message)


@pytest.fixture
def answers():
    return Answers()


@pytest.fixture
def say(answers):
    """Return what a check finds, as statuses and texts."""

    def run(check, status="UPDATE_COMPLETE", sender="notices@example.com", **more):
        parameters = {"Sender": sender, "SendConcurrency": "2", **more}
        outputs = {"SmsDeliveryStatusRoleArn": ROLE, "UserPoolId": "eu-central-1_a", "ApiUrl": "https://api.example"}
        resources = RESOURCES | WITH_REPLIES if "RepliesTopicArn" in more else RESOURCES
        snapshot = StackSnapshot("undelivered-live", answers.client, status, parameters, outputs, resources)
        return [(each.status, f"{each.what} → {each.remedy}") for each in run_checks(snapshot, {"it": check})]

    return run


def the_only(findings, status, *parts_of_text):
    ((found, text),) = findings
    assert found is status, text
    assert all(part in text for part in parts_of_text), text


@pytest.mark.parametrize(
    ("status", "found"),
    [
        ("UPDATE_COMPLETE", CheckStatus.OK),
        ("UPDATE_ROLLBACK_COMPLETE", CheckStatus.WARNING),
        ("UPDATE_IN_PROGRESS", CheckStatus.WARNING),
        ("UPDATE_ROLLBACK_FAILED", CheckStatus.WRONG),
        ("DELETE_FAILED", CheckStatus.WRONG),
    ],
)
def test_the_stacks_status_is_judged(say, status, found):
    the_only(say(stack_checks.stack, status), found)


def test_a_permission_that_is_missing_is_named_and_nothing_is_said_of_the_thing(answers, say):
    answers.refuse(
        "sesv2", "get_account", "AccessDeniedException", "User: me is not authorized to perform: ses:GetAccount on: *"
    )

    the_only(say(ses_checks.production_access), CheckStatus.UNSEEN, "ses:GetAccount")


def test_a_call_that_fails_otherwise_is_told_with_its_code(answers, say):
    answers.refuse("sns", "get_sms_sandbox_account_status", "InvalidAction")

    the_only(say(sms_checks.sandbox), CheckStatus.UNSEEN, "GetSMSSandboxAccountStatus", "InvalidAction")


def test_what_the_stack_lacks_is_wrong(answers):
    def lacking(snapshot):
        raise ToolError(f"{snapshot.name} lacks it")
        yield

    ((found),) = run_checks(StackSnapshot("it", answers.client, "", {}, {}, {}), {"it": lacking})

    assert (found.status, found.what) == (CheckStatus.WRONG, "it lacks it")


@pytest.mark.parametrize(("status", "found"), [(200, CheckStatus.OK), (503, CheckStatus.WRONG)])
def test_whether_the_api_answers(say, monkeypatch, status, found):
    monkeypatch.setattr(httpx, "get", lambda _url, **_: httpx.Response(status))

    the_only(say(stack_checks.api), found, "https://api.example/health")


def test_an_api_that_is_not_there_is_wrong(say, monkeypatch):
    def fail(_url, **_):
        raise httpx.ConnectError("no such host")

    monkeypatch.setattr(httpx, "get", fail)

    the_only(say(stack_checks.api), CheckStatus.WRONG, "does not respond", "PublicUrl")


@pytest.mark.parametrize(("users", "found"), [([{"Username": "ada"}], CheckStatus.OK), ([], CheckStatus.WARNING)])
def test_whether_anybody_can_sign_in_and_act(answers, say, users, found):
    answers.give("cognito-idp", "list_users_in_group", {"Users": users})

    the_only(say(stack_checks.users), found)


def test_a_stack_that_cannot_be_asked_after_is_told_in_a_sentence(answers):
    answers.refuse("cloudformation", "describe_stacks", "ValidationError", "Stack with id it does not exist")

    with pytest.raises(ToolError, match="Stack it was not found in this AWS account and region"):
        take_snapshot(DeployedStack("it", answers.client))


def test_ses_in_its_sandbox_is_wrong(answers, say):
    answers.give("sesv2", "get_account", {**ACCOUNT, "ProductionAccessEnabled": False})

    the_only(say(ses_checks.production_access), CheckStatus.WRONG, "sandbox", "Request production access")


@pytest.mark.parametrize(
    ("change", "found", "said"),
    [
        ({}, CheckStatus.OK, "sending is enabled"),
        ({"SendingEnabled": False}, CheckStatus.WRONG, "put-account-sending-attributes --sending-enabled"),
        ({"SendQuota": {**QUOTA, "SentLast24Hours": 45_000.0}}, CheckStatus.WARNING, "45000 of 50000"),
    ],
)
def test_whether_ses_takes_mail(answers, say, change, found, said):
    answers.give("sesv2", "get_account", {**ACCOUNT, **change})

    the_only(say(ses_checks.sending), found, said)


@pytest.mark.parametrize(
    ("rate", "found", "said"),
    [(14.0, CheckStatus.OK, "14 emails a second"), (200.0, CheckStatus.WARNING, "SendConcurrency=10")],
)
def test_whether_the_functions_can_use_the_rate_of_ses(answers, say, rate, found, said):
    answers.give("sesv2", "get_account", {**ACCOUNT, "SendQuota": {**QUOTA, "MaxSendRate": rate}})

    the_only(say(ses_checks.sending_rate), found, said)


@pytest.mark.parametrize(("status", "found"), [("PROBATION", CheckStatus.WARNING), ("SHUTDOWN", CheckStatus.WRONG)])
def test_what_ses_thinks_of_the_account(answers, say, status, found):
    answers.give("sesv2", "get_account", {**ACCOUNT, "EnforcementStatus": status})

    assert found in {each for each, _ in say(ses_checks.sending)}


def test_a_sender_that_is_verified_by_its_domain_and_signs_is_in_order(answers, say):
    answers.refuse("sesv2", "get_email_identity", "NotFoundException")
    answers.give("sesv2", "get_email_identity", VERIFIED)

    assert {status for status, _ in say(ses_checks.sender_identity)} == {CheckStatus.OK}


def test_a_sender_with_a_name_is_verified_by_a_domain_above_its_own(answers, say):
    for _ in ("notices@mail.example.com", "mail.example.com"):
        answers.refuse("sesv2", "get_email_identity", "NotFoundException")
    answers.give("sesv2", "get_email_identity", VERIFIED)

    found = say(ses_checks.sender_identity, sender="Notices <notices@mail.example.com>")

    assert {status for status, _ in found} == {CheckStatus.OK}
    assert "example.com" in found[0][1]


def test_a_sender_of_two_addresses_is_wrong(say):
    found = say(ses_checks.sender_identity, sender="a@example.com, b@example.com")

    the_only(found, CheckStatus.WRONG, "--parameter Sender=")


def test_a_sender_that_nobody_verified_is_wrong(answers, say):
    answers.refuse("sesv2", "get_email_identity", "NotFoundException")
    answers.refuse("sesv2", "get_email_identity", "NotFoundException")

    the_only(say(ses_checks.sender_identity), CheckStatus.WRONG, "SenderDomain=example.com")


def test_a_sender_that_does_not_sign_is_wrong(answers, say):
    answers.give("sesv2", "get_email_identity", {**VERIFIED, "DkimAttributes": {"Status": "PENDING"}})

    (verified, _), (signed, text) = say(ses_checks.sender_identity)

    assert (verified, signed) == (CheckStatus.OK, CheckStatus.WRONG)
    assert "status: PENDING" in text


def destination(events, *, enabled=True, topic=TOPIC):
    told = {"Name": "feedback", "Enabled": enabled, "MatchingEventTypes": sorted(events)}
    return {"EventDestinations": [{**told, "SnsDestination": {"TopicArn": topic}}]}


@pytest.mark.parametrize(
    ("spoil", "missing"),
    [
        ({}, ""),
        ({"events": {"DELIVERY"}}, "DELIVERY"),
        ({"enabled": False}, "BOUNCE"),
        ({"topic": ALARMS}, "BOUNCE"),
    ],
    ids=["in order", "no deliveries", "switched off", "another topic"],
)
def test_configuration_sets_publish_every_type_to_the_feedback_topic(answers, say, spoil, missing):
    for events in ses_checks.published_events().values():
        answers.give("sesv2", "get_configuration_set", {"SendingOptions": {"SendingEnabled": True}})
        left = events - spoil.get("events", set())
        more = {name: value for name, value in spoil.items() if name != "events"}
        answers.give("sesv2", "get_configuration_set_event_destinations", destination(left, **more))

    findings = say(ses_checks.configuration_sets)

    found = [text for status, text in findings if status is CheckStatus.WRONG]
    assert bool(found) == bool(missing)
    assert all(missing in text for text in found)


def test_what_is_wanted_of_configuration_sets_is_what_the_template_says():
    published = ses_checks.published_events()

    assert set(published) == {"SendsConfigurationSet", "ResendsConfigurationSet"}
    assert published["ResendsConfigurationSet"] - published["SendsConfigurationSet"] == {"DELIVERY"}
    assert {"RENDERING_FAILURE", "DELIVERY_DELAY"} <= published["SendsConfigurationSet"]


@pytest.mark.parametrize(
    ("reasons", "found"), [(["BOUNCE", "COMPLAINT"], CheckStatus.OK), (["BOUNCE"], CheckStatus.WARNING)]
)
def test_the_accounts_suppression_list(answers, say, reasons, found):
    answers.give("sesv2", "get_account", {**ACCOUNT, "SuppressionAttributes": {"SuppressedReasons": reasons}})

    the_only(say(ses_checks.suppression_list), found)


@pytest.mark.parametrize(
    ("attributes", "found"),
    [
        ({"DeliveryStatusIAMRole": ROLE, "DeliveryStatusSuccessSamplingRate": "100"}, CheckStatus.OK),
        ({"DeliveryStatusIAMRole": ROLE, "DeliveryStatusSuccessSamplingRate": "10"}, CheckStatus.WRONG),
        ({"DeliveryStatusIAMRole": f"{ROLE}-old"}, CheckStatus.WARNING),
        ({}, CheckStatus.WARNING),
    ],
)
def test_whether_the_fate_of_texts_is_logged(answers, say, attributes, found):
    answers.give("sns", "get_sms_attributes", {"attributes": attributes})

    the_only(say(sms_checks.delivery_status), found)


def test_a_log_group_that_is_not_there_or_that_nobody_reads_is_told(answers, say):
    answers.give("sts", "get_caller_identity", {"Account": "123456789012"})
    answers.give("logs", "describe_log_groups", {"logGroups": [{"logGroupName": GROUP}]})
    answers.give("logs", "describe_subscription_filters", {"subscriptionFilters": []})

    nobody, missing = say(sms_checks.log_groups)

    assert nobody[0] is CheckStatus.WRONG
    assert "put-subscription-filter" in nobody[1]
    assert missing[0] is CheckStatus.WARNING
    assert f"{GROUP}/Failure" in missing[1]


@pytest.mark.parametrize(("inside", "found"), [(True, CheckStatus.WARNING), (False, CheckStatus.OK)])
def test_the_sandbox_for_texts(answers, say, inside, found):
    answers.give("sns", "get_sms_sandbox_account_status", {"IsInSandbox": inside})

    the_only(say(sms_checks.sandbox), found)


@pytest.mark.parametrize(
    ("spent", "found"), [([], CheckStatus.OK), ([3.0, 7.9], CheckStatus.OK), ([8.1], CheckStatus.WARNING)]
)
def test_how_much_of_the_months_limit_for_texts_is_spent(answers, say, spent, found):
    answers.give("sns", "get_sms_attributes", {"attributes": {"MonthlySpendLimit": "10"}})
    points = [{"Timestamp": datetime.now(UTC), "Maximum": each} for each in spent]
    answers.give("cloudwatch", "get_metric_statistics", {"Datapoints": points})

    the_only(say(sms_checks.spending), found, "of 10.00 USD")


def test_a_table_without_recovery_or_forgetting_is_wrong(answers, say, monkeypatch):
    monkeypatch.setattr(
        stack_checks, "fragment", lambda _: {"UndeliveredTable": fragment("tables.yaml")["UndeliveredTable"]}
    )
    monkeypatch.setitem(RESOURCES, "UndeliveredTable", ("AWS::DynamoDB::Table", "live-undelivered"))
    told = {"ContinuousBackupsStatus": "ENABLED"}
    off = {"PointInTimeRecoveryDescription": {"PointInTimeRecoveryStatus": "DISABLED"}}
    answers.give("dynamodb", "describe_continuous_backups", {"ContinuousBackupsDescription": {**told, **off}})
    ttl = {"TimeToLiveStatus": "ENABLED", "AttributeName": "another"}
    answers.give("dynamodb", "describe_time_to_live", {"TimeToLiveDescription": ttl})

    recovery, forgetting = say(stack_checks.tables)

    assert (recovery[0], forgetting[0]) == (CheckStatus.WRONG, CheckStatus.WRONG)
    assert "update-continuous-backups --table-name live-undelivered" in recovery[1]
    assert "AttributeName=expires_at" in forgetting[1]


@pytest.mark.parametrize(
    ("mapping", "found"),
    [
        ({"State": "Enabled", "LastProcessingResult": "OK"}, CheckStatus.OK),
        ({"State": "Disabled"}, CheckStatus.WRONG),
        ({"State": "Enabled", "LastProcessingResult": "PROBLEM: Function call failed"}, CheckStatus.WRONG),
    ],
)
def test_whether_queues_and_streams_wake_their_functions(answers, say, mapping, found):
    answers.give("lambda", "get_event_source_mapping", mapping)

    the_only(say(stack_checks.event_sources), found)


@pytest.mark.parametrize(("topic", "found"), [("", CheckStatus.OK), (TOPIC, CheckStatus.WRONG)])
def test_without_a_two_way_number_nothing_needs_to_read_replies(answers, say, topic, found):
    answers.give("lambda", "get_event_source_mapping", {"State": "Enabled"})
    answers.give("lambda", "get_event_source_mapping", {"State": "Disabled"})

    _, (status, _) = say(stack_checks.event_sources, RepliesTopicArn=topic)

    assert status is found


@pytest.mark.parametrize(
    ("arn", "found"),
    [(f"{TOPIC}:1", CheckStatus.OK), ("PendingConfirmation", CheckStatus.WRONG), ("", CheckStatus.WRONG)],
)
def test_whether_replies_get_into_their_queue(answers, say, arn, found):
    the_only(say(stack_checks.replies_subscription), CheckStatus.OK, "are not read")
    answers.give(
        "sns",
        "list_subscriptions_by_topic",
        subscriptions(arn, "arn:aws:sqs:eu-central-1:123456789012:replies"),
    )

    the_only(say(stack_checks.replies_subscription, RepliesTopicArn=TOPIC), found)


def test_dead_letters_are_wrong_and_the_command_to_look_at_them_is_told(answers, say):
    waiting = {"ApproximateNumberOfMessages": "2", "ApproximateNumberOfMessagesNotVisible": "1"}
    answers.give("sqs", "get_queue_attributes", {"Attributes": waiting})

    the_only(
        say(stack_checks.dead_letters),
        CheckStatus.WRONG,
        "3 messages",
        "redrive --stage live --queue sends",
    )


def subscriptions(arn, endpoint):
    return {"Subscriptions": [{"SubscriptionArn": arn, "Endpoint": endpoint, "Protocol": "sqs"}] if arn else []}


@pytest.mark.parametrize(
    ("arn", "found"),
    [(f"{TOPIC}:1", CheckStatus.OK), ("PendingConfirmation", CheckStatus.WRONG), ("", CheckStatus.WRONG)],
)
def test_whether_feedback_gets_into_its_queue(answers, say, arn, found):
    queue = "arn:aws:sqs:eu-central-1:123456789012:feedback"
    answers.give("sns", "list_subscriptions_by_topic", subscriptions(arn, queue))

    the_only(say(stack_checks.feedback_subscription), found)


def alarm(**change):
    told = {"AlarmName": "live-api-errors", "ActionsEnabled": True, "AlarmActions": [ALARMS], "StateValue": "OK"}
    return {"MetricAlarms": [{**told, **change}]}


@pytest.mark.parametrize(
    ("arn", "found", "said"),
    [
        (f"{ALARMS}:1", CheckStatus.OK, "has subscribers"),
        ("PendingConfirmation", CheckStatus.WRONG, "confirm"),
        ("", CheckStatus.WRONG, "OperatorEmail"),
    ],
)
def test_whether_anybody_hears_of_alarms(answers, say, arn, found, said):
    answers.give("cloudwatch", "describe_alarms", alarm())
    answers.give("sns", "list_subscriptions_by_topic", subscriptions(arn, "ops@example.com"))

    heard, _ = say(stack_checks.alarms)

    assert heard[0] is found
    assert said in heard[1]


def test_an_alarm_that_is_switched_off_or_gone_is_wrong(answers, say):
    answers.give("cloudwatch", "describe_alarms", alarm(ActionsEnabled=False, AlarmActions=[]))
    the_only(say(stack_checks.alarms), CheckStatus.WRONG, "no active actions")

    answers.give("cloudwatch", "describe_alarms", {"MetricAlarms": []})
    the_only(say(stack_checks.alarms), CheckStatus.WRONG, "missing alarms")


def test_an_alarm_that_rings_is_told_with_its_place_in_the_runbook(answers, say):
    answers.give("cloudwatch", "describe_alarms", alarm(StateValue="ALARM", AlarmDescription="runbook.md#here"))
    answers.give("sns", "list_subscriptions_by_topic", subscriptions(f"{ALARMS}:1", "ops@example.com"))

    assert (CheckStatus.WARNING, "live-api-errors is in alarm → runbook.md#here") in say(stack_checks.alarms)


@pytest.mark.parametrize(
    ("state", "ran", "found"),
    [
        ("ENABLED", timedelta(minutes=2), CheckStatus.OK),
        ("ENABLED", timedelta(hours=2), CheckStatus.WRONG),
        ("ENABLED", None, CheckStatus.WARNING),
        ("DISABLED", None, CheckStatus.WRONG),
    ],
)
def test_whether_schedules_run(answers, say, state, ran, found):
    answers.give("events", "describe_rule", {"State": state, "ScheduleExpression": "rate(1 minute)"})
    target = {"Id": "1", "Arn": "arn:aws:lambda:eu-central-1:123456789012:function:live-Cleanup:live"}
    answers.give("events", "list_targets_by_rule", {"Targets": [target]})
    when = int((datetime.now(UTC) - ran).timestamp() * 1000) if ran else 0
    streams = [{"creationTime": when, "lastEventTimestamp": when}] if ran else []
    answers.give("logs", "describe_log_streams", {"logStreams": streams})

    the_only(say(stack_checks.schedules), found)


@pytest.mark.parametrize(
    ("expression", "interval"),
    [
        ("rate(1 minute)", timedelta(minutes=1)),
        ("rate(5 minutes)", timedelta(minutes=5)),
        ("cron(5 * * * ? *)", timedelta(hours=1)),
        ("cron(0 6 * * ? *)", timedelta(days=1)),
    ],
)
def test_how_often_a_schedule_runs(expression, interval):
    assert interval_of(expression) == interval


def lines_about(*events):
    """Return log lines about events without an account, and others that the filter lets pass."""
    ours = [{"message": UNATTRIBUTED, "filed_under": "acc-main", "events": [event]} for event in events]
    lines = ["START RequestId: 1", json.dumps({"message": "other", "events": [UNATTRIBUTED]}), *map(json.dumps, ours)]
    return {"events": [{"message": line} for line in lines]}


def test_all_feedback_belongs_to_an_account(answers, say):
    answers.give("logs", "filter_log_events", lines_about())

    assert say(attribution_check.attribution) == [
        (CheckStatus.OK, "all feedback of the last 24 hours belongs to an account → ")
    ]


def test_the_senders_of_feedback_without_an_account_are_named_with_the_remedy(answers, say):
    senders = ["-", *["example.org"] * 3, "tenant:harbor", "example.net"]
    answers.give(
        "logs", "filter_log_events", lines_about(*(f"m-{number} {each}" for number, each in enumerate(senders)))
    )

    ((status, text),) = say(attribution_check.attribution)

    assert status is CheckStatus.WARNING
    assert text == (
        "6 events of the last 24 hours matched no account and were filed under acc-main: 3 from example.org, "
        "1 from texts, 1 from tenant:harbor, 1 from others → uv run undelivered accounts identities add --stage live "
        "ACCOUNT example.org, or tag the messages: infrastructure/docs/integration.md#mail-that-your-own-software-sends"
    )


def test_feedback_without_a_domain_can_only_be_tagged(answers, say):
    answers.give("logs", "filter_log_events", lines_about("m-1 -"))

    ((_, text),) = say(attribution_check.attribution)

    assert text.endswith("→ Tag the messages: infrastructure/docs/integration.md#mail-that-your-own-software-sends")


@pytest.mark.parametrize(
    ("limit", "found", "said"),
    [
        (10, CheckStatus.WRONG, "so the API can be throttled"),
        (15, CheckStatus.WARNING, "so 4 are left"),
        (1_000, CheckStatus.OK, "can use 11"),
    ],
)
def test_what_the_triggers_can_take_of_the_accounts_concurrency(answers, limit, found, said):
    stream = "arn:aws:dynamodb:eu-central-1:123456789012:table/undelivered/stream/2026-11-24T00:00:00.000"
    shard = {
        "ShardId": "shardId-00000001732406400000-00000000",
        "SequenceNumberRange": {"StartingSequenceNumber": "1" * 21},
    }
    closed = {**shard, "SequenceNumberRange": {**shard["SequenceNumberRange"], "EndingSequenceNumber": "2" * 21}}
    resources = {
        "Sends": ("AWS::Lambda::EventSourceMapping", "14e0db71-a35b-4eb5-b481-8945cf9d10c2"),
        "Archive": ("AWS::Lambda::EventSourceMapping", "14e0db71-a35b-4eb5-b481-8945cf9d10c3"),
        "EveryMinute": ("AWS::Events::Rule", "every-minute"),
    }
    answers.give("lambda", "get_account_settings", {"AccountLimit": {"UnreservedConcurrentExecutions": limit}})
    queue = "arn:aws:sqs:eu-central-1:123456789012:sends"
    mapping = {"EventSourceArn": queue, "ScalingConfig": {"MaximumConcurrency": 6}}
    answers.give("lambda", "get_event_source_mapping", mapping)
    mapping = {"EventSourceArn": stream, "ParallelizationFactor": 2}
    answers.give("lambda", "get_event_source_mapping", mapping)
    answers.give("dynamodbstreams", "describe_stream", {"StreamDescription": {"Shards": [shard, shard, closed]}})
    snapshot = StackSnapshot("undelivered-live", answers.client, "UPDATE_COMPLETE", {}, {}, resources)

    results = run_checks(snapshot, {"it": concurrency_check.concurrency})

    the_only([(each.status, f"{each.what} → {each.remedy}") for each in results], found, said)
