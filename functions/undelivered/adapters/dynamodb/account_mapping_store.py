"""The accounts of SES tenants and sending identities, in the table Accounts.

``undelivered deploy`` and ``undelivered accounts`` write them.

A stage can map hundreds of identities. The environment of a function could not hold them: its limit is 4 KB (AWS Lambda
Developer Guide, "Lambda quotas").
"""

import time
from collections.abc import Callable
from typing import Final

from undelivered.adapters.dynamodb.client import Row
from undelivered.adapters.dynamodb.documents import add_document, document_row, get_document, replace_document
from undelivered.domain.account_mapping import AccountMapping
from undelivered.domain.errors import StaleWriteError

_STAGE = "~stage"
"""The partition of records that belong to no account. No account ID starts with ``~``."""

_RECORD = "account_mapping"
_CACHE_SECONDS: Final = 60.0


class DynamoAccountMapping:
    """``ports.AccountMappings``: caches the mapping, by default for a minute."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, cache_seconds: float = _CACHE_SECONDS) -> None:
        self._clock = clock
        self._cache_seconds = cache_seconds
        self._read_at = 0.0
        self._mapping: AccountMapping | None = None

    def current(self) -> AccountMapping:
        """Return the mapping with its identities in normal form; raises RetryableError."""
        if self._mapping is None or self._clock() - self._read_at > self._cache_seconds:
            self._mapping = (get_document(_STAGE, _RECORD, AccountMapping) or AccountMapping()).normalised()
            self._read_at = self._clock()
        return self._mapping


def change_account_mapping(change: Callable[[AccountMapping], AccountMapping]) -> None:
    """Change the mapping, with its identities in normal form; raises StaleWriteError if it was changed in between."""
    stored = get_document(_STAGE, _RECORD, AccountMapping)
    after = change((stored or AccountMapping()).normalised())
    if stored is None:
        written = add_document(_STAGE, _RECORD, after)
    else:
        written = replace_document(_STAGE, _RECORD, stored, after)
    if not written:
        raise StaleWriteError("the mapping was changed in between")


def account_mapping_row(mapping: AccountMapping) -> Row:
    """Return the row of the table Accounts that holds the mapping."""
    return document_row(_STAGE, _RECORD, mapping)
