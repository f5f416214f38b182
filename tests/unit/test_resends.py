"""What only resends may do, and what only they wait for."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from tests.builders import events
from tests.builders.items import ACCOUNT, NOW, a_failure, a_suppression
from tests.builders.sending import EMAIL, FIRST, PHONE, Product
from undelivered.adapters.feedback import parse_event
from undelivered.domain.errors import NotYetKnownError, PermanentSendError, RefusedError
from undelivered.domain.feedback import Attribution, Feedback, Outcome
from undelivered.domain.item import Dismissal, State
from undelivered.domain.notification import SEND_TIMEOUT, SendOutcome
from undelivered.domain.suppression import SuppressionReason, blocks
from undelivered.domain.taxonomy import Channel, Reason, Status, classification_of
from undelivered.services.ports import SendJob

SECOND = timedelta(seconds=1)


@pytest.fixture
def product():
    return Product()


@pytest.fixture
def texting():
    return Product(Channel.SMS)


# --- which way they go out -------------------------------------------------------------------------------------


def test_a_resend_is_marked_as_one_and_a_first_send_is_not(product):
    product.send_message(FIRST)
    product.mail.sent.clear()
    product.notifications.claims.clear()
    product.fail()

    product.send_message(product.press_resend())

    (message,) = product.sent
    assert message.resend
    assert message.tags["undelivered-attempt"] == "2"
    assert message.tags["undelivered-entry"]


def test_a_first_send_is_not_marked_as_a_resend(product):
    product.send_message(FIRST)

    (message,) = product.sent
    assert not message.resend
    assert "undelivered-entry" not in message.tags


# --- what proves them ------------------------------------------------------------------------------------------


def of_a_text(product, told, **changes):
    """Return a carrier's word, which carries no tags, as it is about the last text that went out."""
    (feedback,) = parse_event(told).feedback
    about = f"provider-{len(product.sent)}"
    return replace(feedback, provider_message_id=about, at=product.time, sent_at=product.time, **changes)


@pytest.mark.parametrize("told", [events.sms_log(), events.text_event("TEXT_DELIVERED")], ids=["log", "event"])
def test_a_text_that_was_resent_is_resolved_by_the_carriers_word_though_it_carries_no_tags(texting, told):
    texting.fail(Reason.UNREACHABLE)
    texting.send_message(texting.press_resend())
    assert texting.item().state is State.RESENDING

    assert texting.record([[of_a_text(texting, told)]]) == {}

    assert texting.item().state is State.RESOLVED
    assert texting.item().last_attempt.outcome is Outcome.DELIVERED


def test_it_is_found_by_the_providers_message_id_alone_even_where_the_number_is_masked(texting):
    texting.fail(Reason.UNREACHABLE)
    texting.send_message(texting.press_resend())

    texting.record([[of_a_text(texting, events.sms_log(), recipient=None)]])

    assert texting.item().state is State.RESOLVED


def test_a_text_that_failed_again_is_open_again_under_the_same_item(texting):
    texting.fail(Reason.UNREACHABLE)
    texting.send_message(texting.press_resend())

    texting.record([[of_a_text(texting, events.sms_log("Invalid phone number", "FAILURE"))]])

    assert texting.item().state is State.OPEN
    assert [attempt.number for attempt in texting.item().attempts] == [1, 2]
    assert texting.item().classification.status is Status.INVALID


def test_a_number_that_does_not_exist_is_suppressed_though_the_carrier_masks_it(texting):
    texting.fail(Reason.UNREACHABLE)
    texting.send_message(texting.press_resend())

    texting.record([[of_a_text(texting, events.sms_log("Invalid phone number", "FAILURE"), recipient=None)]])

    assert texting.suppressions.find(ACCOUNT, Channel.SMS, PHONE).active


def test_the_arrival_of_a_first_text_changes_nothing(texting):
    texting.send_message(FIRST)

    assert texting.record([[of_a_text(texting, events.sms_log())]]) == {}

    assert texting.items.all_items(ACCOUNT) == []


def test_a_carriers_word_that_outran_the_record_of_its_send_waits_for_it(texting):
    texting.fail(Reason.UNREACHABLE)
    order = texting.press_resend()
    texting.texts.errors = [TimeoutError("no answer")]
    with pytest.raises(TimeoutError):
        texting.send_message(order)
    texting.pass_time(seconds=1)
    early = replace(of_a_text(texting, events.sms_log(), recipient=PHONE), provider_message_id="provider-1")

    failures = texting.record([[early]])

    assert [type(error) for error in failures.values()] == [NotYetKnownError]
    assert texting.record([[early]], no_longer_waiting={0}) == {}


# --- whom they reach -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reason", SuppressionReason)
def test_of_all_suppressions_a_resend_passes_repeated_soft_failures_alone(reason):
    suppression = a_suppression(reason=reason)

    assert blocks(suppression)
    assert blocks(suppression, resend=True) is (reason is not SuppressionReason.REPEATEDLY_UNREACHABLE)


def test_what_a_person_resends_is_tried_though_the_address_was_repeatedly_unreachable(product):
    product.fail()
    product.suppressions.save(None, a_suppression(EMAIL, reason=SuppressionReason.REPEATEDLY_UNREACHABLE))

    product.send_message(product.press_resend())

    assert [message.to for message in product.sent] == [EMAIL]
    assert product.item().state is State.RESENDING


def test_what_nobody_asked_for_is_not(product):
    product.suppressions.save(None, a_suppression(EMAIL, reason=SuppressionReason.REPEATEDLY_UNREACHABLE))

    product.send_message(FIRST)

    assert product.sent == []
    assert product.item().classification.status is Status.DROPPED


def test_a_suppression_that_came_while_the_resend_waited_in_the_queue_still_stops_it(product):
    product.fail()
    order = product.press_resend()
    product.suppressions.save(None, a_suppression(EMAIL, reason=SuppressionReason.COMPLAINT))

    product.send_message(order)

    assert product.sent == []
    assert product.item().state is State.OPEN
    assert product.item().classification.reason is Reason.SUPPRESSED_COMPLAINT


def test_a_resend_to_an_address_that_is_suppressed_for_another_reason_is_refused(product):
    product.fail()
    product.suppressions.save(None, a_suppression(EMAIL, reason=SuppressionReason.BOUNCE))

    with pytest.raises(RefusedError):
        product.press_resend()


# --- how long they may take ------------------------------------------------------------------------------------


def test_sends_have_a_quarter_of_an_hour_to_be_recorded():
    assert timedelta(minutes=15) == SEND_TIMEOUT


def break_off(product, order):
    """Let the provider's answer to a send be lost."""
    product.mail.errors = [TimeoutError("no answer")]
    with pytest.raises(TimeoutError):
        product.send_message(order)


def test_a_resend_that_is_being_sent_this_moment_is_not_recorded_as_interrupted(product):
    """It waited in the queue so long that cleanup looks at its item; its claim, though, is fresh."""
    product.fail()
    order = product.press_resend()
    product.time = NOW + SEND_TIMEOUT - SECOND
    break_off(product, order)

    product.time += SECOND
    done = product.run_cleanup()

    assert (done.settled, done.interrupted) == (0, 0)
    assert product.item().state is State.RESENDING


def test_it_is_taken_so_a_quarter_of_an_hour_after_its_claim_and_no_second_before(product):
    product.fail()
    order = product.press_resend()
    product.pass_time(minutes=10)
    claimed_at = product.time
    break_off(product, order)

    states = []
    for product.time in (claimed_at + SEND_TIMEOUT - SECOND, claimed_at + SEND_TIMEOUT):
        product.run_cleanup()
        states.append(product.item().state)

    assert states == [State.RESENDING, State.OPEN]
    assert product.item().classification.reason is Reason.SENDING_INTERRUPTED
    assert [claim.outcome for claim in product.notifications.attempts(ACCOUNT, "n-1")] == ["sent", "interrupted"]


def test_an_order_that_waits_in_the_queue_is_not_looked_at_before_a_quarter_of_an_hour(product):
    product.fail()
    product.press_resend()
    product.queue.orders.clear()

    queued = []
    for product.time in (NOW + SEND_TIMEOUT - SECOND, NOW + SEND_TIMEOUT):
        product.run_cleanup()
        queued.append(len(product.queue.orders))

    assert queued == [0, 1]
    assert product.item().state is State.RESENDING


def test_a_first_send_is_recorded_as_interrupted_after_a_quarter_of_an_hour_and_no_second_before(product):
    break_off(product, FIRST)

    done = []
    for product.time in (NOW + SECOND, NOW + SEND_TIMEOUT, NOW + SEND_TIMEOUT + SECOND):
        done.append(product.run_cleanup().interrupted)

    assert done == [0, 0, 1]
    assert product.item().classification == classification_of(Reason.SENDING_INTERRUPTED)


def news_of(product, order, outcome=Outcome.DELIVERED):
    told = Attribution(account_id=ACCOUNT, attempt=order.attempt, entry_key=order.entry_key)
    return Feedback(Channel.EMAIL, "m-x", EMAIL, outcome, product.time, product.time, attribution=told)


def resolve(product, order):
    product.record([[news_of(product, order)]])


def dismiss(product, _order):
    item = product.item()
    product.items.save(item, replace(item, dismissal=Dismissal(product.time, "manager@example.com")))


def grow_old(product, _order):
    product.pass_time(days=30)


@pytest.mark.parametrize("settle", [resolve, dismiss, grow_old])
def test_a_claim_is_given_up_whose_resend_was_settled_otherwise_and_makes_no_item_of_its_own(product, settle):
    """Else every event that carries no tags would wait for it, for as long as it is held."""
    product.fail()
    order = product.press_resend()
    break_off(product, order)
    settle(product, order)

    product.time += SEND_TIMEOUT + SECOND
    product.run_cleanup()

    assert product.notifications.unrecorded(product.time, 10) == []
    assert [item.entry_key for item in product.items.all_items(ACCOUNT)] in ([order.entry_key], [])


def test_an_interrupted_first_send_that_bounced_is_shown_once(product):
    break_off(product, FIRST)
    bounce = a_failure(
        message_id="accepted", sent_at=product.time, at=product.time, customer_id="c-1", notification_id="n-1"
    )
    product.record([[bounce]])

    product.time += SEND_TIMEOUT + SECOND
    product.run_cleanup()
    product.run_cleanup()

    assert [item.origin_id for item in product.items.all_items(ACCOUNT)] == ["accepted"]
    (attempt,) = product.notifications.attempts(ACCOUNT, FIRST.notification_id)
    assert (attempt.outcome, attempt.provider_message_id) == (SendOutcome.SENT, "accepted")


def test_a_claim_that_is_given_up_before_its_item_leaves_that_to_be_settled_by_the_next_run(product):
    product.fail()
    break_off(product, product.press_resend())
    due, product.items.resends_to_settle = product.items.resends_to_settle, lambda *_: []  # others were due before it

    product.time += SEND_TIMEOUT + SECOND
    product.run_cleanup()
    assert product.item().state is State.RESENDING
    product.items.resends_to_settle = due
    product.run_cleanup()

    assert product.item().state is State.OPEN
    assert product.item().classification.reason is Reason.SENDING_INTERRUPTED


@pytest.mark.parametrize(("channel", "hours"), [(Channel.EMAIL, 16), (Channel.SMS, 73)])
def test_silence_is_taken_as_arrival_when_the_grace_of_the_channel_is_over_and_no_second_before(channel, hours):
    product = Product(channel)
    product.fail()
    product.send_message(product.press_resend())

    states = []
    for product.time in (NOW + timedelta(hours=hours) - SECOND, NOW + timedelta(hours=hours)):
        product.run_cleanup()
        states.append(product.item().state)

    assert states == [State.RESENDING, State.RESOLVED]
    assert product.item().last_attempt.outcome is Outcome.UNCONFIRMED


def test_an_order_whose_resend_was_settled_meanwhile_sends_nothing(product):
    product.fail()
    order = product.press_resend()
    resolve(product, order)

    assert product.send_message(order) is None
    assert product.send_message(SendJob(ACCOUNT, "n-1", 3, order.entry_key)) is None
    assert product.sent == []


def test_a_resend_goes_to_the_contact_it_was_started_for_though_that_changed_meanwhile(texting):
    texting.fail(Reason.UNREACHABLE)
    order = texting.press_resend()
    texting.move_to(phone="+12065550199")

    texting.send_message(order)

    assert [message.to for message in texting.sent] == [PHONE]


# --- what a provider refuses -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reason", "status"),
    [(Reason.NUMBER_INVALID, Status.INVALID), (Reason.OPTED_OUT, Status.DROPPED), (Reason.BODY_INVALID, Status.FAILED)],
)
def test_what_a_provider_refuses_shows_what_it_names(texting, reason, status):
    texting.fail(Reason.UNREACHABLE)
    texting.texts.errors = [PermanentSendError(reason, "SNS refused the message")]

    texting.send_message(texting.press_resend())

    assert texting.item().state is State.OPEN
    assert texting.item().classification == classification_of(reason)
    assert texting.item().classification.status is status


def test_who_opted_out_at_the_provider_can_be_sent_to_again_with_a_consent_alone(texting):
    texting.fail(Reason.UNREACHABLE)
    texting.texts.errors = [PermanentSendError(Reason.OPTED_OUT, "SNS refused the message")]
    texting.send_message(texting.press_resend())

    with pytest.raises(RefusedError) as refused:
        texting.press_resend()

    assert refused.value.code == "resend_needs_consent"
