"""List, save and delete the saved views of an account."""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from undelivered.domain.errors import InvalidInputError, NotFoundError, RefusedError
from undelivered.domain.saved_view import MAX_VIEWS, SavedView
from undelivered.services.concurrency import retry_on_conflict
from undelivered.services.ports.views import ViewStore

_TOO_MANY: Final = "Your account has {number} saved views, which is the maximum. Delete one first."


class ManageViews(Struct, frozen=True):
    """The use cases on saved views. They belong to the account: everyone in it sees the same ones."""

    store: ViewStore

    def find_all(self, account_id: str) -> Sequence[SavedView]:
        """Return the views of an account, the oldest first."""
        return self.store.of_account(account_id).views

    @retry_on_conflict
    def save(self, account_id: str, view: SavedView) -> Sequence[SavedView]:
        """Add a view, or replace the one with its ID; return all. Raises InvalidInputError and RefusedError."""
        stored = self.store.of_account(account_id)
        if any(other.name == view.name and other.view_id != view.view_id for other in stored.views):
            raise InvalidInputError("name", "is already the name of another view")
        if not stored.has(view.view_id) and len(stored.views) >= MAX_VIEWS:
            raise RefusedError("too_many_views", _TOO_MANY.format(number=MAX_VIEWS))
        changed = stored.with_view(view)
        return stored.views if changed == stored else self.store.save(changed).views

    @retry_on_conflict
    def remove(self, account_id: str, view_id: str) -> Sequence[SavedView]:
        """Delete a view and return the others; raises NotFoundError."""
        stored = self.store.of_account(account_id)
        if not stored.has(view_id):
            raise NotFoundError("view not found")
        return self.store.save(stored.without(view_id)).views
