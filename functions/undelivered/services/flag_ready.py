"""Flag an item as ready to resend if the customer's contact is no longer the contact that failed."""

from collections.abc import Callable
from datetime import datetime

from msgspec.structs import replace

from undelivered.domain.customer import Customer
from undelivered.domain.item import LIVE_STATES, UndeliveredItem
from undelivered.domain.resend_policy import ready_contact
from undelivered.services.concurrency import retry_on_conflict
from undelivered.services.ports import UndeliveredStore


def flag_if_ready(
    undelivered: UndeliveredStore, item: UndeliveredItem, customer: Customer, *, leaves_after: Callable[[], datetime]
) -> UndeliveredItem | None:
    """Bring an item's ``ready_contact`` up to date and return the item.

    Return None when the item is off the report, or leaves it no later than ``leaves_after`` returns at each try.
    """
    if item.ready_contact == ready_contact(item, customer):
        return item
    return _flag(undelivered, item.account_id, item.entry_key, customer, leaves_after)


@retry_on_conflict
def _flag(
    undelivered: UndeliveredStore,
    account_id: str,
    entry_key: str,
    customer: Customer,
    leaves_after: Callable[[], datetime],
) -> UndeliveredItem | None:
    item = undelivered.find(account_id, entry_key)
    if item is None or item.state not in LIVE_STATES or item.leaves_at <= leaves_after():
        return None
    after = replace(item, ready_contact=ready_contact(item, customer))
    if after != item:
        undelivered.save(item, after)
    return after
