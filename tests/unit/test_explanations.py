"""Every failure has a sentence and one thing to do, and they agree with the resend rules."""

from itertools import product

import pytest

from undelivered.domain.explanations import explanation, remedy
from undelivered.domain.resend_policy import ResendRequirement, resend_requirement
from undelivered.domain.taxonomy import CLASSIFICATIONS, Channel, Fault, Kind, Reason, Status, classification_of

EVERY_CLASSIFICATION = sorted({classification_of(reason, kind) for reason in Reason for kind in (None, *Kind)}, key=str)


@pytest.mark.parametrize(
    "classification", EVERY_CLASSIFICATION, ids=lambda classification: f"{classification.reason}-{classification.kind}"
)
@pytest.mark.parametrize("channel", Channel)
def test_every_failure_is_explained_and_has_a_remedy(classification, channel):
    for sentence in (explanation(classification, channel), remedy(classification, channel)):
        assert sentence[0].isupper()
        assert sentence.endswith(".")
        assert len(sentence) < 120


@pytest.mark.parametrize(
    "classification", EVERY_CLASSIFICATION, ids=lambda classification: f"{classification.reason}-{classification.kind}"
)
@pytest.mark.parametrize("channel", Channel)
def test_the_remedy_never_advises_what_the_resend_rules_refuse(classification, channel):
    advice, needed = remedy(classification, channel), resend_requirement(classification)

    assert ("Do not send again" in advice) == (needed is ResendRequirement.NEVER)
    assert ("record the consent" in advice) == (needed is ResendRequirement.CONSENT)
    if needed is ResendRequirement.CHANGED_ADDRESS:
        assert "Resend" not in advice


@pytest.mark.parametrize("channel", Channel)
def test_nobody_is_asked_for_a_new_address_when_the_fault_is_ours(channel):
    for classification in CLASSIFICATIONS.values():
        if classification.fault is Fault.SENDER:
            assert "another" not in remedy(classification, channel)


@pytest.mark.parametrize(("reason", "channel"), [*product(Reason, Channel)])
def test_texts_speak_of_numbers_and_mails_of_addresses(reason, channel):
    said = f"{explanation(CLASSIFICATIONS[reason], channel)} {remedy(CLASSIFICATIONS[reason], channel)}".lower()
    own = {Reason.NUMBER_INVALID, Reason.CARRIER_BLOCKED, Reason.DOMAIN_NOT_FOUND, Reason.SENDER_AUTHENTICATION}

    if reason not in own:
        assert ("number" if channel is Channel.EMAIL else "address") not in said


def test_a_closed_mailbox_is_explained_in_plain_words():
    closed = CLASSIFICATIONS[Reason.MAILBOX_DISABLED]

    assert closed.status is Status.BOUNCED
    assert explanation(closed, Channel.EMAIL) == "The mailbox no longer exists or has been closed."
    assert remedy(closed, Channel.EMAIL) == "Ask the customer for another address."
