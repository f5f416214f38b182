"""Notifications of the host application, and the attempts to send them."""

from datetime import datetime, timedelta
from enum import StrEnum

from msgspec import Struct

from undelivered.domain.attachment import Attachment
from undelivered.domain.contact_link import ContactMessage
from undelivered.domain.taxonomy import Channel


class Notification(Struct, frozen=True):
    """A notification of the host application, with its content.

    ``to`` replaces the customer's contact for the first send. ``essential`` marks legal or billing notices, which
    unsubscribed customers receive too. An empty ``sender`` is that of the account.
    ``category`` is one of the account's, from which recipients can unsubscribe alone, empty for none.
    ``contact_message`` is set in our own messages to customers about their contacts.
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
    attachments: tuple[Attachment, ...] = ()
    sender: str = ""
    reply_to: str = ""
    category: str = ""
    contact_message: ContactMessage | None = None


LONGEST_SEND = timedelta(seconds=90)
"""How long a send can take from its claim to its record: longer than the timeout of the functions that send."""

SEND_TIMEOUT = timedelta(minutes=15)
"""How long after its claim a send may have no recorded outcome. After that, cleanup records it as interrupted."""


class SendOutcome(StrEnum):
    """The outcome of a claimed send."""

    CLAIMED = "claimed"  #: being sent; nothing is recorded yet
    SENT = "sent"  #: accepted by the provider
    DROPPED = "dropped"  #: not sent, because the address is suppressed
    FAILED = "failed"  #: not sent, because the provider refused the message or there is no address
    INTERRUPTED = "interrupted"  #: no outcome was recorded in time: the message may or may not have been sent
    ERASED = "erased"  #: the customer was erased: only the provider's message id is kept


class SendAttempt(Struct, frozen=True):
    """One send of a notification. Each attempt is claimed before it is sent, and can be claimed only once.

    ``by`` is ``host`` for first sends, the manager for resends, and ``digest`` for digests. ``entry_key`` is the item
    that a resend belongs to, empty on first sends. ``provider_message_id`` is empty until the message is sent.
    ``correlation_id`` is the id of the API request that asked for the send, empty if there was none.
    """

    account_id: str
    notification_id: str
    number: int
    to: str
    claimed_at: datetime
    by: str = "host"
    entry_key: str = ""
    provider_message_id: str = ""
    outcome: SendOutcome = SendOutcome.CLAIMED
    correlation_id: str = ""
