"""Read how far an account is set up: whether feedback arrives, and what it has."""

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct

from undelivered.domain.taxonomy import Channel
from undelivered.services.ports import CustomerStore
from undelivered.services.ports.people import PeopleStore
from undelivered.services.ports.setup import LastEventStore


class Setup(Struct, frozen=True):
    """When the last event of each channel was received, and whether there are customers and further people."""

    last_events: Mapping[Channel, datetime]
    has_customers: bool
    has_colleagues: bool


class ReadSetup(Struct, frozen=True):
    """The use case behind ``GET /setup``."""

    last_events: LastEventStore
    customers: CustomerStore
    people: PeopleStore

    def __call__(self, account_id: str) -> Setup:
        """Return how far an account is set up. An event of the past minute may be missing."""
        has_colleagues = len(self.people.of_account(account_id).people) > 1
        return Setup(self.last_events.of_account(account_id), self.customers.has_any(account_id), has_colleagues)
