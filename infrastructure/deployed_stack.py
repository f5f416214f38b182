"""A deployed stack, in AWS or on this machine: its clients and the physical ids of its resources."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from infrastructure.cloudformation import is_missing
from infrastructure.errors import ToolError

_PREFIX: Final = "undelivered-"
_STAGE: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,36}[a-z0-9])?")
"""The sign-in domain is the prefix, the stage and the 12 digits of the AWS account: at most 63 lower-case letters,
digits and hyphens, without the words of AWS below (Amazon Cognito API Reference, CreateUserPoolDomain)."""
_RESERVED: Final = ("amazon", "aws", "cognito")


def stack_name(stage: str) -> str:
    """Return the name of a stage's CloudFormation stack; raises ToolError if AWS would not accept names with it."""
    if not _STAGE.fullmatch(stage):
        raise ToolError(
            f"The stage {stage!r} cannot be used. Use at most 38 characters: lower-case letters, digits and hyphens, "
            "with a letter or digit at both ends, for example live."
        )
    if any(word in stage for word in _RESERVED):
        raise ToolError(f"The stage {stage!r} cannot be used: AWS reserves the words {', '.join(_RESERVED)}.")
    return f"{_PREFIX}{stage}"


@dataclass(frozen=True, slots=True)
class DeployedStack:
    """A CloudFormation stack. ``client`` returns a boto3 client of a service by its name.

    ``environment`` holds the variables that make the product's own stores use the stack. It is empty for a stack in
    AWS, where boto3's usual configuration applies.
    """

    name: str
    client: Callable[[str], Any]
    environment: Mapping[str, str] = field(default_factory=dict)

    def resource(self, logical_id: str) -> str:
        """Return a resource's physical id: the URL of a queue, the name of a function or table, the ARN of a topic.

        Raises ToolError if the stack or the resource cannot be found.
        """
        from botocore.exceptions import ClientError

        try:
            response = self.client("cloudformation").describe_stack_resource(
                StackName=self.name, LogicalResourceId=logical_id
            )
        except ClientError as error:
            if not is_missing(error):
                raise
            raise ToolError(f"The stack {self.name} or its {logical_id} was not found.") from None
        physical_id: str = response["StackResourceDetail"]["PhysicalResourceId"]
        return physical_id

    def tables(self) -> dict[str, str]:
        """Return the names of the stack's tables, by key."""
        from undelivered.adapters.dynamodb.models import MODELS

        return {key: self.resource(f"{key.capitalize()}Table") for key in MODELS}


def stage_arguments(name: str) -> str:
    """Return the arguments that name a stack on the command line, with a space after them.

    For a local stack this is "", because commands use the running local stack by default.
    """
    stage = name.removeprefix(_PREFIX)
    return "" if stage == name else f"--stage {stage} "
