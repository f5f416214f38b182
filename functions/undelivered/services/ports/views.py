"""The port of saved views."""

from typing import Protocol

from undelivered.domain.saved_view import AccountViews


class ViewStore(Protocol):
    """The saved views of accounts."""

    def of_account(self, account_id: str) -> AccountViews:
        """Return the views of an account (a consistent read)."""

    def save(self, views: AccountViews) -> AccountViews:
        """Write views over the version read, and return them as stored; raises StaleWriteError."""
