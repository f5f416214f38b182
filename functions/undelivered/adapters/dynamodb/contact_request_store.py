"""The store of requests to customers to correct a contact, on the table Accounts."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from msgspec.structs import replace

from undelivered.adapters.dynamodb.documents import delete_documents, documents_of, get_document, save_document
from undelivered.domain.contact_link import RequestKey
from undelivered.domain.contact_request import RECORD_LIFETIME, ContactRequest
from undelivered.domain.identifiers import recipient_digest


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

    def remove_all(self, account_id: str, customer_id: str) -> None:
        """Delete the requests to a customer, also those that cannot be read."""
        delete_documents(account_id, _prefix(recipient_digest(customer_id)))


def _prefix(customer_digest: str) -> str:
    return f"contact-request~{customer_digest}~"
