"""How feedback and resends change an item.

The result of an attempt is the greatest of all reported results, so the order and number of events do not matter (a
merge is a join in a lattice). The state of the item follows from the results of its attempts.
"""

from datetime import datetime
from typing import Final

from msgspec.structs import replace

from undelivered.domain.account_settings import GraceSettings
from undelivered.domain.feedback import OWN_SOURCE, Feedback, Outcome
from undelivered.domain.item import Attempt, AttemptResult, Audit, Dismissal, SentBy, UndeliveredItem, result_of
from undelivered.domain.notification import SEND_TIMEOUT
from undelivered.domain.taxonomy import Reason, classification_of

AUTO_REPLY_CAME: Final = "An automatic reply came."
"""The diagnostic of an attempt that was settled as arrived after an automatic reply."""

NOT_SENT_BY_HOST: Final = "Your application did not send it."
"""The diagnostic of an attempt that the host application was to send, and about which no event came."""

INTERRUPTED: Final = classification_of(Reason.SENDING_INTERRUPTED)
NO_RECORD: Final = "no record of the send"
"""The diagnostic of an attempt that was settled as interrupted."""


def merge_results(known: AttemptResult | None, new: AttemptResult | None) -> AttemptResult | None:
    """Return the greater of two results. The operation is commutative, associative and idempotent."""
    if known is None or new is None:
        return known or new
    return max(known, new, key=lambda result: result.rank)


def open_item(feedback: Feedback, account_id: str) -> UndeliveredItem:
    """Return the new item of a failed first attempt.

    A number that cannot be normalised is shown as it was written, but the item's key never contains it: events about
    the same message may write it differently.
    """
    attribution = feedback.attribution
    recipient = feedback.recipient or ""
    return UndeliveredItem(
        account_id=account_id,
        origin_id=feedback.provider_message_id,
        notification_id=attribution.notification_id or feedback.provider_message_id,
        channel=feedback.channel,
        recipient=recipient,
        sent_at=feedback.sent_at,
        title=attribution.title or feedback.subject,
        customer_id=attribution.customer_id or "",
        customer_name=attribution.customer_name or "",
        attempts=(
            Attempt(
                1,
                recipient or feedback.written,
                feedback.sent_at,
                provider_message_id=feedback.provider_message_id,
                result=result_of(feedback),
                sent_by=SentBy.UNDELIVERED if attribution.content_held else SentBy.HOST,
            ),
        ),
        content_held=attribution.content_held,
    )


def merge_feedback(item: UndeliveredItem | None, feedback: Feedback, account_id: str) -> UndeliveredItem | None:
    """Return the item after a feedback: the same object if nothing changes, and None if there is no item.

    Only a failure creates an item: a delivery, a delay or an automatic reply does not.
    """
    if item is None:
        return open_item(feedback, account_id) if feedback.outcome >= Outcome.FAILED else None
    number = feedback.attribution.attempt
    known = next((attempt for attempt in item.attempts if attempt.number == number), None)
    if known is None:
        known = Attempt(number, feedback.recipient or item.recipient, feedback.sent_at)
        item = item.with_attempt(known)
    changed = replace(
        known,
        to=known.to if item.recipient or number > 1 else max(known.to, feedback.written),
        result=merge_results(known.result, result_of(feedback)),
        provider_message_id=known.provider_message_id or feedback.provider_message_id,
    )
    return item if changed == known else item.with_attempt(changed)


def merge_items(first: UndeliveredItem, second: UndeliveredItem) -> UndeliveredItem:
    """Return two copies of an item merged, such as a replayed item and the one in history."""
    merged = first
    for attempt in second.attempts:
        known = next((known for known in merged.attempts if known.number == attempt.number), None)
        merged = merged.with_attempt(_merge_attempts(known, attempt) if known else attempt)
    return replace(
        merged,
        dismissal=_later(first.dismissal, second.dismissal),
        content_held=first.content_held or second.content_held,
        audit=tuple(sorted({*first.audit, *second.audit}, key=lambda entry: (entry.at, entry.action, entry.by))),
        version=max(first.version, second.version),
    )


def _merge_attempts(first: Attempt, second: Attempt) -> Attempt:
    return replace(
        first,
        to=max(first.to, second.to),
        result=merge_results(first.result, second.result),
        provider_message_id=max(first.provider_message_id, second.provider_message_id),
        sent_by=min(first.sent_by, second.sent_by),
    )


def _later(first: Dismissal | None, second: Dismissal | None) -> Dismissal | None:
    if first is None or second is None:
        return first or second
    return max(first, second, key=lambda dismissal: (dismissal.at, dismissal.restored, dismissal.by, dismissal.reason))


def start_resend(  # noqa: PLR0913, PLR0917 - what is recorded of an attempt
    item: UndeliveredItem, to: str, by: str, at: datetime, note: str = "", sent_by: SentBy = SentBy.UNDELIVERED
) -> UndeliveredItem:
    """Return the item with a new attempt. ``resend_policy.decide_item_resend`` says whether it is allowed."""
    attempt = Attempt(item.last_attempt.number + 1, to, at, by=by, note=note, sent_by=sent_by)
    audit = (*item.audit, Audit(at, by, "resend", note))
    return replace(item.with_attempt(attempt), ready_contact="", audit=audit)


def record_sent(item: UndeliveredItem, number: int, provider_message_id: str) -> UndeliveredItem:
    """Return the item with the provider's message id of an attempt."""
    attempt = next((known for known in item.attempts if known.number == number), None)
    if attempt is None or attempt.provider_message_id:
        return item
    return item.with_attempt(replace(attempt, provider_message_id=provider_message_id))


def settle_unconfirmed(item: UndeliveredItem, at: datetime) -> UndeliveredItem:
    """Return the item with its last attempt settled as arrived, because no failure was reported in time.

    A late bounce reopens the item. If an automatic reply came, the diagnostic says so.
    """
    last = item.last_sent
    diagnostic = AUTO_REPLY_CAME if last.outcome is Outcome.AUTO_REPLY else ""
    result = merge_results(last.result, AttemptResult(Outcome.UNCONFIRMED, at, diagnostic=diagnostic, source="cleanup"))
    return item.with_attempt(replace(last, result=result))


def settle_interrupted(item: UndeliveredItem, at: datetime) -> UndeliveredItem:
    """Return the item with its last attempt settled as failed, because there is no record of its send.

    The attempt's provider message id is the id of the notification, as for every attempt that was not sent.
    """
    result = AttemptResult(Outcome.FAILED, at, INTERRUPTED, NO_RECORD, source=OWN_SOURCE)
    return item.with_attempt(replace(item.last_attempt, provider_message_id=item.notification_id, result=result))


def settle_not_sent(item: UndeliveredItem, at: datetime) -> UndeliveredItem:
    """Return the item with its last attempt settled as not sent by the host application, because no event came in time.

    The item is open again. An event that comes later wins, as if the attempt had never been settled.
    """
    result = AttemptResult(Outcome.NOT_SENT, at, diagnostic=NOT_SENT_BY_HOST, source="cleanup")
    return item.with_attempt(replace(item.last_sent, result=merge_results(item.last_sent.result, result)))


def settles_at(item: UndeliveredItem, grace: GraceSettings) -> datetime:
    """Return when cleanup settles an item that is being resent.

    A sent resend is settled after the grace period. A resend that the host application sends counts as sent once an
    event about it has come. Another resend without a provider's message id may have been interrupted, and is settled
    soon.
    """
    last = item.last_sent
    if last.provider_message_id:
        return last.at + grace.period(item.channel)
    return last.at + (SEND_TIMEOUT if last.sent_by is SentBy.UNDELIVERED else grace.host_period)
