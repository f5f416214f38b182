"""`undelivered deploy` and `undelivered destroy`: the template in somebody's AWS account, and out of it again."""

import json
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from infrastructure.console_client import open_console
from infrastructure.errors import ToolError

if TYPE_CHECKING:
    from infrastructure.template import Build

_STDERR: Final = Console(stderr=True)
_CAPABILITIES: Final = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]
_NOTHING_TO_CHANGE: Final = ("didn't contain changes", "No updates are to be performed")
_POLL_SECONDS: Final = 2.0

StageOption = Annotated[str, typer.Option(help="Name of the deployment, e.g. test or live; stages share nothing.")]
YesOption = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


def stack_name(stage: str) -> str:
    """Return the CloudFormation stack of a stage."""
    return f"undelivered-{stage}"


def deploy(
    *,
    stage: StageOption,
    bucket: Annotated[str, typer.Option(help="Bucket of yours for the archives, in the region deployed to.")],
    parameter: Annotated[list[str] | None, typer.Option(help="NAME=VALUE of a template parameter; repeatable.")] = None,
    sms_logs: Annotated[
        bool, typer.Option("--sms-logs", help="Have SNS log the fate of every text; applies to the whole AWS account.")
    ] = False,
    yes: YesOption = False,
) -> None:
    """Build, show what would change in AWS, ask, and apply it. Credentials and region come from the environment."""
    import boto3  # noqa: PLC0415 - half a second that `--help` should not cost

    from infrastructure.target import Target  # noqa: PLC0415 - as above
    from infrastructure.template import build  # noqa: PLC0415 - as above

    try:
        given = _parameters(parameter or [])
        with _STDERR.status("Building for Lambda"):
            built = build(Target.aws())
        cloudformation = boto3.client("cloudformation")
        with _STDERR.status("Uploading"):
            template_url = _upload(boto3.client("s3"), bucket, built)
        parameters = {"LayerBucket": bucket, "LayerKey": built.layer_key, **given}
        outputs = _apply(cloudformation, stack_name(stage), template_url, parameters, built, yes=yes)
        open_console(boto3.client("cognito-idp"), outputs)
        if sms_logs:
            _log_texts(boto3.client("sns"), outputs)
    except ToolError as error:
        _STDERR.print(f"[red]{escape(str(error))}[/red]")
        raise typer.Exit(1) from None
    for name, value in sorted(outputs.items()):
        print(f"{name}: {value}")


def destroy(
    *,
    stage: StageOption,
    delete_data: Annotated[bool, typer.Option("--delete-data", help="Drop the tables and files as well.")] = False,
    yes: YesOption = False,
) -> None:
    """Remove a stage. The data stay, unless `--delete-data` says otherwise."""
    import boto3  # noqa: PLC0415 - as above

    name = stack_name(stage)
    cloudformation = boto3.client("cloudformation")
    kept = _retained(cloudformation, name)
    what = f"{name} with {len(kept)} tables and buckets" if delete_data else f"{name}; its tables and buckets stay"
    if not yes:
        typer.confirm(f"Remove {what}?", abort=True, err=True)
    cloudformation.delete_stack(StackName=name)
    _await(cloudformation, name, "DELETE")
    for kind, physical in kept:
        if delete_data:
            _delete(boto3, kind, physical)
        _STDERR.print(f"{'Deleted' if delete_data else 'Kept'}: {physical}")


def _parameters(given: list[str]) -> dict[str, str]:
    parameters: dict[str, str] = {}
    for pair in given:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise ToolError(f"--parameter takes NAME=VALUE, not {pair!r}.")
        parameters[name] = value
    return parameters


def _log_texts(sns: Any, outputs: Mapping[str, str]) -> None:  # noqa: ANN401 - boto3 makes its clients at run time
    """Switch SNS's delivery status logging for texts on, which CloudFormation cannot (API, "SetSMSAttributes")."""
    role = outputs["SmsDeliveryStatusRoleArn"]
    sns.set_sms_attributes(attributes={"DeliveryStatusIAMRole": role, "DeliveryStatusSuccessSamplingRate": "100"})


def _upload(s3: Any, bucket: str, built: "Build") -> str:  # noqa: ANN401 - boto3 makes its clients at run time
    s3.upload_file(str(built.code), bucket, built.code_key)
    s3.upload_file(str(built.layer), bucket, built.layer_key)
    s3.put_object(Bucket=bucket, Key="undelivered-template.json", Body=json.dumps(built.for_bucket(bucket)).encode())
    url: str = s3.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "undelivered-template.json"})
    return url


def _apply(  # noqa: PLR0913 - what a change set takes
    cloudformation: Any,  # noqa: ANN401 - as above
    name: str,
    template_url: str,
    parameters: Mapping[str, str],
    built: "Build",
    *,
    yes: bool,
) -> dict[str, str]:
    known = _stack(cloudformation, name)
    present = {each["ParameterKey"] for each in (known or {}).get("Parameters", [])}
    # What an earlier deployment set stays as it is until somebody says otherwise.
    declared = set(built.template["Parameters"])
    arguments: list[dict[str, Any]] = [
        {"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()
    ]
    arguments += [{"ParameterKey": key, "UsePreviousValue": True} for key in (present & declared) - set(parameters)]
    change_set = f"deploy-{int(time.time())}"
    cloudformation.create_change_set(
        StackName=name,
        ChangeSetName=change_set,
        ChangeSetType="UPDATE" if known else "CREATE",
        TemplateURL=template_url,
        Parameters=arguments,
        Capabilities=_CAPABILITIES,
    )
    if not _show_changes(cloudformation, name, change_set):
        _STDERR.print("Nothing to change.")
        return _outputs(cloudformation, name)
    if not yes:
        typer.confirm(f"Apply this to {name}?", abort=True, err=True)
    cloudformation.execute_change_set(StackName=name, ChangeSetName=change_set)
    _await(cloudformation, name, "UPDATE" if known else "CREATE")
    return _outputs(cloudformation, name)


def _show_changes(cloudformation: Any, name: str, change_set: str) -> bool:  # noqa: ANN401 - as above
    """Print what a change set would do; return whether there is anything."""
    described = cloudformation.describe_change_set(StackName=name, ChangeSetName=change_set)
    while described["Status"] in {"CREATE_PENDING", "CREATE_IN_PROGRESS"}:
        time.sleep(_POLL_SECONDS)
        described = cloudformation.describe_change_set(StackName=name, ChangeSetName=change_set)
    if described["Status"] == "FAILED":
        reason = described.get("StatusReason", "")
        if any(words in reason for words in _NOTHING_TO_CHANGE):
            return False
        raise ToolError(f"The change set was not made: {reason}")
    table = Table("action", "resource", "type", "replaced")
    for change in described["Changes"]:
        resource = change["ResourceChange"]
        replaced = resource.get("Replacement", "")
        table.add_row(resource["Action"], resource["LogicalResourceId"], resource["ResourceType"], replaced)
    _STDERR.print(table)
    return bool(described["Changes"])


def _stack(cloudformation: Any, name: str) -> dict[str, Any] | None:  # noqa: ANN401 - as above
    from botocore.exceptions import ClientError  # noqa: PLC0415 - as above

    try:
        found: dict[str, Any] = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
    except ClientError:
        return None
    return None if found["StackStatus"] in {"REVIEW_IN_PROGRESS", "DELETE_COMPLETE"} else found


def _await(cloudformation: Any, name: str, action: str) -> None:  # noqa: ANN401 - as above
    """Wait for an operation to end; raise ToolError with what CloudFormation says went wrong."""
    with _STDERR.status(f"{action.capitalize()} of {name} is under way"):
        stack = _stack(cloudformation, name)
        while stack and stack["StackStatus"].endswith("IN_PROGRESS"):
            time.sleep(_POLL_SECONDS)
            stack = _stack(cloudformation, name)
    if stack is None and action == "DELETE":
        return
    if stack is None or stack["StackStatus"] != f"{action}_COMPLETE":
        events = cloudformation.describe_stack_events(StackName=name)["StackEvents"]
        failed = [event for event in events if event["ResourceStatus"].endswith("FAILED")]
        why = "; ".join(f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason', '?')}" for event in failed)
        raise ToolError(f"{name} is {stack['StackStatus'] if stack else 'gone'}, rolled back where it could be: {why}")


def _outputs(cloudformation: Any, name: str) -> dict[str, str]:  # noqa: ANN401 - as above
    stack = _stack(cloudformation, name)
    return {each["OutputKey"]: each["OutputValue"] for each in (stack or {}).get("Outputs", [])}


def _retained(cloudformation: Any, name: str) -> list[tuple[str, str]]:  # noqa: ANN401 - as above
    """Return kind and name of the tables and buckets of a stage, which outlive the stack."""
    kinds = {"AWS::DynamoDB::Table", "AWS::S3::Bucket"}
    pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=name)
    resources = [each for page in pages for each in page["StackResourceSummaries"]]
    return [(each["ResourceType"], each["PhysicalResourceId"]) for each in resources if each["ResourceType"] in kinds]


def _delete(boto3: Any, kind: str, physical: str) -> None:  # noqa: ANN401 - as above
    if kind == "AWS::DynamoDB::Table":
        boto3.client("dynamodb").delete_table(TableName=physical)
        return
    bucket = boto3.resource("s3").Bucket(physical)
    bucket.object_versions.delete()
    bucket.objects.delete()
    bucket.delete()
