"""How all commands show an error that the user can act on."""

from collections.abc import Iterator
from contextlib import contextmanager

import typer
from rich.console import Console
from rich.markup import escape

from infrastructure.errors import ToolError


@contextmanager
def exit_on_tool_error() -> Iterator[None]:
    """Print the message of a ToolError and exit with 1."""
    try:
        yield
    except ToolError as error:
        Console(stderr=True).print(f"[red]{escape(str(error))}[/red]")
        raise typer.Exit(1) from None
