"""The AWS usage of each stage of an event and of a send.

An event is ingested, announced and moved to history. A notification is accepted and sent. The measurement runs on
DynamoDB Local; a local server accepts every request to the other services.
"""

import json
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from infrastructure.bench import events, subprocess_runner
from infrastructure.bench.cold_start import SETTINGS
from infrastructure.bench.meter import metering, units_of_transactions
from infrastructure.local import dynamodb_local
from undelivered.domain.batches import batches

# The fields that the functions read in responses of SES and of Secrets Manager, in one document. The sending rate is so
# high that no send waits.
_QUOTA = {"MaxSendRate": 1e6, "Max24HourSend": -1, "SentLast24Hours": 0}
_RESPONSE = json.dumps({"MessageId": "0100bench-000000", "SecretString": "x" * 43, "SendQuota": _QUOTA})
_SENT_AT_ONCE = 10
_CHANGES_AT_ONCE = 100
_SNS_RESPONSE = "<PublishResponse><PublishResult><MessageId>0</MessageId></PublishResult></PublishResponse>"


def measure(number: int) -> dict[str, dict[str, float]]:
    """Return the usage of one event or send by stage: write units, read units and calls by operation."""
    with (
        dynamodb_local.running() as local,
        subprocess_runner.responder(_RESPONSE) as services,
        subprocess_runner.responder(_SNS_RESPONSE) as sns,
    ):
        environment = {
            **SETTINGS,
            **subprocess_runner.function_environment(services),
            **local.environment,
            "AWS_ENDPOINT_URL_SNS": sns,
        }
        usage: dict[str, dict[str, float]] = subprocess_runner.run(
            "lifecycle_cost", str(number), environment=environment
        )
    return usage


def main() -> None:
    """Measure in a process that has the environment of all functions. The argument is the number of items."""
    from undelivered import bootstrap
    from undelivered.adapters.aws.clients import client as client_of
    from undelivered.adapters.dynamodb.models import MODELS, shared_connection

    number = int(sys.argv[1])
    store = bootstrap.undelivered_store()
    clients = [shared_connection().client, client_of("sns"), client_of("sqs"), client_of("sesv2", retries=False)]
    for model in MODELS.values():
        model.create_table()
    bootstrap.accounts().settings(events.ACCOUNT)
    stages: dict[str, Any] = {}

    @contextmanager
    def stage(name: str) -> Iterator[None]:
        began = time.process_time()
        with metering(*clients) as usage:
            yield
        stages[name] = usage, (time.process_time() - began) * 1e3

    with stage("ingest"):
        _ingest(bootstrap, number)
    items = _items()
    with stage("announce"):
        for item in items:
            bootstrap.item_change_handlers().on_item_changed(None, item)
        for batch in batches(items, _CHANGES_AT_ONCE):
            bootstrap.item_change_handlers().index_items((None, item) for item in batch)
    later = datetime.now(UTC) + timedelta(days=30)
    with stage("archive"):
        while store.sweep(events.ACCOUNT, later, 100):
            pass
        store.archive(items, settle_counters=False)
    _accept_and_send(bootstrap, number, stage)
    for model in MODELS.values():
        model.delete_table()
        model.create_table()
    client = shared_connection().client
    subprocess_runner.report_results(
        {
            name: {**_units(client, usage, number), "cpu_ms": milliseconds / number}
            for name, (usage, milliseconds) in stages.items()
        }
    )


def _ingest(bootstrap: Any, number: int) -> None:
    sent_at = datetime.now(UTC) - timedelta(days=1)
    parts = bootstrap.feedback_ingestion()
    for first in range(0, number, 100):
        batch = [events.bounce(first + offset, sent_at, suppressing=False) for offset in range(100)]
        parts.record_feedback([parts.parse_event(event).feedback for event in batch])


def _items() -> list[Any]:
    from undelivered.adapters.dynamodb.client import query_all
    from undelivered.adapters.dynamodb.item_rows import item_of
    from undelivered.adapters.dynamodb.models import UndeliveredModel

    return [item_of(row) for row in query_all(UndeliveredModel, events.ACCOUNT, None)]


def _accept_and_send(bootstrap: Any, number: int, stage: Any) -> None:
    """Accept notifications from the host application, 100 at a time, and send them."""
    from undelivered.bootstrap import api
    from undelivered.domain.customer import Customer
    from undelivered.domain.taxonomy import Channel
    from undelivered.services.accept_notifications import NewNotification
    from undelivered.services.ports import SendJob
    from undelivered.services.send_batch import ReceivedJob

    for index in range(number):
        customer = Customer(events.ACCOUNT, f"s-{index}", "Ada Byron", email=f"sent-{index}@example.com")
        bootstrap.customer_store().save(customer)
    accept = api.use_cases().accept_notifications
    text = "Dear Ada,\n\nyour invoice for November is ready. " * 12
    with stage("accept"):
        for first in range(0, number, 100):
            notifications = [
                NewNotification(f"s-{index}", Channel.EMAIL, "Invoice for November", text, f"n-{index}")
                for index in range(first, first + 100)
            ]
            accept(events.ACCOUNT, notifications)
    send = bootstrap.send_notifications().send
    with stage("send"):
        for first in range(0, number, _SENT_AT_ONCE):
            jobs = [SendJob(events.ACCOUNT, f"n-{index}", 1) for index in range(first, first + _SENT_AT_ONCE)]
            send([ReceivedJob(job, "") for job in jobs], time.time() + 60, lambda *_: None)


def _units(client: Any, usage: Any, number: int) -> Mapping[str, float]:
    written = usage.write_units + units_of_transactions(client, usage.transactions)
    calls = {name: count / number for name, count in usage.calls.items()}
    return {"write_units": written / number, "read_units": usage.read_units / number, **calls}


if __name__ == "__main__":
    main()
