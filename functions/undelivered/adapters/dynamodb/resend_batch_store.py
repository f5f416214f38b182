"""The store of bulk resends on DynamoDB."""

import json
from datetime import datetime, timedelta

from undelivered.adapters.dynamodb.client import busy_is_retryable
from undelivered.adapters.dynamodb.models import AccountModel
from undelivered.services.bulk_resend import ResendBatch

_KEPT = timedelta(days=30)


class DynamoResendBatchStore:
    """``bulk_resend.ResendBatchStore`` on the table Accounts."""

    def save(self, batch: ResendBatch) -> None:
        """Keep a batch for thirty days."""
        body = json.dumps([batch.at.isoformat(), batch.by, batch.started, batch.refused])
        with busy_is_retryable():
            AccountModel(
                batch.account_id, _record(batch.batch_id), body=body, purge_at=batch.at.replace(microsecond=0) + _KEPT
            ).save()

    def find(self, account_id: str, batch_id: str) -> ResendBatch | None:
        """Return a batch, or None when unknown or forgotten."""
        with busy_is_retryable():
            try:
                model = AccountModel.get(account_id, _record(batch_id), consistent_read=True)
            except AccountModel.DoesNotExist:
                return None
        at, by, started, refused = json.loads(model.body)
        pairs = tuple((key, number) for key, number in started)
        return ResendBatch(account_id, batch_id, datetime.fromisoformat(at), by, pairs, refused)


def _record(batch_id: str) -> str:
    return f"batch~{batch_id}"
