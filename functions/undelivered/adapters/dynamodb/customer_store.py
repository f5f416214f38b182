"""The store of customers on DynamoDB."""

from collections.abc import Collection, Iterable, Sequence
from datetime import date

from msgspec.structs import replace
from pynamodb.exceptions import PutError

from undelivered.adapters.dynamodb.client import (
    ACTIONS_AT_MOST,
    Action,
    ConditionFailedError,
    Row,
    TransactionConflictError,
    batch_get,
    busy_is_retryable,
    get,
    is_condition_failure,
    put,
    query,
    query_all,
    transact_write,
)
from undelivered.adapters.dynamodb.item_rows import audit_of, audit_to_json
from undelivered.adapters.dynamodb.models import CustomerModel
from undelivered.adapters.dynamodb.stored_json import from_json, storable, to_json
from undelivered.adapters.dynamodb.unreadable_rows import read_each, read_one, stored_moment
from undelivered.domain.address import normalise_address
from undelivered.domain.batches import batches
from undelivered.domain.customer import Customer, CustomerSearch, FollowUp, RecordedConsent
from undelivered.domain.errors import StaleWriteError
from undelivered.domain.taxonomy import Channel

_SEARCHED = ("customer_id", "name", "email", "phone")
_FIRST_ROWS: int | None = 200
"""The rows of the first request of a search: enough for what many customers have."""

_EXAMINED_AT_MOST = 20_000
"""The customers after which a page of a search ends, to be continued: about 5 MB."""


class DynamoCustomerStore:
    """``ports.CustomerStore`` on the table Customers."""

    def find(self, account_id: str, customer_id: str) -> Customer | None:
        """Return a customer (a consistent read), or None; raises UnreadableRecordError."""
        row = get(CustomerModel, account_id, customer_id)
        return read_one(row, customer_of) if row else None

    def find_many(self, account_id: str, customer_ids: Sequence[str]) -> Sequence[Customer]:
        """Return the customers that exist (a consistent read)."""
        ids = list(dict.fromkeys(customer_ids))
        return list(read_each(batch_get(CustomerModel, account_id, ids, "customer_id", consistent=True), customer_of))

    def find_contacts(self, account_id: str, customer_id: str) -> Sequence[tuple[Channel, str]]:
        """Return the contacts of a customer, also from a record that cannot be read otherwise."""
        row = get(CustomerModel, account_id, customer_id) or {}
        contacts = [(Channel.EMAIL, row.get("email")), (Channel.SMS, row.get("phone"))]
        return [(channel, value["S"]) for channel, value in contacts if value and value.get("S")]

    def remove(self, account_id: str, customer_id: str) -> None:
        """Delete the record of a customer, whatever it holds."""
        with busy_is_retryable():
            CustomerModel(account_id, customer_id).delete()

    def save(self, customer: Customer) -> Customer:
        """Write a customer and return it with its new version; see ``ports.CustomerStore``."""
        saved = replace(customer, version=customer.version + 1)
        unchanged = (
            CustomerModel.version == customer.version if customer.version else CustomerModel.account_id.does_not_exist()
        )
        with busy_is_retryable():
            try:
                _model_of(saved).save(unchanged)
            except PutError as error:
                if is_condition_failure(error):
                    raise StaleWriteError("another write came first") from error
                raise
        return saved

    def save_many(self, customers: Sequence[Customer]) -> Collection[str]:
        """Write customers in transactions; see ``ports.CustomerStore``.

        A transaction costs twice the write units of single writes, and takes a hundredth of their requests.
        """
        return {stale for batch in batches(customers, ACTIONS_AT_MOST) for stale in _save_together(batch)}

    def to_look_at(self, account_id: str, until: date, limit: int) -> Sequence[Customer]:
        """Return the customers to look at again on or before a day, those that wait longest first."""
        within = CustomerModel.look_again_on <= until.isoformat()
        rows, _ = query(CustomerModel, account_id, within, index="by_follow_up", limit=limit)
        return list(read_each(rows, customer_of))

    def find_by_address(
        self, account_id: str, channel: Channel, address: str, *, limit: int | None = None
    ) -> Sequence[Customer]:
        """Return the customers that have an address, by id: all of them, or up to ``limit``."""
        index = "by_email" if channel is Channel.EMAIL else "by_phone"
        partition = _partition(account_id, channel, address)
        rows: Iterable[Row]
        if limit is None:
            rows = query_all(CustomerModel, partition, None, index=index)
        else:
            rows, _ = query(CustomerModel, partition, None, index=index, limit=limit)
        return sorted(read_each(rows, customer_of), key=lambda customer: customer.customer_id)

    def has_any(self, account_id: str) -> bool:
        """Whether an account has customers."""
        rows, _ = query(CustomerModel, account_id, None, limit=1)
        return bool(rows)

    def search(
        self, account_id: str, wanted: CustomerSearch, limit: int, after: str | None
    ) -> tuple[Sequence[Customer], str | None]:
        """Return customers that a search matches; see ``ports.CustomerStore``.

        This reads the account's customers in order: 40,000 of them are about 10 MB, or 1,300 read units.
        """
        found: list[Row] = []
        examined, rows_at_once = 0, _FIRST_ROWS
        key: Row | None = {"account_id": {"S": account_id}, "customer_id": {"S": after}} if after else None
        while True:
            rows, key = query(CustomerModel, account_id, None, limit=rows_at_once, after=key)
            for row in rows:
                if not wanted.matches(*(row.get(name, {}).get("S") or "" for name in _SEARCHED)):
                    continue
                if len(found) == limit:
                    return list(read_each(found, customer_of)), found[-1]["customer_id"]["S"]
                found.append(row)
            examined, rows_at_once = examined + len(rows), None
            if key is None or examined >= _EXAMINED_AT_MOST:
                return list(read_each(found, customer_of)), key["customer_id"]["S"] if key else None


def _save_together(customers: Sequence[Customer]) -> Collection[str]:
    """Write customers in one transaction, without those that have changed; return the IDs of those not written."""
    stale: set[str] = set()
    while waiting := [each for each in customers if each.customer_id not in stale]:
        try:
            transact_write([_replacing(each) for each in waiting])
        except TransactionConflictError:
            return {each.customer_id for each in customers}
        except ConditionFailedError as error:
            stale |= {waiting[place].customer_id for place in error.positions}
        else:
            break
    return stale


def _replacing(customer: Customer) -> Action:
    row = _model_of(replace(customer, version=customer.version + 1)).serialize()
    return put(CustomerModel, row, over_version=customer.version or None)


def _partition(account_id: str, channel: Channel, address: str) -> str:
    return f"{account_id}#{normalise_address(channel, address)}"


def _model_of(customer: Customer) -> CustomerModel:
    account_id = customer.account_id
    return CustomerModel(
        account_id,
        customer.customer_id,
        name=customer.name,
        email=customer.email or None,
        phone=customer.phone or None,
        email_changed_at=customer.email_changed_at.isoformat() if customer.email_changed_at else None,
        phone_changed_at=customer.phone_changed_at.isoformat() if customer.phone_changed_at else None,
        email_changed_by=customer.email_changed_by or None,
        phone_changed_by=customer.phone_changed_by or None,
        consents=to_json(customer.consents) if customer.consents else None,
        email_partition=_partition(account_id, Channel.EMAIL, customer.email) if customer.email else None,
        phone_partition=_partition(account_id, Channel.SMS, customer.phone) if customer.phone else None,
        note=storable(customer.follow_up.note) or None,
        owner=storable(customer.follow_up.owner) or None,
        follow_up_partition=account_id if customer.follow_up.look_again_on else None,
        look_again_on=customer.follow_up.look_again_on.isoformat() if customer.follow_up.look_again_on else None,
        follow_up_audit=audit_to_json(customer.follow_up_audit) if customer.follow_up_audit else None,
        version=customer.version,
    )


def customer_of(row: Row) -> Customer:
    """Return the customer of a row; raises an error if it cannot be read."""
    model = CustomerModel.from_raw_data(row)
    return Customer(
        account_id=model.account_id,
        customer_id=model.customer_id,
        name=model.name,
        email=model.email or "",
        phone=model.phone or "",
        email_changed_at=stored_moment(model.email_changed_at) if model.email_changed_at else None,
        phone_changed_at=stored_moment(model.phone_changed_at) if model.phone_changed_at else None,
        email_changed_by=model.email_changed_by or "",
        phone_changed_by=model.phone_changed_by or "",
        consents=from_json(model.consents, tuple[RecordedConsent, ...]) if model.consents else (),
        follow_up=FollowUp(
            model.note or "",
            model.owner or "",
            date.fromisoformat(model.look_again_on) if model.look_again_on else None,
        ),
        follow_up_audit=audit_of(model.follow_up_audit or ""),
        version=int(model.version),
    )
