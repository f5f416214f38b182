"""How feedback changes an item: any order, any repetition, one end."""

from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.builders.items import an_item
from undelivered.adapters.dynamodb.item_rows import facts_of, undelivered_row
from undelivered.domain.account_settings import GraceSettings
from undelivered.domain.feedback import Attribution, Feedback, Outcome
from undelivered.domain.item import AttemptResult, State, UndeliveredItem
from undelivered.domain.lifecycle import (
    merge_feedback,
    merge_items,
    merge_results,
    record_sent,
    settle_unconfirmed,
    settles_at,
    start_resend,
)
from undelivered.domain.taxonomy import CLASSIFICATIONS, Channel, Kind, Reason, Status, classification_of

SENT = datetime(2026, 11, 1, 9, 0, tzinfo=UTC)


def feedback(outcome, minutes=1, attempt=1, reason=None, to="ada@example.com", **changes):
    return Feedback(
        channel=Channel.EMAIL if to else Channel.SMS,
        provider_message_id=f"m-{attempt}",
        recipient=to,
        outcome=outcome,
        at=SENT + timedelta(minutes=minutes),
        sent_at=SENT,
        classification=classification_of(reason) if reason else None,
        attribution=Attribution(account_id="acc", notification_id="n-1", attempt=attempt),
        **changes,
    )


def hard(**more):
    return feedback(Outcome.FAILED, reason=Reason.MAILBOX_DISABLED, **more)


def soft(**more):
    return feedback(Outcome.FAILED, reason=Reason.MAILBOX_FULL, **more)


def complaint(**more):
    return feedback(Outcome.COMPLAINED, reason=Reason.COMPLAINT, **more)


def delivery(**more):
    return feedback(Outcome.DELIVERED, **more)


def delay(**more):
    return feedback(Outcome.DELAYED, **more)


def after(*feedbacks, item=None):
    for one in feedbacks:
        item = merge_feedback(item, one, "acc")
    return item


def resent(item, *, to="new@example.com"):
    return start_resend(item, to, "manager", SENT + timedelta(hours=1))


def test_a_delivery_alone_makes_no_item():
    assert after(delivery(), delay()) is None


def test_a_failure_opens_an_item():
    item = after(hard())

    assert item.state is State.OPEN
    assert item.classification == CLASSIFICATIONS[Reason.MAILBOX_DISABLED]


def masked(number, **more):
    return hard(to=None, written=number, **more)


def test_a_number_that_cannot_be_normalised_is_shown_as_it_was_written():
    item = after(masked("+1XXX5550100"))

    assert item.failure.to == "+1XXX5550100"
    assert item.entry_key == after(masked("")).entry_key


@pytest.mark.parametrize("written", list(permutations(["", "+1XXX5550100", "+1XXXXXX0100"])))
def test_events_that_write_a_number_differently_end_the_same_in_any_order(written):
    first, *others = [masked(number) for number in written]

    assert after(first, *others).failure.to == "+1XXXXXX0100"
    assert merge_items(after(first), after(*others)).failure.to == "+1XXXXXX0100"


def test_a_resend_keeps_the_number_that_it_was_sent_to():
    item = resent(after(masked("+1XXX5550100")), to="+12065550100")

    assert after(masked("+1XXX5550100", attempt=2), item=item).last_attempt.to == "+12065550100"


def test_a_late_bounce_after_a_delivery_opens_an_item():
    assert after(delivery(minutes=1), hard(minutes=5)).state is State.OPEN


def test_a_delivery_reported_after_the_bounce_of_the_same_attempt_clears_nothing():
    assert after(soft(), delivery(minutes=9)).state is State.OPEN


def test_a_complaint_outranks_a_bounce_in_either_order():
    assert after(hard(), complaint()).classification.status is Status.SPAMMED
    assert after(complaint(), hard()).classification.status is Status.SPAMMED


def test_a_resend_is_running_until_something_is_reported():
    assert resent(after(hard())).state is State.RESENDING


def test_a_delay_keeps_a_resend_running():
    assert after(delay(attempt=2), item=resent(after(hard()))).state is State.RESENDING


def test_the_delivery_of_a_resend_resolves():
    item = after(delivery(attempt=2, to="new@example.com"), item=resent(after(hard())))

    assert item.state is State.RESOLVED
    assert [attempt.to for attempt in item.attempts] == ["ada@example.com", "new@example.com"]


def test_a_resend_that_bounces_reopens_with_its_own_reason():
    item = after(soft(attempt=2), item=resent(after(hard())))

    assert item.state is State.OPEN
    assert item.classification.reason is Reason.MAILBOX_FULL


def test_a_late_bounce_of_the_first_attempt_leaves_a_resolved_item_resolved():
    item = after(delivery(attempt=2), item=resent(after(soft())))

    assert after(hard(minutes=90), item=item).state is State.RESOLVED


def test_silence_resolves_as_unconfirmed_and_a_late_bounce_brings_the_item_back():
    item = settle_unconfirmed(resent(after(hard())), SENT + timedelta(days=1))

    assert item.state is State.RESOLVED
    assert item.last_attempt.outcome is Outcome.UNCONFIRMED
    assert after(soft(attempt=2), item=item).state is State.OPEN


def test_settling_never_overrules_news_that_came_first():
    item = after(soft(attempt=2), item=resent(after(hard())))

    assert settle_unconfirmed(item, SENT + timedelta(days=1)) == item


def test_a_duplicate_changes_nothing():
    item = after(hard())

    assert after(hard(), item=item) is item


def test_an_item_expires_after_thirty_days_to_the_second():
    item = after(hard())

    assert item.state_at(item.leaves_at - timedelta(seconds=1)) is State.OPEN
    assert item.state_at(item.leaves_at) is State.EXPIRED


def test_recording_a_provider_id_twice_keeps_the_first():
    item = record_sent(resent(after(hard())), 2, "m-2")

    assert record_sent(item, 2, "m-other") is item


reports = st.builds(
    AttemptResult,
    outcome=st.sampled_from(Outcome),
    at=st.datetimes(min_value=datetime(2026, 1, 1), max_value=datetime(2026, 12, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    diagnostic=st.sampled_from(["", "a", "b"]),
    source=st.sampled_from(["event", "notification"]),
).flatmap(
    lambda report: (
        st.sampled_from(
            [replace(report, classification=classification_of(reason, kind)) for reason in Reason for kind in Kind]
        )
        if report.outcome >= Outcome.FAILED
        else st.just(report)
    )
)


@given(reports, reports, reports)
def test_joining_reports_is_commutative_associative_and_idempotent(one, two, three):
    assert merge_results(one, two) == merge_results(two, one)
    assert merge_results(merge_results(one, two), three) == merge_results(one, merge_results(two, three))
    assert merge_results(one, one) == one
    assert merge_results(None, one) == one


FIRST = [hard(), soft(minutes=3), delivery(minutes=2), delay(), complaint(minutes=70)]
SECOND = [delivery(attempt=2, minutes=80), soft(attempt=2, minutes=90), delay(attempt=2, minutes=81)]


@pytest.mark.parametrize("size", [2, 3, 4])
def test_every_order_and_repetition_of_a_first_attempts_events_ends_the_same(size):
    for chosen in permutations(FIRST, size):
        expected = after(*sorted(chosen, key=FIRST.index))
        assert after(*chosen) == expected
        assert after(*chosen, *chosen, chosen[0]) == expected


@given(st.permutations(FIRST[:3] + SECOND), st.lists(st.sampled_from(FIRST + SECOND), max_size=6))
def test_every_order_of_a_chains_events_ends_the_same(order, repeated):
    begun = resent(after(hard()))
    events = [*order, *[event for event in repeated if event in order]]

    assert after(*events, item=begun) == after(*(FIRST[:3] + SECOND), item=begun)


@given(st.permutations(FIRST + SECOND), st.integers(0, len(FIRST + SECOND)))
def test_two_copies_that_saw_different_events_merge_to_what_one_would_have_seen(order, cut):
    begun = resent(after(hard()))
    one, other = after(*order[:cut], item=begun), after(*order[cut:], item=begun)

    assert merge_items(one, other) == merge_items(other, one) == after(*order, item=begun)


@given(st.lists(st.sampled_from(FIRST + SECOND), max_size=8), st.booleans())
def test_every_item_in_every_history_has_a_state_and_a_verdict(events, resend):
    item = after(hard())
    item = after(*events, item=resent(item) if resend else item)

    assert isinstance(item, UndeliveredItem)
    assert item.state in State
    assert item.classification.reason in Reason


@pytest.mark.parametrize(
    ("channel", "message_id", "expected"),
    [
        (Channel.EMAIL, "m-2", timedelta(hours=16)),
        (Channel.SMS, "m-2", timedelta(hours=73)),
        (Channel.EMAIL, "", timedelta(minutes=15)),
    ],
)
def test_silence_is_settled_after_the_grace_period_of_the_channel_and_sooner_when_nobody_took_the_message(
    channel, message_id, expected
):
    running = record_sent(resent(an_item(channel=channel)), 2, message_id)

    assert settles_at(running, GraceSettings()) - running.last_attempt.at == expected


def test_the_grace_period_is_the_accounts_to_set():
    running = record_sent(resent(an_item()), 2, "m-2")
    grace = GraceSettings(email_hours=2)

    row = undelivered_row(running, facts_of(running), 1, grace)

    assert settles_at(running, grace) == running.last_attempt.at + timedelta(hours=2)
    assert int(row["settle_at"]["N"]) == int(settles_at(running, grace).timestamp())
