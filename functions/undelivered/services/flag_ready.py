"""Flag an item as ready to resend if no message is known to fail at the customer's contact."""

from collections.abc import Callable, Sequence
from datetime import datetime

from msgspec.structs import replace

from undelivered.domain.customer import Customer
from undelivered.domain.item import LIVE_STATES, UndeliveredItem
from undelivered.domain.resend_policy import fails_permanently, ready_contact
from undelivered.services.concurrency import retry_on_conflict
from undelivered.services.ports import UndeliveredStore


def flag_customer(
    undelivered: UndeliveredStore, customer: Customer, clock: Callable[[], datetime]
) -> Sequence[UndeliveredItem]:
    """Flag the items of a customer whose failed contact is no longer the current one; return the flagged items."""
    now = clock()
    live = undelivered.live_items_of_customer(customer.account_id, customer.customer_id)
    items = [item for item in live if now < item.leaves_at]
    others = [*items, *recent_items(undelivered, items[0], now)] if items else []
    failed = [*{other.channel: other for other in others if fails_permanently(other, customer)}.values()]
    flagged = [flag_if_ready(undelivered, item, customer, failed, leaves_after=clock) for item in items]
    return [item for item in flagged if item is not None and item.ready_contact]


def flag_if_ready(
    undelivered: UndeliveredStore,
    item: UndeliveredItem,
    customer: Customer,
    others: Sequence[UndeliveredItem],
    *,
    leaves_after: Callable[[], datetime],
) -> UndeliveredItem | None:
    """Bring an item's ``ready_contact`` up to date and return the item.

    ``others`` are the customer's items; see ``recent_items``. Return None when the item is off the report, or leaves
    it no later than ``leaves_after`` returns at each try.
    """
    if item.ready_contact == ready_contact(item, customer, others):
        return item
    return _flag(undelivered, item, customer, others, leaves_after)


def recent_items(undelivered: UndeliveredStore, item: UndeliveredItem, now: datetime) -> list[UndeliveredItem]:
    """Return the newest items of an item's customer, in any state, that are less than thirty days old."""
    return [other for other in undelivered.items_of_customer(item) if now < other.leaves_at]


@retry_on_conflict
def _flag(
    undelivered: UndeliveredStore,
    known: UndeliveredItem,
    customer: Customer,
    others: Sequence[UndeliveredItem],
    leaves_after: Callable[[], datetime],
) -> UndeliveredItem | None:
    item = undelivered.find(known.account_id, known.entry_key)
    if item is None or item.state not in LIVE_STATES or item.leaves_at <= leaves_after():
        return None
    after = replace(item, ready_contact=ready_contact(item, customer, others))
    if after != item:
        undelivered.save(item, after)
    return after
