"""Accounts that are seen for the first time by two containers at once."""

from tests.contract.worlds import on_moto
from undelivered.adapters.dynamodb.account_store import DynamoAccountStore
from undelivered.adapters.dynamodb.models import AccountModel


def test_whoever_registers_second_gets_the_same_settings(monkeypatch):
    with on_moto():
        first = DynamoAccountStore().settings("new")

        def not_there_yet(*_, **__):
            raise AccountModel.DoesNotExist

        monkeypatch.setattr(AccountModel, "get", not_there_yet)

        assert DynamoAccountStore().settings("new") == first
