"""The load test of the bench: its memory figure, and its failure when an event is lost or counted twice."""

from collections import Counter
from types import SimpleNamespace

import pytest

from infrastructure.bench import neighbour, soak
from infrastructure.errors import ToolError

MB = 1_000_000


def figures(samples):
    load = soak._Load(None, messages=6_600, expected=Counter({"one": 4_500, "other": 1_500}))
    names = {1: "IngestFeedback", 2: "OnItemChanged", 3: "Archive", 4: "IngestFeedback"}
    rate, growth = soak._figures(load, 60.0, samples, names, emulator=200.0)
    return rate, growth


def test_memory_is_compared_from_when_caches_are_full():
    starting = [{1: 30 * MB, 2: 30 * MB}] * 2
    rate, growth = figures([*starting, *[{1: 60 * MB, 2: 50 * MB}] * 7, {1: 60 * MB, 2: 51 * MB}])

    assert rate.value == 110
    assert growth.value == pytest.approx(1.02)
    assert growth.is_met
    assert "OnItemChanged" in growth.description


def test_a_process_that_grows_misses_the_goal_however_flat_the_others_are():
    leaking = [{1: 60 * MB, 2: (50 + minute) * MB} for minute in range(10)]

    _, growth = figures(leaking)

    assert not growth.is_met
    assert growth.comparisons["processes"] == 2


def test_a_process_that_began_to_work_late_only_reaches_what_its_like_has_reached():
    _, growth = figures([{1: 88 * MB, 4: 60 * MB}] * 5 + [{1: 88 * MB, 4: 88 * MB}])

    assert growth.value == 1.0


def test_processes_that_came_or_went_are_not_compared():
    _, growth = figures([{1: 60 * MB, 3: 10 * MB}] * 5 + [{1: 60 * MB, 2: 500 * MB}])

    assert growth.value == 1.0


def test_an_accounts_requests_are_compared_alone_and_beside_an_account_at_its_limits():
    alone, beside = [0.1] * 96 + [0.9] * 4, [0.1] * 90 + [0.2] * 10

    figure = neighbour.figure(alone, beside, Counter({200: 50, 202: 10, 429: 40}))

    assert figure.value == pytest.approx(2.0)
    assert figure.comparisons["alone_p95_ms"] == pytest.approx(100)
    assert (figure.comparisons["neighbour_accepted"], figure.comparisons["neighbour_refused"]) == (60, 40)


def test_an_account_that_never_reached_its_limits_fails_the_soak():
    with pytest.raises(ToolError, match="did not reach its limits"):
        neighbour.figure([0.1] * 2, [0.1] * 2, Counter({200: 50}))


@pytest.mark.parametrize(
    ("counted", "stored", "dead", "said"),
    [
        (5, 5, 0, None),
        (4, 5, 0, "counted"),
        (6, 5, 0, "counted"),
        (5, 6, 0, "in the table"),
        (5, 4, 0, "in the table"),
        (5, 5, 1, "dead-letter queues"),
    ],
)
def test_an_event_lost_or_counted_twice_fails_the_soak(monkeypatch, counted, stored, dead, said):
    rows = [{"account_id": {"S": "one"}}] * stored
    pages = SimpleNamespace(paginate=lambda **_: [{"Items": rows}])
    stack = SimpleNamespace(
        client=lambda _: SimpleNamespace(get_paginator=lambda _: pages), tables={"undelivered": "undelivered"}
    )
    load = soak._Load(stack, expected=Counter({"one": 5}))
    monkeypatch.setattr(soak, "_counted", lambda _: Counter({"one": counted}))
    monkeypatch.setattr(soak, "_queued", lambda *_: dead)

    if said is None:
        soak._check_counts(load)
    else:
        with pytest.raises(ToolError, match=said):
            soak._check_counts(load)
