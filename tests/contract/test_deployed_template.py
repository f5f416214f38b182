"""What CloudFormation gets: the template after SAM's transform, and its rules."""

import copy
import json

import pytest
from botocore.session import get_session

from infrastructure.build.concurrency import (
    API,
    NEEDED,
    NEW_ACCOUNT,
    PEOPLE,
    SMS_LOGS,
    continuous_executions,
    executions,
)
from infrastructure.build.deployed_rules import deployed_problems
from infrastructure.build.sam import transformed
from undelivered.entrypoints.http.errors import Problem

GATEWAY_RESPONSES = "x-amazon-apigateway-gateway-responses"
RESPONSE_TYPES = get_session().get_service_model("apigateway").shape_for("GatewayResponseType").enum


@pytest.fixture(scope="module")
def deployed(built):
    return transformed(built.for_bucket("artifacts", {}))


@pytest.fixture
def changed(deployed):
    return copy.deepcopy(deployed)


def api_body(template):
    return template["Resources"]["RestAPI"]["Properties"]["Body"]


def test_the_deployed_template_breaks_no_rule(deployed):
    assert deployed_problems(deployed) == []


def test_sams_own_stage_fails(built):
    template = built.for_bucket("artifacts", {})
    del template["Resources"]["RestAPI"]["Properties"]["OpenApiVersion"]

    (problem,) = deployed_problems(transformed(template))

    assert problem.startswith("RestAPIDeployment")
    assert problem.endswith("creates the stage Stage, which has no firewall, throttle or log")


def test_a_second_stage_fails(changed):
    changed["Resources"]["Other"] = {"Type": "AWS::ApiGateway::Stage", "Properties": {"StageName": "v2"}}

    assert "Other: creates the stage v2, which has no firewall, throttle or log" in deployed_problems(changed)


def test_a_stage_with_a_log_that_does_not_wait_for_the_accounts_role_fails(changed):
    changed["Resources"]["ApiAccessLogGroup"].pop("Metadata", None)

    (problem,) = deployed_problems(changed)

    assert problem == "RestAPIapiStage: has an access log but may be created before the account's role for logs"


def test_a_gateway_response_beside_the_body_fails(changed):
    changed["Resources"]["Late"] = {"Type": "AWS::ApiGateway::GatewayResponse", "Properties": {}}

    assert deployed_problems(changed) == ["Late: is not in the API's body, so an import of the body removes it"]


@pytest.mark.parametrize("response_type", RESPONSE_TYPES)
def test_api_gateway_answers_every_error_as_the_api_does(deployed, response_type):
    response = api_body(deployed)[GATEWAY_RESPONSES][response_type]
    problem = json.loads(response["responseTemplates"]["application/json"])
    headers = {
        name.removeprefix("gatewayresponse.header."): value.strip("'")
        for name, value in response["responseParameters"].items()
    }

    assert set(problem) == set(Problem.__struct_fields__)
    assert str(problem["status"]) == response["statusCode"]
    assert problem["request_id"] == "$context.requestId"
    assert headers.pop("Access-Control-Expose-Headers") == "Retry-After"
    retry = headers.pop("Retry-After", "")
    assert retry.isdecimal() == (response["statusCode"] == "429")
    assert headers == {
        "Content-Type": "application/problem+json",
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
        "Access-Control-Allow-Origin": "*",
    }


@pytest.mark.parametrize("response_type", RESPONSE_TYPES)
def test_a_missing_gateway_response_fails(changed, response_type):
    del api_body(changed)[GATEWAY_RESPONSES][response_type]

    assert f"RestAPI: its body has no gateway response {response_type}" in deployed_problems(changed)


def test_a_gateway_response_with_another_status_in_its_body_fails(changed):
    api_body(changed)[GATEWAY_RESPONSES]["ACCESS_DENIED"]["statusCode"] = "400"

    assert deployed_problems(changed) == [
        "RestAPI: the gateway response ACCESS_DENIED has status 403 in its body but is sent with 400"
    ]


def test_the_types_that_aws_knows_the_status_of_keep_it(deployed):
    # A path or method that does not exist is MISSING_AUTHENTICATION_TOKEN for API Gateway (403), and 404 for a client.
    responses = api_body(deployed)[GATEWAY_RESPONSES]
    statuses = {name: response["statusCode"] for name, response in responses.items()}

    assert statuses.pop("MISSING_AUTHENTICATION_TOKEN") == "404"
    # API Gateway Developer Guide, "Gateway response types": the default status of each type.
    assert statuses == {
        "ACCESS_DENIED": "403",
        "API_CONFIGURATION_ERROR": "500",
        "AUTHORIZER_CONFIGURATION_ERROR": "500",
        "AUTHORIZER_FAILURE": "500",
        "BAD_REQUEST_BODY": "400",
        "BAD_REQUEST_PARAMETERS": "400",
        "DEFAULT_4XX": "403",
        "DEFAULT_5XX": "500",
        "EXPIRED_TOKEN": "403",
        "INTEGRATION_FAILURE": "429",  # not the default, 504: all executions of the AWS account are in use
        "INTEGRATION_TIMEOUT": "504",
        "INVALID_API_KEY": "403",
        "INVALID_SIGNATURE": "403",
        "QUOTA_EXCEEDED": "429",
        "REQUEST_TOO_LARGE": "413",
        "RESOURCE_NOT_FOUND": "404",
        "THROTTLED": "429",
        "UNAUTHORIZED": "401",
        "UNSUPPORTED_MEDIA_TYPE": "415",
        "WAF_FILTERED": "403",
    }


@pytest.mark.parametrize(
    ("property_name", "said"),
    [
        ("UsernameConfiguration", "has user names that differ only by case, and Cognito cannot change this later"),
        ("AdminCreateUserConfig", "lets anyone sign up"),
        ("EnabledMfas", "has no second factor for users who want one"),
    ],
)
def test_a_user_pool_without_a_setting_of_ours_fails(changed, property_name, said):
    del changed["Resources"]["UserPool"]["Properties"][property_name]

    assert deployed_problems(changed) == [f"UserPool: {said}"]


@pytest.mark.parametrize("client", ["ConsoleClient", "HostClient"])
@pytest.mark.parametrize("attribute", ["email", "custom:account_id"])
def test_a_client_that_lets_users_change_who_they_are_fails(changed, client, attribute):
    changed["Resources"][client]["Properties"]["WriteAttributes"] = ["name", attribute]

    assert deployed_problems(changed) == [f"{client}: lets users change their own {attribute}"]


@pytest.mark.parametrize("client", ["ConsoleClient", "HostClient"])
def test_a_client_with_the_writable_attributes_of_the_default_fails(changed, client):
    del changed["Resources"][client]["Properties"]["WriteAttributes"]

    assert f"{client}: lets users change their own email" in deployed_problems(changed)


def test_a_second_factor_is_for_those_who_want_it_unless_everybody_has_to_have_one(deployed):
    assert deployed["Resources"]["UserPool"]["Properties"]["MfaConfiguration"] == {"Ref": "Mfa"}
    assert deployed["Parameters"]["Mfa"]["Default"] == "OPTIONAL"
    assert deployed["Parameters"]["Mfa"]["AllowedValues"] == ["OPTIONAL", "ON"]


def test_without_the_topic_of_a_two_way_number_nothing_subscribes_and_nothing_is_polled(deployed):
    resources = deployed["Resources"]

    assert deployed["Parameters"]["RepliesTopicArn"]["Default"] == ""
    assert deployed["Conditions"]["ReadsReplies"] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "RepliesTopicArn"}, ""]}]}
    assert {resources[name]["Condition"] for name in ("RepliesSubscription", "RepliesQueuePolicy")} == {"ReadsReplies"}
    assert resources["ReadRepliesReceived"]["Properties"]["Enabled"] == {"Fn::If": ["ReadsReplies", True, False]}


def test_an_environment_that_can_become_too_large_fails(changed):
    changed["Parameters"]["DefaultAccountId"]["MaxLength"] = 4096

    assert {problem.partition(":")[0] for problem in deployed_problems(changed)} == {
        "APIHandler",
        "IngestFeedback",
        "IngestSmsLogs",
        "ProcessResends",
        "ExportReport",
        "SendDigests",
        "SendNotifications",
    }
    assert all("more than Lambda's 4096" in problem for problem in deployed_problems(changed))


def test_an_environment_with_a_parameter_of_any_length_fails(changed):
    del changed["Parameters"]["AllowedOrigins"]["MaxLength"]

    (problem,) = deployed_problems(changed)

    assert problem.startswith("APIHandler: the longest value of the parameter AllowedOrigins, which has no MaxLength,")


def test_a_new_aws_account_has_an_execution_left_for_the_api(deployed):
    assert sum(continuous_executions(deployed).values()) <= NEW_ACCOUNT - API


def test_every_trigger_has_a_limit_and_their_sum_is_what_a_stage_needs(deployed):
    limits = executions(deployed)

    assert limits == {
        "IngestFeedbackFeedback": 2,
        "SendNotificationsSends": 2,
        "ProcessResendsResends": 2,
        "ExportReportRequested": 2,
        "DeliverWebhooksStarted": 2,
        "ReadRepliesReceived": 2,
        "ArchiveRemoved": 1,
        "OnItemChangedChanged": 1,
        "CleanupEveryMinute": 1,
        "SendDigestsEveryHour": 1,
        "SyncSuppressionsTwiceADay": 1,
    }
    assert sum(limits.values()) + SMS_LOGS + PEOPLE + API == NEEDED


@pytest.mark.parametrize(
    "mapping",
    [
        "IngestFeedbackFeedback",
        "SendNotificationsSends",
        "ProcessResendsResends",
        "ExportReportRequested",
        "DeliverWebhooksStarted",
        "ReadRepliesReceived",
    ],
)
def test_a_queue_without_a_limit_of_concurrency_fails(changed, mapping):
    del changed["Resources"][mapping]["Properties"]["ScalingConfig"]

    assert f"{mapping}: nothing limits its concurrency" in deployed_problems(changed)


@pytest.mark.parametrize("trigger", ["ExportReportRequested", "SendDigestsEveryHour"])
def test_a_function_that_nothing_limits_fails(changed, trigger):
    del changed["Resources"][trigger]

    assert f"{trigger.partition('Req')[0].partition('Every')[0]}: nothing limits its concurrency" in deployed_problems(
        changed
    )


def test_a_function_that_cloudwatch_logs_invokes_has_reserved_concurrency(changed):
    del changed["Resources"]["IngestSmsLogs"]["Properties"]["ReservedConcurrentExecutions"]

    assert deployed_problems(changed) == ["IngestSmsLogs: nothing limits its concurrency"]


def test_runs_of_a_schedule_that_overlap_count_with_their_retries(changed):
    del changed["Resources"]["CleanupEventInvokeConfig"]

    # Three runs of 50 seconds and waits of one and two minutes, every minute.
    assert executions(changed)["CleanupEveryMinute"] == 6


@pytest.mark.parametrize("mapping", ["ArchiveRemoved", "OnItemChangedChanged"])
def test_triggers_that_can_take_all_executions_of_a_new_account_fail(changed, mapping):
    changed["Resources"][mapping]["Properties"]["ParallelizationFactor"] = 2

    assert deployed_problems(changed) == [
        "the triggers can use 10 executions at a time, all that a new AWS account has",
        f"a stage can use {NEEDED + 1} executions at a time, but concurrency.NEEDED is {NEEDED}",
    ]


def test_an_identity_provider_decides_neither_account_nor_address(deployed):
    changed = copy.deepcopy(deployed)
    providers = {
        name: each["Properties"]
        for name, each in changed["Resources"].items()
        if each["Type"] == "AWS::Cognito::UserPoolIdentityProvider"
    }
    assert {name: set(each["AttributeMapping"]) for name, each in providers.items()} == {
        "OidcProvider": {"name"},
        "SamlProvider": {"name"},
    }
    providers["OidcProvider"]["AttributeMapping"] |= {"custom:account_id": "account", "email": "email"}

    assert deployed_problems(changed) == [
        "OidcProvider: decides the custom:account_id of its users, which only the operator may",
        "OidcProvider: decides the email of its users, which only the operator may",
    ]


def test_what_an_identity_provider_maps_can_be_written_by_the_client_as_cognito_requires(deployed):
    resources = deployed["Resources"]
    writable = set(resources["ConsoleClient"]["Properties"]["WriteAttributes"])

    for name in ("OidcProvider", "SamlProvider"):
        assert set(resources[name]["Properties"]["AttributeMapping"]) <= writable


def test_identity_providers_exist_where_their_parameters_are_set_alone(deployed):
    supported = deployed["Resources"]["ConsoleClient"]["Properties"]["SupportedIdentityProviders"]
    nothing = {"Ref": "AWS::NoValue"}

    assert supported == [
        "COGNITO",
        {"Fn::If": ["HasOidc", {"Ref": "OidcProvider"}, nothing]},
        {"Fn::If": ["HasSaml", {"Ref": "SamlProvider"}, nothing]},
    ]
    for name, condition in (("OidcProvider", "HasOidc"), ("SamlProvider", "HasSaml")):
        assert deployed["Resources"][name]["Condition"] == condition
    secret = deployed["Resources"]["OidcProvider"]["Properties"]["ProviderDetails"]["client_secret"]
    assert secret == {"Fn::Sub": "{{resolve:secretsmanager:${OidcClientSecret}:SecretString}}"}
