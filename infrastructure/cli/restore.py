"""`undelivered restore`: bring back what tables have lost, from their backups.

DynamoDB restores into new tables only, and a table of its own has no stream, no time to live and no place in the
stack. So each table is restored beside the one in use, its rows are copied over, and it is dropped again. The counters
are then counted anew. Rows that are there already stay as they are unless told otherwise: they know of what happened
since the backup. Every step may be repeated.
"""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from infrastructure.cli.errors import exit_on_tool_error
from infrastructure.cli.reconcile import keeping_of, tables_of
from infrastructure.errors import ToolError

if TYPE_CHECKING:
    from undelivered.adapters.dynamodb.undelivered_store import DynamoUndeliveredStore
    from undelivered.services.reconcile_counts import ReconcileCounts

_STDERR: Final = Console(stderr=True)
_WRITERS: Final = 16
_AT_ONCE: Final = 1_000
_POLL_SECONDS: Final = 1.0

Row = dict[str, dict[str, Any]]
Start = Callable[[str, str], None]
"""Begins to restore the table in use, the first, as a new one, the second."""


@dataclass(frozen=True, slots=True)
class Restored:
    """What became of a table's rows."""

    table: str
    read: int
    put_back: int


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
    table: Annotated[list[str] | None, typer.Option(help="Only these, e.g. customers; all when left out.")] = None,
    state_dir: Annotated[
        Path | None, typer.Option(help="State folder of a local stack.", show_default="the running stack")
    ] = None,
    stack_name: Annotated[
        str | None, typer.Option(help="A deployed stack. Uses the AWS CLI's credentials and region.")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Also overwrite rows that exist now.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")] = False,
) -> None:
    """Restore lost rows from backups or from a point in time, then recount the counters."""
    with exit_on_tool_error():
        sources = _sources(source or [])
        from_what = _from_what(backup, at, sources)
        keeping = keeping_of(state_dir, stack_name)
        tables = _chosen(tables_of(state_dir, stack_name), [*sources] or table or [])
        if not yes:
            how = "overwriting existing rows" if overwrite else "keeping existing rows"
            typer.confirm(f"Restore {', '.join(tables)} from {from_what}, {how}?", abort=True, err=True)
        dynamodb = _client()
        if sources:
            restored = _copy_all(dynamodb, sources, tables, overwrite=overwrite)
        else:
            start = _from_moment(dynamodb, at) if at else _from_backup(dynamodb, backup or "")
            restored = _restore(dynamodb, tables, start, overwrite=overwrite)
        corrected, busy = _count_anew(keeping)
    if as_json:
        told = {each.table: {"read": each.read, "put_back": each.put_back} for each in restored}
        print(json.dumps({"tables": told, "counters_corrected": corrected, "counters_busy": busy}))
        return
    for each in restored:
        typer.echo(f"{each.table}: restored {each.put_back} of {each.read} rows")
    typer.echo(f"Counters corrected for {corrected} days.")
    if busy:
        typer.echo(f"Counters for {busy} days were busy. To correct them, run `undelivered reconcile --fix`.")


def _sources(given: list[str]) -> dict[str, str]:
    sources = dict(pair.split("=", 1) for pair in given if "=" in pair)
    if len(sources) < len(given):
        raise ToolError("--source must be KEY=TABLE, and each key only once.")
    return sources


def _from_what(backup: str | None, at: datetime | None, sources: Mapping[str, str]) -> str:
    if sum([backup is not None, at is not None, bool(sources)]) != 1:
        raise ToolError("Choose what to restore from: --backup NAME, --at TIME or --source KEY=TABLE.")
    if sources:
        return ", ".join(sources.values())
    return f"{at:%Y-%m-%d %H:%M:%S} UTC" if at else f"the backups {backup!r}"


def _chosen(tables: Mapping[str, str], names: list[str]) -> dict[str, str]:
    """Return the tables to restore, by key: accounts first, whose settings say how long items are kept."""
    if unknown := set(names) - set(tables):
        raise ToolError(f"Unknown table: {', '.join(sorted(unknown))}. Choose from {', '.join(tables)}.")
    chosen = sorted(names or tables, key=lambda key: key != "accounts")
    return {key: tables[key] for key in chosen}


def _client() -> Any:
    import boto3
    from botocore.config import Config

    return boto3.client("dynamodb", config=Config(max_pool_connections=_WRITERS, retries={"mode": "adaptive"}))


def _from_backup(dynamodb: Any, backup: str) -> Start:
    """Return what begins to restore a table from its newest backup of a name."""

    def start(source: str, target: str) -> None:
        pages = dynamodb.get_paginator("list_backups").paginate(TableName=source)
        found = [each for page in pages for each in page["BackupSummaries"] if each["BackupName"] == backup]
        if not found:
            raise ToolError(f"The table {source} has no backup named {backup}.")
        newest = max(found, key=lambda each: each["BackupCreationDateTime"])
        dynamodb.restore_table_from_backup(TargetTableName=target, BackupArn=newest["BackupArn"])

    return start


def _from_moment(dynamodb: Any, at: datetime) -> Start:
    """Return what begins to restore a table as it was at a moment."""

    def start(source: str, target: str) -> None:
        moment = at.replace(tzinfo=UTC)
        dynamodb.restore_table_to_point_in_time(SourceTableName=source, TargetTableName=target, RestoreDateTime=moment)

    return start


def _restore(
    dynamodb: Any,
    tables: Mapping[str, str],
    start: Start,
    *,
    overwrite: bool,
) -> list[Restored]:
    stamp = f"{datetime.now(UTC):%Y%m%d%H%M%S}"
    beside = {key: f"{name}-restored-{stamp}" for key, name in tables.items()}
    started: list[str] = []
    try:
        with _STDERR.status("Restoring to new tables. This takes at least a few minutes"):
            for key, name in tables.items():
                _asked(start, name, beside[key])
                started.append(beside[key])
            for name in started:
                _await_active(dynamodb, name)
        return _copy_all(dynamodb, beside, tables, overwrite=overwrite)
    finally:
        for name in started:
            _await_active(dynamodb, name)
            dynamodb.delete_table(TableName=name)


def _copy_all(
    dynamodb: Any,
    sources: Mapping[str, str],
    targets: Mapping[str, str],
    *,
    overwrite: bool,
) -> list[Restored]:
    """Copy each table of ``targets`` from that of the same key in ``sources``."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=_STDERR, transient=True) as bar:
        return [_copy(dynamodb, key, sources[key], name, bar, overwrite=overwrite) for key, name in targets.items()]


def _asked(start: Start, source: str, target: str) -> None:
    from botocore.exceptions import ClientError

    try:
        start(source, target)
    except ClientError as error:
        raise ToolError(f"{source} was not restored: {error.response['Error']['Message']}") from error


def _await_active(dynamodb: Any, name: str) -> None:
    """Return when a restored table can be read: hours, for very large ones."""
    while dynamodb.describe_table(TableName=name)["Table"]["TableStatus"] != "ACTIVE":
        time.sleep(_POLL_SECONDS)


def _copy(  # noqa: PLR0913 - from where, to where, and how
    dynamodb: Any,
    key: str,
    source: str,
    target: str,
    bar: Progress,
    *,
    overwrite: bool,
) -> Restored:
    description = dynamodb.describe_table(TableName=source)["Table"]
    hash_name = description["KeySchema"][0]["AttributeName"]
    condition = {} if overwrite else {"ConditionExpression": f"attribute_not_exists({hash_name})"}
    task = bar.add_task(key, total=None)
    past = _into_history() if key == "undelivered" else lambda _row: False

    def put(row: Row) -> bool:
        if past(row):
            return True
        try:
            dynamodb.put_item(TableName=target, Item=row, **condition)
        except dynamodb.exceptions.ConditionalCheckFailedException:
            return False
        return True

    done = put_back = 0
    rows = _rows(dynamodb, source)
    with ThreadPoolExecutor(_WRITERS) as writers:
        while some := list(islice(rows, _AT_ONCE)):
            put_back += sum(writers.map(put, some))
            done += len(some)
            bar.update(task, completed=done)
    bar.update(task, total=done)
    return Restored(key, done, put_back)


def _rows(dynamodb: Any, table: str) -> Iterator[Row]:
    for page in dynamodb.get_paginator("scan").paginate(TableName=table, ConsistentRead=True):
        yield from page["Items"]


def _into_history() -> Callable[[Row], bool]:
    """Return what takes a row of the Undelivered table to history when its thirty days ended since the backup."""
    from undelivered.adapters.dynamodb.item_rows import item_of

    store = _store()
    now = datetime.now(UTC).timestamp()

    def past(row: Row) -> bool:
        if int(row["expires_at"]["N"]) > now:
            return False
        store.archive([item_of(row)], settle_counters=False)
        return True

    return past


def _store() -> "DynamoUndeliveredStore":
    from undelivered.adapters.dynamodb.account_store import DynamoAccountStore
    from undelivered.adapters.dynamodb.undelivered_store import DynamoUndeliveredStore

    accounts = DynamoAccountStore()
    return DynamoUndeliveredStore(
        zone_of=lambda account_id: ZoneInfo(accounts.settings(account_id).time_zone),
        history_days_of=lambda account_id: accounts.settings(account_id).history_days,
    )


def _count_anew(keeping: "ReconcileCounts") -> tuple[int, int]:
    """Correct every account's counters by its items; return of how many days they were wrong, and of how many busy."""
    with _STDERR.status("Recounting"):
        found = [drift for each in keeping.accounts.account_ids() for drift in keeping.all_days(each, fix=True)]
    return sum(bool(drift.lacked) for drift in found), sum(drift.lacked is None for drift in found)
