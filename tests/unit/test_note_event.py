"""When feedback was last received: recorded in ingestion's own pass, seldom, and never in its way."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from tests.builders.accounts import message_accounts
from tests.builders.items import ACCOUNT, NOW, a_failure
from tests.builders.recording import Recording
from tests.fakes import FakeLastEventStore, FakeSetupTestStore
from undelivered.domain.account_mapping import AccountMapping
from undelivered.domain.errors import RetryableError
from undelivered.domain.feedback import Attribution, Outcome
from undelivered.domain.setup_test import TEST_PREFIX, SetupTest
from undelivered.domain.taxonomy import Channel, Reason
from undelivered.services.note_event import NOTED_EVERY, NoteEvent


class Noting(Recording):
    """Ingestion with a clock that the test moves."""

    def __init__(self):
        super().__init__(message_accounts(AccountMapping({}, {"shop.example": "by-identity"}), "default"))
        self.time, self.events, self.tests = NOW, FakeLastEventStore(), FakeSetupTestStore()
        note = NoteEvent(self.events, self.tests, lambda: self.time)
        self.record = replace(self.use_case, note_event=note)


@pytest.fixture
def world():
    return Noting()


def delivered(**more):
    return replace(a_failure(**more), outcome=Outcome.DELIVERED, classification=None)


def test_a_failure_is_noted_for_its_account_and_channel(world):
    world.record([[a_failure()]])

    assert world.events.of_account(ACCOUNT) == {Channel.EMAIL: NOW}
    assert world.events.of_account("acc-2") == {}


def test_a_delivery_that_changes_no_item_is_noted_too(world):
    world.record([[delivered()]])

    assert world.events.of_account(ACCOUNT) == {Channel.EMAIL: NOW}


def test_tags_that_cannot_be_right_note_nothing_for_their_account(world):
    feedback = replace(delivered(), attribution=Attribution(account_id=ACCOUNT, identity="shop.example"))

    world.record([[feedback]])

    assert world.events.of_account(ACCOUNT) == {}


def test_it_is_written_at_most_once_a_minute_for_each_account_and_channel(world):
    for seconds in (0, 1, 59, 60, 61, 130):
        world.time = NOW + timedelta(seconds=seconds)
        world.record([[a_failure(message_id=f"m-{seconds}-{n}")] for n in range(3)])

    assert world.events.writes == 3
    assert world.events.of_account(ACCOUNT) == {Channel.EMAIL: NOW + timedelta(seconds=130)}


def test_a_busy_table_stops_no_feedback_and_the_next_event_is_noted(world, monkeypatch):
    def busy(*_):
        raise RetryableError("busy")

    with monkeypatch.context() as patched:
        patched.setattr(world.events, "note", busy)
        assert world.record([[a_failure(message_id="m-1")]]) == {}
    world.record([[a_failure(message_id="m-2")]])

    assert len(world.items.all_items(ACCOUNT)) == 2
    assert world.events.of_account(ACCOUNT) == {Channel.EMAIL: NOW}
    assert timedelta(minutes=1) == NOTED_EVERY


def test_the_bounce_of_a_test_answers_it_and_makes_no_item_and_no_suppression(world):
    test = SetupTest(f"{TEST_PREFIX}1", NOW)
    world.tests.start(ACCOUNT, test)
    attribution = Attribution(account_id=ACCOUNT, notification_id=test.test_id, customer_id="undelivered-test")

    for _ in range(2):
        world.record([[replace(a_failure(Reason.ADDRESS_NOT_FOUND), attribution=attribution)]])

    assert world.tests.last(ACCOUNT).answered_at == NOW
    assert world.items.all_items(ACCOUNT) == []
    assert not world.suppressions.find(ACCOUNT, Channel.EMAIL, a_failure().recipient)
