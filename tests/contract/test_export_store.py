"""Exports are kept the same in memory and on DynamoDB."""

from datetime import timedelta

import pytest
from msgspec.structs import replace
from pynamodb.exceptions import PutError

from tests.builders.items import ACCOUNT, NOW
from tests.contract.worlds import in_memory, on_moto
from tests.fakes import FakeExportStore
from undelivered.adapters.dynamodb.export_store import DynamoExportStore
from undelivered.adapters.dynamodb.models import AccountModel
from undelivered.domain.errors import StaleWriteError
from undelivered.domain.export import EXPORT_LIFETIME, Export, ExportPart, ExportPosition, ExportState
from undelivered.domain.failure_counts import CLASSES
from undelivered.domain.item import LIVE_STATES, State
from undelivered.domain.report_query import Period, ReportFilter
from undelivered.domain.taxonomy import Fault, Reason

PERIOD = Period(NOW - timedelta(days=30), NOW + timedelta(days=1))
PLAIN = ReportFilter(PERIOD, LIVE_STATES)
EVERYTHING = ReportFilter(
    PERIOD,
    frozenset(State),
    frozenset(CLASSES[:3]),
    frozenset({Fault.SENDER}),
    frozenset({Reason.MAILBOX_FULL}),
    ready=True,
    customer_id="c-1",
    search="Ädä",
)


class Clock:
    now = NOW

    def __call__(self):
        return self.now


@pytest.fixture(params=["memory", "moto"])
def store(request):
    with {"memory": in_memory, "moto": on_moto}[request.param]():
        yield FakeExportStore() if request.param == "memory" else DynamoExportStore(Clock())


@pytest.fixture
def on_tables():
    with on_moto():
        yield DynamoExportStore(Clock())


def an_export(wanted=PLAIN, **changes):
    return Export(ACCOUNT, "e-1", wanted, NOW, "ada@example.com", touched_at=NOW, **changes)


@pytest.mark.parametrize("wanted", [PLAIN, EVERYTHING])
def test_an_export_comes_back_as_it_was_written(store, wanted):
    position = ExportPosition(
        "upload-1",
        (ExportPart(1, '"tag"', "sum"), ExportPart(3, '"other"')),
        "rests/a",
        7,
        "2026-11-23T18:00:00Z~m-1~d",
    )
    written = store.save(
        an_export(wanted, state=ExportState.RUNNING, rows=9, position=position, next_part=5, attempts=2)
    )

    assert store.find(ACCOUNT, "e-1") == written
    assert (written.version, written.position) == (1, position)
    assert store.find("acc-2", "e-1") is None
    assert store.find(ACCOUNT, "e-2") is None


def test_of_two_who_write_over_the_same_version_one_is_told(store):
    read = store.save(an_export())
    store.save(replace(read, rows=1))

    with pytest.raises(StaleWriteError):
        store.save(replace(read, rows=2))
    with pytest.raises(StaleWriteError):
        store.save(an_export(rows=3))

    assert store.find(ACCOUNT, "e-1").rows == 1


def test_an_export_is_forgotten_in_time_though_the_table_removes_late(on_tables):
    on_tables.save(an_export())

    on_tables._clock.now = NOW + EXPORT_LIFETIME

    assert on_tables.find(ACCOUNT, "e-1") is None


def test_a_write_repeated_because_its_answer_was_lost_has_succeeded(on_tables, monkeypatch):
    read = on_tables.save(an_export())
    save = AccountModel.save

    def twice(self, condition):
        save(self, condition)
        return save(self, condition)

    monkeypatch.setattr(AccountModel, "save", twice)

    assert on_tables.save(replace(read, rows=1)).version == 2
    with pytest.raises(StaleWriteError):
        on_tables.save(replace(read, rows=2))


def test_other_refusals_of_the_table_are_not_hidden(on_tables, monkeypatch):
    def refuse(*_):
        raise PutError("no")

    monkeypatch.setattr(AccountModel, "save", refuse)

    with pytest.raises(PutError):
        on_tables.save(an_export())
