"""Take the snapshot of a stack that the checks read."""

from infrastructure.cloudformation import find_stack
from infrastructure.deployed_stack import DeployedStack
from infrastructure.doctor.checks import StackSnapshot
from infrastructure.errors import ToolError


def take_snapshot(stack: DeployedStack) -> StackSnapshot:
    """Return a stack as CloudFormation describes it; raises ToolError if there is no such stack."""
    cloudformation = stack.client("cloudformation")
    description = find_stack(cloudformation, stack.name)
    if description is None:
        raise ToolError(f"Stack {stack.name} was not found in this AWS account and region.")
    pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack.name)
    resources = [resource for page in pages for resource in page["StackResourceSummaries"]]
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
