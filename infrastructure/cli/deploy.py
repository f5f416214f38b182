"""`undelivered deploy`: build the application and deploy it to AWS."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final
from uuid import uuid4

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from infrastructure.account_mapping import read_account_mapping, write_account_mapping
from infrastructure.before_deploying import (
    Client,
    account_problems,
    check_bucket,
    existing_parameters,
    reserved_concurrency,
)
from infrastructure.cloudformation import (
    ChangeSet,
    find_stack,
    is_in_progress,
    outputs_of,
    parameters_of,
    resources_of,
    wait_for,
)
from infrastructure.deployed_stack import stack_name
from infrastructure.errors import ToolError
from infrastructure.user_pool import set_console_urls

if TYPE_CHECKING:
    from infrastructure.build.template import Build

_STDERR: Final = Console(stderr=True)
_WAIT: Final = "another operation is running. Wait until it ends, then deploy again."
_IN_PROGRESS: Final = {
    "REVIEW_IN_PROGRESS": "another first deployment awaits confirmation. Wait until it ends, then deploy again. "
    "If it was interrupted, run `undelivered destroy`, then deploy again."
}
_STUCK: Final = {
    "DELETE_FAILED": "its removal failed. Fix the cause in its events, then run `undelivered destroy`.",
    "UPDATE_ROLLBACK_FAILED": "fix the cause in its events, then run `aws cloudformation continue-update-rollback`.",
}
"""States in which CloudFormation accepts no update, and what to do (User Guide, "Stack status codes")."""
_NEVER_CREATED: Final = frozenset({"CREATE_FAILED", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED"})
"""States of a stack whose first deployment failed. CloudFormation allows only to delete such a stack. It contains
nothing, or only what a rollback could not delete."""

DeployedStageOption = Annotated[
    str, typer.Option(help="Name of the deployment, for example test or live. Stages share nothing.")
]
YesOption = Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")]


def deploy(  # noqa: PLR0913 - one for each option
    *,
    stage: DeployedStageOption,
    bucket: Annotated[str, typer.Option(help="Your S3 bucket for the archives, in the same region.")],
    parameter: Annotated[
        list[str] | None, typer.Option(help="Template parameter as NAME=VALUE. Can be repeated.")
    ] = None,
    account_mapping: Annotated[
        Path | None,
        typer.Option(help="JSON file with the accounts of identities and SES tenants. By default, the mapping stays."),
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

    name = stack_name(stage)
    mapping = read_account_mapping(account_mapping) if account_mapping else None
    session: Any = boto3.Session()
    client: Client = session.client
    chosen = _parse_parameters(parameter or [])
    with _STDERR.status("Checking the AWS account"):
        parameters = _before_building(client, name, bucket, chosen)
    with _STDERR.status("Building for Lambda"):
        built = build(Target.aws())
    parameters |= {"LayerBucket": bucket, "LayerKey": built.layer_key}
    outputs = _apply(client, name, parameters, built, yes=yes)
    set_console_urls(client("cognito-idp"), outputs)
    if mapping:
        write_account_mapping(client("dynamodb"), outputs["AccountsTable"], mapping)
    if sms_logs:
        _turn_on_sms_logs(client("sns"), outputs)
    for name, value in sorted(outputs.items()):
        print(f"{name}: {value}")


def _before_building(client: Client, name: str, bucket: str, chosen: Mapping[str, str]) -> dict[str, str]:
    """Check the AWS account, show what would limit the stage, and return the parameters.

    Raises ToolError if the deployment cannot succeed.
    """
    cloudformation = client("cloudformation")
    client("sts").get_caller_identity()  # needs no permission, so it fails only for the credentials
    current = _updatable_stack(cloudformation, name)
    check_bucket(client("s3"), bucket)
    resources = resources_of(cloudformation, name) if current else []
    deployed = parameters_of(current or {})
    found = existing_parameters(client, resources, chosen) | reserved_concurrency(client, deployed, chosen)
    for finding in account_problems(client, name, {**deployed, **chosen}):
        _STDERR.print(f"[yellow]{escape(finding.what)}[/]. {escape(finding.remedy)}", highlight=False, soft_wrap=True)
    return {**chosen, **found}


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


def _failed_update(stack: Mapping[str, Any]) -> str:
    """Return an identifier of the last update if it was rolled back, otherwise ""."""
    return str(stack.get("LastUpdatedTime", "")) if "ROLLBACK" in stack.get("StackStatus", "") else ""


def _upload(s3: Any, bucket: str, key: str, built: "Build", template: Mapping[str, Any]) -> str:
    """Upload the archives and the template; return the URL of the template.

    CloudFormation reads it with the caller's permissions, so the URL is not signed.
    """
    s3.upload_file(str(built.code), bucket, built.code_key)
    s3.upload_file(str(built.layer), bucket, built.layer_key)
    s3.put_object(Bucket=bucket, Key=key, Body=json.dumps(template).encode())
    return f"{s3.meta.endpoint_url}/{bucket}/{key}"


def _apply(client: Client, name: str, parameters: Mapping[str, str], built: "Build", *, yes: bool) -> dict[str, str]:
    """Upload the build, create a change set, show it and execute it if the user agrees; return the stack's outputs.

    Raises ToolError if the stack accepts no update, or if the change set or the deployment fails.
    """
    cloudformation, bucket = client("cloudformation"), parameters["LayerBucket"]
    current = _updatable_stack(cloudformation, name)
    if current and current["StackStatus"] in _NEVER_CREATED:
        _STDERR.print(f"Removing what is left of the first deployment of {name}, which failed.")
        cloudformation.delete_stack(StackName=current["StackId"])
        wait_for(cloudformation, current["StackId"], "DELETE")
        current = None
    before = current or {}
    with _STDERR.status("Uploading"):
        template = built.for_bucket(bucket, {**parameters_of(before), **parameters}, _failed_update(before))
        template_url = _upload(client("s3"), bucket, f"{name}.json", built, template)
    deployed = parameters_of(before).keys()
    # Parameters of an earlier deployment keep their values unless a new value is given.
    declared = set(built.template["Parameters"])
    arguments: list[dict[str, Any]] = [
        {"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()
    ]
    arguments += [{"ParameterKey": key, "UsePreviousValue": True} for key in (deployed & declared) - set(parameters)]
    action = "UPDATE" if current else "CREATE"
    change_set = ChangeSet.create(
        cloudformation,
        f"deploy-{uuid4()}",
        action,
        stack=name,
        template_url=template_url,
        parameters=arguments,
    )
    executed = False
    try:
        changes = change_set.changes()
        if not changes:
            _STDERR.print("No changes.")
            return outputs_of(find_stack(cloudformation, name) or {})
        _show(changes)
        if not yes:
            typer.confirm(f"Apply these changes to {name}?", abort=True, err=True)
        change_set.execute()
        executed = True
    finally:
        if not executed:
            change_set.withdraw()
    wait_for(cloudformation, change_set.stack_id, action)
    return outputs_of(find_stack(cloudformation, name) or {})


def _updatable_stack(cloudformation: Any, name: str) -> dict[str, Any] | None:
    """Return the stack, or None before the first deployment. Raises ToolError if it accepts no update now."""
    current = find_stack(cloudformation, name)
    if current is None:
        return None
    status = current["StackStatus"]
    if is_in_progress(current):
        raise ToolError(f"{name} is {status}: {_IN_PROGRESS.get(status, _WAIT)}")
    if status in _STUCK:
        raise ToolError(f"{name} is {status}: {_STUCK[status]}")
    return current


def _show(changes: Sequence[Mapping[str, Any]]) -> None:
    table = Table("action", "resource", "type", "replaced")
    for change in changes:
        replaced = change.get("Replacement", "")
        table.add_row(change["Action"], change["LogicalResourceId"], change["ResourceType"], replaced)
    _STDERR.print(table)
