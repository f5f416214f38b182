"""Days of an account's time zone: each begins when the last one ends, daylight saving or not."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from undelivered.adapters.dynamodb.item_rows import key_from
from undelivered.domain.identifiers import entry_key
from undelivered.domain.report_query import day_start, local_day, resolve_period

NOW = datetime(2026, 11, 23, 18, 0, tzinfo=UTC)
APIA_LEFT_OUT = date(2011, 12, 30)

# Zones that move their clocks at midnight, by half an hour, or across the date line, among all others.
AWKWARD = ["America/Sao_Paulo", "Asia/Beirut", "America/Havana", "Australia/Lord_Howe", "Pacific/Apia", "Africa/Cairo"]
zones = (st.sampled_from(AWKWARD) | st.sampled_from(sorted(available_timezones()))).map(ZoneInfo)
days = st.dates(date(1990, 1, 1), date(2036, 12, 31))
MICROSECOND = timedelta(microseconds=1)


@given(zones, days)
@example(ZoneInfo("America/Sao_Paulo"), date(2018, 11, 4))  # has no midnight
@example(ZoneInfo("America/Sao_Paulo"), date(2018, 2, 18))  # the hour before it comes twice
@example(ZoneInfo("America/Havana"), date(2026, 11, 1))  # has two midnights
@example(ZoneInfo("Europe/Berlin"), date(2026, 10, 25))
def test_a_day_begins_with_its_first_moment(zone, day):
    start = day_start(day, zone)
    assume(start < day_start(day + timedelta(days=1), zone))  # not left out

    assert local_day(start, zone) == day
    assert local_day(start - MICROSECOND, zone) < day


@given(zones, days, st.integers(0, 30), st.floats(-1.5, 32.5))
@example(ZoneInfo("Europe/Berlin"), date(2026, 10, 24), 1, 2.02)
@example(ZoneInfo("Pacific/Apia"), APIA_LEFT_OUT, 0, 0.0)
@example(ZoneInfo("Pacific/Apia"), APIA_LEFT_OUT - timedelta(days=1), 1, 0.5)
@example(ZoneInfo("Pacific/Kwajalein"), date(1993, 8, 21), 1, 0.5)
def test_a_range_of_dates_holds_what_was_sent_on_its_days_and_nothing_else(zone, first, length, days_after):
    last = first + timedelta(days=length)
    sent_at = day_start(first, zone) + timedelta(days=days_after)
    period = resolve_period(first, last, NOW, zone)

    # Where a zone leaves an hour out at midnight, or repeats one, a day still has each moment once.
    assert (period.start <= sent_at < period.end) == (first <= local_day(sent_at, zone) <= last)


@given(zones, days, st.floats(-1.5, 1.5))
def test_the_keys_of_a_day_are_between_its_bounds(zone, day, days_after):
    sent_at = day_start(day, zone) + timedelta(days=days_after)
    low, high = (key_from(day_start(each, zone)) for each in (day, day + timedelta(days=1)))

    key = entry_key(sent_at.replace(microsecond=0), "m-1", "a@example.com")

    assert (low < key < high) == (local_day(sent_at.replace(microsecond=0), zone) == day)


@pytest.mark.parametrize(("day", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2026, 6, 1), 24)])
def test_a_day_has_as_many_hours_as_the_clocks_say(day, hours):
    period = resolve_period(day, day, NOW, ZoneInfo("Europe/Berlin"))

    assert period.end - period.start == timedelta(hours=hours)


def test_a_day_that_the_zone_left_out_is_there_and_empty():
    apia = ZoneInfo("Pacific/Apia")

    alone = resolve_period(APIA_LEFT_OUT, APIA_LEFT_OUT, NOW, apia)
    around = resolve_period(APIA_LEFT_OUT - timedelta(days=1), APIA_LEFT_OUT + timedelta(days=1), NOW, apia)

    assert alone.start == alone.end
    assert around.start < alone.start < around.end
    assert around.end - around.start == timedelta(days=2)


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (date(2026, 11, 2), date(2026, 11, 1)),
        (date(2026, 11, 2), datetime(2026, 11, 1, 23, 59, 59, tzinfo=UTC)),
        (datetime(2026, 11, 2, tzinfo=UTC), date(2026, 11, 1)),
        (datetime(2026, 11, 2, 1, tzinfo=UTC), datetime(2026, 11, 2, 0, 59, 59, tzinfo=UTC)),
    ],
)
def test_a_range_that_ends_right_before_it_begins_is_refused(start, end):
    with pytest.raises(ValueError, match="'from'"):
        resolve_period(start, end, NOW, ZoneInfo("UTC"))


def test_a_range_that_ends_before_it_begins_is_refused():
    with pytest.raises(ValueError, match="'from'"):
        resolve_period(date(2026, 11, 2), date(2026, 11, 1), NOW, ZoneInfo("Asia/Kolkata"))


def test_moments_are_taken_as_they_are_whatever_the_zone():
    start, end = datetime(2026, 11, 1, 1, tzinfo=UTC), datetime(2026, 11, 1, 2, tzinfo=UTC)

    for name in AWKWARD:
        period = resolve_period(start, end, NOW, ZoneInfo(name))
        assert (period.start, period.end) == (start, end + timedelta(seconds=1))
