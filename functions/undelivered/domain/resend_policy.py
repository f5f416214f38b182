"""The rules for resending an item, by the reason of its failure."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial

from msgspec import Struct
from msgspec.structs import replace

from undelivered.domain.address import is_address
from undelivered.domain.customer import Customer, same_contact
from undelivered.domain.item import Attempt, State, UndeliveredItem
from undelivered.domain.notification import Notification
from undelivered.domain.resender import ResendBy, Resender, resenders_of
from undelivered.domain.suppression import Suppression, blocks, dropped_classification
from undelivered.domain.taxonomy import Channel, Classification, Fault, Kind, Reason, Status


class ResendCode(StrEnum):
    """The reason why a resend is refused. The codes are part of the API."""

    NEEDS_CHANGED_ADDRESS = "resend_needs_changed_address"
    BLOCKED_BY_COMPLAINT = "resend_blocked_by_complaint"
    NEEDS_CONSENT = "resend_needs_consent"
    ALREADY_RUNNING = "resend_already_running"
    CONTENT_NOT_HELD = "resend_content_not_held"
    NO_CONTACT = "resend_no_contact"
    ALREADY_RESOLVED = "resend_already_resolved"
    HOST_NOT_ALLOWED = "resend_host_not_allowed"
    DISMISSED = "resend_dismissed"
    EXPIRED = "resend_expired"


class ResendDecision(Struct, frozen=True):
    """Whether a resend is allowed. ``code`` is set on a refusal; ``detail`` says what to do.

    ``resenders`` are those who can resend it, the usual resender first. It is empty on a refusal.
    """

    allowed: bool
    code: ResendCode | None
    detail: str
    resenders: tuple[Resender, ...] = ()


class ResendRequirement(StrEnum):
    """What is needed before a message can be resent."""

    NOTHING = "nothing"  #: it can be resent now
    FIXED_CAUSE = "fixed_cause"  #: the sender fixes the cause first; this is not checked
    CHANGED_ADDRESS = "changed_address"  #: the customer's contact must change
    CONSENT = "consent"  #: the customer must consent
    NEVER = "never"  #: it cannot be resent


_DETAILS = {
    ResendCode.NEEDS_CHANGED_ADDRESS: "We cannot deliver to this address or number. Correct the contact details first.",
    ResendCode.BLOCKED_BY_COMPLAINT: "The customer marked a message as spam. Contact them another way.",
    ResendCode.NEEDS_CONSENT: "The customer opted out. To resend, record their consent: who gave it, how and when.",
    ResendCode.ALREADY_RUNNING: "A resend is in progress. Wait for the result.",
    ResendCode.CONTENT_NOT_HELD: (
        "The content of this message is not stored here. To have your application resend the messages that it sent, "
        "change who resends in the settings. Or send a new message."
    ),
    ResendCode.HOST_NOT_ALLOWED: "Your application does not resend this message. To change that, see the settings.",
    ResendCode.NO_CONTACT: "The customer has no contact details for this channel. Add them first.",
    ResendCode.ALREADY_RESOLVED: "The message has since been delivered. You do not need to resend it.",
    ResendCode.DISMISSED: "This notification was dismissed. Restore it first.",
    ResendCode.EXPIRED: "This notification is more than 30 days old. Send a new message instead.",
}

_BY_STATE = {
    State.RESENDING: ResendCode.ALREADY_RUNNING,
    State.RESOLVED: ResendCode.ALREADY_RESOLVED,
    State.DISMISSED: ResendCode.DISMISSED,
    State.EXPIRED: ResendCode.EXPIRED,
}


_PERMANENT = frozenset({ResendRequirement.CHANGED_ADDRESS, ResendRequirement.NEVER})
"""What a resend requires after a failure that applies to every message to the address."""


def resend_requirement(classification: Classification) -> ResendRequirement:
    """Return what is needed before a message with this failure can be resent."""
    if classification.status is Status.SPAMMED or classification.reason is Reason.SUPPRESSED_COMPLAINT:
        return ResendRequirement.NEVER
    if classification.reason in {Reason.UNSUBSCRIBED, Reason.OPTED_OUT}:
        return ResendRequirement.CONSENT
    if classification.fault is Fault.SENDER:
        return ResendRequirement.FIXED_CAUSE
    if classification.kind is Kind.SOFT:
        return ResendRequirement.NOTHING
    return ResendRequirement.CHANGED_ADDRESS


def refusal(code: ResendCode) -> ResendDecision:
    """Return the refusal with a code."""
    return ResendDecision(allowed=False, code=code, detail=_DETAILS[code])


def refusal_by_state(state: State) -> ResendDecision | None:
    """Return the refusal of a message whose item is in a state, or None if the state allows a resend."""
    return refusal(_BY_STATE[state]) if state in _BY_STATE else None


def decide_resend(  # noqa: PLR0911, PLR0913 - one return for each rule
    *,
    state: State,
    classification: Classification,
    contact_changed: bool,
    consent: bool = False,
    has_contact: bool = True,
    resenders: tuple[Resender, ...] = (Resender.UNDELIVERED,),
) -> ResendDecision:
    """Return whether an item can be resent, from the facts that the rules need.

    ``resenders`` are those who can resend it (see ``resender``).
    """
    in_state = refusal_by_state(state)
    if in_state:
        return in_state
    requirement = resend_requirement(classification)
    if requirement is ResendRequirement.NEVER:
        return refusal(ResendCode.BLOCKED_BY_COMPLAINT)
    if not has_contact:
        return refusal(ResendCode.NO_CONTACT)
    if requirement is ResendRequirement.CONSENT and not consent:
        return refusal(ResendCode.NEEDS_CONSENT)
    if requirement is ResendRequirement.CHANGED_ADDRESS and not contact_changed:
        return refusal(ResendCode.NEEDS_CHANGED_ADDRESS)
    if not resenders:
        return refusal(ResendCode.CONTENT_NOT_HELD)
    detail = "Fix the cause first, then resend." if requirement is ResendRequirement.FIXED_CAUSE else "Ready to resend."
    return ResendDecision(allowed=True, code=None, detail=detail, resenders=resenders)


def decide_resender(decision: ResendDecision, resender: Resender | None) -> ResendDecision:
    """Return the decision with the chosen resender alone, the usual one if none is chosen, or a refusal."""
    chosen = resender or decision.resenders[0]
    if chosen in decision.resenders:
        return replace(decision, resenders=(chosen,))
    return refusal(ResendCode.HOST_NOT_ALLOWED if chosen is Resender.HOST else ResendCode.CONTENT_NOT_HELD)


def decide_listed_resend(
    item: UndeliveredItem, now: datetime, resend_by: ResendBy, content_days: int
) -> ResendDecision:
    """Return whether an item of a list can be resent, from the item and the account's settings alone.

    The customer's contact is assumed to exist and not to be suppressed, and a consent is not assumed.
    """
    return decide_resend(
        state=item.state_at(now),
        classification=item.classification,
        contact_changed=bool(item.ready_contact),
        resenders=_listed_resenders(item, now, resend_by, content_days),
    )


def is_ready(item: UndeliveredItem, now: datetime, resend_by: ResendBy, content_days: int) -> bool:
    """Whether a customer's contact was corrected after an item failed, and somebody can resend the item to it."""
    return bool(item.ready_contact and _listed_resenders(item, now, resend_by, content_days))


def _listed_resenders(
    item: UndeliveredItem, now: datetime, resend_by: ResendBy, content_days: int
) -> tuple[Resender, ...]:
    is_stored = now < item.sent_at + timedelta(days=content_days)
    return resenders_of(resend_by, content_held=item.content_held and is_stored)


def decide_item_resend(  # noqa: PLR0913 - the facts come from several stores
    item: UndeliveredItem,
    now: datetime,
    *,
    customer: Customer | None,
    notification: Notification | None,
    suppression: Suppression | None,
    consent: bool = False,
    resend_by: ResendBy = ResendBy.UNDELIVERED,
) -> ResendDecision:
    """Return whether an item can be resent now to the customer's current contact.

    ``suppression`` is the suppression of that contact. ``consent`` is whether the request gives a consent; a consent
    recorded after the failure counts too. If the contact is suppressed, the rule for that suppression applies. If the
    message was dropped at the contact and the suppression has been lifted since, the contact counts as changed.
    """
    contact = customer.contact(item.channel) if customer else ""
    failed_at = _failed_at(item.failure)
    lifted_at = suppression.lifted_at if suppression and not suppression.active else None
    changed = customer is not None and not _fails_at_contact(item, customer, lifted_at)
    recorded = bool(customer and customer.has_consented(item.channel, failed_at))
    decide = partial(
        decide_resend,
        state=item.state_at(now),
        has_contact=bool(contact),
        resenders=resenders_of(resend_by, content_held=notification is not None),
    )
    decision = decide(classification=item.classification, contact_changed=changed, consent=consent or recorded)
    essential = notification is not None and notification.essential
    if decision.allowed and suppression and blocks(suppression, essential=essential, resend=True):
        return decide(classification=dropped_classification(suppression), contact_changed=False, consent=consent)
    return decision


def ready_contact(item: UndeliveredItem, customer: Customer, others: Iterable[UndeliveredItem] = ()) -> str:
    """Return the customer's contact if an item is ready to be resent to it, else an empty string.

    It is not ready if the message failed at this contact, or is being resent to it, or if one of the customer's
    ``others`` failed permanently there. It is never ready after a complaint, which applies to the person, not to the
    address.
    """
    contact = customer.contact(item.channel)
    if not contact or resend_requirement(item.classification) is ResendRequirement.NEVER:
        return ""
    is_on_its_way = item.state is State.RESENDING and _is_at_contact(item.last_sent, item.channel, customer)
    if is_on_its_way or _fails_at_contact(item, customer):
        return ""
    failed_there = any(other.channel is item.channel and fails_permanently(other, customer) for other in others)
    return "" if failed_there else contact


def fails_permanently(item: UndeliveredItem, customer: Customer) -> bool:
    """Whether a message failed at the customer's contact for a reason that applies to every message to it."""
    return bool(customer.contact(item.channel)) and any(
        resend_requirement(attempt.result.classification) in _PERMANENT
        and _is_at_contact(attempt, item.channel, customer)
        for attempt in item.attempts
        if attempt.result and attempt.result.classification
    )


def _fails_at_contact(item: UndeliveredItem, customer: Customer, lifted_at: datetime | None = None) -> bool:
    """Whether the last failure, or an earlier failure that requires a changed contact, was at the customer's contact.

    Messages that were dropped before ``lifted_at`` do not count.
    """

    def counts(attempt: Attempt) -> bool:
        classification = attempt.result.classification if attempt.result else None
        if classification is None:
            return False
        if classification.status is Status.DROPPED and lifted_at and lifted_at > _failed_at(attempt):
            return False
        return attempt == item.failure or resend_requirement(classification) is ResendRequirement.CHANGED_ADDRESS

    return any(counts(attempt) and _is_at_contact(attempt, item.channel, customer) for attempt in item.attempts)


def _failed_at(attempt: Attempt) -> datetime:
    return attempt.result.at if attempt.result else attempt.at


def _is_at_contact(attempt: Attempt, channel: Channel, customer: Customer) -> bool:
    """Whether an attempt went to the customer's current contact.

    If its number is unknown, for example because the carrier masks it, it went to the contact at that time.
    """
    if is_address(channel, attempt.to):
        return same_contact(channel, customer.contact(channel), attempt.to)
    changed_at = customer.contact_changed_at(channel)
    return changed_at is None or changed_at <= attempt.at
