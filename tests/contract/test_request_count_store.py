"""The numbers of requests are counted exactly, in memory and on DynamoDB."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from tests.contract.worlds import on_dynamodb_local, on_moto
from tests.fakes import FakeRequestCountStore
from undelivered.adapters.dynamodb.models import AccountModel
from undelivered.adapters.dynamodb.request_count_store import DynamoRequestCountStore

MINUTE = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)


@pytest.fixture(params=["memory", "moto"])
def counts(request):
    if request.param == "memory":
        yield FakeRequestCountStore()
        return
    with on_moto():
        yield DynamoRequestCountStore()


def test_what_fits_below_the_limit_is_added_and_no_more(counts):
    assert [counts.add("acc-1", "searches", MINUTE, 2, 5) for _ in range(3)] == [True, True, False]
    assert [counts.add("acc-1", "searches", MINUTE, 1, 5) for _ in range(2)] == [True, False]


def test_accounts_kinds_of_work_and_minutes_are_counted_apart(counts):
    assert counts.add("acc-1", "searches", MINUTE, 1, 1)

    assert counts.add("acc-2", "searches", MINUTE, 1, 1)
    assert counts.add("acc-1", "notifications", MINUTE, 1, 1)
    assert counts.add("acc-1", "searches", MINUTE + timedelta(minutes=1), 1, 1)
    assert not counts.add("acc-1", "searches", MINUTE, 1, 1)


def test_a_request_larger_than_the_limit_succeeds_alone_in_its_minute(counts):
    assert [counts.add("acc-1", "notifications", MINUTE, 100, 50) for _ in range(2)] == [True, False]


def added_at_once(counts):
    """Return how many of 60 requests were added below a limit of 20 when threads add them at once."""
    with ThreadPoolExecutor(8) as threads:
        return list(threads.map(lambda _: counts.add("acc-1", "searches", MINUTE, 1, 20), range(60))).count(True)


def test_requests_at_the_same_time_are_counted_exactly_in_memory():
    assert added_at_once(FakeRequestCountStore()) == 20


@pytest.mark.usefixtures("dynamodb_local")  # moto does not check a condition and write in one step
def test_requests_at_the_same_time_are_counted_exactly_on_dynamodb():
    with on_dynamodb_local():
        assert added_at_once(DynamoRequestCountStore()) == 20


def test_a_count_is_deleted_an_hour_after_its_minute():
    with on_moto():
        DynamoRequestCountStore().add("acc-1", "searches", MINUTE, 1, 5)
        (row,) = AccountModel.query("acc-1", AccountModel.record.startswith("requests~"))

    assert row.purge_at == MINUTE + timedelta(hours=1)
