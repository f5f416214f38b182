"""A load test on the local stack: the functions' memory stays flat, and every event is counted exactly once.

The test publishes the events of two accounts as fast as the functions process them. It publishes a tenth of the events
twice, and a tenth of the events suppress their address. Meanwhile a manager reads the report. The test measures the
memory of the processes that run functions. The emulator's own memory grows with all the data that it stores. Before
that, it measures how much slower one account's requests become while the other account is at its limits.
"""

import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

from infrastructure.bench import events, neighbour
from infrastructure.bench.figures import Figure
from infrastructure.errors import ToolError
from infrastructure.local.deployment import DEFAULT_ACCOUNT, OTHER_ACCOUNT
from infrastructure.local.processes import function_processes, resident
from infrastructure.local.stack import LocalStack

_AT_ONCE: Final = 200
_MESSAGES_PER_CALL: Final = 10
_WRITERS: Final = 4
_QUEUED_AT_MOST: Final = 1_000
"""The limit of events in the queue. More of them would not be processed any faster."""

_TWICE_EVERY: Final = 10
_SUPPRESSED_EVERY: Final = 10
_OTHER_EVERY: Final = 4
_SAMPLES: Final = 60
_WARM_UP: Final = 0.2
"""The share of the time after which caches are full and memory must stay flat."""

_NEIGHBOUR_S: Final = 60.0
_NEIGHBOUR_SHARE: Final = 0.25
"""The shortest time of the measurement with another account at its limits, which count in clock minutes, and its share
of the whole time."""

_TIMEOUT_S: Final = 900
_ATTEMPTS: Final = 30
_MEGABYTE: Final = 1_000_000

Sample = Mapping[int, int]
"""Bytes of memory by process id."""


@dataclass(slots=True)
class _Load:
    """The published events, and the count that each account should reach."""

    stack: LocalStack
    next_number: int = 0
    messages: int = 0
    expected: Counter[str] = field(default_factory=Counter)
    busy_responses: int = 0
    """How often the API was too busy to respond."""

    def publish(self, writers: ThreadPoolExecutor) -> None:
        """Publish the next events, some of them twice."""
        numbers = range(self.next_number, self.next_number + _AT_ONCE)
        self.next_number += _AT_ONCE
        self.expected.update(map(_account, numbers))
        texts = [events.as_text(_event(number)) for number in numbers]
        texts += texts[::_TWICE_EVERY]
        self.messages += len(texts)
        sns = self.stack.client("sns")
        calls = [texts[first : first + _MESSAGES_PER_CALL] for first in range(0, len(texts), _MESSAGES_PER_CALL)]
        list(writers.map(partial(_publish, sns, self.stack.description.feedback_topic_arn), calls))


def measure(minutes: float, progress: Callable[[float], None]) -> list[Figure]:
    """Start a local stack and load it. Raises ToolError if an event is lost or counted twice."""
    with LocalStack.start(empty=True) as stack, ThreadPoolExecutor(_WRITERS) as writers:
        beside = neighbour.measure(stack, max(_NEIGHBOUR_S, minutes * 60 * _NEIGHBOUR_SHARE))
        load = _Load(stack)
        samples: list[Sample] = []
        load.publish(writers)
        _await_count(load)  # warm up: cold_start measures cold starts
        began = time.monotonic()
        while (passed := time.monotonic() - began) < minutes * 60:
            if _queued(stack, "FeedbackQueueUrl") < _QUEUED_AT_MOST:
                load.publish(writers)
            else:
                time.sleep(0.1)
            if passed >= len(samples) * minutes * 60 / _SAMPLES:
                samples.append(_sample(stack))
                _read_report(load)
                progress(passed / (minutes * 60))
        _await_count(load)
        took = time.monotonic() - began
        samples.append(_sample(stack))
        _check_counts(load)
        names = {running.process.pid: running.function for running in function_processes(stack.description.pid)}
        emulator = resident(stack.description.pid) / _MEGABYTE
    return [*_figures(load, took, samples, names, emulator), beside]


def _figures(
    load: _Load, took: float, samples: Sequence[Sample], names: Mapping[int, str], emulator: float
) -> list[Figure]:
    warm, last = samples[int(len(samples) * _WARM_UP)], samples[-1]
    alive = warm.keys() & last.keys() & names.keys()
    before, after = _largest(warm, alive, names), _largest(last, alive, names)
    growth = {function: after[function] / before[function] for function in before}
    worst = max(growth, key=lambda function: growth[function])
    comparisons = {
        "processes": float(len(alive)),
        "all_mb_when_warm": sum(warm[pid] for pid in alive) / _MEGABYTE,
        "all_mb_at_the_end": sum(last[pid] for pid in alive) / _MEGABYTE,
        "worst_mb_when_warm": before[worst] / _MEGABYTE,
        "worst_mb_at_the_end": after[worst] / _MEGABYTE,
        "emulator_mb_at_the_end": emulator,
    }
    return [
        Figure(
            "soak_events_per_s",
            load.messages / took,
            "events/s",
            f"{load.messages:,} events in {took / 60:.1f} minutes, each counted exactly once",
            {"items": float(load.expected.total()), "refused_by_the_api": float(load.busy_responses)},
        ),
        Figure(
            "soak_memory_growth",
            growth[worst],
            "times",
            f"memory at the end relative to memory when warm, for the function that grew most ({worst})",
            comparisons,
        ),
    ]


def _largest(sample: Sample, alive: Collection[int], names: Mapping[int, str]) -> dict[str, int]:
    """Return the memory of each function's largest process.

    That process has handled the most events, so a leak shows there first. The memory of a less busy process may still
    rise to the same level without a leak.
    """
    largest: dict[str, int] = {}
    for pid in alive:
        largest[names[pid]] = max(sample[pid], largest.get(names[pid], 0))
    return largest


def _account(number: int) -> str:
    return DEFAULT_ACCOUNT if number % _OTHER_EVERY else OTHER_ACCOUNT


def _event(number: int) -> dict[str, Any]:
    suppressing = number % _SUPPRESSED_EVERY == 0
    return events.bounce(number, datetime.now(UTC), suppressing=suppressing, account_id=_account(number))


def _publish(sns: Any, topic: str, texts: Sequence[str]) -> None:
    entries = [{"Id": str(position), "Message": text} for position, text in enumerate(texts)]
    if sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=entries).get("Failed"):
        raise ToolError("The emulator rejected an event.")


def _queued(stack: LocalStack, queue: str) -> int:
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    response = stack.client("sqs").get_queue_attributes(QueueUrl=stack.outputs[queue], AttributeNames=names)
    return sum(int(number) for number in response["Attributes"].values())


def _sample(stack: LocalStack) -> Sample:
    memory = {running.process.pid: running.memory for running in function_processes(stack.description.pid)}
    return {pid: size for pid, size in memory.items() if size}


def _get(load: _Load, account: str, path: str) -> dict[str, Any]:
    """Send a GET request to the API as a manager. Count busy responses, and try again."""
    import httpx

    token = load.stack.token(load.stack.user(account_id=account).email)
    for _ in range(_ATTEMPTS):
        response = httpx.get(load.stack.api_url + path, headers={"Authorization": token}, timeout=60)
        if not response.is_server_error:
            document: dict[str, Any] = response.raise_for_status().json()
            return document
        load.busy_responses += 1
        time.sleep(1)
    raise ToolError(f"The API keeps responding with status {response.status_code}.")


def _read_report(load: _Load) -> None:
    _get(load, DEFAULT_ACCOUNT, "/undelivered?limit=50")


def _counted(load: _Load) -> Counter[str]:
    accounts = (DEFAULT_ACCOUNT, OTHER_ACCOUNT)
    return Counter({account: _get(load, account, "/undelivered/count")["total"] for account in accounts})


def _await_count(load: _Load) -> None:
    """Wait until the queue is empty and every event is counted."""
    deadline = time.monotonic() + _TIMEOUT_S
    while _queued(load.stack, "FeedbackQueueUrl") or not _counted(load) >= load.expected:
        if time.monotonic() > deadline:
            raise ToolError(f"Events were lost: {_counted(load)} of {load.expected} were counted.")
        time.sleep(0.5)


def _check_counts(load: _Load) -> None:
    """Compare the counts and the items in the table with the published events."""
    stored = Counter[str]()
    pages = (
        load.stack.client("dynamodb")
        .get_paginator("scan")
        .paginate(TableName=load.stack.tables["undelivered"], ProjectionExpression="account_id")
    )
    for page in pages:
        stored.update(row["account_id"]["S"] for row in page["Items"])
    counted = _counted(load)
    if not counted == stored == load.expected:
        raise ToolError(f"{load.expected} events were published, {stored} are in the table and {counted} are counted.")
    if dead := _queued(load.stack, "FeedbackDeadLetterQueueUrl"):
        raise ToolError(f"{dead} events went to dead-letter queues.")
