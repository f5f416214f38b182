"""The command `accounts`: accounts, the identities that they send from, and their users."""

import json
from dataclasses import dataclass

import boto3
import pytest
from typer.testing import CliRunner

from infrastructure.account_mapping import write_account_mapping
from infrastructure.cli import accounts as command
from infrastructure.cli.main import app
from infrastructure.deployed_stack import DeployedStack
from tests.contract.worlds import on_moto
from undelivered.adapters.dynamodb.account_mapping_store import DynamoAccountMapping
from undelivered.adapters.dynamodb.account_store import DynamoAccountStore
from undelivered.adapters.dynamodb.models import MODELS
from undelivered.domain.account_mapping import AccountMapping
from undelivered.domain.account_settings import AccountSettings

SHOP, HARBOR = "acc-shop", "acc-harbor"


@dataclass(frozen=True, slots=True)
class MotoStack(DeployedStack):
    """A stack of tables."""

    def resource(self, logical_id):
        return MODELS[logical_id.removesuffix("Table").lower()].Meta.table_name


@pytest.fixture(autouse=True)
def stack(monkeypatch):
    with on_moto():
        parameters = {"DefaultAccountId": HARBOR, "Sender": "notices@harbor.example"}
        described = [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()]
        monkeypatch.setattr("infrastructure.accounts.existing_stack", lambda *_: {"Parameters": described})
        monkeypatch.setattr(command, "named_stack", lambda *_: MotoStack("undelivered-live", boto3.client))
        yield


def accounts(*arguments, exit_code=0):
    result = CliRunner().invoke(app, ["accounts", *arguments, "--stage", "live"])
    assert result.exit_code == exit_code, result.output
    return " ".join(result.output.split())


def owner_of(identity):
    return DynamoAccountMapping().current().owner_of(identity)


def test_an_account_is_created_once_and_listed_with_what_it_sends_from():
    accounts("create", SHOP)
    accounts("identities", "add", SHOP, "Shop.Example")

    assert "already" in accounts("create", SHOP, exit_code=1)
    assert accounts("list") == "acc-shop: shop.example; sender of the stage"
    assert accounts("identities", "list", SHOP) == "shop.example"
    assert owner_of("rent@mail.shop.example") == SHOP


@pytest.mark.parametrize("account_id", ["", "a b", "acc#1", "~stage", "a" * 65, "acc-1\n"])
def test_an_id_that_no_token_can_hold_makes_no_account(account_id):
    assert "cannot be an account ID" in accounts("create", account_id, exit_code=1)
    assert list(DynamoAccountStore().account_ids()) == []


def test_an_identity_belongs_to_one_account():
    accounts("create", SHOP)
    accounts("identities", "add", SHOP, "shop.example")

    assert "shop.example belongs to acc-shop" in accounts("identities", "add", HARBOR, "SHOP.example", exit_code=1)
    assert "does not belong to acc-harbor" in accounts("identities", "remove", HARBOR, "shop.example", exit_code=1)
    accounts("identities", "remove", SHOP, "shop.example")
    accounts("identities", "add", HARBOR, "shop.example")
    assert owner_of("shop.example") == HARBOR


@pytest.mark.parametrize("identity", ["shop", "a@b@c.example", "shop.example, other.example"])
def test_only_addresses_and_domains_are_identities(identity):
    assert "is not a sending identity" in accounts("identities", "add", HARBOR, identity, exit_code=1)


def test_nothing_is_given_to_an_account_that_is_not_there():
    for arguments in (("identities", "add", SHOP, "shop.example"), ("members", "add", SHOP, "ada@shop.example")):
        assert "The account acc-shop does not exist" in accounts(*arguments, exit_code=1)


def test_the_sender_that_an_account_starts_with_is_one_that_it_may_use():
    accounts("create", SHOP)

    assert "--sender must be an address that" in accounts("defaults", SHOP, "--sender", "a@shop.example", exit_code=1)
    accounts("identities", "add", SHOP, "shop.example")
    shown = accounts("defaults", SHOP, "--sender", "Shop <a@shop.example>", "--time-zone", "Europe/Berlin")

    assert shown == "sender: Shop <a@shop.example> time zone: Europe/Berlin"
    assert DynamoAccountStore().settings(SHOP).sender == "Shop <a@shop.example>"


def test_a_sender_from_before_the_upgrade_is_marked_until_its_identity_is_given():
    DynamoAccountStore().save_settings(AccountSettings(SHOP, sender="a@shop.example"))

    before = json.loads(accounts("list", "--json"))["accounts"][0]["may_send"]
    marked = accounts("list")
    accounts("identities", "add", SHOP, "shop.example")
    after = json.loads(accounts("list", "--json"))["accounts"][0]["may_send"]

    assert (before, after) == (False, True)
    assert "sender a@shop.example NOT ALLOWED" in marked


def test_an_account_that_only_the_mapping_names_is_an_account():
    mapping = AccountMapping({"shop-tenant": SHOP}, {"shop.example": SHOP})
    write_account_mapping(boto3.client("dynamodb"), MODELS["accounts"].Meta.table_name, mapping)

    assert accounts("identities", "list", SHOP) == "shop.example"
    assert accounts("list").startswith("acc-shop: shop.example;")
