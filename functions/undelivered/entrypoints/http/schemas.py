"""What the API shows: domain objects as JSON."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from undelivered.domain.customer import Customer
from undelivered.domain.explanations import explanation, remedy
from undelivered.domain.identifiers import item_id, timestamp
from undelivered.domain.item import Attempt, Audit, UndeliveredItem
from undelivered.domain.notification import Notification, SendAttempt
from undelivered.domain.resend_policy import ResendDecision, decide_resend
from undelivered.domain.suppression import Suppression


class CustomerName(msgspec.Struct, frozen=True):
    """The customer that an item was for; both null when that is not known."""

    id: str | None
    name: str | None


class ResendView(msgspec.Struct, frozen=True):
    """Whether the item may be resent now; a refusal has a code, and both say what to do."""

    allowed: bool
    code: str | None
    detail: str


class ItemView(msgspec.Struct, frozen=True):
    """An undelivered notification."""

    id: str
    notification_id: str
    title: str
    channel: str
    customer: CustomerName
    recipient: str
    status: str
    kind: str | None
    reason: str
    fault: str
    explanation: str
    remedy: str
    state: str
    sent_at: str
    failed_at: str
    leaves_at: str
    attempts: int
    ready_to_resend: bool
    resend: ResendView


class EventView(msgspec.Struct, frozen=True):
    """What was reported about an attempt, when, and in which form it came."""

    at: str
    attempt: int
    outcome: str
    status: str | None
    kind: str | None
    reason: str | None
    diagnostic: str
    source: str


class AttemptView(msgspec.Struct, frozen=True):
    """One try to get the message through: to whom, when, by whom, and what came of it."""

    attempt: int
    to: str
    at: str
    by: str
    outcome: str
    reason: str | None
    provider_message_id: str | None
    note: str


class ContentView(msgspec.Struct, frozen=True):
    """The message itself, for as long as it is held."""

    subject: str
    text: str
    html: str | None


class AuditView(msgspec.Struct, frozen=True):
    """One thing a person did."""

    at: str
    by: str
    action: str
    detail: str


class SuppressionView(msgspec.Struct, frozen=True):
    """An address that messages are not sent to, and why. ``lifted_at`` is when it was last lifted.

    ``erased`` when it is that of a customer who was erased: a list cannot show it, and who asks for it finds it.
    """

    channel: str
    address: str | None
    reason: str
    active: bool
    since: str
    lifted_at: str | None
    audit: tuple[AuditView, ...]
    erased: bool


class ItemDetail(ItemView, frozen=True):
    """An undelivered notification with all that is known of it."""

    diagnostic: str
    events: tuple[EventView, ...]
    attempt_chain: tuple[AttemptView, ...]
    content: ContentView | None
    current_contact: str | None
    suppression: SuppressionView | None
    suggestion: str | None
    audit: tuple[AuditView, ...]


class CustomerSummary(msgspec.Struct, frozen=True):
    """A customer, and when each contact last changed."""

    id: str
    name: str
    email: str | None
    phone: str | None
    email_changed_at: str | None
    phone_changed_at: str | None


class ConsentView(msgspec.Struct, frozen=True):
    """A customer's word that messages are wanted again, and who recorded it when."""

    channel: str
    contact: str
    given_by: str
    how: str
    at: str
    recorded_by: str
    recorded_at: str


class CustomerView(CustomerSummary, frozen=True):
    """A customer, the consents they gave, and the items that can be resent because a contact was changed since."""

    ready_to_resend: tuple[str, ...]
    consents: tuple[ConsentView, ...]


class SendView(msgspec.Struct, frozen=True):
    """One send of a notification."""

    attempt: int
    to: str
    at: str
    by: str
    outcome: str
    provider_message_id: str | None


class NotificationView(msgspec.Struct, frozen=True):
    """A notification handed over by the host application, and its sends.

    ``undelivered`` are its items on the report.
    """

    notification_id: str
    customer_id: str
    channel: str
    title: str
    created_at: str
    state: str
    metadata: dict[str, str]
    attempts: tuple[SendView, ...]
    undelivered: tuple[str, ...]


class HeldItemView(ItemView, frozen=True):
    """An item with what was reported and tried, and by whom."""

    events: tuple[EventView, ...]
    attempt_chain: tuple[AttemptView, ...]
    audit: tuple[AuditView, ...]


class HeldNotificationView(NotificationView, frozen=True):
    """A notification with what was written."""

    to: str | None
    content: ContentView


def moment(at: datetime | None) -> str | None:
    """Return a moment as the API writes it, or None."""
    return timestamp(at) if at else None


def item_view(item: UndeliveredItem, now: datetime, decision: ResendDecision | None = None) -> ItemView:
    """Return an item as it stands at a moment, with the ruling on a resend.

    A list does not look up contacts, contents and consents: without a ruling, contact and content are
    taken to be there, and a consent not to be.
    """
    classification, failure = item.classification, item.failure
    assert failure.report is not None
    state = item.state_at(now)
    if decision is None:
        decision = decide_resend(state=state, classification=classification, contact_changed=bool(item.ready_contact))
    return ItemView(
        id=item_id(item.entry_key),
        notification_id=item.notification_id,
        title=item.title,
        channel=item.channel,
        customer=CustomerName(item.customer_id or None, item.customer_name or None),
        recipient=item.recipient,
        status=classification.status,
        kind=classification.kind,
        reason=classification.reason,
        fault=classification.fault,
        explanation=explanation(classification, item.channel),
        remedy=remedy(classification, item.channel),
        state=state,
        sent_at=timestamp(item.sent_at),
        failed_at=timestamp(failure.report.at),
        leaves_at=timestamp(item.leaves_at),
        attempts=len(item.attempts),
        ready_to_resend=bool(item.ready_contact),
        resend=ResendView(decision.allowed, decision.code, decision.detail),
    )


def item_detail(  # noqa: PLR0913 - what is known of an item comes from several stores
    item: UndeliveredItem,
    now: datetime,
    *,
    notification: Notification | None,
    current_contact: str,
    decision: ResendDecision,
    suppression: Suppression | None,
    suggestion: str,
) -> ItemDetail:
    """Return an item with all that is known of it."""
    view = item_view(item, now, decision)
    report = item.failure.report
    assert report is not None
    return ItemDetail(
        **msgspec.structs.asdict(view),
        diagnostic=report.diagnostic,
        events=_events(item),
        attempt_chain=tuple(_attempt_view(attempt) for attempt in item.attempts),
        content=_content(notification),
        current_contact=current_contact or None,
        suppression=suppression_view(suppression) if suppression else None,
        suggestion=suggestion or None,
        audit=audit_views(item.audit),
    )


def held_item_view(item: UndeliveredItem, now: datetime) -> HeldItemView:
    """Return an item with everything that is kept of it."""
    return HeldItemView(
        **msgspec.structs.asdict(item_view(item, now)),
        events=_events(item),
        attempt_chain=tuple(_attempt_view(attempt) for attempt in item.attempts),
        audit=audit_views(item.audit),
    )


def held_notification_view(notification: Notification, attempts: Sequence[SendAttempt]) -> HeldNotificationView:
    """Return a notification with everything that is kept of it."""
    return HeldNotificationView(
        **msgspec.structs.asdict(notification_view(notification, attempts, ())),
        to=notification.to or None,
        content=ContentView(notification.subject, notification.text, notification.html or None),
    )


def _events(item: UndeliveredItem) -> tuple[EventView, ...]:
    reported = [
        EventView(
            at=timestamp(attempt.report.at),
            attempt=attempt.number,
            outcome=_outcome(attempt),
            status=attempt.report.classification.status if attempt.report.classification else None,
            kind=attempt.report.classification.kind if attempt.report.classification else None,
            reason=attempt.report.classification.reason if attempt.report.classification else None,
            diagnostic=attempt.report.diagnostic,
            source=attempt.report.source,
        )
        for attempt in item.attempts
        if attempt.report
    ]
    return tuple(sorted(reported, key=lambda event: (event.at, event.attempt)))


def _outcome(attempt: Attempt) -> str:
    return attempt.outcome.name.lower()


def _attempt_view(attempt: Attempt) -> AttemptView:
    classification = attempt.report.classification if attempt.report else None
    return AttemptView(
        attempt=attempt.number,
        to=attempt.to,
        at=timestamp(attempt.at),
        by=attempt.by,
        outcome=_outcome(attempt),
        reason=classification.reason if classification else None,
        provider_message_id=attempt.provider_message_id or None,
        note=attempt.note,
    )


def _content(notification: Notification | None) -> ContentView | None:
    if notification is None:
        return None
    return ContentView(notification.subject, notification.text, notification.html or None)


def audit_views(audit: Sequence[Audit]) -> tuple[AuditView, ...]:
    """Return what people did, in order."""
    return tuple(AuditView(timestamp(entry.at), entry.by, entry.action, entry.detail) for entry in audit)


def suppression_view(suppression: Suppression) -> SuppressionView:
    """Return a suppressed address."""
    return SuppressionView(
        channel=suppression.channel,
        address=suppression.address or None,
        reason=suppression.reason,
        active=suppression.active,
        since=timestamp(suppression.since),
        lifted_at=moment(suppression.lifted_at),
        audit=audit_views(suppression.audit),
        erased=bool(suppression.hidden),
    )


def customer_summary(customer: Customer) -> CustomerSummary:
    """Return a customer."""
    return CustomerSummary(
        id=customer.customer_id,
        name=customer.name,
        email=customer.email or None,
        phone=customer.phone or None,
        email_changed_at=moment(customer.email_changed_at),
        phone_changed_at=moment(customer.phone_changed_at),
    )


def customer_view(customer: Customer, ready: Sequence[UndeliveredItem]) -> CustomerView:
    """Return a customer with the items that are ready to be resent."""
    told = msgspec.structs.asdict(customer_summary(customer))
    return CustomerView(
        **told,
        ready_to_resend=tuple(item_id(item.entry_key) for item in ready),
        consents=tuple(
            ConsentView(
                channel=one.channel,
                contact=one.contact,
                given_by=one.consent.given_by,
                how=one.consent.how,
                at=timestamp(one.consent.at),
                recorded_by=one.by,
                recorded_at=timestamp(one.at),
            )
            for one in customer.consents
        ),
    )


def notification_view(
    notification: Notification, attempts: Sequence[SendAttempt], items: Sequence[UndeliveredItem]
) -> NotificationView:
    """Return a notification with its sends and its items on the report."""
    return NotificationView(
        notification_id=notification.notification_id,
        customer_id=notification.customer_id,
        channel=notification.channel,
        title=notification.title,
        created_at=timestamp(notification.created_at),
        state=_send_state(attempts),
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


def _send_state(attempts: Sequence[SendAttempt]) -> str:
    """Return where a notification's sending stands: ``queued`` before any attempt, then the last one's outcome."""
    if not attempts:
        return "queued"
    outcome = attempts[-1].outcome
    return "sending" if outcome == "claimed" else outcome
