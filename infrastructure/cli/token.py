"""`undelivered token`: print a token for the API of a local stack."""

from typing import Annotated

import typer

from infrastructure.cli.stack_option import StateDirOption


def token(
    email: Annotated[str, typer.Argument(help="Email address of the user.")], *, state_dir: StateDirOption = None
) -> None:
    """Print a token for the API of a running local stack."""
    from infrastructure.local.stack import LocalStack
    from infrastructure.local.state_folder import find_state_dir

    print(LocalStack.attach(find_state_dir(state_dir)).token(email))
