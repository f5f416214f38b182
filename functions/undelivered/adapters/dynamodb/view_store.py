"""The store of saved views, on the table Accounts."""

from typing import Final

from msgspec.structs import replace

from undelivered.adapters.dynamodb.documents import get_document, save_document
from undelivered.domain.saved_view import AccountViews

_VIEWS: Final = "saved-views"


class DynamoViewStore:
    """``views.ViewStore``: a document for each account, without personal data."""

    def of_account(self, account_id: str) -> AccountViews:
        """Return the views of an account (a consistent read)."""
        return get_document(account_id, _VIEWS, AccountViews) or AccountViews(account_id)

    def save(self, views: AccountViews) -> AccountViews:
        """Write views and return them with their new version; raises StaleWriteError."""
        saved = replace(views, version=views.version + 1)
        save_document(views.account_id, _VIEWS, saved, over_version=views.version)
        return saved
