"""Where something begins or ends, it does so with the second it names: one before, at it, and one after."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from tests.builders.items import (
    ACCOUNT,
    NOW,
    a_customer,
    a_notification,
    a_suppression,
    an_item,
)
from tests.fakes import (
    FakeAccountStore,
    FakeAnnouncer,
    FakeCustomerStore,
    FakeExportFiles,
    FakeExportRunner,
    FakeExportStore,
    FakeNotificationStore,
    FakeSuppressionStore,
    FakeUndeliveredStore,
)
from undelivered.domain.customer import Consent, RecordedConsent
from undelivered.domain.export import ExportState
from undelivered.domain.feedback import Outcome
from undelivered.domain.item import Attempt, AttemptResult, State
from undelivered.domain.report_query import Period, ReportFilter, resolve_period, window_start
from undelivered.domain.resend_policy import ResendCode, decide_item_resend
from undelivered.domain.suppression import SoftFailureRule, SuppressionReason, effective_suppression, merge_suppression
from undelivered.domain.taxonomy import Channel, Reason, classification_of
from undelivered.services.manage_suppressions import ManageSuppressions
from undelivered.services.on_item_changed import OnItemChanged
from undelivered.services.request_export import Exports
from undelivered.services.suppress import suppress

SECOND, MICROSECOND = timedelta(seconds=1), timedelta(microseconds=1)
AROUND = [-SECOND, timedelta(), SECOND]
BEFORE_AT_AFTER, LESS_JUST_MORE = ("a second before", "at it", "a second after"), ("less", "just", "more")
BERLIN = ZoneInfo("Europe/Berlin")


def around(name, expected, ids=BEFORE_AT_AFTER):
    """Try a moment a second before something, at it and a second after, each with what is expected then."""
    return pytest.mark.parametrize(("apart", name), list(zip(AROUND, expected, strict=True)), ids=ids)


# --- the date range --------------------------------------------------------------------------------------------


def shown(period, sent_at):
    return ReportFilter(period).matches(an_item(sent_at=sent_at), NOW)


def test_a_range_of_dates_begins_with_the_first_second_of_its_first_day_in_the_accounts_zone():
    period = resolve_period(date(2026, 11, 10), date(2026, 11, 12), NOW, BERLIN)
    first = datetime(2026, 11, 10, tzinfo=BERLIN).astimezone(UTC)

    assert [shown(period, first + apart) for apart in AROUND] == [False, True, True]


def test_it_ends_with_the_last_second_of_its_last_day():
    period = resolve_period(date(2026, 11, 10), date(2026, 11, 12), NOW, BERLIN)
    last = datetime(2026, 11, 12, 23, 59, 59, tzinfo=BERLIN).astimezone(UTC)

    assert [shown(period, last + apart) for apart in AROUND] == [True, True, False]
    assert shown(period, last + SECOND - MICROSECOND)


def test_a_range_of_moments_begins_with_the_first_moment_and_holds_the_second_of_the_last():
    first, last = datetime(2026, 11, 10, 8, tzinfo=UTC), datetime(2026, 11, 12, 20, tzinfo=UTC)
    period = resolve_period(first, last, NOW, BERLIN)

    assert [shown(period, first + apart) for apart in AROUND] == [False, True, True]
    assert [shown(period, last + apart) for apart in AROUND] == [True, True, False]
    assert shown(period, last + SECOND - MICROSECOND)


def test_a_last_moment_with_a_fraction_holds_its_second_and_no_more():
    period = resolve_period(None, datetime(2026, 11, 12, 20, 0, 0, 400_000, tzinfo=UTC), NOW, BERLIN)

    assert period.end == datetime(2026, 11, 12, 20, 0, 1, tzinfo=UTC)


def test_without_a_range_it_begins_where_the_report_does_and_has_no_end_yet():
    period = resolve_period(None, None, NOW, BERLIN)

    assert period.start == window_start(NOW) == NOW - timedelta(days=30)
    assert period.end > NOW + timedelta(hours=23)


def test_one_moment_is_a_range_of_one_second():
    period = resolve_period(NOW, NOW, NOW, BERLIN)

    assert period == Period(NOW, NOW + SECOND)


# --- the report ------------------------------------------------------------------------------------------------


@around("state", [State.OPEN, State.EXPIRED, State.EXPIRED])
def test_an_open_item_leaves_the_report_with_the_second_its_thirty_days_are_over(apart, state):
    item = an_item(sent_at=NOW - timedelta(days=30))

    assert item.leaves_at == NOW
    assert item.state_at(NOW + apart) is state


@around("flagged", [False, False, True], ids=LESS_JUST_MORE)
def test_an_item_that_leaves_within_the_hour_is_not_flagged_any_more(apart, flagged):
    suppressions = FakeSuppressionStore()
    items, customers = FakeUndeliveredStore(suppressions, clock=lambda: NOW), FakeCustomerStore()
    follow_up = OnItemChanged(
        items,
        FakeNotificationStore(clock=lambda: NOW),
        customers,
        suppressions,
        FakeAccountStore(),
        FakeAnnouncer(),
        lambda: NOW,
    )
    customers.save(a_customer(email="ada@new.example"))
    item = an_item(sent_at=NOW - timedelta(days=30) + timedelta(hours=1) + apart)
    items.save(None, item)

    follow_up(None, replace(item, version=1))

    assert bool(items.find(ACCOUNT, item.entry_key).ready_contact) is flagged


# --- the lift of a suppression ---------------------------------------------------------------------------------


@around("suppresses", [False, False, True])
def test_only_what_happened_after_a_lift_suppresses_again(apart, suppresses):
    lifted = a_suppression(since=NOW - timedelta(days=3), lifted_at=NOW)
    cause = a_suppression(since=NOW + apart, reason=SuppressionReason.COMPLAINT, origin="m-2")

    merged = merge_suppression(lifted, cause)

    assert merged.active is suppresses
    assert (merged == lifted) is not suppresses


@around("active", [False, False, True])
def test_a_suppression_is_active_when_its_cause_came_after_the_lift(apart, active):
    assert a_suppression(since=NOW + apart, lifted_at=NOW).active is active


@around("active", [False, False, True])
def test_a_lift_counts_for_the_other_form_of_the_address_too(apart, active):
    readable = a_suppression(since=NOW + apart)
    hidden = a_suppression("", address_hash="f00d", since=NOW - timedelta(days=3), lifted_at=NOW)

    assert effective_suppression(readable, hidden).active is active


@around("active", [False, False, True])
def test_a_lift_by_hand_spends_every_cause_up_to_its_second(apart, active):
    store = FakeSuppressionStore()
    store.save(None, a_suppression(since=NOW - timedelta(days=3)))

    class Provider:
        def lift(self, *_told, **_more):
            pass

    manage = ManageSuppressions(store, Provider(), lambda: NOW)
    manage.lift(ACCOUNT, Channel.EMAIL, "ada@example.com", by="manager@example.com", why="called")
    suppress(store, a_suppression(since=NOW + apart, origin="m-2"))

    assert store.find(ACCOUNT, Channel.EMAIL, "ada@example.com").active is active


def decision(item, *, customer=None, suppression=None):
    return decide_item_resend(
        item, NOW, customer=customer or a_customer(), notification=a_notification(), suppression=suppression
    )


@around("allowed", [False, False, True])
def test_what_was_dropped_is_as_good_as_corrected_by_a_lift_after_it(apart, allowed):
    dropped_at = NOW - timedelta(hours=5)
    dropped = an_item(Reason.SUPPRESSED_BOUNCE, recipient="ada@example.com", at=dropped_at)
    lifted = a_suppression(since=NOW - timedelta(days=3), lifted_at=dropped_at + apart)

    answer = decision(dropped, suppression=lifted)

    assert answer.allowed is allowed
    assert answer.code is (None if allowed else ResendCode.NEEDS_CHANGED_ADDRESS)


@around("allowed", [False, False, True])
def test_only_a_consent_recorded_after_the_failure_counts(apart, allowed):
    failed_at = NOW - timedelta(hours=5)
    dropped = an_item(Reason.UNSUBSCRIBED, recipient="ada@example.com", at=failed_at)
    word = Consent("Ada Byron", "by telephone", NOW - timedelta(days=20))
    recorded = RecordedConsent(Channel.EMAIL, "ada@example.com", word, "manager@example.com", failed_at + apart)

    answer = decision(dropped, customer=a_customer(consents=(recorded,)))

    assert answer.allowed is allowed
    assert answer.code is (None if allowed else ResendCode.NEEDS_CONSENT)


# --- repeated soft failures ------------------------------------------------------------------------------------


def soft_failures(*moments):
    failed = classification_of(Reason.MAILBOX_FULL)
    return [
        Attempt(number, "ada@example.com", at, result=AttemptResult(Outcome.FAILED, at, failed))
        for number, at in enumerate(moments, start=1)
    ]


def spread_over(span, failures=5):
    return soft_failures(*(NOW - span + span * place / (failures - 1) for place in range(failures)))


@around("met", [False, True, True], ids=LESS_JUST_MORE)
def test_five_soft_failures_count_when_the_first_and_last_are_three_days_apart_to_the_second(apart, met):
    assert SoftFailureRule().is_met_by(spread_over(timedelta(days=3) + apart)) is met


@around("met", [False, True, True], ids=LESS_JUST_MORE)
def test_the_days_are_the_accounts_to_set(apart, met):
    assert SoftFailureRule(failures=2, days=7).is_met_by(spread_over(timedelta(days=7) + apart, 2)) is met


@pytest.mark.parametrize(("failures", "met"), [(4, False), (5, True), (6, True)])
def test_four_soft_failures_are_too_few_however_far_apart(failures, met):
    assert SoftFailureRule().is_met_by(spread_over(timedelta(days=30), failures)) is met


def test_only_the_newest_five_are_looked_at():
    old, newest = soft_failures(NOW - timedelta(days=30)), spread_over(timedelta(days=3) - SECOND)

    assert not SoftFailureRule().is_met_by([*newest, *old])


# --- exports ---------------------------------------------------------------------------------------------------


@around("state", [ExportState.RUNNING, ExportState.RUNNING, ExportState.FAILED])
def test_an_export_that_nobody_worked_on_for_more_than_an_hour_has_been_given_up(apart, state):
    time = [NOW]
    exports = Exports(
        FakeExportStore(), FakeExportFiles(), FakeExportRunner(), FakeAccountStore(), clock=lambda: time[0]
    )
    export = exports.request(ACCOUNT, ReportFilter(Period(NOW, NOW)), by="manager@example.com")

    time[0] = NOW + timedelta(hours=1) + apart

    assert exports.status(ACCOUNT, export.export_id).state is state


def test_a_link_to_an_export_holds_for_a_quarter_of_an_hour():
    store = FakeExportStore()
    exports = Exports(store, FakeExportFiles(), FakeExportRunner(), FakeAccountStore(), clock=lambda: NOW)
    export = exports.request(ACCOUNT, ReportFilter(Period(NOW, NOW)), by="manager@example.com")
    store.save(replace(store.find(ACCOUNT, export.export_id), state=ExportState.DONE))

    assert exports.status(ACCOUNT, export.export_id).url.endswith("&expires=900")
