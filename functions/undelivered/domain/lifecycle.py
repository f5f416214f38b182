"""How feedback changes an undelivered notification.

Merging is a join in a lattice: each attempt's report is the greatest of those received, whatever their
order and however often they came, and the item's state follows from its attempts.
"""

from datetime import datetime
from typing import Final

from msgspec.structs import replace

from undelivered.domain.account_settings import GraceSettings
from undelivered.domain.feedback import Feedback, Outcome
from undelivered.domain.item import Attempt, AttemptResult, Audit, Dismissal, UndeliveredItem, result_of
from undelivered.domain.notification import SEND_TIMEOUT

AUTO_REPLY_CAME: Final = "An automatic reply came."
"""The diagnostic of an attempt that was settled as arrived after an automatic reply."""


def merge_results(known: AttemptResult | None, new: AttemptResult | None) -> AttemptResult | None:
    """Return the greater of two reports: commutative, associative, idempotent."""
    if known is None or new is None:
        return known or new
    return max(known, new, key=lambda report: report.rank)


def open_item(feedback: Feedback, account_id: str) -> UndeliveredItem:
    """Return the new item that a failure of a first attempt makes."""
    told = feedback.attribution
    recipient = feedback.recipient or ""
    return UndeliveredItem(
        account_id=account_id,
        origin_id=feedback.provider_message_id,
        notification_id=told.notification_id or feedback.provider_message_id,
        channel=feedback.channel,
        recipient=recipient,
        sent_at=feedback.sent_at,
        title=told.title or feedback.subject,
        customer_id=told.customer_id or "",
        customer_name=told.customer_name or "",
        attempts=(
            Attempt(
                1,
                recipient,
                feedback.sent_at,
                provider_message_id=feedback.provider_message_id,
                result=result_of(feedback),
            ),
        ),
    )


def merge_feedback(item: UndeliveredItem | None, feedback: Feedback, account_id: str) -> UndeliveredItem | None:
    """Return the item after a feedback: the same object when nothing changes, None when there is none to make.

    Only a failure makes an item: a delivery, a delay or an automatic reply does not.
    """
    if item is None:
        return open_item(feedback, account_id) if feedback.outcome >= Outcome.FAILED else None
    number = feedback.attribution.attempt
    known = next((attempt for attempt in item.attempts if attempt.number == number), None)
    if known is None:
        known = Attempt(number, feedback.recipient or item.recipient, feedback.sent_at)
        item = item.with_attempt(known)
    report = merge_results(known.result, result_of(feedback))
    provider_message_id = known.provider_message_id or feedback.provider_message_id
    if report == known.result and provider_message_id == known.provider_message_id:
        return item
    return item.with_attempt(replace(known, result=report, provider_message_id=provider_message_id))


def merge_items(one: UndeliveredItem, other: UndeliveredItem) -> UndeliveredItem:
    """Return the join of two copies of an item, such as a replayed one and the one in History."""
    merged = one
    for attempt in other.attempts:
        known = next((mine for mine in merged.attempts if mine.number == attempt.number), None)
        merged = merged.with_attempt(_merge_attempts(known, attempt) if known else attempt)
    return replace(
        merged,
        dismissal=_later(one.dismissal, other.dismissal),
        audit=tuple(sorted({*one.audit, *other.audit}, key=lambda entry: (entry.at, entry.action, entry.by))),
        version=max(one.version, other.version),
    )


def _merge_attempts(one: Attempt, other: Attempt) -> Attempt:
    return replace(
        one,
        result=merge_results(one.result, other.result),
        provider_message_id=max(one.provider_message_id, other.provider_message_id),
    )


def _later(one: Dismissal | None, other: Dismissal | None) -> Dismissal | None:
    if one is None or other is None:
        return one or other
    return max(one, other, key=lambda dismissal: (dismissal.at, dismissal.restored, dismissal.by, dismissal.reason))


def start_resend(item: UndeliveredItem, to: str, by: str, at: datetime, note: str = "") -> UndeliveredItem:
    """Return the item with a further attempt begun; ``resend.resend_ruling`` says when that is allowed."""
    attempt = Attempt(item.last_attempt.number + 1, to, at, by=by, note=note)
    audit = (*item.audit, Audit(at, by, "resend", note))
    return replace(item.with_attempt(attempt), ready_contact="", audit=audit)


def record_sent(item: UndeliveredItem, number: int, provider_message_id: str) -> UndeliveredItem:
    """Return the item with the provider's message id of an attempt recorded."""
    attempt = next((known for known in item.attempts if known.number == number), None)
    if attempt is None or attempt.provider_message_id:
        return item
    return item.with_attempt(replace(attempt, provider_message_id=provider_message_id))


def settle_unconfirmed(item: UndeliveredItem, at: datetime) -> UndeliveredItem:
    """Return the item with its running attempt settled as arrived, because no failure was reported in time.

    A late bounce reopens it. That an automatic reply came is kept as the diagnostic.
    """
    last = item.last_attempt
    diagnostic = AUTO_REPLY_CAME if last.outcome is Outcome.AUTO_REPLY else ""
    report = merge_results(last.result, AttemptResult(Outcome.UNCONFIRMED, at, diagnostic=diagnostic, source="cleanup"))
    return item.with_attempt(replace(last, result=report))


def settles_at(item: UndeliveredItem, grace: GraceSettings) -> datetime:
    """Return when cleanup has to look at an item that is being resent.

    A resend that no provider took is looked at soon: it may have been broken off. One that was taken
    gets the time that news of it can need.
    """
    last = item.last_attempt
    return last.at + (grace.period(item.channel) if last.provider_message_id else SEND_TIMEOUT)
