"""The store of revocations of embed tokens on DynamoDB."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from msgspec import Struct

from undelivered.adapters.dynamodb.documents import get_document, put_document

_ALL: Final = "embed-revoked"


class _Revocation(Struct, frozen=True):
    at: datetime


class DynamoEmbedRevocations:
    """``ports.EmbedRevocations`` on the table Accounts: a row for the account, and one for each name."""

    def add(self, account_id: str, name: str | None, at: datetime, *, keep_until: datetime) -> None:
        """Write a revocation; see ``ports.EmbedRevocations``."""
        put_document(account_id, _ALL if name is None else _record(name), _Revocation(at), purge_at=keep_until)

    def find(self, account_id: str, name: str) -> Sequence[datetime]:
        """Return the times of the revocations that apply to a name (consistent reads)."""
        found = (get_document(account_id, record, _Revocation) for record in (_ALL, _record(name)))
        return [revocation.at for revocation in found if revocation]


def _record(name: str) -> str:
    # Only the digest is stored, because a name is personal data.
    return f"{_ALL}~{hashlib.sha256(name.encode()).hexdigest()}"
