"""Notifications in responses."""

from collections.abc import Sequence
from typing import Annotated, Final

import msgspec

from undelivered.domain.identifiers import item_id, timestamp
from undelivered.domain.item import UndeliveredItem
from undelivered.domain.notification import Notification, SendAttempt, SendOutcome
from undelivered.domain.taxonomy import Channel
from undelivered.entrypoints.http.schemas.audit import Time

_STATES: Final = ["queued", "sending", *(outcome for outcome in SendOutcome if outcome is not SendOutcome.CLAIMED)]
StateName = Annotated[str, msgspec.Meta(extra_json_schema={"enum": _STATES})]
"""``queued`` before the first attempt, ``sending`` during one, then the outcome of the last attempt."""


class AttachmentView(msgspec.Struct, frozen=True):
    """A file of a message. ``number`` is its position, from 1; ``size`` is in bytes."""

    number: int
    filename: str
    content_type: str
    size: int


class ContentView(msgspec.Struct, frozen=True):
    """The content of a message, for as long as it is kept."""

    subject: str
    text: str
    html: str | None
    attachments: tuple[AttachmentView, ...]


class SendView(msgspec.Struct, frozen=True):
    """An attempt to send a notification."""

    attempt: int
    to: str
    at: Time
    by: str
    outcome: SendOutcome
    provider_message_id: str | None


class NotificationView(msgspec.Struct, frozen=True):
    """A notification from the host application and the attempts to send it.

    A ``sender`` of null is the sender of the account. ``undelivered`` has the IDs of its items on the report.
    """

    notification_id: str
    customer_id: str
    channel: Channel
    title: str
    sender: str | None
    reply_to: str | None
    category: str | None
    created_at: Time
    state: StateName
    metadata: dict[str, str]
    attempts: tuple[SendView, ...]
    undelivered: tuple[str, ...]


class NotificationDataView(NotificationView, frozen=True):
    """A notification with its recipient and content."""

    to: str | None
    content: ContentView


def content_view(notification: Notification) -> ContentView:
    """Return the content of a notification."""
    files = tuple(
        AttachmentView(number, file.file_name, file.content_type, file.size)
        for number, file in enumerate(notification.attachments, start=1)
    )
    return ContentView(notification.subject, notification.text, notification.html or None, files)


def notification_view(
    notification: Notification, attempts: Sequence[SendAttempt], items: Sequence[UndeliveredItem]
) -> NotificationView:
    """Return a notification with its attempts and its items on the report."""
    return NotificationView(
        notification_id=notification.notification_id,
        customer_id=notification.customer_id,
        channel=notification.channel,
        title=notification.title,
        sender=notification.sender or None,
        reply_to=notification.reply_to or None,
        category=notification.category or None,
        created_at=timestamp(notification.created_at),
        state=_state(attempts),
        metadata=dict(notification.metadata),
        attempts=tuple(
            SendView(
                attempt=attempt.number,
                to=attempt.to,
                at=timestamp(attempt.claimed_at),
                by=attempt.by,
                outcome=attempt.outcome,
                provider_message_id=attempt.provider_message_id or None,
            )
            for attempt in attempts
        ),
        undelivered=tuple(item_id(item.entry_key) for item in items),
    )


def notification_data_view(notification: Notification, attempts: Sequence[SendAttempt]) -> NotificationDataView:
    """Return a notification with all its data."""
    return NotificationDataView(
        **msgspec.structs.asdict(notification_view(notification, attempts, ())),
        to=notification.to or None,
        content=content_view(notification),
    )


def _state(attempts: Sequence[SendAttempt]) -> str:
    """Return ``queued`` before the first attempt, ``sending`` during one, then the outcome of the last attempt."""
    if not attempts:
        return "queued"
    outcome = attempts[-1].outcome
    return "sending" if outcome is SendOutcome.CLAIMED else outcome
