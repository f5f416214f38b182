"""Every failure has a sentence and one thing to do, and they agree with the resend rules."""

from itertools import product

import pytest

from undelivered.domain.explanations import explanation, remedy
from undelivered.domain.resend import Requirement, requirement
from undelivered.domain.taxonomy import VERDICTS, Channel, Fault, Kind, Reason, Status, verdict

EVERY_VERDICT = sorted({verdict(reason, kind) for reason in Reason for kind in (None, *Kind)}, key=str)


@pytest.mark.parametrize("judgement", EVERY_VERDICT, ids=lambda judgement: f"{judgement.reason}-{judgement.kind}")
@pytest.mark.parametrize("channel", Channel)
def test_every_failure_is_explained_and_has_a_remedy(judgement, channel):
    for sentence in (explanation(judgement, channel), remedy(judgement, channel)):
        assert sentence[0].isupper()
        assert sentence.endswith(".")
        assert len(sentence) < 120


@pytest.mark.parametrize("judgement", EVERY_VERDICT, ids=lambda judgement: f"{judgement.reason}-{judgement.kind}")
@pytest.mark.parametrize("channel", Channel)
def test_the_remedy_never_advises_what_the_resend_rules_refuse(judgement, channel):
    advice, needed = remedy(judgement, channel), requirement(judgement)

    assert ("Do not send again" in advice) == (needed is Requirement.NEVER)
    assert ("record the consent" in advice) == (needed is Requirement.CONSENT)
    if needed is Requirement.CHANGED_ADDRESS:
        assert "Resend" not in advice


@pytest.mark.parametrize("channel", Channel)
def test_nobody_is_asked_for_a_new_address_when_the_fault_is_ours(channel):
    for judgement in VERDICTS.values():
        if judgement.fault is Fault.SENDER:
            assert "another" not in remedy(judgement, channel)


@pytest.mark.parametrize(("reason", "channel"), [*product(Reason, Channel)])
def test_texts_speak_of_numbers_and_mails_of_addresses(reason, channel):
    said = f"{explanation(VERDICTS[reason], channel)} {remedy(VERDICTS[reason], channel)}".lower()
    own = {Reason.NUMBER_INVALID, Reason.CARRIER_BLOCKED, Reason.DOMAIN_NOT_FOUND, Reason.SENDER_AUTHENTICATION}

    if reason not in own:
        assert ("number" if channel is Channel.EMAIL else "address") not in said


def test_a_closed_mailbox_is_explained_in_plain_words():
    closed = VERDICTS[Reason.MAILBOX_DISABLED]

    assert closed.status is Status.BOUNCED
    assert explanation(closed, Channel.EMAIL) == "The mailbox no longer exists or has been closed."
    assert remedy(closed, Channel.EMAIL) == "Ask the customer for another address."
