"""The store of erasures on DynamoDB.

In the table Accounts: ``erasure~<hash of the customer>`` tells of an erasure, ``erased~<hash of an address>`` that an
address went with one, and ``erasures`` that the account ever had one. What is still to be carried out is listed in a
partition of its own, with what that takes.
"""

import json
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from msgspec.structs import replace

from undelivered.adapters.dynamodb.client import (
    ConditionFailedError,
    Row,
    busy_is_retryable,
    delete,
    get,
    get_many,
    put,
    query_all,
    write,
)
from undelivered.adapters.dynamodb.models import AccountModel, CustomerModel
from undelivered.domain.customer import Customer
from undelivered.domain.erasure import (
    PROPAGATION_TIME,
    RECORD_LIFETIME,
    ErasedCounts,
    Erasure,
    ErasureState,
    ErasureTask,
)
from undelivered.domain.errors import StaleWriteError
from undelivered.domain.taxonomy import Channel
from undelivered.services.ports import KeyedHashes

TASKS = "~erasures"
"""The partition that lists what is to be carried out."""

_EVER = "erasures"
_LOOKS_AGAIN_SECONDS = 60


class DynamoErasureStore:
    """``ports.ErasureStore`` on the tables Accounts and Customers."""

    def __init__(
        self,
        hashes: KeyedHashes,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        self._hashes = hashes
        self._clock = clock
        self._ticks = ticks
        self._none_at: dict[str, float] = {}
        self._accounts_with: set[str] = set()

    def find(self, account_id: str, customer_id: str) -> Erasure | None:
        """Return the last erasure of a customer, None when there was none or it is forgotten."""
        digest = self._hashes.of_customer(account_id, customer_id)
        row = get(AccountModel, account_id, _record(digest))
        # DynamoDB removes late.
        if row is None or self._is_over(row):
            return None
        return _erasure_of(row)

    def _is_over(self, row: Row) -> bool:
        return int(row["purge_at"]["N"]) <= self._clock().timestamp()

    def begin(self, task: ErasureTask, customer: Customer | None) -> None:
        """Have an erasure carried out, and remove the customer, all or nothing; raises StaleWriteError."""
        erasure = task.erasure
        account_id = erasure.account_id
        ever = {**_key(account_id, _EVER), "body": {"S": "{}"}}
        told = {**_key(TASKS, f"{account_id}~{erasure.digest}"), "body": {"S": _task_to_text(task)}}
        actions = [
            put(AccountModel, _row_of(erasure, erasure.version + 1), over_version=erasure.version or None),
            {"Put": {"TableName": AccountModel.Meta.table_name, "Item": ever}},
            {"Put": {"TableName": AccountModel.Meta.table_name, "Item": told}},
        ]
        if customer:
            key: Row = {"account_id": {"S": account_id}, "customer_id": {"S": customer.customer_id}}
            actions.append(delete(CustomerModel, key, version=customer.version))
        _write(actions)
        self._accounts_with.add(account_id)

    def running(self) -> Sequence[ErasureTask]:
        """Return what is to be carried out, of all accounts."""
        tasks = []
        for row in query_all(AccountModel, TASKS, None, consistent=True):
            account_id, _, digest = row["record"]["S"].rpartition("~")
            told = get(AccountModel, account_id, _record(digest))
            if told:
                tasks.append(_task_of(_erasure_of(told), json.loads(row["body"]["S"])))
        return tasks

    def save(self, erasure: Erasure) -> Erasure:
        """Write how far an erasure has got; raises StaleWriteError."""
        _write([put(AccountModel, _row_of(erasure, erasure.version + 1), over_version=erasure.version)])
        return replace(erasure, version=erasure.version + 1)

    def finish(self, task: ErasureTask) -> None:
        """Forget what it took to carry out an erasure that is done."""
        with busy_is_retryable():
            AccountModel(TASKS, f"{task.erasure.account_id}~{task.erasure.digest}").delete()

    def mark_address(self, erasure: Erasure, channel: Channel, address: str) -> None:
        """Keep that an address was erased."""
        digest = self._hashes.of_address(erasure.account_id, channel, address)
        with busy_is_retryable():
            AccountModel(
                erasure.account_id,
                _mark(digest),
                body=json.dumps({"at": erasure.at.isoformat()}),
                purge_at=_purge_at(erasure),
            ).save()

    def has_erasures(self, account_id: str) -> bool:
        """Whether anybody of an account was ever erased; a new yes may be known a minute late."""
        if account_id in self._accounts_with:
            return True
        looked_at = self._none_at.get(account_id)
        if looked_at is not None and self._ticks() - looked_at < _LOOKS_AGAIN_SECONDS:
            return False
        if get(AccountModel, account_id, _EVER) is None:
            self._none_at[account_id] = self._ticks()
            return False
        self._accounts_with.add(account_id)
        return True

    def erased_at(
        self, account_id: str, customers: Collection[str], addresses: Collection[tuple[Channel, str]]
    ) -> tuple[Mapping[str, datetime], Mapping[tuple[Channel, str], datetime]]:
        """Return which of customers and addresses were erased, and until when what was sent to them counts as such."""
        by_customer = {each: _record(self._hashes.of_customer(account_id, each)) for each in set(customers)}
        by_address = {each: _mark(self._hashes.of_address(account_id, *each)) for each in set(addresses)}
        records = [*by_customer.values(), *by_address.values()]
        until = {
            row["record"]["S"]: datetime.fromisoformat(json.loads(row["body"]["S"])["at"]) + PROPAGATION_TIME
            for row in get_many(AccountModel, account_id, records, "record", consistent=True)
            if not self._is_over(row)
        }
        return (
            {each: until[record] for each, record in by_customer.items() if record in until},
            {each: until[record] for each, record in by_address.items() if record in until},
        )


def _record(digest: str) -> str:
    return f"erasure~{digest}"


def _mark(digest: str) -> str:
    return f"erased~{digest}"


def _key(account_id: str, record: str) -> Row:
    return {"account_id": {"S": account_id}, "record": {"S": record}}


def _write(actions: Sequence[dict[str, dict[str, Any]]]) -> None:
    try:
        write(actions)
    except ConditionFailedError as error:
        raise StaleWriteError("another write came first") from error


def _purge_at(erasure: Erasure) -> datetime:
    return erasure.at.replace(microsecond=0) + RECORD_LIFETIME


def _row_of(erasure: Erasure, version: int) -> Row:
    body = {
        "at": erasure.at.isoformat(),
        "by": erasure.by,
        "state": erasure.state,
        "erased": [erasure.erased.items, erasure.erased.notifications],
    }
    return {
        **_key(erasure.account_id, _record(erasure.digest)),
        "body": {"S": json.dumps(body)},
        "version": {"N": str(version)},
        "purge_at": {"N": str(int(_purge_at(erasure).timestamp()))},
    }


def _erasure_of(row: Row) -> Erasure:
    body = json.loads(row["body"]["S"])
    return Erasure(
        row["account_id"]["S"],
        row["record"]["S"].partition("~")[2],
        datetime.fromisoformat(body["at"]),
        body["by"],
        ErasureState(body["state"]),
        ErasedCounts(*body["erased"]),
        int(row["version"]["N"]),
    )


def _task_to_text(task: ErasureTask) -> str:
    return json.dumps([task.customer_id, [[channel.value, address] for channel, address in task.addresses]])


def _task_of(erasure: Erasure, told: Sequence[Any]) -> ErasureTask:
    customer_id, addresses = told
    return ErasureTask(erasure, customer_id, tuple((Channel(channel), address) for channel, address in addresses))
