"""Taking feedback in: attributed, merged, counted once, and never lost."""

from datetime import timedelta
from itertools import permutations

import pytest
from msgspec.structs import replace

from tests.builders.accounts import message_accounts
from tests.builders.items import ACCOUNT, NOW, a_customer, a_failure, a_notification, an_attempt
from tests.builders.recording import Recording
from tests.fakes import (
    FakeReportReader,
)
from undelivered.domain.account_mapping import AccountMapping
from undelivered.domain.errors import NotYetKnownError, RetryableError, StaleWriteError
from undelivered.domain.feedback import Attribution, Outcome
from undelivered.domain.item import State
from undelivered.domain.lifecycle import AUTO_REPLY_CAME, settle_unconfirmed, start_resend
from undelivered.domain.notification import SendOutcome
from undelivered.domain.suppression import SuppressionReason
from undelivered.domain.taxonomy import Channel, Reason, Status


class World(Recording):
    def __init__(self):
        mapping = AccountMapping({"tenant-a": "by-tenant"}, {"shop.example": "by-identity"})
        super().__init__(message_accounts(mapping, "default"))
        self.record = self.use_case

    def count(self, account_id=ACCOUNT):
        return FakeReportReader(self.items).count(account_id, NOW).total


@pytest.fixture
def world():
    return World()


def untagged(reason=Reason.MAILBOX_FULL, *, identity=None, tenant=None, **more):
    return replace(a_failure(reason, **more), attribution=Attribution(identity=identity, tenant=tenant))


def test_a_batch_of_failures_is_counted_one_each(world):
    assert world.record([[a_failure(message_id=f"m-{n}")] for n in range(120)]) == {}

    assert world.count() == 120


def test_the_same_event_again_changes_nothing(world):
    for _ in range(3):
        world.record([[a_failure()], [a_failure()]])

    assert world.count() == 1


def test_a_complaint_and_a_bounce_of_one_message_end_the_same_in_any_order(world):
    events = [a_failure(Reason.MAILBOX_DISABLED), a_failure(Reason.COMPLAINT), a_failure(Reason.MAILBOX_FULL)]
    ends = []
    for order in permutations(events):
        fresh = World()
        for event in order:
            fresh.record([[event]])
        (item,) = fresh.items.all_items(ACCOUNT)
        cause = fresh.suppressions.find(ACCOUNT, Channel.EMAIL, "ada@example.com")
        ends.append((item.classification, item.attempts, cause.reason, cause.since))

    assert len(set(ends)) == 1
    assert ends[0][0].status is Status.SPAMMED


def test_a_hard_bounce_suppresses_and_a_soft_one_does_not(world):
    world.record([[a_failure(Reason.MAILBOX_DISABLED, recipient="dead@example.com")]])
    world.record([[a_failure(Reason.MAILBOX_FULL, recipient="full@example.com", message_id="m-2")]])

    assert world.suppressions.find(ACCOUNT, Channel.EMAIL, "dead@example.com").reason is SuppressionReason.BOUNCE
    assert world.suppressions.find(ACCOUNT, Channel.EMAIL, "full@example.com") is None


def test_an_event_before_the_last_lift_does_not_suppress_again(world):
    failure = a_failure(Reason.MAILBOX_DISABLED)
    world.record([[failure]])
    known = world.suppressions.find(ACCOUNT, Channel.EMAIL, "ada@example.com")
    lifted = _lifted(known)
    world.suppressions.save(known, lifted)

    world.record([[failure]])

    assert not world.suppressions.find(ACCOUNT, Channel.EMAIL, "ada@example.com").active


def test_a_later_bounce_suppresses_a_lifted_address_again(world):
    world.record([[a_failure(Reason.MAILBOX_DISABLED)]])
    known = world.suppressions.find(ACCOUNT, Channel.EMAIL, "ada@example.com")
    world.suppressions.save(known, _lifted(known))

    world.record([[a_failure(Reason.MAILBOX_DISABLED, message_id="m-2", at=NOW)]])

    assert world.suppressions.find(ACCOUNT, Channel.EMAIL, "ada@example.com").active


def _lifted(known):
    return replace(known, lifted_at=NOW - timedelta(minutes=5))


def test_untagged_mail_is_filed_by_tenant_then_identity_then_default(world):
    world.record(
        [
            [untagged(tenant="tenant-a", identity="shop.example", message_id="a")],
            [untagged(identity="billing@shop.example", message_id="b")],
            [untagged(identity="other.example", message_id="c")],
        ]
    )

    assert [world.count(account) for account in ("by-tenant", "by-identity", "default")] == [1, 1, 1]


def test_an_untagged_event_finds_its_send_by_the_providers_message_id(world):
    world.notifications.add(a_notification())
    world.customers.save(a_customer())
    world.notifications.record(an_attempt(provider_message_id="m-1", outcome=SendOutcome.SENT))

    world.record([[untagged(message_id="m-1")]])

    (item,) = world.items.all_items(ACCOUNT)
    assert (item.notification_id, item.customer_name, item.title) == ("n-1", "Ada Byron", "Rent reminder")


@pytest.fixture
def lookups(world, monkeypatch):
    """Return the addresses by which customers are looked up from now on."""
    addresses = []
    find = world.customers.find_by_address

    def noting(account_id, channel, address, **more):
        addresses.append(address)
        return find(account_id, channel, address, **more)

    monkeypatch.setattr(world.customers, "find_by_address", noting)
    return addresses


@pytest.mark.parametrize("sent_at", [NOW - timedelta(days=1), NOW - timedelta(days=40)])
def test_untagged_mail_is_of_the_one_customer_who_has_the_address(world, sent_at):
    world.customers.save(a_customer(account_id="default"))
    world.customers.save(a_customer("c-2"))

    world.record([[untagged(sent_at=sent_at)]])

    (item,) = world.items.all_items("default")
    assert (item.customer_id, item.customer_name) == ("c-1", "Ada Byron")


def test_untagged_texts_are_too(world):
    world.customers.save(a_customer(account_id="default", phone="+12065550100"))

    world.record([[untagged(Reason.UNREACHABLE, channel=Channel.SMS, recipient="+12065550100")]])

    assert [item.customer_id for item in world.items.all_items("default")] == ["c-1"]


@pytest.mark.parametrize("customers", [[], ["c-1", "c-2"], ["c-1", "c-2", "c-3"]])
def test_untagged_mail_has_no_customer_if_none_or_several_have_the_address(world, customers):
    for customer_id in customers:
        world.customers.save(a_customer(customer_id, account_id="default"))

    world.record([[untagged()]])

    assert [item.customer_id for item in world.items.all_items("default")] == [""]


def test_a_customer_who_is_named_by_a_tag_or_a_send_is_not_looked_up(world, lookups):
    world.customers.save(a_customer())
    world.notifications.add(a_notification(customer_id=""))
    world.notifications.record(an_attempt(provider_message_id="m-3", outcome=SendOutcome.SENT))

    world.record(
        [
            [a_failure(message_id="m-1", customer_id="c-9")],
            [a_failure(message_id="m-2", notification_id="n-2")],
            [untagged(message_id="m-3")],
        ]
    )

    assert lookups == []
    assert sorted(item.customer_id for item in world.items.all_items(ACCOUNT)) == ["", "", "c-9"]


def test_only_failures_are_looked_up_and_each_address_once(world, lookups):
    quiet = {"classification": None, "diagnostic": ""}

    world.record(
        [
            [untagged(message_id="m-1")],
            [untagged(message_id="m-2"), untagged(message_id="m-2", recipient="eve@example.com")],
            [replace(untagged(message_id="m-3", recipient="fay@example.com"), outcome=Outcome.DELIVERED, **quiet)],
            [untagged(message_id="m-4", channel=Channel.SMS, recipient=None)],
        ]
    )

    assert lookups == ["ada@example.com", "eve@example.com"]


def test_a_customer_who_is_named_by_a_tag_keeps_it_beside_one_who_is_found_by_the_address(world):
    world.customers.save(a_customer(account_id="default"))
    tagged = _of_account(a_failure(message_id="m-2", customer_id="c-9"), "default")

    world.record([[untagged(message_id="m-1")], [tagged], [untagged(message_id="m-3", recipient="eve@example.com")]])

    customers = {item.origin_id: item.customer_id for item in world.items.all_items("default")}
    assert customers == {"m-1": "c-1", "m-2": "c-9", "m-3": ""}


def test_an_event_whose_customer_cannot_be_read_now_is_retried_alone(world, monkeypatch):
    def busy(*_, **__):
        raise RetryableError("throttled")

    monkeypatch.setattr(world.customers, "find_by_address", busy)

    failures = world.record([[untagged()], [a_failure(customer_id="c-1")]])

    assert list(failures) == [0]
    assert world.count() == 1


def test_an_event_that_outruns_the_record_of_its_send_is_retried_and_in_the_end_kept(world):
    world.notifications.claim(an_attempt(claimed_at=NOW - timedelta(minutes=1)))
    event = untagged(message_id="not-yet", at=NOW)

    assert isinstance(world.record([[event]])[0], NotYetKnownError)
    assert world.record([[event]], no_longer_waiting={0}) == {}
    assert world.count() == 1


def test_an_event_about_a_send_that_was_stopped_before_its_record_belongs_to_that_send(world):
    world.notifications.claim(an_attempt(claimed_at=NOW - timedelta(minutes=3), to="Ada@example.com"))

    assert world.record([[untagged(message_id="never-recorded", at=NOW, sent_at=NOW)]]) == {}

    (item,) = world.items.all_items(ACCOUNT)
    assert (item.notification_id, item.origin_id) == ("n-1", "never-recorded")


def test_an_event_waits_only_for_sends_to_its_own_recipient(world):
    world.notifications.claim(an_attempt(claimed_at=NOW - timedelta(seconds=1), to="someone-else@example.com"))

    assert world.record([[untagged(message_id="of-another-sender", at=NOW)]]) == {}
    assert world.count("default") == 1


def test_one_account_in_trouble_leaves_the_others_alone(world):
    ours, theirs = a_failure(), a_failure(message_id="m-2")
    theirs = _of_account(theirs, "busy")
    add_new = world.items.add_new

    def busy(entries):
        if entries and entries[0].item.account_id == "busy":
            raise RetryableError("throttled")
        return add_new(entries)

    world.items.add_new = busy
    failures = world.record([[theirs], [ours]])

    assert list(failures) == [0]
    assert world.count() == 1


def _of_account(event, account_id):
    return replace(event, attribution=replace(event.attribution, account_id=account_id))


def test_a_batch_adds_new_items_and_changes_those_that_exist(world):
    world.record([[a_failure(Reason.MAILBOX_FULL)]])

    world.record([[a_failure(message_id="m-2")], [a_failure(Reason.COMPLAINT)], [a_failure(message_id="m-3")]])

    reasons = {item.origin_id: item.classification.reason for item in world.items.all_items(ACCOUNT)}
    assert reasons == {"m-1": Reason.COMPLAINT, "m-2": Reason.MAILBOX_DISABLED, "m-3": Reason.MAILBOX_DISABLED}


def test_a_writer_that_keeps_losing_asks_for_the_event_again(world):
    world.record([[a_failure(Reason.MAILBOX_FULL)]])

    def lose(*_):
        raise StaleWriteError("somebody was faster")

    world.items.save = lose
    failures = world.record([[a_failure(Reason.COMPLAINT)]])

    assert isinstance(failures[0], StaleWriteError)


def test_news_of_a_resend_whose_item_is_gone_stands_for_itself(world):
    key = "2026-10-01T00:00:00Z~gone~000000000000"

    assert world.record([[a_failure(attempt=2, entry_key=key, message_id="m-9")]]) == {}

    (item,) = world.items.all_items(ACCOUNT)
    assert item.state is State.OPEN


def test_a_failure_of_long_ago_is_kept_but_not_counted(world):
    world.record([[a_failure(sent_at=NOW - timedelta(days=31))]])

    assert world.count() == 0
    assert len(world.items.all_items(ACCOUNT)) == 1


def an_automatic_reply(**changes):
    return replace(a_failure(**changes), outcome=Outcome.AUTO_REPLY, classification=None, diagnostic="")


def a_delivery(**changes):
    return replace(a_failure(**changes), outcome=Outcome.DELIVERED, classification=None, diagnostic="")


def a_resent_item(world):
    """Return an item of which a resend is on its way, and the tags of that resend."""
    world.record([[a_failure()]])
    (item,) = world.items.all_items(ACCOUNT)
    world.items.save(item, start_resend(item, "new@example.com", "manager", NOW))
    return {"attempt": 2, "entry_key": item.entry_key, "message_id": "m-2", "recipient": "new@example.com"}


def state_of_the_item(world):
    (item,) = world.items.all_items(ACCOUNT)
    return item.state


def test_automatic_replies_make_no_item_and_suppress_nobody(world):
    for number in range(6):
        sent_at = NOW - timedelta(days=8 - number)
        assert world.record([[an_automatic_reply(message_id=f"m-{number}", sent_at=sent_at)]]) == {}

    assert world.items.all_items(ACCOUNT) == []
    assert world.suppressions.find(ACCOUNT, Channel.EMAIL, "ada@example.com") is None


def test_an_automatic_reply_to_the_first_send_does_not_reopen_or_close_its_item(world):
    world.record([[a_failure()], [an_automatic_reply()]])

    assert state_of_the_item(world) is State.OPEN


@pytest.mark.parametrize("is_delivered_first", [True, False])
def test_an_automatic_reply_beside_a_delivery_leaves_the_item_resolved(world, is_delivered_first):
    resend = a_resent_item(world)
    events = [a_delivery(**resend), an_automatic_reply(**resend)]

    for event in events if is_delivered_first else reversed(events):
        world.record([[event]])

    assert state_of_the_item(world) is State.RESOLVED


def test_a_resend_with_nothing_but_an_automatic_reply_waits_for_its_grace_period(world):
    world.record([[an_automatic_reply(**a_resent_item(world))]])

    (item,) = world.items.all_items(ACCOUNT)
    assert item.state is State.RESENDING
    assert item.last_attempt.outcome is Outcome.AUTO_REPLY
    settled = settle_unconfirmed(item, NOW)
    assert settled.state is State.RESOLVED
    assert settled.last_attempt.result.diagnostic == AUTO_REPLY_CAME


def test_a_failure_outranks_an_automatic_reply(world):
    resend = a_resent_item(world)

    world.record([[an_automatic_reply(**resend)], [a_failure(Reason.MAILBOX_FULL, **resend)]])

    assert state_of_the_item(world) is State.OPEN
