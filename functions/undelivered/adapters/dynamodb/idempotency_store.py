"""The store of idempotency keys on DynamoDB."""

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime

from msgspec.structs import replace

from undelivered.adapters.dynamodb.documents import get_document, put_document
from undelivered.services.ports import IdempotencyRecord


class DynamoIdempotencyStore:
    """``idempotency.IdempotencyStore`` on the table Accounts."""

    def __init__(self, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._clock = clock

    def find(self, account_id: str, key: str) -> IdempotencyRecord | None:
        """Return the record of a key, or None if there is none or it has expired."""
        record = get_document(account_id, _record(key), IdempotencyRecord, now=self._clock())
        return replace(record, key=key) if record else None

    def save(self, record: IdempotencyRecord) -> None:
        """Write the record of a key."""
        # A client chooses its keys, and they may contain personal data, so only the digest is stored.
        stored = replace(record, key="")
        put_document(record.account_id, _record(record.key), stored, purge_at=record.forget_at)


def _record(key: str) -> str:
    return f"idempotency~{hashlib.sha256(key.encode()).hexdigest()}"
