"""Resends that the host application sends: who is asked, what closes the item, and what nobody's answer means."""

from datetime import timedelta
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.builders.items import ACCOUNT, NOW, a_customer, a_failure, a_notification, a_suppression, an_item, resent
from tests.builders.sending import EMAIL, Product
from tests.fakes import FakeAnnouncer, FakeResendBatchStore
from undelivered.adapters.dynamodb.item_rows import facts_of, item_of, undelivered_row
from undelivered.adapters.feedback.json_values import attribution
from undelivered.domain.account_settings import AccountSettings, GraceSettings
from undelivered.domain.attachment import Attachment
from undelivered.domain.errors import NotFoundError, RefusedError
from undelivered.domain.feedback import Attribution, Feedback, Outcome
from undelivered.domain.item import SentBy, State
from undelivered.domain.item_event import ItemEventType
from undelivered.domain.lifecycle import merge_feedback, merge_items, settle_not_sent, start_resend
from undelivered.domain.message_tags import attempt_tags
from undelivered.domain.report_query import Period, ReportFilter
from undelivered.domain.resend_policy import ResendCode, decide_listed_resend, is_ready
from undelivered.domain.resender import ResendBy, Resender, resenders_of
from undelivered.domain.suppression import SuppressionReason
from undelivered.domain.taxonomy import Channel, Reason, classification_of
from undelivered.services.bulk_resend import BulkResend
from undelivered.services.find_notification import FindNotification
from undelivered.services.on_item_changed import OnItemChanged

NEW = "new@example.com"
MANAGER = "manager@example.com"


class World(Product):
    """Ada was sent ``n-1`` by the host application itself, and it bounced."""

    def __init__(self, resend_by=ResendBy.HOST, **grace):
        super().__init__()
        self.notifications.notifications.clear()
        self.accounts.save_settings(AccountSettings(ACCOUNT, resend_by=resend_by, grace=GraceSettings(**grace)))
        self.announced = FakeAnnouncer()
        self.on_item_changed = OnItemChanged(
            self.items,
            self.notifications,
            self.customers,
            self.suppressions,
            self.accounts,
            self.announced,
            self.clock,
        )
        self.record([[bounce()]])

    def ask(self, **request):
        """Resend, and let the change be followed up."""
        before = self.item()
        asked = self.resend(ACCOUNT, before.entry_key, by=MANAGER, **request)
        self.on_item_changed(before, asked)
        return asked

    def settle(self):
        before = self.item()
        self.run_cleanup()
        self.on_item_changed(before, self.item())

    def requests(self):
        return [event for event in self.announced.told if event.type is ItemEventType.RESEND_REQUESTED]

    def refusal(self, **request):
        with pytest.raises(RefusedError) as refused:
            self.ask(**request)
        return refused.value.code


def bounce(reason=Reason.ADDRESS_NOT_FOUND, **changes):
    """Return the failure of mail of the host application, as its few tags attribute it."""
    told = {"customer_id": "c-1", "notification_id": "n-1", "content_held": False, "sent_at": NOW - timedelta(days=1)}
    return a_failure(reason, **{**told, **changes})


def answer(item, outcome, *, message_id="host-2", at=NOW + timedelta(hours=1), reason=None):
    """Return what SES reports of a send with the tags of the item's last attempt."""
    tags = attempt_tags(item, item.last_attempt.number)
    return Feedback(
        Channel.EMAIL,
        message_id,
        item.last_attempt.to,
        outcome,
        at,
        at,
        classification_of(reason) if reason else None,
        source="ses.event",
        attribution=attribution(lambda name: tags.get(name, "")),
    )


# --- who resends -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("resend_by", "content_held", "resenders"),
    [
        (ResendBy.UNDELIVERED, True, (Resender.UNDELIVERED,)),
        (ResendBy.UNDELIVERED, False, ()),
        (ResendBy.HOST, True, (Resender.UNDELIVERED,)),
        (ResendBy.HOST, False, (Resender.HOST,)),
        (ResendBy.ASK, True, (Resender.UNDELIVERED, Resender.HOST)),
        (ResendBy.ASK, False, (Resender.HOST,)),
    ],
)
def test_who_resends_follows_from_the_setting_and_from_who_has_the_content(resend_by, content_held, resenders):
    assert resenders_of(resend_by, content_held=content_held) == resenders


def test_by_default_nobody_resends_what_the_host_sent_and_the_refusal_says_what_to_change():
    world = World(ResendBy.UNDELIVERED)
    world.move_to(email=NEW)

    with pytest.raises(RefusedError, match="change who resends in the settings") as refused:
        world.ask()

    assert refused.value.code == ResendCode.CONTENT_NOT_HELD
    assert (world.item().state, world.announced.told) == (State.OPEN, [])


def test_the_host_is_asked_to_send_to_the_corrected_contact_with_tags_that_name_the_attempt():
    world = World()
    world.move_to(email=NEW)

    asked = world.ask()

    (request,) = world.requests()
    assert (asked.state, asked.last_attempt.to, world.queue.orders) == (State.RESENDING, NEW, [])
    assert (request.item, request.send_before) == (asked, NOW + timedelta(hours=24))
    assert attribution(lambda name: attempt_tags(asked, 2).get(name, "")) == Attribution(
        ACCOUNT, "n-1", 2, "c-1", None, None, asked.entry_key
    )


def test_a_request_is_announced_once_however_the_item_changes_later():
    world = World()
    world.move_to(email=NEW)
    asked = world.ask()

    world.on_item_changed(asked, replace(asked, ready_contact="x@example.com"))
    world.on_item_changed(asked, settle_not_sent(asked, NOW))

    assert len(world.requests()) == 1


def test_a_repeated_announcement_has_the_same_id():
    world = World()
    world.move_to(email=NEW)
    before = world.item()
    asked = world.ask()

    world.on_item_changed(before, asked)

    first, second = world.requests()
    assert first == second


def test_the_manager_chooses_where_both_can_resend():
    world = World(ResendBy.ASK)
    world.notifications.add(a_notification())
    world.move_to(email=NEW)

    assert world.ask(resender=Resender.HOST).last_attempt.sent_by is SentBy.HOST_ASKED
    assert len(world.requests()) == 1


def test_undelivered_resends_what_it_has_the_content_of_without_a_choice():
    world = World(ResendBy.ASK)
    world.notifications.add(a_notification())
    world.move_to(email=NEW)

    assert world.ask().last_attempt.sent_by is SentBy.UNDELIVERED
    assert (len(world.queue.orders), world.requests()) == (1, [])


def test_the_host_is_asked_for_a_message_whose_files_are_no_longer_stored():
    world = World()
    files = (Attachment("invoice.pdf", "application/pdf", 8, "held/2026-12-30/acc-1/1", "a" * 32),)
    world.notifications.add(replace(a_notification(), attachments=files))
    world.move_to(email=NEW)

    assert world.ask().last_attempt.sent_by is SentBy.HOST_ASKED


@pytest.mark.parametrize(
    ("resend_by", "is_held", "chosen", "code"),
    [
        (ResendBy.UNDELIVERED, True, Resender.HOST, ResendCode.HOST_NOT_ALLOWED),
        (ResendBy.HOST, True, Resender.HOST, ResendCode.HOST_NOT_ALLOWED),
        (ResendBy.ASK, False, Resender.UNDELIVERED, ResendCode.CONTENT_NOT_HELD),
    ],
)
def test_a_choice_that_the_settings_or_the_content_do_not_allow_is_refused(resend_by, is_held, chosen, code):
    world = World(resend_by)
    world.move_to(email=NEW)
    if is_held:
        world.notifications.add(a_notification())

    assert world.refusal(resender=chosen) == code
    assert world.item().state is State.OPEN


@pytest.mark.parametrize(
    ("reason", "code"),
    [
        (SuppressionReason.BOUNCE, ResendCode.NEEDS_CHANGED_ADDRESS),
        (SuppressionReason.COMPLAINT, ResendCode.BLOCKED_BY_COMPLAINT),
        (SuppressionReason.UNSUBSCRIBED, ResendCode.NEEDS_CONSENT),
    ],
)
def test_the_host_is_not_asked_to_send_to_a_suppressed_address(reason, code):
    world = World()
    world.move_to(email=NEW)
    world.suppressions.save(None, a_suppression(NEW, reason=reason))

    assert world.refusal() == code
    assert world.requests() == []


def test_the_host_is_not_asked_to_send_to_the_address_that_does_not_exist():
    assert World().refusal() == ResendCode.NEEDS_CHANGED_ADDRESS


def test_items_of_both_kinds_are_resent_in_one_batch_each_by_its_resender():
    world = World()
    handed_over = an_item(Reason.MAILBOX_FULL, number=2, customer_id="c-1", recipient=EMAIL)
    world.notifications.add(a_notification("n-2"))
    world.items.save(None, handed_over)
    world.move_to(email=NEW)
    bulk = BulkResend(world.resend, world.items, FakeResendBatchStore(), world.clock)

    keys = [item.entry_key for item in world.items.all_items(ACCOUNT)]
    batch, refused = bulk(ACCOUNT, keys, by=MANAGER)

    assert ([order.notification_id for order in world.queue.orders], refused) == (["n-2"], [])
    assert bulk.progress(ACCOUNT, batch.batch_id).resending == 2
    world.queue.waiting = True
    world.pass_time(hours=25)
    world.run_cleanup()
    assert bulk.progress(ACCOUNT, batch.batch_id).returned == 1


# --- what closes and reopens the item ----------------------------------------------------------------------------


def test_a_delivery_of_the_hosts_send_closes_the_item():
    world = World()
    world.move_to(email=NEW)
    asked = world.ask()

    assert world.record([[answer(asked, Outcome.DELIVERED)]]) == {}

    assert world.item().state is State.RESOLVED


def test_a_bounce_of_the_hosts_send_reopens_the_item_with_the_new_reason():
    world = World()
    world.move_to(email=NEW)
    asked = world.ask()

    world.record([[answer(asked, Outcome.FAILED, reason=Reason.MAILBOX_FULL)]])

    assert (world.item().state, world.item().classification.reason) == (State.OPEN, Reason.MAILBOX_FULL)
    assert len(world.item().attempts) == 2


def test_a_bounce_of_a_send_without_the_tags_of_the_attempt_is_an_item_of_its_own():
    world = World()
    world.move_to(email=NEW)
    world.ask()

    world.record([[bounce(Reason.MAILBOX_FULL, message_id="host-2", recipient=NEW)]])

    assert [item.state for item in world.items.all_items(ACCOUNT)].count(State.RESENDING) == 1
    assert len(world.items.all_items(ACCOUNT)) == 2


def test_no_answer_in_time_reopens_the_item_ready_to_be_resent_again():
    world = World(host_hours=2)
    world.move_to(email=NEW)
    world.ask()

    world.pass_time(hours=1, minutes=59)
    world.settle()
    assert world.item().state is State.RESENDING
    world.pass_time(minutes=1)
    world.settle()

    item = world.item()
    assert (item.state, item.last_attempt.outcome) == (State.OPEN, Outcome.NOT_SENT)
    assert item.last_attempt.result.diagnostic == "Your application did not send it."
    assert (item.classification.reason, item.ready_contact) == (Reason.ADDRESS_NOT_FOUND, NEW)
    assert [event.type for event in world.announced.told][-1] is ItemEventType.RETURNED
    assert world.ask().last_attempt.number == 3


def test_a_delivery_that_comes_after_all_closes_the_item():
    world = World()
    world.move_to(email=NEW)
    asked = world.ask()
    world.pass_time(hours=25)
    world.settle()

    world.record([[answer(asked, Outcome.DELIVERED)]])

    assert world.item().state is State.RESOLVED


def test_a_late_delivery_closes_the_item_though_a_later_request_was_not_answered_either():
    world = World()
    world.move_to(email=NEW)
    asked = world.ask()
    world.pass_time(hours=25)
    world.settle()
    world.ask()
    world.record([[answer(asked, Outcome.DELIVERED)]])
    assert world.item().state is State.RESENDING
    world.pass_time(hours=25)

    world.settle()

    assert world.item().state is State.RESOLVED


def test_after_an_automatic_reply_the_send_counts_as_made_and_is_settled_as_arrived():
    world = World()
    world.move_to(email=NEW)
    asked = world.ask()
    world.record([[answer(asked, Outcome.AUTO_REPLY)]])

    world.pass_time(hours=25)
    world.settle()

    assert (world.item().state, world.item().last_attempt.outcome) == (State.RESOLVED, Outcome.UNCONFIRMED)


STEPS = st.lists(
    st.tuples(st.sampled_from([2, 3]), st.sampled_from(["delivered", "auto_reply", "soft", "hard", "settled"])),
    max_size=5,
)


@given(steps=STEPS, data=st.data())
def test_events_and_the_end_of_the_time_in_any_order_end_the_same(steps, data):
    ends = {_end(order) for order in (steps, data.draw(st.permutations(steps)), steps + steps)}

    assert len(ends) == 1


def _end(steps):
    item = an_item(Reason.MAILBOX_FULL)
    for number in (2, 3):
        item = start_resend(item, NEW, MANAGER, NOW + timedelta(days=number), sent_by=SentBy.HOST_ASKED)
    for number, step in steps:
        item = _after(item, number, step)
    return item


def _after(item, number, step):
    if step == "settled":
        later = [attempt for attempt in item.attempts if attempt.number > number]
        until = replace(item, attempts=tuple(attempt for attempt in item.attempts if attempt.number <= number))
        if until.last_sent.number != number:
            return item  # settled already
        settled = settle_not_sent(until, NOW + timedelta(days=number + 1))
        return replace(settled, attempts=(*settled.attempts, *later))
    outcome, reason = {
        "delivered": (Outcome.DELIVERED, None),
        "auto_reply": (Outcome.AUTO_REPLY, None),
        "soft": (Outcome.FAILED, Reason.MAILBOX_FULL),
        "hard": (Outcome.FAILED, Reason.ADDRESS_NOT_FOUND),
    }[step]
    until = replace(item, attempts=tuple(attempt for attempt in item.attempts if attempt.number <= number))
    return merge_feedback(item, answer(until, outcome, message_id=f"host-{number}", reason=reason), ACCOUNT)


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_copies_of_an_item_merge_to_the_same_whoever_comes_first(order):
    item = replace(an_item(), content_held=False)
    asked = start_resend(item, NEW, MANAGER, NOW, sent_by=SentBy.HOST_ASKED)
    copies = [asked, settle_not_sent(asked, NOW), merge_feedback(item, answer(asked, Outcome.DELIVERED), ACCOUNT)]

    first, second, third = [copies[place] for place in order]
    merged = merge_items(merge_items(first, second), third)

    assert (merged.state, merged.last_attempt.sent_by, merged.content_held) == (
        State.RESOLVED,
        SentBy.HOST_ASKED,
        False,
    )


def test_an_item_is_stored_with_who_sends_each_attempt_and_whether_its_content_is_held():
    item = replace(resent(an_item()), content_held=False)
    asked = start_resend(item, NEW, MANAGER, NOW, sent_by=SentBy.HOST_ASKED)

    assert item_of(undelivered_row(asked, facts_of(asked), 0)) == asked


def test_an_attempt_that_was_stored_before_there_were_host_resends_is_read():
    row = undelivered_row(an_item(), facts_of(an_item()), 0)

    assert b"undelivered" not in row["attempts"]["S"].encode()
    assert item_of(row).attempts[0].sent_by is SentBy.UNDELIVERED


# --- attempts that the host application claims -------------------------------------------------------------------


def test_a_claim_is_an_attempt_that_nobody_is_asked_for():
    world = World(ResendBy.UNDELIVERED)
    world.move_to(email=NEW)
    before = world.item()

    claimed = world.resend.claim(ACCOUNT, before.entry_key, by="host")
    world.on_item_changed(before, claimed)

    assert (claimed.state, claimed.last_attempt.sent_by, claimed.last_attempt.to) == (State.RESENDING, SentBy.HOST, NEW)
    assert (world.requests(), world.queue.orders) == ([], [])
    world.record([[answer(claimed, Outcome.DELIVERED)]])
    assert world.item().state is State.RESOLVED


def test_of_a_claim_and_a_resend_the_second_is_refused():
    world = World()
    world.move_to(email=NEW)
    world.ask()

    with pytest.raises(RefusedError) as refused:
        world.resend.claim(ACCOUNT, world.item().entry_key, by="host")

    assert refused.value.code == ResendCode.ALREADY_RUNNING


def test_an_item_is_found_by_its_id_only_under_its_own_notification():
    world = World()
    find = FindNotification(world.notifications, world.items, world.clock)

    assert find.item(ACCOUNT, "n-1", world.item().entry_key) == world.item()
    with pytest.raises(NotFoundError):
        find.item(ACCOUNT, "n-2", world.item().entry_key)
    with pytest.raises(NotFoundError, match="item_id"):
        find.item(ACCOUNT, "n-1", None)


def test_the_only_item_of_a_stored_notification_is_found_without_its_id():
    world = World()
    world.notifications.add(a_notification())
    find = FindNotification(world.notifications, world.items, world.clock)

    assert find.item(ACCOUNT, "n-1", None) == world.item()
    world.items.save(None, an_item(number=7, customer_id="c-1", notification_id="n-1"))
    with pytest.raises(RefusedError, match="several items"):
        find.item(ACCOUNT, "n-1", None)


# --- lists, which know only the item and the settings ------------------------------------------------------------


@pytest.mark.parametrize("resend_by", ResendBy)
def test_a_list_says_ready_only_where_the_detail_does(resend_by):
    world = World(resend_by)
    item = replace(world.item(), ready_contact=NEW)
    wanted = ReportFilter(Period(NOW - timedelta(days=9), NOW), ready=True, resend_by=resend_by)
    is_allowed = resend_by is not ResendBy.UNDELIVERED

    decision = decide_listed_resend(item, NOW, resend_by, 60)

    assert (decision.allowed, decision.resenders) == (is_allowed, (Resender.HOST,) if is_allowed else ())
    assert is_ready(item, NOW, resend_by, 60) is wanted.matches(item, NOW) is is_allowed


@pytest.mark.parametrize(("days", "allowed"), [(1, False), (2, True)])
def test_a_list_does_not_offer_to_resend_content_that_is_no_longer_stored(days, allowed):
    item = replace(an_item(Reason.MAILBOX_FULL, days_ago=1.5), ready_contact=NEW)

    assert decide_listed_resend(item, NOW, ResendBy.UNDELIVERED, days).allowed is allowed


# --- names of customers ------------------------------------------------------------------------------------------


def test_the_name_of_a_known_customer_is_shown_without_a_tag():
    assert World().item().customer_name == "Ada Byron"


def test_a_name_in_a_tag_and_an_unknown_customer_stay_as_they_are():
    world = World()
    world.customers.save(a_customer("c-2", name="Bob"))

    world.record([[bounce(customer_id="c-2", customer_name="Robert", message_id="m-2")]])
    world.record([[bounce(customer_id="c-3", message_id="m-3")]])

    assert sorted(item.customer_name for item in world.items.all_items(ACCOUNT)) == ["", "Ada Byron", "Robert"]
