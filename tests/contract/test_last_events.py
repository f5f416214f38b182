"""When events were last received is kept the same in memory and on DynamoDB."""

from datetime import timedelta

import pytest

from tests.builders.items import ACCOUNT, NOW, a_customer
from tests.contract.worlds import on_moto
from tests.fakes import FakeCustomerStore, FakeLastEventStore, FakeSetupTestStore
from undelivered.adapters.dynamodb.customer_store import DynamoCustomerStore
from undelivered.adapters.dynamodb.last_event_store import DynamoLastEventStore, DynamoSetupTestStore
from undelivered.domain.setup_test import SetupTest
from undelivered.domain.taxonomy import Channel


@pytest.fixture(params=["memory", "moto"])
def stores(request):
    if request.param == "memory":
        yield FakeLastEventStore(), FakeCustomerStore()
        return
    with on_moto():
        yield DynamoLastEventStore(), DynamoCustomerStore()


def test_the_last_event_of_each_channel_is_kept_by_account(stores):
    events, _ = stores
    later = NOW + timedelta(minutes=5, microseconds=250)
    events.note(ACCOUNT, Channel.EMAIL, NOW)
    events.note(ACCOUNT, Channel.SMS, NOW)
    events.note(ACCOUNT, Channel.EMAIL, later)

    assert events.of_account(ACCOUNT) == {Channel.EMAIL: later, Channel.SMS: NOW}
    assert events.of_account("acc-2") == {}


def test_an_account_has_customers_from_the_first_on(stores):
    _, customers = stores
    assert not customers.has_any(ACCOUNT)

    customers.save(a_customer("c-1", name="Ada"))

    assert customers.has_any(ACCOUNT)
    assert not customers.has_any("acc-2")


@pytest.mark.parametrize("kind", ["memory", "moto"])
def test_the_last_test_has_the_answer_to_it_and_to_no_other(kind):
    with on_moto():
        store = FakeSetupTestStore() if kind == "memory" else DynamoSetupTestStore()
        assert store.last(ACCOUNT) is None
        store.start(ACCOUNT, SetupTest("t-1", NOW))
        store.answer(ACCOUNT, "t-1", NOW)
        answered = store.last(ACCOUNT)
        store.start(ACCOUNT, SetupTest("t-2", NOW))

        assert answered == SetupTest("t-1", NOW, NOW)
        assert store.last(ACCOUNT) == SetupTest("t-2", NOW)
        assert store.last("acc-2") is None
