"""A consent: it ends what a person chose, here and at the provider, is kept, and is asked for once."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from tests.builders.items import ACCOUNT, NOW, a_customer, a_notification, a_suppression, an_item
from tests.fakes import (
    FakeAccountStore,
    FakeAttachmentFiles,
    FakeCustomerStore,
    FakeNotificationStore,
    FakeProviderSuppressions,
    FakeQueue,
    FakeSuppressionStore,
    FakeUndeliveredStore,
)
from undelivered.domain.customer import CONSENTS_KEPT, Consent, RecordedConsent
from undelivered.domain.errors import RefusedError, SuppressionNotLiftedError
from undelivered.domain.item import State
from undelivered.domain.suppression import SuppressionReason
from undelivered.domain.taxonomy import Channel, Reason
from undelivered.services.manage_suppressions import ManageSuppressions
from undelivered.services.request_resend import RequestResend

PHONE, EMAIL = "+12065550100", "ada@example.com"
CONSENT = Consent("Ada Byron", "by telephone", NOW - timedelta(hours=1))


class Desk:
    """One item that was dropped, and a manager with the customer's word."""

    def __init__(self, reason=Reason.UNSUBSCRIBED, channel=Channel.EMAIL, *, essential=False):
        self.time = NOW
        self.suppressions = FakeSuppressionStore()
        self.items = FakeUndeliveredStore(self.suppressions, clock=lambda: self.time)
        self.notifications = FakeNotificationStore(clock=lambda: self.time)
        self.customers, self.queue, self.provider = FakeCustomerStore(), FakeQueue(), FakeProviderSuppressions()
        self.resend = RequestResend(
            self.items,
            self.notifications,
            self.customers,
            self.suppressions,
            FakeAccountStore(),
            self.queue,
            lambda: self.provider,
            FakeAttachmentFiles,
            lambda: self.time,
        )
        self.channel, self.address = channel, EMAIL if channel is Channel.EMAIL else PHONE
        self.customers.save(a_customer(email=EMAIL, phone=PHONE))
        self.notifications.add(a_notification(channel=channel, essential=essential))
        item = an_item(reason, recipient=self.address, channel=channel, customer_id="c-1", notification_id="n-1")
        self.items.save(None, item)
        self.key = item.entry_key

    def suppress(self, reason, **more):
        self.suppressions.save(None, a_suppression(self.address, channel=self.channel, reason=reason, **more))

    def suppression(self):
        return self.suppressions.find(ACCOUNT, self.channel, self.address)

    def press_resend(self, consent=None):
        return self.resend(ACCOUNT, self.key, by="manager", consent=consent)

    def refusal(self, consent=None):
        with pytest.raises(RefusedError) as refused:
            self.press_resend(consent)
        return refused.value.code

    def state(self):
        return self.items.find(ACCOUNT, self.key).state

    def consents(self):
        return self.customers.find(ACCOUNT, "c-1").consents


def test_a_consent_with_a_resend_lifts_the_unsubscription_first_and_is_kept_with_the_customer():
    desk = Desk()
    desk.suppress(SuppressionReason.UNSUBSCRIBED)

    assert desk.refusal() == "resend_needs_consent"
    desk.press_resend(CONSENT)

    assert not desk.suppression().active
    assert "consent by Ada Byron" in desk.suppression().audit[0].detail
    assert desk.provider.lifted == [(Channel.EMAIL, EMAIL, False)]
    assert [(one.contact, one.consent, one.by) for one in desk.consents()] == [(EMAIL, CONSENT, "manager")]
    assert desk.state() is State.RESENDING


def test_while_the_provider_cannot_be_told_nothing_is_resent_lifted_or_recorded():
    desk = Desk()
    desk.suppress(SuppressionReason.UNSUBSCRIBED)
    desk.provider.error = SuppressionNotLiftedError("the provider is away")

    with pytest.raises(SuppressionNotLiftedError):
        desk.press_resend(CONSENT)

    assert desk.suppression().active
    assert (desk.state(), desk.queue.orders, desk.consents()) == (State.OPEN, [], ())


def test_an_opt_out_that_only_the_carrier_knows_of_is_lifted_there_once():
    desk = Desk(Reason.OPTED_OUT, Channel.SMS)
    desk.press_resend(CONSENT)
    desk.items.items.clear()
    again = an_item(Reason.OPTED_OUT, recipient=PHONE, channel=Channel.SMS, customer_id="c-1", notification_id="n-1")
    desk.items.save(None, again)

    desk.press_resend(CONSENT)

    # Amazon takes an opt-in for a number once in thirty days.
    assert desk.provider.lifted == [(Channel.SMS, PHONE, True)]
    assert not desk.suppression().active


def test_a_consent_never_lifts_a_complaint_and_heals_no_mailbox():
    complained, bounced = Desk(), Desk()
    complained.suppress(SuppressionReason.COMPLAINT)
    bounced.suppress(SuppressionReason.BOUNCE)

    assert complained.refusal(CONSENT) == "resend_blocked_by_complaint"
    assert bounced.refusal(CONSENT) == "resend_needs_changed_address"
    assert complained.provider.lifted == bounced.provider.lifted == []


def test_a_consent_at_a_new_address_leaves_the_old_one_unsubscribed():
    desk = Desk()
    desk.suppress(SuppressionReason.UNSUBSCRIBED)
    desk.customers.save(replace(desk.customers.find(ACCOUNT, "c-1"), email="ada@new.example"))

    desk.press_resend(CONSENT)

    assert desk.suppression().active
    assert [one.contact for one in desk.consents()] == ["ada@new.example"]


@pytest.mark.parametrize(("hours_after_the_failure", "enough"), [(1, True), (-1, False)])
def test_a_consent_on_record_counts_when_it_came_after_the_opt_out(hours_after_the_failure, enough):
    desk = Desk()
    failed_at = desk.items.find(ACCOUNT, desk.key).failure.result.at
    at = failed_at + timedelta(hours=hours_after_the_failure)
    customer = desk.customers.find(ACCOUNT, "c-1")
    desk.customers.save(customer.with_consent(RecordedConsent(Channel.EMAIL, EMAIL, CONSENT, "host", at)))

    if enough:
        desk.press_resend()
    else:
        assert desk.refusal() == "resend_needs_consent"


def test_a_soft_failure_at_an_address_that_is_suppressed_since_is_refused_with_the_reason_of_that():
    desk = Desk(Reason.MAILBOX_FULL)
    desk.suppress(SuppressionReason.BOUNCE)

    assert desk.refusal() == "resend_needs_changed_address"


def test_the_suppression_of_a_contact_is_found_in_any_spelling_of_the_contact():
    desk = Desk(Reason.MAILBOX_FULL)
    desk.customers.save(replace(desk.customers.find(ACCOUNT, "c-1"), email="Ada@Example.com"))
    desk.suppress(SuppressionReason.BOUNCE)

    assert desk.refusal() == "resend_needs_changed_address"


def test_what_was_dropped_is_resent_to_the_same_address_once_its_suppression_is_lifted():
    desk = Desk(Reason.SUPPRESSED_BOUNCE)
    desk.suppress(SuppressionReason.BOUNCE)
    assert desk.refusal() == "resend_needs_changed_address"

    lift = ManageSuppressions(desk.suppressions, desk.provider, lambda: desk.time)
    lift.lift(ACCOUNT, Channel.EMAIL, EMAIL, by="manager", why="the mailbox is back")

    assert desk.press_resend().state is State.RESENDING


def test_a_lift_does_not_make_a_dead_mailbox_one_to_resend_to():
    desk = Desk(Reason.MAILBOX_DISABLED)
    desk.suppress(SuppressionReason.BOUNCE)
    lift = ManageSuppressions(desk.suppressions, desk.provider, lambda: desk.time)
    lift.lift(ACCOUNT, Channel.EMAIL, EMAIL, by="manager", why="a mistake")

    assert desk.refusal() == "resend_needs_changed_address"


def test_repeated_soft_failures_do_not_stand_in_the_way_of_a_resend():
    desk = Desk(Reason.MAILBOX_FULL)
    desk.suppress(SuppressionReason.REPEATEDLY_UNREACHABLE)

    assert desk.press_resend().state is State.RESENDING


def test_an_essential_notice_is_resent_to_who_unsubscribed_since():
    desk = Desk(Reason.MAILBOX_FULL, essential=True)
    desk.suppress(SuppressionReason.UNSUBSCRIBED)

    assert desk.press_resend().state is State.RESENDING


def test_what_is_held_no_longer_cannot_be_resent():
    desk = Desk(Reason.MAILBOX_FULL)
    held = replace(a_notification("n-old"), created_at=NOW - timedelta(days=61))
    desk.notifications.add(held)
    item = an_item(Reason.MAILBOX_FULL, number=2, customer_id="c-1", notification_id="n-old")
    desk.items.save(None, item)
    desk.key = item.entry_key

    assert desk.refusal() == "resend_content_not_held"


def test_a_consent_that_is_recorded_again_later_is_kept_as_it_was():
    first = RecordedConsent(Channel.EMAIL, EMAIL, CONSENT, "host", NOW)
    customer = a_customer().with_consent(first)

    assert customer.with_consent(replace(first, by="manager", at=NOW + timedelta(days=1))) == customer
    for other in [
        replace(first, channel=Channel.SMS),
        replace(first, contact="other@example.com"),
        replace(first, consent=replace(CONSENT, how="by letter")),
    ]:
        assert customer.with_consent(other).consents == (first, other)


def test_only_the_latest_consents_are_kept_and_each_once():
    customer = a_customer()
    for number in range(30):
        word = RecordedConsent(Channel.EMAIL, EMAIL, Consent("Ada", f"letter {number}", NOW), "host", NOW)
        customer = customer.with_consent(word).with_consent(word)

    assert len(customer.consents) == CONSENTS_KEPT
    assert customer.consents[-1].consent.how == "letter 29"
