"""The erasure of a customer: what it covers, and the record that remains."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from undelivered.domain.customer import Customer
from undelivered.domain.taxonomy import Channel

PROPAGATION_TIME: Final = timedelta(minutes=3)
"""How long after the request for an erasure other processes may still write data about the customer.

Every process reads the erasure within a minute and finishes its current work within another. Data written in this
time is erased too, and the erasure is done only after it.
"""

RECORD_LIFETIME: Final = timedelta(days=400)
"""How long the record of an erasure is kept: the default for how long history is kept.

An event about a message of the customer that arrives later is recorded as an event about an unknown customer.
"""


class ErasureState(StrEnum):
    """The state of an erasure."""

    RUNNING = "running"  #: data of the customer remains
    DONE = "done"  #: all data is erased


class ErasedCounts(Struct, frozen=True):
    """How many items and notifications were erased."""

    items: int = 0
    notifications: int = 0

    def __add__(self, other: "ErasedCounts") -> "ErasedCounts":
        return ErasedCounts(self.items + other.items, self.notifications + other.notifications)


class Erasure(Struct, frozen=True):
    """The erasure of a customer. ``digest`` is the keyed hash of the customer's id; the id itself is not kept.

    ``at`` and ``by`` are when and by whom it was requested. ``version`` counts the writes.
    """

    account_id: str
    digest: str
    at: datetime
    by: str
    state: ErasureState = ErasureState.RUNNING
    erased: ErasedCounts = ErasedCounts()
    version: int = 0

    def covers(self, moment: datetime) -> bool:
        """Whether the erasure covers a message of a given time; later messages are not erased."""
        return moment <= self.at + PROPAGATION_TIME

    def with_progress(self, erased: ErasedCounts, *, done: bool) -> "Erasure":
        """Return the erasure after more data was erased."""
        return replace(self, erased=self.erased + erased, state=ErasureState.DONE if done else ErasureState.RUNNING)


class ErasureTask(Struct, frozen=True):
    """The data needed to carry out an erasure. It is deleted when the erasure is done."""

    erasure: Erasure
    customer_id: str
    addresses: tuple[tuple[Channel, str], ...]


def known_addresses(customer: Customer) -> tuple[tuple[Channel, str], ...]:
    """Return all addresses of a customer: the current contacts, and the contacts in recorded consents."""
    current = [(channel, customer.contact(channel)) for channel in Channel]
    consented = [(recorded.channel, recorded.contact) for recorded in customer.consents]
    return tuple(dict.fromkeys((channel, address) for channel, address in (*current, *consented) if address))
