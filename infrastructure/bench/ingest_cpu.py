"""CPU time of the ingesting function for each event, beside a bare botocore transaction of the same items.

Both talk to an endpoint that answers at once, in turns and in one process; counted is the process's own CPU time.
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
_FLOOR_ITEMS: Final = 99
_WARMING_UP: Final = 3


def measure(batches: int) -> list[Figure]:
    """Measure with a number of batches of a hundred events."""
    with subprocess_runner.responder() as endpoint:
        told = subprocess_runner.run(
            "ingest_cpu", str(batches), environment=subprocess_runner.function_environment(endpoint)
        )
    floor, unchecked, product = told["floor_us"], told["unchecked_floor_us"], told["product_us"]
    beside = {"floor_us": floor, "floor_without_parameter_validation_us": unchecked}
    return [
        Figure(
            "ingest_cpu_over_floor",
            product / floor,
            "times",
            "CPU of the ingest function, relative to a botocore TransactWriteItems call and json.loads",
            {"over_floor_without_parameter_validation": product / unchecked},
        ),
        Figure("ingest_cpu_us", product, "µs", "CPU of the ingest function for one event", beside),
    ]


def main() -> None:
    """Measure, in the environment of a function."""
    from undelivered.entrypoints.ingest_feedback import ingest_feedback

    now = datetime.now(UTC)
    batches = [_batch(number, now) for number in range(int(sys.argv[1]) + _WARMING_UP)]

    def product(batch: Mapping[str, Any]) -> None:
        with contextlib.redirect_stdout(io.StringIO()):  # metrics and logs are written there
            answer = ingest_feedback(dict(batch), subprocess_runner.LambdaContext())
        assert answer == {"batchItemFailures": []}, answer

    written = _transactions_of(product, batches[:1])
    items = max(written, key=len)
    assert len(items) == _FLOOR_ITEMS + 1, len(items)
    floor, unchecked = _floor(items, validated=True), _floor(items, validated=False)
    times: dict[str, list[float]] = {"product": [], "floor": [], "unchecked_floor": []}
    for place, batch in enumerate(batches):
        for name, work, number in (
            ("product", product, _BATCH),
            ("floor", floor, _FLOOR_ITEMS),
            ("unchecked_floor", unchecked, _FLOOR_ITEMS),
        ):
            began = time.process_time()
            work(batch)
            if place >= _WARMING_UP:
                times[name].append((time.process_time() - began) / number * 1e6)
    subprocess_runner.hand_over({f"{name}_us": statistics.median(all_) for name, all_ in times.items()})


def _batch(number: int, now: datetime) -> dict[str, Any]:
    """Return a batch of events of one day, all different."""
    first = number * _BATCH
    sent_at = now - timedelta(days=1)
    return events.batch([events.bounce(first + each, sent_at, suppressing=False) for each in range(_BATCH)], now)


def _transactions_of(product: Callable[[Mapping[str, Any]], None], batches: list[dict[str, Any]]) -> list[list[Any]]:
    """Return what the product sends to DynamoDB for batches: the floor sends the same."""
    from undelivered import bootstrap
    from undelivered.adapters.dynamodb.models import shared_connection

    bootstrap.ingestion()
    sent: list[list[Any]] = []

    def note(params: dict[str, Any], **_: object) -> None:
        sent.append(json.loads(json.dumps(params["TransactItems"])))

    hooks = shared_connection().client.meta.events
    hooks.register("provide-client-params.dynamodb.TransactWriteItems", note)
    for batch in batches:
        product(batch)
    hooks.unregister("provide-client-params.dynamodb.TransactWriteItems", note)
    return sent


def _floor(items: list[Any], *, validated: bool) -> Callable[[Mapping[str, Any]], None]:
    """Return the least that anything written in Python with botocore does for these events."""
    import botocore.session
    from botocore.config import Config

    config = Config(parameter_validation=validated)
    client: Any = botocore.session.get_session().create_client("dynamodb", config=config)

    def work(batch: Mapping[str, Any]) -> None:
        for record in batch["Records"][:_FLOOR_ITEMS]:
            json.loads(json.loads(record["body"])["Message"])
        client.transact_write_items(TransactItems=items)

    return work


if __name__ == "__main__":
    main()
