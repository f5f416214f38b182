"""The counters that incidents are found in: written with the items, once for each attempt."""

from collections import Counter
from datetime import timedelta

import pytest

from tests.builders.items import ACCOUNT, NOW, an_item, reported, resent
from tests.contract.worlds import BACKENDS, on_moto
from undelivered.adapters.dynamodb.client import query_all
from undelivered.adapters.dynamodb.models import CountsModel
from undelivered.domain.feedback import Outcome
from undelivered.domain.incidents import COUNTED, Cause, Hours, hour_of
from undelivered.domain.taxonomy import Channel, Reason
from undelivered.services.ports import NewEntry

CAUSE = Cause(Channel.EMAIL, Reason.SENDER_BLOCKED, "firm.example")
AT = NOW - timedelta(hours=3)


@pytest.fixture(params=["memory", "moto"])
def world(request):
    with BACKENDS[request.param]() as made:
        yield made


def blocked(number, recipient=None, **changes):
    recipient = recipient or f"person-{number}@firm.example"
    return an_item(Reason.SENDER_BLOCKED, number=number, recipient=recipient, sent_at=AT, at=AT, **changes)


def counted(world):
    return world.reports.hours_by_cause(ACCOUNT, (NOW - COUNTED).date(), NOW.date())


def test_failures_by_our_fault_are_counted_by_cause_and_hour_and_no_others(world):
    entries = [NewEntry(blocked(number)) for number in range(3)]
    others = [NewEntry(blocked(9, "ada@gmail.com")), NewEntry(an_item(Reason.MAILBOX_FULL, number=10))]

    assert not world.undelivered.add_new([*entries, *others])

    assert counted(world) == {
        CAUSE: Hours(Counter({hour_of(AT): 3})),
        CAUSE._replace(receiver="google"): Hours(Counter({hour_of(AT): 1})),
    }


def test_a_failure_that_is_reported_twice_is_counted_once(world):
    world.undelivered.add_new([NewEntry(blocked(1))])

    assert world.undelivered.add_new([NewEntry(blocked(1))])

    assert counted(world)[CAUSE].failed.total() == 1


def test_a_resend_is_counted_when_it_fails_again_or_arrives(world):
    for number, outcome, reason in [(1, Outcome.FAILED, Reason.SENDER_BLOCKED), (2, Outcome.DELIVERED, None)]:
        world.undelivered.save(None, resent(blocked(number), to=f"person-{number}@firm.example"))
        known = world.undelivered.find(ACCOUNT, blocked(number).entry_key)
        world.undelivered.save(known, reported(known, outcome, reason=reason))

    assert counted(world) == {CAUSE: Hours(Counter({hour_of(AT): 2, hour_of(NOW): 1}), Counter({hour_of(NOW): 1}))}


def test_many_receivers_in_a_batch_fit_into_transactions_with_their_counters(world):
    entries = [NewEntry(blocked(number, f"ada@firm-{number}.example")) for number in range(120)]

    assert not world.undelivered.add_new(entries)

    assert sum(hours.failed.total() for hours in counted(world).values()) == 120


def test_the_counters_expire_when_no_incident_can_need_them():
    with on_moto() as world:
        world.undelivered.add_new([NewEntry(blocked(1))])

        (row,) = query_all(CountsModel, ACCOUNT, CountsModel.bucket.startswith("I~"))

    assert row["bucket"] == {"S": "I~2026-11-23~0~esb~firm.example"}
    assert int(row["purge_at"]["N"]) >= (AT + COUNTED).timestamp()
