"""The accounts of messages without tags: from the operator's file to the function."""

import boto3
import pytest

from infrastructure.account_mapping import read_account_mapping, write_account_mapping
from infrastructure.errors import ToolError
from tests.contract.worlds import on_moto
from undelivered.adapters.dynamodb.account_mapping_store import DynamoAccountMapping
from undelivered.adapters.dynamodb.account_store import DynamoAccountStore
from undelivered.adapters.dynamodb.models import AccountModel
from undelivered.domain.account_mapping import AccountMapping
from undelivered.domain.feedback import Attribution

MANY = AccountMapping(identities={f"mail.shop-{number}.example.com": f"acc-{number}" for number in range(500)})


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def world():
    with on_moto() as made:
        yield made


def save(mapping):
    write_account_mapping(boto3.client("dynamodb"), AccountModel.Meta.table_name, mapping)


def test_five_hundred_identities_are_mapped(world):
    save(MANY)

    assert (
        DynamoAccountMapping().current().account_of(Attribution(identity="ada@mail.shop-499.example.com")) == "acc-499"
    )


def test_without_a_mapping_no_message_has_an_account(world):
    assert DynamoAccountMapping().current().account_of(Attribution(tenant="any", identity="ada@shop.example")) is None


def test_a_new_mapping_is_used_after_a_minute_and_not_read_before(world):
    clock = Clock()
    accounts = DynamoAccountMapping(clock)
    message = Attribution(tenant="shop")
    save(AccountMapping(tenants={"shop": "acc-1"}))
    first = accounts.current().account_of(message)
    save(AccountMapping(tenants={"shop": "acc-2"}))

    clock.now = 60
    before = accounts.current().account_of(message)
    clock.now = 61
    after = accounts.current().account_of(message)

    assert (first, before, after) == ("acc-1", "acc-1", "acc-2")


def test_the_mapping_makes_no_account(world):
    save(MANY)

    assert list(DynamoAccountStore().account_ids()) == []


def test_a_file_is_read_as_it_is_documented(tmp_path):
    file = tmp_path / "mapping.json"
    file.write_text('{"tenants": {"ses-tenant": "acc-main"}, "identities": {"shop.example": "acc-shop"}}')

    assert read_account_mapping(file) == AccountMapping({"ses-tenant": "acc-main"}, {"shop.example": "acc-shop"})


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("nonsense", "must have the form"),
        ('{"tenants": []}', "must have the form"),
        ('{"tenants": {"a": 1}}', "must have the form"),
        ('{"tenant": {"a": "acc-1"}}', "must have the form"),
        ('{"identities": {"shop.example": "acc#1"}}', "the account ID 'acc#1' of shop.example is not valid"),
    ],
)
def test_another_file_is_refused(tmp_path, content, said):
    file = tmp_path / "mapping.json"
    file.write_text(content)

    with pytest.raises(ToolError, match=said):
        read_account_mapping(file)
