"""The stores of failures without a known reason: in memory and on DynamoDB the same."""

from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from tests.builders.items import ACCOUNT, NOW
from tests.contract.worlds import BACKENDS, on_moto
from undelivered.adapters.dynamodb.client import query_all
from undelivered.adapters.dynamodb.diagnostic_store import DynamoShapeMappingStore
from undelivered.adapters.dynamodb.models import AccountModel
from undelivered.domain.errors import StaleWriteError
from undelivered.domain.item import Audit
from undelivered.domain.taxonomy import Reason
from undelivered.domain.unrecognised import ShapeMapping

SHAPE = "550 5.0.0 odd <address>"
MAPPING = ShapeMapping(ACCOUNT, SHAPE, Reason.MAILBOX_FULL, (Audit(NOW, "manager@example.com", "map", "why"),))


@pytest.fixture(params=BACKENDS)
def world(request):
    if request.param == "dynamodb_local":
        request.getfixturevalue("dynamodb_local")
    with BACKENDS[request.param]() as made:
        yield made


def test_failures_are_counted_by_shape_over_days_of_the_account(world):
    for days, receiver in [(0, "a.example"), (0, "a.example"), (3, "b.example"), (31, "a.example")]:
        world.unrecognised.record(ACCOUNT, SHAPE, receiver, NOW - timedelta(days=days))
    world.unrecognised.record(ACCOUNT, "odd", "", NOW)
    world.unrecognised.record("acc-2", "other", "a.example", NOW)

    counts = world.unrecognised.counts(ACCOUNT, (NOW - timedelta(days=30)).date())

    assert set(counts) == {SHAPE, "odd"}
    assert (counts[SHAPE].count, dict(counts[SHAPE].receivers)) == (3, {"a.example": 2, "b.example": 1})
    assert (counts[SHAPE].first_seen, counts[SHAPE].last_seen) == (NOW - timedelta(days=3), NOW)
    assert (counts["odd"].count, dict(counts["odd"].receivers)) == (1, {})


def test_a_mapping_is_found_as_it_was_written(world):
    saved = world.shape_mappings.save(MAPPING)

    assert saved == replace(MAPPING, version=1)
    assert world.shape_mappings.find(ACCOUNT, MAPPING.shape_id) == saved
    assert world.shape_mappings.find_all(ACCOUNT) == [saved]
    assert world.shape_mappings.reason_of(ACCOUNT, MAPPING.shape_id) is Reason.MAILBOX_FULL
    assert world.shape_mappings.find("acc-2", MAPPING.shape_id) is None
    assert world.shape_mappings.reason_of("acc-2", MAPPING.shape_id) is None
    assert world.shape_mappings.find_all("acc-2") == []


def test_a_change_is_seen_by_the_store_that_made_it(world):
    saved = world.shape_mappings.save(MAPPING)
    assert world.shape_mappings.reason_of(ACCOUNT, MAPPING.shape_id) is Reason.MAILBOX_FULL

    world.shape_mappings.save(replace(saved, reason=None))

    assert world.shape_mappings.reason_of(ACCOUNT, MAPPING.shape_id) is None


def test_writing_over_what_somebody_else_changed_is_stale(world):
    world.shape_mappings.save(MAPPING)

    with pytest.raises(StaleWriteError):
        world.shape_mappings.save(replace(MAPPING, reason=Reason.TIMED_OUT))


def test_another_process_sees_a_change_within_a_minute_and_reads_no_oftener():
    with on_moto() as world:
        seconds = [0.0]
        elsewhere = DynamoShapeMappingStore(lambda: seconds[0])
        saved = world.shape_mappings.save(MAPPING)
        seen = []
        for now, reason in [(1, Reason.TIMED_OUT), (60, None), (62, None)]:
            seen.append(elsewhere.reason_of(ACCOUNT, MAPPING.shape_id))
            saved = world.shape_mappings.save(replace(saved, reason=reason))
            seconds[0] = now
        seen.append(elsewhere.reason_of(ACCOUNT, MAPPING.shape_id))

    assert seen == [Reason.MAILBOX_FULL, Reason.MAILBOX_FULL, Reason.MAILBOX_FULL, None]


def test_a_day_is_deleted_thirty_days_after_it():
    with on_moto() as world:
        world.unrecognised.record(ACCOUNT, SHAPE, "a.example", NOW)
        (row,) = query_all(AccountModel, ACCOUNT, None, consistent=True)

    end = datetime.combine(NOW.date() + timedelta(days=31), datetime.min.time(), UTC)
    assert row["record"]["S"] == f"unrecognised~{NOW.date()}"
    assert end - timedelta(seconds=1) <= datetime.fromtimestamp(int(row["purge_at"]["N"]), UTC) <= end
