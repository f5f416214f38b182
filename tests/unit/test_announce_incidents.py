"""The start and the end of an incident are published: once, with the same key, and again if it is on again."""

from collections import Counter
from datetime import timedelta

import pytest
from msgspec.structs import replace

from tests.builders.items import ACCOUNT, NOW, an_item
from tests.builders.readme import check_announcement
from tests.fakes import FakeAnnouncer, FakeIncidentWatch
from undelivered.domain.errors import RetryableError
from undelivered.domain.incidents import Cause, Hours, hour_of
from undelivered.domain.taxonomy import Channel, Reason
from undelivered.services.announce_incidents import WATCHED_FOR, AnnounceIncidents, WatchIncidents
from undelivered.services.read_incidents import ReadIncidents

CAUSE = Cause(Channel.EMAIL, Reason.SENDER_BLOCKED, "microsoft")
HOUR = timedelta(hours=1)


class World:
    """An account with failures by its own fault, and cleanup, which runs at times of a test."""

    def __init__(self):
        self.now, self.failed, self.arrived = NOW, Counter(), Counter()
        self.watch, self.topic = FakeIncidentWatch(), FakeAnnouncer()
        self.cleanup = AnnounceIncidents(self.watch, ReadIncidents(self, self.clock), self.topic, self.clock)
        self.watch.add(ACCOUNT, NOW + timedelta(days=9))

    def clock(self):
        return self.now

    def hours_by_cause(self, account_id, _first, _last):
        return {CAUSE: Hours(self.failed, self.arrived)} if account_id == ACCOUNT else {}

    def fail(self, number=5):
        self.failed[hour_of(self.now)] += number

    def run(self, **later):
        """Run cleanup some time later; return what it published, as documents."""
        self.now += timedelta(**later)
        before = len(self.topic.told)
        number = self.cleanup(lambda: True)
        assert number == len(self.topic.told) - before
        documents = [event.document(with_address=True) for event in self.topic.told[before:]]
        for document in documents:
            check_announcement(document)
        return documents


@pytest.fixture
def world():
    return World()


def test_a_start_and_an_end_are_published_once_with_the_same_incident(world):
    world.fail()

    (started,) = world.run()
    assert world.run(minutes=5) == []
    (ended,) = world.run(hours=25)
    assert world.run(minutes=5) == []

    assert (started["type"], ended["type"]) == ("undelivered.incident.started", "undelivered.incident.ended")
    assert (started["failures"], started["receiver"], started["ended_at"]) == (5, "microsoft", None)
    assert ended["ended_at"] == "2026-11-23T19:00:00Z"
    assert started["incident_id"] == ended["incident_id"]
    assert started["event_id"] != ended["event_id"]


def test_an_incident_that_is_on_again_is_published_again_as_another_event(world):
    world.fail()
    first = world.run()
    world.arrived[hour_of(world.now + HOUR)] += 1
    over = world.run(hours=1)
    world.fail(6)
    again = world.run(hours=1)

    events = [*first, *over, *again]
    assert [event["type"].rpartition(".")[2] for event in events] == ["started", "ended", "started"]
    assert len({event["event_id"] for event in events}) == 3


def test_an_incident_that_is_counted_from_another_hour_by_now_is_the_same(world):
    world.fail()
    (started,) = world.run()
    world.failed[hour_of(NOW) - 2 * HOUR] += 5

    assert world.run(minutes=5) == []
    (ended,) = world.run(hours=25)
    assert (ended["incident_id"], ended["failures"]) == (started["incident_id"], 10)


def test_an_incident_whose_failures_are_no_longer_counted_is_over(world):
    world.fail()
    world.run()
    world.failed.clear()

    (ended,) = world.run(minutes=5)

    assert (ended["failures"], ended["ended_at"]) == (0, "2026-11-23T18:05:00Z")


def test_what_could_not_be_published_is_published_by_the_next_run_with_the_same_id(world):
    world.fail()
    publish, told = world.topic.publish, []

    def fail_once(event):
        world.topic.publish = publish
        told.append(event.event_id)
        raise RetryableError("busy")

    world.topic.publish = fail_once
    errors = []
    assert world.cleanup(lambda: True, errors.append) == 0

    (started,) = world.run()
    assert (len(errors), [started["event_id"]]) == (1, told)


def test_an_account_is_looked_at_every_five_minutes_while_it_is_watched(world):
    world.run()
    world.fail()

    assert world.run(minutes=4) == []
    assert len(world.run(minutes=1)) == 1
    world.watch.watched.clear()
    assert world.run(hours=25) == []


def test_accounts_that_fail_by_their_own_fault_are_watched_and_this_is_written_once_an_hour():
    watch, times = FakeIncidentWatch(), [NOW]
    note = WatchIncidents(watch, lambda: times[-1])
    ours, theirs = an_item(Reason.SENDER_BLOCKED), an_item(Reason.MAILBOX_FULL)

    note([(None, theirs), (ours, None), (ours, replace(ours, title="x"))])
    assert watch.watched == {}
    note([(None, ours)])
    times.append(NOW + timedelta(minutes=59))
    note([(None, ours)])
    assert watch.watched == {ACCOUNT: NOW + WATCHED_FOR}
    times.append(NOW + HOUR)
    note([(None, ours)])
    assert watch.watched == {ACCOUNT: NOW + HOUR + WATCHED_FOR}
