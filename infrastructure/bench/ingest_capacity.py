"""Capacity units and AWS calls for each event, on DynamoDB Local."""

import contextlib
import io
import sys
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from infrastructure.bench import events, subprocess_runner
from infrastructure.bench.figures import Figure
from infrastructure.bench.meter import metering, units_of_transactions
from infrastructure.local import dynamodb_local

_BATCH: Final = 100


def measure(batches: int) -> list[Figure]:
    """Measure with ``batches`` batches of 100 events."""
    with dynamodb_local.running() as local:
        environment = {**subprocess_runner.function_environment(local.url), **local.environment}
        usage = subprocess_runner.run("ingest_capacity", str(batches), environment=environment)
    figures: list[Figure] = []
    for kind, which in (("event", "without suppression"), ("suppressing_event", "with suppression")):
        figures += [
            Figure(
                f"ingest_wcu_per_{kind}",
                usage[kind]["write_units"],
                "WCU",
                f"write capacity for a new event {which}, indexes and counters included",
                {"rcu": usage[kind]["read_units"]},
            ),
            Figure(f"ingest_aws_calls_per_{kind}", usage[kind]["calls"], "calls", f"AWS calls for a new event {which}"),
        ]
    return figures


def main() -> None:
    """Measure in a process that has the environment of a function."""
    from undelivered import bootstrap
    from undelivered.adapters.dynamodb.models import MODELS, shared_connection
    from undelivered.entrypoints.ingest_feedback import ingest_feedback

    bootstrap.feedback_ingestion()
    for model in MODELS.values():
        model.create_table()
    batches = int(sys.argv[1])
    results, usages = {}, {}
    for kind, suppressing in (("event", False), ("suppressing_event", True)):
        with metering(shared_connection().client) as usage:
            for number in range(batches):
                response = _without_output(ingest_feedback, _batch(number, suppressing=suppressing))
                assert response == {"batchItemFailures": []}, response
        usages[kind] = usage
    _recreate(MODELS.values())
    client = shared_connection().client
    for kind, usage in usages.items():
        written = usage.write_units + units_of_transactions(client, usage.transactions)
        results[kind] = {
            "write_units": written / (batches * _BATCH),
            "read_units": usage.read_units / (batches * _BATCH),
            "calls": usage.calls.total() / (batches * _BATCH),
        }
    subprocess_runner.report_results(results)


def _recreate(models: Iterable[Any]) -> None:
    for model in models:
        model.delete_table()
        model.create_table()


def _batch(number: int, *, suppressing: bool) -> dict[str, Any]:
    now = datetime.now(UTC)
    first = number * _BATCH
    sent_at = now - timedelta(days=1)
    return events.batch(
        [events.bounce(first + offset, sent_at, suppressing=suppressing) for offset in range(_BATCH)], now
    )


def _without_output(function: Any, batch: Mapping[str, Any]) -> Any:
    with contextlib.redirect_stdout(io.StringIO()):
        return function(dict(batch), subprocess_runner.LambdaContext())


if __name__ == "__main__":
    main()
