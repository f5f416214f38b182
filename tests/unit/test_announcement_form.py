"""The documented schema and example of announcements hold for what is announced."""

import json
from datetime import timedelta

import pytest
from msgspec.structs import replace

from tests.builders.items import NOW, an_item, reported, resent
from tests.builders.readme import check_announcement, documented
from undelivered.domain.feedback import Outcome
from undelivered.domain.item import Audit, Dismissal, SentBy, State
from undelivered.domain.item_event import (
    CORRECT_ACTION,
    ItemEventType,
    contact_correction,
    event_document,
    item_event,
    resend_request,
)
from undelivered.domain.lifecycle import start_resend
from undelivered.domain.message_tags import attempt_tags
from undelivered.domain.taxonomy import Channel, Fault, Reason, Status

OPEN = replace(an_item(Reason.MAILBOX_FULL), version=1)
RUNNING = replace(resent(OPEN), version=2)
DISMISSED = replace(OPEN, dismissal=Dismissal(NOW, "manager"), version=2)
CHANGES = {
    ItemEventType.OPENED: (None, OPEN),
    ItemEventType.RESENDING: (OPEN, RUNNING),
    ItemEventType.RESOLVED: (RUNNING, reported(RUNNING, Outcome.DELIVERED)),
    ItemEventType.RETURNED: (RUNNING, reported(RUNNING, Outcome.FAILED, reason=Reason.ADDRESS_NOT_FOUND)),
    ItemEventType.DISMISSED: (OPEN, DISMISSED),
    ItemEventType.RESTORED: (DISMISSED, replace(OPEN, version=3)),
    ItemEventType.EXPIRED: (OPEN, None),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("with_address", [False, True])
def test_every_change_is_announced_in_the_documented_form(change, with_address):
    told = item_event(*CHANGES[change])

    form = event_document(told, with_address=with_address)

    check_announcement(form)
    assert form["type"] == f"undelivered.item.{change}"
    assert ("recipient" in form) is with_address
    assert ("@" in json.dumps(form)) is with_address


def test_the_recipient_and_the_reason_are_of_the_same_attempt():
    returned = reported(RUNNING, Outcome.FAILED, reason=Reason.ADDRESS_NOT_FOUND)

    forms = [
        event_document(item_event(OPEN, RUNNING), with_address=True),
        event_document(item_event(RUNNING, returned), with_address=True),
    ]

    assert [(form["recipient"], form["reason"]) for form in forms] == [
        (OPEN.recipient, "mailbox_full"),
        ("new@example.com", "address_not_found"),
    ]


def test_every_change_of_state_has_a_type():
    assert set(CHANGES) == set(ItemEventType) - {ItemEventType.RESEND_REQUESTED, ItemEventType.CONTACT_CORRECTED}


@pytest.mark.parametrize("with_address", [False, True])
def test_a_contact_that_a_customer_corrected_is_announced_in_the_documented_form(with_address):
    corrected = replace(
        OPEN, audit=(Audit(NOW, "customer", CORRECT_ACTION),), ready_contact="new@example.com", version=2
    )

    form = event_document(contact_correction(OPEN, corrected), with_address=with_address)

    check_announcement(form)
    assert ("@" in json.dumps(form)) is with_address


@pytest.mark.parametrize("with_address", [False, True])
@pytest.mark.parametrize("channel", Channel)
def test_a_request_for_a_resend_is_announced_in_the_documented_form_and_says_where_to_send_to(channel, with_address):
    asked = start_resend(replace(OPEN, channel=channel), "new@example.com", "ada", NOW, sent_by=SentBy.HOST_ASKED)

    form = event_document(resend_request(asked, NOW + timedelta(hours=24)), with_address=with_address)

    check_announcement(form)
    assert (form["type"], form["attempt"], form["to"]) == ("undelivered.resend.requested", 2, "new@example.com")
    assert (form["requested_at"], form["send_before"]) == ("2026-11-23T18:00:00Z", "2026-11-24T18:00:00Z")
    assert form["tags"] == attempt_tags(asked, 2)


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_fits_the_form(reason):
    check_announcement(event_document(item_event(None, replace(an_item(reason), version=1)), with_address=False))


def test_the_examples_are_of_the_form():
    examples = documented().examples

    for example in examples:
        check_announcement(example)
    types = {"undelivered.item.returned", "undelivered.resend.requested", "undelivered.contact.corrected"}
    types |= {"undelivered.incident.ended"}
    assert {example["type"] for example in examples} == types


def test_the_schema_names_all_that_there_is():
    named = {
        name: set(told["enum"])
        for name, told in documented().schemas["undelivered.item"]["properties"].items()
        if "enum" in told
    }

    assert named["type"] == {f"undelivered.item.{change}" for change in CHANGES}
    assert named["channel"] == set(Channel)
    assert named["status"] == set(Status)
    assert named["fault"] == set(Fault)
    assert named["state"] == set(State)
