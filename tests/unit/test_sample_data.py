"""The sample data of a local stack is realistic, and the same every time."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from infrastructure.local.sample_data import sample_month
from tests.fakes import FakeReportReader, FakeUndeliveredStore
from undelivered.adapters.feedback import parse_event
from undelivered.domain.feedback import Outcome
from undelivered.domain.identifiers import entry_key
from undelivered.domain.lifecycle import merge_feedback
from undelivered.domain.taxonomy import Channel, Kind, Reason, Status
from undelivered.services.read_incidents import ReadIncidents

NOW = datetime(2026, 11, 23, 20, 0, tzinfo=UTC)
MOMENTS = [NOW - timedelta(days=23 * n, hours=7 * n) for n in range(12)]


def a_month_to(now):
    return sample_month("acc-harbor", "manager@harbor.example", now)


def verdicts(month):
    events = [event for sent in month.failed for event in (*sent.events, *([sent.log] if sent.log else []))]
    feedbacks = [feedback for event in events for feedback in parse_event(event).feedback]
    return [feedback.classification for feedback in feedbacks if feedback.outcome >= Outcome.FAILED]


def test_the_same_moment_gives_the_same_month():
    assert a_month_to(NOW) == a_month_to(NOW)


@pytest.mark.parametrize("now", MOMENTS)
def test_several_hundred_notifications_are_sent_and_about_one_in_six_fails(now):
    month = a_month_to(now)

    assert 400 < len(month.sent) < 800
    assert 60 <= month.count <= 150
    assert len({sent.notification.notification_id for sent in month.sent}) == len(month.sent)
    assert len({sent.entry_key for sent in month.failed}) == len(month.failed)


@pytest.mark.parametrize("now", MOMENTS)
def test_everything_lies_within_the_thirty_days(now):
    month = a_month_to(now)

    attempts = [each.attempt for each in (*month.sent, *month.resends)]
    assert all(now - timedelta(days=30) < attempt.claimed_at <= now for attempt in attempts)


@pytest.mark.parametrize("now", MOMENTS)
def test_every_status_kind_and_channel_occurs(now):
    month = a_month_to(now)

    found = Counter((classification.status, classification.kind) for classification in verdicts(month))
    assert set(found) == {
        (Status.BOUNCED, Kind.HARD),
        (Status.BOUNCED, Kind.SOFT),
        (Status.INVALID, None),
        (Status.SPAMMED, None),
        (Status.DROPPED, None),
        (Status.FAILED, None),
    }
    assert {sent.notification.channel for sent in month.failed} == set(Channel)
    assert any(sent.dropped for sent in month.failed)


@pytest.mark.parametrize("now", MOMENTS)
def test_some_are_resolved_one_came_back_and_one_is_on_its_way(now):
    month = a_month_to(now)

    assert sum(resend.arrived for resend in month.resends) >= 5
    assert any(not resend.arrived and (resend.events or resend.log) for resend in month.resends)
    assert any(not resend.arrived and not resend.events for resend in month.resends)
    assert len(month.corrections) >= 3
    assert month.unsubscribed


@pytest.mark.parametrize("now", MOMENTS)
def test_one_incident_is_over_and_one_is_on(now):
    month = a_month_to(now)
    store = FakeUndeliveredStore(clock=lambda: now)
    record = [feedback for sent in month.failed for event in sent.events for feedback in parse_event(event).feedback]
    items = {}
    for feedback in [*record, *(f for r in month.resends for event in r.events for f in parse_event(event).feedback)]:
        key = feedback.attribution.entry_key or entry_key(
            feedback.sent_at, feedback.provider_message_id, feedback.recipient
        )
        if merged := merge_feedback(items.get(key), feedback, "acc-harbor"):
            items[key] = merged
    for item in items.values():
        store.save(None, item)

    on, over = ReadIncidents(FakeReportReader(store), lambda: now)("acc-harbor")

    assert (on.cause.receiver, on.cause.reason, on.is_over) == ("microsoft", Reason.SENDER_BLOCKED, False)
    assert (over.cause.receiver, over.cause.reason, over.is_over) == ("google", Reason.RATE_LIMITED, True)


def test_working_days_are_busier_than_weekends():
    days = Counter(sent.attempt.claimed_at.weekday() < 5 for now in MOMENTS for sent in a_month_to(now).sent)

    assert days[True] > 5 * days[False]


def test_no_week_is_without_a_failure():
    ages = {(NOW - sent.attempt.claimed_at).days // 7 for sent in a_month_to(NOW).failed}

    assert ages >= {0, 1, 2, 3}
