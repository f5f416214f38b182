"""The running local stack under load for minutes: memory stays flat, and every event is counted once in the end.

Events of two accounts are published as fast as they are taken in, a tenth of them twice, a tenth of addresses that get
suppressed, while a manager keeps looking at the report. Memory is that of the processes which run the functions; the
emulator's own grows with all that it stores, as a database would on disk.
"""

import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

from infrastructure.bench import events
from infrastructure.bench.figures import Figure
from infrastructure.errors import ToolError
from infrastructure.local.processes import function_processes, resident
from infrastructure.local.stack import DEFAULT_ACCOUNT, OTHER_ACCOUNT, LocalStack

_AT_ONCE: Final = 200
_CALL: Final = 10
_WRITERS: Final = 4
_WAITING_AT_MOST: Final = 1_000
"""How many events may wait: more would only be kept, not taken in any faster."""

_TWICE_EVERY: Final = 10
_SUPPRESSED_EVERY: Final = 10
_OTHER_EVERY: Final = 4
_SAMPLES: Final = 60
_WARM: Final = 0.2
"""The part of the time after which caches are full and memory should rise no more."""

_GIVEN_UP_S: Final = 900
_ASKED_AT_MOST: Final = 30
_MEGABYTE: Final = 1_000_000

Sample = Mapping[int, int]
"""Bytes of memory by process."""


@dataclass(slots=True)
class _Load:
    """What has been published, and how each account stands to be counted."""

    stack: LocalStack
    next_number: int = 0
    messages: int = 0
    expected: Counter[str] = field(default_factory=Counter)
    refused: int = 0
    """How often the API was too busy to answer."""

    def publish(self, writers: ThreadPoolExecutor) -> None:
        """Publish the next events, some of them twice."""
        numbers = range(self.next_number, self.next_number + _AT_ONCE)
        self.next_number += _AT_ONCE
        self.expected.update(map(_account, numbers))
        texts = [events.as_text(_event(number)) for number in numbers]
        texts += texts[::_TWICE_EVERY]
        self.messages += len(texts)
        sns = self.stack.client("sns")
        calls = [texts[first : first + _CALL] for first in range(0, len(texts), _CALL)]
        list(writers.map(partial(_publish, sns, self.stack.description.feedback_topic_arn), calls))


def measure(minutes: float, progress: Callable[[float], None]) -> list[Figure]:
    """Load a stack brought up for it; raise ToolError when an event is lost or counted twice."""
    with LocalStack.start(empty=True) as stack, ThreadPoolExecutor(_WRITERS) as writers:
        load = _Load(stack)
        samples: list[Sample] = []
        load.publish(writers)
        _await_count(load)  # cold starts are measured elsewhere
        began = time.monotonic()
        while (passed := time.monotonic() - began) < minutes * 60:
            if _waiting(stack, "FeedbackQueueUrl") < _WAITING_AT_MOST:
                load.publish(writers)
            else:
                time.sleep(0.1)
            if passed >= len(samples) * minutes * 60 / _SAMPLES:
                samples.append(_sample(stack))
                _look(load)
                progress(passed / (minutes * 60))
        _await_count(load)
        took = time.monotonic() - began
        samples.append(_sample(stack))
        _check(load)
        names = {each.process.pid: each.function for each in function_processes(stack.description.pid)}
        emulator = resident(stack.description.pid) / _MEGABYTE
    return _figures(load, took, samples, names, emulator)


def _figures(
    load: _Load, took: float, samples: Sequence[Sample], names: Mapping[int, str], emulator: float
) -> list[Figure]:
    warm, last = samples[int(len(samples) * _WARM)], samples[-1]
    lasting = warm.keys() & last.keys() & names.keys()
    before, after = _largest(warm, lasting, names), _largest(last, lasting, names)
    growth = {function: after[function] / before[function] for function in before}
    worst = max(growth, key=lambda function: growth[function])
    beside = {
        "processes": float(len(lasting)),
        "all_mb_when_warm": sum(warm[pid] for pid in lasting) / _MEGABYTE,
        "all_mb_at_the_end": sum(last[pid] for pid in lasting) / _MEGABYTE,
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
            {"items": float(load.expected.total()), "refused_by_the_api": float(load.refused)},
        ),
        Figure(
            "soak_memory_growth",
            growth[worst],
            "times",
            f"memory at the end relative to memory when warm, for the function that grew most ({worst})",
            beside,
        ),
    ]


def _largest(sample: Sample, lasting: Collection[int], names: Mapping[int, str]) -> dict[str, int]:
    """Return the memory of each function's largest process.

    It has worked most, so it has been warm for longest, and a leak shows in it first. Others of the same function may
    have hardly worked before: theirs rises to the same without anything being lost.
    """
    largest: dict[str, int] = {}
    for pid in lasting:
        largest[names[pid]] = max(sample[pid], largest.get(names[pid], 0))
    return largest


def _account(number: int) -> str:
    return DEFAULT_ACCOUNT if number % _OTHER_EVERY else OTHER_ACCOUNT


def _event(number: int) -> dict[str, Any]:
    suppressing = number % _SUPPRESSED_EVERY == 0
    return events.bounce(number, datetime.now(UTC), suppressing=suppressing, account_id=_account(number))


def _publish(sns: Any, topic: str, texts: Sequence[str]) -> None:
    entries = [{"Id": str(each), "Message": text} for each, text in enumerate(texts)]
    if sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=entries).get("Failed"):
        raise ToolError("The emulator rejected an event.")


def _waiting(stack: LocalStack, queue: str) -> int:
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    told = stack.client("sqs").get_queue_attributes(QueueUrl=stack.outputs[queue], AttributeNames=names)
    return sum(int(number) for number in told["Attributes"].values())


def _sample(stack: LocalStack) -> Sample:
    told = {each.process.pid: each.memory for each in function_processes(stack.description.pid)}
    return {pid: size for pid, size in told.items() if size}


def _ask(load: _Load, account: str, path: str) -> dict[str, Any]:
    """Ask the API as a manager; once more when it is too busy to answer, which is noted."""
    import httpx

    token = load.stack.token(load.stack.user(account_id=account).email)
    for _ in range(_ASKED_AT_MOST):
        answer = httpx.get(load.stack.api_url + path, headers={"Authorization": token}, timeout=60)
        if not answer.is_server_error:
            told: dict[str, Any] = answer.raise_for_status().json()
            return told
        load.refused += 1
        time.sleep(1)
    raise ToolError(f"The API keeps responding with status {answer.status_code}.")


def _look(load: _Load) -> None:
    _ask(load, DEFAULT_ACCOUNT, "/undelivered?limit=50")


def _counted(load: _Load) -> Counter[str]:
    accounts = (DEFAULT_ACCOUNT, OTHER_ACCOUNT)
    return Counter({account: _ask(load, account, "/undelivered/count")["total"] for account in accounts})


def _await_count(load: _Load) -> None:
    """Wait until all is counted and nothing waits any more."""
    deadline = time.monotonic() + _GIVEN_UP_S
    while _waiting(load.stack, "FeedbackQueueUrl") or not _counted(load) >= load.expected:
        if time.monotonic() > deadline:
            raise ToolError(f"Events were lost: {_counted(load)} of {load.expected} were counted.")
        time.sleep(0.5)


def _check(load: _Load) -> None:
    """Hold what is counted and what is in the table against what was published."""
    found = Counter[str]()
    pages = (
        load.stack.client("dynamodb")
        .get_paginator("scan")
        .paginate(TableName=load.stack.tables["undelivered"], ProjectionExpression="account_id")
    )
    for page in pages:
        found.update(row["account_id"]["S"] for row in page["Items"])
    counted = _counted(load)
    if not counted == found == load.expected:
        raise ToolError(f"{load.expected} events were published, {found} are in the table and {counted} are counted.")
    if dead := _waiting(load.stack, "FeedbackDeadLetterQueueUrl"):
        raise ToolError(f"{dead} events went to dead-letter queues.")
