"""The store of idempotency keys on DynamoDB."""

import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime

from undelivered.adapters.dynamodb.client import busy_is_retryable
from undelivered.adapters.dynamodb.models import AccountModel
from undelivered.services.idempotency import IdempotencyRecord


class DynamoIdempotencyStore:
    """``idempotency.IdempotencyStore`` on the table Accounts."""

    def __init__(self, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._clock = clock

    def find(self, account_id: str, key: str) -> IdempotencyRecord | None:
        """Return what is known of a key, None when nothing is or its time is over."""
        with busy_is_retryable():
            try:
                model = AccountModel.get(account_id, _record(key), consistent_read=True)
            except AccountModel.DoesNotExist:
                return None
        # DynamoDB removes late, and the caller was promised a time.
        if model.purge_at is None or model.purge_at <= self._clock():
            return None
        fingerprint, done = json.loads(model.body)
        return IdempotencyRecord(account_id, key, fingerprint, done=done, forget_at=model.purge_at)

    def save(self, record: IdempotencyRecord) -> None:
        """Write what is known of a key."""
        body = json.dumps([record.fingerprint, record.done])
        purge_at = record.forget_at.replace(microsecond=0)
        with busy_is_retryable():
            AccountModel(record.account_id, _record(record.key), body=body, purge_at=purge_at).save()


def _record(key: str) -> str:
    # Callers choose their keys; a digest has a length and an alphabet that are ours.
    return f"idempotency~{hashlib.sha256(key.encode()).hexdigest()}"
