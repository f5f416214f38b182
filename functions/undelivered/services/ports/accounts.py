"""Ports of accounts and secrets."""

from collections.abc import Iterable, Sequence
from typing import Protocol

from undelivered.domain.account_mapping import AccountMapping
from undelivered.domain.account_settings import AccountSettings


class AccountStore(Protocol):
    """Accounts and their settings."""

    def settings(self, account_id: str) -> AccountSettings:
        """Return an account's settings, or the defaults if it has none; a change may be seen a minute late."""

    def exists(self, account_id: str) -> bool:
        """Whether there is an account."""

    def save_settings(self, settings: AccountSettings) -> None:
        """Write an account's settings."""

    def account_ids(self) -> Iterable[str]:
        """Return every account that ever had an item."""


class AccountMappings(Protocol):
    """The accounts of SES tenants and sending identities."""

    def current(self) -> AccountMapping:
        """Return the mapping; a change may be seen a minute late."""


class SigningKeys(Protocol):
    """The secrets that sign tokens."""

    def secrets(self) -> Sequence[bytes]:
        """Return the secret that signs, then older secrets that still verify."""
