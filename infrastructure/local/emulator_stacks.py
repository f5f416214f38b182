"""Corrections of ministack's CloudFormation: what AWS refuses to create."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from infrastructure.local.emulator_internals import require

Create = Callable[[str, dict[str, Any], str], tuple[str, dict[str, Any]]]
"""Creates a resource, by its logical id, properties and stack name. Returns the physical id and the attributes."""


def refuse_existing_resources() -> None:
    """Refuse log groups and SES identities that exist, as AWS does. ministack replaces them."""
    from ministack.services import cloudwatch_logs, ses_v2

    _refuse_existing("AWS::Logs::LogGroup", "LogGroupName", require(cloudwatch_logs, "_log_groups"))
    _refuse_existing("AWS::SES::EmailIdentity", "EmailIdentity", require(ses_v2, "_identities"))


def refuse_logs_without_a_role() -> None:
    """Refuse a stage of an API with an access log while the AWS account has no role for logs, as API Gateway does."""
    from ministack.services import apigateway_v1

    settings: Mapping[str, Any] = require(apigateway_v1, "_account_settings")
    create = _create_of("AWS::ApiGateway::Stage")

    def create_with_role(logical_id: str, properties: dict[str, Any], stack: str) -> tuple[str, dict[str, Any]]:
        if properties.get("AccessLogSetting") and not (settings.get("settings") or {}).get("cloudwatchRoleArn"):
            raise ValueError("CloudWatch Logs role ARN must be set in account settings to enable logging")
        return create(logical_id, properties, stack)

    _set_create("AWS::ApiGateway::Stage", create_with_role)


def _refuse_existing(kind: str, name_property: str, existing: Mapping[str, Any]) -> None:
    create = _create_of(kind)

    def create_once(logical_id: str, properties: dict[str, Any], stack: str) -> tuple[str, dict[str, Any]]:
        name = properties.get(name_property)
        if name and name in existing:
            identifier = json.dumps({f"/properties/{name_property}": name}, separators=(",", ":"))
            raise ValueError(f"Resource of type '{kind}' with identifier '{identifier}' already exists.")
        return create(logical_id, properties, stack)

    _set_create(kind, create_once)


def _create_of(kind: str) -> Create:
    from ministack.services.cloudformation import provisioners

    create: Create = require(provisioners, "_RESOURCE_HANDLERS")[kind]["create"]
    return create


def _set_create(kind: str, create: Create) -> None:
    from ministack.services.cloudformation import provisioners

    provisioners._RESOURCE_HANDLERS[kind]["create"] = create  # noqa: SLF001 - see emulator.py
