"""Sending, resending, and what becomes of sends that broke off."""

from datetime import timedelta

import pytest

from tests.builders.items import ACCOUNT, a_failure, a_notification, a_suppression, an_item
from tests.builders.sending import EMAIL, FIRST, Product
from tests.fakes import (
    FakeReportReader,
    FakeSigningKeys,
)
from undelivered.domain.errors import (
    NotFoundError,
    PermanentSendError,
    RefusedError,
    RetryableError,
    UnexplainedRefusalError,
    UnreadableRecordError,
)
from undelivered.domain.feedback import Attribution, Feedback, Outcome
from undelivered.domain.item import State
from undelivered.domain.suppression import SuppressionReason
from undelivered.domain.taxonomy import CLASSIFICATIONS, Channel, Reason, Status
from undelivered.services.ports import SendJob
from undelivered.services.unsubscribe import Unsubscribe


class World(Product):
    """The sending product, with what these tests ask of it."""

    def count(self):
        return FakeReportReader(self.items).count(ACCOUNT, self.time).total

    def failed_item(self, reason=Reason.MAILBOX_DISABLED):
        self.record([[a_failure(reason, customer_id="c-1", notification_id="n-1", recipient="ada@example.com")]])
        return self.item()

    def correct_address(self, email="ada@new.example"):
        self.move_to(email=email)

    def news(self, outcome, order, reason=None):
        return Feedback(
            Channel.EMAIL,
            "provider-x",
            "ada@new.example",
            outcome,
            self.time,
            self.time,
            a_failure(reason).classification if reason else None,
            attribution=Attribution(account_id=ACCOUNT, attempt=order.attempt, entry_key=order.entry_key),
        )


@pytest.fixture
def world():
    return World()


def press_resend(world, item, **more):
    world.resend(ACCOUNT, item.entry_key, by="manager", **more)
    return world.queue.orders[-1]


def test_a_notification_goes_to_the_customers_contact_with_tags_that_need_no_lookup(world):
    world.send_message(FIRST)

    (message,) = world.mail.sent
    assert (message.to, message.sender, message.resend) == ("ada@example.com", "us@example.com", False)
    assert message.tags["undelivered-account"] == ACCOUNT
    assert message.tags["undelivered-attempt"] == "1"
    assert "undelivered-entry" not in message.tags


def test_the_request_that_a_send_goes_back_to_goes_out_with_it_and_stays_with_the_attempt(world):
    attempt = world.send_message(FIRST, "5b1f0c8e-6a2d-4f73-90be-1c52d8a97f04")

    assert world.mail.sent[0].tags["undelivered-request"] == "5b1f0c8e-6a2d-4f73-90be-1c52d8a97f04"
    assert attempt.correlation_id == "5b1f0c8e-6a2d-4f73-90be-1c52d8a97f04"
    assert world.notifications.attempts(ACCOUNT, "n-1") == [attempt]


def test_what_became_of_an_order_is_told_and_nothing_of_one_that_was_carried_out_before(world):
    world.mail.errors.append(PermanentSendError("rejected", "SES refused the message"))

    refused = world.send_message(FIRST)

    assert refused.outcome == "failed"
    assert world.send_message(FIRST) is None


def test_an_order_carried_out_twice_sends_once(world):
    world.send_message(FIRST)
    world.send_message(FIRST)

    assert len(world.mail.sent) == 1


def test_a_text_goes_out_by_the_text_sender_without_mail_headers(world):
    world.notifications.add(a_notification("n-2", channel=Channel.SMS))

    world.send_message(SendJob(ACCOUNT, "n-2", 1))

    assert [(text.to, dict(text.headers)) for text in world.texts.sent] == [("+12065550100", {})]


def test_a_suppressed_address_gets_nothing_and_shows_as_dropped(world):
    world.suppressions.save(None, a_suppression("ada@example.com"))

    world.send_message(FIRST)

    assert world.mail.sent == []
    assert world.item().classification.status is Status.DROPPED
    assert world.item().classification.reason is Reason.SUPPRESSED_BOUNCE


def test_a_hard_bounce_makes_the_next_message_drop(world):
    world.failed_item()
    world.notifications.add(a_notification("n-2"))

    world.send_message(SendJob(ACCOUNT, "n-2", 1))

    assert world.mail.sent == []
    assert world.count() == 2


@pytest.mark.parametrize(
    ("reason", "sent"),
    [(SuppressionReason.UNSUBSCRIBED, 1), (SuppressionReason.COMPLAINT, 0), (SuppressionReason.BOUNCE, 0)],
)
def test_an_essential_notice_passes_an_unsubscription_but_no_bounce_and_no_complaint(world, reason, sent):
    world.suppressions.save(None, a_suppression("ada@example.com", reason=reason))
    world.notifications.add(a_notification("n-2", essential=True))

    world.send_message(SendJob(ACCOUNT, "n-2", 1))

    assert len(world.mail.sent) == sent


def test_a_refusal_by_the_provider_shows_as_failed_and_suppresses_nothing(world):
    world.mail.errors = [PermanentSendError(Reason.REJECTED, "refused")]

    world.send_message(FIRST)

    assert world.item().classification.status is Status.FAILED
    assert world.suppressions.find(ACCOUNT, Channel.EMAIL, "ada@example.com") is None


def test_a_refusal_for_an_unknown_cause_is_tried_again_and_on_the_last_try_recorded_as_failed(world):
    world.mail.errors = [UnexplainedRefusalError("SES refused the message: SomethingNew")] * 2

    with pytest.raises(UnexplainedRefusalError):
        world.send_message(FIRST)
    attempt = world.send_message(FIRST, last_try=True)

    assert attempt.outcome == "failed"
    assert world.item().classification == CLASSIFICATIONS[Reason.SENDING_REFUSED]
    assert world.send_message(FIRST) is None


def test_a_throttled_send_is_given_back_even_on_the_last_try(world):
    world.mail.errors = [RetryableError("busy")]

    with pytest.raises(RetryableError):
        world.send_message(FIRST, last_try=True)

    assert world.notifications.attempts(ACCOUNT, "n-1") == []


def test_a_throttled_send_is_given_back_and_and_sent_when_tried_again(world):
    world.mail.errors = [RetryableError("busy")]

    with pytest.raises(RetryableError):
        world.send_message(FIRST)
    world.send_message(FIRST)

    assert len(world.mail.sent) == 1


def test_a_send_that_broke_off_is_not_repeated_and_shows_as_failed(world):
    world.mail.errors = [TimeoutError("no answer")]
    with pytest.raises(TimeoutError):
        world.send_message(FIRST)

    world.send_message(FIRST)
    world.time += timedelta(minutes=16)
    done = world.clean_up(lambda: True)

    assert world.mail.sent == []
    assert done.interrupted == 1
    assert world.item().classification.reason is Reason.SENDING_INTERRUPTED
    assert world.clean_up(lambda: True).interrupted == 0


def test_a_message_without_a_contact_is_invalid(world):
    world.notifications.add(a_notification("n-2", customer_id="nobody"))

    world.send_message(SendJob(ACCOUNT, "n-2", 1))

    assert world.item().classification.status is Status.INVALID


def test_a_resend_to_the_same_dead_address_is_refused(world):
    item = world.failed_item()

    with pytest.raises(RefusedError) as refused:
        world.resend(ACCOUNT, item.entry_key, by="manager")

    assert refused.value.code == "resend_needs_changed_address"
    assert world.queue.orders == []


def test_from_wrong_address_to_delivered(world):
    item = world.failed_item()
    world.correct_address()

    order = press_resend(world, item)
    assert world.item().state is State.RESENDING
    world.send_message(order)
    assert world.mail.sent[0].to == "ada@new.example"
    assert world.item().last_attempt.provider_message_id == "provider-1"
    world.record([[world.news(Outcome.DELIVERED, order)]])

    assert world.item().state is State.RESOLVED
    assert world.count() == 0


def test_a_resend_that_bounces_is_open_again_and_its_new_address_is_suppressed(world):
    item = world.failed_item()
    world.correct_address()
    order = press_resend(world, item)
    world.send_message(order)

    world.record([[world.news(Outcome.FAILED, order, Reason.ADDRESS_NOT_FOUND)]])

    assert world.item().state is State.OPEN
    assert world.item().classification.status is Status.INVALID
    assert world.suppressions.find(ACCOUNT, Channel.EMAIL, "ada@new.example").active


def test_two_clicks_are_one_resend(world):
    item = world.failed_item(Reason.MAILBOX_FULL)
    press_resend(world, item)

    with pytest.raises(RefusedError) as refused:
        press_resend(world, item)

    assert refused.value.code == "resend_already_running"
    assert len(world.queue.orders) == 1


def test_a_resend_to_a_new_address_that_complained_is_blocked(world):
    item = world.failed_item()
    world.correct_address()
    world.suppressions.save(None, a_suppression("ada@new.example", reason=SuppressionReason.COMPLAINT))

    with pytest.raises(RefusedError) as refused:
        press_resend(world, item)

    assert refused.value.code == "resend_blocked_by_complaint"


def test_what_is_not_held_any_more_cannot_be_resent(world):
    world.record([[a_failure(Reason.MAILBOX_FULL, customer_id="c-1", notification_id="foreign")]])

    with pytest.raises(RefusedError) as refused:
        press_resend(world, world.item())

    assert refused.value.code == "resend_content_not_held"


def test_an_unknown_item_cannot_be_resent(world):
    with pytest.raises(NotFoundError):
        world.resend(ACCOUNT, "2026-11-01T00:00:00Z~nothing~000000000000", by="manager")


def test_silence_after_a_resend_is_settled_as_unconfirmed_only_when_its_time_is_over(world):
    item = world.failed_item(Reason.MAILBOX_FULL)
    world.send_message(press_resend(world, item))

    world.time += timedelta(hours=15)
    assert world.clean_up(lambda: True).settled == 0
    world.time += timedelta(hours=2)
    assert world.clean_up(lambda: True).settled == 1

    assert world.item().state is State.RESOLVED
    assert world.item().last_attempt.outcome is Outcome.UNCONFIRMED


def test_a_resend_whose_order_was_lost_is_queued_again(world):
    item = world.failed_item(Reason.MAILBOX_FULL)
    press_resend(world, item)
    world.queue.orders.clear()

    world.time += timedelta(minutes=16)
    world.clean_up(lambda: True)
    (order,) = world.queue.orders
    world.send_message(order)

    assert len(world.mail.sent) == 1


def test_a_resend_that_broke_off_in_the_act_is_open_again_and_was_not_sent_twice(world):
    item = world.failed_item(Reason.MAILBOX_FULL)
    order = press_resend(world, item)
    world.mail.errors = [TimeoutError("no answer")]
    with pytest.raises(TimeoutError):
        world.send_message(order)

    world.time += timedelta(minutes=31)
    world.clean_up(lambda: True)

    assert world.item().state is State.OPEN
    assert world.item().classification.reason is Reason.SENDING_INTERRUPTED
    assert world.mail.sent == []


def test_a_resend_that_was_sent_but_not_noted_on_the_item_is_noted_by_cleanup(world):
    item = world.failed_item(Reason.MAILBOX_FULL)
    order = press_resend(world, item)
    running = world.item()
    world.send_message(order)
    world.items.items[ACCOUNT, item.entry_key] = running

    world.time += timedelta(minutes=16)
    world.clean_up(lambda: True)

    assert world.item().last_attempt.provider_message_id == "provider-1"
    assert world.item().state is State.RESENDING


def test_cleanup_sweeps_what_is_past_its_thirty_days(world):
    world.items.save(None, an_item(days_ago=29.9))
    world.time += timedelta(hours=3)

    assert world.clean_up(lambda: True).removed == 1


def test_the_link_in_a_message_unsubscribes_its_recipient_once_and_for_all(world):
    world.send_message(FIRST)
    headers = world.mail.sent[0].headers
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    token = headers["List-Unsubscribe"].strip("<>").rpartition("/")[2]
    assert "ada" not in headers["List-Unsubscribe"]

    world.unsubscribe(token)
    first = world.suppressions.find(ACCOUNT, Channel.EMAIL, "ada@example.com")
    world.time += timedelta(hours=1)
    world.unsubscribe(token)

    assert first.reason is SuppressionReason.UNSUBSCRIBED
    assert world.suppressions.find(ACCOUNT, Channel.EMAIL, "ada@example.com") == first


@pytest.mark.parametrize(
    "forge", [lambda token: token[:-2] + "AA", lambda token: "x" + token, lambda _: "", lambda _: "a.b"]
)
def test_a_forged_link_leads_nowhere(world, forge):
    world.send_message(FIRST)
    token = world.mail.sent[0].headers["List-Unsubscribe"].strip("<>").rpartition("/")[2]

    with pytest.raises(NotFoundError):
        world.unsubscribe(forge(token))


def test_a_link_signed_before_the_key_was_changed_still_works(world):
    world.send_message(FIRST)
    token = world.mail.sent[0].headers["List-Unsubscribe"].strip("<>").rpartition("/")[2]
    (old,) = FakeSigningKeys().secrets()

    changed = FakeSigningKeys((b"a new secret", old))
    Unsubscribe(world.notifications, world.suppressions, world.accounts, changed, world.clock)(token)

    assert world.suppressions.find(ACCOUNT, Channel.EMAIL, "ada@example.com").active
    keys = FakeSigningKeys((b"a new secret",))
    with pytest.raises(NotFoundError):
        Unsubscribe(world.notifications, world.suppressions, world.accounts, keys, world.clock)(token)


def test_an_essential_notice_offers_no_unsubscription(world):
    world.notifications.add(a_notification("n-2", essential=True))

    world.send_message(SendJob(ACCOUNT, "n-2", 1))

    assert world.mail.sent[0].headers == {}


def test_a_resend_that_still_waits_in_the_queue_is_not_queued_again_each_minute(world):
    world.failed_item(Reason.MAILBOX_FULL)
    world.press_resend()
    world.queue.orders.clear()
    world.queue.waiting = True
    world.pass_time(hours=3)

    for _ in range(3):
        world.run_cleanup()

    assert world.queue.orders == []

    world.queue.waiting = False
    world.run_cleanup()

    assert len(world.queue.orders) == 1


def test_a_resend_that_nobody_can_send_is_given_up_after_a_day(world):
    world.failed_item(Reason.MAILBOX_FULL)
    world.press_resend()
    world.pass_time(hours=23)
    assert world.run_cleanup().settled == 0
    world.pass_time(hours=1)
    world.queue.orders.clear()

    assert world.run_cleanup().settled == 1

    assert world.queue.orders == []
    assert world.item().state is State.OPEN
    assert world.item().classification.reason is Reason.SENDING_INTERRUPTED


def test_a_resend_needs_no_customer_that_can_be_read(world):
    world.failed_item(Reason.MAILBOX_FULL)
    order = world.press_resend()
    world.customers.unreadable.add((ACCOUNT, "c-1"))

    world.send_message(order)

    assert [message.to for message in world.mail.sent] == [EMAIL]


def test_a_first_send_waits_for_a_customer_that_can_be_read_unless_it_names_its_address(world):
    world.customers.unreadable.add((ACCOUNT, "c-1"))
    world.notifications.add(a_notification("n-2", to="other@example.com"))

    with pytest.raises(UnreadableRecordError):
        world.send_message(FIRST)
    world.send_message(SendJob(ACCOUNT, "n-2", 1))

    assert [message.to for message in world.mail.sent] == ["other@example.com"]
