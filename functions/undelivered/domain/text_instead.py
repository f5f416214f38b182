"""Sending a text instead of an email that did not arrive: when it is allowed, and the id of its notification."""

import hashlib
from datetime import datetime
from typing import Final

from undelivered.domain.customer import Customer
from undelivered.domain.errors import RefusedError
from undelivered.domain.item import UndeliveredItem
from undelivered.domain.resend_policy import ResendRequirement, refusal_by_state, resend_requirement
from undelivered.domain.suppression import Suppression, SuppressionReason, blocks
from undelivered.domain.taxonomy import Channel

SENT_AS_TEXT: Final = "Sent as a text instead."
"""The reason with which the item of the email is dismissed."""

_ID_LENGTH: Final = 32


def text_id(item: UndeliveredItem) -> str:
    """Return the id of the notification that is sent instead of an item's email. An item has one."""
    return f"text-{hashlib.sha256(item.entry_key.encode()).hexdigest()[:_ID_LENGTH]}"


def check_text_instead(
    item: UndeliveredItem, customer: Customer | None, suppression: Suppression | None, now: datetime
) -> None:
    """Check that a text can be sent to the customer instead of the item's email; raises RefusedError if it cannot.

    ``suppression`` is that of the customer's phone number. After an opt-out, of texts or of the email, a consent to
    texts must be recorded first.
    """
    if item.channel is not Channel.EMAIL:
        raise RefusedError("text_only_for_email", "Only an email can be sent as a text instead.")
    in_state = refusal_by_state(item.state_at(now))
    if in_state:
        raise RefusedError(str(in_state.code), in_state.detail)
    if customer is None or not customer.phone:
        raise RefusedError("text_no_number", "The customer has no phone number. Add one first.")
    if _needs_consent(item, customer, suppression):
        raise RefusedError(
            "text_needs_consent", "The customer opted out. Before you send a text, record their consent to texts."
        )
    if blocks(suppression):
        raise RefusedError("text_suppressed", "The customer's phone number is suppressed, so no text is sent to it.")


def _needs_consent(item: UndeliveredItem, customer: Customer, suppression: Suppression | None) -> bool:
    if suppression and suppression.active and suppression.reason is SuppressionReason.OPTED_OUT:
        return True
    failed = item.failure.result
    assert failed is not None
    opted_out = resend_requirement(item.classification) is ResendRequirement.CONSENT
    return opted_out and not customer.has_consented(Channel.SMS, failed.at)
