"""Items are ready to resend only while nothing of the customer's failed for good at the customer's contact."""

from collections import defaultdict, deque

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.builders.items import ACCOUNT, NOW, an_item, reported, resent
from tests.fakes import (
    FakeAccountStore,
    FakeAnnouncer,
    FakeCustomerStore,
    FakeNotificationStore,
    FakeSuppressionStore,
    FakeUndeliveredStore,
)
from undelivered.domain.feedback import Outcome
from undelivered.domain.item import AttemptResult
from undelivered.domain.lifecycle import merge_results
from undelivered.domain.resend_policy import ready_contact
from undelivered.domain.taxonomy import Channel, Kind, Reason, classification_of
from undelivered.services.manage_customers import CustomerChange, ManageCustomers
from undelivered.services.on_item_changed import OnItemChanged

OLD, NEW, OTHER = "old@example.com", "new@example.com", "other@example.com"
FAILS_FOR_GOOD = [Reason.ADDRESS_NOT_FOUND, Reason.MAILBOX_DISABLED, Reason.SUPPRESSED_BOUNCE, Reason.COMPLAINT]
MAY_STILL_ARRIVE = [Reason.MAILBOX_FULL, Reason.SENDER_BLOCKED, Reason.CONTENT_REJECTED]


class ItemsWithStream(FakeUndeliveredStore):
    """Items whose changes wait to be told, in order for each item, as a stream tells them."""

    def __init__(self):
        super().__init__(clock=lambda: NOW)
        self.changes = defaultdict(deque)
        self.reads = []

    def save(self, before, after, suppression=None):
        stored = self.find(after.account_id, after.entry_key)
        super().save(before, after, suppression)
        self.changes[after.entry_key].append((stored, self.find(after.account_id, after.entry_key)))

    def live_items_of_customer(self, account_id, customer_id):
        self.reads.append(customer_id)
        return super().live_items_of_customer(account_id, customer_id)


class World:
    """Customer c-1, whose messages fail and are resent, and the changes of items that are not yet acted on."""

    def __init__(self):
        self.items, self.customers = ItemsWithStream(), FakeCustomerStore()
        self.manage = ManageCustomers(self.customers, self.items, lambda: NOW)
        self.act = OnItemChanged(
            self.items,
            FakeNotificationStore(clock=lambda: NOW),
            self.customers,
            FakeSuppressionStore(),
            FakeAccountStore(),
            FakeAnnouncer(),
            lambda: NOW,
        )
        self.keys = []
        self.correct(OLD)

    def correct(self, email):
        return self.manage.replace(ACCOUNT, "c-1", CustomerChange("Ada", email))

    def fail(self, reason=Reason.ADDRESS_NOT_FOUND, at=OLD, **changes):
        number = len(self.keys)
        changes = {"customer_id": "c-1", "recipient": at, "number": number, "days_ago": 9 - number / 100, **changes}
        item = an_item(reason, **changes)
        self.items.save(None, item)
        self.keys.append(item.entry_key)
        return item.entry_key

    def resend(self, key, reason, to):
        """Resend an item, and let it fail or arrive."""
        before = self.items.find(ACCOUNT, key)
        self.items.save(before, resent(before, to=to))
        before, attempt = self.items.find(ACCOUNT, key), len(before.attempts) + 1
        outcome = Outcome.COMPLAINED if reason is Reason.COMPLAINT else Outcome.FAILED if reason else Outcome.DELIVERED
        self.items.save(before, reported(before, outcome, attempt=attempt, reason=reason))

    def report_again(self, key, reason):
        """Report something else about the first attempt: the later of two permanent failures counts."""
        before = self.items.find(ACCOUNT, key)
        result = AttemptResult(Outcome.FAILED, NOW, classification_of(reason, Kind.HARD))
        first = before.attempts[0]
        self.items.save(before, before.with_attempt(replace(first, result=merge_results(first.result, result))))

    def tell_next(self, key, *, twice=False):
        change = self.items.changes[key].popleft()
        for _ in range(1 + twice):
            self.act(*change)

    def tell_all(self):
        while waiting := [key for key, changes in self.items.changes.items() if changes]:
            self.tell_next(waiting[0])

    def flags(self):
        return [self.items.find(ACCOUNT, key).ready_contact for key in self.keys]


@pytest.mark.parametrize("reason", FAILS_FOR_GOOD)
def test_the_customers_other_items_are_no_longer_ready_when_the_new_address_fails_for_good(reason):
    world = World()
    resend, *_ = [world.fail() for _ in range(3)]
    world.correct(NEW)
    world.tell_all()
    assert world.flags() == [NEW] * 3

    world.resend(resend, reason, to=NEW)
    world.tell_all()

    assert world.flags() == [""] * 3


@pytest.mark.parametrize("reason", FAILS_FOR_GOOD)
def test_a_new_message_that_fails_for_good_ends_it_too(reason):
    world = World()
    world.fail()
    world.correct(NEW)

    world.fail(reason, at=NEW)
    world.tell_all()

    assert world.flags() == ["", ""]


@pytest.mark.parametrize("reason", [*MAY_STILL_ARRIVE, None])
def test_they_stay_ready_when_the_new_address_may_still_take_them(reason):
    world = World()
    resend, *_ = [world.fail() for _ in range(2)]
    world.correct(NEW)

    world.resend(resend, reason, to=NEW)
    world.tell_all()

    assert world.flags() == ["", NEW]


def test_a_third_address_makes_them_all_ready():
    world = World()
    resend, *_ = [world.fail() for _ in range(2)]
    world.correct(NEW)
    world.resend(resend, Reason.ADDRESS_NOT_FOUND, to=NEW)
    world.tell_all()

    ready = world.correct(OTHER).ready

    assert world.flags() == [OTHER, OTHER]
    assert len(ready) == 2


def test_an_address_where_another_message_failed_for_good_makes_nothing_ready():
    world = World()
    world.fail(at=NEW)
    world.fail()

    assert world.correct(NEW).ready == []


def test_an_item_that_fails_later_at_the_old_address_is_not_ready_either():
    world = World()
    world.correct(NEW)
    world.fail(at=NEW)

    world.fail()
    world.tell_all()

    assert world.flags() == ["", ""]


def test_items_of_another_customer_and_of_the_other_channel_stay_ready():
    world = World()
    world.fail()
    text = world.fail(channel=Channel.SMS, recipient="+12065550100")
    theirs = world.fail(customer_id="c-2")
    world.manage.replace(ACCOUNT, "c-2", CustomerChange("Bob", NEW))
    world.manage.replace(ACCOUNT, "c-1", CustomerChange("Ada", NEW, "+12065550199"))

    world.fail(at=NEW)
    world.tell_all()

    assert world.flags() == ["", "+12065550199", NEW, ""]
    assert {text, theirs} < set(world.keys)


def test_an_item_flagged_while_the_failure_was_written_is_checked_again():
    world = World()
    key = world.fail()
    world.correct(NEW)
    world.fail(at=NEW)
    world.tell_all()
    item = world.items.find(ACCOUNT, key)

    world.items.save(item, replace(item, ready_contact=NEW))
    world.tell_all()

    assert world.flags() == ["", ""]


def test_they_are_ready_again_when_the_failure_turns_out_to_be_the_senders_fault():
    world = World()
    world.fail()
    world.correct(NEW)
    other = world.fail(Reason.MAILBOX_DISABLED, at=NEW)
    world.tell_all()
    assert world.flags() == ["", ""]

    world.report_again(other, Reason.SENDER_BLOCKED)
    world.tell_all()

    assert world.flags() == [NEW, ""]


def test_a_late_failure_of_an_earlier_attempt_ends_it_too():
    world = World()
    world.fail()
    world.correct(NEW)
    other = world.fail(Reason.MAILBOX_FULL, at=NEW)
    world.resend(other, Reason.ADDRESS_NOT_FOUND, to=OTHER)
    world.tell_all()
    assert world.flags() == [NEW, NEW]

    world.report_again(other, Reason.MAILBOX_DISABLED)
    world.tell_all()

    assert world.flags() == ["", ""]


@pytest.mark.parametrize("order", [(1, 2), (2, 1)])
def test_two_failures_at_once_do_not_wait_for_each_other(order):
    world = World()
    world.fail()
    world.correct(NEW)
    world.tell_all()
    keys = [world.fail(at=NEW) for _ in order]

    for place in order:
        world.tell_next(keys[place - 1])

    assert world.flags() == ["", "", ""]


def test_many_failures_at_the_contact_read_the_customers_items_once():
    world = World()
    world.correct(NEW)
    for _ in range(20):
        world.fail(at=NEW)
    world.items.reads.clear()

    world.tell_all()

    assert world.items.reads == ["c-1"]


ADDRESSES = st.sampled_from([OLD, NEW])
REASONS = st.sampled_from([Reason.MAILBOX_DISABLED, Reason.SUPPRESSED_BOUNCE, Reason.MAILBOX_FULL])
ANY = st.integers(0, 5)
STEPS = st.one_of(
    st.tuples(st.just("correct"), ADDRESSES),
    st.tuples(st.just("fail"), REASONS, ADDRESSES),
    st.tuples(st.just("resend"), ANY, st.none() | REASONS, ADDRESSES),
    st.tuples(st.just("report"), ANY, st.sampled_from([Reason.MAILBOX_DISABLED, Reason.SENDER_BLOCKED])),
    st.tuples(st.just("tell"), ANY, st.booleans()),
)


@settings(max_examples=400)
@given(st.lists(STEPS, max_size=20), st.randoms(use_true_random=False))
def test_in_any_order_the_flags_end_as_the_contact_and_the_failures_say(steps, random):
    world = World()
    world.fail()
    world.correct(NEW)
    world.tell_all()
    for name, *values in steps:
        if name == "correct":
            world.correct(*values)
        elif name == "fail":
            world.fail(*values)
        else:
            key = world.keys[values[0] % len(world.keys)]
            if name == "resend":
                world.resend(key, *values[1:])
            elif name == "report":
                world.report_again(key, *values[1:])
            elif world.items.changes[key]:
                world.tell_next(key, twice=values[1])
    while waiting := [key for key, changes in world.items.changes.items() if changes]:
        world.tell_next(random.choice(waiting), twice=random.random() < 0.2)

    items = [world.items.find(ACCOUNT, key) for key in world.keys]
    customer = world.customers.find(ACCOUNT, "c-1")
    live = world.items.live_items_of_customer(ACCOUNT, "c-1")
    assert [item.ready_contact for item in live] == [ready_contact(item, customer, items) for item in live]
