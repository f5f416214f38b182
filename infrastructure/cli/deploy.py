"""`undelivered deploy` and `undelivered destroy`: the template in somebody's AWS account, and out of it again."""

import json
import time
from collections.abc import Mapping
from itertools import takewhile
from typing import TYPE_CHECKING, Annotated, Any, Final
from uuid import uuid4

import typer
from rich.console import Console
from rich.table import Table

from infrastructure.cli.errors import exit_on_tool_error
from infrastructure.errors import ToolError
from infrastructure.user_pool import open_console

if TYPE_CHECKING:
    from infrastructure.build.template import Build

_STDERR: Final = Console(stderr=True)
_CAPABILITIES: Final = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]
_NOTHING_TO_CHANGE: Final = ("didn't contain changes", "No updates are to be performed")
_POLL_SECONDS: Final = 2.0
_STUCK: Final = {
    "ROLLBACK_COMPLETE": "the first deployment failed. Run `undelivered destroy`, then deploy again.",
    "ROLLBACK_FAILED": "the first deployment failed. Run `undelivered destroy`, then deploy again.",
    "UPDATE_ROLLBACK_FAILED": "fix the cause in its events, then run `aws cloudformation continue-update-rollback`.",
}
"""States that no update leads out of, and what does (AWS CloudFormation User Guide, "Stack status codes")."""

StageOption = Annotated[
    str, typer.Option(help="Name of the deployment, for example test or live. Stages share nothing.")
]
YesOption = Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")]


def stack_name(stage: str) -> str:
    """Return the CloudFormation stack of a stage."""
    return f"undelivered-{stage}"


def deploy(
    *,
    stage: StageOption,
    bucket: Annotated[str, typer.Option(help="Your S3 bucket for the archives, in the same region.")],
    parameter: Annotated[
        list[str] | None, typer.Option(help="Template parameter as NAME=VALUE. Can be repeated.")
    ] = None,
    sms_logs: Annotated[
        bool, typer.Option("--sms-logs", help="Turn on SNS delivery status logs for texts, for the whole AWS account.")
    ] = False,
    yes: YesOption = False,
) -> None:
    """Build, show the changes, ask for confirmation and deploy. Credentials and region come from the environment."""
    import boto3

    from infrastructure.build.target import Target
    from infrastructure.build.template import build

    with exit_on_tool_error():
        given = _parameters(parameter or [])
        with _STDERR.status("Building for Lambda"):
            built = build(Target.aws())
        cloudformation = boto3.client("cloudformation")
        parameters = {"LayerBucket": bucket, "LayerKey": built.layer_key, **given}
        with _STDERR.status("Uploading"):
            known = _stack(cloudformation, stack_name(stage)) or {}
            template = built.for_bucket(bucket, {**_known_parameters(known), **parameters}, _attempt(known))
            template_url = _upload(boto3.client("s3"), bucket, f"{stack_name(stage)}.json", built, template)
        outputs = _apply(cloudformation, stack_name(stage), template_url, parameters, built, yes=yes)
        open_console(boto3.client("cognito-idp"), outputs)
        if sms_logs:
            _log_texts(boto3.client("sns"), outputs)
    for name, value in sorted(outputs.items()):
        print(f"{name}: {value}")


def destroy(
    *,
    stage: StageOption,
    delete_data: Annotated[
        bool, typer.Option("--delete-data", help="Also delete tables, files, secrets and users.")
    ] = False,
    yes: YesOption = False,
) -> None:
    """Remove a stage. The data stays, unless you use `--delete-data`."""
    import boto3

    name = stack_name(stage)
    cloudformation = boto3.client("cloudformation")
    with exit_on_tool_error():
        if _stack(cloudformation, name) is None:
            raise ToolError(f"Stack {name} was not found in this AWS account and region.")
        resources = _resources(cloudformation, name)
        kept = [each for each in resources if each[0] in _DATA]
        stays = "its tables, files, secrets and users stay"
        what = (
            f"{name} with all its data: {len(kept)} tables, buckets, secrets and user pools"
            if delete_data
            else f"{name} ({stays})"
        )
        if not yes:
            typer.confirm(f"Remove {what}?", abort=True, err=True)
        cloudformation.delete_stack(StackName=name)
        _await(cloudformation, name, "DELETE")
        for kind, physical in kept:
            if delete_data:
                _DATA[kind](boto3, physical)
            _STDERR.print(f"{'Deleted' if delete_data else 'Kept'}: {physical}")
        _delete_layers(boto3.client("lambda"), f"{name}-dependencies")


def _parameters(given: list[str]) -> dict[str, str]:
    parameters: dict[str, str] = {}
    for pair in given:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise ToolError(f"--parameter must be NAME=VALUE, but it is {pair!r}.")
        parameters[name] = value
    return parameters


def _log_texts(sns: Any, outputs: Mapping[str, str]) -> None:
    """Switch SNS's delivery status logging for texts on, which CloudFormation cannot (API, "SetSMSAttributes")."""
    role = outputs["SmsDeliveryStatusRoleArn"]
    sns.set_sms_attributes(attributes={"DeliveryStatusIAMRole": role, "DeliveryStatusSuccessSamplingRate": "100"})


def _known_parameters(stack: Mapping[str, Any]) -> dict[str, str]:
    """Return what earlier deployments have set."""
    return {each["ParameterKey"]: each["ParameterValue"] for each in stack.get("Parameters", [])}


def _attempt(stack: Mapping[str, Any]) -> str:
    """Return which failed update this one comes after; empty after one that went through."""
    return str(stack.get("LastUpdatedTime", "")) if "ROLLBACK" in stack.get("StackStatus", "") else ""


def _upload(
    s3: Any,
    bucket: str,
    key: str,
    built: "Build",
    template: Mapping[str, Any],
) -> str:
    """Upload what a template refers to, and itself under a key; return where CloudFormation finds it."""
    s3.upload_file(str(built.code), bucket, built.code_key)
    s3.upload_file(str(built.layer), bucket, built.layer_key)
    s3.put_object(Bucket=bucket, Key=key, Body=json.dumps(template).encode())
    url: str = s3.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": key})
    return url


def _apply(  # noqa: PLR0913 - what a change set takes
    cloudformation: Any,
    name: str,
    template_url: str,
    parameters: Mapping[str, str],
    built: "Build",
    *,
    yes: bool,
) -> dict[str, str]:
    known = _stack(cloudformation, name)
    if known and known["StackStatus"] in _STUCK:
        raise ToolError(f"{name} is {known['StackStatus']}: {_STUCK[known['StackStatus']]}")
    present = {each["ParameterKey"] for each in (known or {}).get("Parameters", [])}
    # What an earlier deployment set stays as it is until somebody says otherwise.
    declared = set(built.template["Parameters"])
    arguments: list[dict[str, Any]] = [
        {"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()
    ]
    arguments += [{"ParameterKey": key, "UsePreviousValue": True} for key in (present & declared) - set(parameters)]
    change_set = f"deploy-{uuid4()}"  # two in a second are two
    cloudformation.create_change_set(
        StackName=name,
        ChangeSetName=change_set,
        ChangeSetType="UPDATE" if known else "CREATE",
        TemplateURL=template_url,
        Parameters=arguments,
        Capabilities=_CAPABILITIES,
    )
    applied = False
    try:
        if not _show_changes(cloudformation, name, change_set):
            _STDERR.print("No changes.")
            return _outputs(cloudformation, name)
        if not yes:
            typer.confirm(f"Apply these changes to {name}?", abort=True, err=True)
        cloudformation.execute_change_set(StackName=name, ChangeSetName=change_set)
        applied = True
    finally:
        if not applied:
            cloudformation.delete_change_set(StackName=name, ChangeSetName=change_set)
            if not known:  # it is nothing yet but the place of its first change set
                cloudformation.delete_stack(StackName=name)
    _await(cloudformation, name, "UPDATE" if known else "CREATE")
    return _outputs(cloudformation, name)


def _show_changes(cloudformation: Any, name: str, change_set: str) -> bool:
    """Print what a change set would do; return whether there is anything."""
    described = cloudformation.describe_change_set(StackName=name, ChangeSetName=change_set)
    while described["Status"] in {"CREATE_PENDING", "CREATE_IN_PROGRESS"}:
        time.sleep(_POLL_SECONDS)
        described = cloudformation.describe_change_set(StackName=name, ChangeSetName=change_set)
    if described["Status"] == "FAILED":
        reason = described.get("StatusReason", "")
        if any(words in reason for words in _NOTHING_TO_CHANGE):
            return False
        raise ToolError(f"The change set could not be created: {reason}")
    table = Table("action", "resource", "type", "replaced")
    pages = cloudformation.get_paginator("describe_change_set").paginate(StackName=name, ChangeSetName=change_set)
    changes = [change for page in pages for change in page["Changes"]]
    for change in changes:
        resource = change["ResourceChange"]
        replaced = resource.get("Replacement", "")
        table.add_row(resource["Action"], resource["LogicalResourceId"], resource["ResourceType"], replaced)
    _STDERR.print(table)
    return bool(changes)


def _stack(cloudformation: Any, name: str) -> dict[str, Any] | None:
    from botocore.exceptions import ClientError

    try:
        found: dict[str, Any] = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
    except ClientError:
        return None
    return None if found["StackStatus"] in {"REVIEW_IN_PROGRESS", "DELETE_COMPLETE"} else found


def _await(cloudformation: Any, name: str, action: str) -> None:
    """Wait for an operation to end; raise ToolError with what CloudFormation says went wrong."""
    with _STDERR.status(f"{action.capitalize()} of {name} in progress"):
        stack = _stack(cloudformation, name)
        while stack and stack["StackStatus"].endswith("IN_PROGRESS"):
            time.sleep(_POLL_SECONDS)
            stack = _stack(cloudformation, name)
    if stack is None and action == "DELETE":
        return
    status = stack["StackStatus"] if stack else "gone"
    if status != f"{action}_COMPLETE":
        is_back = status in {"UPDATE_ROLLBACK_COMPLETE", "ROLLBACK_COMPLETE"}
        outcome = "the stack was rolled back" if is_back else f"{name} is {status}"
        raise ToolError(f"The {action.lower()} of {name} failed and {outcome}. {_why(cloudformation, name, action)}")


def _why(cloudformation: Any, name: str, action: str) -> str:
    """Return what failed in the last operation, in CloudFormation's words."""
    events = cloudformation.describe_stack_events(StackName=name)["StackEvents"]  # the newest first
    begun = (name, f"{action}_IN_PROGRESS")
    last = takewhile(lambda event: (event["LogicalResourceId"], event["ResourceStatus"]) != begun, events)
    failed = [event for event in last if event["ResourceStatus"].endswith("_FAILED")]
    return "; ".join(
        f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason', '?')}" for event in reversed(failed)
    )


def _outputs(cloudformation: Any, name: str) -> dict[str, str]:
    stack = _stack(cloudformation, name)
    return {each["OutputKey"]: each["OutputValue"] for each in (stack or {}).get("Outputs", [])}


def _resources(cloudformation: Any, name: str) -> list[tuple[str, str]]:
    """Return kind and name of everything in a stage."""
    pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=name)
    resources = [each for page in pages for each in page["StackResourceSummaries"]]
    return [(each["ResourceType"], each["PhysicalResourceId"]) for each in resources if "PhysicalResourceId" in each]


def _delete_table(boto3: Any, physical: str) -> None:
    boto3.client("dynamodb").delete_table(TableName=physical)


def _delete_bucket(boto3: Any, physical: str) -> None:
    bucket = boto3.resource("s3").Bucket(physical)
    bucket.object_versions.delete()
    bucket.objects.delete()
    bucket.delete()


def _delete_pool(boto3: Any, physical: str) -> None:
    boto3.client("cognito-idp").delete_user_pool(UserPoolId=physical)


def _delete_secret(boto3: Any, physical: str) -> None:
    boto3.client("secretsmanager").delete_secret(SecretId=physical)


_DATA: Final = {
    "AWS::DynamoDB::Table": _delete_table,
    "AWS::S3::Bucket": _delete_bucket,
    "AWS::SecretsManager::Secret": _delete_secret,
    "AWS::Cognito::UserPool": _delete_pool,
}
"""What outlives the stack by the template, and how it is deleted all the same."""


def _delete_layers(functions: Any, layer: str) -> None:
    """Delete a layer's versions, which are kept for as long as a function may need one of them."""
    pages = functions.get_paginator("list_layer_versions").paginate(LayerName=layer)
    for version in [each["Version"] for page in pages for each in page["LayerVersions"]]:
        functions.delete_layer_version(LayerName=layer, VersionNumber=version)
