"""`undelivered audit`: check the licences and the known vulnerabilities of what is shipped."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Final

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

if TYPE_CHECKING:
    from infrastructure.build.supply_chain import Package

_STDERR: Final = Console(stderr=True)


def audit(
    *,
    strict: Annotated[
        bool, typer.Option("--strict", help="Also fail when the vulnerability database cannot be reached.")
    ] = False,
) -> None:
    """List the shipped packages and licences. Exits with 1 for a forbidden licence or a known vulnerability."""
    from infrastructure.build.layer import build_layer, check_requirements
    from infrastructure.build.supply_chain import known_vulnerabilities, licence_problems, shipped_packages
    from infrastructure.build.target import Target

    check_requirements()
    with _STDERR.status("Building the layer"):
        packages = shipped_packages(build_layer(Target.local()))
    _list(packages)
    with _STDERR.status("Looking up known vulnerabilities"):
        result = known_vulnerabilities(packages)
    problems = [*licence_problems(packages), *result.vulnerabilities]
    for sentence in problems:
        _STDERR.print(f"[red]{escape(sentence)}.[/red]")
    if result.not_checked:
        number = len(result.not_checked)
        _STDERR.print(
            f"[yellow]Known vulnerabilities of {number} packages were NOT checked, the database cannot be reached:[/] "
            f"{escape(result.not_checked[0])}"
        )
    elif not result.vulnerabilities:
        _STDERR.print("[green]No known vulnerabilities in the Python packages.[/green]")
    if problems or (strict and result.not_checked):
        raise typer.Exit(1)


def _list(packages: "Sequence[Package]") -> None:
    table = Table("package", "version", "licence")
    for package in packages:
        table.add_row(package.name, package.version, package.licence)
    _STDERR.print(table)
