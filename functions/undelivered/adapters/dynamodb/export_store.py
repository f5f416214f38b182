"""The store of exports on DynamoDB."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from msgspec.structs import replace

from undelivered.adapters.dynamodb.documents import delete_document, documents_of, get_document, save_document
from undelivered.domain.export import EXPORT_LIFETIME, Export


class DynamoExportStore:
    """``request_export.ExportStore`` on the table Accounts."""

    def __init__(self, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._clock = clock

    def find(self, account_id: str, export_id: str) -> Export | None:
        """Return an export (a consistent read), or None if it is unknown or has expired."""
        return get_document(account_id, _record(export_id), Export, now=self._clock())

    def save(self, export: Export) -> Export:
        """Write an export and return it with its new version; raises StaleWriteError."""
        saved = replace(export, version=export.version + 1)
        save_document(
            export.account_id,
            _record(export.export_id),
            saved,
            over_version=export.version,
            purge_at=export.at + EXPORT_LIFETIME,
        )
        return saved

    def find_all(self, account_id: str) -> Sequence[Export]:
        """Return the exports of an account."""
        return list(documents_of(account_id, _record(""), Export))

    def remove(self, export: Export) -> None:
        """Delete an export."""
        delete_document(export.account_id, _record(export.export_id))


def _record(export_id: str) -> str:
    return f"export~{export_id}"
