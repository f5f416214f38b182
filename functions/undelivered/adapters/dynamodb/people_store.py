"""The store of the people of accounts, on the table Accounts."""

from typing import Final

from msgspec.structs import replace

from undelivered.adapters.dynamodb.documents import get_document, save_document
from undelivered.domain.people import AccountPeople

_PEOPLE: Final = "people"


class DynamoPeopleStore:
    """``ports.people.PeopleStore``: a document for each account."""

    def of_account(self, account_id: str) -> AccountPeople:
        """Return the people of an account (a consistent read); raises UnreadableRecordError."""
        return get_document(account_id, _PEOPLE, AccountPeople) or AccountPeople(account_id)

    def save(self, people: AccountPeople) -> AccountPeople:
        """Write people and return them with their new version; raises StaleWriteError."""
        saved = replace(people, version=people.version + 1)
        save_document(people.account_id, _PEOPLE, saved, over_version=people.version)
        return saved
