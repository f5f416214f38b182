"""Accounts of a thousand, a hundred thousand and a million open items, on DynamoDB Local, kept on disk between runs.

DynamoDB Local takes a thousand rows a second, so a million would take a quarter of an hour. So the product's own store
says what it writes, items and counters; one row of each account is written through the API, and the others are put
straight into the SQLite file that DynamoDB Local keeps, in the form it gave the first. What has an index on a number
goes through the API too. Then the product's cleanup runs once, as it does every minute.

Time stands still in these accounts (``NOW``, far ahead), so that nothing kept on disk ever expires.
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
from undelivered.adapters.dynamodb import counters, repeat_failure_store, undelivered_store
from undelivered.adapters.dynamodb.client import Action, Row, TransactionConflictError, write
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

_KEPT: Final = BUILD / "bench"
_MONTH_SECONDS: Final = 30 * 86_400
_UNSWEPT_SECONDS: Final = 60
"""How long an item stays past its thirty days: cleanup sweeps every minute."""

_CONTENDED_EVERY: Final = 20
_BATCH: Final = 1_000
_AT_ONCE: Final = 10_000
_COLUMNS: Final = ("hashKey", "rangeKey", "hashValue", "rangeValue", "itemSize", "ObjectJSON")
_DIAGNOSTIC: Final = (
    "smtp; 550 5.2.1 The email account that you tried to reach is disabled. Learn more at the help page."
)
# What fails and how often, in a thousand; the rare reasons come some dozen times in a month of a million.
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
"""How many of a thousand more items were cleared within the month."""


@dataclass(frozen=True, slots=True)
class Account:
    """An account of the data set: how many open items it has, and how many that are history."""

    account_id: str
    live: int
    past: int


def account(live: int) -> Account:
    """Return the account of a number of open items; a tenth as many are history."""
    return Account(f"acc-{live}", live, live // 10)


def is_kept(sizes: Iterable[int]) -> bool:
    """Whether the data set of these sizes is on disk already."""
    return _folder(sizes).exists()


def folder(sizes: Sequence[int], progress: Callable[[float], None] = lambda _part: None) -> Path:
    """Return the folder of DynamoDB Local's file with accounts of these sizes, made when it is not kept yet."""
    kept = _folder(sizes)
    if not kept.exists():
        _KEPT.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=_KEPT) as scratch:
            made = Path(scratch) / "made"
            made.mkdir()
            # The endpoint is not known yet: one for the rows, another to clean up.
            environment = subprocess_runner.function_environment("http://127.0.0.1:9")
            subprocess_runner.run("dataset", str(made), *map(str, sizes), environment=environment, progress=progress)
            for outdated in _KEPT.glob(f"{_name(sizes)}-*"):
                shutil.rmtree(outdated)
            made.rename(kept)
    return kept


def _folder(sizes: Iterable[int]) -> Path:
    """Return where a data set is kept: under a name that changes with the code that makes its rows."""
    stores = FUNCTIONS / "undelivered" / "adapters" / "dynamodb"
    recipe = hashlib.sha256(b"".join(file.read_bytes() for file in [Path(__file__), *sorted(stores.glob("*.py"))]))
    return _KEPT / f"{_name(sizes)}-{recipe.hexdigest()[:12]}"


def _name(sizes: Iterable[int]) -> str:
    return "items-" + "-".join(map(str, sizes))


# --- making it


def main() -> None:
    """Make a data set in a folder, the first argument, with accounts of the sizes that follow."""
    made, accounts = Path(sys.argv[1]), [account(int(size)) for size in sys.argv[2:]]
    bootstrap.now = lambda: NOW
    bootstrap.undelivered_store()  # names the tables
    waiting: list[tuple[str, Account, Iterator[Row]]] = []
    with dynamodb_local.running(made) as local:
        client = _client(local)
        for model in MODELS.values():
            client.create_table(**definition(model))
        for each in accounts:
            sink = _Sink()
            live, past = _live_rows(each, sink), _past_rows(each, sink)
            client.put_item(TableName="undelivered", Item=next(live))
            client.put_item(TableName="history", Item=next(past))
            client.put_item(TableName="counts", Item=_counter_of_nothing(each))
            for row in _settings(each):
                client.put_item(TableName="accounts", Item=row)
            # In this order: the counters are known once the items have been counted.
            counted = chain(sink.counter_rows(), _repeats(each))
            waiting += [("undelivered", each, live), ("history", each, past), ("counts", each, counted)]
    through_api = _fill(next(made.glob("*.db")), waiting, sum(each.live + each.past for each in accounts))
    with dynamodb_local.running(made) as local:
        client = _client(local)
        for row in through_api:
            client.put_item(TableName="undelivered", Item=row)
        os.environ.update(local.environment)
        _write_by(write)
        bootstrap.clean_up()(lambda: True)
        bootstrap.reconcile_counts()(lambda: True)
    subprocess_runner.hand_over({})


def _fill(file: Path, waiting: Iterable[tuple[str, Account, Iterator[Row]]], total: int) -> list[Row]:
    """Put rows into DynamoDB Local's file; return those that it must be given itself."""
    through_api: list[Row] = []
    done = 0
    with closing(sqlite3.connect(file, isolation_level=None)) as database:
        database.execute("PRAGMA synchronous = OFF")
        database.execute("PRAGMA journal_mode = OFF")
        indexes = _without_indexes(database)
        for table, each, rows in waiting:
            for number in _insert(database, table, each.account_id, rows, through_api):
                done += number
                subprocess_runner.tell_progress(0.85 * min(done / total, 1))
        for statement in indexes:
            database.execute(statement)
    return through_api


def _client(local: dynamodb_local.DynamoDBLocal) -> Any:
    import boto3

    session = boto3.Session("testing", "testing", region_name=dynamodb_local.REGION)
    return session.client("dynamodb", endpoint_url=local.url)


def _without_indexes(database: sqlite3.Connection) -> list[str]:
    """Drop the indexes and return the statements that make them again: faster than keeping them up row by row."""
    found = database.execute("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL").fetchall()
    for name, _ in found:
        database.execute(f'DROP INDEX "{name}"')
    return [sql for _, sql in found]


def _insert(
    database: sqlite3.Connection, table: str, account_id: str, rows: Iterator[Row], through_api: list[Row]
) -> Iterator[int]:
    """Put rows of an account into a table as DynamoDB Local put the first; yield how many, bit by bit."""
    columns = [name for _, name, *_ in database.execute(f'PRAGMA table_info("{table}")')]
    key_columns = _key_columns(database, table)
    template = database.execute(
        f'SELECT * FROM "{table}" WHERE hashKey = ?',  # noqa: S608 - a table of ours
        (account_id.encode(),),
    ).fetchone()
    known = {*_COLUMNS, *(["hashRangeValue"] if key_columns else []), *key_columns}
    if template is None or set(columns) != known:
        raise ToolError("This release of DynamoDB Local stores items in a form that the benchmark does not support.")
    first = dict(zip(columns, template, strict=True))
    statement = f'INSERT INTO "{table}" VALUES ({", ".join("?" * len(columns))})'  # noqa: S608 - as above

    def values(row: Row) -> list[Any]:
        range_key = (row.get("entry_key") or row["bucket"])["S"].encode()
        digest = hashlib.sha1(range_key, usedforsecurity=False).digest()  # orders what has equal keys: nothing here
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
            told = row.get(attribute)
            given[column] = told["S"].encode() if told else None
        return [given[column] for column in columns]

    while chosen := list(islice(rows, _AT_ONCE)):
        plain = [row for row in chosen if "settle_at" not in row]
        through_api += [row for row in chosen if "settle_at" in row]
        database.execute("BEGIN")
        database.executemany(statement, map(values, plain))
        database.execute("COMMIT")
        yield len(chosen)


def _key_columns(database: sqlite3.Connection, table: str) -> dict[str, str]:
    """Return which attribute each of the columns that indexes are made of holds."""
    (told,) = database.execute("SELECT TableInfo FROM dm WHERE TableName = ?", (table,)).fetchone()
    found = {}
    for keys in json.loads(told)["SQLiteIndex"].values():
        for key in keys:
            if key["SQLiteColumnName"].startswith("indexKey_"):
                found[key["SQLiteColumnName"]] = key["DynamoDBAttribute"]["AttributeName"]
    return found


def _write_by(write_: Callable[[Sequence[Action]], None]) -> None:
    """Have the store write by this: it has no other way to."""
    undelivered_store.write = write_  # type: ignore[attr-defined, assignment] # here to be replaced


class _Sink:
    """Takes what the store writes in place of DynamoDB: items as they come, counters added up."""

    def __init__(self) -> None:
        self.items: list[Row] = []
        self._counters: dict[str, Row] = {}
        self._writes = 0

    def write_contended(self, actions: Sequence[Action]) -> None:
        """Take a transaction; now and then find it contended, so that the counters spread over their shards."""
        self._writes += 1
        if self._writes % _CONTENDED_EVERY == 0:
            raise TransactionConflictError("as with other writers")
        self.write(actions)

    def write(self, actions: Sequence[Action]) -> None:
        """Take a transaction."""
        for action in actions:
            ((kind, told),) = action.items()
            if kind == "Put":
                self.items.append(told["Item"])
            else:
                self._add(told)

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


# --- rows


def _live_rows(each: Account, sink: _Sink) -> Iterator[Row]:
    """Yield an account's rows of the month as the store writes them."""
    # Written when the oldest of them had not left yet.
    store = undelivered_store.DynamoUndeliveredStore(
        zone_of=lambda _: ZoneInfo(TIME_ZONE),
        history_days_of=lambda _: HISTORY_DAYS,
        clock=lambda: NOW - timedelta(hours=2),
        sleep=lambda _: None,
    )
    coming = _live_items(each)
    while batch := [NewEntry(item) for item in islice(coming, _BATCH)]:
        _write_by(sink.write_contended)
        refused = store.add_new(sorted(batch, key=lambda entry: entry.item.entry_key))
        assert not refused, refused[0]
        yield from sink.items
        sink.items.clear()


def _live_items(each: Account) -> Iterator[UndeliveredItem]:
    """Yield an account's open items, those cleared within the month, and those past it that await the sweep."""
    chosen = random.Random(each.live)  # noqa: S311 - the same every time
    start = window_start(NOW)
    for number in range(each.live):
        seconds = chosen.randrange(1, _MONTH_SECONDS)
        if number % _RESENDING_EVERY == 0:
            seconds = _MONTH_SECONDS - 3_600 - chosen.randrange(3_600)  # an hour ago: not to be settled yet
        yield _item(each.account_id, number, start + timedelta(seconds=seconds), State.OPEN, chosen)
    cleared = each.live * sum(_CLEARED.values()) // 1000
    for number in range(each.live, each.live + cleared):
        sent_at = start + timedelta(seconds=chosen.randrange(1, _MONTH_SECONDS - 86_400))
        yield _item(each.account_id, number, sent_at, _drawn(chosen, _CLEARED), chosen)
    for number in range(each.live * _UNSWEPT_SECONDS // _MONTH_SECONDS):
        sent_at = start - timedelta(seconds=chosen.randrange(_UNSWEPT_SECONDS))
        yield _item(each.account_id, 10_000_001 + number, sent_at, State.OPEN, chosen)


def _past_rows(each: Account, sink: _Sink) -> Iterator[Row]:
    """Yield an account's rows of the ten weeks before, and count them where they failed."""
    chosen = random.Random(each.past)  # noqa: S311 - as above
    states = {State.EXPIRED: 900, **_CLEARED}
    for number in range(max(each.past, 1)):
        sent_at = window_start(NOW) - timedelta(seconds=_UNSWEPT_SECONDS + chosen.randrange(70 * 86_400))
        item = _item(each.account_id, 20_000_001 + number, sent_at, _drawn(chosen, states), chosen)
        failed = replace(count_change(None, item), live=Counter())
        sink.write(counters.additions(each.account_id, {local_day(sent_at, ZoneInfo(TIME_ZONE)): failed}))
        yield history_row(item, facts_of(item), 1, HISTORY_DAYS)


def _repeats(each: Account) -> Iterator[Row]:
    """Yield what is noted of addresses that fail again: of each day as many as it keeps, more than a small one has."""
    noted = {
        f"person-{number}@example.com": (2, 3) for number in range(min(repeat_failure_store.KEPT, each.live // 1_000))
    }
    for before in range(100):
        yield repeat_failure_store.repeats_row(each.account_id, f"P~{(NOW - timedelta(days=before)).date()}", noted)


def _counter_of_nothing(each: Account) -> Row:
    return {"account_id": {"S": each.account_id}, "bucket": {"S": "L~2000-01-01~0"}}


def _settings(each: Account) -> Iterator[Row]:
    yield {"account_id": {"S": "~accounts"}, "record": {"S": each.account_id}, "body": {"S": "{}"}}
    settings = json.dumps({"time_zone": TIME_ZONE})
    yield {"account_id": {"S": each.account_id}, "record": {"S": "settings"}, "body": {"S": settings}}


def _drawn(chosen: random.Random, weights: Mapping[Any, int]) -> Any:
    return chosen.choices(list(weights), list(weights.values()))[0]


def _item(account_id: str, number: int, sent_at: datetime, state: State, chosen: random.Random) -> UndeliveredItem:
    """Return an item of the size and kind that a usual month brings."""
    rare = 1 <= number % _RARE_EVERY <= len(_RARE)
    channel, reason = _RARE[number % _RARE_EVERY - 1] if rare else _drawn(chosen, _USUAL)
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
        attempts=(Attempt(1, recipient, sent_at, provider_message_id=origin_id, report=report),),
        title="Invoice for November",
        customer_id=f"c-{customer}",
        customer_name="Karen Spärck Jones",
    )
    return _in_state(item, state, number)


def _in_state(item: UndeliveredItem, state: State, number: int) -> UndeliveredItem:
    """Return the item cleared, being resent or ready to be, as some are."""
    later = item.sent_at + timedelta(minutes=50)
    if state is State.DISMISSED:
        return replace(item, dismissal=Dismissal(later, "manager@harbor.example", "asked by phone"))
    again = Attempt(2, item.recipient, later, "manager@harbor.example", f"r{item.origin_id}")
    if state is State.RESOLVED:
        return item.with_attempt(replace(again, report=AttemptResult(Outcome.DELIVERED, later, source="ses.event")))
    if state is State.OPEN and number % _RESENDING_EVERY == 0:
        return item.with_attempt(again)
    return replace(item, ready_contact="new@example.com") if number % _READY_EVERY == 1 else item


if __name__ == "__main__":
    main()
