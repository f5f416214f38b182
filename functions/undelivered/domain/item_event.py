"""What became of an item, as it is announced to the host application."""

import hashlib
from enum import StrEnum
from typing import Final

from msgspec import Struct

from undelivered.domain.identifiers import item_id
from undelivered.domain.item import LIVE_STATES, State, UndeliveredItem

SCHEMA_VERSION: Final = 1


class ItemEventType(StrEnum):
    """What can become of an item."""

    OPENED = "opened"  #: it came onto the report
    RESENDING = "resending"
    RESOLVED = "resolved"  #: the message has arrived
    RETURNED = "returned"  #: a resend failed, or a late bounce undid a resolution
    DISMISSED = "dismissed"
    RESTORED = "restored"
    EXPIRED = "expired"  #: its thirty days are over


class ItemEvent(Struct, frozen=True):
    """One change of one item. ``event_id`` is the same however often it is announced."""

    event_id: str
    type: ItemEventType
    item: UndeliveredItem


def item_event_type(before: UndeliveredItem | None, after: UndeliveredItem | None) -> ItemEventType | None:
    """Return what became of an item between two of its forms, None when its state is what it was.

    No form before is a new item; no form after is one that was removed at the end of its thirty days.
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
    """Return what there is to announce of a change, None when nothing."""
    change, item = item_event_type(before, after), after or before
    if change is None or item is None:
        return None
    told = f"{item.account_id}\n{item.entry_key}\n{item.version}\n{change}"
    return ItemEvent(hashlib.sha256(told.encode()).hexdigest()[:32], change, item)


def event_document(told: ItemEvent, *, with_address: bool) -> dict[str, object]:
    """Return the documented JSON form; addresses are in it only when that is switched on."""
    item = told.item
    classification = item.classification
    form: dict[str, object] = {
        "version": SCHEMA_VERSION,
        "event_id": told.event_id,
        "type": f"undelivered.item.{told.type}",
        "account_id": item.account_id,
        "item_id": item_id(item.entry_key),
        "notification_id": item.notification_id,
        "customer_id": item.customer_id or None,
        "channel": item.channel.value,
        "status": classification.status.value,
        "kind": classification.kind.value if classification.kind else None,
        "reason": classification.reason.value,
        "fault": classification.fault.value,
        "state": State.EXPIRED.value if told.type is ItemEventType.EXPIRED else item.state.value,
        "attempts": len(item.attempts),
        "sent_at": item.sent_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    return {**form, "recipient": item.last_attempt.to} if with_address else form
