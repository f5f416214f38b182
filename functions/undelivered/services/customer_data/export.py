"""Return all data about a customer, page by page."""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from undelivered.domain.accepted_message import AcceptedMessage
from undelivered.domain.contact_request import ContactRequest
from undelivered.domain.customer import Customer
from undelivered.domain.erasure import known_addresses
from undelivered.domain.errors import NotFoundError
from undelivered.domain.identifiers import recipient_digest
from undelivered.domain.item import UndeliveredItem
from undelivered.domain.notification import Notification, SendAttempt
from undelivered.domain.suppression import Suppression
from undelivered.domain.taxonomy import Channel
from undelivered.services.ports import (
    ContactRequestStore,
    CustomerStore,
    NotificationStore,
    SuppressionStore,
    UndeliveredStore,
)

_ACCEPTED: Final = 1_000
"""The maximum number of accepted messages to an address that are returned."""

_PAGE_CHARACTERS: Final = 1_000_000
"""The maximum content of a page. A Lambda response has at most six megabytes, and a character takes several bytes."""


class CustomerDataPage(Struct, frozen=True):
    """A page of the data about a customer. ``next_position`` is where the next page starts, None on the last page.

    The first page has the customer, the suppressions of their addresses, the requests to correct a contact and the
    messages that were accepted.
    """

    customer: Customer | None = None
    suppressions: Sequence[Suppression] = ()
    items: Sequence[UndeliveredItem] = ()
    notifications: Sequence[tuple[Notification, Sequence[SendAttempt]]] = ()
    next_position: str | None = None
    contact_requests: Sequence[ContactRequest] = ()
    accepted: Sequence[AcceptedMessage] = ()


class ExportCustomerData(Struct, frozen=True):
    """The use case of a manager who exports the data about a customer.

    The data comes from several sources in turn: items on the report and in history by customer id, then by address,
    then notifications. A position is ``<number of the source>~<key to continue after>``.
    """

    customers: CustomerStore
    undelivered: UndeliveredStore
    notifications: NotificationStore
    suppressions: SuppressionStore
    contact_requests: ContactRequestStore

    def __call__(self, account_id: str, customer_id: str, limit: int, position: str | None) -> CustomerDataPage:
        """Return the page at a position, the first page for None; raises NotFoundError if there is no data."""
        customer = self.customers.find(account_id, customer_id)
        addresses = self._exclusive_addresses(account_id, customer) if customer else []
        # Items of messages without a customer id are filed under their address.
        keys = [customer_id, *(f"~{recipient_digest(address)}" for _, address in addresses)]
        sources = [(key, in_history) for key in keys for in_history in (False, True)]
        number, after = _parse_position(position)
        if number < len(sources):
            key, in_history = sources[number]
            items = self.undelivered.find_by_customer(account_id, key, limit, after, in_history=in_history)
            page = CustomerDataPage(items=items, next_position=_next_position(number, items, limit))
        else:
            page = self._notifications(account_id, customer_id, limit, after, number)
        if position is not None:
            return page
        if customer is None and not self._has_data(account_id, customer_id, page):
            raise NotFoundError("customer not found")
        suppressions = [
            *self.suppressions.find_many(account_id, addresses),
            *(found for address in addresses for found in self.suppressions.of_categories(account_id, *address)),
        ]
        return CustomerDataPage(
            customer,
            suppressions,
            page.items,
            page.notifications,
            page.next_position,
            self.contact_requests.of_customer(account_id, customer_id),
            self._accepted(account_id, customer, addresses) if customer else (),
        )

    def _accepted(
        self, account_id: str, customer: Customer, exclusive: Sequence[tuple[Channel, str]]
    ) -> Sequence[AcceptedMessage]:
        """Return the recorded messages that were accepted, without those to others at an address that they share."""
        return tuple(
            message
            for channel, address in known_addresses(customer)
            for message in self.notifications.accepted_to(account_id, address, _ACCEPTED)
            if message.customer_id == customer.customer_id
            or (not message.customer_id and (channel, address) in exclusive)
        )

    def _exclusive_addresses(self, account_id: str, customer: Customer) -> list[tuple[Channel, str]]:
        """Return the addresses of a customer that no other customer has."""
        return [
            (channel, address)
            for channel, address in known_addresses(customer)
            if all(
                other.customer_id == customer.customer_id
                for other in self.customers.find_by_address(account_id, channel, address)
            )
        ]

    def _notifications(
        self, account_id: str, customer_id: str, limit: int, after: str | None, number: int
    ) -> CustomerDataPage:
        notifications, last = self.notifications.find_by_customer(account_id, customer_id, limit, after)
        fitting = _fitting(notifications)
        if len(fitting) < len(notifications):
            last = fitting[-1].notification_id
        with_attempts = [
            (notification, self.notifications.attempts(account_id, notification.notification_id))
            for notification in fitting
        ]
        return CustomerDataPage(notifications=with_attempts, next_position=f"{number}~{last}" if last else None)

    def _has_data(self, account_id: str, customer_id: str, page: CustomerDataPage) -> bool:
        return bool(
            page.items
            or self.undelivered.find_by_customer(account_id, customer_id, 1, in_history=True)
            or self.notifications.find_by_customer(account_id, customer_id, 1)[0]
        )


def _next_position(number: int, items: Sequence[UndeliveredItem], limit: int) -> str:
    return f"{number}~{items[-1].entry_key}" if len(items) == limit else f"{number + 1}~"


def _fitting(notifications: Sequence[Notification]) -> Sequence[Notification]:
    """Return the first notifications, as many as fit a page, and at least one."""
    length = 0
    for index, notification in enumerate(notifications):
        length += len(notification.text) + len(notification.html)
        if index and length > _PAGE_CHARACTERS:
            return notifications[:index]
    return notifications


def _parse_position(position: str | None) -> tuple[int, str | None]:
    number, _, after = (position or "0~").partition("~")
    return int(number), after or None
