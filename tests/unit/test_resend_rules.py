"""May this be resent? The whole table, and the sentences behind it."""

from itertools import product

import pytest

from undelivered.domain.item import State
from undelivered.domain.resend_policy import ResendCode, ResendRequirement, decide_resend, resend_requirement
from undelivered.domain.resender import Resender
from undelivered.domain.taxonomy import Fault, Kind, Reason, Status, classification_of, suppresses

US = (Resender.UNDELIVERED,)
EVERY_CLASSIFICATION = sorted({classification_of(reason, kind) for reason in Reason for kind in (None, *Kind)}, key=str)


def decision(reason, *, state=State.OPEN, changed=False, kind=None, **more):
    return decide_resend(state=state, classification=classification_of(reason, kind), contact_changed=changed, **more)


@pytest.mark.parametrize(
    "classification", EVERY_CLASSIFICATION, ids=lambda classification: f"{classification.reason}-{classification.kind}"
)
def test_every_combination_has_an_answer_with_a_code_exactly_when_refused(classification):
    for state, changed, consent, contact, held in product(State, *[(True, False)] * 4):
        answer = decide_resend(
            state=state,
            classification=classification,
            contact_changed=changed,
            consent=consent,
            has_contact=contact,
            resenders=US if held else (),
        )
        assert answer.allowed == (answer.code is None)
        assert answer.detail.endswith(".")
        if answer.allowed:
            assert (state, contact, held) == (State.OPEN, True, True)


@pytest.mark.parametrize("reason", [Reason.ADDRESS_NOT_FOUND, Reason.MAILBOX_DISABLED, Reason.SUPPRESSED_BOUNCE])
def test_a_dead_address_must_be_changed_first(reason):
    assert decision(reason).code is ResendCode.NEEDS_CHANGED_ADDRESS
    assert decision(reason, changed=True).allowed


@pytest.mark.parametrize("reason", [Reason.MAILBOX_FULL, Reason.TIMED_OUT, Reason.UNREACHABLE])
def test_a_soft_bounce_may_just_be_resent(reason):
    assert decision(reason).allowed


@pytest.mark.parametrize("reason", [Reason.COMPLAINT, Reason.SUPPRESSED_COMPLAINT])
def test_a_complaint_blocks_whatever_changes(reason):
    assert decision(reason, changed=True, consent=True).code is ResendCode.BLOCKED_BY_COMPLAINT


@pytest.mark.parametrize("reason", [Reason.UNSUBSCRIBED, Reason.OPTED_OUT])
def test_an_opt_out_needs_a_consent_even_at_a_new_address(reason):
    assert decision(reason, changed=True).code is ResendCode.NEEDS_CONSENT
    assert decision(reason, consent=True).allowed


def test_our_own_fault_may_be_resent_once_fixed():
    answer = decision(Reason.SPEND_LIMIT)

    assert answer.allowed
    assert "Fix the cause" in answer.detail


def test_a_permanent_bounce_that_was_our_fault_asks_nobody_for_a_new_address():
    assert decision(Reason.SENDER_BLOCKED, kind=Kind.HARD).allowed


@pytest.mark.parametrize(
    ("state", "code"),
    [
        (State.RESENDING, ResendCode.ALREADY_RUNNING),
        (State.RESOLVED, ResendCode.ALREADY_RESOLVED),
        (State.DISMISSED, ResendCode.DISMISSED),
        (State.EXPIRED, ResendCode.EXPIRED),
    ],
)
def test_only_open_items_are_resent(state, code):
    assert decision(Reason.MAILBOX_FULL, state=state).code is code


def test_without_a_contact_or_the_content_nothing_can_be_resent():
    assert decision(Reason.MAILBOX_FULL, has_contact=False).code is ResendCode.NO_CONTACT
    assert decision(Reason.MAILBOX_FULL, resenders=()).code is ResendCode.CONTENT_NOT_HELD


@pytest.mark.parametrize(
    "classification", EVERY_CLASSIFICATION, ids=lambda classification: f"{classification.reason}-{classification.kind}"
)
def test_a_senders_fault_never_suppresses_and_never_asks_for_an_address(classification):
    if classification.fault is Fault.SENDER:
        assert not suppresses(classification)
        assert resend_requirement(classification) is ResendRequirement.FIXED_CAUSE


def test_only_a_bounce_has_a_kind():
    assert all(
        (classification.kind is not None) == (classification.status is Status.BOUNCED)
        for classification in EVERY_CLASSIFICATION
    )
