"""What people did is kept the same in memory and on DynamoDB, in pages, and as long as is promised."""

from datetime import timedelta

import pytest

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


def test_an_act_ends_when_it_is_no_longer_kept():
    with on_moto():
        DynamoActStore().add(an_act(1))
        (row,) = AccountModel.query(ACCOUNT)
        gone = DynamoActStore(lambda: NOW + ACTS_KEPT_FOR).page(ACCOUNT, 3, None)

    assert row.purge_at == (an_act(1).at + ACTS_KEPT_FOR).replace(microsecond=0)
    assert gone == ([], None)
