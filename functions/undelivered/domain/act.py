"""What the people of an account did: the account's audit trail."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final

from msgspec import Struct

ACTS_KEPT_FOR: Final = timedelta(days=400)
"""As long as history by default (``AccountSettings.history_days``)."""


class Act(Struct, frozen=True):
    """Something that a person did.

    ``act_id`` begins with the time, so that acts can be listed in order. ``name`` is the operation of the API.
    ``subject`` is whom or what of the account itself it concerned, such as the address of a colleague, or empty.
    ``item_id`` and ``customer_id`` are the item or the customer that it concerned, empty after their erasure. It has no
    other data of customers.
    """

    account_id: str
    act_id: str
    at: datetime
    by: str
    name: str
    subject: str = ""
    item_id: str = ""
    customer_id: str = ""

    def names(self, customer_id: str, item_ids: Collection[str]) -> bool:
        """Whether it concerned a customer or one of some items."""
        return self.item_id in item_ids or (bool(customer_id) and self.customer_id == customer_id)


def act_id(at: datetime, unique: str) -> str:
    """Return an ID that is later in order than those of earlier acts."""
    return f"{at:%Y-%m-%dT%H:%M:%S.%fZ}~{unique}"
