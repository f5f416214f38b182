"""`undelivered deploy`: build the application and deploy it to AWS."""

import json
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Final
from uuid import uuid4

import typer
from rich.console import Console
from rich.table import Table

from infrastructure.cli.errors import exit_on_tool_error
from infrastructure.cloudformation import POLL_SECONDS, find_stack, outputs_of, wait_for
from infrastructure.deployed_stack import stack_name
from infrastructure.errors import ToolError
from infrastructure.user_pool import set_console_urls

if TYPE_CHECKING:
    from infrastructure.build.template import Build

_STDERR: Final = Console(stderr=True)
_CAPABILITIES: Final = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]
_NO_CHANGES: Final = ("didn't contain changes", "No updates are to be performed")
_STUCK: Final = {
    "ROLLBACK_COMPLETE": "the first deployment failed. Run `undelivered destroy`, then deploy again.",
    "ROLLBACK_FAILED": "the first deployment failed. Run `undelivered destroy`, then deploy again.",
    "UPDATE_ROLLBACK_FAILED": "fix the cause in its events, then run `aws cloudformation continue-update-rollback`.",
}
"""States in which CloudFormation accepts no update, and what to do (User Guide, "Stack status codes")."""

DeployedStageOption = Annotated[
    str, typer.Option(help="Name of the deployment, for example test or live. Stages share nothing.")
]
YesOption = Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")]


def deploy(
    *,
    stage: DeployedStageOption,
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
        chosen = _parse_parameters(parameter or [])
        with _STDERR.status("Building for Lambda"):
            built = build(Target.aws())
        cloudformation = boto3.client("cloudformation")
        name = stack_name(stage)
        parameters = {"LayerBucket": bucket, "LayerKey": built.layer_key, **chosen}
        with _STDERR.status("Uploading"):
            current = find_stack(cloudformation, name) or {}
            template = built.for_bucket(bucket, {**_parameters_of(current), **parameters}, _failed_update(current))
            template_url = _upload(boto3.client("s3"), bucket, f"{name}.json", built, template)
        outputs = _apply(cloudformation, name, template_url, parameters, built, yes=yes)
        set_console_urls(boto3.client("cognito-idp"), outputs)
        if sms_logs:
            _turn_on_sms_logs(boto3.client("sns"), outputs)
    for name, value in sorted(outputs.items()):
        print(f"{name}: {value}")


def _parse_parameters(pairs: list[str]) -> dict[str, str]:
    parameters: dict[str, str] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise ToolError(f"--parameter must be NAME=VALUE, but it is {pair!r}.")
        parameters[name] = value
    return parameters


def _turn_on_sms_logs(sns: Any, outputs: Mapping[str, str]) -> None:
    """Turn on SNS's delivery status logs for texts. CloudFormation has no such property (SNS API, SetSMSAttributes)."""
    role = outputs["SmsDeliveryStatusRoleArn"]
    sns.set_sms_attributes(attributes={"DeliveryStatusIAMRole": role, "DeliveryStatusSuccessSamplingRate": "100"})


def _parameters_of(stack: Mapping[str, Any]) -> dict[str, str]:
    """Return the parameters of the deployed stack, by name."""
    return {parameter["ParameterKey"]: parameter["ParameterValue"] for parameter in stack.get("Parameters", [])}


def _failed_update(stack: Mapping[str, Any]) -> str:
    """Return an identifier of the last update if it was rolled back, otherwise ""."""
    return str(stack.get("LastUpdatedTime", "")) if "ROLLBACK" in stack.get("StackStatus", "") else ""


def _upload(s3: Any, bucket: str, key: str, built: "Build", template: Mapping[str, Any]) -> str:
    """Upload the archives and the template; return a URL of the template for CloudFormation."""
    s3.upload_file(str(built.code), bucket, built.code_key)
    s3.upload_file(str(built.layer), bucket, built.layer_key)
    s3.put_object(Bucket=bucket, Key=key, Body=json.dumps(template).encode())
    url: str = s3.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": key})
    return url


def _apply(  # noqa: PLR0913 - the parts of a change set
    cloudformation: Any,
    name: str,
    template_url: str,
    parameters: Mapping[str, str],
    built: "Build",
    *,
    yes: bool,
) -> dict[str, str]:
    """Create a change set, show it and execute it if the user agrees; return the outputs of the stack.

    Raises ToolError if the stack accepts no update, or if the change set or the deployment fails.
    """
    current = find_stack(cloudformation, name)
    if current and current["StackStatus"] in _STUCK:
        raise ToolError(f"{name} is {current['StackStatus']}: {_STUCK[current['StackStatus']]}")
    deployed = {parameter["ParameterKey"] for parameter in (current or {}).get("Parameters", [])}
    # Parameters of an earlier deployment keep their values unless a new value is given.
    declared = set(built.template["Parameters"])
    arguments: list[dict[str, Any]] = [
        {"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()
    ]
    arguments += [{"ParameterKey": key, "UsePreviousValue": True} for key in (deployed & declared) - set(parameters)]
    change_set = f"deploy-{uuid4()}"  # unique, even for two deployments in one second
    cloudformation.create_change_set(
        StackName=name,
        ChangeSetName=change_set,
        ChangeSetType="UPDATE" if current else "CREATE",
        TemplateURL=template_url,
        Parameters=arguments,
        Capabilities=_CAPABILITIES,
    )
    executed = False
    try:
        if not _show_changes(cloudformation, name, change_set):
            _STDERR.print("No changes.")
            return outputs_of(cloudformation, name)
        if not yes:
            typer.confirm(f"Apply these changes to {name}?", abort=True, err=True)
        cloudformation.execute_change_set(StackName=name, ChangeSetName=change_set)
        executed = True
    finally:
        if not executed:
            cloudformation.delete_change_set(StackName=name, ChangeSetName=change_set)
            if not current:  # the stack exists only for its first change set
                cloudformation.delete_stack(StackName=name)
    wait_for(cloudformation, name, "UPDATE" if current else "CREATE")
    return outputs_of(cloudformation, name)


def _show_changes(cloudformation: Any, name: str, change_set: str) -> bool:
    """Print the changes of a change set; return whether there are any."""
    change_set_state = cloudformation.describe_change_set(StackName=name, ChangeSetName=change_set)
    while change_set_state["Status"] in {"CREATE_PENDING", "CREATE_IN_PROGRESS"}:
        time.sleep(POLL_SECONDS)
        change_set_state = cloudformation.describe_change_set(StackName=name, ChangeSetName=change_set)
    if change_set_state["Status"] == "FAILED":
        reason = change_set_state.get("StatusReason", "")
        if any(text in reason for text in _NO_CHANGES):
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
