"""Requests to DynamoDB without PynamoDB's models, and the meaning of their errors."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from pynamodb.exceptions import PynamoDBException, VerboseClientError
from pynamodb.expressions.condition import Condition

from undelivered.adapters.dynamodb.models import Table, shared_connection
from undelivered.domain.errors import RetryableError, UndeliveredError

Row = dict[str, dict[str, Any]]
"""An item in DynamoDB's JSON: attribute name to ``{type: value}``."""

Action = dict[str, dict[str, Any]]
"""One action of a transaction."""

_BUSY = frozenset(
    {
        "ThrottlingException",
        "ThrottlingError",
        "ProvisionedThroughputExceededException",
        "ProvisionedThroughputExceeded",
        "RequestLimitExceeded",
        "TransactionInProgressException",
        "InternalServerError",
        "ServiceUnavailable",
    }
)


ACTIONS_AT_MOST = 100
"""The maximum actions of a TransactWriteItems request."""

_KEYS_AT_MOST = 100
_PUTS_AT_MOST = 25
_BATCH_TRIES = 4
"""How many requests more than the fewest possible write the rows of a batch."""
"""The maximum keys of a BatchGetItem request."""


class TransactionConflictError(RetryableError):
    """Another transaction wrote one of the same rows at the same time; a retry succeeds."""


class ConditionFailedError(UndeliveredError):
    """Conditions of a transaction were not met. ``positions`` are the positions of their actions in it."""

    def __init__(self, positions: frozenset[int]) -> None:
        super().__init__(f"conditions failed at {sorted(positions)}")
        self.positions = positions


@contextmanager
def busy_is_retryable() -> Iterator[None]:
    """Raise RetryableError for throttling and network errors. Other errors pass unchanged."""
    try:
        yield
    except PynamoDBException as error:
        if error.cause_response_code in _BUSY or isinstance(error.cause, BotoCoreError):
            raise RetryableError(f"DynamoDB is busy: {error.cause_response_code}") from error
        raise
    except ClientError as error:
        if error.response["Error"]["Code"] in _BUSY:
            raise RetryableError(f"DynamoDB is busy: {error.response['Error']['Code']}") from error
        raise
    except BotoCoreError as error:
        raise RetryableError(f"DynamoDB cannot be reached: {type(error).__name__}") from error


def is_condition_failure(error: PynamoDBException) -> bool:
    """Whether a model's write failed because its condition was not met."""
    return error.cause_response_code == "ConditionalCheckFailedException"


def put(model: type[Table], row: Row, *, over_version: int | None) -> Action:
    """Return the action that replaces a row in the version that was read, or creates a row if the version is None."""
    return {"Put": {"TableName": model.Meta.table_name, "Item": row, **_condition(model, over_version)}}


def put_row(model: type[Table], row: Row) -> None:
    """Write a row, and replace the row with its key if there is one."""
    with busy_is_retryable():
        shared_connection().dispatch("PutItem", {"TableName": model.Meta.table_name, "Item": row})


def delete(model: type[Table], key: Row, *, version: int) -> Action:
    """Return the action that deletes a row if it still has this version."""
    return {"Delete": {"TableName": model.Meta.table_name, "Key": key, **_condition(model, version)}}


def require_absent(model: type[Table], key: Row) -> Action:
    """Return the action that makes a transaction fail if there is a row with a key."""
    return {"ConditionCheck": {"TableName": model.Meta.table_name, "Key": key, **_condition(model, None)}}


def _condition(model: type[Table], version: int | None) -> dict[str, Any]:
    if version is None:
        return {"ConditionExpression": "attribute_not_exists(account_id)"}
    assert "version" in model.get_attributes()
    return {
        "ConditionExpression": "version = :version",
        "ExpressionAttributeValues": {":version": {"N": str(version)}},
    }


def add(model: type[Table], key: Row, numbers: Mapping[str, int], *, purge_at: int | None = None) -> Action:
    """Return the action that adds to number attributes, and creates the row if there is none.

    With ``purge_at``, seconds since 1970, DynamoDB deletes the row after that time.
    """
    names, values, terms = {}, {}, []
    for place, (name, number) in enumerate(numbers.items()):
        names[f"#{place}"] = name
        values[f":{place}"] = {"N": str(number)}
        terms.append(f"#{place} :{place}")
    expires = ""
    if purge_at is not None:
        values[":purge_at"] = {"N": str(purge_at)}
        expires = "SET purge_at = :purge_at "
    return {
        "Update": {
            "TableName": model.Meta.table_name,
            "Key": key,
            "UpdateExpression": f"{expires}ADD {','.join(terms)}",
            "ExpressionAttributeNames": names,
            "ExpressionAttributeValues": values,
        }
    }


def transact_write(actions: Sequence[Action]) -> None:
    """Write the actions in one transaction, all or none.

    Raises ConditionFailedError, TransactionConflictError, or RetryableError when DynamoDB is busy. botocore adds a
    ClientRequestToken, so its retry after a lost response does not write twice. No token of our own is needed, because
    the conditions make a repetition harmless.
    """
    with busy_is_retryable():
        try:
            shared_connection().dispatch("TransactWriteItems", {"TransactItems": actions})
        except VerboseClientError as error:
            cancelled = _meaning([reason.code if reason else "" for reason in error.cancellation_reasons])
            if cancelled is None:
                raise
            raise cancelled from error


def _meaning(codes: Sequence[str]) -> UndeliveredError | None:
    """Return the error for the reasons of a cancelled transaction, or None if a retry does not help."""
    failed = frozenset(place for place, code in enumerate(codes) if code == "ConditionalCheckFailed")
    if failed:
        return ConditionFailedError(failed)
    if "TransactionConflict" in codes:
        return TransactionConflictError("another transaction is writing the same rows")
    busy = _BUSY.intersection(codes)
    return RetryableError(f"DynamoDB is busy: {sorted(busy)}") if busy else None


def get(model: type[Table], hash_key: str, range_key: str) -> Row | None:
    """Return a row (a consistent read), or None."""
    with busy_is_retryable():
        row: Row | None = model.table().get_item(hash_key, range_key, consistent_read=True).get("Item")
    return row


def batch_get(
    model: type[Table], hash_key: str, range_keys: Sequence[str], range_name: str, *, consistent: bool = False
) -> Iterator[Row]:
    """Yield the rows of a partition that exist, in any order.

    Unless the read is ``consistent``, a recent write may be missing. Keys must not be repeated.
    """
    keys: list[Row] = [{"account_id": {"S": hash_key}, range_name: {"S": key}} for key in range_keys]
    yield from batch_get_keys(model, keys, consistent=consistent)


def batch_get_keys(model: type[Table], keys: Sequence[Row], *, consistent: bool = False) -> Iterator[Row]:
    """Yield the rows of keys in any partitions, as ``batch_get`` does."""
    name = model.Meta.table_name
    while keys:
        with busy_is_retryable():
            response = shared_connection().dispatch(
                "BatchGetItem", {"RequestItems": {name: {"Keys": keys[:_KEYS_AT_MOST], "ConsistentRead": consistent}}}
            )
        yield from response["Responses"].get(name, [])
        keys = [*response.get("UnprocessedKeys", {}).get(name, {}).get("Keys", []), *keys[_KEYS_AT_MOST:]]


def batch_put(model: type[Table], rows: Sequence[Row]) -> None:
    """Write rows with different keys, and replace those with the same keys; raises RetryableError."""
    name = model.Meta.table_name
    waiting = [{"PutRequest": {"Item": row}} for row in rows]
    for _ in range(_BATCH_TRIES + len(waiting) // _PUTS_AT_MOST):
        if not waiting:
            return
        with busy_is_retryable():
            response = shared_connection().dispatch("BatchWriteItem", {"RequestItems": {name: waiting[:_PUTS_AT_MOST]}})
        waiting = [*response.get("UnprocessedItems", {}).get(name, []), *waiting[_PUTS_AT_MOST:]]
    if waiting:
        raise RetryableError("DynamoDB is busy: not all rows were written")


def query(  # noqa: PLR0913 - the parameters of a query
    model: type[Table],
    partition: str,
    within: Condition | None,
    *,
    index: str | None = None,
    limit: int | None = None,
    newest_first: bool = False,
    consistent: bool = False,
    after: Row | None = None,
) -> tuple[list[Row], Row | None]:
    """Return the rows of a query, and the key to continue after, None at the end."""
    with busy_is_retryable():
        response = model.table().query(
            partition,
            range_key_condition=within,
            index_name=index,
            limit=limit,
            scan_index_forward=not newest_first,
            consistent_read=consistent,
            exclusive_start_key=after,
        )
    return response["Items"], response.get("LastEvaluatedKey")


def query_all(
    model: type[Table], partition: str, within: Condition | None, *, index: str | None = None, consistent: bool = False
) -> Iterator[Row]:
    """Yield all rows of a partition within a range, in order."""
    after: Row | None = None
    while True:
        rows, after = query(model, partition, within, index=index, consistent=consistent, after=after)
        yield from rows
        if after is None:
            return
