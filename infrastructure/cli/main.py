"""The command line `undelivered`. Each command is in the file of its name."""

import typer

from infrastructure.cli.accounts import accounts
from infrastructure.cli.audit import audit
from infrastructure.cli.bench import bench
from infrastructure.cli.build import build
from infrastructure.cli.check import check
from infrastructure.cli.demo import demo
from infrastructure.cli.deploy import deploy
from infrastructure.cli.destroy import destroy
from infrastructure.cli.doctor import doctor
from infrastructure.cli.down import down
from infrastructure.cli.errors import Commands
from infrastructure.cli.explain import explain
from infrastructure.cli.import_ import import_
from infrastructure.cli.reconcile import reconcile
from infrastructure.cli.redrive import redrive
from infrastructure.cli.restore import restore
from infrastructure.cli.token import token
from infrastructure.cli.trial import trial
from infrastructure.cli.up import up

app = typer.Typer(
    cls=Commands, no_args_is_help=True, add_completion=False, help="Build, run, test and deploy Undelivered."
)
for command in (
    up,
    down,
    token,
    build,
    check,
    audit,
    demo,
    explain,
    doctor,
    redrive,
    reconcile,
    restore,
    deploy,
    trial,
    destroy,
    bench,
):
    app.command()(command)
app.add_typer(accounts, name="accounts")
app.add_typer(import_, name="import")


def main() -> None:
    """Run the command line."""
    app()
