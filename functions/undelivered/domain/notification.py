"""A notification that the host application handed over, and the attempts to send it."""

from datetime import datetime, timedelta
from typing import Final

from msgspec import Struct

from undelivered.domain.taxonomy import Channel


class Notification(Struct, frozen=True):
    """A message the host application handed over, with its content for as long as it is held.

    ``to`` overrides the customer's contact for the first send. ``essential`` marks legal or billing
    notices that go to unsubscribed customers too.
    """

    account_id: str
    notification_id: str
    customer_id: str
    channel: Channel
    title: str
    text: str
    created_at: datetime
    subject: str = ""
    html: str = ""
    to: str = ""
    essential: bool = False
    metadata: tuple[tuple[str, str], ...] = ()


ERASED: Final = "erased"
"""The outcome of a send to a customer who was erased."""

SEND_SETTLES_AFTER = timedelta(minutes=15)
"""How long a claimed send may go unrecorded before cleanup takes it as broken off."""


class SendAttempt(Struct, frozen=True):
    """One claimed send of a notification. Claiming is at most once; ``provider_message_id`` is empty until sent.

    ``entry_key`` names the item on resends and is empty on first sends. ``claimed_at`` is when the
    claim was made; ``outcome`` is ``claimed``, ``sent``, ``dropped``, ``failed``, ``broken_off``, or ``ERASED``: then
    nothing else is known of it but that the provider's message was one to somebody who was erased.
    ``correlation_id`` is the API request that asked for it, empty where none did.
    """

    account_id: str
    notification_id: str
    number: int
    to: str
    claimed_at: datetime
    by: str = "host"
    entry_key: str = ""
    provider_message_id: str = ""
    outcome: str = "claimed"
    correlation_id: str = ""
