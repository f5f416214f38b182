"""The erasure of a customer: what is forgotten, from when on, and what is kept so that it stays forgotten."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from undelivered.domain.customer import Customer
from undelivered.domain.taxonomy import Channel

PROPAGATION_TIME: Final = timedelta(minutes=3)
"""How long after it was asked for sends and events may be under way that know nothing of an erasure.

Every process knows of it after a minute, and what it was doing by then is done within another. What happens in this
time is erased too, and the last look at a customer is taken after it.
"""

RECORD_LIFETIME: Final = timedelta(days=400)
"""How long it is kept, as a keyed hash, who was erased: as long as an account keeps history unless it says otherwise.

News of a message that come later are taken in as those of a customer nobody knows.
"""


class ErasureState(StrEnum):
    """How far an erasure has got."""

    RUNNING = "running"
    DONE = "done"


class ErasedCounts(Struct, frozen=True):
    """How much an erasure has removed."""

    items: int = 0
    notifications: int = 0

    def __add__(self, other: "ErasedCounts") -> "ErasedCounts":
        return ErasedCounts(self.items + other.items, self.notifications + other.notifications)


class Erasure(Struct, frozen=True):
    """A customer's erasure, known by the keyed hash of the id (``digest``). ``version`` counts the writes."""

    account_id: str
    digest: str
    at: datetime
    by: str
    state: ErasureState = ErasureState.RUNNING
    erased: ErasedCounts = ErasedCounts()
    version: int = 0

    def covers(self, moment: datetime) -> bool:
        """Whether what was sent or handed over at a moment is erased; what came later is new."""
        return moment <= self.at + PROPAGATION_TIME

    def with_progress(self, erased: ErasedCounts, *, done: bool) -> "Erasure":
        """Return the erasure after some more was removed."""
        return replace(self, erased=self.erased + erased, state=ErasureState.DONE if done else ErasureState.RUNNING)


class ErasureTask(Struct, frozen=True):
    """What it takes to carry an erasure out, forgotten with it: whose it is, and the contacts on file."""

    erasure: Erasure
    customer_id: str
    addresses: tuple[tuple[Channel, str], ...]


def known_addresses(customer: Customer) -> tuple[tuple[Channel, str], ...]:
    """Return every contact that is known of a customer, the present ones and those they consented for."""
    present = [(channel, customer.contact(channel)) for channel in Channel]
    consented = [(one.channel, one.contact) for one in customer.consents]
    return tuple(dict.fromkeys(each for each in (*present, *consented) if each[1]))
