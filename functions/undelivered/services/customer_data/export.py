"""Tell all that is held on one customer, page by page: what a person may ask for, and what an erasure removes."""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from undelivered.domain.customer import Customer
from undelivered.domain.erasure import known_addresses
from undelivered.domain.errors import NotFoundError
from undelivered.domain.identifiers import recipient_digest
from undelivered.domain.item import UndeliveredItem
from undelivered.domain.notification import Notification, SendAttempt
from undelivered.domain.suppression import Suppression
from undelivered.domain.taxonomy import Channel
from undelivered.services.ports import CustomerStore, NotificationStore, SuppressionStore, UndeliveredStore

_PAGE_CHARACTERS: Final = 1_000_000
"""How much content a page carries: Lambda answers with six megabytes at most, a character may take several bytes."""


class CustomerDataPage(Struct, frozen=True):
    """A page of what is held on a customer. ``place`` is where the next one begins, None at the end.

    The customer and the suppressions of their addresses are on the first page.
    """

    customer: Customer | None = None
    suppressions: Sequence[Suppression] = ()
    items: Sequence[UndeliveredItem] = ()
    notifications: Sequence[tuple[Notification, Sequence[SendAttempt]]] = ()
    next_position: str | None = None


class ExportCustomerData(Struct, frozen=True):
    """The use case. A place names a source by number and the key to go on after: ``<source>~<key>``."""

    customers: CustomerStore
    undelivered: UndeliveredStore
    notifications: NotificationStore
    suppressions: SuppressionStore

    def __call__(self, account_id: str, customer_id: str, limit: int, place: str | None) -> CustomerDataPage:
        """Return the page that begins at a place, at the beginning with None; raises NotFoundError."""
        customer = self.customers.find(account_id, customer_id)
        own = self._addresses(account_id, customer) if customer else []
        # Items of messages that nobody was named with are filed by their address.
        sources = [(customer_id, False), (customer_id, True)]
        sources += [(f"~{recipient_digest(address)}", past) for _, address in own for past in (False, True)]
        number, after = _read_place(place)
        if number < len(sources):
            who, past = sources[number]
            items = self.undelivered.find_by_customer(account_id, who, limit, after, in_history=past)
            page = CustomerDataPage(items=items, next_position=_place_after(number, items, limit))
        else:
            page = self._notifications(account_id, customer_id, limit, after, number)
        if place is not None:
            return page
        if customer is None and not self._is_known(account_id, customer_id, page):
            raise NotFoundError("customer not found")
        found = self.suppressions.find_many(account_id, own)
        return CustomerDataPage(customer, found, page.items, page.notifications, page.next_position)

    def _addresses(self, account_id: str, customer: Customer) -> list[tuple[Channel, str]]:
        """Return a customer's addresses that no other customer has."""
        return [
            (channel, address)
            for channel, address in known_addresses(customer)
            if not [
                one
                for one in self.customers.find_by_address(account_id, channel, address)
                if one.customer_id != customer.customer_id
            ]
        ]

    def _notifications(
        self, account_id: str, customer_id: str, limit: int, after: str | None, number: int
    ) -> CustomerDataPage:
        held, last = self.notifications.find_by_customer(account_id, customer_id, limit, after)
        fitting = _fitting(held)
        if len(fitting) < len(held):
            held, last = fitting, fitting[-1].notification_id
        told = [(each, self.notifications.attempts(account_id, each.notification_id)) for each in held]
        return CustomerDataPage(notifications=told, next_position=f"{number}~{last}" if last else None)

    def _is_known(self, account_id: str, customer_id: str, page: CustomerDataPage) -> bool:
        return bool(
            page.items
            or self.undelivered.find_by_customer(account_id, customer_id, 1, in_history=True)
            or self.notifications.find_by_customer(account_id, customer_id, 1)[0]
        )


def _place_after(number: int, items: Sequence[UndeliveredItem], limit: int) -> str:
    return f"{number}~{items[-1].entry_key}" if len(items) == limit else f"{number + 1}~"


def _fitting(held: Sequence[Notification]) -> Sequence[Notification]:
    """Return the first of some notifications, as many as an answer can carry, and at least one."""
    length = 0
    for place, each in enumerate(held):
        length += len(each.text) + len(each.html)
        if place and length > _PAGE_CHARACTERS:
            return held[:place]
    return held


def _read_place(place: str | None) -> tuple[int, str | None]:
    number, _, after = (place or "0~").partition("~")
    return int(number), after or None
