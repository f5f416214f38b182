"""Events about items, as they are published to the host application."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Final

from msgspec import Struct

from undelivered.domain.identifiers import item_id, recipient_digest, timestamp
from undelivered.domain.item import LIVE_STATES, Audit, SentBy, State, UndeliveredItem
from undelivered.domain.message_tags import attempt_tags

SCHEMA_VERSION: Final = 1


RESEND_REQUESTED: Final = "undelivered.resend.requested"
CONTACT_CORRECTED: Final = "undelivered.contact.corrected"

CORRECT_ACTION: Final = "correct_contact"
"""The action in an item's audit trail when the customer has corrected the contact that failed."""


class ItemEventType(StrEnum):
    """How an item changed."""

    OPENED = "opened"  #: a failure put it on the report
    RESENDING = "resending"  #: a resend was started
    RESOLVED = "resolved"  #: the message arrived
    RETURNED = "returned"  #: a resend failed, or a late bounce undid a resolution
    DISMISSED = "dismissed"  #: a manager removed it from the report
    RESTORED = "restored"  #: a manager ended its dismissal
    EXPIRED = "expired"  #: it left the report thirty days after it was sent
    RESEND_REQUESTED = "resend_requested"  #: the host application is asked to send it again
    CONTACT_CORRECTED = "contact_corrected"  #: the customer has corrected the contact that failed

    @property
    def published_name(self) -> str:
        """The type in published documents."""
        others = {ItemEventType.RESEND_REQUESTED: RESEND_REQUESTED, ItemEventType.CONTACT_CORRECTED: CONTACT_CORRECTED}
        return others.get(self, f"undelivered.item.{self.value}")


class ItemEvent(Struct, frozen=True):
    """A change of an item. ``event_id`` is the same each time the event is published.

    ``send_before`` is until when the host application can answer a request for a resend, None for other events.
    """

    event_id: str
    type: ItemEventType
    item: UndeliveredItem
    send_before: datetime | None = None

    @property
    def account_id(self) -> str:
        """The account of the item."""
        return self.item.account_id

    @property
    def published_name(self) -> str:
        """The type in published documents."""
        return self.type.published_name

    @property
    def customer_key(self) -> str:
        """Whose data it has: the customer's id, or the hash of the address if the customer is not known."""
        return self.item.customer_id or f"~{recipient_digest(self.item.recipient)}"

    def document(self, *, with_address: bool) -> dict[str, object]:
        """Return the JSON document of the event; see ``event_document``."""
        return event_document(self, with_address=with_address)


def item_event_type(before: UndeliveredItem | None, after: UndeliveredItem | None) -> ItemEventType | None:
    """Return how an item changed, or None if its state is the same.

    ``before`` is None for a new item, ``after`` is None for an item that was removed when it left the report.
    """
    if after is None:
        return ItemEventType.EXPIRED if before and before.state in LIVE_STATES else None
    if before is None:
        return ItemEventType.OPENED if after.state in LIVE_STATES else None
    if before.state is after.state:
        return None
    match after.state:
        case State.RESENDING | State.RESOLVED | State.DISMISSED if before.state is not State.DISMISSED:
            return ItemEventType(after.state.value)
        case State.OPEN if before.state is not State.DISMISSED:
            return ItemEventType.RETURNED
        case _:
            return ItemEventType.RESTORED


def item_event(before: UndeliveredItem | None, after: UndeliveredItem | None) -> ItemEvent | None:
    """Return the event of a change, or None if there is nothing to publish."""
    event_type, item = item_event_type(before, after), after or before
    if event_type is None or item is None:
        return None
    return ItemEvent(_event_id(item, event_type), event_type, item)


def requests_resend(before: UndeliveredItem | None, after: UndeliveredItem | None) -> bool:
    """Whether a change asks the host application to send an item again."""
    if after is None or after.last_attempt.sent_by is not SentBy.HOST_ASKED:
        return False
    return before is None or before.last_attempt.number < after.last_attempt.number


def resend_request(item: UndeliveredItem, send_before: datetime) -> ItemEvent:
    """Return the event that asks the host application to send the last attempt of an item."""
    event_type = ItemEventType.RESEND_REQUESTED
    return ItemEvent(_event_id(item, event_type), event_type, item, send_before)


def contact_correction(before: UndeliveredItem | None, after: UndeliveredItem | None) -> ItemEvent | None:
    """Return the event of a contact that the customer has corrected, or None for another change."""
    if after is None or before is None or _corrections(before) == _corrections(after):
        return None
    return ItemEvent(_event_id(after, ItemEventType.CONTACT_CORRECTED), ItemEventType.CONTACT_CORRECTED, after)


def _corrections(item: UndeliveredItem) -> Sequence[Audit]:
    return [entry for entry in item.audit if entry.action == CORRECT_ACTION]


def _event_id(item: UndeliveredItem, event_type: ItemEventType) -> str:
    identity = f"{item.account_id}\n{item.entry_key}\n{item.version}\n{event_type}"
    return hashlib.sha256(identity.encode()).hexdigest()[:32]


def event_document(event: ItemEvent, *, with_address: bool) -> dict[str, object]:
    """Return the JSON document of an event, with the address that failed if ``with_address``.

    A request for a resend always has the address, because the host application sends to it.
    """
    if event.send_before:
        return _request_document(event, event.send_before)
    item = event.item
    if event.type is ItemEventType.CONTACT_CORRECTED:
        correction = {"origin": "customer", "corrected_at": timestamp(_corrections(item)[-1].at)}
        return {**_head(event), **correction, **({"contact": item.ready_contact} if with_address else {})}
    classification = item.classification
    document: dict[str, object] = {
        **_head(event),
        "status": classification.status.value,
        "kind": classification.kind.value if classification.kind else None,
        "reason": classification.reason.value,
        "fault": classification.fault.value,
        "state": State.EXPIRED.value if event.type is ItemEventType.EXPIRED else item.state.value,
        "attempts": len(item.attempts),
        "sent_at": timestamp(item.sent_at),
    }
    return {**document, "recipient": item.failure.to} if with_address else document


def _head(event: ItemEvent) -> dict[str, object]:
    """Return what the document of every event has."""
    item = event.item
    return {
        "version": SCHEMA_VERSION,
        "event_id": event.event_id,
        "type": event.type.published_name,
        "account_id": item.account_id,
        "item_id": item_id(item.entry_key),
        "notification_id": item.notification_id,
        "customer_id": item.customer_id or None,
        "channel": item.channel.value,
    }


def _request_document(event: ItemEvent, send_before: datetime) -> dict[str, object]:
    item, attempt = event.item, event.item.last_attempt
    return {
        **_head(event),
        "attempt": attempt.number,
        "to": attempt.to,
        "tags": dict(attempt_tags(item, attempt.number)),
        "requested_at": timestamp(attempt.at),
        "send_before": timestamp(send_before),
    }
