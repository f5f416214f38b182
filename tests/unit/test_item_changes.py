"""What follows from a change of an item: its event, its flag, suppressions, and repeat failures."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from tests.builders.items import ACCOUNT, NOW, a_customer, an_attempt, an_item, reported, resent
from tests.fakes import (
    FakeAccountStore,
    FakeAnnouncer,
    FakeCustomerStore,
    FakeNotificationStore,
    FakeSuppressionStore,
    FakeUndeliveredStore,
)
from undelivered.domain.account_settings import AccountSettings
from undelivered.domain.feedback import Outcome
from undelivered.domain.item import Dismissal
from undelivered.domain.item_event import item_event
from undelivered.domain.notification import SendOutcome
from undelivered.domain.suppression import SoftFailureRule, Suppression, SuppressionReason
from undelivered.domain.taxonomy import Channel, Reason
from undelivered.services.on_item_changed import OnItemChanged
from undelivered.services.track_repeat_failures import TrackRepeatFailures

ADDRESS = "ada@example.com"


class World:
    """Ada's items, on an account where two soft failures over a day suppress an address."""

    def __init__(self, **rule):
        self.items, self.customers = FakeUndeliveredStore(clock=lambda: NOW), FakeCustomerStore()
        self.notifications = FakeNotificationStore(clock=lambda: NOW)
        self.suppressions, self.accounts = FakeSuppressionStore(), FakeAccountStore()
        self.events = FakeAnnouncer()
        soft_failures = SoftFailureRule(**{"failures": 2, "days": 1, **rule})
        self.accounts.save_settings(AccountSettings(ACCOUNT, soft_failures=soft_failures))
        self.use_case = OnItemChanged(
            self.items,
            self.notifications,
            self.customers,
            self.suppressions,
            self.accounts,
            self.events,
            lambda: NOW,
        )

    def fail(self, number, *, days_ago, reason=Reason.MAILBOX_FULL, **changes):
        item = an_item(
            reason, number=number, days_ago=days_ago, **{"recipient": ADDRESS, "customer_id": "c-1", **changes}
        )
        self.items.save(None, item)
        stored = self.items.find(ACCOUNT, item.entry_key)
        self.use_case(None, stored)
        return stored

    def suppression(self):
        return self.suppressions.find(ACCOUNT, Channel.EMAIL, ADDRESS)


@pytest.mark.parametrize("change", ["opened", "resending", "returned"])
def test_a_change_of_state_is_published_with_the_item(change):
    world = World()
    item = an_item()
    running = resent(item)
    before, after = {
        "opened": (None, item),
        "resending": (item, running),
        "returned": (running, reported(running, Outcome.FAILED, reason=Reason.MAILBOX_FULL)),
    }[change]

    world.use_case(before, after)

    assert world.events.told == [item_event(before, after)]
    assert world.events.told[0].type == change


def test_a_change_that_keeps_the_state_is_not_published():
    world = World()

    world.use_case(an_item(), replace(an_item(), ready_contact="new@example.com"))

    assert world.events.told == []


def test_the_removal_of_an_item_is_published_and_does_nothing_else():
    world = World()
    world.suppressions.find = None

    world.use_case(an_item(), None)

    assert [event.type for event in world.events.told] == ["expired"]


def test_soft_failures_in_a_row_suppress_the_address_since_the_last_of_them():
    world = World()
    world.fail(1, days_ago=3)
    assert world.suppression() is None

    world.fail(2, days_ago=1)

    assert world.suppression() == Suppression(
        ACCOUNT,
        Channel.EMAIL,
        ADDRESS,
        SuppressionReason.REPEATEDLY_UNREACHABLE,
        NOW - timedelta(days=1) + timedelta(minutes=1, milliseconds=250),
        origin="m-2",
        version=1,
    )


@pytest.mark.parametrize("outcome", SendOutcome)
def test_a_send_without_a_failure_between_them_counts_as_arrived(outcome):
    world = World()
    claimed = an_attempt("n-9", claimed_at=NOW - timedelta(days=2), provider_message_id="m-9")
    world.notifications.claim(claimed)
    world.notifications.record(replace(claimed, outcome=outcome))
    world.fail(1, days_ago=3)

    world.fail(2, days_ago=1)

    assert (world.suppression() is None) is (outcome is SendOutcome.SENT)


def test_the_send_of_a_failure_is_not_taken_for_an_arrived_one():
    world = World()
    for number, days in ((1, 3), (2, 1)):
        claimed_at = NOW - timedelta(days=days)
        world.notifications.record(an_attempt(f"n-{number}", claimed_at=claimed_at, outcome=SendOutcome.SENT))
        world.fail(number, days_ago=days)

    assert world.suppression().reason is SuppressionReason.REPEATEDLY_UNREACHABLE


def test_failures_at_another_address_and_resends_under_way_do_not_count():
    world = World(failures=3)
    world.fail(1, days_ago=4)
    world.fail(2, days_ago=3, recipient="other@example.com")
    running = world.fail(3, days_ago=2)
    world.items.save(running, resent(running, to=ADDRESS, at=NOW - timedelta(hours=30)))
    assert world.suppression() is None

    world.fail(4, days_ago=1)

    assert world.suppression().origin == "m-4"


def test_a_change_that_keeps_the_failure_suppresses_nothing():
    world = World()
    world.items.save(None, an_item(Reason.MAILBOX_FULL, number=1, days_ago=3, recipient=ADDRESS, customer_id="c-1"))
    item = an_item(Reason.MAILBOX_FULL, number=2, days_ago=1, recipient=ADDRESS, customer_id="c-1")
    world.items.save(None, item)

    world.use_case(item, replace(item, ready_contact="new@example.com"))

    assert world.suppression() is None


@pytest.mark.parametrize(("reason", "is_soft"), [(Reason.MAILBOX_DISABLED, False), (Reason.RATE_LIMITED, False)])
def test_hard_failures_and_failures_of_ours_do_not_count(reason, is_soft):
    world = World()
    world.fail(1, days_ago=3)

    world.fail(2, days_ago=1, reason=reason)

    assert (world.suppression() is not None) is is_soft


@pytest.mark.parametrize(
    ("days_ago", "is_flagged"), [(1, True), (30 - 1 / 24, False), (30 - 1.1 / 24, True), (29.99, False)]
)
def test_an_item_is_flagged_if_the_contact_was_corrected_before_its_failure_was_recorded(days_ago, is_flagged):
    world = World()
    world.customers.save(a_customer(email="new@example.com"))

    item = world.fail(1, days_ago=days_ago, reason=Reason.ADDRESS_NOT_FOUND)

    stored = world.items.find(ACCOUNT, item.entry_key)
    assert stored.ready_contact == ("new@example.com" if is_flagged else "")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({}, {"dismissal": Dismissal(NOW, "manager")}),
        ({"ready_contact": "new@example.com"}, {"ready_contact": "new@example.com", "version": 2}),
        ({"ready_contact": "new@example.com"}, {"ready_contact": ""}),
    ],
    ids=["dismissed", "the same flag", "no flag any more"],
)
def test_a_change_without_a_new_failure_or_flag_asks_for_no_customer_and_no_other_items(before, after):
    world = World()
    world.customers.find = world.items.items_of_customer = world.items.live_items_of_customer = None
    item = an_item(Reason.MAILBOX_FULL)

    world.use_case(replace(item, **before), replace(item, **after))

    assert world.suppression() is None


def test_a_new_flag_that_a_failure_contradicts_is_taken_back():
    world = World()
    world.customers.save(a_customer(email="new@example.com"))
    world.fail(1, days_ago=1, reason=Reason.ADDRESS_NOT_FOUND, recipient="new@example.com")
    item = world.fail(2, days_ago=2, reason=Reason.ADDRESS_NOT_FOUND)
    flagged = replace(item, ready_contact="new@example.com")
    world.items.save(item, flagged)

    world.use_case(item, flagged)

    assert world.items.find(ACCOUNT, item.entry_key).ready_contact == ""


@pytest.mark.parametrize("customer_id", ["", "c-9"])
def test_an_item_of_an_unknown_customer_is_not_flagged(customer_id):
    world = World()
    world.customers.save(a_customer("", email="new@example.com"))

    item = world.fail(1, days_ago=1, customer_id=customer_id, reason=Reason.ADDRESS_NOT_FOUND)

    assert world.items.find(ACCOUNT, item.entry_key).ready_contact == ""


class Repeats:
    def __init__(self):
        self.items = FakeUndeliveredStore(clock=lambda: NOW)
        self.recorded = []
        self.record = lambda *arguments: self.recorded.append(arguments)
        self.use_case = TrackRepeatFailures(self.items, self, {ACCOUNT: ZoneInfo("Pacific/Auckland")}.get)

    def fail(self, number, *, days_ago, **changes):
        item = an_item(number=number, days_ago=days_ago, **{"recipient": ADDRESS, "customer_id": "c-1", **changes})
        self.use_case(None, item)
        self.items.save(None, item)
        return item


def test_the_items_of_an_address_are_counted_by_the_accounts_days_from_the_second_on():
    world = Repeats()
    world.fail(1, days_ago=3)
    world.fail(2, days_ago=3, recipient="other@example.com")
    assert world.recorded == []

    world.fail(3, days_ago=3.01)
    world.fail(4, days_ago=1)

    day, later = (NOW.date() - timedelta(days=2)), NOW.date()
    assert world.recorded == [(ACCOUNT, ADDRESS, {day: 2}), (ACCOUNT, ADDRESS, {day: 2, later: 1})]


def test_an_item_that_is_stored_already_is_counted_once():
    world = Repeats()
    item = world.fail(1, days_ago=3)

    world.use_case(None, item)

    assert world.recorded == []


def test_items_without_a_recipient_are_not_counted():
    world = Repeats()

    for number in (1, 2):
        world.fail(number, days_ago=number, recipient="")

    assert world.recorded == []


def test_changes_and_removals_of_items_are_not_counted():
    world = Repeats()
    world.fail(1, days_ago=3)
    item = an_item(number=2, recipient=ADDRESS, customer_id="c-1")

    world.use_case(item, resent(item))
    world.use_case(item, None)

    assert world.recorded == []
