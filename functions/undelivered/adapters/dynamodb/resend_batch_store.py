"""The store of bulk resends on DynamoDB."""

from datetime import timedelta

from undelivered.adapters.dynamodb.documents import get_document, put_document
from undelivered.services.ports import ResendBatch

_KEPT_FOR = timedelta(days=30)


class DynamoResendBatchStore:
    """``bulk_resend.ResendBatchStore`` on the table Accounts."""

    def save(self, batch: ResendBatch) -> None:
        """Write a batch, which is kept for thirty days."""
        put_document(batch.account_id, _record(batch.batch_id), batch, purge_at=batch.at + _KEPT_FOR)

    def find(self, account_id: str, batch_id: str) -> ResendBatch | None:
        """Return a batch, or None when it is unknown or deleted."""
        return get_document(account_id, _record(batch_id), ResendBatch)


def _record(batch_id: str) -> str:
    return f"batch~{batch_id}"
