"""The host application hands notifications over, and asks what became of them."""

from http import HTTPStatus
from typing import Annotated, Any
from unicodedata import category

import msgspec

from undelivered.domain.errors import NotFoundError, RefusedError
from undelivered.domain.taxonomy import Channel
from undelivered.entrypoints.http.errors import FieldError, ProblemError, not_found
from undelivered.entrypoints.http.parsing import Identifier, convert_item, is_identifier
from undelivered.entrypoints.http.router import Access, Answer, Call, Route
from undelivered.entrypoints.http.schemas import NotificationView, notification_view
from undelivered.services.accept_notifications import AcceptNotifications, NewNotification

MOST_AT_ONCE = 100
_BREAKING = frozenset({"Cc", "Zl", "Zp"})
"""Unicode's categories of control characters and line breaks: in a header, one would begin another header."""
_MOST_METADATA = 20
_MetadataKey = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
_MetadataValue = Annotated[str, msgspec.Meta(max_length=256)]


class NotificationBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A notification for one customer. ``to`` overrides the customer's contact for the first send.

    ``essential`` marks legal and billing notices, which go to unsubscribed customers too.
    """

    notification_id: Identifier | None = None
    customer_id: Identifier
    channel: Channel
    title: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    subject: Annotated[str, msgspec.Meta(max_length=400)] = ""
    text: Annotated[str, msgspec.Meta(min_length=1, max_length=100_000)]
    html: Annotated[str, msgspec.Meta(max_length=200_000)] | None = None
    to: Annotated[str, msgspec.Meta(max_length=320)] | None = None
    essential: bool = False
    metadata: Annotated[dict[_MetadataKey, _MetadataValue], msgspec.Meta(max_length=_MOST_METADATA)] = {}


class NotificationsBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Notifications to be sent."""

    notifications: Annotated[list[NotificationBody], msgspec.Meta(min_length=1, max_length=MOST_AT_ONCE)]


class _Envelope(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The same before the single notifications are looked at: each is accepted or refused on its own."""

    notifications: Annotated[list[Any], msgspec.Meta(min_length=1)]


class Accepted(msgspec.Struct, frozen=True):
    """A notification that is stored and queued."""

    notification_id: str


class Refused(msgspec.Struct, frozen=True):
    """A notification that is not taken, by its place in the request."""

    index: int
    code: str
    detail: str


class HandoverView(msgspec.Struct, frozen=True):
    """What was taken and what was not."""

    accepted: tuple[Accepted, ...]
    refused: tuple[Refused, ...]


def accept_notifications(call: Call) -> Answer:
    """Take notifications over."""
    given = call.body(_Envelope).notifications
    if len(given) > MOST_AT_ONCE:
        detail = f"A request can have at most {MOST_AT_ONCE} notifications. This one has {len(given)}."
        errors = (FieldError("notifications", f"must not have more than {MOST_AT_ONCE} entries"),)
        raise ProblemError(HTTPStatus.BAD_REQUEST, "too_many_items", detail, errors)
    read = [_read(one) for one in given]
    taken = [one for one in read if isinstance(one, NewNotification)]
    services = call.services
    accept = AcceptNotifications(services.notifications, services.customers, services.sends, services.clock)
    answers = iter(accept(call.account_id, taken))
    told = [one if isinstance(one, RefusedError) else next(answers) for one in read]
    return Answer(
        HandoverView(
            tuple(Accepted(one) for one in told if isinstance(one, str)),
            tuple(
                Refused(index, one.code, one.detail) for index, one in enumerate(told) if isinstance(one, RefusedError)
            ),
        ),
        HTTPStatus.ACCEPTED,
    )


def _read(given: object) -> NewNotification | RefusedError:
    try:
        body = convert_item(given, NotificationBody)
    except ProblemError as error:
        return RefusedError(error.code, error.detail)
    if not body.text.strip() or not body.title.strip():
        return RefusedError("invalid_body", "The fields 'title' and 'text' must contain visible characters.")
    if any(category(letter) in _BREAKING for letter in f"{body.title}{body.subject}"):
        return RefusedError("invalid_body", "The fields 'title' and 'subject' must each be a single line.")
    return NewNotification(
        customer_id=body.customer_id,
        channel=body.channel,
        title=body.title.strip(),
        text=body.text,
        notification_id=body.notification_id or "",
        subject=body.subject.strip(),
        html=body.html or "",
        to=(body.to or "").strip(),
        essential=body.essential,
        metadata=tuple(sorted(body.metadata.items())),
    )


def find_notification(call: Call) -> Answer:
    """Return a notification and its sends."""
    notification_id, services = call.path["notification_id"], call.services
    if not is_identifier(notification_id):
        raise not_found("notification")
    notification = services.notifications.find(call.account_id, notification_id)
    if notification is None:
        raise NotFoundError("notification not found")
    attempts = services.notifications.attempts(call.account_id, notification_id)
    live = services.undelivered.live_items_of_customer(call.account_id, notification.customer_id)
    items = [item for item in live if item.notification_id == notification_id and call.now < item.leaves_at]
    return Answer(notification_view(notification, attempts, items))


ROUTES = (
    Route(
        "POST", "/notifications", Access.HOST, accept_notifications, "Send notifications", HandoverView,
        status=HTTPStatus.ACCEPTED, body=NotificationsBody, tag="host",
    ),
    Route(
        "GET", "/notifications/{notification_id}", Access.READ, find_notification, "Get a notification and its sends",
        NotificationView, refusals=(HTTPStatus.NOT_FOUND,), tag="host",
    ),
)  # fmt: skip
