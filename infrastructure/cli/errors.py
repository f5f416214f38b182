"""Show errors that the user can act on as a message instead of a traceback, in all commands."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import typer
from rich.console import Console
from rich.markup import escape
from typer.core import TyperGroup

from infrastructure.aws_errors import aws_error_message
from infrastructure.errors import ToolError


class Commands(TyperGroup):
    """The commands. An error that the user can act on ends a command with a message and exit code 1."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command that the user chose."""
        with _exit_on_error():
            return super().invoke(ctx)


@contextmanager
def _exit_on_error() -> Iterator[None]:
    """Print the message of a ToolError or of an error of an AWS call, and exit with 1. Other errors are bugs."""
    try:
        yield
    except Exception as error:
        message = str(error) if isinstance(error, ToolError) else aws_error_message(error)
        if message is None:
            raise
        Console(stderr=True).print(f"[red]{escape(message)}[/red]")
        raise typer.Exit(1) from None
