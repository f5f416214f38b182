"""`undelivered destroy`: remove a stage from AWS."""

from collections.abc import Sequence
from typing import Annotated, Any, Final

import typer
from rich.console import Console

from infrastructure.aws_errors import describe
from infrastructure.cli.deploy import DeployedStageOption, YesOption
from infrastructure.cloudformation import existing_stack, resources_of, wait_for
from infrastructure.deployed_stack import stack_name
from infrastructure.errors import ToolError

_STDERR: Final = Console(stderr=True)


def destroy(
    *,
    stage: DeployedStageOption,
    delete_data: Annotated[
        bool, typer.Option("--delete-data", help="Also delete tables, files, secrets and users.")
    ] = False,
    yes: YesOption = False,
) -> None:
    """Remove a stage. The data stays, unless you use `--delete-data`."""
    import boto3

    name = stack_name(stage)
    cloudformation = boto3.client("cloudformation")
    stack = existing_stack(cloudformation, name)
    # By its id, because another stack can get the name while the command waits for the answer.
    stack_id = stack["StackId"]
    data = [(kind, physical_id) for kind, physical_id in resources_of(cloudformation, stack_id) if kind in _DELETE]
    what = (
        f"{name} with all its data: {len(data)} tables, buckets, secrets and user pools"
        if delete_data
        else f"{name} (its tables, files, secrets and users stay)"
    )
    if not yes:
        typer.confirm(f"Remove {what}?", abort=True, err=True)
    cloudformation.delete_stack(StackName=stack_id)
    wait_for(cloudformation, stack_id, "DELETE")
    if delete_data:
        remaining = _delete_data(boto3, data)
    else:
        remaining = []
        for _, physical_id in data:
            _STDERR.print(f"Kept: {physical_id}")
    _delete_layer_versions(boto3.client("lambda"), f"{name}-dependencies")
    if remaining:
        raise ToolError(f"The stack is deleted, but this data remains. Delete it: {'; '.join(remaining)}")


def _delete_data(boto3: Any, data: Sequence[tuple[str, str]]) -> list[str]:
    """Delete all retained data, even if some of it cannot be deleted; return what remains, with the reasons."""
    from botocore.exceptions import BotoCoreError, ClientError

    remaining: list[str] = []
    for kind, physical_id in data:
        try:
            _DELETE[kind](boto3, physical_id)
        except (ClientError, BotoCoreError) as error:
            remaining.append(f"{physical_id} ({'. '.join(describe(error))})")
        else:
            _STDERR.print(f"Deleted: {physical_id}")
    return remaining


def _delete_table(boto3: Any, physical_id: str) -> None:
    boto3.client("dynamodb").delete_table(TableName=physical_id)


def _delete_bucket(boto3: Any, physical_id: str) -> None:
    bucket = boto3.resource("s3").Bucket(physical_id)
    bucket.object_versions.delete()
    bucket.objects.delete()
    bucket.delete()


def _delete_user_pool(boto3: Any, physical_id: str) -> None:
    boto3.client("cognito-idp").delete_user_pool(UserPoolId=physical_id)


def _delete_secret(boto3: Any, physical_id: str) -> None:
    boto3.client("secretsmanager").delete_secret(SecretId=physical_id)


_DELETE: Final = {
    "AWS::DynamoDB::Table": _delete_table,
    "AWS::S3::Bucket": _delete_bucket,
    "AWS::SecretsManager::Secret": _delete_secret,
    "AWS::Cognito::UserPool": _delete_user_pool,
}
"""How to delete the resources that the template retains, by their type."""


def _delete_layer_versions(functions: Any, layer: str) -> None:
    """Delete all versions of the layer. The template retains them because older function versions use them."""
    pages = functions.get_paginator("list_layer_versions").paginate(LayerName=layer)
    for version in [version["Version"] for page in pages for version in page["LayerVersions"]]:
        functions.delete_layer_version(LayerName=layer, VersionNumber=version)
