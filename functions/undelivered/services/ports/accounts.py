"""Ports of accounts and secrets."""

from collections.abc import Iterable, Sequence
from datetime import datetime
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


class EmbedRevocations(Protocol):
    """When embed tokens were revoked."""

    def add(self, account_id: str, name: str | None, at: datetime, *, keep_until: datetime) -> None:
        """Revoke the tokens of a name, or with None all of the account, that were minted until ``at``."""

    def find(self, account_id: str, name: str) -> Sequence[datetime]:
        """Return the times of the revocations that apply to tokens of a name."""


class SigningKeys(Protocol):
    """The secrets that sign tokens."""

    def secrets(self) -> Sequence[bytes]:
        """Return the secret that signs, then older secrets that still verify."""
