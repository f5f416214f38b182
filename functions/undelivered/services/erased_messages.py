"""Find out which messages an erasure covers, so that no new data about an erased customer is written."""

from collections.abc import Collection, Iterable
from datetime import datetime

from msgspec import Struct

from undelivered.domain.taxonomy import Channel
from undelivered.services.ports import ErasureStore


class Message(Struct, frozen=True):
    """The customer and the address of a message, each empty if it is not known, and when the message was sent."""

    customer_id: str
    channel: Channel
    address: str
    sent_at: datetime


def erased_messages(erasures: ErasureStore, account_id: str, messages: Iterable[Message]) -> Collection[Message]:
    """Return the messages to customers or addresses of an account that were erased after the message was sent."""
    if not erasures.has_erasures(account_id):
        return frozenset()
    wanted = frozenset(messages)
    by_customer, by_address = erasures.erased_at(
        account_id,
        {message.customer_id for message in wanted if message.customer_id},
        {(message.channel, message.address) for message in wanted if message.address},
    )

    def is_erased(message: Message) -> bool:
        ends = by_customer.get(message.customer_id), by_address.get((message.channel, message.address))
        return any(end is not None and message.sent_at <= end for end in ends)

    return frozenset(filter(is_erased, wanted))
