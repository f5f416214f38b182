"""Late failures: looking for interrupted sends costs one look for many batches, and misses none."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from tests.builders.items import NOW, a_failure, an_attempt
from tests.fakes import FakeNotificationStore
from undelivered.domain.feedback import Attribution
from undelivered.domain.notification import SendOutcome
from undelivered.services.interrupted_sends import InterruptedSends, SettledSends


class CountingStore(FakeNotificationStore):
    def __init__(self):
        super().__init__()
        self.looks = self.reads = 0

    def unrecorded(self, claimed_before, limit):
        self.looks += 1
        return super().unrecorded(claimed_before, limit)

    def find_attempt(self, *key):
        self.reads += 1
        return super().find_attempt(*key)


@pytest.fixture
def store():
    return CountingStore()


class Clock:
    now = NOW

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def sends(store, clock):
    return InterruptedSends(store, clock, SettledSends())


def a_late_failure(attempt):
    claim = Attribution(account_id=attempt.account_id, notification_id=attempt.notification_id, attempt=1)
    return replace(a_failure(), sent_at=attempt.claimed_at, attribution=claim)


def test_while_no_send_is_interrupted_many_late_failures_need_one_look(sends, store):
    late = a_late_failure(replace(an_attempt(), claimed_at=NOW - timedelta(days=1)))

    assert {sends.item_key(late, may_wait=True) for _ in range(100)} == {None}
    assert (store.looks, store.reads) == (1, 0)


def test_a_send_that_is_interrupted_after_the_look_is_found(sends, store, clock):
    attempt = replace(an_attempt(), claimed_at=NOW, outcome=SendOutcome.CLAIMED)
    sends.item_key(a_late_failure(replace(attempt, claimed_at=NOW - timedelta(days=1))), may_wait=True)
    store.claim(attempt)
    store.record(replace(attempt, outcome=SendOutcome.INTERRUPTED))
    clock.now = NOW + timedelta(minutes=16)

    assert sends.item_key(a_late_failure(attempt), may_wait=True)


def test_while_a_send_is_interrupted_each_late_failure_is_looked_at(sends, store, clock):
    attempt = replace(an_attempt(), claimed_at=NOW - timedelta(hours=1))
    store.claim(attempt)
    store.record(replace(attempt, outcome=SendOutcome.INTERRUPTED))

    assert all(sends.item_key(a_late_failure(attempt), may_wait=True) for _ in range(3))
    assert store.reads == 3
