"""What is DynamoDB's own: rows, transactions, contention, and how little is read."""

from contextlib import contextmanager
from datetime import timedelta

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from msgspec.structs import replace
from pynamodb.connection import Connection
from pynamodb.exceptions import CancellationReason, VerboseClientError

from tests.builders.items import ACCOUNT, NOW, a_customer, a_suppression, an_attempt, an_item, reported, resent
from tests.contract.worlds import on_moto
from undelivered.adapters.dynamodb import count_reconciliation, item_writer
from undelivered.adapters.dynamodb.client import ConditionFailedError, TransactionConflictError, transact_write
from undelivered.adapters.dynamodb.count_reconciliation import DynamoCountReconciliation
from undelivered.adapters.dynamodb.counters import SHARDS
from undelivered.adapters.dynamodb.item_rows import facts_of, history_row, item_of, undelivered_row
from undelivered.adapters.dynamodb.models import (
    MODELS,
    AccountModel,
    CountsModel,
    HistoryModel,
    SuppressionModel,
    UndeliveredModel,
    shared_connection,
)
from undelivered.adapters.dynamodb.suppression_store import suppression_row
from undelivered.domain.errors import RetryableError
from undelivered.domain.failure_counts import CLASSES
from undelivered.domain.feedback import Outcome
from undelivered.domain.item import Audit, Dismissal, State
from undelivered.domain.report_query import Period, ReportFilter
from undelivered.domain.taxonomy import Channel, Reason, Status
from undelivered.services.ports import NewEntry

YESTERDAY = NOW.date() - timedelta(days=1)
MONTH = Period(NOW - timedelta(days=30), NOW + timedelta(days=1))
MESSAGE_ID = "0107019a2b3c4d5e-6f708192-a3b4-c5d6-e7f8-091a2b3c4d5e-000000"


@pytest.fixture
def world():
    with on_moto() as made:
        yield made


@pytest.fixture
def calls(monkeypatch):
    """The requests made, by name and arguments."""
    made = []
    dispatch = Connection.dispatch

    def record(self, operation, arguments):
        made.append((operation, arguments))
        return dispatch(self, operation, arguments)

    monkeypatch.setattr(Connection, "dispatch", record)
    return made


@contextmanager
def failing(monkeypatch, error, times):
    """Let the next requests fail."""
    dispatch = Connection._make_api_call
    left = [times]

    def fail(self, operation, arguments):
        if left[0] > 0:
            left[0] -= 1
            raise error
        return dispatch(self, operation, arguments)

    with monkeypatch.context() as patch:
        patch.setattr(Connection, "_make_api_call", fail)
        yield


def refused(code):
    return ClientError({"Error": {"Code": code, "Message": "not now"}}, "TransactWriteItems")


def shards(letter):
    return {row.bucket.split("~")[2] for row in CountsModel.query(ACCOUNT, CountsModel.bucket.startswith(letter))}


VARIED = {
    "fresh": an_item(),
    "sparse": an_item(title="", customer_id="", customer_name="", notification_id=None),
    "ready": replace(an_item(), ready_contact="new@example.com"),
    "resending": resent(an_item()),
    "resolved": reported(resent(an_item()), Outcome.DELIVERED),
    "dismissed": replace(an_item(), dismissal=Dismissal(NOW, "m"), audit=(Audit(NOW, "m", "dismiss"),)),
    "text": an_item(Reason.UNREACHABLE, channel=Channel.SMS, recipient="+4915112345678"),
}


@pytest.mark.parametrize("item", VARIED.values(), ids=VARIED.keys())
def test_rows_are_what_the_models_say(item):
    row = undelivered_row(item, facts_of(item), 1)
    kept = history_row(item, facts_of(item), 1, 400)

    assert UndeliveredModel.from_raw_data(dict(row)).serialize() == row
    assert HistoryModel.from_raw_data(dict(kept)).serialize() == kept
    assert item_of(row) == item_of(kept) == replace(item, version=1)


def test_rows_of_suppressions_are_what_the_model_says():
    row = suppression_row(a_suppression(lifted_at=NOW, audit=(Audit(NOW, "m", "lift"),)), 1)

    assert SuppressionModel.from_raw_data(dict(row)).serialize() == row


@pytest.mark.parametrize(
    ("item", "group", "partition"),
    [
        ("fresh", "live#eh", None),
        ("ready", "live#eh", ACCOUNT),
        ("resending", "live#eh", f"{ACCOUNT}#resending"),
        ("resolved", "resolved#eh", f"{ACCOUNT}#resolved"),
        ("dismissed", "dismissed#eh", f"{ACCOUNT}#dismissed"),
        ("text", "live#ssu", None),
    ],
)
def test_an_items_state_decides_which_index_partitions_hold_it(item, group, partition):
    row = undelivered_row(VARIED[item], facts_of(VARIED[item]), 1)

    assert row["class_partition"]["S"] == f"{ACCOUNT}#{group}"
    assert row.get("ready_partition", {"S": None})["S"] == partition
    assert ("settle_at" in row) == (item == "resending")


def test_what_was_live_is_expired_in_history():
    row = history_row(VARIED["resending"], facts_of(VARIED["resending"]), 1, 400)

    assert row["class_partition"]["S"] == f"{ACCOUNT}#expired#eh"
    assert int(row["purge_at"]["N"]) == int((VARIED["resending"].sent_at + timedelta(days=400)).timestamp())


def test_a_fresh_item_with_a_long_diagnostic_stays_under_a_kilobyte():
    item = an_item(
        account_id="harbour-storage",
        message_id=MESSAGE_ID,
        notification_id="8f14e45f-ceea-467f-9f3b-2d6a3c1b7e55",
        customer_id="customer-000017",
        title="Your invoice for November is ready",
        diagnostic="x" * 500,
    )
    row = undelivered_row(item, facts_of(item), 1)

    size = sum(len(name) + len(next(iter(value.values())).encode()) for name, value in row.items())

    assert size < 1024


def test_all_tables_share_one_client(world):
    clients = {id(model.table().connection.client) for model in MODELS.values()}

    assert clients == {id(shared_connection().client)}


def test_a_full_group_of_new_items_takes_one_request(world, calls):
    world.undelivered.add_new([NewEntry(an_item(number=number)) for number in range(98)])

    [(operation, arguments)] = calls
    assert operation == "TransactWriteItems"
    assert len(arguments["TransactItems"]) == 100


def test_no_transaction_is_larger_than_dynamodb_takes(world, calls):
    entries = [
        NewEntry(
            an_item(number=number, days_ago=number % 20),
            a_suppression(f"person-{number}@example.com") if number % 2 else None,
        )
        for number in range(120)
    ]

    assert world.undelivered.add_new(entries) == []
    assert all(len(arguments["TransactItems"]) <= 100 for _, arguments in calls)
    assert len(calls) == 3


def test_one_address_failing_twice_at_once_is_suppressed_once(world):
    same = [NewEntry(an_item(number=n, recipient="x@example.com"), a_suppression("x@example.com")) for n in (1, 2)]

    assert world.undelivered.add_new(same) == []
    assert world.reports.count(ACCOUNT, NOW).total == 2


def test_who_meets_another_writer_goes_on_with_another_shard(world, monkeypatch):
    write = item_writer.transact_write
    met = iter([True, True])

    def contended_twice(actions):
        if next(met, False):
            raise TransactionConflictError
        write(actions)

    monkeypatch.setattr(item_writer, "transact_write", contended_twice)
    world.undelivered.add_new([NewEntry(an_item(number=1))])
    monkeypatch.setattr(item_writer, "transact_write", write)
    world.undelivered.add_new([NewEntry(an_item(number=2))])

    assert len(shards("L~")) == len(shards("T~")) == 1
    assert shards("L~") <= {str(shard) for shard in range(SHARDS)}
    assert world.reports.count(ACCOUNT, NOW).total == 2


def test_the_shards_are_summed(world, monkeypatch):
    for shard in range(SHARDS):
        monkeypatch.setattr(world.undelivered._shards, "of", lambda *_, shard=shard: shard)
        world.undelivered.add_new([NewEntry(an_item(number=shard))])

    assert shards("L~") == {"0", "1", "2", "3"}
    assert world.reports.count(ACCOUNT, NOW).total == SHARDS
    days = world.reports.failures_by_day(ACCOUNT, NOW.date() - timedelta(days=1), NOW.date())
    assert [sum(day.values()) for day in days.values()] == [SHARDS, 0]


def test_contention_without_end_is_for_the_queue_to_try_again(world, monkeypatch):
    def always_contended(actions):
        raise TransactionConflictError

    monkeypatch.setattr(item_writer, "transact_write", always_contended)

    with pytest.raises(RetryableError):
        world.undelivered.add_new([NewEntry(an_item())])


USES = {
    "add_new": lambda world: world.undelivered.add_new([NewEntry(an_item())]),
    "save": lambda world: world.undelivered.save(None, an_item()),
    "find": lambda world: world.undelivered.find(ACCOUNT, an_item().entry_key),
    "sweep": lambda world: world.undelivered.sweep(ACCOUNT, NOW, 10),
    "archive": lambda world: world.undelivered.archive([an_item()], settle_counters=True),
    "count": lambda world: world.reports.count(ACCOUNT, NOW),
    "page": lambda world: world.reports.page(ACCOUNT, ReportFilter(MONTH), 10, None, NOW),
    "settings": lambda world: world.accounts.settings(ACCOUNT),
    "accounts": lambda world: world.accounts.account_ids(),
    "customer": lambda world: world.customers.save(a_customer()),
    "customers": lambda world: world.customers.find_by_address(ACCOUNT, Channel.EMAIL, "a@example.com"),
    "claim": lambda world: world.notifications.claim(an_attempt()),
    "release": lambda world: world.notifications.release(an_attempt()),
    "unrecorded": lambda world: world.notifications.unrecorded(NOW, 10),
    "suppression": lambda world: world.suppressions.save(None, a_suppression()),
}


@pytest.mark.parametrize("use", USES.values(), ids=USES.keys())
def test_throttling_is_worth_another_try(world, monkeypatch, use):
    with failing(monkeypatch, refused("ThrottlingException"), times=1), pytest.raises(RetryableError):
        use(world)


@pytest.mark.parametrize(
    ("reasons", "meaning"),
    [
        (["None", "ConditionalCheckFailed"], ConditionFailedError),
        (["TransactionConflict", "ConditionalCheckFailed"], ConditionFailedError),
        (["TransactionConflict", "ThrottlingError"], TransactionConflictError),
        (["None", "ThrottlingError"], RetryableError),
        (["ProvisionedThroughputExceeded"], RetryableError),
        (["ValidationError"], ClientError),
    ],
)
def test_a_cancelled_transaction_means_what_its_reasons_say(world, monkeypatch, reasons, meaning):
    error = VerboseClientError(
        {"Error": {"Code": "TransactionCanceledException", "Message": "cancelled"}},
        "TransactWriteItems",
        cancellation_reasons=[CancellationReason(code) if code != "None" else None for code in reasons],
    )

    with failing(monkeypatch, error, times=1), pytest.raises(meaning):
        transact_write([])


@pytest.mark.parametrize("use", USES.values(), ids=USES.keys())
def test_a_lost_connection_is_worth_another_try(world, monkeypatch, use):
    error = EndpointConnectionError(endpoint_url="https://dynamodb.example")

    with failing(monkeypatch, error, times=1), pytest.raises(RetryableError):
        use(world)


def test_a_missing_permission_is_not_worth_another_try(world, monkeypatch):
    with failing(monkeypatch, refused("AccessDeniedException"), times=1), pytest.raises(ClientError):
        world.undelivered.save(None, an_item())


def test_an_item_written_during_a_sweep_stays(world, monkeypatch):
    world.clock.now = NOW - timedelta(days=5)
    for number in (1, 2):
        world.undelivered.save(None, an_item(number=number, days_ago=31))
    item = world.undelivered.find(ACCOUNT, an_item(number=1, days_ago=31).entry_key)
    write = item_writer.transact_write

    def overtaken(actions):
        monkeypatch.setattr(item_writer, "transact_write", write)
        world.undelivered.save(item, resent(item))
        write(actions)

    monkeypatch.setattr(item_writer, "transact_write", overtaken)

    assert world.undelivered.sweep(ACCOUNT, NOW, 10) == 1
    assert world.undelivered.find(ACCOUNT, item.entry_key).state is State.RESENDING


def test_counters_are_settled_once_when_dynamodb_removed_the_item_itself(world):
    world.clock.now = NOW - timedelta(days=5)
    near_the_edge = NOW - timedelta(days=30, hours=1)
    world.undelivered.save(None, an_item(number=1, sent_at=near_the_edge))
    world.undelivered.save(None, an_item(number=2, days_ago=3))
    item = world.undelivered.find(ACCOUNT, an_item(number=1, sent_at=near_the_edge).entry_key)
    UndeliveredModel(ACCOUNT, item.entry_key).delete()
    world.clock.now = NOW

    for _ in range(3):
        world.undelivered.archive([item], settle_counters=True)

    assert world.reports.count(ACCOUNT, NOW).total == 1
    assert world.undelivered.find(ACCOUNT, item.entry_key) == item


def test_the_count_reads_counters_alone_however_many_items_there_are(world, calls):
    world.undelivered.add_new([NewEntry(an_item(number=number, days_ago=number % 25)) for number in range(60)])
    world.undelivered.sweep(ACCOUNT, NOW, 10)
    calls.clear()

    assert world.reports.count(ACCOUNT, NOW).total == 60

    assert [(operation, arguments["TableName"], arguments.get("Limit")) for operation, arguments in calls] == [
        ("Query", UndeliveredModel.Meta.table_name, 1),
        ("Query", CountsModel.Meta.table_name, None),
    ]


def test_the_usual_report_takes_one_request(world, calls):
    world.undelivered.add_new([NewEntry(an_item(number=number)) for number in range(60)])
    calls.clear()

    assert len(world.reports.page(ACCOUNT, ReportFilter(MONTH), 50, None, NOW).items) == 50

    assert len(calls) == 1


def test_a_rare_class_is_read_without_what_surrounds_it(world, calls):
    entries = [NewEntry(an_item(number=number)) for number in range(90)]
    entries.append(NewEntry(an_item(Reason.COMPLAINT, number=99, days_ago=9)))
    world.undelivered.add_new(entries)
    calls.clear()
    spammed = frozenset(each for each in CLASSES if each.status is Status.SPAMMED)

    [item] = world.reports.page(ACCOUNT, ReportFilter(MONTH, classes=spammed), 50, None, NOW).items

    assert item.classification.status is Status.SPAMMED
    assert {arguments.get("IndexName") for _, arguments in calls} == {"by_class"}


def test_a_search_ends_a_page_early_and_says_where_to_go_on(world, monkeypatch):
    monkeypatch.setattr("undelivered.adapters.dynamodb.report_reader.EXAMINED_AT_MOST", 30)
    world.undelivered.add_new([NewEntry(an_item(number=number, days_ago=1 + number / 10)) for number in range(90)])
    wanted = ReportFilter(MONTH, search="person-45@")

    found, after, pages = [], None, 0
    while True:
        page = world.reports.page(ACCOUNT, wanted, 10, after, NOW)
        found += page.items
        after, pages = page.next_key, pages + 1
        if after is None:
            break

    assert [item.recipient for item in found] == ["person-45@example.com"]
    assert pages == 3


def test_pages_stay_complete_while_items_come_and_go(world):
    items = [an_item(number=number, days_ago=1 + number / 10) for number in range(40)]
    world.undelivered.add_new([NewEntry(item) for item in items])

    seen, after, pages = [], None, 0
    while True:
        page = world.reports.page(ACCOUNT, ReportFilter(MONTH), 7, after, NOW)
        seen += page.items
        after, pages = page.next_key, pages + 1
        if after is None:
            break
        world.undelivered.add_new([NewEntry(an_item(number=100 + pages, days_ago=0.5 + pages / 10))])
        gone = world.undelivered.find(ACCOUNT, page.items[0].entry_key)
        world.undelivered.save(gone, replace(gone, dismissal=Dismissal(NOW, "m")))

    keys = [item.entry_key for item in seen]
    assert keys == sorted(set(keys), reverse=True)
    assert {item.entry_key for item in items} <= set(keys)


def test_right_counters_have_no_drift(world):
    world.undelivered.add_new([NewEntry(an_item(number=number)) for number in range(3)])
    world.undelivered.save(None, resent(an_item(number=4)))

    assert DynamoCountReconciliation(zone_of=world.zones).drift(ACCOUNT, YESTERDAY) == {}


def test_a_drift_is_told_and_corrected(world):
    world.undelivered.add_new([NewEntry(an_item(number=number)) for number in range(3)])
    CountsModel(ACCOUNT, f"L~{YESTERDAY}~0").delete()
    upkeep = DynamoCountReconciliation(zone_of=world.zones)

    drift = upkeep.drift(ACCOUNT, YESTERDAY)
    upkeep.correct(ACCOUNT, YESTERDAY, drift)

    assert drift == {"eh": 3, "work.correct": 3}
    assert upkeep.drift(ACCOUNT, YESTERDAY) == {}
    assert world.reports.count(ACCOUNT, NOW).total == 3


def figures(world):
    return (
        world.reports.count(ACCOUNT, NOW),
        world.reports.failures_by_day(ACCOUNT, YESTERDAY, YESTERDAY),
        world.reports.totals(ACCOUNT, YESTERDAY, YESTERDAY).resolved,
    )


def test_shards_are_folded_into_one_row(world, monkeypatch):
    for shard in range(SHARDS):
        monkeypatch.setattr(world.undelivered._shards, "of", lambda *_, shard=shard: shard)
        arrived = reported(resent(an_item(number=20 + shard)), Outcome.DELIVERED)
        new = [an_item(number=shard), resent(an_item(number=10 + shard)), arrived]
        world.undelivered.add_new([NewEntry(item) for item in new[:2]])
        world.undelivered.save(None, new[2])
    before = figures(world)

    saved = DynamoCountReconciliation(zone_of=world.zones).compact(ACCOUNT, YESTERDAY, YESTERDAY)

    assert saved == 2 * (SHARDS - 1)
    assert shards("L~") == shards("T~") == {"0"}
    assert figures(world) == before
    assert before[0].total == 2 * SHARDS
    assert before[2].total() == SHARDS


def test_a_shard_that_is_written_meanwhile_is_not_folded(world, monkeypatch):
    monkeypatch.setattr(world.undelivered._shards, "of", lambda *_: 1)
    world.undelivered.add_new([NewEntry(an_item(number=1))])
    numbers = iter(range(2, 10))

    def overtaken(actions):
        # What is counted under names that the row did not have when it was read must not be lost either.
        world.undelivered.add_new([NewEntry(an_item(Reason.COMPLAINT, number=next(numbers)))])
        transact_write(actions)

    monkeypatch.setattr(count_reconciliation, "transact_write", overtaken)

    assert DynamoCountReconciliation(zone_of=world.zones).compact(ACCOUNT, YESTERDAY, YESTERDAY) == 0
    count, failed, _ = figures(world)
    assert count.total == sum(failed[YESTERDAY].values()) == 3


def test_what_happens_to_older_items_adds_no_shards_to_their_days(world, monkeypatch):
    old, fresh = an_item(number=1, days_ago=9), an_item(number=2, days_ago=1)
    monkeypatch.setattr(world.undelivered._shards, "_by_account", {ACCOUNT: 2})

    for item in (old, fresh):
        world.undelivered.save(None, item)

    assert shards(f"L~{old.sent_at.date()}") == shards(f"T~{old.sent_at.date()}") == {"0"}
    assert shards(f"L~{YESTERDAY}") == shards(f"T~{YESTERDAY}") == {"2"}


def test_an_account_is_registered_at_first_sight_only(world, calls):
    world.accounts.settings(ACCOUNT)
    world.accounts.settings(ACCOUNT)

    assert [operation for operation, _ in calls] == ["GetItem", "PutItem", "PutItem"]
    assert AccountModel.get("~accounts", ACCOUNT)
