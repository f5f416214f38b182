"""What people did is kept the same in memory and on DynamoDB, in pages, and as long as is promised."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from tests.builders.items import ACCOUNT, NOW
from tests.contract.worlds import on_moto
from tests.fakes import FakeActStore
from undelivered.adapters.dynamodb.act_store import DynamoActStore
from undelivered.adapters.dynamodb.models import AccountModel
from undelivered.domain.act import ACTS_KEPT_FOR, Act, act_id


@pytest.fixture(params=["memory", "moto"])
def store(request):
    if request.param == "memory":
        yield FakeActStore()
        return
    with on_moto():
        yield DynamoActStore(lambda: NOW)


def an_act(number, account_id=ACCOUNT):
    at = NOW - timedelta(seconds=100 - number, microseconds=number)
    return Act(
        account_id, act_id(at, f"{number:012}"), at, "ada@example.com (sub-1)", "resend_item", f"subject {number}"
    )


def test_pages_follow_each_other_newest_first_by_account(store):
    for number in range(5):
        store.add(an_act(number))
    store.add(an_act(9, "acc-2"))

    first, after = store.page(ACCOUNT, 3, None)
    second, end = store.page(ACCOUNT, 3, after)

    assert [*first, *second] == [an_act(number) for number in (4, 3, 2, 1, 0)]
    assert end is None
    assert store.page("acc-2", 3, None) == ([an_act(9, "acc-2")], None)


def test_an_act_that_cannot_be_read_is_left_out_of_its_page():
    with on_moto():
        store = DynamoActStore(lambda: NOW)
        for number in range(4):
            store.add(an_act(number))
        AccountModel.get(ACCOUNT, f"act~{an_act(2).act_id}").update([AccountModel.body.set("[]")])

        first, after = store.page(ACCOUNT, 2, None)
        second, end = store.page(ACCOUNT, 2, after)

    assert [*first, *second] == [an_act(number) for number in (3, 1, 0)]
    assert end is None


def test_the_ids_of_a_customer_and_of_items_are_taken_out_of_all_acts(store):
    of_item, of_customer, of_other, of_none = (
        replace(an_act(number), **ids)
        for number, ids in enumerate([{"item_id": "i-1"}, {"customer_id": "c-1"}, {"customer_id": "c-10"}, {}])
    )
    elsewhere = replace(an_act(4, "acc-2"), customer_id="c-1")
    for act in (of_item, of_customer, of_other, of_none, elsewhere):
        store.add(act)

    store.forget(ACCOUNT, "c-1", {"i-1", "i-2"})

    forgotten = [replace(of_customer, customer_id=""), replace(of_item, item_id="")]
    assert store.page(ACCOUNT, 9, None)[0] == [of_none, of_other, *forgotten]
    assert store.page("acc-2", 9, None)[0] == [elsewhere]


def test_an_act_that_cannot_be_read_is_deleted_if_it_may_name_the_customer():
    with on_moto():
        store = DynamoActStore(lambda: NOW)
        for number in range(2):
            store.add(replace(an_act(number), customer_id=f"c-{number}"))
        for number in range(2):
            row = AccountModel.get(ACCOUNT, f"act~{an_act(number).act_id}")
            row.update([AccountModel.body.set(f'["c-{number}"]')])

        store.forget(ACCOUNT, "c-1", ())
        (row,) = AccountModel.query(ACCOUNT)

    assert row.body == '["c-0"]'


def test_an_act_ends_when_it_is_no_longer_kept():
    with on_moto():
        DynamoActStore().add(an_act(1))
        (row,) = AccountModel.query(ACCOUNT)
        gone = DynamoActStore(lambda: NOW + ACTS_KEPT_FOR).page(ACCOUNT, 3, None)

    assert row.purge_at == (an_act(1).at + ACTS_KEPT_FOR).replace(microsecond=0)
    assert gone == ([], None)
