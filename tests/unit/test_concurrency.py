"""Writes that start over while another writer gets in between, and calls at the same time."""

from threading import Barrier, current_thread

import pytest

from undelivered.domain.errors import RetryableError, StaleWriteError
from undelivered.services.concurrency import TRIES, retry_on_conflict
from undelivered.services.in_parallel import in_threads


class Contended:
    """A write that conflicts a number of times before it succeeds."""

    def __init__(self, conflicts):
        self.conflicts = conflicts
        self.calls = 0

    @retry_on_conflict
    def write(self, value, *, suffix):
        self.calls += 1
        if self.calls <= self.conflicts:
            raise StaleWriteError("somebody else wrote in between")
        return value + suffix


@pytest.mark.parametrize("conflicts", [0, 1, TRIES - 1])
def test_a_write_is_repeated_until_nothing_is_in_its_way(conflicts):
    contended = Contended(conflicts)

    assert contended.write("value", suffix="!") == "value!"
    assert contended.calls == conflicts + 1


def test_a_write_that_always_conflicts_gives_up_and_may_be_tried_later():
    contended = Contended(TRIES)

    with pytest.raises(RetryableError, match="Too many concurrent updates"):
        contended.write("value", suffix="!")

    assert contended.calls == TRIES


def test_another_error_is_raised_at_once():
    calls = []

    @retry_on_conflict
    def write():
        calls.append(1)
        raise RetryableError("the store is busy")

    with pytest.raises(RetryableError, match="busy"):
        write()

    assert len(calls) == 1


def test_a_write_within_a_write_that_gives_up_is_not_started_over():
    contended = Contended(TRIES * TRIES)

    @retry_on_conflict
    def outer():
        return contended.write("value", suffix="!")

    with pytest.raises(StaleWriteError, match="Too many concurrent updates"):
        outer()

    assert contended.calls == TRIES


def test_a_function_is_called_for_several_items_at_the_same_time_and_the_results_keep_their_order():
    items = list(range(40))
    all_are_there = Barrier(len(items), timeout=10)

    def double(item):
        all_are_there.wait()
        return 2 * item

    assert in_threads(double, items) == [2 * item for item in items]


@pytest.mark.parametrize("items", [[], ["one"]])
def test_a_single_item_needs_no_thread(items):
    assert in_threads(lambda item: (item, current_thread()), items) == [(item, current_thread()) for item in items]


def test_two_items_are_worked_on_at_the_same_time():
    both_are_there = Barrier(2, timeout=10)

    assert sorted(in_threads(lambda _: both_are_there.wait(), ["one", "two"])) == [0, 1]
