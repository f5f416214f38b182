"""Two write the same item into history at once: it is there once, and knows what both knew."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from tests.builders.items import ACCOUNT, NOW, a_failure, an_item, reported, resent
from tests.contract.worlds import BACKENDS
from undelivered.adapters.dynamodb.models import UndeliveredModel, shared_connection
from undelivered.domain.errors import RetryableError, StaleWriteError
from undelivered.domain.feedback import Outcome
from undelivered.domain.item import Audit, State
from undelivered.domain.lifecycle import merge_feedback
from undelivered.domain.taxonomy import Kind, Reason

WRITES = "provide-client-params.dynamodb.TransactWriteItems"


@pytest.fixture(params=[each for each in BACKENDS if each != "memory"])
def world(request):
    if request.param == "dynamodb_local":
        request.getfixturevalue("dynamodb_local")
    with BACKENDS[request.param]() as made:
        yield made


class Rival:
    """Does something in the moment before a write is carried out: after all reading, before the writing.

    It does so before the first writes, as many as are told; what it does itself it does undisturbed.
    """

    def __init__(self, act, *, times=1, after=0):
        self.act, self.times, self.after, self.seen = act, times, after, 0
        self.is_acting = False
        shared_connection().client.meta.events.register_first(WRITES, self)

    def __call__(self, **_):
        if self.is_acting:
            return
        self.seen += 1
        if self.after < self.seen <= self.after + self.times:
            self.is_acting = True
            self.act(self.seen)
            self.is_acting = False


def gone_by(item):
    """Return an item as the table's stream tells of its removal."""
    return replace(item, version=3)


def in_history(world, item):
    (found,) = world.undelivered.find_by_customer(ACCOUNT, item.customer_id, 10, in_history=True)
    return found


def past_item(number=1):
    return resent(an_item(Reason.MAILBOX_FULL, number=number, days_ago=31), at=NOW - timedelta(days=5))


def totals(world, item):
    day = item.sent_at.date()
    return sum(world.reports.failures_by_day(ACCOUNT, day, day)[day].values())


def test_two_that_archive_the_same_removal_at_once_keep_it_once(world):
    item = gone_by(past_item())
    rival = Rival(lambda _: world.undelivered.archive([item], settle_counters=False))

    world.undelivered.archive([item], settle_counters=False)

    assert rival.seen == 1
    assert in_history(world, item) == item


def test_the_counters_are_settled_by_one_of_them(world):
    """DynamoDB removed the item by itself, so that who archives it takes it off the counters: once."""
    world.clock.now = NOW - timedelta(days=2)
    item = an_item(Reason.MAILBOX_FULL, days_ago=29)
    other = an_item(Reason.MAILBOX_FULL, number=2, days_ago=29)
    for each in (item, other):
        world.undelivered.save(None, each)
    removed = world.undelivered.find(ACCOUNT, item.entry_key)
    UndeliveredModel.get(ACCOUNT, item.entry_key).delete()
    Rival(lambda _: world.undelivered.archive([removed], settle_counters=True))

    world.undelivered.archive([removed], settle_counters=True)

    assert world.reports.count(ACCOUNT, NOW).total == 1


def test_what_only_the_other_copy_knew_is_known_in_the_end(world):
    """One copy saw the resend arrive, the other a note of who did what; whoever is slower merges."""
    item = gone_by(past_item())
    arrived = reported(item, Outcome.DELIVERED, at=NOW - timedelta(days=4))
    noted = replace(item, audit=(*item.audit, Audit(NOW - timedelta(days=3), "manager@example.com", "note")))
    Rival(lambda _: world.undelivered.archive([arrived], settle_counters=False))

    world.undelivered.archive([noted], settle_counters=False)

    found = in_history(world, item)
    assert (found.state, [entry.action for entry in found.audit]) == (State.RESOLVED, ["resend", "note"])


def test_what_is_written_while_two_copies_are_merged_is_not_lost(world):
    """The merge has read history and is about to write when late news change it: it reads again."""
    item = gone_by(past_item())
    world.undelivered.archive([item], settle_counters=False)
    noted = replace(item, audit=(*item.audit, Audit(NOW - timedelta(days=3), "manager@example.com", "note")))

    def late_news(_):
        known = in_history(world, item)
        world.undelivered.save(known, reported(known, Outcome.DELIVERED))

    # The first write finds the item there, the second is the merge's.
    Rival(late_news, after=1)

    world.undelivered.archive([noted], settle_counters=False)

    found = in_history(world, item)
    assert (found.state, [entry.action for entry in found.audit]) == (State.RESOLVED, ["resend", "note"])
    assert found.version == item.version + 2


def test_a_merge_that_others_always_outrun_is_tried_again_later(world):
    item = gone_by(past_item())
    world.undelivered.archive([item], settle_counters=False)
    noted = replace(item, audit=(*item.audit, Audit(NOW - timedelta(days=3), "manager@example.com", "note")))

    def rewrite(number):
        known = in_history(world, item)
        world.undelivered.save(known, replace(known, customer_name=f"Ada {number}"))

    Rival(rewrite, after=1, times=50)

    with pytest.raises(RetryableError):
        world.undelivered.archive([noted], settle_counters=False)


def test_late_news_of_two_writers_at_once_are_both_kept_and_counted_once(world):
    """A failure that comes after the thirty days is written into history by whoever is first; the other is stale."""
    failed = past_item()
    Rival(lambda _: world.undelivered.save(None, failed))

    with pytest.raises(StaleWriteError):
        world.undelivered.save(None, failed)

    assert in_history(world, failed).version == 1
    assert totals(world, failed) == 1


def test_a_change_of_what_is_history_is_not_written_over_one_in_between(world):
    item = past_item()
    world.undelivered.save(None, item)
    known = in_history(world, item)
    hard = merge_feedback(
        known, a_failure(Reason.MAILBOX_DISABLED, sent_at=known.sent_at, message_id="m-2", attempt=2), ACCOUNT
    )
    Rival(lambda _: world.undelivered.save(known, reported(known, Outcome.DELIVERED)))

    with pytest.raises(StaleWriteError):
        world.undelivered.save(known, hard)

    assert in_history(world, item).state is State.RESOLVED
    assert in_history(world, item).classification.kind is Kind.SOFT
    assert totals(world, item) == 1


def test_an_item_that_was_not_swept_yet_is_not_written_into_history_beside_it(world):
    """Else it would be there twice, and the older copy would come back with the sweep."""
    world.clock.now = NOW - timedelta(days=5)
    item = an_item(Reason.MAILBOX_FULL, days_ago=31)
    world.undelivered.save(None, item)
    world.clock.now = NOW

    with pytest.raises(StaleWriteError):
        world.undelivered.save(None, item)

    assert world.undelivered.find_by_customer(ACCOUNT, item.customer_id, 10, in_history=True) == []
    assert len(world.undelivered.find_by_customer(ACCOUNT, item.customer_id, 10, in_history=False)) == 1
