"""A customer is erased for good, and what must hold afterwards does: in memory, on moto and on DynamoDB Local."""

import json
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from msgspec.structs import replace

from tests.builders.accounts import message_accounts
from tests.builders.items import (
    ACCOUNT,
    NOW,
    a_customer,
    a_failure,
    a_notification,
    a_suppression,
    an_attempt,
    an_item,
    reported,
    resent,
)
from tests.contract.worlds import BACKENDS, World
from tests.fakes import (
    FakeActStore,
    FakeAttachmentFiles,
    FakeContactRequestStore,
    FakeDeliveryStore,
    FakeExportFiles,
    FakeHashes,
    FakeProviderSuppressions,
    FakeSearchIndex,
    FakeShapeMappingStore,
)
from undelivered.adapters.dynamodb.count_reconciliation import DynamoCountReconciliation
from undelivered.domain.erasure import PROPAGATION_TIME, ErasureState
from undelivered.domain.errors import NotFoundError, RefusedError
from undelivered.domain.export import Export
from undelivered.domain.feedback import Outcome
from undelivered.domain.item import Audit, Dismissal, State
from undelivered.domain.notification import SendOutcome
from undelivered.domain.report_query import Period, ReportFilter
from undelivered.domain.suppression import SuppressionReason
from undelivered.domain.taxonomy import Channel, Reason
from undelivered.services.customer_data.erase import EraseCustomers, RequestErasure
from undelivered.services.manage_suppressions import ManageSuppressions
from undelivered.services.ports import NewEntry
from undelivered.services.record_feedback import RecordFeedback

SETTLED = PROPAGATION_TIME + timedelta(seconds=1)
EMAIL, PHONE = "ada@example.com", "+12065550100"


@dataclass
class Desk:
    """A world with what is done in it."""

    world: World
    files: FakeExportFiles = field(default_factory=FakeExportFiles)

    @property
    def clock(self):
        return self.world.clock

    def ask(self, customer_id="c-1", account_id=ACCOUNT):
        world = self.world
        request = RequestErasure(
            world.erasures, world.customers, world.undelivered, world.notifications, FakeHashes(), world.clock
        )
        return request(account_id, customer_id, by="m@example.com")

    def carry_out(self, time_left=lambda: True):
        world = self.world
        return EraseCustomers(
            world.erasures,
            world.customers,
            world.undelivered,
            world.notifications,
            world.suppressions,
            world.repeats,
            world.exports,
            self.files,
            FakeAttachmentFiles(),
            FakeDeliveryStore(),
            FakeContactRequestStore(),
            FakeSearchIndex(),
            FakeActStore(),
            world.zones,
            world.clock,
        )(time_left)

    def erase(self, customer_id="c-1"):
        """Have a customer erased to the end."""
        self.ask(customer_id)
        self.carry_out()
        self.clock.now += SETTLED
        self.carry_out()
        return self.world.erasures.find(ACCOUNT, customer_id)

    def hear(self, *feedback):
        world = self.world
        record = RecordFeedback(
            world.undelivered,
            world.notifications,
            world.customers,
            world.suppressions,
            world.erasures,
            FakeHashes(),
            FakeShapeMappingStore(),
            message_accounts(),
            world.clock,
        )
        assert record([[each] for each in feedback]) == {}

    def count(self):
        return self.world.reports.count(ACCOUNT, self.clock()).total

    def held(self, who):
        return [
            item
            for past in (False, True)
            for item in self.world.undelivered.find_by_customer(ACCOUNT, who, 100, in_history=past)
        ]

    def suppression(self, address=EMAIL, channel=Channel.EMAIL):
        return self.world.suppressions.find(ACCOUNT, channel, address)


@pytest.fixture(params=BACKENDS)
def desk(request):
    if request.param == "dynamodb_local":
        request.getfixturevalue("dynamodb_local")
    with BACKENDS[request.param]() as made:
        made.customers.save(a_customer(email=EMAIL, phone=PHONE))
        made.customers.save(a_customer("c-2", email="bob@example.com", name="Bob"))
        made.accounts.settings(ACCOUNT)
        yield Desk(made)


def add(desk, *items):
    for item in items:
        desk.world.undelivered.save(None, item)


def of_ada(reason=Reason.MAILBOX_FULL, **changes):
    return an_item(reason, **{"customer_id": "c-1", "recipient": EMAIL, **changes})


class TestWhatGoes:
    def test_the_customer_goes_at_once_and_the_items_in_whatever_state_soon(self, desk):
        cleared = replace(of_ada(number=4), dismissal=Dismissal(NOW, "m@example.com"))
        arrived = reported(resent(of_ada(number=5)), Outcome.DELIVERED)
        nearly_past = of_ada(number=6, days_ago=29.995)
        add(desk, *(of_ada(number=number) for number in (1, 2)), cleared, arrived, resent(of_ada(number=3)))
        add(desk, nearly_past, of_ada(number=7, days_ago=45), an_item(number=8, customer_id="c-2"))

        desk.ask()
        assert desk.world.customers.find(ACCOUNT, "c-1") is None
        first = desk.carry_out()

        assert first.items == 7
        assert desk.held("c-1") == []
        assert len(desk.held("c-2")) == 1
        assert desk.count() == 1

    def test_the_messages_and_their_attempts_go_once_no_send_can_be_under_way(self, desk):
        store = desk.world.notifications
        for number, changes in enumerate(
            [{"provider_message_id": "p-1", "outcome": SendOutcome.SENT}, {"outcome": SendOutcome.FAILED}]
        ):
            store.add(a_notification(f"n-{number}"))
            store.claim(an_attempt(f"n-{number}"))
            store.record(an_attempt(f"n-{number}", **changes))
        store.add(a_notification("n-of-bob", customer_id="c-2"))
        desk.ask()

        desk.carry_out()
        assert store.find(ACCOUNT, "n-0") is not None
        desk.clock.now += SETTLED
        desk.carry_out()

        assert [store.find(ACCOUNT, f"n-{number}") for number in (0, 1)] == [None, None]
        assert store.attempts(ACCOUNT, "n-1") == []
        assert [(each.to, each.outcome) for each in store.attempts(ACCOUNT, "n-0")] == [("", "erased")]
        assert store.recent_sends_to(ACCOUNT, EMAIL, 10) == []
        assert store.find(ACCOUNT, "n-of-bob") is not None

    def test_so_do_items_that_are_filed_by_the_address_alone(self, desk):
        add(desk, of_ada(number=1, customer_id=""), an_item(number=2, customer_id="", recipient="bob@example.com"))

        desk.erase()

        assert [item.recipient for item in desk.world.reports.page(ACCOUNT, everything(), 10, None, NOW).items] == [
            "bob@example.com"
        ]

    def test_the_exports_up_to_then_go_since_any_may_tell_of_them(self, desk):
        old, new = (
            desk.world.exports.save(Export(account_id, f"e-{number}", everything(), NOW + later, "m", NOW))
            for number, (account_id, later) in enumerate([(ACCOUNT, -SETTLED), (ACCOUNT, 2 * SETTLED)])
        )
        others = desk.world.exports.save(Export("acc-2", "e-9", everything(), NOW, "m", NOW))
        for export in (old, new, others):
            desk.files.write_remainder(export.file, b"")

        desk.erase()

        assert [desk.world.exports.find(each.account_id, each.export_id) for each in (old, new, others)] == [
            None,
            new,
            others,
        ]
        assert set(desk.files.files) == {new.file, others.file}

    def test_addresses_that_failed_again_and_again_are_no_longer_told(self, desk):
        sent = NOW - timedelta(days=1)
        desk.world.repeats.record(ACCOUNT, EMAIL, {sent.date(): 2})
        desk.world.repeats.record(ACCOUNT, "bob@example.com", {sent.date(): 3})
        add(desk, *(of_ada(number=number, sent_at=sent) for number in (1, 2)))
        bobs = [an_item(number=n, sent_at=sent, recipient="bob@example.com", customer_id="c-2") for n in (3, 4, 5)]
        add(desk, *bobs)

        desk.erase()

        told = desk.world.reports.repeat_recipients(ACCOUNT, sent.date(), sent.date())
        assert told == {"bob@example.com": 3}

    def test_what_comes_after_it_was_asked_for_stays(self, desk):
        desk.ask()
        desk.clock.now += SETTLED
        add(desk, of_ada(number=9, sent_at=desk.clock()))
        desk.world.notifications.add(a_notification("n-9", created_at=desk.clock()))

        desk.carry_out()

        assert len(desk.held("c-1")) == 1
        assert desk.world.notifications.find(ACCOUNT, "n-9") is not None
        assert desk.world.erasures.find(ACCOUNT, "c-1").state is ErasureState.DONE

    def test_thousands_of_items_go_piece_by_piece_and_are_told(self, desk):
        add(desk, *(of_ada(number=number, days_ago=1 + number % 20) for number in range(130)))
        desk.ask()
        rounds = iter([True] * 2)

        desk.carry_out(lambda: next(rounds, False))
        left = len(desk.held("c-1"))
        desk.carry_out()

        assert 0 < left < 130
        assert desk.world.erasures.find(ACCOUNT, "c-1").erased.items == 130
        assert desk.count() == 0


def everything():
    return ReportFilter(period=Period(NOW - timedelta(days=60), NOW + timedelta(days=1)), states=frozenset(State))


class TestWhatStays:
    @pytest.mark.parametrize("reason", SuppressionReason)
    def test_a_suppressed_address_is_found_as_before_and_listed_without_it(self, desk, reason):
        why = Audit(NOW, "m@example.com", "suppress", f"asked by {EMAIL}")
        desk.world.suppressions.save(None, a_suppression(EMAIL, reason=reason, audit=(why,)))

        desk.erase()

        found = desk.suppression()
        assert (found.address, found.reason, found.active) == (EMAIL, reason, True)
        assert [entry.detail for entry in found.audit] == [""]
        [listed], _ = desk.world.suppressions.page(ACCOUNT, None, 10, None)
        assert (listed.address, listed.reason) == ("", reason)
        assert EMAIL not in json.dumps(str(listed))

    def test_it_can_be_lifted_and_stays_so(self, desk):
        desk.world.suppressions.save(None, a_suppression(EMAIL))
        desk.erase()
        provider = FakeProviderSuppressions()
        manage = ManageSuppressions(desk.world.suppressions, provider, desk.clock)

        manage.lift(ACCOUNT, Channel.EMAIL, EMAIL, by="m@example.com", why="is back")

        assert not desk.suppression().active
        assert [address for _, address, _ in provider.lifted] == [EMAIL]
        assert desk.world.suppressions.page(ACCOUNT, None, 10, None) == ([], None)

    def test_a_complaint_stays_one_even_where_the_address_came_back(self, desk):
        desk.world.suppressions.save(None, a_suppression(EMAIL, reason=SuppressionReason.COMPLAINT))
        desk.erase()
        later = desk.clock() + timedelta(days=1)
        desk.world.suppressions.save(None, a_suppression(EMAIL, since=later))

        assert desk.suppression().reason is SuppressionReason.COMPLAINT
        manage = ManageSuppressions(desk.world.suppressions, FakeProviderSuppressions(), desk.clock)
        with pytest.raises(RefusedError):
            manage.lift(ACCOUNT, Channel.EMAIL, EMAIL, by="m@example.com", why="x")

    def test_both_forms_of_one_address_are_lifted_as_one(self, desk):
        desk.world.suppressions.save(None, a_suppression(EMAIL))
        desk.erase()
        desk.clock.now += timedelta(days=1)
        desk.world.suppressions.save(None, a_suppression(EMAIL, since=desk.clock()))
        desk.clock.now += timedelta(days=1)
        manage = ManageSuppressions(desk.world.suppressions, FakeProviderSuppressions(), desk.clock)

        manage.lift(ACCOUNT, Channel.EMAIL, EMAIL, by="m@example.com", why="x")

        found = desk.suppression()
        assert (found.active, found.address_hash) == (False, "")
        desk.world.suppressions.hide(ACCOUNT, Channel.EMAIL, EMAIL)
        assert not desk.suppression().active

    def test_what_was_lifted_hidden_does_not_come_back_by_an_old_event(self, desk):
        desk.world.suppressions.save(None, a_suppression(EMAIL))
        desk.erase()
        ManageSuppressions(desk.world.suppressions, FakeProviderSuppressions(), desk.clock).lift(
            ACCOUNT, Channel.EMAIL, EMAIL, by="m@example.com", why="x"
        )
        desk.world.suppressions.save(None, a_suppression(EMAIL, since=NOW))

        assert not desk.suppression().active

    def test_an_address_that_another_customer_has_stays_theirs(self, desk):
        desk.world.customers.save(a_customer("c-3", email=EMAIL, name="Charles"))
        desk.world.suppressions.save(None, a_suppression(EMAIL))
        add(desk, of_ada(number=1), of_ada(number=2, customer_id="c-3"))

        desk.erase()

        assert not desk.suppression().address_hash
        assert len(desk.held("c-3")) == 1
        desk.hear(failure_to("c-3"))
        assert len(desk.held("c-3")) == 2

    def test_the_trend_stays_as_it_was(self, desk):
        add(desk, *(of_ada(number=number) for number in range(3)))
        day = (NOW - timedelta(days=1)).date()
        before = desk.world.reports.failures_by_day(ACCOUNT, day, day)

        desk.erase()

        assert desk.world.reports.failures_by_day(ACCOUNT, day, day) == before

    @pytest.mark.parametrize("days_ago", [1, 45])
    def test_and_counting_anew_finds_it_right(self, desk, days_ago):
        if hasattr(desk.world.undelivered, "items"):
            return  # in memory there are no counters to drift
        arrived = reported(resent(of_ada(number=2, days_ago=days_ago)), Outcome.DELIVERED)
        add(desk, of_ada(number=1, days_ago=days_ago), arrived, an_item(number=3, days_ago=days_ago))
        day = (NOW - timedelta(days=days_ago)).date()

        desk.erase()

        upkeep = DynamoCountReconciliation(zone_of=desk.world.zones)
        assert (upkeep.failed_drift(ACCOUNT, day), upkeep.drift(ACCOUNT, day)) == ({}, {})


def failure_to(customer_id, **changes):
    changes = {"sent_at": NOW - timedelta(hours=5), "message_id": "late", "recipient": EMAIL, **changes}
    return a_failure(Reason.MAILBOX_DISABLED, customer_id=customer_id, notification_id="n-late", **changes)


class TestLateNews:
    """What is told after an erasure of messages from before it."""

    def test_bring_nobody_back_but_still_suppress(self, desk):
        desk.erase()

        desk.hear(failure_to("c-1"), failure_to("c-1", sent_at=NOW - timedelta(days=35), message_id="older"))

        assert desk.held("c-1") == []
        found = desk.suppression()
        assert (found.reason, bool(found.address_hash)) == (SuppressionReason.BOUNCE, True)

    def test_are_known_by_the_address_where_nobody_is_named(self, desk):
        desk.erase()

        desk.hear(failure_to(""))

        assert desk.world.reports.page(ACCOUNT, everything(), 10, None, NOW).items == ()

    def test_are_known_by_the_message_where_nothing_else_is(self, desk):
        store = desk.world.notifications
        store.add(a_notification(channel=Channel.SMS))
        store.claim(an_attempt(to=PHONE))
        store.record(an_attempt(to=PHONE, provider_message_id="sms-1", outcome=SendOutcome.SENT))
        desk.erase()
        told = failure_to("", message_id="sms-1", channel=Channel.SMS, recipient="+12065550199")

        desk.hear(replace(told, attribution=replace(told.attribution, account_id="", customer_id="")))

        assert desk.world.reports.page(ACCOUNT, everything(), 10, None, NOW).items == ()
        assert desk.suppression("+12065550199", Channel.SMS).address_hash

    def test_of_a_message_from_after_it_are_news(self, desk):
        desk.erase()
        desk.world.customers.save(a_customer(email=EMAIL))

        desk.hear(failure_to("c-1", sent_at=desk.clock()))

        assert len(desk.held("c-1")) == 1


class TestAsking:
    def test_for_somebody_unknown_finds_nobody(self, desk):
        with pytest.raises(NotFoundError):
            desk.ask("c-nobody")

    def test_again_tells_how_far_it_has_got(self, desk):
        add(desk, of_ada())
        asked = desk.ask()

        again = desk.ask()
        assert (again.at, again.state) == (asked.at, ErasureState.RUNNING)
        desk.carry_out()
        desk.clock.now += SETTLED
        desk.carry_out()
        done = desk.ask()

        assert (done.at, done.state, done.erased.items) == (asked.at, ErasureState.DONE, 1)
        assert desk.world.erasures.running() == []

    def test_for_who_is_known_by_items_alone_is_enough(self, desk):
        add(desk, an_item(number=5, customer_id="c-tag"))

        assert desk.erase("c-tag").erased.items == 1

    def test_once_more_erases_what_came_since(self, desk):
        desk.erase()
        desk.world.customers.save(a_customer(email=EMAIL))
        desk.clock.now += timedelta(days=1)
        add(desk, of_ada(number=3, sent_at=desk.clock() - timedelta(hours=1)))

        erasure = desk.erase()

        assert (erasure.state, erasure.erased.items) == (ErasureState.DONE, 1)
        assert desk.world.customers.find(ACCOUNT, "c-1") is None

    def test_is_forgotten_in_time(self, desk):
        desk.erase()
        if hasattr(desk.world.erasures, "stored"):
            return  # the one in memory keeps for good what the table's TTL removes
        desk.clock.now += timedelta(days=401)

        assert desk.world.erasures.find(ACCOUNT, "c-1") is None
        assert desk.world.erasures.erased_at(ACCOUNT, ["c-1"], [(Channel.EMAIL, EMAIL)]) == ({}, {})


def test_it_takes_nothing_of_another_account(desk):
    desk.world.customers.save(a_customer(account_id="acc-2", email=EMAIL))
    desk.world.suppressions.save(None, a_suppression(EMAIL, account_id="acc-2"))
    desk.world.undelivered.add_new([NewEntry(of_ada(account_id="acc-2"))])

    desk.erase()

    assert desk.world.customers.find("acc-2", "c-1") is not None
    assert not desk.world.suppressions.find("acc-2", Channel.EMAIL, EMAIL).address_hash
    assert len(desk.world.undelivered.find_by_customer("acc-2", "c-1", 10, in_history=False)) == 1
