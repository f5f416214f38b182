"""Suppressions by hand, and what follows from repeated soft failures."""

import functools
import itertools
from datetime import timedelta

import pytest
from msgspec.structs import replace

from tests.builders.items import ACCOUNT, NOW, a_customer, a_suppression, an_attempt, an_item, reported, resent
from tests.fakes import (
    FakeAccountStore,
    FakeAnnouncer,
    FakeCustomerStore,
    FakeNotificationStore,
    FakeProviderSuppressions,
    FakeSuppressionStore,
    FakeUndeliveredStore,
)
from undelivered.domain.customer import Consent
from undelivered.domain.errors import NotFoundError, RefusedError, SuppressionNotLiftedError
from undelivered.domain.feedback import Outcome
from undelivered.domain.item import Dismissal
from undelivered.domain.item_event import event_document, item_event
from undelivered.domain.notification import SendOutcome
from undelivered.domain.suppression import (
    SuppressionReason,
    effective_suppression,
    hide_address,
    merge_suppression,
)
from undelivered.domain.taxonomy import Channel, Reason
from undelivered.services.manage_suppressions import ManageSuppressions, NewSuppression
from undelivered.services.on_item_changed import OnItemChanged

ADDRESS = "ada@example.com"
CONSENT = Consent("Ada Byron", "by telephone", NOW)


class Desk:
    def __init__(self, reason=None, channel=Channel.EMAIL, address=ADDRESS):
        self.store = FakeSuppressionStore()
        self.provider = FakeProviderSuppressions()
        self.manage = ManageSuppressions(self.store, self.provider, lambda: NOW)
        self.place = ACCOUNT, channel, address
        if reason:
            self.store.save(None, a_suppression(address, reason=reason, channel=channel))

    def lift(self, **more):
        return self.manage.lift(*self.place, by="manager", why="the customer called", **more)

    def known(self):
        return self.store.find(*self.place)


@pytest.mark.parametrize(
    "reason", [SuppressionReason.BOUNCE, SuppressionReason.MANUAL, SuppressionReason.REPEATEDLY_UNREACHABLE]
)
def test_a_lift_is_carried_to_the_provider_and_audited_with_what_was_there_before(reason):
    desk = Desk(reason)

    desk.lift()

    assert not desk.known().active
    assert desk.provider.lifted == [(Channel.EMAIL, ADDRESS, False)]
    (entry,) = desk.known().audit
    assert (entry.by, entry.action) == ("manager", "lift")
    assert "the customer called" in entry.detail
    assert f"was {reason}" in entry.detail


def test_a_lift_says_in_its_audit_what_was_there_who_consented_and_what_stays():
    desk = Desk(SuppressionReason.UNSUBSCRIBED)
    since = desk.known().since
    desk.store.save(None, a_suppression(ADDRESS, account_id="acc-2"))

    desk.lift(consent=CONSENT)

    (entry,) = desk.known().audit
    assert desk.provider.lifted == []
    assert entry.detail == "; ".join(
        [
            "the customer called",
            f"was unsubscribed since {since.isoformat()}",
            f"consent by {CONSENT.given_by}, {CONSENT.how}, {CONSENT.at.isoformat()}",
            "stays on the provider's list for another account",
        ]
    )


def test_a_lift_without_a_consent_at_the_provider_says_neither():
    desk = Desk(SuppressionReason.BOUNCE)
    since = desk.known().since

    desk.lift()

    (entry,) = desk.known().audit
    assert entry.detail == f"the customer called; was bounce since {since.isoformat()}"


def test_a_lift_that_the_provider_does_not_learn_of_lifts_nothing():
    desk = Desk(SuppressionReason.BOUNCE)
    desk.provider.error = SuppressionNotLiftedError("the provider is away")

    with pytest.raises(SuppressionNotLiftedError):
        desk.lift()

    assert desk.known().active


def test_a_complaint_cannot_be_lifted_even_with_a_consent():
    with pytest.raises(RefusedError) as refused:
        Desk(SuppressionReason.COMPLAINT).lift(consent=CONSENT)

    assert refused.value.code == "suppression_blocked_by_complaint"


@pytest.mark.parametrize("reason", [SuppressionReason.UNSUBSCRIBED, SuppressionReason.OPTED_OUT])
def test_an_opt_out_is_lifted_by_a_consent_only(reason):
    desk = Desk(reason, Channel.SMS, "+12065550100")

    with pytest.raises(RefusedError) as refused:
        desk.lift()
    desk.lift(consent=CONSENT)

    assert refused.value.code == "suppression_needs_consent"
    assert desk.provider.lifted == [(Channel.SMS, "+12065550100", reason is SuppressionReason.OPTED_OUT)]
    assert "consent by Ada Byron" in desk.known().audit[0].detail


def test_what_is_not_suppressed_cannot_be_lifted():
    with pytest.raises(NotFoundError):
        Desk().lift()


def test_suppressing_by_hand_never_softens_a_graver_reason():
    desk = Desk(SuppressionReason.COMPLAINT)

    held = desk.manage.add(ACCOUNT, NewSuppression(*desk.place[1:], why="asked"), by="manager")

    assert held.reason is SuppressionReason.COMPLAINT


def test_an_address_can_be_suppressed_again_after_a_lift():
    desk = Desk(SuppressionReason.BOUNCE)
    desk.lift()
    later = ManageSuppressions(desk.store, desk.provider, lambda: NOW + timedelta(minutes=1))

    held = later.add(ACCOUNT, NewSuppression(*desk.place[1:], why="asked"), by="manager")

    assert held.active
    assert [entry.action for entry in held.audit] == ["lift", "suppress"]


def test_causes_join_the_same_in_any_order():
    complaint = a_suppression(reason=SuppressionReason.COMPLAINT)
    earlier = a_suppression(since=NOW - timedelta(days=3), origin="m-0")
    later = a_suppression(since=NOW - timedelta(days=2), origin="m-2")

    def joined(*causes):
        known = None
        for cause in causes:
            known = merge_suppression(known, cause)
        return known

    assert joined(later, complaint, earlier) == joined(earlier, later, complaint) == joined(complaint, later, earlier)
    assert joined(later, earlier).origin == "m-0"


def test_every_spelling_that_the_provider_reported_is_kept_in_any_order():
    first = a_suppression(spellings=("Ada@Example.com",), since=NOW - timedelta(days=3))
    second = a_suppression(spellings=("ADA@example.com",))
    complaint = a_suppression(reason=SuppressionReason.COMPLAINT, spellings=("Ada@example.com",))
    known = {
        functools.reduce(merge_suppression, causes, None).spellings
        for causes in itertools.permutations((first, second, complaint))
    }

    assert known == {("ADA@example.com", "Ada@Example.com", "Ada@example.com")}
    assert merge_suppression(None, first).spellings == ("Ada@Example.com",)


def test_a_lift_names_the_spellings_to_the_provider_and_an_erased_address_has_none():
    desk = Desk()
    desk.store.save(None, a_suppression(ADDRESS, spellings=("Ada@Example.com",)))

    desk.lift()

    assert desk.provider.spellings == ["Ada@Example.com"]
    assert hide_address(a_suppression(ADDRESS, spellings=("Ada@Example.com",)), None, "digest").spellings == ()


class Stream:
    """Feeds changes to the on-item-changed as the table's stream would."""

    def __init__(self):
        self.suppressions = FakeSuppressionStore()
        self.items = FakeUndeliveredStore(self.suppressions, clock=lambda: NOW)
        self.notifications = FakeNotificationStore(clock=lambda: NOW)
        self.customers = FakeCustomerStore()
        self.publisher = FakeAnnouncer()
        self.on_item_changed = OnItemChanged(
            self.items,
            self.notifications,
            self.customers,
            self.suppressions,
            FakeAccountStore(),
            self.publisher,
            lambda: NOW,
        )

    def soft(self, days_ago, number, reason=Reason.MAILBOX_FULL, **changes):
        changes = {"recipient": ADDRESS, "customer_id": "c-1", **changes}
        item = an_item(reason, days_ago=days_ago, number=number, **changes)
        self.items.save(None, item)
        self.on_item_changed(None, item)
        return item

    def suppression(self):
        return self.suppressions.find(ACCOUNT, Channel.EMAIL, ADDRESS)


def test_five_soft_failures_over_three_days_suppress_as_repeatedly_unreachable():
    stream = Stream()

    for number, days_ago in enumerate([5, 4, 3, 2.5]):
        stream.soft(days_ago, number)
    assert stream.suppression() is None
    stream.soft(1, 9)

    assert stream.suppression().reason is SuppressionReason.REPEATEDLY_UNREACHABLE


def test_the_order_in_which_soft_failures_are_seen_does_not_matter():
    stream = Stream()

    for number, days_ago in enumerate([1, 5, 2.5, 4, 3]):
        stream.soft(days_ago, number)

    assert stream.suppression().active


@pytest.mark.parametrize("written", ["", "+1XXX5550100"])
def test_a_number_that_is_not_known_is_never_suppressed(written):
    stream = Stream()

    for number, days_ago in enumerate([6, 5, 4, 3, 2, 1]):
        stream.soft(days_ago, number, Reason.UNREACHABLE, channel=Channel.SMS, recipient="", written=written)

    assert stream.suppressions.find(ACCOUNT, Channel.SMS, written) is None


def test_five_soft_failures_within_a_day_suppress_nothing():
    stream = Stream()

    for number in range(6):
        stream.soft(1 - number / 10, number)

    assert stream.suppression() is None


def test_failures_that_are_ours_never_count():
    stream = Stream()

    for number, days_ago in enumerate([6, 5, 4, 3, 2, 1]):
        stream.soft(days_ago, number, Reason.CONTENT_REJECTED)

    assert stream.suppression() is None


def test_a_send_in_between_that_arrived_starts_the_count_anew():
    stream = Stream()
    arrived = an_attempt("n-fine", to=ADDRESS, claimed_at=NOW - timedelta(days=2), outcome=SendOutcome.SENT)
    stream.notifications.record(replace(arrived, provider_message_id="m-fine"))

    for number, days_ago in enumerate([6, 5, 4, 3, 1]):
        stream.soft(days_ago, number)

    assert stream.suppression() is None


def test_an_item_that_failed_at_a_contact_corrected_meanwhile_is_flagged():
    stream = Stream()
    stream.customers.save(a_customer(email="ada@new.example"))

    item = stream.soft(1, 1)

    assert stream.items.find(ACCOUNT, item.entry_key).ready_contact == "ada@new.example"


def test_flagging_gives_way_to_who_wrote_in_between():
    stream = Stream()
    stream.customers.save(a_customer(email="ada@new.example"))
    item = an_item(Reason.MAILBOX_FULL, recipient=ADDRESS, customer_id="c-1")
    stream.items.save(None, item)
    stream.items.save(stream.items.find(ACCOUNT, item.entry_key), resent(item, to="ada@third.example"))

    stream.on_item_changed(None, replace(item, version=1))

    now = stream.items.find(ACCOUNT, item.entry_key)
    assert (now.ready_contact, len(now.attempts)) == ("ada@new.example", 2)


@pytest.mark.parametrize(
    ("email", "reason"), [(ADDRESS, Reason.MAILBOX_FULL), ("ada@new.example", Reason.COMPLAINT), ("", Reason.TIMED_OUT)]
)
def test_an_item_is_not_flagged_without_another_contact_or_after_a_complaint(email, reason):
    stream = Stream()
    stream.customers.save(a_customer(email=email))

    item = stream.soft(1, 1, reason)

    assert stream.items.find(ACCOUNT, item.entry_key).version == 1


ITEM = replace(an_item(Reason.MAILBOX_FULL), version=1)
RUNNING = replace(resent(ITEM), version=2)
DISMISSED = replace(ITEM, dismissal=Dismissal(NOW, "manager"), version=2)


@pytest.mark.parametrize(
    ("before", "after", "change"),
    [
        (None, ITEM, "opened"),
        (ITEM, RUNNING, "resending"),
        (RUNNING, reported(RUNNING, Outcome.DELIVERED), "resolved"),
        (RUNNING, reported(RUNNING, Outcome.FAILED, reason=Reason.MAILBOX_FULL), "returned"),
        (reported(RUNNING, Outcome.DELIVERED), reported(RUNNING, Outcome.FAILED, reason=Reason.TIMED_OUT), "returned"),
        (ITEM, DISMISSED, "dismissed"),
        (DISMISSED, ITEM, "restored"),
        (ITEM, None, "expired"),
    ],
)
def test_every_change_of_state_is_announced_once_with_a_stable_id(before, after, change):
    told = item_event(before, after)

    assert told == item_event(before, after)
    assert event_document(told, with_address=False)["type"] == f"undelivered.item.{change}"


@pytest.mark.parametrize(("before", "after"), [(ITEM, ITEM), (DISMISSED, None), (None, None)])
def test_what_changes_no_state_is_not_announced(before, after):
    assert item_event(before, after) is None


def test_an_announcement_holds_an_address_only_when_that_is_switched_on():
    told = item_event(None, ITEM)

    assert ITEM.recipient not in str(event_document(told, with_address=False))
    assert event_document(told, with_address=True)["recipient"] == ITEM.recipient


def test_what_was_lifted_in_one_form_is_spent_in_the_other():
    """An address that was erased and came back has two forms; whatever was lifted last counts for both."""
    old, lifted, later = NOW - timedelta(days=9), NOW - timedelta(days=5), NOW - timedelta(days=3)
    hidden = a_suppression("", address_hash="f00d", since=old, lifted_at=lifted)
    readable = a_suppression(ADDRESS, since=lifted - timedelta(days=1), lifted_at=old)

    assert readable.active
    assert not effective_suppression(readable, hidden).active
    assert effective_suppression(replace(readable, since=later), hidden).active
    assert not effective_suppression(replace(readable, lifted_at=NOW), replace(hidden, lifted_at=None)).active
