"""CloudFormation stacks: read their state, change them by change sets, and wait for an operation to end."""

import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import takewhile
from typing import TYPE_CHECKING, Any, Final, Self

from rich.console import Console

from infrastructure.errors import ToolError

if TYPE_CHECKING:
    from botocore.exceptions import ClientError

POLL_SECONDS: Final = 2.0

_STDERR: Final = Console(stderr=True)
_CAPABILITIES: Final = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]
_NO_CHANGES: Final = ("didn't contain changes", "No updates are to be performed")


def find_stack(cloudformation: Any, name: str) -> dict[str, Any] | None:
    """Return CloudFormation's description of a stack, by its name or id, or None if there is no such stack."""
    from botocore.exceptions import ClientError

    try:
        stack: dict[str, Any] = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
    except ClientError as error:
        if not is_missing(error):
            raise
        return None
    return None if stack["StackStatus"] == "DELETE_COMPLETE" else stack


def is_missing(error: "ClientError") -> bool:
    """Whether an error of CloudFormation means that a stack, or a resource of it, does not exist.

    For that it answers `ValidationError … does not exist` (API Reference, DescribeStacks). Every other error, for
    example of expired credentials, says nothing about the stack.
    """
    details = error.response["Error"]
    return details.get("Code") == "ValidationError" and "does not exist" in details.get("Message", "")


def is_in_progress(stack: Mapping[str, Any] | None) -> bool:
    """Whether an operation on a stack is in progress. A stack with only a change set is `REVIEW_IN_PROGRESS`."""
    return stack is not None and stack["StackStatus"].endswith("IN_PROGRESS")


def existing_stack(cloudformation: Any, name: str) -> dict[str, Any]:
    """Return CloudFormation's description of a stack; raises ToolError if there is no such stack."""
    stack = find_stack(cloudformation, name)
    if stack is None:
        raise ToolError(f"Stack {name} was not found in this AWS account and region.")
    return stack


def parameters_of(stack: Mapping[str, Any]) -> dict[str, str]:
    """Return the parameters in a stack's description, by name."""
    return {parameter["ParameterKey"]: parameter["ParameterValue"] for parameter in stack.get("Parameters", [])}


def outputs_of(stack: Mapping[str, Any]) -> dict[str, str]:
    """Return the outputs in a stack's description, by name."""
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


@dataclass(frozen=True, slots=True)
class ChangeSet:
    """A change set that a command created, by its id.

    Names can be used again, and several people can deploy at once. So a change set is only read, executed and deleted
    by its id, and its stack is only deleted if it has no other change set.
    """

    cloudformation: Any
    id: str
    stack_id: str

    @classmethod
    def create(  # noqa: PLR0913 - the parts of a change set
        cls,
        cloudformation: Any,
        name: str,
        kind: str,
        *,
        stack: str,
        template_url: str,
        parameters: Sequence[Mapping[str, Any]],
    ) -> Self:
        """Start creating a change set. `kind` is CREATE or UPDATE."""
        created = cloudformation.create_change_set(
            StackName=stack,
            ChangeSetName=name,
            ChangeSetType=kind,
            TemplateURL=template_url,
            Parameters=parameters,
            Capabilities=_CAPABILITIES,
        )
        return cls(cloudformation, created["Id"], created["StackId"])

    def changes(self) -> list[dict[str, Any]]:
        """Wait until the change set is created, and return its changes to resources; none if nothing changes.

        Raises ToolError if it could not be created.
        """
        described = self.cloudformation.describe_change_set(ChangeSetName=self.id)
        while described["Status"] in {"CREATE_PENDING", "CREATE_IN_PROGRESS"}:
            time.sleep(POLL_SECONDS)
            described = self.cloudformation.describe_change_set(ChangeSetName=self.id)
        if described["Status"] == "FAILED":
            reason = described.get("StatusReason", "")
            if any(text in reason for text in _NO_CHANGES):
                return []
            raise ToolError(f"The change set could not be created: {reason}")
        pages = self.cloudformation.get_paginator("describe_change_set").paginate(ChangeSetName=self.id)
        return [change["ResourceChange"] for page in pages for change in page["Changes"]]

    def execute(self) -> None:
        """Start applying the changes. Raises ToolError if the stack changed since the change set was created."""
        errors = self.cloudformation.exceptions
        try:
            self.cloudformation.execute_change_set(ChangeSetName=self.id)
        except (errors.InvalidChangeSetStatusException, errors.ChangeSetNotFoundException) as error:
            raise ToolError("The stack changed meanwhile, so nothing was applied. Deploy again.") from error

    def withdraw(self) -> None:
        """Delete the change set, which was not executed, and its stack if that exists only for this change set."""
        errors = self.cloudformation.exceptions
        with suppress(errors.InvalidChangeSetStatusException, errors.ChangeSetNotFoundException):
            self.cloudformation.delete_change_set(ChangeSetName=self.id)
        stack = find_stack(self.cloudformation, self.stack_id)
        if stack is None or stack["StackStatus"] != "REVIEW_IN_PROGRESS":
            return
        pages = self.cloudformation.get_paginator("list_change_sets").paginate(StackName=self.stack_id)
        if not any(summary["ChangeSetId"] != self.id for page in pages for summary in page["Summaries"]):
            self.cloudformation.delete_stack(StackName=self.stack_id)


def wait_for(cloudformation: Any, stack_id: str, action: str) -> None:
    """Wait until a CREATE, UPDATE or DELETE has ended; raise ToolError with CloudFormation's reasons if it failed.

    A stack is named by its id, because another stack can have the same name as soon as this one is deleted.
    """
    with _STDERR.status(f"{action.capitalize()} in progress"):
        stack = find_stack(cloudformation, stack_id)
        while is_in_progress(stack):
            time.sleep(POLL_SECONDS)
            stack = find_stack(cloudformation, stack_id)
    if stack is None and action == "DELETE":
        return
    status = stack["StackStatus"] if stack else "gone"
    if status != f"{action}_COMPLETE":
        is_rolled_back = status in {"UPDATE_ROLLBACK_COMPLETE", "ROLLBACK_COMPLETE"}
        outcome = "the stack was rolled back" if is_rolled_back else f"the stack is {status}"
        raise ToolError(
            f"The {action.lower()} failed and {outcome}. {_failure_reasons(cloudformation, stack_id, action)}"
        )


def _failure_reasons(cloudformation: Any, stack_id: str, action: str) -> str:
    """Return the failures of the last operation and their reasons, the first failure first."""
    pages = cloudformation.get_paginator("describe_stack_events").paginate(StackName=stack_id)
    events = (event for page in pages for event in page["StackEvents"])  # the latest first
    start = (stack_id, f"{action}_IN_PROGRESS")
    last = takewhile(lambda event: (event.get("PhysicalResourceId"), event["ResourceStatus"]) != start, events)
    failed = [event for event in last if event["ResourceStatus"].endswith("_FAILED")]
    return "; ".join(
        f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason', '?')}" for event in reversed(failed)
    )
