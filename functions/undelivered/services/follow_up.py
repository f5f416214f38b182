"""Keep what people arranged about a customer, and list the customers to look at again."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from msgspec import Struct

from undelivered.domain.customer import Customer, FollowUp
from undelivered.domain.errors import NotFoundError
from undelivered.domain.report_query import local_day
from undelivered.services.concurrency import retry_on_conflict
from undelivered.services.ports import AccountStore, CustomerStore

LISTED_AT_MOST: Final = 100


class FollowUps(Struct, frozen=True):
    """The use cases of follow-ups."""

    customers: CustomerStore
    accounts: AccountStore
    clock: Callable[[], datetime]

    @retry_on_conflict
    def change(self, account_id: str, customer_id: str, follow_up: FollowUp, *, by: str) -> Customer:
        """Replace the follow-up of a customer and return the customer; raises NotFoundError."""
        known = self.customers.find(account_id, customer_id)
        if known is None:
            raise NotFoundError("customer not found")
        after = known.with_follow_up(follow_up, self.clock(), by)
        return known if after == known else self.customers.save(after)

    def due(self, account_id: str) -> Sequence[Customer]:
        """Return the customers to look at again today or earlier, in the account's time zone: up to a hundred."""
        today = local_day(self.clock(), ZoneInfo(self.accounts.settings(account_id).time_zone))
        return self.customers.to_look_at(account_id, today, LISTED_AT_MOST)
