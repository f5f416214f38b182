"""Look up what was sent to a customer or an address, whether it arrived or not."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from undelivered.domain.accepted_message import AcceptedMessage
from undelivered.domain.contact_link import CODE_PREFIX
from undelivered.domain.digest import DIGEST_PREFIX
from undelivered.domain.errors import NotFoundError
from undelivered.domain.feedback import Outcome
from undelivered.domain.identifiers import recipient_digest
from undelivered.domain.item import State, UndeliveredItem
from undelivered.domain.notification import Notification, SendAttempt, SendOutcome
from undelivered.domain.report_query import window_start
from undelivered.domain.taxonomy import Channel
from undelivered.services.contact_validation import well_formed_contact
from undelivered.services.ports import CustomerStore, NotificationStore, UndeliveredStore

LOOKED_UP: Final = 50
"""The number of notifications that are returned: the newest."""

_SENDS: Final = 500
"""The maximum number of a customer's sends that are read to find the newest."""

_ITEMS: Final = 200
_ADDRESSES: Final = 10
"""The maximum number of a customer's addresses at which accepted messages are looked for."""


class Arrival(StrEnum):
    """What is known of a notification."""

    WAITING = "waiting"  #: being sent
    SENT = "sent"  #: taken over by SES or SNS, which reported no failure since
    ACCEPTED = "accepted"  #: accepted by the receiving server or the carrier
    RESENDING = "resending"  #: it did not arrive, and is being sent again
    UNDELIVERED = "undelivered"  #: it did not arrive
    NOT_SENT = "not_sent"  #: not sent, or nothing is known of the send


class LookedUp(Struct, frozen=True):
    """A notification that was sent, with its item if it is one that did not arrive at first.

    ``at`` is when it was first sent. ``to`` is the address of the last attempt. ``accepted_at`` and ``answer`` are of
    the receiving server's answer, if it accepted the message.
    """

    notification_id: str
    title: str
    channel: Channel
    customer_id: str
    to: str
    at: datetime
    arrival: Arrival
    accepted_at: datetime | None = None
    answer: str = ""
    item: UndeliveredItem | None = None


class LookUpNotifications(Struct, frozen=True):
    """The use cases of looking up notifications of the past thirty days."""

    customers: CustomerStore
    undelivered: UndeliveredStore
    notifications: NotificationStore
    clock: Callable[[], datetime]

    def of_customer(self, account_id: str, customer_id: str) -> Sequence[LookedUp]:
        """Return what was sent to a customer, newest first; raises NotFoundError."""
        sends = self._recent(self.notifications.first_sends_of_customer(account_id, customer_id, _SENDS))
        items = self._items(account_id, [customer_id])
        customer = self.customers.find(account_id, customer_id)
        if not sends and not items and customer is None:
            raise NotFoundError("customer not found")
        contacts = {customer.email, customer.phone} - {""} if customer else set()
        addresses = contacts | {send.to for send in sends} | {attempt.to for item in items for attempt in item.attempts}
        accepted = [
            message
            for address in sorted(addresses)[:_ADDRESSES]
            for message in self._accepted(account_id, address)
            if message.customer_id == customer_id or (not message.customer_id and message.to in contacts)
        ]
        return self._joined(account_id, sends, items, accepted)

    def to_address(self, account_id: str, text: str) -> Sequence[LookedUp]:
        """Return what was sent to an address, newest first; raises InvalidInputError."""
        channel = Channel.EMAIL if "@" in text else Channel.SMS
        address = well_formed_contact(channel, text, "address")
        sends = self._recent(self.notifications.recent_sends_to(account_id, address, LOOKED_UP))
        owners = self.customers.find_by_address(account_id, channel, address)
        known = self.notifications.find_many(account_id, [send.notification_id for send in sends])
        keys = [*(each.customer_id for each in owners), *(each.customer_id for each in known)]
        items = self._items(account_id, [*dict.fromkeys(keys), f"~{recipient_digest(address)}"])
        went_there = [item for item in items if any(attempt.to == address for attempt in item.attempts)]
        return self._joined(account_id, sends, went_there, self._accepted(account_id, address), known)

    def _accepted(self, account_id: str, address: str) -> Sequence[AcceptedMessage]:
        oldest = window_start(self.clock())
        return [
            message
            for message in self.notifications.accepted_to(account_id, address, LOOKED_UP)
            if message.sent_at > oldest
        ]

    def _recent(self, sends: Iterable[SendAttempt]) -> Sequence[SendAttempt]:
        """Return the first send of each notification that is in the window. Digests and codes are not for customers."""
        oldest = window_start(self.clock())
        first: dict[str, SendAttempt] = {}
        for send in sorted(sends, key=lambda each: each.number, reverse=True):
            is_own = send.notification_id.startswith((DIGEST_PREFIX, CODE_PREFIX))
            if send.outcome is not SendOutcome.ERASED and send.claimed_at > oldest and not is_own:
                first[send.notification_id] = send
        return [*first.values()]

    def _items(self, account_id: str, customer_keys: Sequence[str]) -> Sequence[UndeliveredItem]:
        now = self.clock()
        items = (
            item
            for key in customer_keys
            for item in self.undelivered.newest_of_customer(account_id, key, _ITEMS)
            if now < item.leaves_at
        )
        return [*{item.entry_key: item for item in items}.values()]

    def _joined(
        self,
        account_id: str,
        sends: Sequence[SendAttempt],
        items: Sequence[UndeliveredItem],
        accepted: Sequence[AcceptedMessage],
        known: Sequence[Notification] = (),
    ) -> Sequence[LookedUp]:
        """Return one entry for each item, and one for each other message that was accepted or sent."""
        with_items = {item.notification_id for item in items}
        first_accepted = {
            message.notification_id: message for message in accepted if message.notification_id not in with_items
        }
        sent = {send.notification_id: send for send in sends if send.notification_id not in with_items}
        entries = [*map(_of_item, items), *map(_of_accepted, first_accepted.values())]
        entries += [_of_send(send) for id_, send in sent.items() if id_ not in first_accepted]
        newest = sorted(entries, key=lambda entry: entry.at, reverse=True)[:LOOKED_UP]
        ids = {entry.notification_id for entry in newest if not entry.title} - {each.notification_id for each in known}
        by_id = {
            each.notification_id: each for each in (*known, *self.notifications.find_many(account_id, sorted(ids)))
        }
        return [_named(entry, by_id) for entry in newest]


def _of_item(item: UndeliveredItem) -> LookedUp:
    last = item.last_sent
    accepted = last.result if item.state is State.RESOLVED and last.outcome is Outcome.DELIVERED else None
    arrival = {
        State.RESENDING: Arrival.RESENDING,
        State.RESOLVED: Arrival.ACCEPTED if accepted else Arrival.SENT,
    }.get(item.state, Arrival.UNDELIVERED)
    return LookedUp(
        item.notification_id,
        item.title,
        item.channel,
        item.customer_id,
        last.to,
        item.sent_at,
        arrival,
        accepted.at if accepted else None,
        accepted.diagnostic if accepted else "",
        item,
    )


def _of_accepted(message: AcceptedMessage) -> LookedUp:
    return LookedUp(
        message.notification_id,
        message.title,
        message.channel,
        message.customer_id,
        message.to,
        message.sent_at,
        Arrival.ACCEPTED,
        message.accepted_at,
        message.answer,
    )


_ARRIVALS: Final = {SendOutcome.CLAIMED: Arrival.WAITING, SendOutcome.SENT: Arrival.SENT}


def _of_send(send: SendAttempt) -> LookedUp:
    arrival = _ARRIVALS.get(send.outcome, Arrival.NOT_SENT)
    channel = Channel.EMAIL if "@" in send.to else Channel.SMS
    return LookedUp(send.notification_id, "", channel, "", send.to, send.claimed_at, arrival)


def _named(entry: LookedUp, notifications: Mapping[str, Notification]) -> LookedUp:
    """Return an entry with the title and the customer of its notification, if its content is still held."""
    notification = notifications.get(entry.notification_id)
    if notification is None or entry.item:
        return entry
    return replace(
        entry,
        title=notification.title,
        channel=notification.channel,
        customer_id=notification.customer_id,
    )
