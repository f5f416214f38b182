"""The short names of counters: each counts one thing, and nothing that may fail is without one."""

from collections import Counter

from undelivered.adapters.dynamodb import counter_names
from undelivered.adapters.dynamodb.counters import WRITES
from undelivered.domain.failure_counts import CLASSES, RESENDING, WORK_COUNTERS, Resolution, class_of, live_code
from undelivered.domain.taxonomy import CLASSIFICATIONS, Channel, Fault, Kind, Reason, classification_of


def test_what_is_live_of_any_class_and_fault_has_a_name_of_its_own():
    codes = {live_code(each, fault) for each in CLASSES for fault in Fault} | {RESENDING, *WORK_COUNTERS}

    assert set(counter_names.LIVE) == codes
    assert len(set(counter_names.LIVE.values())) == len(codes)
    assert WRITES not in counter_names.LIVE.values()


def test_whatever_may_fail_is_told_from_its_row_as_it_was_counted():
    judgements = [classification_of(reason, kind) for reason in Reason for kind in (None, *Kind)]
    assert {classification.reason for classification in judgements} == set(CLASSIFICATIONS)
    failed = Counter(
        f"{class_of(channel, classification).code}.{classification.reason}"
        for channel in Channel
        for classification in judgements
    )
    resolved = Counter(Resolution(bucket, by_customer) for bucket in range(80) for by_customer in (False, True))

    named = counter_names.name_failed(failed, resolved)

    row = {name: {"N": str(number)} for name, number in named.items()} | {WRITES: {"N": "3"}}
    assert counter_names.read_failed(row) == (failed, resolved)
    assert len(named) == len(failed) + len(resolved)
