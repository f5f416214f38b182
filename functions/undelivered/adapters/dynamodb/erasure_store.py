"""The store of erasures on DynamoDB, in the table Accounts.

``erasure~<hash of the customer>`` holds an erasure, ``erased~<hash of an address>`` when an address was erased, and
``erasures`` marks an account that ever had one. Erasures that are not done are listed in a separate partition, with the
data needed to carry them out.
"""

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime

from msgspec import Struct
from msgspec.structs import replace

from undelivered.adapters.dynamodb.client import (
    ConditionFailedError,
    Row,
    batch_get,
    delete,
    get,
    put,
    query_all,
    transact_write,
)
from undelivered.adapters.dynamodb.documents import (
    delete_document,
    document_row,
    get_document,
    put_document,
    save_document,
)
from undelivered.adapters.dynamodb.models import AccountModel, CustomerModel
from undelivered.adapters.dynamodb.stored_json import from_json
from undelivered.adapters.dynamodb.unreadable_rows import read_each, report_unreadable, stored_moment
from undelivered.domain.customer import Customer
from undelivered.domain.erasure import PROPAGATION_TIME, RECORD_LIFETIME, Erasure, ErasureTask
from undelivered.domain.errors import StaleWriteError, UnreadableRecordError
from undelivered.domain.taxonomy import Channel
from undelivered.services.ports import KeyedHashes

TASKS = "~erasures"
"""The partition that lists the erasures to be carried out."""

_EVER = "erasures"
_CACHE_SECONDS = 60


class _ErasedAt(Struct, frozen=True):
    """When an address was erased. The record of a customer's erasure can be read as this too."""

    at: datetime


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
        """Return the last erasure of a customer, or None if there was none or its record has expired."""
        digest = self._hashes.of_customer(account_id, customer_id)
        return get_document(account_id, _record(digest), Erasure, now=self._clock())

    def begin(self, task: ErasureTask, customer: Customer | None) -> None:
        """Start an erasure and delete the customer, in one transaction; raises StaleWriteError."""
        read = task.erasure
        account_id, version = read.account_id, read.version + 1
        erasure = replace(read, version=version)
        record, purge_at = _record(erasure.digest), erasure.at + RECORD_LIFETIME
        table = AccountModel.Meta.table_name
        actions = [
            put(
                AccountModel,
                document_row(account_id, record, erasure, version=version, purge_at=purge_at),
                over_version=read.version or None,
            ),
            {"Put": {"TableName": table, "Item": document_row(account_id, _EVER, {})}},
            {"Put": {"TableName": table, "Item": document_row(TASKS, _task_record(erasure), task)}},
        ]
        if customer:
            key: Row = {"account_id": {"S": account_id}, "customer_id": {"S": customer.customer_id}}
            actions.append(delete(CustomerModel, key, version=customer.version))
        try:
            transact_write(actions)
        except ConditionFailedError as error:
            raise StaleWriteError("the erasure or the customer was changed in between") from error
        self._accounts_with.add(account_id)

    def running(self) -> Sequence[ErasureTask]:
        """Return the erasures to be carried out, of all accounts."""
        tasks = []
        for task in read_each(query_all(AccountModel, TASKS, None, consistent=True), _task_of):
            with suppress(UnreadableRecordError):
                erasure = get_document(task.erasure.account_id, _record(task.erasure.digest), Erasure)
                if erasure:
                    tasks.append(replace(task, erasure=erasure))
        return tasks

    def save(self, erasure: Erasure) -> Erasure:
        """Write the progress of an erasure; raises StaleWriteError."""
        saved = replace(erasure, version=erasure.version + 1)
        save_document(
            erasure.account_id,
            _record(erasure.digest),
            saved,
            over_version=erasure.version,
            purge_at=erasure.at + RECORD_LIFETIME,
        )
        return saved

    def finish(self, task: ErasureTask) -> None:
        """Delete the task of an erasure that is done."""
        delete_document(TASKS, _task_record(task.erasure))

    def mark_address(self, erasure: Erasure, channel: Channel, address: str) -> None:
        """Record that an address was erased."""
        digest = self._hashes.of_address(erasure.account_id, channel, address)
        put_document(erasure.account_id, _mark(digest), _ErasedAt(erasure.at), purge_at=erasure.at + RECORD_LIFETIME)

    def has_erasures(self, account_id: str) -> bool:
        """Whether an account ever had an erasure; the first may be seen a minute late."""
        if account_id in self._accounts_with:
            return True
        looked_at = self._none_at.get(account_id)
        if looked_at is not None and self._ticks() - looked_at < _CACHE_SECONDS:
            return False
        if get(AccountModel, account_id, _EVER) is None:
            self._none_at[account_id] = self._ticks()
            return False
        self._accounts_with.add(account_id)
        return True

    def erased_at(
        self, account_id: str, customers: Collection[str], addresses: Collection[tuple[Channel, str]]
    ) -> tuple[Mapping[str, datetime], Mapping[tuple[Channel, str], datetime]]:
        """Return which customers and addresses were erased, and until when messages sent to them count as erased.

        If a record cannot be read, but its time to live can, the time of the erasure is known from that.
        """
        by_customer = {customer: _record(self._hashes.of_customer(account_id, customer)) for customer in set(customers)}
        by_address = {address: _mark(self._hashes.of_address(account_id, *address)) for address in set(addresses)}
        records = [*by_customer.values(), *by_address.values()]
        now = self._clock().timestamp()
        rows = batch_get(AccountModel, account_id, records, "record", consistent=True)
        until = {
            record: erased_at + PROPAGATION_TIME
            for record, erased_at, purge_at in read_each(rows, _erased_at_of)
            if purge_at.timestamp() > now
        }
        return (
            {customer: until[record] for customer, record in by_customer.items() if record in until},
            {address: until[record] for address, record in by_address.items() if record in until},
        )


def _erased_at_of(row: Row) -> tuple[str, datetime, datetime]:
    """Return the name of a record, when it was erased, and until when the record is kept."""
    purge_at = datetime.fromtimestamp(int(row["purge_at"]["N"]), UTC)
    try:
        erased_at = from_json(row["body"]["S"], _ErasedAt).at
        stored_moment(erased_at.isoformat())
    except Exception as error:  # noqa: BLE001 - the content of the row decides which error it is
        report_unreadable(row, type(error).__name__)
        erased_at = purge_at - RECORD_LIFETIME
    return row["record"]["S"], erased_at, purge_at


def _task_of(row: Row) -> ErasureTask:
    return from_json(row["body"]["S"], ErasureTask)


def _record(digest: str) -> str:
    return f"erasure~{digest}"


def _mark(digest: str) -> str:
    return f"erased~{digest}"


def _task_record(erasure: Erasure) -> str:
    return f"{erasure.account_id}~{erasure.digest}"
