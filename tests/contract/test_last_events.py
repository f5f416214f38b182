"""When events were last received is kept the same in memory and on DynamoDB."""

from datetime import timedelta

import pytest

from tests.builders.items import ACCOUNT, NOW, a_customer
from tests.contract.worlds import on_moto
from tests.fakes import FakeCustomerStore, FakeLastEventStore
from undelivered.adapters.dynamodb.customer_store import DynamoCustomerStore
from undelivered.adapters.dynamodb.last_event_store import DynamoLastEventStore
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
