"""How all commands show an error that the user can act on: one sentence, never a traceback."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import typer
from rich.console import Console
from rich.markup import escape
from typer.core import TyperGroup

from infrastructure.aws_errors import aws_sentence
from infrastructure.errors import ToolError


class Commands(TyperGroup):
    """The commands. Each error of the user's world ends a command with its sentence and exit code 1."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command that the user chose."""
        with _sentence_as_exit():
            return super().invoke(ctx)


@contextmanager
def _sentence_as_exit() -> Iterator[None]:
    """Print the sentence of a ToolError or of an error of an AWS call, and exit with 1. Other errors are bugs."""
    try:
        yield
    except Exception as error:
        sentence = str(error) if isinstance(error, ToolError) else aws_sentence(error)
        if sentence is None:
            raise
        Console(stderr=True).print(f"[red]{escape(sentence)}[/red]")
        raise typer.Exit(1) from None
