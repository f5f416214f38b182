"""Ports of customers and their erasures."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Protocol

from undelivered.domain.customer import Customer, CustomerSearch
from undelivered.domain.erasure import Erasure, ErasureTask
from undelivered.domain.taxonomy import Channel


class CustomerStore(Protocol):
    """Customers and their contacts. All reads but the last four are consistent."""

    def find(self, account_id: str, customer_id: str) -> Customer | None:
        """Return a customer."""

    def find_many(self, account_id: str, customer_ids: Sequence[str]) -> Sequence[Customer]:
        """Return the customers that exist, in any order."""

    def find_contacts(self, account_id: str, customer_id: str) -> Sequence[tuple[Channel, str]]:
        """Return the contacts of a customer, also from a record that cannot be read otherwise."""

    def remove(self, account_id: str, customer_id: str) -> None:
        """Delete the record of a customer, whatever it holds."""

    def save(self, customer: Customer) -> Customer:
        """Write a customer and return it with its new version.

        ``version`` must be as it was read, 0 for a new customer; else raises StaleWriteError.
        """

    def save_many(self, customers: Sequence[Customer]) -> Collection[str]:
        """Write customers with different IDs as ``save`` does, several in a request.

        Return the IDs of those that were not written, because they have changed since they were read, or are being
        written by others at the same time.
        """

    def find_by_address(
        self, account_id: str, channel: Channel, address: str, *, limit: int | None = None
    ) -> Sequence[Customer]:
        """Return the customers that have an address, all of them or up to ``limit``."""

    def to_look_at(self, account_id: str, until: date, limit: int) -> Sequence[Customer]:
        """Return customers to look at again on or before a day, those that wait longest first; see ``FollowUp``."""

    def has_any(self, account_id: str) -> bool:
        """Whether an account has customers; the first may be seen a moment late."""

    def search(
        self, account_id: str, wanted: CustomerSearch, limit: int, after: str | None
    ) -> tuple[Sequence[Customer], str | None]:
        """Return up to ``limit`` customers that a search matches, by ID, and the ID to continue after, None at the end.

        A page may end early, even empty, with an ID to continue after. A recent write may be missing.
        """


class KeyedHashes(Protocol):
    """Keyed hashes, to recognise customers and addresses that were erased without storing them."""

    def of_customer(self, account_id: str, customer_id: str) -> str:
        """Return the hash of a customer's id."""

    def of_address(self, account_id: str, channel: Channel, address: str) -> str:
        """Return the hash of an address as it is stored; see ``normalise_address``."""


class ErasureStore(Protocol):
    """Erasures of customers. Only hashes identify the customers, except in the tasks that are still running."""

    def find(self, account_id: str, customer_id: str) -> Erasure | None:
        """Return the last erasure of a customer, or None if there was none or its record has expired."""

    def begin(self, task: ErasureTask, customer: Customer | None) -> None:
        """Start an erasure and delete the customer, in one transaction; raises StaleWriteError."""

    def running(self) -> Sequence[ErasureTask]:
        """Return the erasures of all accounts that are not done."""

    def save(self, erasure: Erasure) -> Erasure:
        """Write the progress of an erasure; raises StaleWriteError."""

    def finish(self, task: ErasureTask) -> None:
        """Delete the task of an erasure that is done."""

    def mark_address(self, erasure: Erasure, channel: Channel, address: str) -> None:
        """Record that an address was erased."""

    def has_erasures(self, account_id: str) -> bool:
        """Whether an account ever had an erasure; the first may be seen a minute late."""

    def erased_at(
        self, account_id: str, customers: Collection[str], addresses: Collection[tuple[Channel, str]]
    ) -> tuple[Mapping[str, datetime], Mapping[tuple[Channel, str], datetime]]:
        """Return the customers and the addresses that were erased.

        Each comes with the time up to which messages sent to it are covered by its erasure.
        """
