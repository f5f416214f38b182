"""Take the snapshot of a stack that the checks read."""

from infrastructure.deployed_stack import DeployedStack
from infrastructure.doctor.checks import StackSnapshot
from infrastructure.errors import ToolError


def take_snapshot(stack: DeployedStack) -> StackSnapshot:
    """Return a stack as CloudFormation describes it; raises ToolError if CloudFormation cannot describe it."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        cloudformation = stack.client("cloudformation")
        description = cloudformation.describe_stacks(StackName=stack.name)["Stacks"][0]
        pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack.name)
        resources = [resource for page in pages for resource in page["StackResourceSummaries"]]
    except (ClientError, BotoCoreError) as error:
        raise ToolError(
            f"The stack {stack.name} could not be checked: {str(error).rstrip('.')}."
            " Check that the credentials and region are correct."
        ) from None
    return StackSnapshot(
        stack.name,
        stack.client,
        description["StackStatus"],
        {parameter["ParameterKey"]: parameter["ParameterValue"] for parameter in description.get("Parameters", [])},
        {output["OutputKey"]: output["OutputValue"] for output in description.get("Outputs", [])},
        {
            resource["LogicalResourceId"]: (resource["ResourceType"], resource["PhysicalResourceId"])
            for resource in resources
            if resource.get("PhysicalResourceId") and not resource["ResourceStatus"].startswith("DELETE")
        },
    )
