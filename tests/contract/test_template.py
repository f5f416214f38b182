"""The template: what it must hold, and that breaking any of it fails the build."""

import copy
import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from infrastructure.build.layer import SERVICE_MODELS
from infrastructure.build.target import Target
from infrastructure.build.template import build, load_fragments
from infrastructure.build.template_rules import template_problems
from infrastructure.paths import FUNCTIONS as FUNCTIONS_FOLDER
from tests.builders.metrics import metrics_of_the_code
from undelivered.adapters.dynamodb.models import MODELS
from undelivered.entrypoints.http.routes import ROUTES
from undelivered.entrypoints.sqs_batch import MAX_RECEIVES

FUNCTIONS = {
    "APIHandler",
    "Archive",
    "Cleanup",
    "DeliverWebhooks",
    "ExportReport",
    "OnItemChanged",
    "IngestFeedback",
    "IngestSmsLogs",
    "ManagePeople",
    "ProcessResends",
    "ReadReplies",
    "SendDigests",
    "SendNotifications",
    "SyncSuppressions",
}

CALLABLES = """
import importlib, json, sys
found = [getattr(importlib.import_module(module), name) for module, name in json.loads(sys.argv[1])]
print(json.dumps([callable(each) for each in found]))
"""


@pytest.fixture
def template(built):
    return copy.deepcopy(built.template)


def resources_of(template, kind):
    return {name: each for name, each in template["Resources"].items() if each["Type"] == kind}


def test_the_template_as_it_is_breaks_no_rule(template):
    assert template_problems(template) == []


def test_every_function_is_there(template):
    assert set(resources_of(template, "AWS::Serverless::Function")) == FUNCTIONS


def test_the_layer_has_the_models_of_every_service_that_the_functions_call():
    code = "".join(path.read_text() for path in (FUNCTIONS_FOLDER / "undelivered").rglob("*.py"))
    called = set(re.findall(r"""\bclient\(\s*"([a-z0-9-]+)\"""", code))

    assert {"kms", "sqs"} <= called
    assert called <= SERVICE_MODELS


def test_a_misspelled_resource_fails(template):
    template["Resources"]["IngestFeedbck"] = {"Properties": {"Timeout": 5}}

    assert template_problems(template) == ["IngestFeedbck: is not a resource that Chalice creates, and has no Type"]


def test_a_misspelled_reference_fails(template):
    template["Resources"]["Cleanup"]["Properties"]["Environment"]["Variables"]["COUNTS_TABLE"] = {"Ref": "CountTable"}

    assert template_problems(template) == ["CountTable: is referenced but does not exist"]


@pytest.mark.parametrize("function", sorted(FUNCTIONS))
@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda parts, name: parts[name]["Properties"].pop("Layers"), "does not have the dependencies layer"),
        (lambda parts, name: parts[name]["Properties"].pop("Role"), "does not have its own role and policy"),
        (
            lambda parts, name: parts[name]["Properties"].pop("AutoPublishAlias"),
            "is not published as a version, so code and layer may not match",
        ),
        (lambda parts, name: parts.pop(f"{name}ErrorsAlarm"), "has no alarm on errors"),
        (lambda parts, name: parts.pop(f"{name}ThrottlesAlarm"), "has no alarm on throttles"),
    ],
    ids=["layer", "role", "version", "errors alarm", "throttles alarm"],
)
def test_a_function_without_what_every_function_has_fails(template, function, spoil, said):
    spoil(template["Resources"], function)

    assert f"{function}: {said}" in template_problems(template)


@pytest.mark.parametrize("function", sorted(FUNCTIONS))
def test_a_function_without_a_log_group_fails(template, function):
    group = "ApiHandlerLogGroup" if function == "APIHandler" else f"{function}LogGroup"
    del template["Resources"][group]

    assert f"{function}: has no log group with a retention" in template_problems(template)


def test_nobody_calls_a_function_but_by_its_alias(template):
    resources = template["Resources"]
    permitted = [
        each["Properties"]["FunctionName"]["Ref"] for each in resources_of(template, "AWS::Lambda::Permission").values()
    ]
    subscribed = [
        each["Properties"]["DestinationArn"]["Ref"]
        for each in resources_of(template, "AWS::Logs::SubscriptionFilter").values()
    ]
    api = json.dumps(resources["RestAPI"])

    assert all(name.endswith(".Alias") for name in [*permitted, *subscribed])
    assert "${APIHandlerAliaslive}/invocations" in api
    assert ".Arn}/invocations" not in api


def test_any_change_publishes_anew_and_none_does_not(built):
    def release(attempt="", **parameters):
        functions = resources_of(built.for_bucket("some-bucket", parameters, attempt), "AWS::Serverless::Function")
        # Lambda publishes nothing that is as it was, so a function itself differs from release to release.
        (description,) = {each["Properties"]["Description"] for each in functions.values()}
        (digest,) = {each["Properties"]["AutoPublishCodeSha256"] for each in functions.values()}
        assert digest[:16] in description
        return digest

    default = built.template["Parameters"]["Sender"]["Default"]

    assert release() == release(Sender=default)
    assert release() != release(Sender="billing@example.com")
    assert release() != release(LayerKey="another-layer.zip")
    assert release() != release(attempt="2026-11-23 18:00:00")


def test_two_functions_with_one_role_fail(template):
    functions = template["Resources"]
    functions["Archive"]["Properties"]["Role"] = functions["Cleanup"]["Properties"]["Role"]

    assert any("does not have its own role and policy" in said for said in template_problems(template))


def test_a_message_becomes_a_dead_letter_when_the_functions_expect_it(template):
    queues = resources_of(template, "AWS::SQS::Queue").values()

    policies = [queue["Properties"]["RedrivePolicy"] for queue in queues if "RedrivePolicy" in queue["Properties"]]

    assert {policy["maxReceiveCount"] for policy in policies} == {MAX_RECEIVES}


@pytest.mark.parametrize("queue", ["FeedbackQueue", "SendsQueue", "ResendsQueue"])
def test_a_queue_without_a_dead_letter_queue_fails(template, queue):
    del template["Resources"][queue]["Properties"]["RedrivePolicy"]

    assert f"{queue}: has no dead-letter queue" in template_problems(template)


def test_a_dead_letter_queue_that_nobody_watches_fails(template):
    del template["Resources"]["FeedbackDeadLetterQueueNotEmptyAlarm"]

    said = template_problems(template)

    assert "FeedbackDeadLetterQueue: has no alarm on its messages" in said


def test_a_queue_that_shows_messages_again_too_soon_fails(template):
    template["Resources"]["FeedbackQueue"]["Properties"]["VisibilityTimeout"] = 60

    assert template_problems(template) == [
        "IngestFeedback: its queue makes messages visible again while they may still be processed"
    ]


def test_a_batch_that_fails_as_a_whole_fails(template):
    del template["Resources"]["IngestFeedback"]["Properties"]["Events"]["Feedback"]["Properties"][
        "FunctionResponseTypes"
    ]

    assert template_problems(template) == ["IngestFeedback: one bad record would fail its whole batch"]


def test_a_policy_that_grants_actions_by_wildcard_fails(template):
    policies = template["Resources"]["IngestFeedbackRole"]["Properties"]["Policies"]
    policies[0]["PolicyDocument"]["Statement"][0] |= {"Action": "dynamodb:*"}

    assert any("grants actions by wildcard" in violation for violation in template_problems(template))


DATA = {
    "AWS::DynamoDB::Table": 7,
    "AWS::Cognito::UserPool": 1,
    "AWS::S3::Bucket": 2,
    "AWS::SES::EmailIdentity": 1,
    "AWS::SecretsManager::Secret": 2,
}


@pytest.mark.parametrize("kind", DATA)
@pytest.mark.parametrize("policy", ["Delete", "Retain"])
def test_data_that_goes_with_the_stack_or_stays_when_its_first_deployment_fails_is_refused(template, kind, policy):
    data = resources_of(template, kind)
    for resource in data.values():
        resource["DeletionPolicy"] = policy

    said = "would be deleted with the stack, or would stay when its first deployment fails"
    assert template_problems(template) == [f"{name}: {said}" for name in data]
    assert len(data) == DATA[kind]


def test_nothing_of_a_first_deployment_that_fails_stays_but_the_accounts_role_for_logs(template):
    stays = {name for name, each in template["Resources"].items() if each.get("DeletionPolicy") == "Retain"}

    assert stays == {"ApiGatewayLogsRole", "ApiGatewayAccount"}


@pytest.mark.parametrize("name", ["ApiGatewayLogsRole", "ApiGatewayAccount"])
def test_the_accounts_role_for_logs_is_left_alone_where_there_is_one(template, name):
    assert template["Resources"][name]["Condition"] == "CreatesApiGatewayRole"
    assert template["Conditions"]["CreatesApiGatewayRole"] == {"Fn::Equals": [{"Ref": "ApiGatewayRole"}, "create"]}


@pytest.mark.parametrize("table", sorted(MODELS))
def test_a_deployed_table_has_the_keys_and_indexes_of_its_model(template, table):
    deployed = template["Resources"][f"{table.capitalize()}Table"]["Properties"]
    model = MODELS[table]
    schema = model._get_schema()  # what PynamoDB would create it with

    def keys(described):
        return {key["KeyType"]: key["AttributeName"] for key in described}

    assert keys(deployed["KeySchema"]) == keys(schema["key_schema"])
    assert {index["IndexName"]: keys(index["KeySchema"]) for index in deployed.get("GlobalSecondaryIndexes", [])} == {
        index["index_name"]: keys(index["key_schema"]) for index in schema["global_secondary_indexes"]
    }
    ttl = deployed.get("TimeToLiveSpecification", {}).get("AttributeName")
    assert ttl == (model._ttl_attribute().attr_name if model._ttl_attribute() else None)


def test_items_expire_by_time_to_live_and_their_removal_reaches_the_stream(template):
    table = template["Resources"]["UndeliveredTable"]["Properties"]

    assert table["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}
    assert table["StreamSpecification"] == {"StreamViewType": "NEW_AND_OLD_IMAGES"}


def test_a_name_in_two_fragments_is_refused(tmp_path):
    for name in ("one.yaml", "two.yaml"):
        (tmp_path / name).write_text("Resources: {Topic: {Type: AWS::SNS::Topic}}")

    with pytest.raises(Exception, match="already defined in another fragment"):
        load_fragments(sorted(tmp_path.glob("*.yaml")))


def test_every_handler_is_in_the_package_and_can_be_called(built, tmp_path):
    with zipfile.ZipFile(built.code) as code:
        names = set(code.namelist())
        code.extractall(tmp_path)
    handlers = [
        function["Properties"]["Handler"]
        for function in resources_of(built.template, "AWS::Serverless::Function").values()
    ]
    pairs = [handler.rsplit(".", 1) for handler in handlers]
    done = subprocess.run(
        [sys.executable, "-c", CALLABLES, json.dumps(pairs)],
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path), "AWS_DEFAULT_REGION": "us-east-1", "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.stderr == ""
    assert json.loads(done.stdout) == [True] * len(handlers)
    assert not any(name.startswith("tests/") for name in names)


def test_two_builds_of_the_same_code_are_the_same_to_the_byte(built):
    assert build(Target.local()).code_key == built.code_key


def test_a_wildcard_without_a_reason_fails(template):
    statement = template["Resources"]["ArchiveRole"]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"][2]
    statement["Resource"] = {"Fn::Sub": "${HistoryTable.Arn}/*"}

    (broken,) = template_problems(template)

    assert broken == "ArchiveRole: KeepHistory grants ${HistoryTable.Arn}/*, a wildcard without a reason"


def test_a_function_that_may_not_write_to_its_dead_letter_queue_fails(template):
    policy = template["Resources"]["IngestSmsLogsRole"]["Properties"]["Policies"][0]["PolicyDocument"]
    policy["Statement"] = [each for each in policy["Statement"] if each["Sid"] != "HandOverWhatFails"]

    assert template_problems(template) == ["IngestSmsLogs: is not allowed to write to its dead-letter queue"]


def test_calls_are_throttled_and_paths_are_not_traced(template):
    stage = template["Resources"]["RestAPI"]["Properties"]

    every, *costly = stage["MethodSettings"]
    assert (every["ResourcePath"], every["HttpMethod"]) == ("/*", "*")
    for each in stage["MethodSettings"]:
        assert 0 < each["ThrottlingRateLimit"] <= each["ThrottlingBurstLimit"]
    paths = {(each["HttpMethod"], each["ResourcePath"].replace("~1", "/").removeprefix("/")) for each in costly}
    assert paths <= {(route.method, route.path) for route in ROUTES}
    assert all(each["ThrottlingRateLimit"] < every["ThrottlingRateLimit"] for each in costly)
    # A trace holds the whole path, an access log what its format names.
    assert stage["TracingEnabled"] is False
    assert not {"$context.path", "$context.identity"} & set(stage["AccessLogSetting"]["Format"].split('"'))
    assert "DataTraceEnabled" not in every


def test_api_gateway_refuses_bodies_that_are_no_objects_where_one_is_needed(template):
    body = template["Resources"]["RestAPI"]["Properties"]["DefinitionBody"]
    checked = {
        (method.upper(), path)
        for path, methods in body["paths"].items()
        for method, operation in methods.items()
        if operation.get("x-amazon-apigateway-request-validator") == "body"
        and {"$ref": "#/definitions/JsonObject"} in [each.get("schema") for each in operation["parameters"]]
    }

    assert body["x-amazon-apigateway-request-validators"]["body"]["validateRequestBody"]
    assert body["definitions"]["JsonObject"]["type"] == "object"
    assert checked == {(route.method, route.path) for route in ROUTES if route.body and route.body_required}


def test_a_firewall_is_there_for_those_who_ask_and_never_on_the_local_stack(template):
    firewall = {name: each for name, each in template["Resources"].items() if "WAFv2" in each["Type"]}

    assert {each["Condition"] for each in firewall.values()} == {"HasFirewall"}
    assert template["Parameters"]["Firewall"]["Default"] == "false"
    assert {"Fn::Not": [{"Condition": "IsLocal"}]} in template["Conditions"]["HasFirewall"]["Fn::And"]
    rules = resources_of(template, "AWS::WAFv2::WebACL")["ApiFirewall"]["Properties"]["Rules"]
    assert [each["Statement"].get("ManagedRuleGroupStatement", {}).get("Name") for each in rules] == [
        None,
        "AWSManagedRulesAmazonIpReputationList",
        "AWSManagedRulesCommonRuleSet",
    ]


def test_what_the_firewall_answers_says_when_to_come_back(template):
    firewall = resources_of(template, "AWS::WAFv2::WebACL")["ApiFirewall"]["Properties"]
    (answer,) = [each["Action"]["Block"]["CustomResponse"] for each in firewall["Rules"] if "Action" in each]
    body = json.loads(firewall["CustomResponseBodies"][answer["CustomResponseBodyKey"]]["Content"])

    assert answer["ResponseCode"] == body["status"] == 429
    assert {each["Name"]: each["Value"] for each in answer["ResponseHeaders"]} == {
        "Retry-After": "300",
        "Cache-Control": "no-store",
        "Access-Control-Allow-Origin": "*",
        "Access-Control-Expose-Headers": "Retry-After",
    }


@pytest.mark.parametrize(
    ("alarm", "said"),
    [
        ("SendsQueueAgeAlarm", "SendsQueue: has no alarm on messages that wait too long"),
        ("ArchiveBehindAlarm", "Archive: has no alarm on IteratorAge, so its trigger may stop or lag unnoticed"),
        ("CleanupStoppedAlarm", "Cleanup: has no alarm on Invocations, so its trigger may stop or lag unnoticed"),
        ("ApiErrorsAlarm", "5XXError: has no alarm for values above 0.0"),
        ("CounterDriftAlarm", "CounterDrift: has no alarm for values above 0.0"),
        ("UnattributedAlarm", "Unattributed: has no alarm for values above UnattributedLimit"),
        ("RefusedTagsAlarm", "RefusedTags: has no alarm for values above 0.0"),
        ("UnreadableRowsAlarm", "UnreadableRows: has no alarm for values above 0.0"),
        ("BouncesAlarm", "Reputation.BounceRate: has no alarm for values above 0.05"),
        ("BouncesSevereAlarm", "Reputation.BounceRate: has no alarm for values above 0.1"),
        ("ComplaintsAlarm", "Reputation.ComplaintRate: has no alarm for values above 0.001"),
        ("ComplaintsSevereAlarm", "Reputation.ComplaintRate: has no alarm for values above 0.005"),
    ],
)  # fmt: skip
def test_a_missing_alarm_fails(template, alarm, said):
    del template["Resources"][alarm]

    assert said in template_problems(template)


@pytest.mark.parametrize(
    ("part", "said"),
    [
        ("AlarmActions", "has no alarm action"),
        ("AlarmDescription", "must describe the problem and link to the runbook"),
    ],
)
def test_an_alarm_that_tells_nobody_or_nothing_fails(template, part, said):
    del template["Resources"]["CounterDriftAlarm"]["Properties"][part]

    assert f"CounterDriftAlarm: {said}" in template_problems(template)


def test_the_alarm_on_the_api_watches_the_stage_that_there_is(template):
    told = template["Resources"]["ApiErrorsAlarm"]["Properties"]["Dimensions"]
    api = template["Resources"]["RestAPI"]["Properties"]

    assert {each["Name"]: each["Value"] for each in told} == {"ApiName": api["Name"], "Stage": api["StageName"]}


def test_every_function_queue_and_alarm_is_on_the_dashboard(template):
    body = template["Resources"]["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]

    assert all(f'"${{{name}}}"' in body for name in resources_of(template, "AWS::Serverless::Function"))
    assert all(f'"${{{name}.QueueName}}"' in body for name in resources_of(template, "AWS::SQS::Queue"))
    assert all(f'"${{{name}.Arn}}"' in body for name in resources_of(template, "AWS::CloudWatch::Alarm"))


def test_the_dashboard_is_laid_out_without_overlaps(template):
    widgets = json.loads(template["Resources"]["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"])["widgets"]
    squares = [
        (x, y)
        for each in widgets
        for x in range(each["x"], each["x"] + each["width"])
        for y in range(each["y"], each["y"] + each["height"])
    ]

    assert len(squares) == len(set(squares))
    assert max(x for x, _ in squares) < 24


def test_every_alarm_goes_to_the_topic_that_was_given_or_else_to_the_stacks_own(template):
    topic = {"Fn::If": ["OwnsAlarmTopic", {"Ref": "AlarmTopic"}, {"Ref": "AlarmTopicArn"}]}

    alarms = resources_of(template, "AWS::CloudWatch::Alarm").values()
    assert [alarm["Properties"]["AlarmActions"] for alarm in alarms] == [[topic]] * len(alarms)
    assert template["Resources"]["AlarmTopic"]["Condition"] == "OwnsAlarmTopic"


def test_what_alarms_and_dashboard_watch_of_ours_is_what_functions_write(template):
    written = metrics_of_the_code()
    own = {"Ref": "AWS::StackName"}
    watched = [
        alarm["Properties"]
        for alarm in resources_of(template, "AWS::CloudWatch::Alarm").values()
        if alarm["Properties"].get("Namespace") == own
    ]
    body = json.loads(template["Resources"]["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"])
    lines = [line for widget in body["widgets"] for line in widget["properties"].get("metrics", [])]
    drawn = [line[1] for line in lines if line[0] == "${AWS::StackName}"]
    searched = [
        re.fullmatch(
            r"SEARCH\('\{\"\$\{AWS::StackName\}\",service,([\w,]+)\} MetricName=\"(\w+)\"', .*", line[0]["expression"]
        )
        for line in lines
        if isinstance(line[0], dict)
    ]

    assert {alarm["MetricName"] for alarm in watched} == {
        "CounterDrift",
        "RefusedTags",
        "Unattributed",
        "UnreadableRows",
    }
    assert all(alarm["Dimensions"] == [{"Name": "service", "Value": "undelivered"}] for alarm in watched)
    assert not any(written[name] for name in [*drawn, *(alarm["MetricName"] for alarm in watched)])
    assert {found[2]: set(found[1].split(",")) for found in searched} == {
        name: apart for name, apart in written.items() if apart
    }
    for function in resources_of(template, "AWS::Serverless::Function").values():
        assert function["Properties"]["Environment"]["Variables"]["POWERTOOLS_METRICS_NAMESPACE"] == own


@pytest.mark.parametrize("kind", ["Delivered", "Failed"])
def test_texts_are_heard_of_whoever_made_their_log_groups(template, kind):
    group = template["Resources"][f"Sms{kind}LogGroup"]["Properties"]["LogGroupName"]
    subscription = template["Resources"][f"Sms{kind}Subscription"]

    assert "Condition" not in subscription
    made = {"Ref": f"Sms{kind}LogGroup"}
    assert subscription["Properties"]["LogGroupName"] == {"Fn::If": ["CreatesSmsLogGroups", made, group]}


def test_the_files_of_the_console_are_packaged_without_comments(built, tmp_path):
    console = "undelivered/console/"
    sources = Path("functions", console)
    with zipfile.ZipFile(built.code) as code:
        packaged = {name.removeprefix(console): code.read(name) for name in code.namelist() if name.startswith(console)}

    assert set(packaged) == {str(file.relative_to(sources)) for file in sources.rglob("*.*")}
    assert b"/**" not in b"".join(packaged.values())
    for name in ("assets/en.json", "assets/es.json"):
        assert json.loads(packaged[name]) == json.loads((sources / name).read_text())
