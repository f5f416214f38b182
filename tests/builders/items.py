"""Items, failures, customers and their like, sensible but for what a test says about them."""

from datetime import UTC, datetime, timedelta

from undelivered.domain.customer import Customer
from undelivered.domain.feedback import Attribution, Feedback, Outcome
from undelivered.domain.lifecycle import merge_feedback, open_item, start_resend
from undelivered.domain.notification import Notification, SendAttempt
from undelivered.domain.suppression import Suppression, SuppressionReason
from undelivered.domain.taxonomy import Channel, Reason, classification_of

NOW = datetime(2026, 11, 23, 18, 0, tzinfo=UTC)
ACCOUNT = "acc-1"


def a_failure(
    reason=Reason.MAILBOX_DISABLED,
    *,
    sent_at=NOW - timedelta(days=1),
    message_id="m-1",
    recipient="ada@example.com",
    channel=Channel.EMAIL,
    kind=None,
    attempt=1,
    entry_key=None,
    diagnostic="550 5.2.1 disabled",
    at=None,
    written="",
    **told,
):
    return Feedback(
        channel=channel,
        provider_message_id=message_id,
        recipient=recipient,
        outcome=Outcome.COMPLAINED if reason is Reason.COMPLAINT else Outcome.FAILED,
        at=at or sent_at + timedelta(minutes=1, milliseconds=250),
        sent_at=sent_at,
        classification=classification_of(reason, kind),
        diagnostic=diagnostic,
        source="ses",
        written=written,
        attribution=Attribution(
            account_id=ACCOUNT, attempt=attempt, entry_key=entry_key, **{"content_held": True, **told}
        ),
    )


def an_item(reason=Reason.MAILBOX_DISABLED, *, account_id=ACCOUNT, days_ago=1.0, number=1, **changes):
    """Return an open item; ``number`` tells items sent at the same moment apart."""
    changes = {
        "sent_at": NOW - timedelta(days=days_ago),
        "message_id": f"m-{number}",
        "recipient": f"person-{number}@example.com",
        "customer_id": f"c-{number}",
        "customer_name": "Ada Byron",
        "title": "Rent reminder",
        "notification_id": f"n-{number}",
        **changes,
    }
    return open_item(a_failure(reason, **changes), account_id)


def resent(item, *, at=NOW, to="new@example.com", by="manager@example.com"):
    return start_resend(item, to, by, at)


def reported(item, outcome, *, attempt=2, at=NOW, reason=None):
    """Return the item after something was reported about one of its attempts."""
    told = Feedback(
        item.channel,
        f"{item.origin_id}-{attempt}",
        item.recipient,
        outcome,
        at,
        at,
        classification=classification_of(reason) if reason else None,
        attribution=Attribution(attempt=attempt),
    )
    return merge_feedback(item, told, item.account_id)


def a_suppression(address="ada@example.com", *, account_id=ACCOUNT, reason=SuppressionReason.BOUNCE, **changes):
    changes = {"channel": Channel.EMAIL, "since": NOW - timedelta(days=1), "origin": "m-1", **changes}
    return Suppression(account_id=account_id, address=address, reason=reason, **changes)


def a_customer(customer_id="c-1", *, account_id=ACCOUNT, **changes):
    changes = {"name": "Ada Byron", "email": "ada@example.com", **changes}
    return Customer(account_id, customer_id, **changes)


def a_notification(notification_id="n-1", *, account_id=ACCOUNT, **changes):
    changes = {
        "customer_id": "c-1",
        "channel": Channel.EMAIL,
        "title": "Rent reminder",
        "text": "Dear Ada",
        "created_at": NOW,
        **changes,
    }
    return Notification(account_id, notification_id, **changes)


def an_attempt(notification_id="n-1", *, number=1, account_id=ACCOUNT, **changes):
    changes = {"to": "ada@example.com", "claimed_at": NOW, **changes}
    return SendAttempt(account_id, notification_id, number, **changes)
