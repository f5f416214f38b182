"""Events about items, as they are published to the host application."""

import hashlib
from enum import StrEnum
from typing import Final

from msgspec import Struct

from undelivered.domain.identifiers import item_id
from undelivered.domain.item import LIVE_STATES, State, UndeliveredItem

SCHEMA_VERSION: Final = 1


class ItemEventType(StrEnum):
    """How an item changed."""

    OPENED = "opened"  #: a failure put it on the report
    RESENDING = "resending"  #: a resend was started
    RESOLVED = "resolved"  #: the message arrived
    RETURNED = "returned"  #: a resend failed, or a late bounce undid a resolution
    DISMISSED = "dismissed"  #: a manager removed it from the report
    RESTORED = "restored"  #: a manager ended its dismissal
    EXPIRED = "expired"  #: it left the report thirty days after it was sent


class ItemEvent(Struct, frozen=True):
    """A change of an item. ``event_id`` is the same each time the event is published."""

    event_id: str
    type: ItemEventType
    item: UndeliveredItem


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
    identity = f"{item.account_id}\n{item.entry_key}\n{item.version}\n{event_type}"
    return ItemEvent(hashlib.sha256(identity.encode()).hexdigest()[:32], event_type, item)


def event_document(event: ItemEvent, *, with_address: bool) -> dict[str, object]:
    """Return the JSON document of an event, with the address that failed if ``with_address``."""
    item = event.item
    classification = item.classification
    document: dict[str, object] = {
        "version": SCHEMA_VERSION,
        "event_id": event.event_id,
        "type": f"undelivered.item.{event.type}",
        "account_id": item.account_id,
        "item_id": item_id(item.entry_key),
        "notification_id": item.notification_id,
        "customer_id": item.customer_id or None,
        "channel": item.channel.value,
        "status": classification.status.value,
        "kind": classification.kind.value if classification.kind else None,
        "reason": classification.reason.value,
        "fault": classification.fault.value,
        "state": State.EXPIRED.value if event.type is ItemEventType.EXPIRED else item.state.value,
        "attempts": len(item.attempts),
        "sent_at": item.sent_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    return {**document, "recipient": item.failure.to} if with_address else document
