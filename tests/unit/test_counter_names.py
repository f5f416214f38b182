"""The short names of counters: each counts one thing, and nothing that may fail is without one."""

from collections import Counter

from undelivered.adapters.dynamodb import counter_names
from undelivered.adapters.dynamodb.counters import WRITES
from undelivered.domain.reporting import CLASSES, RESENDING, class_of, live_code
from undelivered.domain.taxonomy import VERDICTS, Channel, Fault, Kind, Reason, verdict


def test_what_is_live_of_any_class_and_fault_has_a_name_of_its_own():
    codes = {live_code(each, fault) for each in CLASSES for fault in Fault} | {RESENDING}

    assert set(counter_names.LIVE) == codes
    assert len(set(counter_names.LIVE.values())) == len(codes)
    assert WRITES not in counter_names.LIVE_BY_NAME


def test_whatever_may_fail_is_told_from_its_row_as_it_was_counted():
    judgements = [verdict(reason, kind) for reason in Reason for kind in (None, *Kind)]
    assert {judgement.reason for judgement in judgements} == set(VERDICTS)
    failed = Counter(
        f"{class_of(channel, judgement).code}.{judgement.reason}" for channel in Channel for judgement in judgements
    )
    resolved = Counter(range(80))

    named = counter_names.failed(failed, resolved)

    row = {name: {"N": str(number)} for name, number in named.items()} | {WRITES: {"N": "3"}}
    assert counter_names.of_failed(row) == (failed, resolved)
    assert len(named) == len(failed) + len(resolved)
