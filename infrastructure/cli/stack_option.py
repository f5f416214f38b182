"""The options that name a stack: --stage for a stage in AWS, --state-dir for a local stack."""

from pathlib import Path
from typing import Annotated, Any

import typer

from infrastructure.deployed_stack import DeployedStack, stack_name
from infrastructure.errors import ToolError

StageOption = Annotated[
    str | None, typer.Option("--stage", help="A stage in AWS. Uses the AWS CLI's credentials and region.")
]
StateDirOption = Annotated[
    Path | None, typer.Option("--state-dir", help="State folder of a local stack.", show_default="the running stack")
]


def named_stack(stage: str | None, state_dir: Path | None) -> DeployedStack:
    """Return the stack that the options name, or the local stack that runs.

    Raises ToolError if both options are given or if no local stack runs.
    """
    if stage is None:
        from infrastructure.local.deployment import STACK_NAME
        from infrastructure.local.stack import LocalStack
        from infrastructure.local.state_folder import find_state_dir

        local = LocalStack.attach(find_state_dir(state_dir))
        return DeployedStack(STACK_NAME, local.client, local.environment)
    if state_dir is not None:
        raise ToolError("Use --state-dir for a local stack or --stage for one in AWS, but not both.")
    import boto3

    name = stack_name(stage)
    session: Any = boto3.Session()
    return DeployedStack(name, session.client)
