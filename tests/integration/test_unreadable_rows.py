"""A row that cannot be read is left out, counted and logged without its content. It stops nothing else."""

import copy
from datetime import timedelta

import pytest

from tests.builders.items import ACCOUNT, NOW, an_item, resent
from tests.unit.test_unreadable_changes import NEEDED, RETURNED, broken, image
from undelivered.adapters.dynamodb.count_reconciliation import DynamoCountReconciliation
from undelivered.adapters.dynamodb.item_rows import item_of, readable_item, readable_items
from undelivered.adapters.dynamodb.models import HistoryModel, UndeliveredModel, shared_connection
from undelivered.domain.report_query import Period, ReportFilter
from undelivered.services.ports import NewEntry

GOOD = an_item(number=2)
MONTH = Period(NOW - timedelta(days=30), NOW + timedelta(days=1))


def write(model, row):
    shared_connection().client.put_item(TableName=model.Meta.table_name, Item=row)


def damaged(item):
    """Return an item's row whose attempts were damaged."""
    return {**image(item), "attempts": {"S": "damaged"}}


def damage(world, *items):
    """Store items, and damage their rows."""
    world.undelivered.add_new([NewEntry(item) for item in items])
    for item in items:
        write(UndeliveredModel, {**damaged(item), "version": {"N": "1"}})


def test_a_row_with_any_field_missing_or_of_another_type_is_read_or_left_out(counted):
    cases = list(broken(image(RETURNED)))

    for path, row in cases:
        before = len(counted)
        items = list(readable_items([row, image(GOOD)]))
        assert items[-1] == item_of(image(GOOD)), path
        assert len(items) + len(counted) - before == 2, path

    assert len(cases) > 400
    assert set(counted) == {("UnreadableRows", 1)}


@pytest.mark.parametrize("name", NEEDED)
def test_a_row_without_a_needed_attribute_is_left_out(counted, name):
    row = copy.deepcopy(image(RETURNED))
    del row[name]

    assert readable_item(row) is None
    assert len(counted) == 1


def test_a_row_under_the_key_of_another_item_is_left_out(counted):
    assert readable_item({**image(RETURNED), "recipient": {"S": "eve@example.com"}}) is None
    assert len(counted) == 1


def test_the_log_names_the_row_by_its_key_and_has_nothing_of_its_content(counted, caplog):
    row = {**image(RETURNED), "attempts": {"S": "Grace Hopper, grace@example.com"}}

    readable_item(row)

    (line,) = [vars(record) for record in caplog.records if record.message == "row not read"]
    assert ACCOUNT in line["account_id"]
    assert RETURNED.entry_key in line["entry_key"]
    assert line["reason"] == "DecodeError"
    assert "Grace" not in str(line)


def test_the_report_leaves_it_out_on_every_page(world):
    damage(world, an_item(number=1), an_item(number=3))
    world.undelivered.add_new([NewEntry(an_item(number=number)) for number in (2, 4)])
    keys, after = [], None

    for _ in range(5):
        page = world.reports.page(ACCOUNT, ReportFilter(MONTH), 1, after, NOW)
        keys += [item.notification_id for item in page.items]
        after = page.next_key
        if after is None:
            break

    assert sorted(keys) == ["n-2", "n-4"]


def test_the_sweep_goes_on_behind_it(world):
    old = [an_item(number=number, days_ago=29.9) for number in range(1, 6)]
    damage(world, *old[:3])
    world.undelivered.add_new([NewEntry(item) for item in old[3:]])
    world.clock.now = later = NOW + timedelta(days=1)

    assert world.undelivered.sweep(ACCOUNT, later, 2) == 2
    assert world.undelivered.sweep(ACCOUNT, later, 2) == 0


def test_resends_behind_it_are_settled(world):
    first, second = (resent(an_item(number=number), at=NOW - timedelta(days=9)) for number in (1, 2))
    for item in (an_item(number=1), an_item(number=2)):
        world.undelivered.add_new([NewEntry(item)])
    write(UndeliveredModel, damaged(first))
    write(UndeliveredModel, image(second))

    assert [item.notification_id for item in world.undelivered.resends_to_settle(NOW, 1)] == ["n-2"]


def test_a_recount_counts_what_can_be_read(world):
    damage(world, an_item(number=1))
    world.undelivered.add_new([NewEntry(GOOD)])
    reconciliation = DynamoCountReconciliation(zone_of=world.zones)
    day = GOOD.sent_at.date()

    assert reconciliation.drift(ACCOUNT, day) == {"eh": -1, "work.correct": -1}
    assert reconciliation.failed_drift(ACCOUNT, day) is not None


def test_an_item_is_archived_over_a_row_in_history_that_cannot_be_read(world):
    write(HistoryModel, damaged(GOOD))

    world.undelivered.archive([GOOD], settle_counters=False)

    assert world.undelivered.find(ACCOUNT, GOOD.entry_key) is not None


def test_a_customers_other_items_are_found(world):
    items = [an_item(number=number, customer_id="c-1") for number in range(1, 5)]
    damage(world, items[0], items[2])
    world.undelivered.add_new([NewEntry(items[1]), NewEntry(items[3])])

    found = world.undelivered.find_by_customer(ACCOUNT, "c-1", 2, in_history=False)

    assert {item.notification_id for item in found} == {"n-2", "n-4"}
    assert len(world.undelivered.live_items_of_customer(ACCOUNT, "c-1")) == 2


def test_an_item_that_cannot_be_read_is_not_found(world):
    damage(world, an_item(number=1))

    assert world.undelivered.find(ACCOUNT, an_item(number=1).entry_key) is None
    assert world.undelivered.find_many(ACCOUNT, [an_item(number=1).entry_key]) == []
