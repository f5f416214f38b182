"""Rates: what is counted as sent, once for each message, and the shares of it that failed."""

from collections import Counter
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from tests.builders.items import ACCOUNT, NOW, a_failure, an_attempt
from tests.builders.recording import Recording
from tests.fakes import FakeSentCountStore
from undelivered.domain.contact_link import CODE_PREFIX
from undelivered.domain.digest import DIGEST_PREFIX
from undelivered.domain.errors import RetryableError
from undelivered.domain.feedback import Outcome
from undelivered.domain.notification import SendOutcome
from undelivered.domain.rates import Rates, Sent, SentKey, rates_of
from undelivered.domain.taxonomy import Channel, Kind, Reason
from undelivered.services.count_sends import CountSends

TODAY = NOW.date()
OWN, DELIVERED, FAILED, HARD, COMPLAINED = (SentKey(Channel.EMAIL, sent) for sent in Sent)
SENT = an_attempt(outcome=SendOutcome.SENT)


def counting(zone="UTC", not_counted=None):
    return CountSends(FakeSentCountStore(), lambda _: ZoneInfo(zone), not_counted)


def of_host(reason=Reason.MAILBOX_FULL, outcome=Outcome.FAILED, *, message_id="m-1", **changes):
    feedback = a_failure(reason, message_id=message_id, content_held=False, sent_at=NOW, **changes)
    return feedback if outcome is Outcome.FAILED else replace(feedback, outcome=outcome, classification=None)


def noted(*events, zone="UTC"):
    count = counting(zone)
    for event in events:
        count.note(ACCOUNT, event)
    count.add_noted()
    return count.counts.days


class TestOwn:
    def test_a_batch_of_first_sends_is_one_write_for_each_day_in_the_accounts_time_zone(self):
        count = counting("Pacific/Auckland")

        count.own([(Channel.EMAIL, SENT), (Channel.EMAIL, SENT), (Channel.SMS, SENT)])

        assert count.counts.days == {
            (ACCOUNT, TODAY + timedelta(days=1)): Counter({OWN: 2, OWN._replace(channel=Channel.SMS): 1})
        }
        assert count.counts.writes == 1

    @pytest.mark.parametrize(
        "other",
        [
            an_attempt(outcome=SendOutcome.DROPPED),
            an_attempt(outcome=SendOutcome.FAILED),
            an_attempt(number=2, outcome=SendOutcome.SENT),
            an_attempt(f"{CODE_PREFIX}1", outcome=SendOutcome.SENT),
        ],
    )
    def test_what_was_not_sent_and_resends_and_codes_do_not_count(self, other):
        count = counting()

        count.own([(Channel.EMAIL, other)])

        assert not count.counts.days

    def test_a_busy_store_does_not_fail_a_batch_that_is_sent(self):
        missed = []
        count = counting(not_counted=lambda *each: missed.append(each))
        count.counts.add = lambda *_: (_ for _ in ()).throw(RetryableError("busy"))

        count.own([(Channel.EMAIL, SENT)])

        assert missed == [(ACCOUNT, 1)]


class TestOfHost:
    def test_a_message_counts_by_its_delivery_or_its_bounce(self):
        assert noted(
            of_host(outcome=Outcome.DELIVERED, message_id="m-1"),
            of_host(message_id="m-2"),
            of_host(Reason.ADDRESS_NOT_FOUND, message_id="m-3"),
            of_host(Reason.RECIPIENT_REFUSED, kind=Kind.HARD, message_id="m-4"),
        ) == {(ACCOUNT, TODAY): Counter({DELIVERED: 1, FAILED: 3, HARD: 2})}

    def test_an_event_counts_once_in_a_batch_however_often_it_comes(self):
        assert noted(of_host(), of_host()) == {(ACCOUNT, TODAY): Counter({FAILED: 1})}

    def test_each_recipient_of_a_message_counts(self):
        events = [of_host(recipient=f"{name}@example.com") for name in ("ada", "bo")]

        assert noted(*events) == {(ACCOUNT, TODAY): Counter({FAILED: 2})}

    @pytest.mark.parametrize(
        "event",
        [
            a_failure(content_held=True),
            of_host(attempt=2),
            of_host(Reason.UNSUBSCRIBED),
            of_host(Reason.SENDING_PAUSED),
            of_host(outcome=Outcome.DELAYED),
            of_host(notification_id=f"{DIGEST_PREFIX}1"),
        ],
    )
    def test_our_own_messages_resends_and_what_was_never_sent_do_not_count(self, event):
        assert not noted(event)

    def test_recording_notes_deliveries_of_first_sends_that_change_no_item(self):
        recording, count = Recording(), counting()
        record = replace(recording.use_case, note_recorded=count.note)

        record([[of_host(outcome=Outcome.DELIVERED)], [of_host(message_id="m-2")]])
        count.add_noted()

        assert count.counts.days == {(ACCOUNT, TODAY): Counter({DELIVERED: 1, FAILED: 1})}

    def test_a_message_that_could_not_be_recorded_counts_when_it_comes_again(self):
        recording, count = Recording(), counting()
        record = replace(recording.use_case, note_recorded=count.note)
        add_new, message = recording.items.add_new, [of_host(outcome=Outcome.DELIVERED), of_host(message_id="m-2")]
        recording.items.add_new = lambda *_: (_ for _ in ()).throw(RetryableError("busy"))

        assert list(record([message])) == [0]
        count.add_noted()
        recording.items.add_new = add_new
        assert record([message]) == {}
        count.add_noted()

        assert count.counts.days == {(ACCOUNT, TODAY): Counter({DELIVERED: 1, FAILED: 1})}


FAILURES = {TODAY: {"ei.address_not_found": 3, "es.mailbox_full": 2, "ec.complaint": 1, "ed.unsubscribed": 9}}


class TestRates:
    def test_failures_are_a_share_of_what_was_sent(self):
        rates = rates_of(Channel.EMAIL, {TODAY: Counter({OWN: 100})}, FAILURES)

        assert rates == Rates(sent=100, failed=5, hard_bounced=3, complaints=1)
        assert rates.share(rates.hard_bounced) == 0.03

    def test_failures_of_days_before_sends_were_counted_are_left_out(self):
        before = {TODAY - timedelta(days=1): {"ei.address_not_found": 50}}

        assert rates_of(Channel.EMAIL, {TODAY: Counter({OWN: 100})}, FAILURES | before).failed == 5

    def test_messages_of_the_host_are_added_if_their_deliveries_are_known(self):
        counted = Counter({OWN: 100, DELIVERED: 98, FAILED: 2, HARD: 1})

        assert rates_of(Channel.EMAIL, {TODAY: counted}, FAILURES) == Rates(200, 5, 3, 1)

    def test_else_they_are_left_out_with_their_failures(self):
        counted = Counter({OWN: 100, FAILED: 4, HARD: 2, COMPLAINED: 1})

        rates = rates_of(Channel.EMAIL, {TODAY: counted}, FAILURES)
        assert rates == Rates(100, 1, 1, 0, leaves_out_host=True)

    def test_a_single_message_of_the_host_is_said_to_be_left_out(self):
        assert rates_of(Channel.EMAIL, {TODAY: Counter({OWN: 100, COMPLAINED: 1})}, {}).leaves_out_host
        assert not rates_of(Channel.EMAIL, {TODAY: Counter({OWN: 100})}, FAILURES).leaves_out_host

    def test_no_number_is_below_zero_if_the_host_reports_more_than_is_recorded(self):
        counted = Counter({OWN: 100, FAILED: 9, HARD: 9, COMPLAINED: 9})

        assert rates_of(Channel.EMAIL, {TODAY: counted}, FAILURES) == Rates(100, 0, 0, 0, leaves_out_host=True)

    def test_without_sends_there_is_no_rate(self):
        assert rates_of(Channel.SMS, {TODAY: Counter({OWN: 1})}, FAILURES).share(0) is None
