"""The slots of the sending rate: never faster than the account may send, urgent sends first, nothing wasted."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from infrastructure.bench.virtual_time import VirtualTime
from tests.builders.pace import START, MovedClock, a_pace
from tests.fakes import FakeSendRateStore
from undelivered.domain.errors import StaleWriteError
from undelivered.domain.send_rate import (
    BULK_HORIZON,
    BURST_SECONDS,
    PAUSE_SECONDS,
    RATE_MAX_AGE,
    SendQuota,
    SendRate,
    back_off,
    pause,
    reserve,
    seconds_until_free,
    with_quota,
)
from undelivered.domain.taxonomy import Channel
from undelivered.services.send_pace import SendPace

RATES = st.sampled_from([0.1, 1.0, 14.0, 90.5, 200.0])
FUZZ = 1e-5
"""What a float since 1970 cannot tell apart, in seconds."""


@st.composite
def worked_by_many(draw):
    """Several workers ask for slots, in any order and at any times."""
    asks = draw(
        st.lists(
            st.tuples(st.floats(0, 3), st.integers(1, 20), st.booleans()),
            min_size=1,
            max_size=60,
        )
    )
    return draw(RATES), asks


def slots_of(per_second, asks):
    rate, now, taken = SendRate(per_second=per_second), START, []
    for passed, wanted, urgent in asks:
        now += passed
        rate, slots = reserve(rate, now, wanted, 30.0 if urgent else BULK_HORIZON)
        taken += [(now, urgent, slot) for slot in slots]
    return taken


@given(worked_by_many())
def test_in_no_stretch_of_time_are_there_more_slots_than_the_rate_and_the_burst_allow(work):
    per_second, asks = work
    slots = [slot for _, _, slot in slots_of(per_second, asks)]
    burst = math.floor(per_second * BURST_SECONDS)

    starts = [max(slot, now) for now, _, slot in slots_of(per_second, asks)]

    assert slots == sorted(slots)
    for first in range(len(starts)):
        for last in range(first, len(starts)):
            assert last - first <= (starts[last] - starts[first] + FUZZ) * per_second + burst + 1


@given(worked_by_many())
def test_a_bulk_send_reserves_no_further_ahead_than_half_a_second(work):
    assert all(urgent or slot <= now + BULK_HORIZON + FUZZ for now, urgent, slot in slots_of(*work))


@given(worked_by_many(), st.floats(0, 2))
def test_an_urgent_send_waits_for_half_a_second_of_bulk_and_one_slot_at_most(work, later):
    per_second, asks = work
    bulk = [(passed, wanted, False) for passed, wanted, _ in asks]

    *_, (now, _, slot) = slots_of(per_second, [*bulk, (later, 1, True)])

    assert slot <= now + BULK_HORIZON + SendRate(per_second=per_second).interval + FUZZ


@given(RATES, st.floats(0, 100))
def test_unused_time_is_made_up_for_up_to_half_a_second(per_second, idle):
    rate = SendRate(next_free=START, per_second=per_second)

    _, slots = reserve(rate, START + idle, 1_000, 0.0)

    assert len(slots) <= math.floor(per_second * min(idle, BURST_SECONDS) + FUZZ) + 1


@given(RATES, st.integers(0, 5))
def test_what_is_said_of_the_wait_comes_true(per_second, ahead):
    rate = SendRate(next_free=START + ahead, per_second=per_second)
    wait = seconds_until_free(rate, START, BULK_HORIZON)

    assert reserve(rate, START + wait + FUZZ, 1, BULK_HORIZON)[1] != ()
    assert wait == 0 or reserve(rate, START + wait - 10 * FUZZ, 1, BULK_HORIZON)[1] == ()


@pytest.mark.parametrize(
    ("wanted", "horizon", "number"), [(9, 2.5, 3), (2, 2.5, 2), (9, 0.5, 1), (9, -0.5, 0), (0, 2.5, 0)]
)
def test_slots_follow_each_other_from_the_next_free_one_to_the_horizon(wanted, horizon, number):
    rate = SendRate(next_free=START + 1, per_second=10.0)
    interval = rate.interval

    after, slots = reserve(rate, START, wanted, 1 + horizon * interval)

    assert interval == pytest.approx(1 / 9.7)
    assert slots == pytest.approx([START + 1 + place * interval for place in range(number)], abs=FUZZ)
    assert after.next_free == pytest.approx(START + 1 + number * interval, abs=FUZZ)
    assert replace(after, next_free=rate.next_free) == rate


def test_slots_that_nobody_used_are_made_up_for_from_half_a_second_ago():
    rate = SendRate(next_free=START - 10, per_second=11.0)

    _, slots = reserve(rate, START, 100, 0.0)

    assert slots == pytest.approx([START + (place - 5) * rate.interval for place in range(6)], abs=FUZZ)


def test_the_wait_for_a_slot_is_the_time_until_it_is_within_the_horizon():
    rate = SendRate(next_free=START + 1, per_second=10.0, paused_until=START + 0.25)

    assert [seconds_until_free(rate, START, horizon) for horizon in (0.0, 0.5, 0.875, 1.0, 2.0)] == [
        1.0,
        0.5,
        0.25,
        0.25,
        0.25,
    ]


def test_a_pause_is_over_at_its_end_and_outdates_only_a_rate_that_was_read_before():
    rate = SendRate(per_second=10.0, read_at=START, paused_until=START + 60)

    assert reserve(rate, START + 60, 1, 0.0)[1] != ()
    assert [rate.is_outdated(START + seconds) for seconds in (59, 60)] == [False, True]
    assert not replace(rate, read_at=START + 60).is_outdated(START + 60)


@pytest.mark.parametrize(
    ("per_second", "times", "seconds"),
    [(1.0, 1, 0.1 / 0.97), (1.0, 2, 0.2 / 0.97), (1.0, 4, 0.8 / 0.97), (1.0, 7, 5.0), (14.0, 1, 0.02)],
)
def test_the_wait_for_a_busy_provider_doubles_from_a_tenth_of_the_interval(per_second, times, seconds):
    rate = SendRate(next_free=START + 9, per_second=per_second)

    assert back_off(rate, START, times) == (rate, pytest.approx(seconds))


def test_nothing_is_sent_in_a_pause_and_the_quota_is_read_again_after_it():
    rate = pause(SendRate(per_second=14.0, read_at=START), START)

    assert reserve(rate, START + PAUSE_SECONDS - 1, 5, 30.0)[1] == ()
    assert seconds_until_free(rate, START + 100, 30.0) == PAUSE_SECONDS - 100
    assert rate.is_outdated(START + PAUSE_SECONDS)


@pytest.mark.parametrize(("left", "paused"), [(0.0, True), (-3.0, True), (1.0, False), (None, False)])
def test_a_quota_of_the_day_that_is_used_up_pauses(left, paused):
    rate = with_quota(SendRate(), SendQuota(14.0, left), START)

    assert (rate.paused_until > START) == paused
    assert rate.per_second == 14.0


def test_a_rate_is_used_for_five_minutes_and_one_that_could_not_be_read_is_asked_for_again_soon():
    known = with_quota(SendRate(), SendQuota(14.0), START)
    unknown = with_quota(known, None, START + RATE_MAX_AGE)

    assert not known.is_outdated(START + RATE_MAX_AGE - 1)
    assert known.is_outdated(START + RATE_MAX_AGE)
    assert unknown.per_second == 14.0
    assert not unknown.is_outdated(START + RATE_MAX_AGE + 9)
    assert unknown.is_outdated(START + RATE_MAX_AGE + 10)


def test_a_quota_that_cannot_be_read_after_a_pause_is_not_asked_for_with_each_send():
    after = START + PAUSE_SECONDS
    unknown = with_quota(pause(SendRate(per_second=14.0, read_at=START), START), None, after)

    assert not unknown.is_outdated(after + 1)
    assert unknown.is_outdated(after + 10)


def test_an_account_that_may_send_nothing_counts_as_the_sandbox():
    assert with_quota(SendRate(), SendQuota(0.0), START).per_second == 1.0


@given(RATES, st.integers(1, 30))
def test_a_busy_provider_is_asked_again_later_each_time_but_never_after_long(per_second, times):
    rate = SendRate(next_free=START, per_second=per_second)

    later, wait = back_off(rate, START, times)

    assert 0.02 <= wait <= 5.0
    assert wait <= back_off(rate, START, times + 1)[1]
    assert later.next_free == pytest.approx(START + wait + rate.interval, abs=FUZZ)


# --- the pace: waiting for slots


def seconds_after_start(number):
    """Return the slots of one message a second, with the margin that keeps an early arrival from being refused."""
    interval = SendRate(per_second=1.0).interval
    assert 1.0 < interval < 1.05
    return pytest.approx([START + place * interval for place in range(number)], abs=FUZZ)


def test_a_bulk_send_waits_for_its_slots_and_takes_them_as_they_come():
    clock = MovedClock()
    pace = a_pace(1.0, clock=clock)

    taken = [slot for _ in range(5) for slot in pace.reserve(Channel.EMAIL, 3, urgent=False, deadline=START + 60).slots]

    assert taken == seconds_after_start(len(taken))
    assert clock.time <= taken[-1]


def test_an_urgent_send_gets_all_its_slots_at_once():
    pace = a_pace(1.0)

    reservation = pace.reserve(Channel.EMAIL, 3, urgent=True, deadline=START + 60)

    assert list(reservation.slots) == seconds_after_start(3)


@pytest.mark.parametrize("urgent", [True, False])
def test_without_a_slot_before_the_deadline_there_is_none_and_the_wait_is_told(urgent):
    clock = MovedClock()
    pace = a_pace(0.01, clock=clock)
    assert pace.reserve(Channel.EMAIL, 1, urgent=True, deadline=START + 45).slots == (START,)

    reservation = pace.reserve(Channel.EMAIL, 1, urgent=urgent, deadline=START + 45)

    assert reservation.slots == ()
    assert 45 <= reservation.wait <= SendRate(per_second=0.01).interval
    assert clock.slept == []


@pytest.mark.parametrize("urgent", [True, False])
@pytest.mark.parametrize("late", [0, 1])
def test_at_the_deadline_no_slot_is_reserved_any_more(urgent, late):
    clock = MovedClock()

    reservation = a_pace(14.0, clock=clock).reserve(Channel.EMAIL, 5, urgent=urgent, deadline=START - late)

    assert reservation.slots == ()
    assert clock.slept == []


def test_a_reservation_with_slots_needs_no_wait_up_to_the_last_second():
    reservation = a_pace(1.0).reserve(Channel.EMAIL, 1, urgent=False, deadline=START + 0.5)

    assert (reservation.slots, reservation.wait) == ((START,), 0.0)


def test_a_refusal_and_a_pause_do_not_insist_when_another_function_has_changed_the_rate():
    class Contended(type(a_pace().rates)):
        def save(self, *_, over_version):
            raise StaleWriteError(f"another function has replaced version {over_version}")

    pace = a_pace(1.0, rates=Contended())

    assert pace.back_off(Channel.EMAIL, 1) == pytest.approx(0.1 * SendRate(per_second=1.0).interval)
    pace.pause(Channel.EMAIL)
    assert pace.rates.stored == {}


def test_channels_have_rates_of_their_own():
    pace = a_pace(1.0)
    pace.reserve(Channel.EMAIL, 30, urgent=True, deadline=START + 60)

    assert pace.reserve(Channel.SMS, 1, urgent=False, deadline=START + 60).slots == (START,)


def test_a_write_that_came_too_late_is_not_a_slot():
    """Two workers read the same rate: the second must not get the slots of the first."""

    class Contended(type(a_pace().rates)):
        def find(self, channel):
            found = super().find(channel)
            if not self.disturbed:
                self.disturbed = True
                other = a_pace(14.0, rates=self)
                self.first = other.reserve(channel, 5, urgent=True, deadline=START + 60).slots
            return found

        disturbed = False

        def save(self, channel, rate, *, over_version):
            try:
                super().save(channel, rate, over_version=over_version)
            except StaleWriteError:
                self.refused = True
                raise

    rates = Contended()
    slots = a_pace(14.0, rates=rates).reserve(Channel.EMAIL, 5, urgent=True, deadline=START + 60).slots

    assert rates.refused
    assert not set(slots) & set(rates.first)


def test_a_quota_that_cannot_be_read_leaves_the_lowest_rate():
    pace = a_pace(quota=lambda: None)

    slots = pace.reserve(Channel.EMAIL, 3, urgent=True, deadline=START + 60).slots

    assert list(slots) == seconds_after_start(3)


LATE = 0.3
"""How late a slot can be used: it was reserved while the store answered, at most eight times in a row."""


class SlowRates(FakeSendRateStore):
    """A store whose answers take their time, so that workers write between each other's read and write."""

    def __init__(self, time):
        super().__init__()
        self.time = time

    def find(self, channel):
        found = super().find(channel)
        self.time.sleep(self.time.random.uniform(0, 0.03))
        return found

    def save(self, channel, rate, *, over_version):
        self.time.sleep(self.time.random.uniform(0, 0.03))
        super().save(channel, rate, over_version=over_version)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from([1.0, 14.0, 200.0]), st.integers(2, 5))
def test_however_workers_come_between_each_other_no_slot_is_given_twice_and_the_rate_holds(seed, per_second, workers):
    time = VirtualTime()
    time.random.seed(seed)
    rates, slots, sent = SlowRates(time), [], []

    def work():
        pace = SendPace(rates, {Channel.EMAIL: lambda: SendQuota(per_second)}, time.now, time.sleep)
        for _ in range(5):
            wanted, urgent = time.random.randint(1, 10), time.random.random() < 0.3
            deadline = pace.now() + 45
            reserved = pace.reserve(Channel.EMAIL, wanted, urgent=urgent, deadline=deadline).slots
            slots.extend(reserved)
            for slot in reserved:
                pace.wait_until(slot)
                sent.append(pace.now())

    for _ in range(workers):
        time.start(work)
    time.run(600)

    burst = math.floor(per_second * BURST_SECONDS)
    assert len(slots) >= workers
    assert len(set(slots)) == len(slots)
    for first in range(len(sent)):
        for last in range(first, len(sent)):
            assert last - first <= (sent[last] - sent[first] + LATE) * per_second + burst + 1


def test_the_quota_is_read_once_in_five_minutes():
    clock, reads = MovedClock(), []
    pace = a_pace(clock=clock, quota=lambda: reads.append(clock.time) or SendQuota(14.0))

    for _ in range(3):
        pace.reserve(Channel.EMAIL, 1, urgent=False, deadline=clock.time + 60)
        clock.time += RATE_MAX_AGE / 2

    assert reads == [START, START + RATE_MAX_AGE]
