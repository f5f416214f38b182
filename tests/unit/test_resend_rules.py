"""May this be resent? The whole table, and the sentences behind it."""

from itertools import product

import pytest

from undelivered.domain.notification import State
from undelivered.domain.resend import Requirement, ResendCode, requirement, resend_ruling
from undelivered.domain.taxonomy import Fault, Kind, Reason, Status, suppresses, verdict

EVERY_VERDICT = sorted({verdict(reason, kind) for reason in Reason for kind in (None, *Kind)}, key=str)


def ruling(reason, *, state=State.OPEN, changed=False, kind=None, **more):
    return resend_ruling(state=state, verdict=verdict(reason, kind), contact_changed=changed, **more)


@pytest.mark.parametrize("judgement", EVERY_VERDICT, ids=lambda judgement: f"{judgement.reason}-{judgement.kind}")
def test_every_combination_has_an_answer_with_a_code_exactly_when_refused(judgement):
    for state, changed, consent, contact, held in product(State, *[(True, False)] * 4):
        answer = resend_ruling(
            state=state,
            verdict=judgement,
            contact_changed=changed,
            consent=consent,
            has_contact=contact,
            content_held=held,
        )
        assert answer.allowed == (answer.code is None)
        assert answer.detail.endswith(".")
        if answer.allowed:
            assert (state, contact, held) == (State.OPEN, True, True)


@pytest.mark.parametrize("reason", [Reason.ADDRESS_NOT_FOUND, Reason.MAILBOX_DISABLED, Reason.SUPPRESSED_BOUNCE])
def test_a_dead_address_must_be_changed_first(reason):
    assert ruling(reason).code is ResendCode.NEEDS_CHANGED_ADDRESS
    assert ruling(reason, changed=True).allowed


@pytest.mark.parametrize("reason", [Reason.MAILBOX_FULL, Reason.TIMED_OUT, Reason.UNREACHABLE])
def test_a_soft_bounce_may_just_be_resent(reason):
    assert ruling(reason).allowed


@pytest.mark.parametrize("reason", [Reason.COMPLAINT, Reason.SUPPRESSED_COMPLAINT])
def test_a_complaint_blocks_whatever_changes(reason):
    assert ruling(reason, changed=True, consent=True).code is ResendCode.BLOCKED_BY_COMPLAINT


@pytest.mark.parametrize("reason", [Reason.UNSUBSCRIBED, Reason.OPTED_OUT])
def test_an_opt_out_needs_a_consent_even_at_a_new_address(reason):
    assert ruling(reason, changed=True).code is ResendCode.NEEDS_CONSENT
    assert ruling(reason, consent=True).allowed


def test_our_own_fault_may_be_resent_once_fixed():
    answer = ruling(Reason.SPEND_LIMIT)

    assert answer.allowed
    assert "Fix the cause" in answer.detail


def test_a_permanent_bounce_that_was_our_fault_asks_nobody_for_a_new_address():
    assert ruling(Reason.SENDER_BLOCKED, kind=Kind.HARD).allowed


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
    assert ruling(Reason.MAILBOX_FULL, state=state).code is code


def test_without_a_contact_or_the_content_nothing_can_be_resent():
    assert ruling(Reason.MAILBOX_FULL, has_contact=False).code is ResendCode.NO_CONTACT
    assert ruling(Reason.MAILBOX_FULL, content_held=False).code is ResendCode.CONTENT_NOT_HELD


@pytest.mark.parametrize("judgement", EVERY_VERDICT, ids=lambda judgement: f"{judgement.reason}-{judgement.kind}")
def test_a_senders_fault_never_suppresses_and_never_asks_for_an_address(judgement):
    if judgement.fault is Fault.SENDER:
        assert not suppresses(judgement)
        assert requirement(judgement) is Requirement.FIXED_CAUSE


def test_only_a_bounce_has_a_kind():
    assert all((judgement.kind is not None) == (judgement.status is Status.BOUNCED) for judgement in EVERY_VERDICT)
