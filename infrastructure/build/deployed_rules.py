"""Rules for the template as it is deployed, after SAM's transform: what SAM adds, and AWS's own limits."""

import json
from collections.abc import Iterator
from typing import Any, Final

from infrastructure.build.concurrency import concurrency_problems
from infrastructure.build.environment_size import environment_problems
from infrastructure.build.gateway_responses import EXTENSION
from infrastructure.build.template_rules import references

Template = dict[str, Any]
Resource = dict[str, Any]

_STAGE: Final = "api"
_ACCOUNT: Final = "AWS::ApiGateway::Account"


def deployed_problems(deployed: Template) -> list[str]:
    """Return a sentence for each rule that a transformed template breaks."""
    resources: dict[str, Resource] = deployed["Resources"]
    return [
        *_stages(resources),
        *_stage_logs(resources),
        *_gateway_responses(resources),
        *_sign_in(resources),
        *environment_problems(deployed),
        *concurrency_problems(deployed),
    ]


def _of_type(resources: dict[str, Resource], kind: str) -> Iterator[tuple[str, Resource]]:
    return ((name, resource["Properties"]) for name, resource in resources.items() if resource["Type"] == kind)


_FIXED_ATTRIBUTES: Final = frozenset({"email", "email_verified", "custom:account_id"})
"""The attributes that identify a user and the user's account."""


def _stages(resources: dict[str, Resource]) -> Iterator[str]:
    """Allow only the stage of the template.

    SAM adds a public stage called `Stage` unless `OpenApiVersion` is set (AWS SAM guide, AWS::Serverless::Api). A
    deployment with a stage name creates that stage.
    """
    for kind in ("AWS::ApiGateway::Stage", "AWS::ApiGateway::Deployment"):
        for name, properties in _of_type(resources, kind):
            stage = properties.get("StageName", _STAGE)
            if stage != _STAGE:
                yield f"{name}: creates the stage {stage}, which has no firewall, throttle or log"


def _stage_logs(resources: dict[str, Resource]) -> Iterator[str]:
    """Check that an API with an access log waits for the account's role.

    API Gateway refuses the stage while the account has none (API Gateway guide, "Set up CloudWatch logging").
    """
    for name, stage in _of_type(resources, "AWS::ApiGateway::Stage"):
        groups = references(stage.get("AccessLogSetting", {}))
        waits_for = {target for group in groups for target in references(resources[group])}
        if groups and not any(resources.get(target, {}).get("Type") == _ACCOUNT for target in waits_for):
            yield f"{name}: has an access log but may be created before the account's role for logs"


def _gateway_responses(resources: dict[str, Resource]) -> Iterator[str]:
    for name, _ in _of_type(resources, "AWS::ApiGateway::GatewayResponse"):
        yield f"{name}: is not in the API's body, so an import of the body removes it"
    for name, api in _of_type(resources, "AWS::ApiGateway::RestApi"):
        responses = api["Body"].get(EXTENSION, {})
        for missing in sorted(_gateway_response_types() - set(responses)):
            yield f"{name}: its body has no gateway response {missing}"
        for response_type, response in responses.items():
            problem = json.loads(response["responseTemplates"]["application/json"])
            if str(problem["status"]) != response["statusCode"]:
                difference = f"has status {problem['status']} in its body but is sent with {response['statusCode']}"
                yield f"{name}: the gateway response {response_type} {difference}"


def _gateway_response_types() -> set[str]:
    """Return all types of gateway responses that API Gateway has."""
    from botocore.session import get_session

    shape = get_session().get_service_model("apigateway").shape_for("GatewayResponseType")
    return set(shape.metadata["enum"])


def _sign_in(resources: dict[str, Resource]) -> Iterator[str]:
    for name, pool in _of_type(resources, "AWS::Cognito::UserPool"):
        if pool.get("UsernameConfiguration", {}).get("CaseSensitive") is not False:
            yield f"{name}: has user names that differ only by case, and Cognito cannot change this later"
        if not pool.get("AdminCreateUserConfig", {}).get("AllowAdminCreateUserOnly"):
            yield f"{name}: lets anyone sign up"
        if pool.get("EnabledMfas") != ["SOFTWARE_TOKEN_MFA"]:
            yield f"{name}: has no second factor for users who want one"
    for name, client in _of_type(resources, "AWS::Cognito::UserPoolClient"):
        # Without WriteAttributes, a client may write all standard attributes.
        writable = set(client.get("WriteAttributes", _FIXED_ATTRIBUTES))
        for attribute in sorted(writable & _FIXED_ATTRIBUTES):
            yield f"{name}: lets users change their own {attribute}"
    for name, provider in _of_type(resources, "AWS::Cognito::UserPoolIdentityProvider"):
        for attribute in sorted(set(provider["AttributeMapping"]) & _FIXED_ATTRIBUTES):
            yield f"{name}: decides the {attribute} of its users, which only the operator may"
