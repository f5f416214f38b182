"""Documents: JSON values in the table Accounts. The key is the account and the name of the record."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, TypeVar

from pynamodb.exceptions import DeleteError, PutError

from undelivered.adapters.dynamodb.client import Row, busy_is_retryable, get, is_condition_failure, query_all
from undelivered.adapters.dynamodb.models import AccountModel
from undelivered.adapters.dynamodb.stored_json import from_json, to_json
from undelivered.adapters.dynamodb.unreadable_rows import read_each, read_first, read_one
from undelivered.domain.errors import StaleWriteError

_T = TypeVar("_T")


def get_document(account_id: str, record: str, type_: type[_T], *, now: datetime | None = None) -> _T | None:
    """Return a document (a consistent read), or None if there is none.

    With ``now``, a document past its purge time is not returned: DynamoDB deletes late. Raises UnreadableRecordError.
    """

    def read(row: Row) -> _T | None:
        if now is not None and "purge_at" in row and int(row["purge_at"]["N"]) <= now.timestamp():
            return None
        return _document_of(row, type_)

    row = get(AccountModel, account_id, record)
    return read_one(row, read) if row else None


def documents_of(account_id: str, prefix: str, type_: type[_T], *, consistent: bool = False) -> Iterator[_T]:
    """Yield the documents of an account whose record names start with a prefix, without those that cannot be read."""
    rows = query_all(AccountModel, account_id, AccountModel.record.startswith(prefix), consistent=consistent)
    return read_each(rows, lambda row: _document_of(row, type_))


def _document_of(row: Row, type_: type[_T]) -> _T:
    return from_json(row["body"]["S"], type_)


def newest_documents(account_id: str, prefix: str, type_: type[_T], limit: int, *, after: str | None) -> Sequence[_T]:
    """Return the first documents that can be read whose names start with a prefix, in falling order of the names.

    Fewer than ``limit`` are all of them. With ``after``, the name of a record, those that come after it.
    """
    key = {"account_id": {"S": account_id}, "record": {"S": after}} if after else None
    return read_first(
        lambda row: _document_of(row, type_),
        limit,
        AccountModel,
        account_id,
        AccountModel.record.startswith(prefix),
        newest_first=True,
        after=key,
    )


def put_document(
    account_id: str, record: str, value: object, *, version: int | None = None, purge_at: datetime | None = None
) -> None:
    """Write a document, and replace an existing document."""
    with busy_is_retryable():
        _model(account_id, record, value, version=version, purge_at=purge_at).save()


def add_document(account_id: str, record: str, value: object, *, purge_at: datetime | None = None) -> bool:
    """Write a new document; return False if there is a document already."""
    with busy_is_retryable():
        try:
            _model(account_id, record, value, purge_at=purge_at).save(AccountModel.account_id.does_not_exist())
        except PutError as error:
            if is_condition_failure(error):
                return False
            raise
    return True


def save_document(
    account_id: str, record: str, value: object, *, over_version: int, purge_at: datetime | None = None
) -> None:
    """Write a document as the version after the one read (0 for a new one); raises StaleWriteError."""
    model = _model(account_id, record, value, version=over_version + 1, purge_at=purge_at)
    unchanged = AccountModel.version == over_version if over_version else AccountModel.account_id.does_not_exist()
    with busy_is_retryable():
        try:
            model.save(unchanged)
        except PutError as error:
            if not is_condition_failure(error):
                raise
            # botocore repeats a write whose response was lost. The repetition then finds the result of the first write.
            if _body(account_id, record) != model.body:
                raise StaleWriteError("the document was changed or deleted in between") from error


def _body(account_id: str, record: str) -> str | None:
    """Return the stored JSON of a document (a consistent read), or None if there is none."""
    try:
        body: str = AccountModel.get(account_id, record, consistent_read=True).body
    except AccountModel.DoesNotExist:
        return None
    return body


def replace_document(account_id: str, record: str, before: object, after: object | None) -> bool:
    """Replace a document, or delete it if ``after`` is None; return False if it has changed."""
    unchanged = AccountModel.body == to_json(before)
    with busy_is_retryable():
        try:
            if after is None:
                AccountModel(account_id, record).delete(unchanged)
            else:
                _model(account_id, record, after).save(unchanged)
        except (PutError, DeleteError) as error:
            if not is_condition_failure(error):
                raise
            return False
    return True


def delete_document(account_id: str, record: str) -> None:
    """Delete a document; does nothing if there is none."""
    with busy_is_retryable():
        AccountModel(account_id, record).delete()


def delete_documents(account_id: str, prefix: str) -> None:
    """Delete the documents whose record names start with a prefix, also those that cannot be read."""
    for row in query_all(AccountModel, account_id, AccountModel.record.startswith(prefix), consistent=True):
        delete_document(account_id, row["record"]["S"])


def document_row(
    account_id: str, record: str, value: object, *, version: int | None = None, purge_at: datetime | None = None
) -> Row:
    """Return the row of a document, to be written in a transaction."""
    row: Row = _model(account_id, record, value, version=version, purge_at=purge_at).serialize()
    return row


def _model(
    account_id: str, record: str, value: object, *, version: int | None = None, purge_at: datetime | None = None
) -> AccountModel:
    fields: dict[str, Any] = {"body": to_json(value), "version": version}
    if purge_at is not None:
        # A TTL holds whole seconds.
        fields["purge_at"] = purge_at.replace(microsecond=0)
    return AccountModel(account_id, record, **fields)
