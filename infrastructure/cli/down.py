"""`undelivered down`: stop a local stack."""

from rich.console import Console

from infrastructure.cli.stack_option import StateDirOption


def down(*, state_dir: StateDirOption = None) -> None:
    """Stop a stack that was started with `up --detach`."""
    from infrastructure.local.state_folder import find_state_dir, stop

    stop(find_state_dir(state_dir))
    Console(stderr=True).print("Stopped.")
