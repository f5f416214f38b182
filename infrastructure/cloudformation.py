"""CloudFormation stacks: read their state, and wait for an operation to end."""

import time
from itertools import takewhile
from typing import Any, Final

from rich.console import Console

from infrastructure.errors import ToolError

POLL_SECONDS: Final = 2.0

_STDERR: Final = Console(stderr=True)


def find_stack(cloudformation: Any, name: str) -> dict[str, Any] | None:
    """Return CloudFormation's description of a stack, or None if there is no such stack.

    A stack that has only a change set does not count. Raises ToolError if CloudFormation refuses the call, e.g. because
    the credentials have expired.
    """
    from botocore.exceptions import ClientError

    try:
        stack: dict[str, Any] = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
    except ClientError as error:
        message = error.response["Error"].get("Message", "")
        if "does not exist" in message:
            return None
        raise ToolError(f"Stack {name} could not be read: {message}") from error
    return None if stack["StackStatus"] in {"REVIEW_IN_PROGRESS", "DELETE_COMPLETE"} else stack


def outputs_of(cloudformation: Any, name: str) -> dict[str, str]:
    """Return the outputs of a stack, by name."""
    stack = find_stack(cloudformation, name) or {}
    return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}


def resources_of(cloudformation: Any, name: str) -> list[tuple[str, str]]:
    """Return the type and the physical id of all resources of a stack."""
    pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=name)
    resources = [resource for page in pages for resource in page["StackResourceSummaries"]]
    return [
        (resource["ResourceType"], resource["PhysicalResourceId"])
        for resource in resources
        if "PhysicalResourceId" in resource
    ]


def wait_for(cloudformation: Any, name: str, action: str) -> None:
    """Wait until a CREATE, UPDATE or DELETE has ended; raise ToolError with CloudFormation's reasons if it failed."""
    with _STDERR.status(f"{action.capitalize()} of {name} in progress"):
        stack = find_stack(cloudformation, name)
        while stack and stack["StackStatus"].endswith("IN_PROGRESS"):
            time.sleep(POLL_SECONDS)
            stack = find_stack(cloudformation, name)
    if stack is None and action == "DELETE":
        return
    status = stack["StackStatus"] if stack else "gone"
    if status != f"{action}_COMPLETE":
        is_rolled_back = status in {"UPDATE_ROLLBACK_COMPLETE", "ROLLBACK_COMPLETE"}
        outcome = "the stack was rolled back" if is_rolled_back else f"{name} is {status}"
        reasons = _failure_reasons(cloudformation, name, action)
        raise ToolError(f"The {action.lower()} of {name} failed and {outcome}. {reasons}")


def _failure_reasons(cloudformation: Any, name: str, action: str) -> str:
    """Return the failures of the last operation and their reasons, the first failure first."""
    events = cloudformation.describe_stack_events(StackName=name)["StackEvents"]  # the latest first
    start = (name, f"{action}_IN_PROGRESS")
    last = takewhile(lambda event: (event["LogicalResourceId"], event["ResourceStatus"]) != start, events)
    failed = [event for event in last if event["ResourceStatus"].endswith("_FAILED")]
    return "; ".join(
        f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason', '?')}" for event in reversed(failed)
    )
