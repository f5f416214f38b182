"""CPU time of the ingest function for each event, compared with a botocore transaction of the same items.

Both run in turn in one process and send their requests to a local server. The figures count the CPU time of that
process alone.
"""

import contextlib
import io
import json
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from infrastructure.bench import events, subprocess_runner
from infrastructure.bench.figures import Figure

_BATCH: Final = 100
_ACTIONS: Final = 100
"""The actions of the largest transaction: its items and their counters."""
_WARMING_UP: Final = 3
_NOTHING_STORED: Final = '{"Items": []}'
"""The response to every request: a query finds no row (no interrupted sends), a write succeeds."""


def measure(batches: int) -> list[Figure]:
    """Measure with ``batches`` batches of 100 events."""
    with subprocess_runner.responder(_NOTHING_STORED) as endpoint:
        times = subprocess_runner.run(
            "ingest_cpu", str(batches), environment=subprocess_runner.function_environment(endpoint)
        )
    floor, unchecked, product = times["floor_us"], times["unchecked_floor_us"], times["product_us"]
    comparisons = {"floor_us": floor, "floor_without_parameter_validation_us": unchecked}
    return [
        Figure(
            "ingest_cpu_over_floor",
            product / floor,
            "times",
            "CPU of the ingest function, relative to a botocore TransactWriteItems call and json.loads",
            {"over_floor_without_parameter_validation": product / unchecked},
        ),
        Figure("ingest_cpu_us", product, "µs", "CPU of the ingest function for one event", comparisons),
    ]


def main() -> None:
    """Measure in a process that has the environment of a function."""
    from undelivered.entrypoints.ingest_feedback import ingest_feedback

    now = datetime.now(UTC)
    batches = [_batch(number, now) for number in range(int(sys.argv[1]) + _WARMING_UP)]

    def product(batch: Mapping[str, Any]) -> None:
        with contextlib.redirect_stdout(io.StringIO()):  # metrics and logs go to standard output
            response = ingest_feedback(dict(batch), subprocess_runner.LambdaContext())
        assert response == {"batchItemFailures": []}, response

    items = max(_transactions_of(product, batches[:1]), key=len)
    assert len(items) == _ACTIONS, len(items)
    written = sum("Put" in action for action in items)
    floor, unchecked = _floor(items, written, validated=True), _floor(items, written, validated=False)
    times: dict[str, list[float]] = {"product": [], "floor": [], "unchecked_floor": []}
    for position, batch in enumerate(batches):
        for name, work, number in (
            ("product", product, _BATCH),
            ("floor", floor, written),
            ("unchecked_floor", unchecked, written),
        ):
            began = time.process_time()
            work(batch)
            if position >= _WARMING_UP:
                times[name].append((time.process_time() - began) / number * 1e6)
    subprocess_runner.report_results({f"{name}_us": statistics.median(values) for name, values in times.items()})


def _batch(number: int, now: datetime) -> dict[str, Any]:
    """Return a batch of different events, all of one day."""
    first = number * _BATCH
    sent_at = now - timedelta(days=1)
    return events.batch([events.bounce(first + offset, sent_at, suppressing=False) for offset in range(_BATCH)], now)


def _transactions_of(product: Callable[[Mapping[str, Any]], None], batches: list[dict[str, Any]]) -> list[list[Any]]:
    """Return the transactions that the function sends to DynamoDB, so that the comparison can send the same items."""
    from undelivered import bootstrap
    from undelivered.adapters.dynamodb.models import shared_connection

    bootstrap.feedback_ingestion()
    sent: list[list[Any]] = []

    def record(params: dict[str, Any], **_: object) -> None:
        sent.append(json.loads(json.dumps(params["TransactItems"])))

    hooks = shared_connection().client.meta.events
    hooks.register("provide-client-params.dynamodb.TransactWriteItems", record)
    for batch in batches:
        product(batch)
    hooks.unregister("provide-client-params.dynamodb.TransactWriteItems", record)
    return sent


def _floor(actions: list[Any], events: int, *, validated: bool) -> Callable[[Mapping[str, Any]], None]:
    """Return the minimum work for these events in Python with botocore: parse the JSON, send one transaction."""
    import botocore.session
    from botocore.config import Config

    config = Config(parameter_validation=validated)
    client: Any = botocore.session.get_session().create_client("dynamodb", config=config)

    def work(batch: Mapping[str, Any]) -> None:
        for record in batch["Records"][:events]:
            json.loads(json.loads(record["body"])["Message"])
        client.transact_write_items(TransactItems=actions)

    return work


if __name__ == "__main__":
    main()
