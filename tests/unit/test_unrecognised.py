"""Failures without a known reason: counted by shape, and mapped to a reason by the account."""

from collections import Counter
from datetime import timedelta

import pytest
from msgspec.structs import replace

from tests.builders.items import ACCOUNT, NOW, a_failure, an_item
from tests.builders.sending import Product
from tests.fakes import FakeShapeMappingStore, FakeUnrecognisedStore
from undelivered.domain.diagnostic_shape import shape_id
from undelivered.domain.errors import InvalidInputError, NotFoundError
from undelivered.domain.feedback import Outcome
from undelivered.domain.lifecycle import merge_feedback, start_resend
from undelivered.domain.taxonomy import Channel, Fault, Kind, Reason, Status, classification_of, suppresses
from undelivered.domain.unrecognised import (
    MAPPABLE_REASONS,
    RECEIVERS_PER_SHAPE,
    SHAPES_PER_DAY,
    ShapeCount,
    mapped_classification,
    ranked,
    ranked_receivers,
    total_counts,
    with_failure,
)
from undelivered.services.manage_diagnostics import KnownShape, ManageDiagnostics
from undelivered.services.record_unrecognised import RecordUnrecognised

SHAPE = "550 5.0.0 odd <address>"
MANAGER = "manager@example.com"
TODAY = NOW.date()


def unread(diagnostic="550 5.0.0 Odd <ada@example.com>", reason=Reason.UNDETERMINED, **changes):
    return an_item(reason, diagnostic=diagnostic, **changes)


# --- counting ------------------------------------------------------------------------------------------------------


@pytest.fixture
def store():
    return FakeUnrecognisedStore()


@pytest.fixture
def record(store):
    return RecordUnrecognised(store)


def test_failures_of_one_shape_are_counted_together_with_the_domains_of_their_recipients(store, record):
    first, last = unread(number=1, days_ago=2), unread("550 5.0.0 ODD <bob@example.com>!", number=2, days_ago=1)

    record(None, last)
    record(None, first)

    ((shape, count),) = store.counts(ACCOUNT, TODAY - timedelta(days=30)).items()
    assert (shape, count.count, count.receivers) == (SHAPE, 2, {"example.com": 2})
    assert (count.first_seen, count.last_seen) == (first.failure.result.at, last.failure.result.at)


@pytest.mark.parametrize(
    "item",
    [
        pytest.param(unread(reason=Reason.MAILBOX_FULL), id="a known reason"),
        pytest.param(unread(diagnostic=""), id="no diagnostic"),
        pytest.param(unread(diagnostic=" -- "), id="no words"),
    ],
)
def test_nothing_else_is_counted(store, record, item):
    record(None, item)
    record(unread(), None)

    assert not store.counts(ACCOUNT, TODAY - timedelta(days=30))


def test_a_failure_is_counted_once_and_that_of_a_resend_again(store, record):
    item = unread()
    resent = start_resend(item, "new@example.org", MANAGER, NOW)
    failure = a_failure(
        Reason.UNDETERMINED, recipient="new@example.org", attempt=2, at=NOW, diagnostic="550 5.0.0 odd <x@y.example>"
    )
    returned = merge_feedback(resent, failure, ACCOUNT)

    for before, after in [(None, item), (item, resent), (resent, returned), (returned, replace(returned, version=9))]:
        record(before, after)

    counts = store.counts(ACCOUNT, TODAY - timedelta(days=30))
    assert counts[SHAPE].count == 2
    assert counts[SHAPE].receivers == {"example.com": 1, "example.org": 1}


def test_the_receiver_is_what_follows_the_last_at_sign(store, record):
    record(None, unread(recipient='"a@b"@example.com'))

    ((_, count),) = store.counts(ACCOUNT, TODAY - timedelta(days=30)).items()
    assert count.receivers == {"example.com": 1}


def test_the_recipients_local_part_is_not_part_of_the_shape(store, record):
    record(None, unread("550 5.0.0 odd byron", recipient="byron@example.com"))

    assert list(store.counts(ACCOUNT, TODAY - timedelta(days=30))) == [SHAPE]


def test_a_text_message_has_no_receiver(store, record):
    record(None, unread("Odd state 4711", channel=Channel.SMS, recipient="+491711234567"))

    assert store.counts(ACCOUNT, TODAY - timedelta(days=30))["odd state <number>"].receivers == {}


def test_a_day_keeps_its_most_frequent_shapes_and_the_latest():
    counts = {}
    for number in range(SHAPES_PER_DAY + 10):
        for _ in range(2):
            counts = with_failure(counts, f"shape {number:02}", "example.com", NOW)
    counts = with_failure(counts, "new", "example.com", NOW)
    counts = with_failure(counts, "new", "example.com", NOW)
    counts = with_failure(counts, "new", "example.com", NOW)
    counts = with_failure(counts, "newer", "example.com", NOW)

    assert len(counts) == SHAPES_PER_DAY
    assert (counts["new"].count, counts["newer"].count, counts["shape 00"].count) == (3, 1, 2)


def test_a_shape_keeps_its_most_frequent_receivers_and_the_latest():
    counts = {}
    for number in range(RECEIVERS_PER_SHAPE + 2):
        for _ in range(9 - number):
            counts = with_failure(counts, SHAPE, f"{number}.example", NOW)

    assert counts[SHAPE].count == sum(9 - number for number in range(RECEIVERS_PER_SHAPE + 2))
    assert counts[SHAPE].receivers == {"0.example": 9, "1.example": 8, "2.example": 7, "3.example": 6, "6.example": 3}


def test_a_new_receiver_takes_the_place_of_the_least_frequent():
    counts = {}
    for name in ("f", "e", "d", "c", "b", "a"):
        counts = with_failure(counts, SHAPE, f"{name}.example", NOW)

    assert counts[SHAPE].receivers == {f"{name}.example": 1 for name in "abcde"}
    assert with_failure(counts, SHAPE, "", NOW)[SHAPE].receivers == counts[SHAPE].receivers


def test_shapes_and_receivers_are_ranked_by_their_count_and_then_by_their_name():
    one, two = ShapeCount(1, {}, NOW, NOW), ShapeCount(2, {}, NOW, NOW)

    assert ranked({"b": one, "a": one, "c": two}) == [("c", two), ("a", one), ("b", one)]
    assert ranked_receivers({"b": 1, "a": 1, "c": 2}) == [("c", 2), ("a", 1), ("b", 1)]


def test_the_counts_of_days_add_up():
    one = with_failure({}, SHAPE, "a.example", NOW)
    other = with_failure(with_failure({}, SHAPE, "b.example", NOW - timedelta(days=1)), "other", "", NOW)

    totals = total_counts([one, other])

    assert totals[SHAPE].receivers == Counter({"a.example": 1, "b.example": 1})
    assert (totals[SHAPE].first_seen, totals[SHAPE].last_seen) == (NOW - timedelta(days=1), NOW)
    assert totals["other"].count == 1


# --- mapping -------------------------------------------------------------------------------------------------------


@pytest.fixture
def mappings():
    return FakeShapeMappingStore()


@pytest.fixture
def manage(store, record, mappings):
    record(None, unread())
    return ManageDiagnostics(store, mappings, lambda: NOW)


def test_a_shape_is_mapped_mapped_anew_and_unmapped_and_the_audit_keeps_it_all(manage, mappings):
    wanted = shape_id(SHAPE)

    manage.map_shape(ACCOUNT, wanted, "mailbox_full", by=MANAGER, why="they said so")
    manage.map_shape(ACCOUNT, wanted, "mailbox_full", by=MANAGER, why="again")
    manage.map_shape(ACCOUNT, wanted, "sender_blocked", by="other@example.com", why="")
    in_force = mappings.reason_of(ACCOUNT, wanted)
    unmapped = manage.unmap_shape(ACCOUNT, wanted, by=MANAGER, why="wrong")

    assert in_force is Reason.SENDER_BLOCKED
    assert mappings.reason_of(ACCOUNT, wanted) is None
    assert [(audit.at, audit.by, audit.action, audit.detail) for audit in unmapped.mapping.audit] == [
        (NOW, MANAGER, "map", "they said so; was not mapped, is mailbox_full"),
        (NOW, "other@example.com", "map", "was mailbox_full, is sender_blocked"),
        (NOW, MANAGER, "unmap", "wrong; was sender_blocked, is not mapped"),
    ]
    (known,) = manage.known_shapes(ACCOUNT)
    assert known == unmapped


def test_a_mapped_shape_is_listed_after_its_failures_are_past(manage, store, mappings):
    manage.map_shape(ACCOUNT, shape_id(SHAPE), "timed_out", by=MANAGER, why="")
    later = ManageDiagnostics(store, mappings, lambda: NOW + timedelta(days=31))

    (known,) = later.known_shapes(ACCOUNT)

    assert (known.shape, known.failures, known.mapping.reason) == (SHAPE, None, Reason.TIMED_OUT)
    assert later.unmap_shape(ACCOUNT, shape_id(SHAPE), by=MANAGER, why="").mapping.reason is None


def test_shapes_are_listed_with_their_failures_the_most_frequent_first(manage, store, record):
    for number in range(2):
        record(None, unread("550 5.0.0 odder", number=number))

    counts = store.counts(ACCOUNT, TODAY - timedelta(days=30))
    assert manage.known_shapes(ACCOUNT) == [
        KnownShape("550 5.0.0 odder", counts["550 5.0.0 odder"]),
        KnownShape(SHAPE, counts[SHAPE]),
    ]


def test_only_known_shapes_are_mapped_and_only_mapped_ones_unmapped(manage):
    for account_id, wanted in [(ACCOUNT, "unknown"), ("acc-2", shape_id(SHAPE))]:
        with pytest.raises(NotFoundError):
            manage.map_shape(account_id, wanted, "timed_out", by=MANAGER, why="")
    with pytest.raises(NotFoundError):
        manage.unmap_shape(ACCOUNT, shape_id(SHAPE), by=MANAGER, why="")


@pytest.mark.parametrize("reason", [*sorted(set(Reason) - MAPPABLE_REASONS), "", "no_reason"])
def test_only_reasons_that_a_diagnostic_can_give_are_taken(manage, reason):
    with pytest.raises(InvalidInputError) as refused:
        manage.map_shape(ACCOUNT, shape_id(SHAPE), reason, by=MANAGER, why="")

    assert refused.value.field == "reason"
    assert refused.value.message == f"must be one of {', '.join(sorted(MAPPABLE_REASONS))}"


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("reason", sorted(MAPPABLE_REASONS))
def test_a_mapped_reason_is_classified_as_a_known_one_and_never_suppresses_for_the_senders_fault(reason, kind):
    classification = mapped_classification(reason, SHAPE, kind)

    is_ours = classification_of(reason).fault is Fault.SENDER
    assert classification == classification_of(reason, kind if is_ours else None, rule=f"account:{shape_id(SHAPE)}")
    assert classification.status in {Status.BOUNCED, Status.INVALID}
    assert not (classification.fault is Fault.SENDER and suppresses(classification))


# --- ingestion -----------------------------------------------------------------------------------------------------


def test_ingestion_follows_the_mapping_until_it_is_removed(manage, mappings):
    world, wanted = Product(shape_mappings=mappings), shape_id(SHAPE)

    def recorded(number):
        failure = a_failure(
            Reason.UNDETERMINED,
            kind=Kind.HARD,
            message_id=f"m-{number}",
            recipient=f"p{number}@example.com",
            diagnostic=f"550 5.0.0 odd <p{number}@example.com>",
        )
        observed = []
        assert world.record([[failure]], observe=observed.append) == {}
        (item,) = [item for item in world.items.all_items(ACCOUNT) if item.origin_id == f"m-{number}"]
        suppressed = world.suppressions.find(ACCOUNT, Channel.EMAIL, failure.recipient) is not None
        return item.classification, observed[0].feedback.rule, suppressed

    before = recorded(1)
    manage.map_shape(ACCOUNT, wanted, "mailbox_full", by=MANAGER, why="")
    full = recorded(2)
    manage.map_shape(ACCOUNT, wanted, "sender_blocked", by=MANAGER, why="")
    blocked = recorded(3)
    manage.map_shape(ACCOUNT, wanted, "address_not_found", by=MANAGER, why="")
    dead = recorded(4)
    manage.unmap_shape(ACCOUNT, wanted, by=MANAGER, why="")
    after = recorded(5)

    assert before == after == (classification_of(Reason.UNDETERMINED, Kind.HARD), "", True)
    assert full == (classification_of(Reason.MAILBOX_FULL), f"account:{wanted}", False)
    assert blocked == (classification_of(Reason.SENDER_BLOCKED, Kind.HARD), f"account:{wanted}", False)
    assert dead == (classification_of(Reason.ADDRESS_NOT_FOUND), f"account:{wanted}", True)


def test_a_mapping_is_for_its_account_and_its_shape_alone(manage, mappings):
    world = Product(shape_mappings=mappings)
    manage.map_shape(ACCOUNT, shape_id(SHAPE), "mailbox_full", by=MANAGER, why="")
    failure = a_failure(Reason.UNDETERMINED, diagnostic="550 5.0.0 odd <ada@example.com>")
    at_local_part = a_failure(
        Reason.UNDETERMINED, message_id="m-4", recipient="byron@example.com", diagnostic="550 5.0.0 odd byron"
    )
    others = [
        replace(failure, attribution=replace(failure.attribution, account_id="acc-2")),
        a_failure(Reason.UNDETERMINED, message_id="m-2", diagnostic="550 5.0.0 strange"),
        a_failure(Reason.UNDETERMINED, message_id="m-3", diagnostic=""),
    ]

    world.record([[other] for other in others])

    items = [*world.items.all_items(ACCOUNT), *world.items.all_items("acc-2")]
    assert [item.classification.reason for item in items] == [Reason.UNDETERMINED] * 3
    world.record([[at_local_part]])
    assert world.items.all_items(ACCOUNT)[0].classification.reason is Reason.MAILBOX_FULL


def test_no_mapping_is_read_for_a_failure_with_a_known_reason():
    class Unread(FakeShapeMappingStore):
        def reason_of(self, account_id, shape_id):
            raise AssertionError((account_id, shape_id))

    world = Product(shape_mappings=Unread())

    assert world.record([[a_failure(Reason.MAILBOX_FULL)], [replace(a_failure(), outcome=Outcome.DELIVERED)]]) == {}
