"""Evidence of a message in responses."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec

from undelivered.domain.identifiers import item_id, timestamp
from undelivered.domain.item import Attempt, State
from undelivered.domain.notification import Notification
from undelivered.domain.resender import Resender
from undelivered.domain.taxonomy import Channel, Kind, Reason, Status
from undelivered.entrypoints.http.schemas.audit import AuditView, Time, audit_views, optional_timestamp
from undelivered.entrypoints.http.schemas.items import CustomerName, OutcomeName, attempt_view
from undelivered.services.find_evidence import Evidence

STATEMENT: Final = (
    "This is what Undelivered recorded: the attempts to send the message through Amazon SES or Amazon SNS, and what "
    "they and the receiving servers reported. 'delivered' means that the receiving server or the carrier accepted the "
    "message. It does not show that a person read it. The signature shows that this record comes from the key of the "
    "installation and has not been changed since."
)


class ReportedOutcome(msgspec.Struct, frozen=True):
    """What was reported about an attempt. ``diagnostic`` is what the receiving server answered, at most 500 characters.

    ``source`` is the kind of event in which it came.
    """

    at: Time
    status: Status | None
    kind: Kind | None
    reason: Reason | None
    diagnostic: str
    source: str


class EvidenceAttempt(msgspec.Struct, frozen=True):
    """An attempt to send the message: when, to which address, requested and sent by whom, and what was reported.

    ``provider_message_id`` is the ID that Amazon SES or Amazon SNS gave the message.
    """

    attempt: int
    to: str
    at: Time
    by: str
    sent_by: Resender
    note: str
    provider_message_id: str | None
    outcome: OutcomeName
    report: ReportedOutcome | None


class AttachmentDigest(msgspec.Struct, frozen=True):
    """A file of the message. ``sha256`` is null for a file that was uploaded before its digest was kept."""

    filename: str
    size: int
    sha256: str | None


class ContentDigest(msgspec.Struct, frozen=True):
    """SHA-256 digests, in hexadecimal, of the parts of the message as they were handed over, in UTF-8.

    A part that is empty has null.
    """

    subject_sha256: str | None
    text_sha256: str | None
    html_sha256: str | None
    attachments: tuple[AttachmentDigest, ...]


class ContactNow(msgspec.Struct, frozen=True):
    """The customer's contact on the channel now, when it last changed, and by whom."""

    contact: str | None
    changed_at: Time | None
    changed_by: str | None


class EvidenceView(msgspec.Struct, frozen=True):
    """Evidence of a message. ``content`` is null if the content is not held, ``contact`` if the customer is unknown.

    ``keys_url`` is where the public keys are, null where the API does not know its address.
    """

    version: int
    statement: str
    account_id: str
    issued_at: Time
    issued_by: str
    keys_url: str | None
    id: str
    notification_id: str
    title: str
    channel: Channel
    customer: CustomerName
    sent_at: Time
    state: State
    attempts: tuple[EvidenceAttempt, ...]
    content: ContentDigest | None
    contact: ContactNow | None
    audit: tuple[AuditView, ...]


def evidence_view(evidence: Evidence, now: datetime, *, issued_by: str, keys_url: str) -> EvidenceView:
    """Return evidence that is issued at a time to somebody."""
    item, customer = evidence.item, evidence.customer
    return EvidenceView(
        version=1,
        statement=STATEMENT,
        account_id=item.account_id,
        issued_at=timestamp(now),
        issued_by=issued_by,
        keys_url=keys_url or None,
        id=item_id(item.entry_key),
        notification_id=item.notification_id,
        title=item.title,
        channel=item.channel,
        customer=CustomerName(item.customer_id or None, item.customer_name or None),
        sent_at=timestamp(item.sent_at),
        state=item.state_at(now),
        attempts=tuple(map(_attempt, item.attempts)),
        content=_content(evidence.notification, evidence.digests) if evidence.notification else None,
        contact=ContactNow(
            customer.contact(item.channel) or None,
            optional_timestamp(customer.contact_changed_at(item.channel)),
            customer.contact_changed_by(item.channel) or None,
        )
        if customer
        else None,
        audit=audit_views(item.audit),
    )


def _attempt(attempt: Attempt) -> EvidenceAttempt:
    view, result = attempt_view(attempt), attempt.result
    classification = result.classification if result else None
    return EvidenceAttempt(
        attempt=view.attempt,
        to=view.to,
        at=view.at,
        by=view.by,
        sent_by=view.sent_by,
        note=view.note,
        provider_message_id=view.provider_message_id,
        outcome=view.outcome,
        report=ReportedOutcome(
            at=timestamp(result.at),
            status=classification.status if classification else None,
            kind=classification.kind if classification else None,
            reason=classification.reason if classification else None,
            diagnostic=result.diagnostic,
            source=result.source,
        )
        if result
        else None,
    )


def _content(notification: Notification, digests: Sequence[str]) -> ContentDigest:
    return ContentDigest(
        _digest(notification.subject),
        _digest(notification.text),
        _digest(notification.html),
        tuple(
            AttachmentDigest(file.file_name, file.size, digest or None)
            for file, digest in zip(notification.attachments, digests, strict=True)
        ),
    )


def _digest(text: str) -> str | None:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest() if text else None
