"""Port of the requests to customers to correct a contact."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Protocol

from undelivered.domain.contact_link import RequestKey
from undelivered.domain.contact_request import ContactRequest, WaitingRequest


class ContactRequestStore(Protocol):
    """Requests to customers to correct a contact, for as long as they are kept. All reads are consistent."""

    def find(self, key: RequestKey) -> ContactRequest | None:
        """Return the request of a link, or None if it does not exist or is no longer kept."""

    def of_customer(self, account_id: str, customer_id: str) -> Sequence[ContactRequest]:
        """Return the requests to a customer, oldest first."""

    def save(self, request: ContactRequest) -> ContactRequest:
        """Write a request and return it with its new version.

        ``version`` must be as it was read, 0 for a new request; else raises StaleWriteError.
        """

    def wait(self, request: ContactRequest) -> None:
        """Let a request wait until it is to be sent; doing it again changes nothing."""

    def due(self, now: datetime) -> Iterable[WaitingRequest]:
        """Return the requests of all accounts that wait and are to be sent now."""

    def end_wait(self, waiting: WaitingRequest) -> None:
        """Record that a request does not wait any more."""

    def remove_all(self, account_id: str, customer_id: str) -> None:
        """Delete the requests to a customer, also those that cannot be read."""
