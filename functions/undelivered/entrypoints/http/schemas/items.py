"""Undelivered items in responses."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec

from undelivered.domain.account_settings import AccountSettings
from undelivered.domain.explanations import explanation, remedy
from undelivered.domain.feedback import Outcome
from undelivered.domain.identifiers import item_id, timestamp
from undelivered.domain.item import Attempt, SentBy, State, UndeliveredItem
from undelivered.domain.language import Texts
from undelivered.domain.notification import Notification
from undelivered.domain.resend_policy import ResendCode, ResendDecision, decide_listed_resend, is_ready
from undelivered.domain.resender import Resender
from undelivered.domain.suppression import Suppression
from undelivered.domain.taxonomy import Channel, Fault, Kind, Reason, Status
from undelivered.domain.work import Work, work_of
from undelivered.entrypoints.http.schemas.audit import AuditView, Time, audit_views
from undelivered.entrypoints.http.schemas.notifications import ContentView, content_view
from undelivered.entrypoints.http.schemas.suppressions import SuppressionView, suppression_view

OutcomeName = Annotated[str, msgspec.Meta(extra_json_schema={"enum": [outcome.name.lower() for outcome in Outcome]})]
"""The outcome of an attempt, in lower case."""


class CustomerName(msgspec.Struct, frozen=True):
    """The customer of an item. Both fields are null when the customer is unknown."""

    id: str | None
    name: str | None


class ResendView(msgspec.Struct, frozen=True):
    """Whether the item can be resent now. ``code`` is the reason of a refusal, ``detail`` a text for people.

    ``resenders`` are those who can resend it, the usual one first: ``undelivered``, or ``host`` for your application.
    """

    allowed: bool
    code: ResendCode | None
    detail: str
    resenders: tuple[Resender, ...]


class HostResendView(msgspec.Struct, frozen=True):
    """A resend that your application sends, while no event about it has come.

    ``state`` is ``requested`` if a manager requested it, ``claimed`` if your application claimed it, and ``not_sent``
    if no event came in time.
    """

    state: Literal["requested", "claimed", "not_sent"]
    attempt: int
    to: str
    at: Time


class ItemView(msgspec.Struct, frozen=True):
    """An undelivered notification.

    ``recipient``, the reason and ``failed_at`` are those of the same attempt: the last with a complaint, else the last
    that failed. ``work`` is what a person does next about an open item, null in other states. ``host_resend`` is the
    last attempt, if your application is to send it and no event has come.
    """

    id: str
    notification_id: str
    title: str
    channel: Channel
    customer: CustomerName
    recipient: str
    status: Status
    kind: Kind | None
    reason: Reason
    fault: Fault
    explanation: str
    remedy: str
    state: State
    sent_at: Time
    failed_at: Time
    leaves_at: Time
    attempts: int
    ready_to_resend: bool
    work: Work | None
    resend: ResendView
    host_resend: HostResendView | None


class EventView(msgspec.Struct, frozen=True):
    """A provider's report about an attempt. ``source`` is the kind of event that it came in."""

    at: Time
    attempt: int
    outcome: OutcomeName
    status: Status | None
    kind: Kind | None
    reason: Reason | None
    diagnostic: str
    source: str


class AttemptView(msgspec.Struct, frozen=True):
    """An attempt to send the message: to whom, when, requested by whom, sent by whom, and its outcome."""

    attempt: int
    to: str
    at: Time
    by: str
    outcome: OutcomeName
    reason: Reason | None
    provider_message_id: str | None
    note: str
    sent_by: Resender


class ItemDataView(ItemView, frozen=True):
    """An undelivered notification with its events, attempts and audit trail."""

    events: tuple[EventView, ...]
    attempt_chain: tuple[AttemptView, ...]
    audit: tuple[AuditView, ...]


class ItemDetail(ItemView, frozen=True):
    """An undelivered notification in full."""

    diagnostic: str
    events: tuple[EventView, ...]
    attempt_chain: tuple[AttemptView, ...]
    content: ContentView | None
    current_contact: str | None
    suppression: SuppressionView | None
    suggestion: str | None
    audit: tuple[AuditView, ...]


def item_view(
    item: UndeliveredItem,
    now: datetime,
    settings: AccountSettings,
    texts: Texts,
    decision: ResendDecision | None = None,
) -> ItemView:
    """Return an item at a time under its account's settings, with the decision on a resend and its texts.

    Without a decision, decide as lists do (``decide_listed_resend``).
    """
    classification, failure = item.classification, item.failure
    assert failure.result is not None
    by, days = settings.resend_by, settings.content_days
    decision = decision or decide_listed_resend(item, now, by, days)
    return ItemView(
        id=item_id(item.entry_key),
        notification_id=item.notification_id,
        title=item.title,
        channel=item.channel,
        customer=CustomerName(item.customer_id or None, item.customer_name or None),
        recipient=failure.to,
        status=classification.status,
        kind=classification.kind,
        reason=classification.reason,
        fault=classification.fault,
        explanation=texts.sentence(explanation(classification, item.channel)),
        remedy=texts.sentence(remedy(classification, item.channel)),
        state=item.state_at(now),
        sent_at=timestamp(item.sent_at),
        failed_at=timestamp(failure.result.at),
        leaves_at=timestamp(item.leaves_at),
        attempts=len(item.attempts),
        ready_to_resend=is_ready(item, now, by, days),
        work=work_of(item) if item.state_at(now) is State.OPEN else None,
        resend=ResendView(decision.allowed, decision.code, texts.sentence(decision.detail), decision.resenders),
        host_resend=_host_resend(item),
    )


def _host_resend(item: UndeliveredItem) -> HostResendView | None:
    attempt = item.last_attempt
    is_open = attempt.outcome in {Outcome.PENDING, Outcome.NOT_SENT}
    if not is_open or attempt.sent_by is SentBy.UNDELIVERED:
        return None
    running: Literal["requested", "claimed"] = "claimed" if attempt.sent_by is SentBy.HOST else "requested"
    state = "not_sent" if attempt.outcome is Outcome.NOT_SENT else running
    return HostResendView(state, attempt.number, attempt.to, timestamp(attempt.at))


def item_data_view(item: UndeliveredItem, now: datetime, settings: AccountSettings, texts: Texts) -> ItemDataView:
    """Return an item with all data that the item itself has."""
    return ItemDataView(
        **msgspec.structs.asdict(item_view(item, now, settings, texts)),
        events=_events(item),
        attempt_chain=tuple(attempt_view(attempt) for attempt in item.attempts),
        audit=audit_views(item.audit),
    )


def item_detail(  # noqa: PLR0913 - the parts come from several stores
    item: UndeliveredItem,
    now: datetime,
    settings: AccountSettings,
    texts: Texts,
    *,
    notification: Notification | None,
    current_contact: str,
    decision: ResendDecision,
    suppression: Suppression | None,
    suggestion: str,
) -> ItemDetail:
    """Return an item in full."""
    report = item.failure.result
    assert report is not None
    return ItemDetail(
        **msgspec.structs.asdict(item_view(item, now, settings, texts, decision)),
        diagnostic=report.diagnostic,
        events=_events(item),
        attempt_chain=tuple(attempt_view(attempt) for attempt in item.attempts),
        content=content_view(notification) if notification else None,
        current_contact=current_contact or None,
        suppression=suppression_view(suppression) if suppression else None,
        suggestion=suggestion or None,
        audit=audit_views(item.audit),
    )


def _events(item: UndeliveredItem) -> tuple[EventView, ...]:
    """Return the last report about each attempt, by time."""
    events = [
        EventView(
            at=timestamp(attempt.result.at),
            attempt=attempt.number,
            outcome=_outcome(attempt),
            status=attempt.result.classification.status if attempt.result.classification else None,
            kind=attempt.result.classification.kind if attempt.result.classification else None,
            reason=attempt.result.classification.reason if attempt.result.classification else None,
            diagnostic=attempt.result.diagnostic,
            source=attempt.result.source,
        )
        for attempt in item.attempts
        if attempt.result
    ]
    return tuple(sorted(events, key=lambda event: (event.at, event.attempt)))


def _outcome(attempt: Attempt) -> str:
    return attempt.outcome.name.lower()


def attempt_view(attempt: Attempt) -> AttemptView:
    """Return an attempt."""
    classification = attempt.result.classification if attempt.result else None
    return AttemptView(
        attempt=attempt.number,
        to=attempt.to,
        at=timestamp(attempt.at),
        by=attempt.by,
        outcome=_outcome(attempt),
        reason=classification.reason if classification else None,
        provider_message_id=attempt.provider_message_id or None,
        note=attempt.note,
        sent_by=Resender.UNDELIVERED if attempt.sent_by is SentBy.UNDELIVERED else Resender.HOST,
    )
