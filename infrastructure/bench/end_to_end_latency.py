"""The time from a published event to the API's response on the local stack, under a light load and in a burst.

The burst is compared with the throughput of the stack itself: the same messages through a separate topic and queue to a
function that does nothing.
"""

import io
import statistics
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Final

from infrastructure.bench import events
from infrastructure.bench.figures import Figure
from infrastructure.local.deployment import DEFAULT_ACCOUNT
from infrastructure.local.stack import LocalStack

_PAUSE_S: Final = 0.4
_TIMEOUT_S: Final = 600
_MESSAGES_PER_CALL: Final = 10
_WRITERS: Final = 4
_FIRST_LIGHT_LOAD_NUMBER: Final = 1_000_000
_SUBJECT: Final = "Amazon SES Email Event Notification"


def measure(trickle: int, burst: int, progress: Callable[[float], None]) -> list[Figure]:
    """Start a local stack, publish ``trickle`` events one after another, then ``burst`` events at once."""
    with LocalStack.start(empty=True) as stack:
        progress(0.2)
        _trickle(stack, 5)  # warm up: cold_start measures cold starts
        seconds = sorted(_trickle(stack, trickle))
        progress(0.4)
        rate = _burst(stack, burst)
        progress(0.8)
        ceiling = _idle_throughput(stack, burst)
    last = seconds[min(len(seconds) - 1, int(len(seconds) * 0.99))]
    says = "from published event to API response, on the local stack under a light load"
    return [
        Figure("visible_p50_s", statistics.median(seconds), "s", f"{says}, median"),
        Figure("visible_p99_s", last, "s", f"{says}, 99th percentile", {"slowest": seconds[-1]}),
        Figure(
            "burst_events_per_s",
            rate,
            "events/s",
            f"a burst of {burst:,} events: published, processed and counted",
            {"idle_function_per_s": ceiling, "of_the_idle_function": rate / ceiling, "burst_s": burst / rate},
        ),
    ]


def _trickle(stack: LocalStack, number: int) -> list[float]:
    """Publish events at a steady pace, and return the seconds until each was on the first page of the report."""
    sns = stack.client("sns")
    published: dict[str, float] = {}
    seen: dict[str, float] = {}
    first = _FIRST_LIGHT_LOAD_NUMBER + int(time.time())
    done = threading.Event()

    def watch() -> None:
        with _api(stack) as get:
            while not done.is_set():
                items = get("/undelivered?limit=50")["items"]
                now = time.perf_counter()
                for item in items:
                    seen.setdefault(item["recipient"], now)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        for offset in range(number):
            event = _event(first + offset)
            address = event["mail"]["destination"][0]
            began = time.perf_counter()
            published[address] = began
            sns.publish(TopicArn=stack.description.feedback_topic_arn, Message=events.as_text(event), Subject=_SUBJECT)
            time.sleep(max(0.0, _PAUSE_S - (time.perf_counter() - began)))
        _wait_until(lambda: all(address in seen for address in published))
    finally:
        done.set()
        watcher.join()
    return [seen[address] - began for address, began in published.items()]


def _burst(stack: LocalStack, number: int) -> float:
    """Publish a burst, and return the number of events per second until the count included all of them."""
    with _api(stack) as get:
        before = get("/undelivered/count")["total"]
        began = time.perf_counter()
        _publish(stack, stack.description.feedback_topic_arn, number)
        _wait_until(lambda: get("/undelivered/count")["total"] >= before + number, pause=0.5)
        return number / (time.perf_counter() - began)


def _idle_throughput(stack: LocalStack, number: int) -> float:
    """Return the number of such messages per second that a function processes if it does nothing."""
    sns, sqs, functions = stack.client("sns"), stack.client("sqs"), stack.client("lambda")
    topic = sns.create_topic(Name="bench-ceiling")["TopicArn"]
    queue = sqs.create_queue(QueueName="bench-ceiling", Attributes={"VisibilityTimeout": "360"})["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    ours = functions.list_functions()["Functions"][0]
    functions.create_function(
        FunctionName="bench-ceiling",
        Runtime=ours["Runtime"],
        Role=ours["Role"],
        Handler="idle.handler",
        Code={"ZipFile": _zipped("idle.py", "def handler(event, context):\n    return {'batchItemFailures': []}\n")},
    )
    functions.create_event_source_mapping(
        EventSourceArn=arn,
        FunctionName="bench-ceiling",
        BatchSize=100,
        MaximumBatchingWindowInSeconds=1,
        FunctionResponseTypes=["ReportBatchItemFailures"],
    )
    began = time.perf_counter()
    _publish(stack, topic, number)
    _wait_until(lambda: _unprocessed(sqs, queue) == 0)
    return number / (time.perf_counter() - began)


def _unprocessed(sqs: Any, queue: str) -> int:
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    attributes = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=names)["Attributes"]
    return sum(int(attributes[name]) for name in names)


def _zipped(name: str, source: str) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr(name, source)
    return content.getvalue()


def _publish(stack: LocalStack, topic: str, number: int) -> None:
    sns = stack.client("sns")

    def publish(first: int) -> None:
        entries = [
            {"Id": str(index), "Message": events.as_text(_event(index)), "Subject": _SUBJECT}
            for index in range(first, min(first + _MESSAGES_PER_CALL, number))
        ]
        response = sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=entries)
        assert not response.get("Failed"), response["Failed"]

    with ThreadPoolExecutor(_WRITERS) as writers:
        list(writers.map(publish, range(0, number, _MESSAGES_PER_CALL)))


def _event(number: int) -> dict[str, Any]:
    return events.bounce(number, datetime.now(UTC), suppressing=False, account_id=DEFAULT_ACCOUNT)


@contextmanager
def _api(stack: LocalStack) -> Iterator[Callable[[str], dict[str, Any]]]:
    """Yield a function that sends a GET request to the API as a manager and returns the JSON response."""
    import httpx

    headers = {"Authorization": stack.token(stack.user().email)}
    with httpx.Client(base_url=stack.api_url, headers=headers, timeout=60) as client:

        def get(path: str) -> dict[str, Any]:
            document: dict[str, Any] = client.get(path).raise_for_status().json()
            return document

        yield get


def _wait_until(condition: Callable[[], bool], *, pause: float = 0.05) -> None:
    deadline = time.monotonic() + _TIMEOUT_S
    while not condition():
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(pause)
