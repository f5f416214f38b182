"""`undelivered import`: bring customers and suppressions along from files, and from the list of Amazon SES."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from infrastructure.cli.stack_option import StageOption, StateDirOption, named_stack
from infrastructure.errors import ToolError
from undelivered.domain.suppression import SuppressionReason

if TYPE_CHECKING:
    from infrastructure.deployed_stack import DeployedStack
    from infrastructure.importing.table_file import TableFile
    from infrastructure.importing.upload import HostApi, ImportList, ImportResult, ImportRow

import_ = typer.Typer(no_args_is_help=True, help="Bring customers and suppressions along.")

_STDERR = Console(stderr=True)
_SHOWN_LINES = 10

FileArgument = Annotated[Path, typer.Argument(help="A CSV file.", exists=True, dir_okay=False)]
AccountOption = Annotated[str | None, typer.Option(help="The account.", show_default="the default account")]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Only check the rows.")]
ColumnOption = Annotated[
    list[str] | None, typer.Option(help="What a column holds, for example email=Correo. Can be repeated.")
]
EncodingOption = Annotated[str | None, typer.Option(help="Encoding of the file.", show_default="guessed")]
YesOption = Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")]


@import_.command()
def customers(  # noqa: PLR0913, PLR0917 - the options of the command
    file: FileArgument,
    stage: StageOption = None,
    state_dir: StateDirOption = None,
    account: AccountOption = None,
    column: ColumnOption = None,
    country: Annotated[
        str | None, typer.Option(help="Country of phone numbers without a country code, for example ES.")
    ] = None,
    encoding: EncodingOption = None,
    *,
    accept_unassigned_numbers: Annotated[
        bool, typer.Option("--accept-unassigned-numbers", help="Accept numbers that their country does not assign.")
    ] = False,
    dry_run: DryRunOption = False,
    yes: YesOption = False,
) -> None:
    """Create or replace customers from a CSV file. Exits with 1 if rows were refused.

    An interrupted import continues where it stopped when you run the same command again. Refused rows are written to
    a file beside the CSV file, with the reason.
    """
    from infrastructure.importing.customers import FIELDS, customer_columns, customer_rows
    from infrastructure.importing.table_file import read_table
    from infrastructure.importing.upload import ImportList

    table = read_table(file, encoding=encoding)
    columns = customer_columns(table, column or [])
    _show_columns(table, columns, FIELDS)
    rows = customer_rows(table, columns, accept_unassigned_numbers=accept_unassigned_numbers)
    if not (dry_run or yes):
        _STDERR.print("A customer that exists is replaced by its row: contacts that the row does not have are removed.")
    options = {"country": country.upper()} if country else {}
    _import(file, table, rows, ImportList("customers", options), _api(stage, state_dir, account), dry_run, yes)


@import_.command()
def suppressions(  # noqa: PLR0913, PLR0917 - the options of the command
    file: Annotated[Path | None, typer.Argument(help="A CSV file or a list.", exists=True, dir_okay=False)] = None,
    stage: StageOption = None,
    state_dir: StateDirOption = None,
    account: AccountOption = None,
    column: ColumnOption = None,
    reason: Annotated[
        SuppressionReason | None, typer.Option(help="Why the addresses are suppressed.", show_default="as in the file")
    ] = None,
    encoding: EncodingOption = None,
    *,
    from_ses: Annotated[
        bool, typer.Option("--from-ses", help="Import the account-level suppression list of Amazon SES.")
    ] = False,
    dry_run: DryRunOption = False,
    yes: YesOption = False,
) -> None:
    """Suppress the addresses of an export of SendGrid, Postmark or Mailgun, of a list, or of Amazon SES.

    Reason and date are kept. Exits with 1 if rows were refused. To import again is harmless.
    """
    from infrastructure.importing.upload import ImportList

    if from_ses == (file is not None):
        raise ToolError("Give either a file or --from-ses.")
    stack = named_stack(stage, state_dir)
    if file is None:
        name = Path("ses.csv")
        table, rows = _rows_from_ses(stack)
    else:
        name = file
        table, rows = _rows_from_file(file, column or [], reason, encoding)
    _import(name, table, rows, ImportList("suppressions"), _api_of(stack, account), dry_run, yes)


def _rows_from_file(
    file: Path, given: list[str], reason: SuppressionReason | None, encoding: str | None
) -> "tuple[TableFile, list[ImportRow]]":
    from infrastructure.importing.suppressions import FIELDS, find_format, reason_of_file, suppression_rows
    from infrastructure.importing.table_file import read_table

    table = read_table(file, encoding=encoding)
    found = find_format(table, given)
    reason = reason or reason_of_file(found, file, table)
    _STDERR.print(f"Format: {found.source}. Reason: {reason or 'as in each row'}.")
    _show_columns(table, found.columns, FIELDS)
    return table, suppression_rows(table, found, reason, datetime.now(UTC))


def _rows_from_ses(stack: "DeployedStack") -> "tuple[TableFile, list[ImportRow]]":
    from infrastructure.importing.suppressions import SES_COLUMNS, ses_entries, ses_rows
    from infrastructure.importing.table_file import TableFile

    with _STDERR.status("Reading the list of SES"):
        rows = ses_rows(list(ses_entries(stack.client("sesv2"))), datetime.now(UTC))
    return TableFile(SES_COLUMNS, tuple(row.source for row in rows), "utf-8", ",", ""), rows


def _show_columns(table: "TableFile", columns: Mapping[str, int], fields: Sequence[str]) -> None:
    names = table.names()
    _STDERR.print(
        f"{len(table.rows):,} rows, {table.encoding}, columns separated by {table.delimiter!r}:", markup=False
    )
    for field in fields:
        if field in columns:
            example = next((row.values[columns[field]] for row in table.rows if row.values[columns[field]]), "")
            _STDERR.print(f"  {field}: {names[columns[field]]} (for example {example})", markup=False, highlight=False)
    ignored = [name for place, name in enumerate(names) if place not in columns.values()]
    if ignored:
        _STDERR.print(f"  not imported: {', '.join(ignored)}", markup=False, highlight=False)


def _api(stage: str | None, state_dir: Path | None, account: str | None) -> "HostApi":
    return _api_of(named_stack(stage, state_dir), account)


def _api_of(stack: "DeployedStack", account: str | None) -> "HostApi":
    from infrastructure.accounts import StageAccounts
    from infrastructure.importing.upload import HostApi

    accounts = StageAccounts.of(stack)
    account_id = account or accounts.sender_rule.default_account
    accounts.find(account_id)  # a misspelled account would be created by its first request
    return HostApi.of(stack, account_id)


def _import(  # noqa: PLR0913, PLR0917 - what is imported where
    file: Path,
    table: "TableFile",
    rows: "list[ImportRow]",
    target: "ImportList",
    api: "HostApi",
    dry_run: bool,  # noqa: FBT001
    yes: bool,  # noqa: FBT001
) -> None:
    from infrastructure.importing.upload import ProgressFile, send_rows, write_refused

    if not (dry_run or yes):
        typer.confirm(f"Import {len(rows):,} {target.name} into the account {api.account_id}?", abort=True, err=True)
    bodies = json.dumps([target.options, [[row.body, row.error] for row in rows]])
    key = hashlib.sha256(f"{api.url} {api.account_id} {bodies}".encode()).hexdigest()
    progress = None if dry_run else ProgressFile(file.with_name(f"{file.name}.progress.json"), key)
    if progress and progress.done:
        _STDERR.print(f"Continuing: {len(progress.done)} batches are done already.")
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeElapsedColumn(), TimeRemainingColumn(), console=_STDERR) as bar:
        task = bar.add_task("Checking" if dry_run else "Importing", total=len(rows))
        result = send_rows(
            api, target, rows, dry_run=dry_run, progress=progress, on_sent=lambda sent: bar.advance(task, sent)
        )
    if progress:
        progress.remove()
    _print(result, dry_run=dry_run)
    if result.refused:
        refused_file = file.with_name(f"{file.stem}.refused.csv")
        write_refused(refused_file, table, result.refused)
        typer.echo(f"The refused rows are in {refused_file}.")
        raise typer.Exit(1)


def _print(result: "ImportResult", *, dry_run: bool) -> None:
    counts = ", ".join(f"{number:,} {outcome}" for outcome, number in sorted(result.outcomes.items()))
    typer.echo(f"{'It would be' if dry_run else 'Done'}: {counts or 'nothing to import'}.")
    _print_lines(result.refused)
    if result.likely:
        typer.echo("Accepted as they are written, but perhaps with a typing error:")
        _print_lines({line: f"perhaps {spelling}" for line, spelling in result.likely.items()})


def _print_lines(texts: Mapping[int, str]) -> None:
    lines = sorted(texts)
    for line in lines[:_SHOWN_LINES]:
        typer.echo(f"Line {line}: {texts[line]}")
    if len(lines) > _SHOWN_LINES:
        typer.echo(f"and {len(lines) - _SHOWN_LINES:,} more.")
