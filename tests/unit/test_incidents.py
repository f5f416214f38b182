"""Incidents: when they start and end, what belongs to them, and that the order of events does not matter."""

import random
from collections import Counter
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders.items import NOW, a_failure, an_item, reported, resent
from undelivered.domain.feedback import Outcome
from undelivered.domain.incidents import (
    LEAST_FAILURES,
    SHOWN,
    WINDOW,
    Cause,
    Hours,
    changed_hours,
    counted_hours,
    hour_of,
    incidents,
    parse_incident_id,
)
from undelivered.domain.lifecycle import merge_feedback
from undelivered.domain.receivers import ReceiverKind, receiver, receiver_of
from undelivered.domain.taxonomy import CLASSIFICATIONS, Channel, Fault, Kind, Reason

CAUSE = Cause(Channel.EMAIL, Reason.SENDER_BLOCKED, "microsoft")
HOUR = timedelta(hours=1)
THIS_HOUR = hour_of(NOW)


def found(failed, arrived=(), *, now=NOW):
    """Return the incidents of failures, given as numbers by how many hours ago they happened."""
    counts = Counter({THIS_HOUR - ago * HOUR: number for ago, number in failed.items()})
    return incidents({CAUSE: Hours(counts, Counter({THIS_HOUR - ago * HOUR: 1 for ago in arrived}))}, now)


def every_day(number, *, days=range(2, 38)):
    """Return a usual number of failures a day, spread over eight hours."""
    return Counter(24 * day + place % 8 for day in days for place in range(number))


class TestStart:
    def test_five_failures_of_a_cause_within_a_day_are_an_incident(self):
        (incident,) = found({20: 2, 3: 2, 0: 1})

        assert not incident.is_over
        assert incident.failures == LEAST_FAILURES
        assert incident.started_at == THIS_HOUR - 20 * HOUR

    @pytest.mark.parametrize("failed", [{3: 4}, {0: 2, 30: 3}, dict.fromkeys(range(0, 240, 24), 1)])
    def test_fewer_within_a_day_are_not(self, failed):
        assert not found(failed)

    def test_an_account_with_a_million_messages_has_usual_failures_that_are_no_incident(self):
        assert not found(every_day(20) + Counter(every_day(24, days=range(2))))

    def test_clearly_more_than_usual_are_and_the_start_is_the_first_unusual_hour(self):
        (incident,) = found(every_day(20) + Counter(every_day(8, days=range(1, 2))) + Counter({2: 60, 1: 60}))

        assert incident.failures == 120
        assert incident.started_at == THIS_HOUR - 2 * HOUR

    def test_what_has_gone_on_for_longer_than_it_is_shown_is_usual(self):
        assert not found(every_day(100, days=range(38)))

    @pytest.mark.parametrize(("failed", "number"), [(7, 1), (8, 2)])
    def test_usual_failures_just_before_an_incident_stay_usual(self, failed, number):
        before = every_day(2, days=range(4, 11)) + Counter({73: 1, 72: 1, 71: 1, 70: 1, 69: 1, 68: 50})

        shown = found(before + Counter(dict.fromkeys(range(failed), 1)))

        assert len(shown) == number
        assert shown[-1].failures == 50

    def test_an_incident_does_not_make_the_next_one_usual(self):
        (second, first) = found({100: 500, 10: 6})

        assert (first.failures, second.failures) == (500, 6)
        assert first.is_over
        assert not second.is_over

    def test_causes_and_receivers_are_incidents_of_their_own(self):
        hours = Hours(Counter({THIS_HOUR: 4}))

        assert not incidents({CAUSE: hours, CAUSE._replace(receiver="google"): hours}, NOW)


class TestEnd:
    def test_a_day_without_failures_ends_it_at_the_end_of_its_last_hour(self):
        (incident,) = found({40: 100, 26: 20})

        assert incident.ended_at == THIS_HOUR - 25 * HOUR

    def test_a_night_does_not(self):
        (incident,) = found({20: 100})

        assert not incident.is_over

    def test_a_resend_that_arrives_after_the_last_failure_ends_it_at_once(self):
        (incident,) = found({9: 10, 5: 100}, arrived=[7, 3, 2])

        assert incident.failures == 110
        assert incident.ended_at == THIS_HOUR - 3 * HOUR

    def test_so_does_one_that_arrives_in_this_hour(self):
        (incident,) = found({5: 100}, arrived=[0])

        assert incident.ended_at == THIS_HOUR

    def test_one_that_turned_out_not_to_have_arrived_does_not(self):
        counted = Hours(Counter({THIS_HOUR - 5 * HOUR: 100}), Counter({THIS_HOUR - 3 * HOUR: 0}))

        (incident,) = incidents({CAUSE: counted}, NOW)

        assert not incident.is_over

    def test_a_resend_that_arrives_among_the_failures_does_not(self):
        (incident,) = found({9: 10, 5: 100}, arrived=[9, 5])

        assert not incident.is_over

    def test_failures_after_its_end_are_another_incident(self):
        (second, first) = found({40: 10, 5: 5}, arrived=[37, 36])

        assert (first.failures, first.ended_at) == (10, THIS_HOUR - 37 * HOUR)
        assert (second.failures, second.ended_at) == (5, None)

    def test_a_failure_within_a_day_after_a_resend_arrived_means_that_it_goes_on(self):
        (incident,) = found({9: 10, 3: 1}, arrived=[7])

        assert (incident.failures, incident.is_over) == (11, False)

    def test_usual_failures_do_not_prolong_it(self):
        (incident,) = found(
            every_day(8, days=range(4, 38)) + Counter({72: 200}) + Counter(dict.fromkeys((50, 26, 2), 1))
        )

        assert incident.failures == 200
        assert incident.ended_at == THIS_HOUR - 71 * HOUR

    def test_it_is_shown_for_thirty_days(self):
        assert found({24 * 30: 10})
        assert not found({24 * 30 + 1: 10})


hours_of_month = st.dictionaries(st.integers(0, 24 * 38), st.integers(1, 300), max_size=25)


@given(hours_of_month, st.sets(st.integers(0, 24 * 38), max_size=4))
def test_incidents_hold_each_failure_at_most_once_and_those_over_come_last(failed, arrived):
    shown = found(failed, arrived)

    hours = [hour for incident in shown for hour, _ in incident.hours]
    assert len(hours) == len(set(hours))
    assert [each.is_over for each in shown] == sorted(each.is_over for each in shown)
    for incident in shown:
        assert incident.failures >= LEAST_FAILURES
        assert list(incident.hours) == sorted(incident.hours)
        assert {THIS_HOUR - ago * HOUR: number for ago, number in failed.items()}.items() >= set(incident.hours)
        assert NOW - incident.last_failure_at <= SHOWN
        assert incident.is_over or NOW - incident.last_failure_at < WINDOW
        assert incident.ended_at is None or incident.last_failure_at < incident.ended_at <= NOW
        assert parse_incident_id(incident.incident_id) == (CAUSE, incident.started_at)


@given(st.lists(st.sampled_from(list(Outcome)[1:]), min_size=1, max_size=4), st.randoms(use_true_random=False))
def test_the_order_of_events_does_not_change_what_is_counted(outcomes, shuffled: random.Random):
    events = [
        a_failure(Reason.SENDER_BLOCKED, recipient="ada@hotmail.com", at=NOW + place * HOUR)
        for place, outcome in enumerate(outcomes)
        if outcome >= Outcome.FAILED
    ] or [a_failure(Reason.MAILBOX_FULL)]

    def counted(order):
        item, total = None, Counter()
        for event in order:
            changed = merge_feedback(item, event, "acc-1")
            total.update(changed_hours(item, changed))
            item = changed
        return {hour: number for hour, number in total.items() if number}, item

    mixed = [*events, *events]
    shuffled.shuffle(mixed)
    total, item = counted(mixed)
    assert total == counted(events)[0] == dict(counted_hours(item))


class TestCounted:
    def test_a_failure_by_our_fault_counts_in_the_hour_in_which_it_happened(self):
        item = an_item(Reason.SENDER_BLOCKED, recipient="ada@hotmail.com", at=NOW + timedelta(minutes=59))

        assert list(counted_hours(item).elements()) == [(CAUSE, THIS_HOUR, False)]

    @pytest.mark.parametrize(
        "reason", [reason for reason in Reason if CLASSIFICATIONS[reason].fault is not Fault.SENDER]
    )
    def test_other_failures_do_not_count(self, reason):
        assert not counted_hours(an_item(reason))

    @pytest.mark.parametrize("kind", Kind)
    def test_hard_and_soft_bounces_count_alike(self, kind):
        assert counted_hours(an_item(Reason.SENDER_BLOCKED, kind=kind)).total() == 1

    def test_a_resend_that_fails_again_counts_and_one_that_arrives_counts_as_arrived(self):
        item = resent(an_item(Reason.SENDER_BLOCKED, recipient="ada@hotmail.com"), to="ada@hotmail.com")

        again = reported(item, Outcome.FAILED, reason=Reason.SENDER_BLOCKED)
        assert counted_hours(again).total() == 2
        assert changed_hours(item, reported(item, Outcome.DELIVERED)) == Counter({(CAUSE, THIS_HOUR, True): 1})

    def test_a_resend_that_arrives_after_a_failure_of_another_kind_does_not_count(self):
        assert not counted_hours(reported(resent(an_item(Reason.MAILBOX_FULL)), Outcome.DELIVERED))

    def test_an_incident_includes_the_items_of_its_cause_and_hours(self):
        (incident,) = found({3: 9, 0: 1})
        item = an_item(Reason.SENDER_BLOCKED, recipient="ada@hotmail.com", at=NOW - 2 * HOUR)

        assert incident.includes(item)
        assert not incident.includes(an_item(Reason.SENDER_BLOCKED, recipient="ada@hotmail.com", at=NOW - 4 * HOUR))
        assert not incident.includes(an_item(Reason.SENDER_BLOCKED, recipient="ada@gmail.com", at=NOW - 2 * HOUR))
        assert not incident.includes(an_item(Reason.RATE_LIMITED, recipient="ada@hotmail.com", at=NOW - 2 * HOUR))


@pytest.mark.parametrize(
    ("address", "diagnostic", "receiving"),
    [
        ("ada@hotmail.co.uk", "", "microsoft"),
        ("ada@outlook.com", "550 5.7.1 mx.google.com", "microsoft"),
        ("ada@GMX.de", "", "united_internet"),
        ("ada@live.example.com", "", "live.example.com"),
        ("ada@notgmail.com", "", "notgmail.com"),
        ("ada@firm.example", "550 5.7.606 [AM7EUR06FT003.eop-eur06.prod.protection.outlook.com]", "microsoft"),
        ("ada@firm.example", "421-4.7.28 see https://support.google.com/mail/answer/81126 - gsmtp", "google"),
        ("ada@firm.example", "554 refused by not-outlook.com.evil.example", "firm.example"),
        ("ada@firm.example", "550 refused mail from <news@eu.outlook.com>", "firm.example"),
        ("ada@firm.example", "550 blocked", "firm.example"),
        ("nobody", "", "nobody"),
    ],
)
def test_the_receiver_of_an_email_is_the_operator_of_its_domain_or_of_the_answering_host(
    address, diagnostic, receiving
):
    assert receiver_of(Channel.EMAIL, Reason.SENDER_BLOCKED, address, diagnostic) == receiving


@pytest.mark.parametrize(
    ("number", "code"), [("+15551234567", "+1"), ("+491511234567", "+49"), ("+351912345678", "+351"), ("***", "")]
)
def test_the_receiver_of_a_text_is_the_country_of_its_number(number, code):
    assert receiver_of(Channel.SMS, Reason.CARRIER_BLOCKED, number, "") == code


def test_the_receiver_of_a_message_that_never_left_is_the_provider():
    assert receiver_of(Channel.SMS, Reason.SPEND_LIMIT, "+491511234567", "") == "amazon_sns"
    assert receiver_of(Channel.EMAIL, Reason.SENDING_PAUSED, "ada@gmail.com", "") == "amazon_ses"


@pytest.mark.parametrize(
    ("receiver_id", "kind", "name"),
    [
        ("microsoft", ReceiverKind.OPERATOR, "Outlook (Microsoft)"),
        ("firm.example", ReceiverKind.DOMAIN, "firm.example"),
        ("+49", ReceiverKind.COUNTRY, "+49"),
        ("amazon_sns", ReceiverKind.PROVIDER, "Amazon SNS"),
    ],
)
def test_a_receiver_has_a_name(receiver_id, kind, name):
    known = receiver(receiver_id)

    assert (known.kind, known.name) == (kind, name)
    assert known.help_url.startswith("https://") == (kind is ReceiverKind.OPERATOR)
