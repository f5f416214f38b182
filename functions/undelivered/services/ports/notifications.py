"""Ports of sending: notifications and their attempts, queues, providers, and events about items."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Protocol

from msgspec import Meta, Struct

from undelivered.domain.accepted_message import AcceptedMessage
from undelivered.domain.attachment import Attachment
from undelivered.domain.notification import Notification, SendAttempt
from undelivered.domain.taxonomy import Channel


class NotificationStore(Protocol):
    """Notifications of the host application, and the attempts to send them."""

    def add(self, notification: Notification) -> bool:
        """Store a notification; False if its id exists already."""

    def find(self, account_id: str, notification_id: str) -> Notification | None:
        """Return a notification, or None if it is unknown or no longer stored."""

    def find_many(self, account_id: str, notification_ids: Sequence[str]) -> Sequence[Notification]:
        """Return the notifications that are stored, in any order."""

    def attempts(self, account_id: str, notification_id: str) -> Sequence[SendAttempt]:
        """Return the attempts of a notification, in order."""

    def find_attempt(self, account_id: str, notification_id: str, number: int) -> SendAttempt | None:
        """Return an attempt of a notification, or None if it was never claimed."""

    def claim(self, attempt: SendAttempt) -> bool:
        """Claim an attempt before it is sent; False if it is claimed already."""

    def release(self, attempt: SendAttempt) -> None:
        """Undo the claim of an attempt that was certainly not sent, so that it can be claimed again."""

    def record(self, attempt: SendAttempt) -> None:
        """Record the outcome of a claimed attempt. An interrupted attempt keeps an outcome that was recorded before."""

    def find_by_provider_message_id(self, provider_message_id: str) -> SendAttempt | None:
        """Return the attempt with a provider's message id."""

    def recent_sends_to(self, account_id: str, address: str, limit: int) -> Sequence[SendAttempt]:
        """Return the newest attempts to an address with a known outcome, newest first.

        The address must be written as it was sent to.
        """

    def first_sends_of_customer(self, account_id: str, customer_id: str, limit: int) -> Sequence[SendAttempt]:
        """Return the first attempt of up to ``limit`` notifications of a customer, in any order."""

    def add_accepted(self, messages: Sequence[AcceptedMessage]) -> None:
        """Record messages that were accepted, for thirty days; again is harmless. Raises RetryableError."""

    def accepted_to(self, account_id: str, address: str, limit: int) -> Sequence[AcceptedMessage]:
        """Return the newest accepted messages to an address in its normal form, newest first."""

    def erase_accepted(self, account_id: str, address: str, customer_id: str | None) -> None:
        """Delete the accepted messages to an address, only those that name a customer unless it is None."""

    def unrecorded(self, claimed_before: datetime, limit: int) -> Sequence[SendAttempt]:
        """Return attempts without a recorded outcome that were claimed before a time, oldest first."""

    def interrupted(self, claimed_from: datetime, claimed_to: datetime, limit: int) -> Sequence[SendAttempt]:
        """Return attempts recorded as interrupted that were claimed between two times, oldest first."""

    def find_by_customer(
        self, account_id: str, customer_id: str, limit: int, after: str | None = None
    ) -> tuple[Sequence[Notification], str | None]:
        """Return a page of a customer's notifications by id, and the id to continue after, None on the last page."""

    def erase_unreadable(self, account_id: str, customer_id: str) -> int:
        """Delete the notifications of a customer that cannot be read, with their attempts; return how many."""

    def erase(self, notification: Notification) -> None:
        """Delete a notification and its attempts; a sent attempt keeps its message id, with the outcome ``ERASED``."""


class OutgoingMessage(Struct, frozen=True):
    """A message for a provider. The provider returns the ``tags`` with every event about the message."""

    channel: Channel
    to: str
    sender: str
    subject: str
    text: str
    html: str
    resend: bool
    tags: Mapping[str, str]
    headers: Mapping[str, str]
    attachments: Sequence[Attachment] = ()
    reply_to: str = ""


class MessageSender(Protocol):
    """A provider that sends messages."""

    def send(self, message: OutgoingMessage) -> str:
        """Send a message and return the provider's message id.

        The message was certainly not sent after one of these errors: ProviderBusyError (try again soon),
        QuotaUsedUpError (the quota of the day is used up), UnexplainedRefusalError (refused for an unknown cause) and
        PermanentSendError (refused, and another try does not help). After any other error, the message may or may not
        have been sent.
        """


class SendJob(Struct, frozen=True, forbid_unknown_fields=True):
    """An attempt to be sent by the sending functions.

    ``entry_key`` names the item of a resend. It is empty for a first send. ``channel`` is that of the notification. The
    sending functions pace each channel at its own rate.
    """

    account_id: str
    notification_id: str
    attempt: Annotated[int, Meta(ge=1, lt=10_000)]
    entry_key: str = ""
    channel: Channel = Channel.EMAIL


class SendQueue(Protocol):
    """A queue of send jobs."""

    def put(self, jobs: Sequence[SendJob]) -> None:
        """Queue jobs; raises RetryableError when one of them is not accepted."""

    def is_empty(self) -> bool:
        """Whether no job waits in the queue or is being worked on. The answer may be some seconds old."""


class Event(Protocol):
    """Something that is published to the host application: a change of an item or of an incident.

    ``event_id`` is the same each time it is published. ``customer_key`` says whose data it has, empty for nobody's.
    """

    @property
    def event_id(self) -> str: ...  # noqa: D102
    @property
    def account_id(self) -> str: ...  # noqa: D102
    @property
    def published_name(self) -> str: ...  # noqa: D102
    @property
    def customer_key(self) -> str: ...  # noqa: D102

    def document(self, *, with_address: bool) -> dict[str, object]:
        """Return its JSON document, with the address that failed if ``with_address``."""


class EventPublisher(Protocol):
    """The topic on which events are published."""

    def publish(self, event: Event) -> None:
        """Publish an event; raises RetryableError when that is not possible now."""
