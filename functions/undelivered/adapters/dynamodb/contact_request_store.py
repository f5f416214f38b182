"""The store of requests to customers to correct a contact, on the table Accounts."""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta

from msgspec.structs import replace

from undelivered.adapters.dynamodb.client import Row, query_all
from undelivered.adapters.dynamodb.documents import (
    delete_document,
    delete_documents,
    documents_of,
    get_document,
    put_document,
    save_document,
)
from undelivered.adapters.dynamodb.models import AccountModel
from undelivered.adapters.dynamodb.stored_json import from_json
from undelivered.adapters.dynamodb.unreadable_rows import read_each
from undelivered.domain.contact_link import RequestKey
from undelivered.domain.contact_request import RECORD_LIFETIME, ContactRequest, WaitingRequest
from undelivered.domain.identifiers import parse_timestamp, recipient_digest, timestamp

WAITING = "~contact-requests"
"""The partition with the requests that wait, of all accounts."""


class DynamoContactRequestStore:
    """``ports.ContactRequestStore``: a document for each request. Its name has the customer's id as a digest."""

    def __init__(self, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._clock = clock

    def find(self, key: RequestKey) -> ContactRequest | None:
        """Return the request of a link; see ``ports.ContactRequestStore``."""
        record = f"{_prefix(key.customer_digest)}{key.request_id}"
        request = get_document(key.account_id, record, ContactRequest, now=self._clock())
        return request if request and request.key == key else None

    def of_customer(self, account_id: str, customer_id: str) -> Sequence[ContactRequest]:
        """Return the requests to a customer, oldest first; see ``ports.ContactRequestStore``."""
        prefix, kept_from = _prefix(recipient_digest(customer_id)), self._clock() - RECORD_LIFETIME
        found = documents_of(account_id, prefix, ContactRequest, consistent=True)
        mine = (each for each in found if each.customer_id == customer_id and each.asked_at > kept_from)
        return sorted(mine, key=lambda request: request.asked_at)

    def save(self, request: ContactRequest) -> ContactRequest:
        """Write a request and return it with its new version; raises StaleWriteError."""
        saved = replace(request, version=request.version + 1)
        save_document(
            request.account_id,
            f"{_prefix(request.key.customer_digest)}{request.request_id}",
            saved,
            over_version=request.version,
            purge_at=request.asked_at + RECORD_LIFETIME,
        )
        return saved

    def wait(self, request: ContactRequest) -> None:
        """Write the row of a request that waits; see ``ports.ContactRequestStore``."""
        record = _waiting_record(request.waiting)
        put_document(WAITING, record, request.key, purge_at=request.asked_at + RECORD_LIFETIME)

    def due(self, now: datetime) -> Iterable[WaitingRequest]:
        """Return the requests that wait and are to be sent now; see ``ports.ContactRequestStore``."""
        rows = query_all(AccountModel, WAITING, AccountModel.record < timestamp(now + timedelta(seconds=1)))
        return list(read_each(rows, _waiting_of))

    def end_wait(self, waiting: WaitingRequest) -> None:
        """Delete the row of a request that waits."""
        delete_document(WAITING, _waiting_record(waiting))

    def remove_all(self, account_id: str, customer_id: str) -> None:
        """Delete the requests to a customer, also those that cannot be read."""
        delete_documents(account_id, _prefix(recipient_digest(customer_id)))


def _waiting_record(waiting: WaitingRequest) -> str:
    """Return the name of a row, which sorts by the time at which the request is to be sent."""
    key = waiting.key
    return f"{timestamp(waiting.until)}~{key.account_id}~{key.customer_digest}~{key.request_id}"


def _waiting_of(row: Row) -> WaitingRequest:
    until = parse_timestamp(row["record"]["S"].partition("~")[0])
    return WaitingRequest(from_json(row["body"]["S"], RequestKey), until)


def _prefix(customer_digest: str) -> str:
    return f"contact-request~{customer_digest}~"
