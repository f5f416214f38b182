"""Resends and interrupted sends: what is stored about them, compared as a whole."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from tests.builders.items import ACCOUNT, NOW, a_customer, a_failure, a_notification, an_attempt, an_item
from tests.builders.sending import EMAIL, FIRST, PHONE, Product
from tests.fakes import FakeResendBatchStore
from undelivered.domain.errors import NotYetKnownError, PermanentSendError
from undelivered.domain.feedback import Attribution, Feedback, Outcome
from undelivered.domain.item import Attempt, AttemptResult, Audit, UndeliveredItem
from undelivered.domain.notification import SendAttempt, SendOutcome
from undelivered.domain.taxonomy import Channel, Reason, classification_of
from undelivered.services.bulk_resend import BatchProgress, BulkRefusal, BulkResend
from undelivered.services.ports import ResendBatch, SendJob
from undelivered.services.send_message import Send, unsent_feedback

MANAGER = "manager@example.com"
ADDRESS = "ada@example.com"


def result(reason, diagnostic, *, minutes):
    """Return our own result of an attempt, some minutes after it was requested."""
    return AttemptResult(
        Outcome.FAILED, NOW + timedelta(minutes=minutes), classification_of(reason), diagnostic, "undelivered"
    )


def test_a_resend_goes_to_the_contact_of_the_request_and_is_recorded_on_its_item():
    product = Product()
    item = product.fail()
    product.resend(ACCOUNT, item.entry_key, by=MANAGER, note="again")
    product.move_to(email="later@example.com")
    (job,) = product.queue.orders

    attempt = product.send_message(job, "request-1")

    assert job == SendJob(ACCOUNT, "n-1", 2, item.entry_key)
    assert [(message.to, message.resend) for message in product.sent] == [(ADDRESS, True)]
    assert attempt == SendAttempt(
        ACCOUNT, "n-1", 2, ADDRESS, NOW, MANAGER, item.entry_key, "provider-1", SendOutcome.SENT, "request-1"
    )
    assert product.item() == replace(
        item,
        attempts=(*item.attempts, Attempt(2, ADDRESS, NOW, MANAGER, "provider-1", None, "again")),
        audit=(Audit(NOW, MANAGER, "resend", "again"),),
        version=item.version + 2,
    )


def test_a_resend_that_the_provider_refuses_fails_on_its_item():
    product = Product()
    product.fail()
    job = product.press_resend()
    product.mail.errors = [PermanentSendError("rejected", "harmful content")]
    product.pass_time(minutes=1)

    product.send_message(job)

    refused = result(Reason.REJECTED, "harmful content", minutes=1)
    assert product.item().attempts[1] == Attempt(2, ADDRESS, NOW, MANAGER, "n-1", refused)


LATE = {
    "email": (Channel.EMAIL, Attribution(ACCOUNT, "n-1", customer_id="c-1")),
    "text, which has no tags": (Channel.SMS, Attribution()),
}


def a_late_failure(channel, attribution, reason=Reason.UNREACHABLE, *, message_id="m-late", **changes):
    """Return what the provider reports about the first send of a product, which it accepted a second later."""
    sent_at = NOW + timedelta(seconds=1)
    address = EMAIL if channel is Channel.EMAIL else PHONE
    failure = a_failure(reason, channel=channel, recipient=address, message_id=message_id, sent_at=sent_at)
    return replace(failure, attribution=attribution, **changes)


def shown_as_interrupted(channel):
    """Return a product whose first send was interrupted, so that it may have been sent."""
    product = Product(channel)
    product.notifications.claim(an_attempt(to=product.address))
    product.pass_time(minutes=16)
    product.run_cleanup()
    return product


@pytest.mark.parametrize(("channel", "attribution"), LATE.values(), ids=LATE)
@pytest.mark.parametrize("reason", [Reason.UNREACHABLE, Reason.COMPLAINT])
def test_a_late_failure_of_a_send_that_is_shown_as_interrupted_is_shown_on_the_same_item(channel, attribution, reason):
    product = shown_as_interrupted(channel)
    interrupted = product.item()
    late = a_late_failure(channel, attribution, reason)

    for _ in range(2):
        assert product.record([[late]]) == {}

    assert product.item().entry_key == interrupted.entry_key
    assert product.item().classification.reason is reason
    assert product.item().title == "Rent reminder"


@pytest.mark.parametrize(("channel", "attribution"), LATE.values(), ids=LATE)
def test_a_late_failure_of_a_send_that_was_resent_meanwhile_leaves_the_resend_alone(channel, attribution):
    product = shown_as_interrupted(channel)
    product.send_message(product.press_resend())
    resent = product.item().attempts[1]

    assert product.record([[a_late_failure(channel, attribution)]]) == {}

    assert product.item().attempts[0].result.classification.reason is Reason.UNREACHABLE
    assert product.item().attempts[1] == resent


def test_a_late_failure_waits_while_cleanup_may_be_showing_its_send_as_interrupted():
    channel, attribution = LATE["email"]
    product = Product()
    product.notifications.claim(an_attempt())
    product.pass_time(minutes=15)
    late = a_late_failure(channel, attribution)

    assert isinstance(product.record([[late]])[0], NotYetKnownError)
    assert product.record([[late]], no_longer_waiting={0}) == {}

    product.pass_time(minutes=1)
    product.run_cleanup()
    assert product.item().origin_id == "m-late"


@pytest.mark.parametrize(("channel", "attribution"), LATE.values(), ids=LATE)
def test_a_late_failure_of_a_send_whose_item_is_gone_makes_an_item(channel, attribution):
    product = shown_as_interrupted(channel)
    product.items.items.clear()

    assert product.record([[a_late_failure(channel, attribution)]]) == {}

    assert (product.item().origin_id, product.item().notification_id) == ("m-late", "n-1")


@pytest.mark.parametrize("seconds", [-2, 91])
def test_a_late_failure_of_another_text_to_the_number_is_not_about_the_interrupted_one(seconds):
    product = shown_as_interrupted(Channel.SMS)
    other = a_late_failure(Channel.SMS, Attribution(), sent_at=NOW + timedelta(seconds=seconds))

    assert product.record([[other]]) == {}

    assert len(product.items.all_items(ACCOUNT)) == 2


def test_a_failure_soon_after_its_send_reads_no_record_of_the_send():
    product = Product()
    product.pass_time(minutes=13)
    product.notifications.find_attempt = None

    assert product.record([[a_late_failure(*LATE["email"])]]) == {}

    assert product.item().notification_id == "n-1"


@pytest.mark.parametrize(("customers", "name"), [({}, ""), (None, "Ada Byron")])
def test_an_interrupted_first_send_is_shown_as_failed_after_a_quarter_of_an_hour(customers, name):
    product = Product()
    if customers is not None:
        product.customers.stored = customers
    product.notifications.claim(an_attempt())

    product.pass_time(minutes=15)
    assert product.run_cleanup().interrupted == 0
    product.pass_time(minutes=1)
    assert product.run_cleanup().interrupted == 1

    interrupted = result(Reason.SENDING_INTERRUPTED, "no record of the send", minutes=16)
    assert product.item() == UndeliveredItem(
        ACCOUNT,
        "n-1",
        "n-1",
        Channel.EMAIL,
        ADDRESS,
        NOW,
        (Attempt(1, ADDRESS, NOW, provider_message_id="n-1", result=interrupted),),
        title="Rent reminder",
        customer_id="c-1",
        customer_name=name,
        version=1,
    )
    assert product.notifications.attempts(ACCOUNT, "n-1") == [an_attempt(outcome=SendOutcome.INTERRUPTED)]


def test_an_interrupted_resend_fails_on_its_item():
    product = Product()
    product.fail()
    job = product.press_resend()
    product.mail.errors = [TimeoutError("no answer")]
    with pytest.raises(TimeoutError):
        product.send_message(job)

    product.pass_time(minutes=15)
    assert product.run_cleanup().settled == 1

    interrupted = result(Reason.SENDING_INTERRUPTED, "no record of the send", minutes=15)
    assert product.item().attempts[1] == Attempt(2, ADDRESS, NOW, MANAGER, "n-1", interrupted)
    assert product.notifications.attempts(ACCOUNT, "n-1")[1].outcome is SendOutcome.INTERRUPTED


def test_a_resend_whose_notification_is_gone_is_settled_as_interrupted():
    product = Product()
    product.fail()
    product.press_resend()
    product.notifications.notifications.clear()
    product.pass_time(minutes=16)

    assert product.run_cleanup().settled == 1

    interrupted = result(Reason.SENDING_INTERRUPTED, "no record of the send", minutes=16)
    assert product.item().attempts[1] == Attempt(2, ADDRESS, NOW, MANAGER, "n-1", interrupted)


def test_a_settled_resend_changes_its_item_and_the_record_of_its_send_alone():
    product = Product()
    item = product.fail()
    job = product.press_resend()
    resending = product.item()
    product.mail.errors = [TimeoutError("no answer")]
    with pytest.raises(TimeoutError):
        product.send_message(job, "request-1")
    product.pass_time(minutes=15)

    product.run_cleanup()

    interrupted = result(Reason.SENDING_INTERRUPTED, "no record of the send", minutes=15)
    attempt = Attempt(2, ADDRESS, NOW, MANAGER, "n-1", interrupted)
    assert product.item() == replace(resending, attempts=(*item.attempts, attempt), version=resending.version + 1)
    assert product.notifications.attempts(ACCOUNT, "n-1")[1] == SendAttempt(
        ACCOUNT, "n-1", 2, ADDRESS, NOW, MANAGER, item.entry_key, "", SendOutcome.INTERRUPTED, "request-1"
    )


def test_a_resend_of_a_text_message_is_queued_for_its_channel():
    product = Product(Channel.SMS)
    product.fail()

    assert product.press_resend().channel is Channel.SMS


def test_a_send_without_a_request_has_no_request_id():
    assert Product().send_message(FIRST).correlation_id == ""


def test_many_resends_without_a_note_are_recorded_without_one():
    product = Product()
    item = product.fail()

    (started,) = product.resend.many(ACCOUNT, [item.entry_key], by=MANAGER)

    assert (started.last_attempt.note, started.audit) == ("", (Audit(NOW, MANAGER, "resend"),))


def test_a_batch_without_a_note_is_recorded_without_one():
    product = Product()
    item = product.fail()

    BulkResend(product.resend, product.items, FakeResendBatchStore(), product.clock)(
        ACCOUNT, [item.entry_key], by=MANAGER
    )

    assert product.item().last_attempt.note == ""


def test_a_message_of_a_customer_without_a_record_is_sent_to_the_address_it_names():
    product = Product()
    product.notifications.add(a_notification("n-2", customer_id="c-9", to="office@example.com"))

    attempt = product.send_message(SendJob(ACCOUNT, "n-2", 1))

    assert (attempt.to, attempt.outcome) == ("office@example.com", SendOutcome.SENT)
    assert product.sent[0].tags["undelivered-customer"] == "c-9"


def test_a_job_for_an_unknown_notification_or_item_does_nothing():
    product = Product()

    assert product.send_message(SendJob(ACCOUNT, "n-9", 1)) is None
    assert product.send_message(SendJob("acc-2", "n-1", 1)) is None
    assert product.send_message(SendJob(ACCOUNT, "n-1", 2, "2026-11-01T00:00:00Z~m-1~000000000000")) is None
    assert product.sent == []


def test_cleanup_sweeps_all_accounts_in_batches_while_it_has_time():
    product = Product()
    swept = []

    def sweep(account_id, now, limit):
        swept.append((account_id, now, limit))
        return limit if len(swept) == 1 else 7

    product.items.sweep = sweep
    product.accounts.settings("acc-2")

    assert product.run_cleanup().removed == 100 + 7 + 7
    assert swept == [(ACCOUNT, NOW, 100), (ACCOUNT, NOW, 100), ("acc-2", NOW, 100)]
    assert product.clean_up(lambda: False).removed == 0


def test_cleanup_settles_the_other_resends_when_an_event_changes_one_of_them():
    product = Product()
    product.fail()
    product.send_message(product.press_resend())
    item = product.item()
    lost = replace(item, origin_id="m-lost")
    product.items.resends_to_settle = lambda _now, _limit: [lost, item]

    assert product.run_cleanup().settled == 1
    assert product.item().last_attempt.outcome is Outcome.UNCONFIRMED


def test_a_first_send_is_made_once():
    product = Product()

    assert product.send_message(FIRST).outcome is SendOutcome.SENT
    assert product.send_message(FIRST) is None


@pytest.mark.parametrize(("entry_key", "customer"), [("key", a_customer()), ("", None)])
def test_our_own_feedback_on_a_message_that_was_not_sent_names_its_attempt(entry_key, customer):
    attempt = an_attempt(number=2, to="Ada@Example.com", entry_key=entry_key)
    classification = classification_of(Reason.REJECTED)

    feedback = unsent_feedback(
        Send(attempt, a_notification(), customer), classification, "refused", NOW + timedelta(minutes=1)
    )

    assert feedback == Feedback(
        Channel.EMAIL,
        "n-1",
        ADDRESS,
        Outcome.FAILED,
        NOW + timedelta(minutes=1),
        NOW,
        classification,
        "refused",
        source="undelivered",
        attribution=Attribution(
            ACCOUNT,
            "n-1",
            2,
            "c-1",
            "Ada Byron" if customer else "",
            "Rent reminder",
            entry_key or None,
            content_held=True,
        ),
    )


def test_cleanup_counts_the_resends_that_it_settles_and_takes_a_hundred_at_a_time():
    product = Product()
    product.fail()
    product.send_message(product.press_resend())
    settled = product.item()
    other = replace(settled, origin_id="m-2")
    product.items.items[ACCOUNT, other.entry_key] = other
    product.pass_time(hours=17)
    limits = []

    def to_settle(now, limit):
        limits.append((now, limit))
        return [settled, other]

    product.items.resends_to_settle = to_settle

    assert product.run_cleanup().settled == 2
    assert limits == [(product.time, 100)]


def test_a_resend_that_is_queued_again_or_found_to_be_sent_is_not_settled():
    product = Product()
    product.fail()
    product.press_resend()
    product.pass_time(minutes=16)
    assert product.run_cleanup().settled == 0

    product.notifications.record(
        an_attempt(number=2, entry_key=product.item().entry_key, provider_message_id="m-2", outcome=SendOutcome.SENT)
    )

    assert product.run_cleanup().settled == 0
    assert product.item().last_attempt.provider_message_id == "m-2"


def test_cleanup_reads_a_hundred_unrecorded_sends_at_a_time():
    product = Product()
    for number in range(101):
        product.notifications.claim(an_attempt(f"n-{number}"))
    product.pass_time(minutes=16)

    assert [product.run_cleanup().interrupted for _ in range(3)] == [100, 1, 0]


@pytest.mark.parametrize("outcome", [*Outcome, None])
def test_the_progress_of_a_batch_counts_resends_by_their_outcome(outcome):
    product = Product()
    result = None if outcome in {None, Outcome.PENDING} else AttemptResult(outcome, NOW)
    item = an_item().with_attempt(Attempt(2, ADDRESS, NOW, result=result))
    batches = FakeResendBatchStore()
    keys = ((item.entry_key, 2),)
    batches.save(ResendBatch(ACCOUNT, "batch-1", NOW, MANAGER, keys, 3))
    bulk = BulkResend(product.resend, product.items, batches, product.clock)
    if outcome is not None:
        product.items.items[ACCOUNT, item.entry_key] = item
    is_resolved = outcome in {Outcome.UNCONFIRMED, Outcome.DELIVERED}
    is_returned = outcome in {Outcome.FAILED, Outcome.COMPLAINED, Outcome.NOT_SENT}

    assert bulk.progress(ACCOUNT, "batch-1") == BatchProgress(
        total=4,
        resending=int(not is_resolved and not is_returned),
        resolved=int(is_resolved),
        returned=int(is_returned),
        refused=3,
    )


def test_a_resend_of_many_that_conflicts_is_tried_alone_with_the_same_note():
    product = Product()
    item = product.fail()
    product.items.save_many = lambda changes: {after.entry_key for _, after in changes}

    assert product.resend.many(ACCOUNT, [item.entry_key], by=MANAGER, note="again") == [
        replace(
            item,
            attempts=(*item.attempts, Attempt(2, ADDRESS, NOW, MANAGER, note="again")),
            audit=(Audit(NOW, MANAGER, "resend", "again"),),
        )
    ]
    assert product.queue.orders == [SendJob(ACCOUNT, "n-1", 2, item.entry_key)]


def test_a_batch_is_stored_with_who_when_and_what_it_started_and_refused():
    product = Product()
    item = product.fail()
    refused = an_item(Reason.ADDRESS_NOT_FOUND, number=2, customer_id="c-1", recipient=ADDRESS)
    product.items.save(None, refused)
    gone = "2026-11-01T00:00:00Z~gone~000000000000"
    batches = FakeResendBatchStore()
    bulk = BulkResend(product.resend, product.items, batches, product.clock)

    batch, refusals = bulk(ACCOUNT, [item.entry_key, refused.entry_key, gone, item.entry_key], by=MANAGER, note="again")

    assert batch == ResendBatch(ACCOUNT, batch.batch_id, NOW, MANAGER, ((item.entry_key, 2),), 2)
    assert batches.find(ACCOUNT, batch.batch_id) == batch
    assert refusals == [
        BulkRefusal(
            refused.entry_key,
            "resend_needs_changed_address",
            "We cannot deliver to this address or number. Correct the contact details first.",
        ),
        BulkRefusal(gone, "not_found", "The item was not found."),
    ]
    assert product.items.find(ACCOUNT, item.entry_key).audit == (Audit(NOW, MANAGER, "resend", "again"),)
    assert product.queue.orders == [SendJob(ACCOUNT, "n-1", 2, item.entry_key)]
