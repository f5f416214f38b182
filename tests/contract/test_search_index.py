"""A search with the index finds what a search without it finds, on moto and on DynamoDB Local."""

import random
import zlib
from datetime import timedelta

import pytest
from msgspec.structs import replace

from tests.builders.items import ACCOUNT, NOW, an_item, reported, resent
from tests.contract.worlds import BACKENDS
from tests.fakes import FakeHashes
from undelivered.adapters.dynamodb import report_reader, search_index
from undelivered.adapters.dynamodb.client import put_row, query_all
from undelivered.adapters.dynamodb.models import AccountModel
from undelivered.adapters.dynamodb.report_reader import DynamoReportReader
from undelivered.adapters.dynamodb.search_index import DynamoSearchIndex
from undelivered.domain.account_settings import AccountSettings
from undelivered.domain.erasure import Erasure, ErasureTask
from undelivered.domain.feedback import Outcome
from undelivered.domain.item import State
from undelivered.domain.report_query import Period, ReportFilter
from undelivered.domain.taxonomy import Reason
from undelivered.services.ports import SearchIndexState
from undelivered.services.search_index import BuildSearchIndex, IndexItems

MONTH = Period(NOW - timedelta(days=30), NOW + timedelta(days=1))
EVER = Period(NOW - timedelta(days=400), NOW + timedelta(days=1))
EVERY_STATE = frozenset(State)
LATER = NOW + timedelta(minutes=16)


@pytest.fixture(params=[each for each in BACKENDS if each != "memory"])
def world(request):
    if request.param == "dynamodb_local":
        request.getfixturevalue("dynamodb_local")
    with BACKENDS[request.param]() as made:
        yield made


@pytest.fixture
def index(world):
    made = DynamoSearchIndex(lambda _: 400)
    world.accounts.save_settings(AccountSettings(ACCOUNT))
    return made


def put(world, *items):
    for item in items:
        world.undelivered.save(None, item)


def build(world, index):
    """Have cleanup build the index: the first run notes when it began."""
    run = BuildSearchIndex(index, DynamoReportReader(), world.accounts, world.clock)
    run(lambda: True)
    before, world.clock.now = world.clock.now, LATER
    added = run(lambda: True)
    world.clock.now = before
    return added


def found(search, *, index=None, period=EVER, states=EVERY_STATE, limit=50, now=NOW):
    """Return the items of all pages of a search."""
    reports, wanted = DynamoReportReader(index), ReportFilter(period, states, search=search)
    items, after = [], None
    while True:
        page = reports.page(ACCOUNT, wanted, limit, after, now)
        items += page.items
        after = page.next_key
        if after is None:
            return [item.entry_key for item in items]


def blocks():
    return list(query_all(AccountModel, f"{ACCOUNT}~search", None, consistent=True))


def the_items():
    """Items of three months: some are in history, some have been sent to another address, some were sent just now."""
    items = [
        an_item(number=number, days_ago=0.01 + number * 2.3, title=title, customer_name=name)
        for number, (title, name) in enumerate(
            [
                ("Invoice for November", "Ada Byron"),
                ("Mahnung Straße", "Grace Hopper"),
                ("Rent\x1ereminder", "Ada Lovelace"),
                ("", ""),
                ("INVOICE", "Žofie Nováková"),
            ]
            * 7
        )
    ]
    moved = resent(an_item(number=90, days_ago=4, recipient="old@wrong.example"), to="new@right.example")
    return [
        *items,
        reported(moved, Outcome.FAILED, reason=Reason.MAILBOX_FULL),
        an_item(number=91, days_ago=0.001, title="Brand new"),
    ]


SEARCHES = [
    "voice",
    "ada",
    "LOVE",
    "person-1",
    "@example",
    "strasse",
    "wrong.ex",
    "right",
    "n-9",
    "nová",
    "new",
    "zz",
    "t r",
]


def test_a_search_finds_with_the_index_what_it_finds_without_it(world, index):
    put(world, *the_items())
    build(world, index)

    for search in SEARCHES:
        assert found(search, index=index, limit=7) == found(search), search


def test_a_search_finds_everything_in_an_index_that_is_read_in_parts(world, index, monkeypatch):
    put(world, *the_items())
    build(world, index)
    whole = {search: found(search) for search in SEARCHES}
    query = search_index.query
    few = lambda *given, limit=None, **named: query(*given, limit=limit or 2, **named)  # noqa: E731
    monkeypatch.setattr(search_index, "query", few)
    monkeypatch.setattr(search_index, "_BYTES_AT_MOST", 1)

    assert {search: found(search, index=index) for search in SEARCHES} == whole


def test_a_search_for_a_frequent_word_ends_a_page_early_and_goes_on(world, index, monkeypatch):
    put(world, *the_items())
    build(world, index)
    monkeypatch.setattr(report_reader, "EXAMINED_AT_MOST", 4)

    assert found("example", index=index, states=frozenset({State.EXPIRED})) == found(
        "example", states=frozenset({State.EXPIRED})
    )


def test_a_search_reads_only_the_items_that_the_index_names(world, index, monkeypatch):
    put(world, *(an_item(number=number, days_ago=1 + number / 100) for number in range(40)))
    put(world, an_item(number=99, days_ago=20, title="Needle"))
    build(world, index)
    read = []
    items_by_key = report_reader.items_by_key
    monkeypatch.setattr(report_reader, "items_by_key", lambda *given: read.extend(given[1]) or items_by_key(*given))

    assert found("needl", index=index) == read == [an_item(number=99, days_ago=20).entry_key]


def test_a_block_that_is_out_of_date_shows_no_wrong_item(world, index):
    before = an_item(title="Old title", days_ago=2)
    gone = an_item(number=2, title="Old title", days_ago=3)
    index.add(ACCOUNT, [before, gone])
    put(world, replace(before, title="New title"))
    index.save_state(ACCOUNT, SearchIndexState(NOW, 400, is_whole=True))

    assert found("old title", index=index) == []


def test_items_from_before_the_index_are_found_before_and_after_it_is_built(world, index):
    old = an_item(days_ago=3, title="Needle")
    put(world, old)
    run = BuildSearchIndex(index, DynamoReportReader(), world.accounts, world.clock)
    begun = run(lambda: True), run(lambda: True)
    unbuilt = found("needle", index=index)
    world.clock.now = LATER
    added = run(lambda: True)

    assert (begun, added) == ((0, 0), 1)
    assert unbuilt == found("needle", index=index) == [old.entry_key]


def test_an_index_is_built_in_several_runs_and_finds_everything_in_between(world, index, monkeypatch):
    monkeypatch.setattr("undelivered.services.search_index._ITEMS_AT_ONCE", 10)
    monkeypatch.setattr("undelivered.services.search_index._PAGES_AT_ONCE", 1)
    put(world, *the_items())
    everything = found("example")
    run = BuildSearchIndex(index, DynamoReportReader(), world.accounts, world.clock)
    run(lambda: True)
    world.clock.now = LATER
    numbers = []
    while not (numbers and numbers[-1] == 0):
        numbers.append(run(lambda: True))
        assert found("example", index=index) == everything

    assert numbers == [10, 10, 10, 7, 0]


def test_history_that_is_kept_for_longer_has_the_index_built_again(world, index):
    build(world, index)
    world.accounts.save_settings(AccountSettings(ACCOUNT, history_days=500))
    BuildSearchIndex(index, DynamoReportReader(), world.accounts, world.clock)(lambda: True)

    assert index.state(ACCOUNT) == SearchIndexState(NOW, 500)


def test_new_and_changed_texts_are_added_and_nothing_else(world, index):
    follow = IndexItems(index, world.erasures)
    item = an_item(days_ago=2)
    moved = reported(resent(item, to="new@right.example"), Outcome.FAILED, reason=Reason.MAILBOX_FULL)
    follow([(None, item)])
    follow([(item, replace(item, ready_contact="x@example.com")), (item, None)])
    unchanged = len(blocks())
    follow([(item, moved)])
    follow([(item, moved)])

    assert (unchanged, len(blocks())) == (1, 2)


def test_a_change_that_comes_after_the_erasure_of_the_customer_is_not_added(world, index):
    item = an_item(days_ago=2)
    erasure = Erasure(ACCOUNT, FakeHashes().of_customer(ACCOUNT, item.customer_id), NOW, "m@example.com")
    world.erasures.begin(ErasureTask(erasure, item.customer_id, ()), None)

    IndexItems(index, world.erasures)([(None, item), (None, an_item(number=2, days_ago=2))])

    assert [zlib.decompress(row["block"]["B"]).count(b"person-2@") for row in blocks()] == [1]


def test_texts_that_are_taken_out_are_in_no_block(world, index):
    items = [an_item(number=number, days_ago=2, recipient=f"p-{number}@example.com") for number in range(3)]
    index.add(ACCOUNT, items)
    index.add(ACCOUNT, items[:1])
    index.remove(ACCOUNT, {items[0].entry_key})

    texts = [zlib.decompress(row["block"]["B"]).decode() for row in blocks()]
    assert [text.count("p-0@") for text in texts] == [0]
    assert texts[0].count("p-1@") == 1


def test_a_block_ends_with_the_history_of_its_items(world, index):
    index.add(ACCOUNT, [an_item(days_ago=2)])

    (row,) = blocks()
    end = NOW.replace(hour=23, minute=59, second=59) + timedelta(days=398)
    assert int(row["purge_at"]["N"]) == int(end.timestamp())


def test_a_block_that_cannot_be_read_hides_no_other(world, index):
    item = an_item(days_ago=2)
    put(world, item)
    build(world, index)
    put_row(AccountModel, {**blocks()[0], "record": {"S": f"{item.entry_key[:10]}~0"}, "block": {"B": b"damaged"}})

    assert found("person", index=index) == [item.entry_key]


def test_many_items_of_a_batch_are_in_few_blocks(world, index):
    items = [an_item(number=number, days_ago=1) for number in range(600)]
    index.add(ACCOUNT, items)

    assert len(blocks()) == 3
    assert sum(len(row["block"]["B"]) for row in blocks()) < 600 * 100


def test_long_texts_that_cannot_be_compressed_fit_into_blocks(world, index):
    letters = random.Random(1)
    items = [
        an_item(
            number=number, days_ago=1, title="".join(chr(letters.randrange(0x10000, 0x10FFFF)) for _ in range(2_000))
        )
        for number in range(100)
    ]
    index.add(ACCOUNT, items)

    assert len(blocks()) == 4
    assert max(len(row["block"]["B"]) for row in blocks()) < 300_000
