"""The rules on the accounts of messages, on stores in memory."""

from tests.builders.items import ACCOUNT
from tests.fakes import FakeAccountMappings, FakeAccountStore
from undelivered.domain.account_mapping import AccountMapping
from undelivered.services.message_accounts import MessageAccounts


def message_accounts(mapping=None, default_account=ACCOUNT, *, accounts=None, accounts_from_tags=True):
    mappings = FakeAccountMappings(mapping or AccountMapping())
    return MessageAccounts(mappings, accounts or FakeAccountStore(), default_account, accounts_from_tags)
