"""The accounts of a deployed stack, and the identities that they send from."""

import os
from collections.abc import Iterator
from dataclasses import dataclass

from msgspec.structs import replace

from infrastructure.cloudformation import existing_stack, parameters_of
from infrastructure.deployed_stack import DeployedStack
from infrastructure.errors import ToolError
from undelivered.adapters.dynamodb.account_mapping_store import DynamoAccountMapping, change_account_mapping
from undelivered.adapters.dynamodb.account_store import DynamoAccountStore
from undelivered.adapters.dynamodb.models import TableNames, use_tables
from undelivered.domain.account_mapping import AccountMapping, normalise_identity
from undelivered.domain.account_settings import AccountSettings
from undelivered.domain.errors import InvalidInputError, PermanentSendError
from undelivered.entrypoints.http.auth import ACCOUNT_ID
from undelivered.services.change_settings import ChangeSettings
from undelivered.services.message_accounts import MessageAccounts
from undelivered.services.sender_rule import SenderRule


@dataclass(frozen=True, slots=True)
class Account:
    """An account as operators see it. ``may_send`` is False if it may not send from its sender."""

    account_id: str
    sender: str
    time_zone: str
    identities: tuple[str, ...]
    may_send: bool


@dataclass(frozen=True, slots=True)
class StageAccounts:
    """The accounts of a stage."""

    store: DynamoAccountStore
    mappings: DynamoAccountMapping
    sender_rule: SenderRule

    @classmethod
    def of(cls, stack: DeployedStack) -> "StageAccounts":
        """Return the accounts of a stack. The stores of this process then use the tables of that stack.

        Raises ToolError if there is no such stack.
        """
        parameters = parameters_of(existing_stack(stack.client("cloudformation"), stack.name))
        os.environ |= stack.environment
        use_tables(TableNames(**stack.tables()))
        mappings = DynamoAccountMapping(cache_seconds=0)
        rule = SenderRule(mappings, parameters["DefaultAccountId"], parameters["Sender"])
        return cls(DynamoAccountStore(), mappings, rule)

    def all(self) -> Iterator[Account]:
        """Yield each account that has been used, created or named in the mapping."""
        mapping = self.mappings.current()
        named = {*mapping.tenants.values(), *mapping.identities.values()}
        for account_id in sorted({*self.store.account_ids(), *named}):
            yield self.find(account_id)

    def find(self, account_id: str) -> Account:
        """Return an account; raises ToolError if there is none with this ID."""
        self._check_exists(account_id)
        settings = self.store.settings(account_id)
        identities = [name for name, owner in self.mappings.current().identities.items() if owner == account_id]
        return Account(
            account_id, settings.sender, settings.time_zone, tuple(sorted(identities)), self._may_send(settings)
        )

    def create(self, account_id: str) -> None:
        """Create an account; raises ToolError if it exists, or if the ID is not valid."""
        if not ACCOUNT_ID.fullmatch(account_id):
            raise ToolError(
                f"{account_id!r} cannot be an account ID. Use 1 to 64 characters: letters, digits and _ . @ -"
            )
        if self.store.exists(account_id):
            raise ToolError(f"The account {account_id} already exists.")
        self.store.settings(account_id)

    def change_defaults(self, account_id: str, *, sender: str | None, time_zone: str | None) -> None:
        """Set the sender and the time zone of an account, as its managers can; raises ToolError."""
        self._check_exists(account_id)
        settings = self.store.settings(account_id)
        if sender is not None:
            settings = replace(settings, sender=sender)
        if time_zone is not None:
            settings = replace(settings, time_zone=time_zone)
        try:
            ChangeSettings(self.store, self.sender_rule)(settings)
        except InvalidInputError as error:
            raise ToolError(f"--{error.field.replace('_', '-')} {error.message}.") from error

    def add_identity(self, account_id: str, identity: str) -> None:
        """Assign an identity to an account; raises ToolError if it belongs to another account."""
        self._check_exists(account_id)
        name = _checked_identity(identity)

        def with_identity(mapping: AccountMapping) -> AccountMapping:
            owner = mapping.identities.get(name, account_id)
            if owner != account_id:
                raise ToolError(f"{name} belongs to {owner}. Remove it from that account first.")
            return AccountMapping(mapping.tenants, {**mapping.identities, name: account_id})

        change_account_mapping(with_identity)

    def remove_identity(self, account_id: str, identity: str) -> None:
        """Remove an identity from an account; raises ToolError if the account does not have it."""
        name = _checked_identity(identity)

        def without_identity(mapping: AccountMapping) -> AccountMapping:
            if mapping.identities.get(name) != account_id:
                raise ToolError(f"{name} does not belong to {account_id}.")
            identities = {other: owner for other, owner in mapping.identities.items() if other != name}
            return AccountMapping(mapping.tenants, identities)

        change_account_mapping(without_identity)

    def _check_exists(self, account_id: str) -> None:
        accounts = MessageAccounts(
            self.mappings, self.store, self.sender_rule.default_account, accounts_from_tags=False
        )
        if not accounts.exists(account_id):
            raise ToolError(f"The account {account_id} does not exist. Create it with `undelivered accounts create`.")

    def _may_send(self, settings: AccountSettings) -> bool:
        try:
            self.sender_rule.sender_of(settings)
        except PermanentSendError:
            return False
        return True


def _checked_identity(identity: str) -> str:
    name = normalise_identity(identity)
    if name is None:
        raise ToolError(f"{identity!r} is not a sending identity. Use an email address or a domain.")
    return name
