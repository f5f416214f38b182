"""The size of the environment of each function, with the longest values that a deployment can have.

Names that AWS gives, and ARNs, are counted with the longest length that AWS allows, and parameters with their
`MaxLength`.
"""

import json
import re
from collections.abc import Iterator
from typing import Any, Final

Template = dict[str, Any]
Resource = dict[str, Any]

LIMIT: Final = 4096
"""Bytes (AWS Lambda Developer Guide, "Lambda quotas": environment variables)."""

_STACK_NAME: Final = "undelivered-".ljust(50, "s")
"""The longest stage has 38 characters (`deployed_stack`)."""

_PSEUDO_PARAMETERS: Final = {
    "AWS::AccountId": "1" * 12,
    "AWS::Partition": "aws-us-gov",
    "AWS::Region": "ap-southeast-2",
    "AWS::StackName": _STACK_NAME,
    "AWS::URLSuffix": "amazonaws.com.cn",
}
_ARN: Final = "arn:aws-us-gov:secretsmanager:ap-southeast-2:111111111111:secret:"
_NAME: Final = 80
"""The longest name that CloudFormation makes from stack name, logical id and 12 random characters for our stacks."""

_REFERENCES: Final = {
    "AWS::ApiGateway::RestApi": "i" * 10,
    "AWS::Cognito::UserPool": "ap-southeast-2_" + "p" * 9,
    "AWS::Cognito::UserPoolClient": "c" * 26,
    "AWS::Cognito::UserPoolDomain": "d" * 63,
    "AWS::DynamoDB::Table": "t" * _NAME,
    "AWS::KMS::Key": "k" * 36,
    "AWS::Lambda::Alias": _ARN + "f" * 64 + ":live",
    "AWS::S3::Bucket": "b" * 63,
    "AWS::SES::ConfigurationSet": "s" * 64,
    "AWS::SNS::Topic": _ARN + "t" * _NAME,
    "AWS::SQS::Queue": "https://sqs.ap-southeast-2.amazonaws.com.cn/111111111111/" + "q" * _NAME,
    "AWS::SecretsManager::Secret": _ARN + "s" * _NAME,
}
"""The longest result of `Ref` by type of resource."""

_NUMBER: Final = 20
"""The digits of the largest number that a parameter can have."""

_VARIABLE: Final = re.compile(r"\$\{([\w:.]+)\}")


def environment_problems(deployed: Template) -> Iterator[str]:
    """Yield a sentence for each function whose environment can be too large, or cannot be estimated."""
    for name, resource in deployed["Resources"].items():
        if resource["Type"] == "AWS::Lambda::Function":
            variables = resource["Properties"].get("Environment", {}).get("Variables", {})
            try:
                longest = {key: _longest(value, deployed) for key, value in variables.items()}
            except LookupError as error:
                yield f"{name}: the longest value of {error} in its environment is not known"
                continue
            size = len(json.dumps(longest))
            if size > LIMIT:
                yield f"{name}: its environment can have {size} bytes, more than Lambda's {LIMIT}"


def _longest(value: Any, deployed: Template) -> str:
    """Return the longest text that a value of the template can become. Raises LookupError if that is not known."""
    if not isinstance(value, dict):
        return str(value)
    ((function, argument),) = value.items()
    match function:
        case "Ref":
            return _reference(argument, deployed)
        case "Fn::If":
            return max((_longest(branch, deployed) for branch in argument[1:]), key=len)
        case "Fn::Sub":
            text, own = argument if isinstance(argument, list) else (argument, {})
            values = {name: _longest(part, deployed) for name, part in own.items()}
            return _VARIABLE.sub(lambda match: values.get(match[1]) or _reference(match[1], deployed), text)
        case _:
            raise LookupError(function)


def _reference(name: str, deployed: Template) -> str:
    if name in _PSEUDO_PARAMETERS:
        return _PSEUDO_PARAMETERS[name]
    if parameter := deployed["Parameters"].get(name):
        return "x" * _parameter_length(name, parameter)
    kind = deployed["Resources"].get(name, {}).get("Type")
    if kind not in _REFERENCES:
        raise LookupError(name)
    return _REFERENCES[kind]


def _parameter_length(name: str, parameter: dict[str, Any]) -> int:
    if choices := parameter.get("AllowedValues"):
        return max(len(str(choice)) for choice in choices)
    if parameter["Type"] == "Number":
        return _NUMBER
    if "MaxLength" not in parameter:
        raise LookupError(f"the parameter {name}, which has no MaxLength,")
    return int(parameter["MaxLength"])
