"""The kinds of work that open items ask for: what a person does next about each."""

from collections.abc import Set as AbstractSet
from enum import StrEnum
from functools import cache

from undelivered.domain.item import State, UndeliveredItem
from undelivered.domain.resend_policy import ResendRequirement, resend_requirement
from undelivered.domain.taxonomy import Classification


class Work(StrEnum):
    """What a person does about an open item."""

    CORRECT = "correct"  #: correct the customer's contact
    RESEND = "resend"  #: resend the message: the contact was corrected, or the failure was temporary
    OURS = "ours"  #: fix the cause on the sender's side, then resend
    LEAVE = "leave"  #: leave it: the recipient does not want the message


_BY_REQUIREMENT = {
    ResendRequirement.NOTHING: frozenset({Work.RESEND}),
    ResendRequirement.FIXED_CAUSE: frozenset({Work.OURS}),
    ResendRequirement.CHANGED_ADDRESS: frozenset({Work.CORRECT, Work.RESEND}),
    ResendRequirement.CONSENT: frozenset({Work.LEAVE}),
    ResendRequirement.NEVER: frozenset({Work.LEAVE}),
}


@cache
def possible_work(classification: Classification) -> AbstractSet[Work]:
    """Return the kinds of work that an open item with this classification can ask for."""
    return _BY_REQUIREMENT[resend_requirement(classification)]


def work_of(item: UndeliveredItem) -> Work | None:
    """Return the work that an item asks for; None unless its state is open.

    Each open item asks for exactly one kind of work. It follows from the item alone, so that it can be counted: not
    from the time, the account's settings, or suppressions. Whether a resend is allowed is a matter of its own; see
    ``resend_policy``.
    """
    if item.state is not State.OPEN:
        return None
    possible = possible_work(item.classification)
    if Work.CORRECT in possible:
        return Work.RESEND if item.ready_contact else Work.CORRECT
    (work,) = possible
    return work
