"""What a person does next about an item: each open item asks for exactly one kind of work."""

from collections import Counter
from itertools import product

import pytest
from msgspec.structs import replace

from tests.builders.items import NOW, an_item, reported, resent
from undelivered.domain.failure_counts import count_change, live_count
from undelivered.domain.feedback import Outcome
from undelivered.domain.item import Dismissal
from undelivered.domain.resend_policy import decide_listed_resend
from undelivered.domain.resender import ResendBy
from undelivered.domain.taxonomy import Kind, Reason
from undelivered.domain.work import Work, possible_work, work_of

EVERY_ITEM = [
    replace(an_item(reason, kind=kind), ready_contact=ready)
    for reason, kind, ready in product(Reason, (None, *Kind), ("", "new@example.com"))
]


@pytest.mark.parametrize(
    ("reason", "corrected", "work"),
    [
        (Reason.ADDRESS_NOT_FOUND, "", Work.CORRECT),
        (Reason.ADDRESS_NOT_FOUND, "new@example.com", Work.RESEND),
        (Reason.SUPPRESSED_BOUNCE, "", Work.CORRECT),
        (Reason.SUPPRESSED_BOUNCE, "new@example.com", Work.RESEND),
        (Reason.MAILBOX_FULL, "", Work.RESEND),
        (Reason.UNDETERMINED, "", Work.RESEND),
        (Reason.SENDER_BLOCKED, "", Work.OURS),
        (Reason.SENDER_BLOCKED, "new@example.com", Work.OURS),
        (Reason.SPEND_LIMIT, "", Work.OURS),
        (Reason.COMPLAINT, "", Work.LEAVE),
        (Reason.SUPPRESSED_COMPLAINT, "new@example.com", Work.LEAVE),
        (Reason.UNSUBSCRIBED, "new@example.com", Work.LEAVE),
        (Reason.OPTED_OUT, "", Work.LEAVE),
    ],
)
def test_the_work_follows_from_the_reason_and_from_a_corrected_contact(reason, corrected, work):
    assert work_of(replace(an_item(reason), ready_contact=corrected)) is work


def test_a_permanent_failure_without_a_reason_asks_for_a_correction():
    assert work_of(an_item(Reason.UNDETERMINED, kind=Kind.HARD)) is Work.CORRECT


def test_every_open_item_asks_for_one_of_the_kinds_that_its_classification_can_ask_for():
    for item in EVERY_ITEM:
        assert work_of(item) in possible_work(item.classification)
    assert {work_of(item) for item in EVERY_ITEM} == set(Work)


def test_an_item_that_is_resent_or_has_left_the_report_asks_for_no_work():
    running = resent(an_item())

    assert work_of(running) is None
    assert work_of(reported(running, Outcome.DELIVERED)) is None
    assert work_of(replace(an_item(), dismissal=Dismissal(NOW, "ada"))) is None


def test_what_is_to_be_resent_may_be_resent_and_what_is_to_be_corrected_or_left_may_not():
    for item in EVERY_ITEM:
        decision = decide_listed_resend(item, NOW, ResendBy.UNDELIVERED, 60)
        assert decision.allowed == (work_of(item) in {Work.RESEND, Work.OURS})


def test_live_items_are_counted_by_their_work_or_as_being_resent():
    counters = Counter()
    for item in [*EVERY_ITEM, resent(an_item())]:
        counters.update(count_change(None, item).live)

    count = live_count(counters)

    assert count.by_work == Counter(work_of(item) for item in EVERY_ITEM)
    assert count.by_work.total() + count.resending == count.total


def test_the_work_is_unknown_while_items_are_counted_by_their_class_alone():
    before = an_item()
    counters = Counter({name: n for name, n in count_change(None, before).live.items() if not name.startswith("work")})
    assert live_count(counters).by_work is None

    counters.update(count_change(before, resent(before)).live)
    assert live_count(counters).by_work is None

    counters.update(count_change(resent(before), reported(resent(before), Outcome.DELIVERED)).live)
    assert live_count(counters).by_work is None

    counters.update(count_change(None, an_item(number=2)).live)
    assert live_count(counters).by_work is None
