"""Take the snapshot of a stack that the checks read."""

from infrastructure.cloudformation import existing_stack, outputs_of, parameters_of
from infrastructure.deployed_stack import DeployedStack
from infrastructure.doctor.checks import StackSnapshot


def take_snapshot(stack: DeployedStack) -> StackSnapshot:
    """Return a stack as CloudFormation describes it; raises ToolError if there is no such stack."""
    cloudformation = stack.client("cloudformation")
    description = existing_stack(cloudformation, stack.name)
    pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack.name)
    resources = [resource for page in pages for resource in page["StackResourceSummaries"]]
    return StackSnapshot(
        stack.name,
        stack.client,
        description["StackStatus"],
        parameters_of(description),
        outputs_of(description),
        {
            resource["LogicalResourceId"]: (resource["ResourceType"], resource["PhysicalResourceId"])
            for resource in resources
            if resource.get("PhysicalResourceId") and not resource["ResourceStatus"].startswith("DELETE")
        },
    )
