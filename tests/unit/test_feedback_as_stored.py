"""What is stored of feedback, compared as a whole."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from tests.builders.accounts import message_accounts
from tests.builders.items import ACCOUNT, NOW, a_customer, a_failure, a_notification, an_attempt, an_item, resent
from tests.builders.recording import Recording
from undelivered.domain.account_mapping import AccountMapping
from undelivered.domain.errors import NotYetKnownError, RetryableError
from undelivered.domain.failure_counts import resolution_bucket
from undelivered.domain.feedback import Attribution, Feedback, Outcome
from undelivered.domain.item import Attempt, AttemptResult, Audit, SentBy, UndeliveredItem
from undelivered.domain.lifecycle import merge_feedback, open_item, record_sent, settle_unconfirmed, start_resend
from undelivered.domain.notification import SendOutcome
from undelivered.domain.suppression import Suppression, SuppressionReason
from undelivered.domain.taxonomy import Channel, Reason, classification_of

SENT_AT = NOW - timedelta(days=1)
FAILED_AT = SENT_AT + timedelta(minutes=1, milliseconds=250)
EMAIL = "ada@example.com"
DISABLED = AttemptResult(
    Outcome.FAILED, FAILED_AT, classification_of(Reason.MAILBOX_DISABLED), "550 5.2.1 disabled", "ses"
)
SENT_BY_HOST = Attempt(1, EMAIL, SENT_AT, provider_message_id="m-1", result=DISABLED, sent_by=SentBy.HOST)
MAPPING = AccountMapping({"tenant-a": "by-tenant"}, {"shop.example": "by-domain", "vip@shop.example": "by-address"})


class World(Recording):
    def __init__(self):
        super().__init__(message_accounts(MAPPING, "default"))

    def record(self, *feedbacks):
        """Record feedback and return it as it is attributed."""
        observed = []
        assert self.use_case([list(feedbacks)], observe=observed.append) == {}
        return observed

    def item(self, account_id=ACCOUNT):
        (item,) = self.items.all_items(account_id)
        return item


def untagged(**attribution):
    return replace(a_failure(), attribution=Attribution(**attribution))


def failed_item(**changes):
    return UndeliveredItem(
        **{
            "account_id": ACCOUNT,
            "origin_id": "m-1",
            "notification_id": "m-1",
            "channel": Channel.EMAIL,
            "recipient": EMAIL,
            "sent_at": SENT_AT,
            "attempts": (Attempt(1, EMAIL, SENT_AT, provider_message_id="m-1", result=DISABLED),),
            "version": 1,
            **changes,
        }
    )


def test_a_failure_of_a_tagged_message_opens_an_item_and_suppresses_its_address():
    world = World()

    world.record(a_failure(customer_id="c-1", customer_name="Ada", title="Rent", notification_id="n-1"))

    assert world.item() == failed_item(notification_id="n-1", title="Rent", customer_id="c-1", customer_name="Ada")
    assert world.suppressions.find(ACCOUNT, Channel.EMAIL, EMAIL) == Suppression(
        ACCOUNT, Channel.EMAIL, EMAIL, SuppressionReason.BOUNCE, FAILED_AT, origin="m-1", version=1
    )


def test_a_message_that_we_did_not_send_is_shown_with_its_subject_in_the_default_account():
    world = World()

    (attributed,) = world.record(replace(untagged(), subject="Your invoice"))

    assert world.item("default") == failed_item(
        account_id="default", title="Your invoice", attempts=(SENT_BY_HOST,), content_held=False
    )
    assert (attributed.source, attributed.account_id, attributed.attributed) == (0, "default", False)


@pytest.mark.parametrize("has_customer", [True, False])
def test_a_message_without_tags_is_attributed_by_the_record_of_its_send(has_customer):
    world = World()
    world.notifications.add(a_notification())
    if has_customer:
        world.customers.save(a_customer())
    world.notifications.record(
        an_attempt(provider_message_id="m-1", outcome=SendOutcome.SENT, correlation_id="request-1")
    )

    (attributed,) = world.record(untagged())

    name = "Ada Byron" if has_customer else ""
    assert attributed.feedback.attribution == Attribution(
        account_id=ACCOUNT,
        notification_id="n-1",
        attempt=1,
        customer_id="c-1",
        customer_name=name,
        title="Rent reminder",
        correlation_id="request-1",
        content_held=True,
    )
    assert world.item() == failed_item(
        notification_id="n-1", title="Rent reminder", customer_id="c-1", customer_name=name
    )


def test_a_message_whose_notification_is_gone_is_attributed_by_its_send_alone():
    world = World()
    world.customers.save(a_customer(""))
    world.notifications.record(an_attempt(provider_message_id="m-1", outcome=SendOutcome.SENT))

    (attributed,) = world.record(replace(untagged(), recipient=None))

    assert attributed.feedback.attribution == Attribution(
        account_id=ACCOUNT, notification_id="n-1", attempt=1, customer_id="", customer_name=""
    )
    assert world.item() == failed_item(notification_id="n-1", attempts=(SENT_BY_HOST,), content_held=False)


@pytest.mark.parametrize(
    ("attribution", "account_id"),
    [
        ({"tenant": "tenant-a", "identity": "shop.example"}, "by-tenant"),
        ({"tenant": "unknown", "identity": "shop.example"}, "by-domain"),
        ({"identity": "billing@shop.example"}, "by-domain"),
        ({"identity": "vip@shop.example"}, "by-address"),
        ({"identity": '"shop@home"@shop.example'}, "by-domain"),
        ({"identity": "shop.example@other.example"}, None),
        ({}, None),
    ],
)
def test_the_account_of_a_message_is_that_of_its_tenant_its_address_or_its_domain(attribution, account_id):
    assert MAPPING.account_of(Attribution(**attribution)) == account_id


@pytest.mark.parametrize(("claimed_after", "waits"), [(-1, True), (0, True), (1, False)])
def test_a_message_without_tags_waits_for_sends_claimed_before_its_event(claimed_after, waits):
    world = World()
    failed_at = NOW - timedelta(seconds=30)
    world.notifications.claim(an_attempt(claimed_at=failed_at + timedelta(seconds=claimed_after)))

    assert bool(world.use_case([[replace(untagged(), at=failed_at)]])) is waits


@pytest.mark.parametrize(("claimed_ago", "waits"), [(89, True), (90, False)])
def test_a_message_without_tags_waits_as_long_as_a_send_may_take(claimed_ago, waits):
    world = World()
    world.notifications.claim(an_attempt(claimed_at=NOW - timedelta(seconds=claimed_ago)))

    assert bool(world.use_case([[replace(untagged(), at=NOW)]])) is waits


def test_a_message_without_a_recipient_belongs_to_no_send_without_a_record():
    world = World()
    world.notifications.claim(an_attempt(claimed_at=NOW - timedelta(minutes=2)))

    (event,) = world.record(replace(untagged(), at=NOW, recipient=None))

    assert event.feedback.attribution.notification_id is None


def test_a_message_that_must_wait_does_not_hold_back_the_others():
    world = World()
    world.notifications.claim(an_attempt(claimed_at=NOW - timedelta(seconds=1)))
    delay = replace(a_failure(message_id="m-3"), outcome=Outcome.DELAYED, classification=None)

    failures = world.use_case([[replace(untagged(), at=NOW)], [a_failure(message_id="m-2"), delay]])

    assert {index: type(error) for index, error in failures.items()} == {0: NotYetKnownError}
    assert world.item().origin_id == "m-2"


def test_a_failed_resend_whose_item_is_gone_becomes_a_first_attempt_of_an_item_of_its_own():
    world = World()
    key = "2026-10-01T00:00:00Z~gone~000000000000"

    world.record(a_failure(attempt=2, entry_key=key))

    assert world.item() == failed_item()


def test_all_feedback_on_a_resend_whose_item_is_gone_is_about_that_first_attempt():
    world = World()
    key = "2026-10-01T00:00:00Z~gone~000000000000"

    world.record(
        a_failure(Reason.MAILBOX_FULL, attempt=2, entry_key=key), a_failure(Reason.COMPLAINT, attempt=2, entry_key=key)
    )

    (attempt,) = world.item().attempts
    assert (attempt.number, attempt.outcome) == (1, Outcome.COMPLAINED)


def test_feedback_on_a_resend_is_added_to_its_attempt():
    item = start_resend(open_item(a_failure(), ACCOUNT), "new@example.com", "ada", NOW, "again")
    failure = a_failure(attempt=2, message_id="m-2", at=NOW)

    merged = merge_feedback(item, failure, ACCOUNT)

    assert merged == replace(
        failed_item(version=0),
        attempts=(
            item.attempts[0],
            Attempt(2, "new@example.com", NOW, "ada", "m-2", replace(DISABLED, at=NOW), "again"),
        ),
        audit=(Audit(NOW, "ada", "resend", "again"),),
    )


def test_feedback_on_an_attempt_that_is_not_recorded_adds_it():
    item = open_item(a_failure(), ACCOUNT)
    delivery = Feedback(Channel.EMAIL, "m-3", None, Outcome.DELIVERED, NOW, NOW, attribution=Attribution(attempt=3))

    assert merge_feedback(item, delivery, ACCOUNT).attempts == (
        item.attempts[0],
        Attempt(3, EMAIL, NOW, provider_message_id="m-3", result=AttemptResult(Outcome.DELIVERED, NOW)),
    )


@pytest.mark.parametrize(("outcome", "diagnostic"), [(None, ""), (Outcome.AUTO_REPLY, "An automatic reply came.")])
def test_a_resend_without_a_failure_is_settled_by_cleanup(outcome, diagnostic):
    item = resent(an_item())
    if outcome:
        item = item.with_attempt(replace(item.last_attempt, result=AttemptResult(outcome, NOW)))

    settled = settle_unconfirmed(item, NOW)

    assert settled.last_attempt.result == AttemptResult(
        Outcome.UNCONFIRMED, NOW, diagnostic=diagnostic, source="cleanup"
    )


def test_the_send_of_an_unknown_attempt_changes_no_item():
    item = resent(an_item())

    assert record_sent(item, 3, "m-3") is item


@pytest.mark.parametrize(("seconds", "bucket"), [(0, 0), (60, 0), (71, 0), (72, 1), (120, 4), (3_600, 23)])
def test_durations_are_counted_in_buckets_that_end_a_fifth_later_each(seconds, bucket):
    assert resolution_bucket(timedelta(seconds=seconds)) == bucket


@pytest.mark.parametrize("outcome", [Outcome.DELAYED, Outcome.AUTO_REPLY, Outcome.DELIVERED])
def test_what_is_no_failure_of_a_tagged_first_attempt_changes_nothing(outcome):
    world = World()
    world.record(a_failure())
    later = replace(a_failure(message_id="m-2"), outcome=outcome, classification=None)

    assert world.record(later) == []
    assert world.item() == failed_item()


@pytest.mark.parametrize("outcome", [Outcome.AUTO_REPLY, Outcome.DELIVERED])
def test_what_is_no_failure_may_be_about_a_resend(outcome):
    world = World()
    resend = replace(a_failure(attempt=2, message_id="m-2"), outcome=outcome, classification=None)

    assert len(world.record(resend)) == 1
    assert len(world.record(replace(resend, attribution=Attribution()))) == 1


def test_a_batch_with_several_failures_of_a_message_makes_one_item_with_the_worst():
    world = World()

    world.record(a_failure(Reason.MAILBOX_FULL), a_failure(), a_failure(Reason.COMPLAINT), a_failure())

    result = AttemptResult(
        Outcome.COMPLAINED, FAILED_AT, classification_of(Reason.COMPLAINT), "550 5.2.1 disabled", "ses"
    )
    assert world.item() == failed_item(attempts=(Attempt(1, EMAIL, SENT_AT, provider_message_id="m-1", result=result),))
    assert world.suppressions.find(ACCOUNT, Channel.EMAIL, EMAIL).reason is SuppressionReason.COMPLAINT


def test_an_address_that_fails_with_several_messages_of_a_batch_is_suppressed_once():
    world = World()

    world.record(a_failure(), a_failure(Reason.COMPLAINT, message_id="m-2"), a_failure(message_id="m-3"))

    assert len(world.items.all_items(ACCOUNT)) == 3
    assert world.suppressions.find(ACCOUNT, Channel.EMAIL, EMAIL) == Suppression(
        ACCOUNT, Channel.EMAIL, EMAIL, SuppressionReason.COMPLAINT, FAILED_AT, origin="m-2", version=1
    )


@pytest.mark.parametrize("seconds", [0, 1])
def test_a_failure_from_before_the_report_goes_to_history(seconds):
    world = World()

    world.record(a_failure(sent_at=NOW - timedelta(days=30) + timedelta(seconds=seconds)))

    assert (len(world.items.items), len(world.items.history)) == (seconds, 1 - seconds)


@pytest.mark.parametrize("method", ["add_new", "save"])
def test_every_message_whose_feedback_could_not_be_stored_is_returned_with_the_error(method):
    world = World()
    error = RetryableError("busy")

    def fail(*_):
        raise error

    world.items.add_new = list  # all items are known already
    setattr(world.items, method, fail)
    world.items.find = lambda *_: None

    failures = world.use_case([[a_failure()], [a_failure(message_id="m-2")], [a_failure(message_id="m-3")]])

    assert failures == {0: error, 1: error, 2: error}


def test_accounts_whose_erasures_cannot_be_read_are_returned_with_all_their_messages():
    world = World()

    def fail(_account_id):
        raise RetryableError("busy")

    world.use_case.erasures.has_erasures = fail
    other = replace(a_failure(message_id="m-3"), attribution=Attribution(account_id="acc-2"))

    assert sorted(world.use_case([[a_failure()], [a_failure(message_id="m-2")], [other]])) == [0, 1, 2]
