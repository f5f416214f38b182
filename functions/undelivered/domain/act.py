"""What the people of an account did: the account's audit trail."""

from datetime import datetime, timedelta
from typing import Final

from msgspec import Struct

ACTS_KEPT_FOR: Final = timedelta(days=400)
"""As long as history by default (``AccountSettings.history_days``)."""


class Act(Struct, frozen=True):
    """Something that a person did. It has no data of customers, so an erasure does not concern it.

    ``act_id`` begins with the time, so that acts can be listed in order. ``name`` is the operation of the API.
    ``subject`` is whom or what of the account itself it concerned, such as the address of a colleague, or empty.
    """

    account_id: str
    act_id: str
    at: datetime
    by: str
    name: str
    subject: str = ""


def act_id(at: datetime, unique: str) -> str:
    """Return an ID that is later in order than those of earlier acts."""
    return f"{at:%Y-%m-%dT%H:%M:%S.%fZ}~{unique}"
