"""Accounts with up to a million open items, in DynamoDB Local. The files stay on disk between runs.

DynamoDB Local writes a thousand rows a second, so a million rows would take a quarter of an hour. Instead, the
product's store produces the rows of items and counters. One row of each account is written through the API. The others
are inserted into DynamoDB Local's SQLite file, in the form of that first row. Rows with a number as an index key also
go through the API. Then the product's cleanup runs once, as it does every minute.

The time in these accounts is fixed (``NOW``, far in the future), so that the stored items never expire.
"""

import hashlib
import json
import os
import random
import shutil
import sqlite3
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import chain, islice
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from infrastructure.bench import subprocess_runner
from infrastructure.bench.meter import size_of
from infrastructure.errors import ToolError
from infrastructure.local import dynamodb_local
from infrastructure.local.tables import definition
from infrastructure.paths import BUILD, FUNCTIONS
from undelivered import bootstrap
from undelivered.adapters.dynamodb import counters, item_writer, repeat_failure_store, undelivered_store
from undelivered.adapters.dynamodb.client import Action, Row, TransactionConflictError, transact_write
from undelivered.adapters.dynamodb.item_rows import facts_of, history_row
from undelivered.adapters.dynamodb.models import MODELS
from undelivered.domain.failure_counts import count_change
from undelivered.domain.feedback import Outcome
from undelivered.domain.item import Attempt, AttemptResult, Dismissal, State, UndeliveredItem
from undelivered.domain.report_query import local_day, window_start
from undelivered.domain.taxonomy import Channel, Reason, classification_of
from undelivered.services.ports import NewEntry

NOW: Final = datetime(2099, 11, 23, 18, 0, tzinfo=UTC)
TIME_ZONE: Final = "America/New_York"
HISTORY_DAYS: Final = 400

_CACHE: Final = BUILD / "bench"
_MONTH_SECONDS: Final = 30 * 86_400
_UNSWEPT_SECONDS: Final = 60
"""How long an item can stay past its 30 days: the cleanup sweeps every minute."""

_CONTENDED_EVERY: Final = 20
_BATCH: Final = 1_000
_ROWS_PER_TRANSACTION: Final = 10_000
_COLUMNS: Final = ("hashKey", "rangeKey", "hashValue", "rangeValue", "itemSize", "ObjectJSON")
_DIAGNOSTIC: Final = (
    "smtp; 550 5.2.1 The email account that you tried to reach is disabled. Learn more at the help page."
)
# How many of a thousand failures have each reason. In a month of a million, each rare reason occurs about 50 times.
_USUAL: Final = {
    (Channel.EMAIL, Reason.MAILBOX_FULL): 260,
    (Channel.EMAIL, Reason.SERVER_UNAVAILABLE): 140,
    (Channel.EMAIL, Reason.MAILBOX_DISABLED): 230,
    (Channel.EMAIL, Reason.ADDRESS_NOT_FOUND): 190,
    (Channel.EMAIL, Reason.COMPLAINT): 30,
    (Channel.EMAIL, Reason.SUPPRESSED_BOUNCE): 50,
    (Channel.SMS, Reason.UNREACHABLE): 60,
    (Channel.SMS, Reason.NUMBER_INVALID): 40,
}
_RARE: Final = ((Channel.EMAIL, Reason.RENDERING_FAILED), (Channel.SMS, Reason.OPTED_OUT))
_RARE_EVERY: Final = 20_000
_RESENDING_EVERY: Final = 10_000
_READY_EVERY: Final = 50
_CLEARED: Final = {State.RESOLVED: 60, State.DISMISSED: 20}
"""How many items were resolved or dismissed within the month, for each thousand open items."""


@dataclass(frozen=True, slots=True)
class Account:
    """An account of the data set, with its numbers of open items and of items in history."""

    account_id: str
    live: int
    past: int


def account(live: int) -> Account:
    """Return the account with ``live`` open items and a tenth as many in history."""
    return Account(f"acc-{live}", live, live // 10)


def folder(sizes: Sequence[int], progress: Callable[[float], None] = lambda _share: None) -> Path:
    """Return the folder of a DynamoDB Local file with accounts of these sizes. Create the file if it does not exist."""
    cached = _folder(sizes)
    if not cached.exists():
        _CACHE.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=_CACHE) as scratch:
            made = Path(scratch) / "made"
            made.mkdir()
            # No request goes to this endpoint: the process starts DynamoDB Local itself.
            environment = subprocess_runner.function_environment("http://127.0.0.1:9")
            subprocess_runner.run("dataset", str(made), *map(str, sizes), environment=environment, progress=progress)
            for outdated in _CACHE.glob(f"{_name(sizes)}-*"):
                shutil.rmtree(outdated)
            made.rename(cached)
    return cached


def _folder(sizes: Iterable[int]) -> Path:
    """Return the folder of a data set. Its name changes with the code that produces the rows."""
    stores = FUNCTIONS / "undelivered" / "adapters" / "dynamodb"
    recipe = hashlib.sha256(b"".join(file.read_bytes() for file in [Path(__file__), *sorted(stores.glob("*.py"))]))
    return _CACHE / f"{_name(sizes)}-{recipe.hexdigest()[:12]}"


def _name(sizes: Iterable[int]) -> str:
    return "items-" + "-".join(map(str, sizes))


# --- In the process that creates a data set


def main() -> None:
    """Create a data set. The first argument is its folder, the others are the account sizes."""
    made, accounts = Path(sys.argv[1]), [account(int(size)) for size in sys.argv[2:]]
    bootstrap.now = lambda: NOW
    bootstrap.undelivered_store()  # sets the table names
    waiting: list[tuple[str, Account, Iterator[Row]]] = []
    with dynamodb_local.running(made) as local:
        client = _client(local)
        for model in MODELS.values():
            client.create_table(**definition(model))
        for filled in accounts:
            sink = _Sink()
            live, past = _live_rows(filled, sink), _past_rows(filled, sink)
            client.put_item(TableName="undelivered", Item=next(live))
            client.put_item(TableName="history", Item=next(past))
            client.put_item(TableName="counts", Item=_empty_counter(filled))
            for row in _settings(filled):
                client.put_item(TableName="accounts", Item=row)
            # Counters come last: their rows are complete once all items have been counted.
            counted = chain(sink.counter_rows(), _repeats(filled))
            waiting += [("undelivered", filled, live), ("history", filled, past), ("counts", filled, counted)]
    through_api = _fill(next(made.glob("*.db")), waiting, sum(filled.live + filled.past for filled in accounts))
    with dynamodb_local.running(made) as local:
        client = _client(local)
        for row in through_api:
            client.put_item(TableName="undelivered", Item=row)
        os.environ.update(local.environment)
        _set_store_write(transact_write)
        bootstrap.clean_up()(lambda: True)
        bootstrap.reconcile_counts()(lambda: True)
    subprocess_runner.report_results({})


def _fill(file: Path, waiting: Iterable[tuple[str, Account, Iterator[Row]]], total: int) -> list[Row]:
    """Insert rows into DynamoDB Local's file; return the rows that must go through its API."""
    through_api: list[Row] = []
    done = 0
    with closing(sqlite3.connect(file, isolation_level=None)) as database:
        database.execute("PRAGMA synchronous = OFF")
        database.execute("PRAGMA journal_mode = OFF")
        indexes = _without_indexes(database)
        for table, filled, rows in waiting:
            for number in _insert(database, table, filled.account_id, rows, through_api):
                done += number
                subprocess_runner.report_progress(0.85 * min(done / total, 1))
        for statement in indexes:
            database.execute(statement)
    return through_api


def _client(local: dynamodb_local.DynamoDBLocal) -> Any:
    import boto3

    session = boto3.Session("testing", "testing", region_name=dynamodb_local.REGION)
    return session.client("dynamodb", endpoint_url=local.url)


def _without_indexes(database: sqlite3.Connection) -> list[str]:
    """Drop the indexes and return the statements that create them. This is faster than to update them row by row."""
    indexes = database.execute(
        "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
    ).fetchall()
    for name, _ in indexes:
        database.execute(f'DROP INDEX "{name}"')
    return [sql for _, sql in indexes]


def _insert(
    database: sqlite3.Connection, table: str, account_id: str, rows: Iterator[Row], through_api: list[Row]
) -> Iterator[int]:
    """Insert an account's rows into a table in the form of its first row; yield the number of rows in each chunk."""
    columns = [name for _, name, *_ in database.execute(f'PRAGMA table_info("{table}")')]
    key_columns = _key_columns(database, table)
    template = database.execute(
        f'SELECT * FROM "{table}" WHERE hashKey = ?',  # noqa: S608 - one of our tables
        (account_id.encode(),),
    ).fetchone()
    known = {*_COLUMNS, *(["hashRangeValue"] if key_columns else []), *key_columns}
    if template is None or set(columns) != known:
        raise ToolError("This release of DynamoDB Local stores items in a form that the benchmark does not support.")
    first = dict(zip(columns, template, strict=True))
    statement = f'INSERT INTO "{table}" VALUES ({", ".join("?" * len(columns))})'  # noqa: S608 - as above

    def values(row: Row) -> list[Any]:
        range_key = (row.get("entry_key") or row["bucket"])["S"].encode()
        digest = hashlib.sha1(range_key, usedforsecurity=False).digest()  # only orders rows with equal keys
        given: dict[str, Any] = {
            "hashKey": first["hashKey"],
            "rangeKey": range_key,
            "hashValue": first["hashValue"],
            "rangeValue": digest,
            "hashRangeValue": digest,
            "itemSize": size_of(row),
            "ObjectJSON": json.dumps(row, separators=(",", ":"), ensure_ascii=False).encode(),
        }
        for column, attribute in key_columns.items():
            value = row.get(attribute)
            given[column] = value["S"].encode() if value else None
        return [given[column] for column in columns]

    while chosen := list(islice(rows, _ROWS_PER_TRANSACTION)):
        plain = [row for row in chosen if "settle_at" not in row]
        through_api += [row for row in chosen if "settle_at" in row]
        database.execute("BEGIN")
        database.executemany(statement, map(values, plain))
        database.execute("COMMIT")
        yield len(chosen)


def _key_columns(database: sqlite3.Connection, table: str) -> dict[str, str]:
    """Return the attribute that each index column holds, by column."""
    (table_info,) = database.execute("SELECT TableInfo FROM dm WHERE TableName = ?", (table,)).fetchone()
    attributes = {}
    for keys in json.loads(table_info)["SQLiteIndex"].values():
        for key in keys:
            if key["SQLiteColumnName"].startswith("indexKey_"):
                attributes[key["SQLiteColumnName"]] = key["DynamoDBAttribute"]["AttributeName"]
    return attributes


def _set_store_write(write_: Callable[[Sequence[Action]], None]) -> None:
    """Replace the function by which the store writes transactions."""
    item_writer.transact_write = write_  # type: ignore[attr-defined, assignment] # replaced on purpose


class _Sink:
    """Collects the store's writes instead of DynamoDB: items in order, and the sums of counters."""

    def __init__(self) -> None:
        self.items: list[Row] = []
        self._counters: dict[str, Row] = {}
        self._writes = 0

    def write_contended(self, actions: Sequence[Action]) -> None:
        """Accept a transaction, but refuse some as contended, so that the counters spread over their shards."""
        self._writes += 1
        if self._writes % _CONTENDED_EVERY == 0:
            raise TransactionConflictError("as with other writers")
        self.write(actions)

    def write(self, actions: Sequence[Action]) -> None:
        """Accept a transaction."""
        for action in actions:
            ((kind, request),) = action.items()
            if kind == "Put":
                self.items.append(request["Item"])
            else:
                self._add(request)

    def _add(self, update: Mapping[str, Any]) -> None:
        assert update["UpdateExpression"].startswith("ADD "), update
        row = self._counters.setdefault(update["Key"]["bucket"]["S"], dict(update["Key"]))
        for term in update["UpdateExpression"].removeprefix("ADD ").split(","):
            place, value = term.split(" ")
            name = update["ExpressionAttributeNames"][place]
            number = int(row.get(name, {"N": "0"})["N"]) + int(update["ExpressionAttributeValues"][value]["N"])
            row[name] = {"N": str(number)}

    def counter_rows(self) -> Iterator[Row]:
        """Yield the counters, as they are when the first is asked for."""
        yield from self._counters.values()


# --- Rows


def _live_rows(account_: Account, sink: _Sink) -> Iterator[Row]:
    """Yield an account's rows of the month, as the store writes them."""
    # The store's clock is before the end of the oldest item's 30 days.
    store = undelivered_store.DynamoUndeliveredStore(
        zone_of=lambda _: ZoneInfo(TIME_ZONE),
        history_days_of=lambda _: HISTORY_DAYS,
        clock=lambda: NOW - timedelta(hours=2),
        sleep=lambda _: None,
    )
    items = _live_items(account_)
    while batch := [NewEntry(item) for item in islice(items, _BATCH)]:
        _set_store_write(sink.write_contended)
        refused = store.add_new(sorted(batch, key=lambda entry: entry.item.entry_key))
        assert not refused, refused[0]
        yield from sink.items
        sink.items.clear()


def _live_items(account_: Account) -> Iterator[UndeliveredItem]:
    """Yield an account's open items, items cleared within the month, and items past 30 days that are not swept yet."""
    chosen = random.Random(account_.live)  # noqa: S311 - the same items every time
    start = window_start(NOW)
    for number in range(account_.live):
        seconds = chosen.randrange(1, _MONTH_SECONDS)
        if number % _RESENDING_EVERY == 0:
            seconds = (
                _MONTH_SECONDS - 3_600 - chosen.randrange(3_600)
            )  # an hour ago, so that the cleanup does not settle it yet
        yield an_item(account_.account_id, number, start + timedelta(seconds=seconds), State.OPEN, chosen)
    cleared = account_.live * sum(_CLEARED.values()) // 1000
    for number in range(account_.live, account_.live + cleared):
        sent_at = start + timedelta(seconds=chosen.randrange(1, _MONTH_SECONDS - 86_400))
        yield an_item(account_.account_id, number, sent_at, _choose(chosen, _CLEARED), chosen)
    for number in range(account_.live * _UNSWEPT_SECONDS // _MONTH_SECONDS):
        sent_at = start - timedelta(seconds=chosen.randrange(_UNSWEPT_SECONDS))
        yield an_item(account_.account_id, 10_000_001 + number, sent_at, State.OPEN, chosen)


def _past_rows(account_: Account, sink: _Sink) -> Iterator[Row]:
    """Yield an account's history rows of the ten weeks before the month, and count their failures."""
    chosen = random.Random(account_.past)  # noqa: S311 - the same items every time
    states = {State.EXPIRED: 900, **_CLEARED}
    for number in range(max(account_.past, 1)):
        sent_at = window_start(NOW) - timedelta(seconds=_UNSWEPT_SECONDS + chosen.randrange(70 * 86_400))
        item = an_item(account_.account_id, 20_000_001 + number, sent_at, _choose(chosen, states), chosen)
        failed = replace(count_change(None, item), live=Counter())
        sink.write(counters.additions(account_.account_id, {local_day(sent_at, ZoneInfo(TIME_ZONE)): failed}))
        yield history_row(item, facts_of(item), 1, HISTORY_DAYS)


def _repeats(account_: Account) -> Iterator[Row]:
    """Yield the rows of repeat failures: one for each of 100 days, full in a large account."""
    repeats = {
        f"person-{number}@example.com": (2, 3)
        for number in range(min(repeat_failure_store.KEPT, account_.live // 1_000))
    }
    for before in range(100):
        yield repeat_failure_store.repeats_row(
            account_.account_id, f"P~{(NOW - timedelta(days=before)).date()}", repeats
        )


def _empty_counter(account_: Account) -> Row:
    return {"account_id": {"S": account_.account_id}, "bucket": {"S": "L~2000-01-01~0"}}


def _settings(account_: Account) -> Iterator[Row]:
    yield {"account_id": {"S": "~accounts"}, "record": {"S": account_.account_id}, "body": {"S": "{}"}}
    settings = json.dumps({"time_zone": TIME_ZONE})
    yield {"account_id": {"S": account_.account_id}, "record": {"S": "settings"}, "body": {"S": settings}}


def _choose(chosen: random.Random, weights: Mapping[Any, int]) -> Any:
    return chosen.choices(list(weights), list(weights.values()))[0]


def an_item(account_id: str, number: int, sent_at: datetime, state: State, chosen: random.Random) -> UndeliveredItem:
    """Return an item with the size and reason of a typical month."""
    rare = 1 <= number % _RARE_EVERY <= len(_RARE)
    channel, reason = _RARE[number % _RARE_EVERY - 1] if rare else _choose(chosen, _USUAL)
    if reason is Reason.COMPLAINT and state is State.RESOLVED:
        reason = Reason.MAILBOX_FULL  # no delivery resolves a complaint
    customer = chosen.randrange(200_000)
    recipient = f"person-{customer}@example.com" if channel is Channel.EMAIL else f"+49151{customer:08}"
    outcome = Outcome.COMPLAINED if reason is Reason.COMPLAINT else Outcome.FAILED
    digits = f"{number:012x}"
    report = AttemptResult(outcome, sent_at + timedelta(seconds=4), classification_of(reason), _DIAGNOSTIC, "ses.event")
    origin_id = f"0100{digits}-{digits[:8]}-4b9e-5a67-8f10-{digits}-000000"
    item = UndeliveredItem(
        account_id=account_id,
        origin_id=origin_id,
        notification_id=f"n-{number}",
        channel=channel,
        recipient=recipient,
        sent_at=sent_at,
        attempts=(Attempt(1, recipient, sent_at, provider_message_id=origin_id, result=report),),
        title="Invoice for November",
        customer_id=f"c-{customer}",
        customer_name="Karen Spärck Jones",
    )
    return _in_state(item, state, number)


def _in_state(item: UndeliveredItem, state: State, number: int) -> UndeliveredItem:
    """Return the item resolved, dismissed, resending or ready to resend, depending on ``state`` and ``number``."""
    later = item.sent_at + timedelta(minutes=50)
    if state is State.DISMISSED:
        return replace(item, dismissal=Dismissal(later, "manager@harbor.example", "asked by phone"))
    again = Attempt(2, item.recipient, later, "manager@harbor.example", f"r{item.origin_id}")
    if state is State.RESOLVED:
        return item.with_attempt(replace(again, result=AttemptResult(Outcome.DELIVERED, later, source="ses.event")))
    if state is State.OPEN and number % _RESENDING_EVERY == 0:
        return item.with_attempt(again)
    return replace(item, ready_contact="new@example.com") if number % _READY_EVERY == 1 else item


if __name__ == "__main__":
    main()
