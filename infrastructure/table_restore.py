"""Restore lost rows of tables from backups, from a point in time, or from tables that the operator restored.

DynamoDB restores a backup only to a new table, which has no stream, no time to live and no place in the stack. So each
table is restored to a new table, its rows are copied to the table in use, and the new table is deleted. Rows that exist
in the table in use stay as they are unless ``overwrite`` is set, because they may have changed since the backup. All
steps can be repeated.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from infrastructure.aws_errors import describe
from infrastructure.errors import ToolError

if TYPE_CHECKING:
    from undelivered.adapters.dynamodb.undelivered_store import DynamoUndeliveredStore

_STDERR: Final = Console(stderr=True)
_WRITERS: Final = 16
_CHUNK: Final = 1_000
_POLL_SECONDS: Final = 1.0
_UNKNOWN_SECONDS: Final = 60
"""How long DynamoDB may not find a table after it has accepted the restore."""
_NO_INDEXES: Final[dict[str, Any]] = {"GlobalSecondaryIndexOverride": [], "LocalSecondaryIndexOverride": []}
"""Only the rows are read, and a restore with indexes takes much longer and costs more."""

Row = dict[str, dict[str, Any]]
StartRestore = Callable[[str, str], None]
"""Starts to restore the table in use, the first argument, to a new table, the second."""


@dataclass(frozen=True, slots=True)
class RestoredTable:
    """The result for a table, by its key: how many rows were read, and how many of them were written."""

    table: str
    read: int
    put_back: int


def dynamodb_client() -> Any:
    """Return a client with as many connections as a restore has writers."""
    import boto3
    from botocore.config import Config

    return boto3.client("dynamodb", config=Config(max_pool_connections=_WRITERS, retries={"mode": "adaptive"}))


def from_backup(dynamodb: Any, backup: str) -> StartRestore:
    """Return a function that restores a table from its latest backup with a name."""

    def start(source: str, target: str) -> None:
        pages = dynamodb.get_paginator("list_backups").paginate(TableName=source)
        backups = [summary for page in pages for summary in page["BackupSummaries"] if summary["BackupName"] == backup]
        if not backups:
            raise ToolError(f"The table {source} has no backup named {backup}.")
        latest = max(backups, key=lambda summary: summary["BackupCreationDateTime"])
        dynamodb.restore_table_from_backup(TargetTableName=target, BackupArn=latest["BackupArn"], **_NO_INDEXES)

    return start


def from_point_in_time(dynamodb: Any, at: datetime) -> StartRestore:
    """Return a function that restores a table as it was at a time in UTC."""

    def start(source: str, target: str) -> None:
        moment = at.replace(tzinfo=UTC)
        dynamodb.restore_table_to_point_in_time(
            SourceTableName=source, TargetTableName=target, RestoreDateTime=moment, **_NO_INDEXES
        )

    return start


def restore_tables(
    dynamodb: Any, tables: Mapping[str, str], start: StartRestore, *, overwrite: bool
) -> list[RestoredTable]:
    """Restore tables, by key, to new tables, copy the rows and delete the new tables.

    Raises ToolError if DynamoDB refuses to restore a table.
    """
    stamp = f"{datetime.now(UTC):%Y%m%d%H%M%S}"
    restored = {key: f"{name}-restored-{stamp}" for key, name in tables.items()}
    started: list[str] = []
    try:
        with _STDERR.status("Restoring to new tables. This takes at least a few minutes"):
            for key, name in tables.items():
                _start(start, name, restored[key], started)
            for name in started:
                _wait_until_active(dynamodb, name)
        return copy_tables(dynamodb, restored, tables, overwrite=overwrite)
    finally:
        _delete(dynamodb, started)


def _delete(dynamodb: Any, names: Sequence[str]) -> None:
    """Delete temporary tables, even if some cannot be deleted; raise ToolError with those that remain."""
    from botocore.exceptions import BotoCoreError, ClientError

    remaining: dict[str, str] = {}
    with _STDERR.status("Deleting the new tables"):
        for name in names:
            try:
                _wait_until_active(dynamodb, name)  # DynamoDB does not delete a table that it still restores
                dynamodb.delete_table(TableName=name)
            except (ClientError, BotoCoreError) as error:
                remaining[name] = ". ".join(describe(error))
            except ToolError as error:
                remaining[name] = str(error)
    if remaining:
        reasons = "; ".join(f"{name} ({reason})" for name, reason in remaining.items())
        raise ToolError(f"These temporary tables remain. Delete them: {reasons}")


def copy_tables(
    dynamodb: Any, sources: Mapping[str, str], targets: Mapping[str, str], *, overwrite: bool
) -> list[RestoredTable]:
    """Copy the rows to each table of ``targets`` from the table with the same key in ``sources``."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=_STDERR, transient=True) as bar:
        return [_copy(dynamodb, key, sources[key], name, bar, overwrite=overwrite) for key, name in targets.items()]


def _start(start: StartRestore, source: str, target: str, started: list[str]) -> None:
    """Start restoring a table, and add it to `started` unless DynamoDB refuses. Raises ToolError if it refuses."""
    from botocore.exceptions import ClientError

    started.append(target)  # before the call, because its response can be lost
    try:
        start(source, target)
    except (ClientError, ToolError) as error:
        started.remove(target)
        if isinstance(error, ToolError):
            raise
        raise ToolError(f"{source} was not restored. {'. '.join(describe(error))}") from error


def _wait_until_active(dynamodb: Any, name: str) -> None:
    """Wait until a restored table can be read. This takes hours for very large tables.

    At first, DynamoDB may answer that the table does not exist (Amazon DynamoDB API Reference, DescribeTable). Raises
    ToolError if that does not change.
    """
    deadline = time.monotonic() + _UNKNOWN_SECONDS
    status = ""
    while status != "ACTIVE":
        try:
            status = dynamodb.describe_table(TableName=name)["Table"]["TableStatus"]
        except dynamodb.exceptions.ResourceNotFoundException:
            if status or time.monotonic() > deadline:
                raise ToolError(f"The table {name}, to which rows are restored, is gone.") from None
        if status != "ACTIVE":
            time.sleep(_POLL_SECONDS)


def _copy(  # noqa: PLR0913 - source, target and how to copy
    dynamodb: Any, key: str, source: str, target: str, bar: Progress, *, overwrite: bool
) -> RestoredTable:
    description = dynamodb.describe_table(TableName=source)["Table"]
    hash_name = description["KeySchema"][0]["AttributeName"]
    condition = {} if overwrite else {"ConditionExpression": f"attribute_not_exists({hash_name})"}
    task = bar.add_task(key, total=None)
    archive_if_expired = _archiver() if key == "undelivered" else lambda _row: False

    def put(row: Row) -> bool:
        if archive_if_expired(row):
            return True
        try:
            dynamodb.put_item(TableName=target, Item=row, **condition)
        except dynamodb.exceptions.ConditionalCheckFailedException:
            return False
        return True

    read = put_back = 0
    rows = _rows(dynamodb, source)
    with ThreadPoolExecutor(_WRITERS) as writers:
        while chunk := list(islice(rows, _CHUNK)):
            put_back += sum(writers.map(put, chunk))
            read += len(chunk)
            bar.update(task, completed=read)
    bar.update(task, total=read)
    return RestoredTable(key, read, put_back)


def _rows(dynamodb: Any, table: str) -> Iterator[Row]:
    for page in dynamodb.get_paginator("scan").paginate(TableName=table, ConsistentRead=True):
        yield from page["Items"]


def _archiver() -> Callable[[Row], bool]:
    """Return a function that writes an item to history if its 30 days have ended since the backup.

    The function takes a row of the Undelivered table, and returns whether it wrote the item to history.
    """
    from undelivered.adapters.dynamodb.item_rows import item_of

    store = _undelivered_store()
    now = datetime.now(UTC).timestamp()

    def archive_if_expired(row: Row) -> bool:
        if int(row["expires_at"]["N"]) > now:
            return False
        store.archive([item_of(row)], settle_counters=False)
        return True

    return archive_if_expired


def _undelivered_store() -> "DynamoUndeliveredStore":
    from undelivered.adapters.dynamodb.account_store import DynamoAccountStore
    from undelivered.adapters.dynamodb.undelivered_store import DynamoUndeliveredStore

    accounts = DynamoAccountStore()
    return DynamoUndeliveredStore(
        zone_of=lambda account_id: ZoneInfo(accounts.settings(account_id).time_zone),
        history_days_of=lambda account_id: accounts.settings(account_id).history_days,
    )
