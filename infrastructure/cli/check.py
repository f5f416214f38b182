"""`undelivered check`: check style, types, security, licences and the template."""

import subprocess
import sys
from typing import Final

import typer
from rich.console import Console

from infrastructure.paths import ROOT

_STDERR: Final = Console(stderr=True)
_MODULE: Final = (sys.executable, "-m")
BANDIT: Final = (*_MODULE, "bandit", "--quiet", "--configfile", "pyproject.toml", "--recursive")
SOURCES: Final = ("functions", "infrastructure")


def check() -> None:
    """Check style, types, security, licences and the template. Exits with 1 if a check fails."""
    from infrastructure.bench.month import COSTS, with_table
    from infrastructure.build.deployed_rules import deployed_problems
    from infrastructure.build.layer import check_requirements
    from infrastructure.build.policy_rules import policy_problems
    from infrastructure.build.sam import transformed
    from infrastructure.build.secrets_scan import leaked_secrets
    from infrastructure.build.supply_chain import changed_browser_files, licence_problems, shipped_packages
    from infrastructure.build.target import Target
    from infrastructure.build.template import build as build_template

    failed = [
        name
        for name, command in {
            "style": [*_MODULE, "ruff", "check"],
            "format": [*_MODULE, "ruff", "format", "--check"],
            "types": [*_MODULE, "mypy"],
            "security": [*BANDIT, *SOURCES],
        }.items()
        if not _passes(name, command)
    ]
    check_requirements()
    built = build_template(Target.local())
    if not _passes("template", ["cfn-lint", str(built.template_file)]):
        failed.append("template")
    deployed = transformed(built.for_bucket("artifacts", {}))
    for name, problems in {
        "deployed template": deployed_problems(deployed),
        "policies": list(policy_problems(deployed)),
        "licences": licence_problems(shipped_packages(built.layer)),
        "browser libraries": changed_browser_files(),
        "secrets": leaked_secrets(ROOT),
    }.items():
        _STDERR.rule(name)
        for problem in problems:
            _STDERR.print(problem, markup=False, soft_wrap=True)
        if problems:
            failed.append(name)
    if (page := COSTS.read_text()) != with_table(page):
        _STDERR.print("The table in costs.md is out of date. Run `undelivered bench --only month`.")
        failed.append("costs")
    if failed:
        _STDERR.print(f"[red]Failed: {', '.join(failed)}.[/red]")
        raise typer.Exit(1)
    _STDERR.print("[green]All checks passed.[/green]")


def _passes(name: str, command: list[str]) -> bool:
    _STDERR.rule(name)
    return subprocess.run(command, cwd=ROOT, check=False).returncode == 0
