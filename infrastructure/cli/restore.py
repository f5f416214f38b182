"""`undelivered restore`: restore lost rows of tables, then recount the counters."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Final

import typer
from rich.console import Console

from infrastructure.cli.stack_option import StageOption, StateDirOption, named_stack
from infrastructure.count_reconciliation import reconcile_counts_of
from infrastructure.errors import ToolError
from infrastructure.table_restore import (
    RestoredTable,
    copy_tables,
    dynamodb_client,
    from_backup,
    from_point_in_time,
    restore_tables,
)

if TYPE_CHECKING:
    from undelivered.services.reconcile_counts import ReconcileCounts

_STDERR: Final = Console(stderr=True)


def restore(  # noqa: PLR0913 - one for each option
    *,
    backup: Annotated[
        str | None, typer.Option(help="Name of the on-demand backups. Uses each table's newest backup with this name.")
    ] = None,
    at: Annotated[
        datetime | None, typer.Option(help="A time in the last 35 days, in UTC (point-in-time recovery).")
    ] = None,
    source: Annotated[
        list[str] | None,
        typer.Option(help="A table you restored, as KEY=TABLE, e.g. customers=old-customers. Can be repeated."),
    ] = None,
    table: Annotated[
        list[str] | None, typer.Option(help="Only these tables, e.g. customers.", show_default="all")
    ] = None,
    stage: StageOption = None,
    state_dir: StateDirOption = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Also overwrite rows that exist now.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")] = False,
) -> None:
    """Restore lost rows from backups or from a point in time, then recount the counters."""
    sources = _parse_sources(source or [])
    origin = _describe_origin(backup, at, sources)
    stack = named_stack(stage, state_dir)
    reconcile_counts = reconcile_counts_of(stack)
    tables = _select_tables(stack.tables(), [*sources] or table or [])
    if not yes:
        how = "overwriting existing rows" if overwrite else "keeping existing rows"
        typer.confirm(f"Restore {', '.join(tables)} from {origin}, {how}?", abort=True, err=True)
    dynamodb = dynamodb_client()
    if sources:
        restored = copy_tables(dynamodb, sources, tables, overwrite=overwrite)
    else:
        start = from_point_in_time(dynamodb, at) if at else from_backup(dynamodb, backup or "")
        restored = restore_tables(dynamodb, tables, start, overwrite=overwrite)
    corrected, busy = _recount(reconcile_counts)
    _show(restored, corrected, busy, as_json=as_json)


def _show(restored: Sequence[RestoredTable], corrected: int, busy: int, *, as_json: bool) -> None:
    if as_json:
        tables = {result.table: {"read": result.read, "put_back": result.put_back} for result in restored}
        print(json.dumps({"tables": tables, "counters_corrected": corrected, "counters_busy": busy}))
        return
    for result in restored:
        typer.echo(f"{result.table}: restored {result.put_back} of {result.read} rows")
    typer.echo(f"Counters corrected for {corrected} days.")
    if busy:
        typer.echo(f"Counters for {busy} days were busy. To correct them, run `undelivered reconcile --fix`.")


def _parse_sources(pairs: list[str]) -> dict[str, str]:
    sources = dict(pair.split("=", 1) for pair in pairs if "=" in pair)
    if len(sources) < len(pairs):
        raise ToolError("--source must be KEY=TABLE, and each key only once.")
    return sources


def _describe_origin(backup: str | None, at: datetime | None, sources: Mapping[str, str]) -> str:
    """Describe what to restore from; raises ToolError unless exactly one of the three options is given."""
    if sum([backup is not None, at is not None, bool(sources)]) != 1:
        raise ToolError("Choose what to restore from: --backup NAME, --at TIME or --source KEY=TABLE.")
    if sources:
        return ", ".join(sources.values())
    return f"{at:%Y-%m-%d %H:%M:%S} UTC" if at else f"the backups {backup!r}"


def _select_tables(tables: Mapping[str, str], keys: list[str]) -> dict[str, str]:
    """Return the tables to restore, by key. Accounts come first: their settings say how long items are kept."""
    if unknown := set(keys) - set(tables):
        raise ToolError(f"Unknown table: {', '.join(sorted(unknown))}. Choose from {', '.join(tables)}.")
    selected = sorted(keys or tables, key=lambda key: key != "accounts")
    return {key: tables[key] for key in selected}


def _recount(reconcile_counts: "ReconcileCounts") -> tuple[int, int]:
    """Correct the counters of all accounts; return the number of corrected days and of busy days."""
    with _STDERR.status("Recounting"):
        drifts = [
            drift
            for account_id in reconcile_counts.accounts.account_ids()
            for drift in reconcile_counts.all_days(account_id, fix=True)
        ]
    return sum(bool(drift.missing) for drift in drifts), sum(drift.missing is None for drift in drifts)
